"""L1 pressure records -> the deployment's phases, found once and applied to all its instruments."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lander import phase, store
from lander.engine import Task
from lander.store import Column, Entry, Recipe, Table

STAGE = "phase"
VERSION = 1


STANDARD_AIR_DBAR = 10.1325
"""Of the standard atmosphere: enough to tell the deck from the seafloor in a record of absolute pressure."""


@dataclass(frozen=True)
class Bounds:
    """What the search needs to know of a deployment."""

    start: np.datetime64
    end: np.datetime64
    water_depth: float | None
    touchdown: np.datetime64 | None
    liftoff: np.datetime64 | None


def build(root: Path, task: Task, recipe: Recipe) -> Entry:
    """Find the phases in the first pressure record that shows any, and write them as one small file."""
    bounds = _bounds(task.params)
    found, instrument = phase.find([], bounds), ""
    for record in task.params["records"]:
        seen = phase.find(list(_summaries(root, record)), bounds)
        if seen.source.startswith("pressure"):
            found, instrument = seen, record["instrument"]
            break
    text = json.dumps({**asdict(found), "instrument": instrument}, sort_keys=True)
    attributes = {"long_name": "Phases of the deployment, as JSON; times in microseconds since 1970-01-01 UTC"}
    columns = {"phase": Column(np.array([text], dtype=object), ("one",), attributes)}
    names = {"site": task.params["site"], "deployment": task.params["deployment"], "processing_level": "phase"}
    return store.write(root, task.output, Table(columns, names), recipe)


def _summaries(root: Path, record: Mapping[str, Any]) -> Iterator[phase.PressureSummary]:
    air = STANDARD_AIR_DBAR if record["variable"] == "absolute_pressure" else 0.0
    for path in record["paths"]:
        if (root / path).exists():
            table = store.read(root / path, ["time", record["variable"]])
            yield phase.summarise(table["time"].data, table[record["variable"]].values() - air)


def _bounds(params: Mapping[str, Any]) -> Bounds:
    def moment(key: str) -> np.datetime64 | None:
        return None if params[key] is None else np.datetime64(params[key], "us")

    start, end = np.datetime64(params["start"], "us"), np.datetime64(params["end"], "us")
    return Bounds(start, end, params["water_depth"], moment("touchdown"), moment("liftoff"))


def load(root: Path, path: str) -> tuple[phase.Phase, str]:
    """Phases that `build` stored, and the instrument that showed them ("" where none did)."""
    content = json.loads(str(store.read(root / path, ["phase"])["phase"].data[0]))
    instrument = content.pop("instrument")
    return phase.from_mapping(content), instrument
