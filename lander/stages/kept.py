"""Results of whole records, as other stages read them: texts, by whose digests what hangs on them is told current."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lander import store
from lander.store import Column
from qc.events import Event, Runs

SUMMARY = "summary"
EXCURSIONS = "excursions"

Summaries = dict[str, dict[str, list[Mapping[str, Any]]]]
"""variable -> check -> what each column taught; see `qc.engine.merge`."""


def events_of_month(month: str) -> str:
    """Variable of a deployment's events that holds those of a month and its margin."""
    return f"month_{month}"


def text_column(content: Any, long_name: str) -> Column:
    """Anything JSON knows as a variable of one text, the same for equal content."""
    text = json.dumps(content, sort_keys=True, allow_nan=False)
    return Column(np.array([text], dtype=object), ("one",), {"long_name": long_name})


def _read(root: Path, path: str, name: str) -> Any:
    return json.loads(str(store.read(root / path, [name])[name].data[0]))


def load_summaries(root: Path, paths: Sequence[str]) -> Summaries:
    """What whole records, or parts of them, taught."""
    found: Summaries = {}
    for path in paths:
        found |= _read(root, path, SUMMARY)
    return found


def load_runs(root: Path, path: str, variable: str) -> Runs:
    """Where one variable stood out in one month."""
    start, end, strong = _read(root, path, EXCURSIONS).get(variable, ([], [], []))
    return Runs(np.array(start, np.int64), np.array(end, np.int64), np.array(strong, bool))


def load_events(root: Path, path: str, month: str) -> tuple[Event, ...]:
    """Events of a month and its margin; none where their file could not be made."""
    if not (root / path).exists():
        return ()
    rows = _read(root, path, events_of_month(month))
    return tuple(Event(number, start, end, tuple(labels)) for number, start, end, labels in rows)
