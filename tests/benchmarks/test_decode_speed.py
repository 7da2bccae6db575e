"""How fast raw files become Datasets, beside reading and summing their bytes and beside released readers."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ingest
from sample_data.instruments import pd0, sbe37
from tests.benchmarks import peers
from tests.ingest.conftest import CORPUS, NO_CORPUS
from tests.ingest.pd0_bytes import long_file

MEGABYTE = 1_000_000

# Each script prints one JSON object. Times are those of one call, the best of several: what is left is the work.

OURS = """
import json, sys, time
import ingest
import numpy as np
path, repeats = sys.argv[1], int(sys.argv[2])
ingest.decode(path)
seconds, floor = [], []
for _ in range(repeats):
    start = time.perf_counter(); np.fromfile(path, np.uint8).sum(); floor.append(time.perf_counter() - start)
    start = time.perf_counter(); decoded = ingest.decode(path); seconds.append(time.perf_counter() - start)
    (dataset,) = decoded.streams.values()
    records = dataset.sizes["time"]
    del decoded, dataset
print(json.dumps({"seconds": min(seconds), "floor": min(floor), "records": records}))
"""

DOLFYN = """
import json, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
from mhkit import dolfyn
start = time.perf_counter()
dataset = dolfyn.read(sys.argv[1], userdata=False)
seconds = time.perf_counter() - start
if len(sys.argv) > 2:
    times = dataset["time"].values.astype("datetime64[us]").astype("int64")
    np.savez(sys.argv[2], velocity=dataset["vel"].values, time=times)
print(json.dumps({"seconds": seconds, "records": dataset.sizes["time"]}))
"""

SEABIRDSCIENTIFIC = """
import json, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
from seabirdscientific import cal_coefficients, conversion, instrument_data
from seabirdscientific.instrument_data import InstrumentType, Sensors
t, c, p = json.loads(sys.argv[2])
names = {"pcor": "cpcor", "tcor": "ctcor", "poffset": "offset"}
def coefficients(kind, values):
    values = {names.get(key.lower(), key.lower()): value for key, value in values.items() if key != "PRANGE"}
    return kind(**values)
start = time.perf_counter()
sensors = [Sensors.Temperature, Sensors.Conductivity, Sensors.Pressure]
raw = instrument_data.read_hex_file(sys.argv[1], InstrumentType.SBE37SM, sensors)
temperature = conversion.convert_temperature(
    raw["temperature"].values, coefficients(cal_coefficients.TemperatureCoefficients, t)
)
pressure = conversion.convert_pressure(
    raw["pressure"].values, raw["temperature compensation"].values,
    coefficients(cal_coefficients.PressureCoefficients, p), units="dbar"
)
conductivity = conversion.convert_conductivity(
    raw["conductivity"].values, temperature, pressure,
    coefficients(cal_coefficients.ConductivityCoefficients, c), InstrumentType.SBE37SM
)
seconds = time.perf_counter() - start
np.savez(sys.argv[3], temperature=temperature, pressure=pressure, conductivity=conductivity)
print(json.dumps({"seconds": seconds, "records": len(temperature)}))
"""

# The peak of this process alone: `ru_maxrss` would begin with that of the process that started it.
MEMORY = """
import json, re, sys
import ingest
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1000
start = peak()
records = 0
with ingest.BlockDecoder(sys.argv[1]) as pieces:
    for piece in pieces:
        records += sum(dataset.sizes["time"] for dataset in piece.values())
print(json.dumps({"records": records, "peak_megabytes": peak(), "imports_megabytes": start}))
"""

EARTH = ("eastward_velocity", "northward_velocity", "upward_velocity", "error_velocity")


def peer_python(peer: peers.Peer) -> Path:
    """The peer's interpreter, or a skip with the reason."""
    try:
        return peers.interpreter(peer)
    except peers.PeerMissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Print a line of the benchmark's table, captured or not."""

    def line(what: str, **figures: float) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n  {what:<62}" + "  ".join(f"{name} {value:.4g}" for name, value in figures.items()))

    return line


