"""What people would write about the deployment: archive.yaml and deployments/<id>.yaml, marked as simulated."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from .clock import Clock, clock_checks, stamp
from .instrument import Instrument
from .scenario import INSTRUMENTS, Scenario
from .site import LATITUDE, LONGITUDE, PLATFORM_HEIGHT, WATER_DEPTH

_NOTE = "# Simulated by sample_data: no such deployment took place.\n"


def deployment_id(scenario: Scenario) -> str:
    """Name of the deployment: the scenario's, in the letters that a file name may have."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in scenario.name.lower())
    return f"sim-{plain.strip('-')}"


def write_archive(out: Path, scenario: Scenario, instruments: Sequence[Instrument], clocks: Mapping[str, Clock],
                  intervals: Mapping[str, float]) -> None:  # fmt: skip
    """Write both files below `out`.

    Parameters
    ----------
    out
        The archive's folder.
    scenario
        What was simulated.
    instruments
        Those with raw files.
    clocks, intervals
        Of each instrument; seconds.
    """
    archive = {
        "title": f"Simulated lander at Site F, scenario {scenario.name}",
        "institution": {"name": "No institution: simulated data"},
        "people": [{"name": "Simulated Operator", "role": "principal_investigator", "email": "nobody@example.org"}],
        "licence": "CC-BY-4.0",
        "project": "Simulation for tests and demonstrations",
        "sites": [{"code": "sitef", "name": "Site F, Formosa Ridge, South China Sea (simulated)"}],
        "raw": "raw",
    }
    ordered = sorted(instruments, key=lambda one: INSTRUMENTS.index(one.name))
    parts = {one.name: _instrument(one, scenario, clocks[one.name], intervals[one.name]) for one in ordered}
    deployment = {
        "id": deployment_id(scenario),
        "site": "sitef",
        "platform": "simulated lander",
        "start": stamp(scenario.start, 0.0, "s"),
        "end": stamp(scenario.start, scenario.duration, "s"),
        "position": {"latitude": LATITUDE, "longitude": LONGITUDE, "uncertainty_m": 20.0, "source": "simulated"},
        "water_depth": WATER_DEPTH,
        "primary": primary(ordered),
        "instruments": parts,
    }
    _write(out / "archive.yaml", archive)
    _write(out / "deployments" / f"{deployment_id(scenario)}.yaml", deployment)


def primary(instruments: Sequence[Instrument]) -> dict[str, str]:
    """Which instrument counts for each decoded variable that several have: the first of them."""
    owners: dict[str, list[str]] = {}
    for one in instruments:
        for variable in one.gives:
            owners.setdefault(variable, []).append(one.name)
    return {variable: names[0] for variable, names in owners.items() if len(names) > 1}


def _instrument(one: Instrument, scenario: Scenario, clock: Clock, interval: float) -> dict[str, Any]:
    # A sensor's response belongs to the name under which it is decoded.
    response = {one.decoded.get(name, name): value for name, value in one.response.items() if name in one.sensors}
    return {
        "model": one.model,
        "serial": one.serial,
        "height_above_seafloor": PLATFORM_HEIGHT,
        "sampling_interval": interval,
        "raw": [{"pattern": f"{one.name}/{one.pattern}", "delivery": "recovered"}],
        **one.configuration,
        "response_times": response,
        "clock_checks": clock_checks(clock, scenario.start),
    }


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = _NOTE + yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=120)
    path.write_text(text, encoding="utf-8")
