"""Simulated records with their truth, as quality control meets them."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import ingest
from ingest import vocabulary
from lander import config as configuration
from lander import derived, passes, quality
from lander.deployment import ArchiveConfig
from lander.inventory import Stream
from qc.events import EventRule
from qc.plan import Plan
from sample_data import Truth, read_truth, simulate
from sample_data.scenario import Scenario, load_scenarios

SCENARIOS = Path(
    os.environ.get("LANDER_SCENARIOS") or Path(__file__).parents[2] / ".." / "shared" / "scenarios" / "scenarios.yaml"
)
SEAFLOOR = 3


@dataclass(frozen=True)
class Record:
    """One variable of one instrument, with the truth of each sample.

    Attributes
    ----------
    variable
        As it is decoded.
    value, fault, event : ndarray, shape (n,)
        What the raw files say; ids of the fault and of the event that the sample is part of, 0 for none.
    kinds
        Kind of each fault id.
    bounds
        What the quantity can be at all.
    """

    variable: str
    value: NDArray[np.float64]
    fault: NDArray[np.int16]
    event: NDArray[np.int16]
    kinds: Mapping[int, str]
    bounds: tuple[float | None, float | None] = (None, None)


@dataclass(frozen=True)
class Aboard:
    """What one instrument of a deployment recorded, and how `lander run` judges it.

    Attributes
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds, true UTC, never going back.
    phase : ndarray of int8, shape (n,)
        `deployment_phase`.
    records
        Series along this time.
    plan
        Effective plan of the stream.
    rule
        How its excursions are found; None where samples lie too far apart.
    sensors
        Series that can show events: response time and resolution.
    """

    name: str
    time: NDArray[np.int64]
    phase: NDArray[np.int8]
    records: tuple[Record, ...]
    plan: Plan
    rule: EventRule | None = None
    sensors: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def scenarios() -> list[Scenario]:
    """Those of the file named by LANDER_SCENARIOS, or the shared ones."""
    return list(load_scenarios(SCENARIOS))


def deploy(scenario: Scenario, seed: int) -> list[Aboard]:
    """Simulate a deployment, decode its raw files, and plan quality control as its configuration says.

    Series alone are taken, not profiles: what a fault does to each cell the truth does not tell. An instrument of
    which nothing can be read is left out.
    """
    with tempfile.TemporaryDirectory() as folder:
        simulated = simulate(Path(folder) / "archive", scenario, seed)
        truth = read_truth(simulated.root)
        config = configuration.load(simulated.root)
        found = [_aboard(truth, config, name, files) for name, files in simulated.files.items()]
        return [one for one in found if one is not None]


def _aboard(truth: Truth, config: ArchiveConfig, name: str, files: Sequence[Path]) -> Aboard | None:
    sheet = truth.summary["instruments"][name]["calibration"]
    decoded = {number: ds for number, path in enumerate(files) if (ds := _decoded(path, sheet)) is not None}
    if not sum(ds.sizes["time"] for ds in decoded.values()):
        sys.stderr.write(f"left out: {name} has no data\n")
        return None
    rows, kept = _rows(truth, name, decoded)
    time = np.asarray(truth.columns[name]["time_utc"])[rows]
    order = np.argsort(time, kind="stable")
    records = tuple(_records(truth, name, decoded, rows[order], kept[order]))
    stream = _stream(config, name, next(iter(decoded.values())))
    plan = quality.effective_plan(config, stream)
    watch = passes._watch(stream, {"plan": plan.to_json()}, ())
    phase = _phase(truth, time[order])
    if watch is None:
        return Aboard(name, time[order], phase, records, plan)
    return Aboard(name, time[order], phase, records, plan, watch.rule, watch.sensors)


def _decoded(path: Path, calibration: ingest.Calibration | None) -> xr.Dataset | None:
    try:
        return next(iter(ingest.decode(path, calibration=calibration).streams.values()), None)
    except ingest.UnknownFormatError as error:
        sys.stderr.write(f"left out: {error}\n")
        return None


def _rows(
    truth: Truth, name: str, decoded: Mapping[int, xr.Dataset]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the truth that were decoded whole, and where they lie in the decoded files one after the other.

    Duplicates are left out: they are dropped where files are merged.
    """
    columns = truth.columns[name]
    file, status = np.asarray(columns["file"]), np.asarray(columns["status"])
    whole = np.argsort(file, kind="stable")
    whole = whole[(status[whole] == 0) & np.isin(file[whole], list(decoded))]
    samples = sum(ds.sizes["time"] for ds in decoded.values())
    if whole.size != samples:
        raise ValueError(f"{name}: {samples} samples decoded, by the truth there are {whole.size}")
    kept = np.flatnonzero(np.asarray(columns["record_fault"])[whole] == 0)
    return whole[kept], kept


def _records(
    truth: Truth, name: str, decoded: Mapping[int, xr.Dataset], rows: NDArray[np.int64], kept: NDArray[np.int64]
) -> Iterator[Record]:
    columns, about = truth.columns[name], truth.summary["instruments"][name]
    kinds = {one["id"]: one["kind"] for one in truth.summary["faults"]}
    for variable, called in about["variables"].items():
        # Of oxygen the instrument writes the uncompensated value; the other is derived.
        of = "oxygen" if variable == "oxygen_uncompensated" else variable
        if variable == "oxygen" or not all(called in ds and ds[called].dims == ("time",) for ds in decoded.values()):
            continue
        value = np.concatenate([np.asarray(ds[called].values, np.float64) for ds in decoded.values()])[kept]
        fault, event = (np.asarray(columns[f"{of}_{which}"])[rows] for which in ("fault", "event"))
        known = vocabulary.table().get(called)
        bounds = (known.valid_min, known.valid_max) if known else (None, None)
        yield Record(called, value, fault, event, kinds, bounds)


def _stream(config: ArchiveConfig, name: str, ds: xr.Dataset) -> Stream:
    """The stream as the archive would hold it."""
    deployment = config.deployments[0]
    instrument = next(one for one in deployment.instruments if one.name == name)
    dims = {str(key): tuple(map(str, ds[key].dims)) for key in ds.data_vars}
    measured = {key: of for key, of in dims.items() if of[:1] == ("time",) and key in vocabulary.table()}
    made = (one.name for one in derived.discover().values() if all(needed in measured for needed in one.inputs))
    step: Any = instrument.sampling_interval
    return Stream(deployment, instrument, "record", dict(sorted(measured.items())), tuple(made), step, {})


def _phase(truth: Truth, time: NDArray[np.int64]) -> NDArray[np.int8]:
    ends = [truth.summary["phases"][f"{name}_end"] for name in ("deck", "descent", "seafloor", "ascent")]
    edges = np.array([end.rstrip("Z") for end in ends], "datetime64[us]").astype(np.int64)
    return (1 + np.searchsorted(edges, time, side="right")).astype(np.int8)
