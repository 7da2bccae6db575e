"""A whole deployment: raw files, the YAML beside them, and the truth."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .archive import deployment_id, write_archive
from .clock import stamp
from .events import END_SHARE
from .faults import Planned, assign
from .instrument import Instrument, discover
from .run import Run, prepare
from .scenario import DEFAULT_FILE, INSTRUMENTS, Scenario, ScenarioError, load_scenarios
from .site import Nature

Progress = Callable[[str, int, int], None]

_DEMO = "demo"


@dataclass(frozen=True)
class Simulated:
    """What `simulate` wrote.

    Attributes
    ----------
    root
        The archive's folder.
    deployment
        Id of its one deployment.
    records
        Samples taken, by instrument; duplicates count twice, samples lost with a cut file count too.
    files
        Raw files by instrument, as paths.
    """

    root: Path
    deployment: str
    records: Mapping[str, int]
    files: Mapping[str, tuple[Path, ...]]


def scenarios_file() -> Path:
    """File of scenarios to use: that of `LANDER_SCENARIOS`, or the simulator's own."""
    named = os.environ.get("LANDER_SCENARIOS")
    return Path(named) if named else DEFAULT_FILE


def demo_scenario(days: float = 30, period: float = 10) -> Scenario:
    """Two plumes, spikes, a stuck optode, a gap, a drifting clock and a cut file, in any length and period.

    Parameters
    ----------
    days, period
        Days from deck to deck; seconds between samples.
    """
    demo = next(one for one in load_scenarios(DEFAULT_FILE) if one.name == _DEMO)
    intervals = {name: max(seconds, period) for name, seconds in demo.intervals.items()}
    return replace(demo, days=days, period=period, intervals=intervals)


