"""Which files the store must hold, and what each hangs on: tasks from configuration and index. No science, no I/O."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ingest import vocabulary
from lander import clock, companions, manual_flags, passes, quality, store
from lander import derived as derived_quantities
from lander import product as products
from lander.deployment import ArchiveConfig, Deployment
from lander.donors import donor_inputs, donor_of, group_params, judged_outputs, placed_in, with_edges
from lander.engine import Task
from lander.errors import ConfigError
from lander.inventory import AmbiguousVariableError, Stream, phase_path, provider
from lander.stages import level1, level2, level3, phase
from lander.stages.kept import SUMMARY, events_of_month
from lander.stages.level2 import months_around
from qc.engine import reach
from qc.plan import Plan


def deployments_of(task: Task) -> frozenset[str]:
    """Deployments whose samples a task takes."""
    segments = task.params.get("segments", ())
    return frozenset(segment["deployment"] for segment in segments) or frozenset((task.params["deployment"],))


def problems(tasks: Iterable[Task]) -> dict[str, str]:
    """By stream, what cannot be derived or judged as it was asked for, and why."""
    found = {task.output.partition("/L2/")[0]: task.params.get("problems", ()) for task in tasks if task.stage == "L2"}
    return {stream: "; ".join(sentences) for stream, sentences in found.items() if sentences}


def later_tasks(config: ArchiveConfig, streams: Sequence[Stream]) -> list[Task]:
    """All that comes after L1."""
    phases = [phase_task(deployment, streams) for deployment in config.deployments]
    prepared = [(stream, _common(config, stream, streams)) for stream in streams]
    companions.require_no_circle(prepared)
    second = [task for stream, common in prepared for task in _level2_of(stream, common)]
    return [
        *phases,
        *passes.tasks(config.deployments, prepared, second),
        *second,
        *level3_tasks(config, streams),
    ]


def level1_tasks(streams: Sequence[Stream]) -> Iterator[Task]:
    """One task a stream and month: merge what the raw files gave."""
    for stream in streams:
        for month in stream.months:
            yield _level1(stream, month)


def _level1(stream: Stream, month: str) -> Task:
    instrument = stream.instrument
    knots = clock.knots(instrument.clock_checks)
    parts = [
        {
            "path": raw.path,
            "sha256": raw.sha256,
            "recipe": raw.recipe,
            "priority": raw.priority,
            "digest": raw.streams[stream.name]["months"][month]["digest"],
        }
        for raw in stream.files[month]
    ]
    params = {
        "site": stream.deployment.site,
        "deployment": stream.deployment.id,
        "instrument": instrument.name,
        "stream": stream.name,
        "month": month,
        "model": instrument.model,
        "serial": instrument.serial,
        "clock_knots": [knots.instrument.tolist(), knots.utc.tolist()],
        "parts": parts,
    }
    return Task(stream.path("L1", month), level1.STAGE, level1.VERSION, (), params, level1.build)


def phase_task(deployment: Deployment, streams: Sequence[Stream]) -> Task:
    """Find the deployment's phases from its pressure records."""
    own = [stream for stream in streams if stream.deployment.id == deployment.id]
    records = [
        {
            "instrument": stream.instrument.name,
            "variable": variable,
            "paths": [stream.path("L1", month) for month in stream.months],
        }
        for variable in ("pressure", "absolute_pressure")
        for stream in sorted(own, key=lambda one: (one.step_seconds or np.inf, one.folder))
        if len(stream.measured.get(variable, ())) == 1
    ]
    wanted = deployment.primary.get("pressure")
    records.sort(key=lambda record: record["instrument"] != wanted)
    params = {
        "site": deployment.site,
        "deployment": deployment.id,
        "start": _us(deployment.start),
        "end": _us(deployment.end),
        "water_depth": deployment.water_depth,
        "touchdown": _us_or_none(deployment.touchdown),
        "liftoff": _us_or_none(deployment.liftoff),
        "records": records,
    }
    inputs = tuple(
        f"{path}#{name}" for record in records for path in record["paths"] for name in ("time", record["variable"])
    )
    return Task(phase_path(deployment), phase.STAGE, phase.VERSION, inputs, params, phase.build)


def level2_tasks(config: ArchiveConfig, streams: Sequence[Stream]) -> Iterator[Task]:
    """One task a stream and month: flags, derived values, filled values."""
    for stream in streams:
        yield from _level2_of(stream, _common(config, stream, streams))


def _level2_of(stream: Stream, common: Mapping[str, Any]) -> Iterator[Task]:
    plan = Plan.from_json(common["plan"])
    for month in stream.months:
        yield _level2(stream, month, common, quality.plan_of_month(plan, month, common["halo_us"]))


