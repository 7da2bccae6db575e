"""L1 -> where each sensor stood out in one month of one stream: what the deployment's events are made from."""

from pathlib import Path
from typing import Any

from lander import store
from lander.engine import Task
from lander.stages import level2
from lander.stages.kept import EXCURSIONS, text_column
from lander.store import Entry, Recipe, Table
from qc.events import EventRule, Seen, runs_of

STAGE = "excursions"
VERSION = 1


def build(root: Path, task: Task, recipe: Recipe) -> Entry:
    """Look for excursions in what the checks let pass, on the seafloor."""
    params = task.params
    month = level2.prepare(root, params)
    found: dict[str, Any] = {}
    for name, sensor in params["sensors"].items():
        if name in month.judged:
            traits = (sensor["response_seconds"], sensor["resolution"])
            phases = month.further["deployment_phase"]
            seen = Seen(month.time, month.values[name], *traits, month.judged[name].flags, phases)
            runs = runs_of(seen, EventRule(**params["rule"]), month.core)
            found[name] = [runs.start.tolist(), runs.end.tolist(), runs.strong.tolist()]
    about = "Runs of samples that stand out, by variable: start, end (us since 1970 UTC), whether by enough; as JSON"
    names = {key: params[key] for key in ("site", "deployment", "instrument", "stream")}
    columns = {EXCURSIONS: text_column(found, about)}
    return store.write(root, task.output, Table(columns, {**names, "processing_level": STAGE}), recipe)