def simulate(out: Path, scenario: Scenario, seed: int = 0, *, progress: Progress | None = None) -> Simulated:
    """Write an archive of one simulated deployment.

    Parameters
    ----------
    out
        Folder of the archive; made if need be, and must not hold an archive.
    scenario
        What happens.
    seed
        Of all chance; the same scenario and seed give the same bytes.
    progress
        Called as `progress(instrument, done, total)` with numbers of samples.

    Raises
    ------
    FileExistsError
        There is an archive in `out` already.
    ScenarioError
        A fault does not fit the deployment.
    """
    out = Path(out)
    taken = [name for name in ("archive.yaml", "raw", "truth", "deployments") if (out / name).exists()]
    if taken:
        raise FileExistsError(f"{out} has {', '.join(taken)} already: simulate into another folder, or remove it first")
    instruments = discover()
    assigned = assign(scenario, instruments)
    nature = Nature(seed, scenario.start, scenario.duration, scenario.tide_scale)
    runs = [prepare(one, scenario, nature, assigned) for one in _aboard(instruments, scenario, assigned)]
    deployment = deployment_id(scenario)
    records, files = {}, {}
    for run in runs:
        name = run.instrument.name
        records[name], names = run.write(out, deployment, _reporter(progress, name))
        if run.instrument.format is not None:
            files[name] = tuple(out / "raw" / name / file for file in names)
    writing = [run for run in runs if run.instrument.format is not None]
    write_archive(
        out, scenario, [run.instrument for run in writing],
        {run.instrument.name: run.timeline.clock for run in writing},
        {run.instrument.name: run.timeline.interval for run in writing},
    )  # fmt: skip
    summary = _summary(scenario, seed, runs, assigned, records, files)
    (out / "truth" / "truth.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    return Simulated(out, deployment, records, files)


def _reporter(progress: Progress | None, name: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(name, done, total) if progress else None


def _aboard(
    instruments: Mapping[str, Instrument], scenario: Scenario, assigned: tuple[Planned, ...]
) -> list[Instrument]:
    """Those that the scenario names, those with faults, and one at least for every quantity with an event."""
    named = scenario.instruments or [one.name for one in instruments.values() if one.standard]
    aboard = {*named, *(one.instrument for one in assigned)}
    for field in dict.fromkeys(field for event in scenario.events for field in event.amplitudes):
        able = [name for name in INSTRUMENTS if field in _fields(instruments[name])]
        if able and not aboard.intersection(able):
            aboard.add(able[0])
    return [one for name, one in instruments.items() if name in aboard]


def _fields(instrument: Instrument) -> set[str]:
    return {field for sensor in instrument.sensors.values() for field in sensor.fields}


def _summary(scenario: Scenario, seed: int, runs: list[Run], assigned: tuple[Planned, ...],
             records: Mapping[str, int], files: Mapping[str, tuple[Path, ...]]) -> dict[str, Any]:  # fmt: skip
    """Content of truth.json."""
    stay = runs[0].nature.phases
    placed = {one.number: (one, run) for run in runs for one in run.faults}
    return {
        "format": 1,
        "simulated": True,
        "seed": seed,
        "scenario": {
            "name": scenario.name, "days": scenario.days, "period": scenario.period, "tide_scale": scenario.tide_scale,
            "start": stamp(scenario.start, 0.0, "s"), "clean": scenario.clean,
        },
        "phases": {
            f"{name}_end": stamp(scenario.start, getattr(stay, name), "ms")
            for name in ("deck", "descent", "seafloor", "ascent")
        },
        "instruments": {run.instrument.name: _instrument(run, records, files) for run in runs},
        "faults": [_fault(one, *placed.get(one.number, (one, None))) for one in assigned],
        "events": _events(scenario, runs),
    }  # fmt: skip


def _instrument(run: Run, records: Mapping[str, int], files: Mapping[str, tuple[Path, ...]]) -> dict[str, Any]:
    clock, instrument = run.timeline.clock, run.instrument
    sizes = {one.variable: one.size / one.fault.number("sigma") for one in run.faults if one.size}
    return {
        "written": instrument.format is not None,
        "records": records[instrument.name],
        "files": [path.name for path in files.get(instrument.name, ())],
        "interval": run.timeline.interval,
        "variables": {name: instrument.decoded.get(name, name) for name in (*instrument.sensors, *instrument.decoded)},
        "noise": {name: sensor.noise for name, sensor in instrument.sensors.items()},
        "response_times": dict(instrument.response),
        "calibration": instrument.configuration.get("calibration", {}).get("coefficients"),
        "sigma": {name: size for name, size in sizes.items() if name is not None},
        "clock": {
            "seconds_per_year": clock.seconds_per_year, "quadratic": clock.quadratic, "step": clock.step,
            "step_time": stamp(run.scenario.start, clock.step_at, "ms") if clock.step else None,
            "ahead": clock.ahead,
        },
    }  # fmt: skip


def _fault(assigned: Planned, one: Planned, run: Run | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": assigned.number,
        "kind": one.fault.kind,
        "instrument": one.instrument or one.fault.instrument,
        "variable": one.variable,
        "written": run is not None and run.instrument.format is not None,
        **one.fault.parameters,
    }
    if run is None or not len(one.spans):
        return {**entry, "start": None, "end": None}
    if "sigma" in one.fault.parameters:
        entry["size"] = one.size
    times = [_span(run, int(low), int(high)) for low, high in one.spans]
    entry |= {"start": times[0][0], "end": times[-1][1]}
    if len(times) > 1:
        entry["occurrences"] = times
    return entry


def _span(run: Run, low: int, high: int) -> tuple[str, str]:
    """UTC of the first and of the last sample of a span."""
    top = run.timeline.count - 1
    seconds = [float(run.timeline.true_seconds(k, k + 1)[0]) for k in (min(low, top), min(max(high - 1, low), top))]
    return stamp(run.scenario.start, seconds[0], "us"), stamp(run.scenario.start, seconds[1], "us")


def _events(scenario: Scenario, runs: list[Run]) -> list[dict[str, Any]]:
    written = {
        field
        for run in runs
        if run.instrument.format is not None
        for sensor in run.instrument.sensors.values()
        for field in sensor.fields
    }
    entries = []
    for number, event in enumerate(scenario.events, start=1):
        onset = event.at * scenario.duration
        length = event.duration or event.rise + event.decay * float(np.log(1.0 / END_SHARE))
        entries.append({
            "id": number,
            "kind": event.kind,
            "start": stamp(scenario.start, onset, "us"),
            "end": stamp(scenario.start, onset + length + max(event.lag.values(), default=0.0), "us"),
            "variables": dict(event.amplitudes),
            "written": any(field in written for field in event.amplitudes),
            "lag": dict(event.lag),
            "rise": event.rise,
            "decay": event.decay,
        })  # fmt: skip
    return entries


__all__ = ["Progress", "ScenarioError", "Simulated", "demo_scenario", "scenarios_file", "simulate"]