def _common(config: ArchiveConfig, stream: Stream, streams: Sequence[Stream]) -> Mapping[str, Any]:
    """Parameters that all months of a stream share."""
    plan, fill = quality.effective_plan(config, stream), _fill_of(config, stream)
    derived, problems = _derived_params(stream, streams)
    beside, unfound = companions.companions_of(plan, stream, streams)
    return {
        "site": stream.deployment.site,
        "deployment": stream.deployment.id,
        "instrument": stream.instrument.name,
        "stream": stream.name,
        "phase": phase_path(stream.deployment),
        "events": passes.events_path(stream.deployment),
        "summaries": {name: passes.summary_path(stream, name) for name in quality.learned(plan)},
        "variables": _named(stream),
        "step_seconds": stream.step_seconds,
        "halo_us": _halo_us(plan, fill, stream),
        "plan": plan.to_json(),
        "fill": fill,
        "versions": quality.versions(plan, fill),
        "derived": derived,
        "groups": [group_params(name, stream, streams) for name in stream.groups],
        "companions": beside,
        "problems": problems + unfound,
        "manual": manual_flags.rows_of(config.flags.active, stream),
    }


def _named(stream: Stream) -> list[str]:
    return [name for name in stream.measured if name in vocabulary.table()]


def _fill_of(config: ArchiveConfig, stream: Stream) -> dict[str, dict[str, Any]]:
    names = {*_named(stream), *stream.derived, *judged_outputs(stream)}
    return {
        name: {"method": rule.method, "cap_seconds": rule.cap_seconds}
        for name, rule in config.fill.items()
        if name in names and rule.cap_seconds > 0
    }


def halo_of(config: ArchiveConfig, stream: Stream) -> int:
    """How far around a month its L2 looks, in us."""
    return _halo_us(quality.effective_plan(config, stream), _fill_of(config, stream), stream)


def _derived_params(stream: Stream, streams: Sequence[Stream]) -> tuple[list[dict[str, Any]], list[str]]:
    found, problems = [], []
    for name in stream.derived:
        quantity = derived_quantities.discover()[name]
        donors: dict[str, Any] = {}
        for variable in quantity.matched:
            try:
                donor = stream if _has(stream, variable) else provider(variable, stream.deployment, streams)
            except AmbiguousVariableError as error:
                problems.append(f"{name}: {error}")
                donor = None
            if donor is not None and donor is not stream:
                donors[variable] = donor_of(donor, variable)
            elif donor is None:
                donors[variable] = None
        settings = {
            key: stream.instrument.settings[key] for key in quantity.settings if key in stream.instrument.settings
        }
        found.append({"name": name, "version": quantity.version, "donors": donors, "settings": settings})
    return found, problems


def _has(stream: Stream, variable: str) -> bool:
    return variable in stream.measured or variable in stream.derived


def _level2(stream: Stream, month: str, common: Mapping[str, Any], plan: Plan) -> Task:
    neighbours = months_around(month)
    halo_us = common["halo_us"]
    paths = {side: stream.path("L1", when) if when in stream.files else None for side, when in neighbours.items()}
    inputs = [f"{common['phase']}#phase", *with_edges(paths, ("time", *common["variables"]), halo_us)]
    inputs += [f"{common['events']}#{events_of_month(month)}"]
    inputs += [f"{path}#{SUMMARY}" for path in common["summaries"].values()]
    derived = [placed_in(row, neighbours) for row in common["derived"]]
    groups = [placed_in(row, neighbours) for row in common["groups"]]
    for row in derived:
        inputs += donor_inputs(row, halo_us)
    for row in groups:
        inputs += [f"{stream.path('L1', month)}#{name}" for name in row["fixed"]]
        inputs += donor_inputs(row, halo_us)
    beside = companions.placed(companions.needed_by(plan, common["companions"]), neighbours)
    inputs += companions.inputs_of(beside, halo_us)
    manual = manual_flags.of_month(common["manual"], month, halo_us)
    params = {**common, "plan": plan.to_json(), "derived": derived, "groups": groups, "month": month, "l1": paths}
    params |= {"manual": manual, "companions": beside}
    return Task(stream.path("L2", month), level2.STAGE, level2.VERSION, tuple(inputs), params, level2.build)


_LONGEST_HALO_US = 27 * store.DAY_US


