"""Excursions of all sensors -> the deployment's events, with ids in order of time, found once and kept."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lander import store
from lander.engine import Task
from lander.stages.kept import events_of_month, load_runs, text_column
from lander.store import Column, Entry, Recipe, Table
from qc.events import Event, EventRule, Runs, events_of, joined

STAGE = "events"
VERSION = 2

Sensor = Mapping[str, Any]


def build(root: Path, task: Task, recipe: Recipe) -> Entry:
    """Find the events that the deployment's sensors saw, and write their table."""
    params = task.params
    runs = {label: _runs(root, sensor) for label, sensor in params["sensors"].items()}
    responses = {label: sensor["response_seconds"] for label, sensor in params["sensors"].items()}
    found = events_of(runs, responses, EventRule(**params["rule"]))
    columns = _table(found, params["sensors"])
    for month in params["months"]:
        start, end = store.month_bounds(month)
        low, high = start - params["margin_us"], end + params["margin_us"]
        near = [one for one in found if one.end >= low and one.start < high]
        rows = [[one.number, one.start, one.end, list(one.variables)] for one in near]
        columns[events_of_month(month)] = text_column(rows, f"Events of {month} and around: id, start, end, sensors")
    names = {"site": params["site"], "deployment": params["deployment"], "processing_level": "events"}
    return store.write(root, task.output, Table(columns, names), recipe)


def _runs(root: Path, sensor: Sensor) -> Runs:
    paths: Sequence[str] = sensor["paths"]
    parts = [load_runs(root, path, sensor["variable"]) for path in paths if (root / path).exists()]
    return joined(parts, EventRule(**sensor["rule"]))


def _table(found: Sequence[Event], sensors: Mapping[str, Sensor]) -> dict[str, Column]:
    def texts(key: str) -> Column:
        words = [" ".join(dict.fromkeys(sensors[one][key] for one in event.variables)) for event in found]
        return Column(np.array(words, dtype=object), ("time",), {"long_name": f"What showed it, by {key}"})

    def numbers(name: str, dtype: type[Any]) -> Column:
        return Column(np.array([getattr(event, name) for event in found], dtype), ("time",), _ABOUT[name])

    if not found:
        return {}
    return {
        "time": Column(np.array([one.start for one in found], np.int64), ("time",), store.TIME_ATTRIBUTES),
        "event": numbers("number", np.int32),
        "event_end": numbers("end", np.int64),
        "event_confirmed": numbers("confirmed", np.int8),
        "event_variables": texts("variable"),
        "event_instruments": texts("instrument"),
    }


_ABOUT: Mapping[str, Mapping[str, Any]] = {
    "number": {"long_name": "Id of the event, in order of time over the deployment"},
    "end": {key: store.TIME_ATTRIBUTES[key] for key in ("units", "calendar")} | {"long_name": "End of the event"},
    "confirmed": {
        "long_name": "Whether several sensors showed it within three response times",
        "flag_values": np.array([0, 1], np.int8),
        "flag_meanings": "seen_by_one_sensor confirmed",
    },
}
