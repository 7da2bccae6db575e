"""Tasks whose results hang on a whole record: what checks learn from it, and the events of a deployment.

Each is a small file; what is made from it looks at the digest of its content, so that a late file which changes neither
a summary nor an event makes nothing else anew.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from lander import companions, derived, digests, quality, store
from lander.deployment import Deployment
from lander.donors import with_edges
from lander.engine import Task
from lander.inventory import Stream
from lander.stages import events, excursions, summary
from lander.stages.kept import EXCURSIONS, SUMMARY
from lander.stages.level2 import months_around
from qc.engine import reach
from qc.events import EventRule, rule_for
from qc.events import reach as reach_of_events
from qc.plan import Plan

Common = Mapping[str, Any]
Prepared = Sequence[tuple[Stream, Common]]
"""Streams, with what all months of each share."""


def events_path(deployment: Deployment) -> str:
    """File of a deployment's events."""
    return str(PurePosixPath(deployment.site, deployment.id, "events.nc"))


def summary_path(stream: Stream, variable: str) -> str:
    """File of what a variable's whole record taught."""
    return str(PurePosixPath(*stream.folder, "summary", f"{variable}.nc"))


@dataclass(frozen=True)
class _Watch:
    """A stream with sensors whose excursions make events: response time and resolution by variable."""

    stream: Stream
    common: Common
    plan: Plan
    rule: EventRule
    sensors: Mapping[str, Mapping[str, float]]

    def path(self, month: str) -> str:
        return store.month_path((*self.stream.folder, "excursions"), month)


def tasks(deployments: Iterable[Deployment], prepared: Prepared, second: Iterable[Task]) -> Iterator[Task]:
    """All passes, given the tasks of L2, of which those of derived variables take their inputs."""
    level2 = {task.output: task for task in second}
    for stream, common in prepared:
        for variable in common["summaries"]:
            yield from _summaries(stream, variable, common, level2)
    for deployment in deployments:
        own = [one for one in prepared if one[0].deployment.id == deployment.id]
        watches = [watch for stream, common in own if (watch := _watch(stream, common, own)) is not None]
        for watch in watches:
            yield from (_excursions(watch, month) for month in watch.stream.months)
        yield _events(deployment, own, watches)


def _names(common: Common) -> dict[str, Any]:
    return {key: common[key] for key in ("site", "deployment", "instrument", "stream")}


def _summaries(stream: Stream, variable: str, common: Common, level2: Mapping[str, Task]) -> Iterator[Task]:
    plan = Plan.from_json(common["plan"])
    checks = plan.only(variable)
    paths = []
    for month in stream.months:
        if variable in stream.made:
            params, inputs = _of_derived(variable, level2[stream.path("L2", month)], common)
        else:
            needs = [name for name in (variable, *plan.needs(variable)) if name in stream.measured]
            params, inputs = _bare(stream, month, needs, {**common, "plan": checks}, _halo_us(checks, stream))
        params = {**params, "learns": variable, "checks": checks.to_json(), "versions": quality.versions(checks, {})}
        paths.append(store.month_path((*stream.folder, "summary", variable), month))
        yield Task(paths[-1], summary.STAGE, summary.VERSION, inputs, params, summary.build_month)
    whole = {**_names(common), "months": paths, "checks": checks.to_json(), "versions": quality.versions(checks, {})}
    inputs = tuple(f"{path}#{SUMMARY}" for path in paths)
    yield Task(summary_path(stream, variable), summary.STAGE, summary.VERSION, inputs, whole, summary.build_whole)


def _of_derived(variable: str, task: Task, common: Common) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A month as L2 makes it, up to the derived variable and without its own checks."""
    rows = list(task.params["derived"])
    place = next((k for k, row in enumerate(rows) if row["name"] == variable), len(rows))
    groups = [] if place < len(rows) else task.params["groups"]
    later = {row["name"] for row in rows[place:]} | {name for row in groups for name in row["judged"]}
    plan = Plan.from_json(task.params["plan"])
    plan = Plan({name: plan.for_variable(name) for name in plan.variables if name not in later})
    summaries = {name: path for name, path in common["summaries"].items() if name not in later}
    dropped = {f"{path}#{SUMMARY}" for name, path in common["summaries"].items() if name in later}
    params = {**task.params, "plan": plan.to_json(), "derived": rows[: place + 1], "groups": groups, "fill": {}}
    # What people say of later values cannot reach this one; what they say of its inputs does.
    manual = [row for row in task.params["manual"] if row["variable"] not in later]
    return {**params, "summaries": summaries, "manual": manual}, tuple(one for one in task.inputs if one not in dropped)


def _bare(
    stream: Stream, month: str, variables: Sequence[str], common: Common, halo_us: int
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A month of measured variables, not judged, with what the checks of `common["plan"]` read of other streams."""
    neighbours = months_around(month)
    beside = companions.placed(companions.needed_by(common["plan"], common["companions"]), neighbours)
    paths = {side: stream.path("L1", when) if when in stream.files else None for side, when in neighbours.items()}
    params = {
        **_names(common),
        "month": month,
        "phase": common["phase"],
        "variables": list(variables),
        "halo_us": halo_us,
        "l1": paths,
        "plan": Plan({}).to_json(),
        "summaries": {},
        "events": None,
        "derived": [],
        "groups": [],
        "companions": beside,
        "manual": [],  # events are what sensors saw, whatever people say of single values
    }
    inputs = with_edges(paths, ("time", *variables), halo_us)
    return params, (f"{common['phase']}#phase", *inputs, *companions.inputs_of(beside, halo_us))