def _halo_us(plan: Plan, fill: Mapping[str, Mapping[str, Any]], stream: Stream) -> int:
    """How far around a month its flags, derived and filled values look.

    Twice the reach of the checks, as derived values are judged after what they are derived from; and the longest gap.
    """
    around_sample = reach(plan)
    seconds = max(around_sample.before_seconds, around_sample.after_seconds)
    cap = max((rule["cap_seconds"] for rule in fill.values()), default=0.0)
    halo_us = round((2 * seconds + cap + 10 * stream.step_seconds) * 1e6)
    if halo_us > _LONGEST_HALO_US:
        raise ConfigError(
            f"{stream.deployment.id}/{stream.instrument.name}: quality control and filling look "
            f"{halo_us / store.DAY_US:.1f} days around a sample, at most 27 can be: shorten the longest duration in "
            "`qc:`, the cap in `fill:`, or correct `sampling_interval`"
        )
    return halo_us


def level3_tasks(config: ArchiveConfig, streams: Sequence[Stream]) -> Iterator[Task]:
    """One task a site, product, variable and month, over all deployments of the site."""
    for site in config.sites:
        own = [stream for stream in streams if stream.deployment.site == site.code]
        for variable in sorted({name for stream in own for name in stream.products}):
            chosen = [stream for stream in providers(variable, own) if variable in stream.products]
            for product in products.discover().values():
                for month, there in sorted(_streams_by_month(chosen, product).items()):
                    yield _level3(site.code, product, variable, month, there)


def providers(variable: str, streams: Sequence[Stream]) -> Iterator[Stream]:
    """The stream that counts for a variable, by deployment; none where several do and nobody chose."""
    deployments = {stream.deployment.id: stream.deployment for stream in streams}
    for deployment in deployments.values():
        try:
            found = provider(variable, deployment, streams)
        except AmbiguousVariableError:
            continue
        if found is not None:
            yield found


def _streams_by_month(streams: Sequence[Stream], product: products.Product) -> Mapping[str, Sequence[Stream]]:
    """Months with rows, and whose: those with samples, and the next where a bin is stamped beyond the month's end."""
    found: dict[str, list[Stream]] = {}
    for stream in streams:
        last = np.array([stream.last(month) for month in stream.months], dtype=np.int64)
        reached = map(str, product.rule.stamps(last).astype("datetime64[us]").astype("datetime64[M]"))
        for month in {*stream.months, *reached}:
            found.setdefault(month, []).append(stream)
    return found


def _level3(site: str, product: products.Product, variable: str, month: str, streams: Sequence[Stream]) -> Task:
    rule = product.rule
    reach_us = {"before": rule.before_us, "this": rule.width_us, "after": rule.after_us}
    sides = {side: when for side, when in months_around(month).items() if reach_us[side]}
    segments, inputs = [], []
    for stream in streams:
        months = {side: when for side, when in sides.items() if when in stream.files}
        level = stream.level_of(variable)
        values = {side: stream.path(level, when) for side, when in months.items()}
        flags = {side: stream.path("L2", when) for side, when in months.items()}
        segments.append(_segment(stream, values, flags) | _profile(stream, variable, list(months.values())))
        inputs += [f"{segment['profile']['measured']}#cell_distance" for segment in segments[-1:]
                   if segment.get("profile", {}).get("stands")]  # fmt: skip
        inputs += with_edges(values, ("time", variable), rule.reach_us)
        inputs += with_edges(flags, (f"{variable}_qc",), rule.reach_us)
    params = {
        "site": site,
        "product": product.name,
        "product_version": product.version,
        "variable": variable,
        "month": month,
        "segments": segments,
    }
    output = store.month_path((site, "L3", product.name, variable), month)
    return Task(output, level3.STAGE, level3.VERSION, tuple(inputs), params, level3.build)


def _segment(stream: Stream, values: Mapping[str, str], flags: Mapping[str, str]) -> dict[str, Any]:
    deployment = stream.deployment
    return {
        "deployment": deployment.id,
        "instrument": stream.instrument.name,
        "latitude": deployment.position.latitude,
        "longitude": deployment.position.longitude,
        "height_above_seafloor": stream.instrument.height_above_seafloor,
        "values": dict(values),
        "flags": dict(flags),
    }


def _profile(stream: Stream, variable: str, months: Sequence[str]) -> dict[str, Any]:
    """Of a profile: where its cells are told, and how the instrument stands, as far as that is known."""
    if "cell" not in stream.variables[variable]:
        return {}
    measured = stream.path("L1", months[0])
    return {"profile": {"measured": measured, "stands": stream.stands if "cell_distance" in stream.fixed else None}}


def _us(moment: np.datetime64) -> int:
    return int(moment.astype("datetime64[us]").astype(np.int64))


def _us_or_none(moment: np.datetime64 | None) -> int | None:
    return None if moment is None else _us(moment)
