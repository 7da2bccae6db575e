"""First passes over a whole record: what each month teaches a check, and all months together."""

from pathlib import Path
from typing import Any

import numpy as np

from lander import phase, store
from lander.engine import Task
from lander.stages import level2
from lander.stages.kept import SUMMARY, Summaries, load_summaries, text_column
from lander.store import Entry, Recipe, Table
from qc.engine import learn, merge
from qc.plan import Plan

STAGE = "summary"
VERSION = 1


def build_month(root: Path, task: Task, recipe: Recipe) -> Entry:
    """Learn from one month of one variable: from what was measured on the seafloor, or where no phase is known."""
    params = task.params
    month = level2.prepare(root, params)
    known = month.further["deployment_phase"]
    below = (known == phase.SEAFLOOR) | (known == phase.UNKNOWN)
    variables: dict[str, Any] = {**month.values, **month.further}
    name = params["learns"]
    found: Summaries = {}
    if name in variables:
        value = variables[name]
        variables[name] = np.where(below.reshape(-1, *[1] * (value.ndim - 1)), value, np.nan)
        found = learn(month.time, variables, Plan.from_json(params["checks"]), month.core)
    return _write(root, task, recipe, found)


def build_whole(root: Path, task: Task, recipe: Recipe) -> Entry:
    """Put the months of one variable together, in order of time."""
    parts = [load_summaries(root, [path]) for path in task.params["months"] if (root / path).exists()]
    return _write(root, task, recipe, merge(parts, Plan.from_json(task.params["checks"])))


def _write(root: Path, task: Task, recipe: Recipe, found: Summaries) -> Entry:
    columns = {SUMMARY: text_column(found, "What checks learnt from the record, by variable and check, as JSON")}
    names = {key: task.params[key] for key in ("site", "deployment", "instrument", "stream")}
    return store.write(root, task.output, Table(columns, {**names, "processing_level": STAGE}), recipe)