def _halo_us(plan: Plan, stream: Stream, further_seconds: float = 0.0) -> int:
    halo = reach(plan)
    seconds = max(halo.before_seconds, halo.after_seconds) + further_seconds + 10 * stream.step_seconds
    return min(round(seconds * 1e6), 27 * store.DAY_US)


def _watch(stream: Stream, common: Common, own: Prepared) -> _Watch | None:
    """Measured series of a stream whose response time people gave: only those can tell an event from a fault.

    Of several streams of one instrument with the same variable the finest counts: it is one sensor.
    """
    rule = rule_for(stream.step_seconds or 1.0)
    if rule is None:
        return None
    whole = Plan.from_json(common["plan"])
    order = (stream.step_seconds or 1.0, stream.name)
    finer = [one for one, _ in own if one.instrument.name == stream.instrument.name]
    finer = [one for one in finer if (one.step_seconds or 1.0, one.name) < order]
    found = {}
    for name, response in sorted(_responses(stream).items()):
        series = stream.measured.get(name) == ("time",) and name not in stream.made
        if series and whole.for_variable(name) and not any(name in one.measured for one in finer):
            found[name] = {"response_seconds": response, "resolution": quality.resolution_of(name)}
    plan = Plan({name: whole.for_variable(name) for name in found})
    return _Watch(stream, common, plan, rule, found) if found else None


def _responses(stream: Stream) -> dict[str, float]:
    """Response times by variable; that of a derived value is the one of the value it is derived from."""
    given = stream.instrument.response_times
    own = {derived.discover()[name].inputs[0]: given[name] for name in stream.derived if name in given}
    return {**own, **given}


def _excursions(watch: _Watch, month: str) -> Task:
    stream, common = watch.stream, watch.common
    halo_us = _halo_us(watch.plan, stream, reach_of_events(watch.rule).before_seconds)
    plan = quality.plan_of_month(watch.plan, month, halo_us)
    needed = [name for one in watch.sensors for name in (one, *plan.needs(one)) if name in stream.measured]
    params, inputs = _bare(stream, month, list(dict.fromkeys(needed)), {**common, "plan": plan}, halo_us)
    summaries = {name: path for name, path in common["summaries"].items() if name in watch.sensors}
    params |= {"plan": plan.to_json(), "summaries": summaries, "sensors": watch.sensors, "rule": asdict(watch.rule)}
    params["versions"] = quality.versions(plan, {})
    inputs += tuple(f"{path}#{SUMMARY}" for path in summaries.values())
    return Task(watch.path(month), excursions.STAGE, excursions.VERSION, inputs, params, excursions.build)


def _events(deployment: Deployment, own: Prepared, watches: Sequence[_Watch]) -> Task:
    found = {
        f"{watch.stream.instrument.name}.{name}": {
            "variable": name,
            "instrument": watch.stream.instrument.name,
            "response_seconds": sensor["response_seconds"],
            "rule": asdict(watch.rule),
            "paths": [watch.path(month) for month in watch.stream.months],
        }
        for watch in watches
        for name, sensor in watch.sensors.items()
    }
    widest = max((common["halo_us"] for _, common in own), default=0)
    # One of few widths: what one stream looks around must not make the events of all months anew.
    margins = [days * store.DAY_US for days in digests.EDGE_DAYS if days * store.DAY_US >= widest]
    params = {
        "site": deployment.site,
        "deployment": deployment.id,
        "sensors": found,
        "rule": asdict(EventRule()),
        "months": sorted({month for stream, _ in own for month in stream.months}),
        "margin_us": min(margins, default=27 * store.DAY_US),
    }
    inputs = tuple(f"{watch.path(month)}#{EXCURSIONS}" for watch in watches for month in watch.stream.months)
    return Task(events_path(deployment), events.STAGE, events.VERSION, inputs, params, events.build)
