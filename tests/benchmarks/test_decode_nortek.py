"""How fast Nortek's raw files become Datasets, beside reading and summing their bytes and beside dolfyn."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import ingest
from tests.benchmarks import peers
from tests.benchmarks.test_decode_speed import MEGABYTE, peer_python, report
from tests.ingest.conftest import CORPUS, NO_CORPUS

__all__ = ["report"]

OURS = """
import json, sys, time
import ingest
import numpy as np
path, stream, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3])
ingest.decode(path)
seconds, floor = [], []
for _ in range(repeats):
    start = time.perf_counter(); np.fromfile(path, np.uint8).sum(); floor.append(time.perf_counter() - start)
    start = time.perf_counter(); decoded = ingest.decode(path); seconds.append(time.perf_counter() - start)
    records = decoded.streams[stream].sizes["time"]
    del decoded
print(json.dumps({"seconds": min(seconds), "floor": min(floor), "records": records}))
"""

# A Vector's records are so mixed that the peer guesses their number wrong, and fails where it is not told (TRAPS).
DOLFYN = """
import json, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
from mhkit import dolfyn
records = int(sys.argv[3])
start = time.perf_counter()
dataset = dolfyn.read(sys.argv[1], userdata=False, **({"nens": records} if records else {}))
seconds = time.perf_counter() - start
np.savez(sys.argv[2], velocity=dataset["vel"].values)
print(json.dumps({"seconds": seconds, "records": dataset.sizes["time"]}))
"""

EARTH = ("eastward_velocity", "northward_velocity", "upward_velocity")


class Case(NamedTuple):
    """A corpus file whose whole records, from `first` to `stop`, are repeated behind its configuration."""

    what: str
    file: str
    settings: int
    first: int
    stop: int | None
    stream: str


CASES = [
    Case("AD2CP", "nortek_ad2cp/BenchFile01.ad2cp", 2712, 5812, 1_056_052, "burst"),
    Case("Vector", "nortek_vec/vector_data01.VEC", 784, 784, 2_999_984, "velocity_samples"),
    Case("AWAC", "nortek_wpr/AWAC_test01.wpr", 784, 784, 2_999_884, "profile"),
    Case("Aquadopp HR", "nortek_prf/AQD_HR.prf", 784, 784, None, "high_resolution_profile"),
]


def repeated(case: Case, least: int, target: Path) -> int:
    """Write the file; returns its size."""
    content = (CORPUS / case.file).read_bytes()
    records = content[case.first : case.stop]
    target.write_bytes(content[: case.settings] + records * -(-least // len(records)))
    return target.stat().st_size


def our_velocity(file: Path, stream: str) -> np.ndarray:
    """Velocities in the peer's order: component or beam, cell, time."""
    dataset = ingest.decode(file).streams[stream]
    if EARTH[0] in dataset:
        return np.stack([dataset[name].values.T for name in EARTH])
    name = next(name for name in ("outward_beam_velocity", "instrument_velocity") if name in dataset)
    return np.moveaxis(dataset[name].values, 0, -1).swapaxes(0, -2)


@pytest.mark.bench
@pytest.mark.skipif(not CORPUS.is_dir(), reason=NO_CORPUS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_nortek_beside_reading_and_dolfyn(case: Case, tmp_path: Path, report: Callable[..., None]):
    file, result = tmp_path / Path(case.file).name, tmp_path / "dolfyn.npz"
    size = repeated(case, 20 * MEGABYTE, file)
    ours = peers.run(sys.executable, OURS, str(file), case.stream, "15", cores=1)
    told = str(ours["records"] if case.what == "Vector" else 0)
    theirs = peers.run(peer_python(peers.DOLFYN), DOLFYN, str(file), str(result), told, cores=1)
    faster, share = theirs["seconds"] / ours["seconds"], ours["floor"] / ours["seconds"]
    report(
        f"{case.what} {size / MEGABYTE:.1f} MB, one core: dolfyn, times slower",
        seconds=ours["seconds"], theirs=theirs["seconds"], times=faster, floor=ours["floor"], share=share,
    )  # fmt: skip
    velocity, wanted = our_velocity(file, case.stream), np.load(result)["velocity"]
    assert 0 <= velocity.shape[-1] - wanted.shape[-1] <= 1, "the peer may drop the last record (TRAPS)"
    np.testing.assert_allclose(velocity[..., : wanted.shape[-1]], wanted, rtol=1e-6, atol=1e-7)
    assert faster >= 50
    assert share >= 1 / 4


@pytest.mark.skipif(not CORPUS.is_dir(), reason=NO_CORPUS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_repeated_files_decode_whole(case: Case, tmp_path: Path):
    file = tmp_path / Path(case.file).name
    once, twice = repeated(case, 1, file), repeated(case, 2 * (CORPUS / case.file).stat().st_size - 400_000, file)
    assert twice > once
    decoded = ingest.decode(file)
    records = decoded.streams[case.stream].sizes["time"]
    assert not decoded.ledger.rejected
    assert our_velocity(file, case.stream).shape[-1] == records
    assert records == 2 * ingest.decode(CORPUS / case.file).streams[case.stream].sizes["time"]