def our_velocity(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Velocities as the peer orders them (component or beam, cell, time), and times in microseconds."""
    (profile,) = ingest.decode(file).streams.values()
    if EARTH[0] in profile:
        velocity = np.stack([profile[name].values.T for name in EARTH])
    else:
        velocity = profile["beam_velocity"].values.T
    return velocity, profile["time"].values.astype("datetime64[us]").astype(np.int64)


def same_as_dolfyn(file: Path, result: Path, dropped: int) -> None:
    """Velocities and times are the peer's; it may have dropped the last ensembles (TRAPS)."""
    velocity, time = our_velocity(file)
    theirs = np.load(result)
    count = theirs["time"].size
    assert time.size - dropped <= count <= time.size
    np.testing.assert_array_equal(theirs["velocity"], velocity[..., :count])
    # The peer keeps seconds as floats: a microsecond is lost on the way.
    assert np.abs(theirs["time"] - time[:count]).max() <= 2


@pytest.mark.bench
def test_pd0_beside_reading_and_dolfyn(tmp_path: Path, report: Callable[..., None]):
    file = tmp_path / "twenty.000"
    ensembles = 22_000
    size = pd0.write(file, ensembles=ensembles)
    assert size >= 20 * MEGABYTE
    all_cores = peers.run(sys.executable, OURS, str(file), "15")
    one_core = peers.run(sys.executable, OURS, str(file), "15", cores=1)
    for what, ours in (("all cores", all_cores), ("one core", one_core)):
        report(
            f"PD0 {size / MEGABYTE:.1f} MB, {what}: decode, read + sum",
            seconds=ours["seconds"], floor=ours["floor"], ratio=ours["seconds"] / ours["floor"],
        )  # fmt: skip
        assert ours["records"] == ensembles
    result = tmp_path / "dolfyn.npz"
    theirs = peers.run(peer_python(peers.DOLFYN), DOLFYN, str(file), str(result), cores=1)
    faster = theirs["seconds"] / one_core["seconds"]
    report("PD0, one core: dolfyn, times slower", seconds=theirs["seconds"], times=faster)
    same_as_dolfyn(file, result, dropped=1)
    assert faster >= 50
    assert all_cores["seconds"] / all_cores["floor"] <= 4


@pytest.mark.bench
@pytest.mark.skipif(not (CORPUS / "rdi_pd0").is_dir(), reason=NO_CORPUS)
def test_pd0_parity_on_real_files(tmp_path: Path):
    python = peer_python(peers.DOLFYN)
    for name in ("RDI_withBT.000", "RDI_test01.000", "RDI_7f79_2.000", "oce_adp_rdi.000", "sentinelv_b5.pd0"):
        result = tmp_path / f"{name}.npz"
        peers.run(python, DOLFYN, str(CORPUS / "rdi_pd0" / name), str(result))
        same_as_dolfyn(CORPUS / "rdi_pd0" / name, result, dropped=0)


@pytest.mark.bench
def test_hex_beside_seabirdscientific(tmp_path: Path, report: Callable[..., None]):
    file, result = tmp_path / "twenty.hex", tmp_path / "peer.npz"
    samples = 640_000
    size = sbe37.write(file, count=samples)
    assert size >= 20 * MEGABYTE
    coefficients = json.dumps([sbe37.TEMPERATURE, sbe37.CONDUCTIVITY, sbe37.PRESSURE])
    python = peer_python(peers.SEABIRDSCIENTIFIC)
    ours = peers.run(sys.executable, OURS, str(file), "5", cores=1)
    theirs = peers.run(python, SEABIRDSCIENTIFIC, str(file), coefficients, str(result), cores=1)
    assert ours["records"] == theirs["records"] == samples
    (dataset,) = ingest.decode(file).streams.values()
    for name, values in np.load(result).items():
        # The peer rounds the psi of a decibar to six digits.
        np.testing.assert_allclose(dataset[name].values, values, rtol=1e-6, err_msg=name)
    times = theirs["seconds"] / ours["seconds"]
    report(
        f"SBE 37 .hex {size / MEGABYTE:.1f} MB, one core: seabirdscientific, times slower",
        seconds=ours["seconds"], theirs=theirs["seconds"], times=times, floor=ours["floor"],
    )  # fmt: skip
    assert times >= 10


@pytest.mark.bench
def test_memory_does_not_grow_with_the_file(tmp_path: Path, report: Callable[..., None]):
    file = tmp_path / "large.hex"
    samples = 31_300_000
    size = sbe37.write(file, count=samples)
    try:
        assert size >= 1000 * MEGABYTE
        got = peers.run(sys.executable, MEMORY, str(file))
    finally:
        file.unlink()
    report("1 GB .hex block by block: peak and after imports, MB", peak=got["peak_megabytes"],
           imports=got["imports_megabytes"])  # fmt: skip
    assert got["records"] == samples
    assert got["peak_megabytes"] < 300


# The same code on small files, in the ordinary tests: it must run, and its results must be right without any peer.


def test_measuring_pd0_works(tmp_path: Path):
    raw, velocity = long_file(60_000, cells=8)
    file = tmp_path / "small.000"
    file.write_bytes(raw)
    ours = peers.run(sys.executable, OURS, str(file), "1", cores=1)
    assert ours["records"] == len(velocity)
    assert ours["floor"] > 0
    assert ours["seconds"] > 0
    wanted = np.where(velocity == -32768, np.nan, velocity / 1000).astype(np.float32)
    got, time = our_velocity(file)
    np.testing.assert_array_equal(got, np.moveaxis(wanted, (0, 1, 2), (2, 1, 0)))
    result = tmp_path / "peer.npz"
    np.savez(result, velocity=got[..., :-1], time=time[:-1] + 1)
    same_as_dolfyn(file, result, dropped=1)
    with pytest.raises(AssertionError):
        same_as_dolfyn(file, result, dropped=0)
    np.savez(result, velocity=-got, time=time)
    with pytest.raises(AssertionError):
        same_as_dolfyn(file, result, dropped=1)


def test_simulated_files_decode_whole(tmp_path: Path):
    profile, upload = tmp_path / "small.000", tmp_path / "small.hex"
    pd0.write(profile, ensembles=40)
    sbe37.write(upload, count=300)
    for file, records in ((profile, 40), (upload, 300)):
        decoded = ingest.decode(file)
        (dataset,) = decoded.streams.values()
        assert dataset.sizes["time"] == records
        assert not decoded.ledger.rejected
        assert (np.diff(dataset["time"].values) > np.timedelta64(0)).all()


def test_measuring_memory_works(tmp_path: Path):
    file = tmp_path / "small.hex"
    sbe37.write(file, count=2000)
    got: dict[str, Any] = peers.run(sys.executable, MEMORY, str(file))
    assert got["records"] == 2000
    assert 10 < got["imports_megabytes"] <= got["peak_megabytes"] < 300


def test_a_peer_that_does_not_install_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho started >&2\necho no such package >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(peers, "FOLDER", tmp_path / "venvs")
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(peers.PeerMissingError, match="nothing==0 does not install: no such package"):
        peers.interpreter(peers.Peer("nothing", "nothing==0"))
