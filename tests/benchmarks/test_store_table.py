"""The store table: years of eight variables at 1 Hz against one plain netCDF4 write of the same numbers."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from numpy.typing import NDArray

from lander import index as index_module
from lander import packing, store
from lander.index import Index, RawFile
from lander.stages.level1 import encoding
from lander.store import Column, Recipe, Table

VARIABLES = {  # mean, tidal range, noise, resolution of an ordinary instrument
    "temperature": (3.9, 0.2, 2e-4, 1e-4),
    "conductivity": (3.25, 0.02, 2e-5, 1e-5),
    "pressure": (1129.0, 1.2, 4e-3, 2e-3),
    "optode_temperature": (3.9, 0.2, 2e-3, 1e-3),
    "oxygen_concentration_uncompensated": (115.0, 3.0, 2e-2, 1e-3),
    "oxygen_air_saturation": (28.0, 1.0, 2e-2, 1e-3),
    "calibrated_phase": (47.0, 0.5, 2e-3, 1e-3),
    "temperature_compensated_phase": (47.0, 0.5, 2e-3, 1e-3),
}
START = np.datetime64("2016-09-08T00:00:00", "us")
DAY_US = 86_400_000_000
FOLDER = ("site_f", "d1", "logger", "samples")

ARCHIVE = """
title: Store table
institution: {name: Nobody}
people: [{name: Nobody, role: author}]
licence: CC0-1.0
sites: [{code: site_f, name: Site F}]
"""
DEPLOYMENT = """
id: d1
site: site_f
platform: lander
start: 2016-09-08T00:00:00Z
end: 2026-09-08T00:00:00Z
position: {latitude: 22.0, longitude: 119.0}
instruments:
  logger: {model: Logger, serial: "1", raw: ["*.hex"]}
"""


@dataclass
class Tally:
    """Seconds and bytes of one way to store."""

    write: float = 0.0
    read: float = 0.0
    bytes: int = 0
    extra: dict[str, float] = field(default_factory=dict)


def months(days: float, period: float) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Times on a clock that is 2 ppm slow and set right, month by month."""
    step = period * 1e6 * (1 + 2e-6)
    total = int(days * 86_400 / period)
    start, low = int(START.astype(np.int64)), 0
    while low < total:
        month = store.month_of(int(start + low * step))
        high = min(total, int(np.ceil((store.month_bounds(month)[1] - start) / step)))
        yield month, (start + np.arange(low, high) * step).astype(np.int64)
        low = high


def values_of(time: NDArray[np.int64], seed: int) -> dict[str, NDArray[np.float64]]:
    """Tide, noise and the steps of the instrument's own resolution."""
    generator = np.random.default_rng(seed)
    phase = 2 * np.pi * (time - time[0]) / (12.42 * 3.6e9)
    made = {}
    for name, (mean, tide, noise, resolution) in VARIABLES.items():
        exact = mean + tide * np.sin(phase) + noise * generator.standard_normal(time.size)
        made[name] = np.rint(exact / resolution) * resolution
    return made


def level1(time: NDArray[np.int64], values: dict[str, NDArray[np.float64]]) -> Table:
    columns = {"time": store.time_column(time), "time_qc": Column(np.ones(time.size, np.int8), ("time",))}
    columns |= {name: Column(packing.pack(name, data)[0], ("time",), encoding(name)) for name, data in values.items()}
    columns["source_file"] = Column(np.zeros(time.size, np.int16), ("time",))
    columns["source_offset"] = Column(4096 + 50 * np.arange(time.size, dtype=np.int64), ("time",))
    columns["source_length"] = Column(np.full(time.size, 48, np.int32), ("time",))
    return Table(columns)


def level2(time: NDArray[np.int64], seed: int) -> Table:
    """Four tests of each variable, one sample in 500 suspect."""
    generator = np.random.default_rng(seed)
    columns = {"time": store.time_column(time)}
    for name in VARIABLES:
        suspect = generator.random(time.size) < 0.002
        columns[f"{name}_qc"] = Column(np.where(suspect, 3, 1).astype(np.int8), ("time",))
        columns[f"{name}_qc_tests"] = Column(np.where(suspect, 0x10295, 0x10155).astype(np.uint64), ("time",))
    return Table(columns)


def write_baseline(path: Path, time: NDArray[np.int64], values: dict[str, NDArray[np.float64]], rows: int) -> None:
    options = {"zlib": True, "complevel": 1, "shuffle": False, "chunksizes": (min(rows, time.size),)}
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("time", time.size)
        file.createVariable("time", "i8", ("time",), **options)[:] = time
        for name, data in values.items():
            file.createVariable(name, "f4", ("time",), **options)[:] = data.astype(np.float32)


