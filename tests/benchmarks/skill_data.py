"""Simulated records with their truth, as quality control meets them."""

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import ingest
from ingest import vocabulary
from qc.check import VariableTraits
from sample_data import Truth, read_truth, simulate
from sample_data.faults import assign, disturb
from sample_data.instrument import discover
from sample_data.run import Run, prepare
from sample_data.scenario import Scenario, load_scenarios
from sample_data.site import Nature

SCENARIOS = Path(
    os.environ.get(
        "LANDER_SCENARIOS", Path(__file__).parents[2] / ".." / "shared" / "scenarios" / "scenarios.yaml"
    )
)
SEAFLOOR = 3
DESCENT, ASCENT, DECK, RECOVERED = 2, 4, 1, 5


@dataclass(frozen=True)
class Record:
    """One variable of one instrument on the seafloor and around, with the truth of each sample.

    fault, event : ids; kinds : kind of each fault id; phase : `deployment_phase` of each sample.
    """

    scenario: str
    instrument: str
    variable: str
    traits: VariableTraits
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    fault: NDArray[np.int16]
    event: NDArray[np.int16]
    phase: NDArray[np.int8]
    kinds: dict[int, str] = field(default_factory=dict)


def scenarios() -> list[Scenario]:
    """Those of the file named by LANDER_SCENARIOS, or the shared ones."""
    return list(load_scenarios(SCENARIOS))


def records(scenario: Scenario, seed: int) -> Iterator[Record]:
    """Every series (not the profiles) of a simulated deployment: decoded where a raw format is written."""
    with tempfile.TemporaryDirectory() as folder:
        simulated = simulate(Path(folder) / "archive", scenario, seed)
        truth = read_truth(simulated.root)
        for name, about in truth.summary["instruments"].items():
            if about["written"]:
                yield from _decoded(truth, name, simulated.files[name], scenario)
            else:
                yield from _disturbed(truth, name, scenario, seed)


def _decoded(truth: Truth, name: str, files: tuple[Path, ...], scenario: Scenario) -> Iterator[Record]:
    columns, about = truth.columns[name], truth.summary["instruments"][name]
    sheet = about["calibration"]
    streams = {number: stream for number, path in enumerate(files) if (stream := _stream(path, sheet)) is not None}
    whole = np.argsort(columns["file"], kind="stable")
    whole = whole[(columns["status"][whole] == 0) & np.isin(np.asarray(columns["file"])[whole], list(streams))]
    kept = np.asarray(columns["record_fault"])[whole] == 0  # duplicates are dropped where files are merged
    rows = whole[kept]
    for variable, called in about["variables"].items():
        if variable in ("oxygen",) or f"{variable}_clean" not in columns or columns[f"{variable}_clean"].ndim > 1:
            continue
        value = np.concatenate([np.asarray(stream[called].values, np.float64) for stream in streams.values()])[kept]
        of = "oxygen" if variable == "oxygen_uncompensated" else variable
        yield _record(truth, (name, of, called), columns, rows, value, scenario.name)


def _stream(path: Path, calibration: ingest.Calibration | None) -> xr.Dataset | None:
    try:
        return next(iter(ingest.decode(path, calibration=calibration).streams.values()))
    except ingest.UnknownFormatError as error:
        sys.stderr.write(f"left out: {error}\n")
        return None


def _disturbed(truth: Truth, name: str, scenario: Scenario, seed: int) -> Iterator[Record]:
    """An instrument without a raw format: its clean readings with the faults of values put in."""
    columns = truth.columns[name]
    run = _run(scenario, seed, name)
    count = columns["time_utc"].size
    taken = np.concatenate([np.arange(chunk.first, chunk.last) for chunk in run.chunks()])[:count]
    view = run.view(0, int(taken[-1]) + 1)
    readings = disturb(run.instrument.clean(view), run.faults, view, run.instrument.sensors)
    for variable in run.instrument.sensors:
        value = np.asarray(readings[variable], np.float64)[taken]
        yield _record(truth, (name, variable, variable), columns, np.arange(count), value, scenario.name)


def _run(scenario: Scenario, seed: int, name: str) -> Run:
    instruments = discover()
    nature = Nature(seed, scenario.start, scenario.duration, scenario.tide_scale)
    return prepare(instruments[name], scenario, nature, assign(scenario, instruments))


def _record(
    truth: Truth, names: tuple[str, str, str], columns: Any, rows: NDArray[np.int64], value: NDArray[np.float64],
    scenario: str,
) -> Record:  # fmt: skip
    instrument, variable, called = names
    time = np.asarray(columns["time_utc"])[rows]
    order = np.argsort(time, kind="stable")
    about = truth.summary["instruments"][instrument]
    known = vocabulary.table().get(called)
    traits = VariableTraits(
        sampling_seconds=about["interval"],
        valid_min=known.valid_min if known else None,
        valid_max=known.valid_max if known else None,
        resolution=known.resolution if known else None,
        response_seconds=about["response_times"].get(variable),
    )
    return Record(
        scenario, instrument, variable, traits, time[order], value[order],
        np.asarray(columns[f"{variable}_fault"])[rows][order], np.asarray(columns[f"{variable}_event"])[rows][order],
        _phase(truth, time[order]), {one["id"]: one["kind"] for one in truth.summary["faults"]},
    )  # fmt: skip


def _phase(truth: Truth, time: NDArray[np.int64]) -> NDArray[np.int8]:
    ends = [truth.summary["phases"][f"{name}_end"] for name in ("deck", "descent", "seafloor", "ascent")]
    edges = np.array([end.rstrip("Z") for end in ends], "datetime64[us]").astype(np.int64)
    return (1 + np.searchsorted(edges, time, side="right")).astype(np.int8)