def fill_store(root: Path, days: float, period: float) -> tuple[Tally, Tally, int]:
    """Write both stores and read ours back, checking every value; return ours, the baseline and the samples."""
    ours, plain, samples = Tally(), Tally(), 0
    index = Index()
    spans = {}
    for number, (month, time_us) in enumerate(months(days, period)):
        values = values_of(time_us, number)
        clock = time.perf_counter()
        entries = [
            store.write(root, store.month_path((*FOLDER, level), month), table, Recipe(level, 1, "bench"))
            for level, table in (("L1", level1(time_us, values)), ("L2", level2(time_us, number)))
        ]
        ours.write += time.perf_counter() - clock
        index.files |= {entry.path: entry for entry in entries}
        spans[month] = {"n": time_us.size, "digest": "bench"}
        clock = time.perf_counter()
        write_baseline(root / "plain.nc", time_us, values, round(86_400 / period))
        plain.write += time.perf_counter() - clock
        ours.bytes += sum(entry.size for entry in entries)
        plain.bytes += (root / "plain.nc").stat().st_size
        clock = time.perf_counter()
        back = store.read(root / entries[0].path)
        unpacked = {name: back[name].values() for name in VARIABLES}
        ours.read += time.perf_counter() - clock
        for name, data in values.items():
            assert np.abs(unpacked[name] - data).max() <= 0.5001 * encoding(name)["scale_factor"]
        assert np.array_equal(back["time"].data, time_us)
        samples += time_us.size
    streams = {"samples": {"variables": {name: ["time"] for name in VARIABLES}, "step": period, "months": spans}}
    index.raw["x.hex"] = RawFile("x.hex", 0, 0, 0, 0, "", "d1", "logger", 0, "sbe_hex 1", "bench", streams)
    index_module.commit(root, index)
    return ours, plain, samples


QUESTION = """
import json, sys, time
import numpy as np, xarray, dask.array, netCDF4
import lander
import lander.archive
def memory():
    # Not ru_maxrss: a child begins with its parent's peak, and would never show a growth of its own.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024
before = memory()
clock = time.perf_counter()
series = lander.open(sys.argv[1]).series("temperature")
opened = time.perf_counter() - clock
used = memory() - before
days = []
for start in sys.argv[2].split(","):
    clock = time.perf_counter()
    day = series.sel(time=slice(start, np.datetime64(start) + np.timedelta64(86_400_000_000 - 1, "us"))).load()
    days.append(time.perf_counter() - clock)
    assert day.temperature.size, start
following = np.datetime64(start) + np.timedelta64(1, "D")
clock = time.perf_counter()
series.sel(time=slice(following, following + np.timedelta64(86_400_000_000 - 1, "us"))).load()
next_day = time.perf_counter() - clock
print(json.dumps({"next_day_ms": 1000 * next_day, "opened": opened, "megabytes": used, "days": days,
                  "n": series.sizes["time"], "last_day_sum": float(day.temperature.sum())}))
"""


def ask(archive: Path, days: list[str]) -> dict[str, object]:
    """Open the series in a process of its own, so that memory is its own."""
    command = [sys.executable, "-c", QUESTION, str(archive), ",".join(days)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def measure(root: Path, days: float, period: float) -> tuple[Tally, Tally, int, dict[str, object]]:
    (root / "deployments").mkdir(parents=True)
    (root / "raw").mkdir()
    (root / "raw" / "x.hex").write_text("bench")
    (root / "archive.yaml").write_text(ARCHIVE)
    (root / "deployments" / "d1.yaml").write_text(DEPLOYMENT)
    ours, plain, samples = fill_store(root / "store", days, period)
    asked = [str(START + np.timedelta64(int(share * (days - 1)), "D")) for share in (0.1, 0.5, 0.9)]
    answer = ask(root, asked)
    assert answer["n"] == samples
    (month, time_us), number = next(
        ((found, number) for number, found in enumerate(months(days, period)) if found[0] == asked[-1][:7]),
    )
    first = int(np.datetime64(asked[-1], "us").astype(np.int64))
    inside = (time_us >= first) & (time_us < first + DAY_US)
    truth = values_of(time_us, number)["temperature"][inside].sum()
    assert answer["last_day_sum"] == pytest.approx(truth, rel=1e-9), month
    return ours, plain, samples, answer


def show(ours: Tally, plain: Tally, samples: int, answer: dict[str, object], days: float) -> str:
    first, *later = [1000 * seconds for seconds in answer["days"]]  # type: ignore[attr-defined]
    rows = [
        ("", "write s", "bytes/sample", "read s"),
        ("lander L1 + L2: 8 variables, time, provenance, flags", f"{ours.write:.1f}", f"{ours.bytes / samples:.2f}",
         f"{ours.read:.1f}"),
        ("netCDF4: 8 float32, int64 time, zlib 1", f"{plain.write:.1f}", f"{plain.bytes / samples:.2f}", ""),
        ("ratio", f"{ours.write / plain.write:.2f}", f"{ours.bytes / plain.bytes:.2f}", ""),
    ]  # fmt: skip
    lines = [f"store table: {days:g} days, {samples:,} samples of 8 variables"]
    lines += [f"  {row[0]:<54}{row[1]:>10}{row[2]:>14}{row[3]:>8}" for row in rows]
    lines.append(
        f"  open series: {answer['opened']:.3f} s, {answer['megabytes']:.0f} MB beyond imports; one day of a month not "
        f"yet looked at: {max(later):.0f} ms, of the next day: {answer['next_day_ms']:.0f} ms (the very first, with "
        f"dask's own start: {first:.0f} ms)"
    )
    return "\n".join(lines)


def test_table_in_small(tmp_path: Path) -> None:
    ours, plain, samples, answer = measure(tmp_path / "archive", 70, 60.0)
    assert "store table" in show(ours, plain, samples, answer, 70)
    assert ours.bytes > 0
    assert plain.bytes > 0


@pytest.mark.bench
def test_table_of_1070_days_at_1_hz(tmp_path: Path) -> None:
    ours, plain, samples, answer = measure(tmp_path / "archive", 1070, 1.0)
    print("\n" + show(ours, plain, samples, answer, 1070))  # noqa: T201 - the table is the result
    print(f"  peak memory of the writer: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")  # noqa: T201
    assert ours.bytes / samples <= 16
    assert float(str(answer["megabytes"])) < 400
