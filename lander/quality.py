"""Quality control of a stream: which checks judge what, from the configuration and what the stream holds."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np

from ingest import vocabulary
from lander import store
from lander.config import merged_qc
from lander.deployment import ArchiveConfig, Disturbance, QcRules
from lander.inventory import Stream
from qc import check as checks
from qc import filler as fillers
from qc.check import RECORD, VariableTraits
from qc.plan import Plan, Planned

_DISTURBANCE = "disturbance"


def effective_plan(config: ArchiveConfig, stream: Stream) -> Plan:
    """Quality control of a stream: defaults by variable and resolution, changed by site and instrument.

    The disturbances that the deployment's configuration names doubt all that their instruments measured meanwhile,
    except where the check `disturbance` is off.
    """
    rules = merged_qc(config, stream.deployment, stream.instrument)
    names = [name for name in stream.variables if _judged(name, stream, rules)]
    traits = {name: _traits(vocabulary.lookup(name), stream) for name in names}
    overrides: dict[str, dict[str, object]] = {name: {**rules.get(name, {})} for name in traits}
    disturbed = disturbances(stream)
    for settings in overrides.values():
        if disturbed and settings.get(_DISTURBANCE) != "off":
            settings[_DISTURBANCE] = _with_disturbances(settings.get(_DISTURBANCE, {}), disturbed)
    traits[RECORD] = VariableTraits(sampling_seconds=stream.step_seconds or None)
    of_record = rules.get(RECORD, {})
    plan = Plan.build({**overrides, RECORD: of_record}, traits)
    found = checks.discover()
    # By default a platform's angles are looked at where the stream has them; who names a check means it.
    record = [
        one
        for one in plan.for_variable(RECORD)
        if one.check in of_record or set(found[one.check].needs(one.params)) <= {*stream.measured}
    ]
    return Plan({**plan.checks, RECORD: tuple(record)})


class PlanRow(NamedTuple):
    """One check at work: of which deployment, instrument, stream and variable, and with which parameters."""

    deployment: str
    instrument: str
    stream: str
    variable: str
    check: str
    required: bool
    parameters: Mapping[str, Any]


def plan_rows(config: ArchiveConfig, streams: Iterable[Stream]) -> Iterator[PlanRow]:
    """The effective plans of streams, check by check."""
    for stream in streams:
        plan = effective_plan(config, stream)
        for variable in plan.variables:
            for one in plan.for_variable(variable):
                owner = (stream.deployment.id, stream.instrument.name, stream.name)
                yield PlanRow(*owner, variable, one.check, one.required, asdict(one.params))


def disturbances(stream: Stream) -> tuple[Disturbance, ...]:
    """What disturbed the stream's instrument, by the configuration of its deployment."""
    name = stream.instrument.name
    return tuple(one for one in stream.deployment.disturbances if not one.instruments or name in one.instruments)


def _with_disturbances(setting: Any, disturbed: tuple[Disturbance, ...]) -> dict[str, object]:
    own = tuple(setting.get("intervals", ()))
    reasons = (*setting.get("reasons", ("",) * len(own)), *(one.reason for one in disturbed))
    intervals = (*own, *((_iso(one.start), _iso(one.end)) for one in disturbed))
    return {**setting, "intervals": intervals, "reasons": reasons}


def _iso(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[us]"))


def plan_of_month(plan: Plan, month: str, halo_us: int) -> Plan:
    """The plan with those disturbances alone that reach a month or what is looked at around it.

    So a visit that somebody enters later makes anew the months that it touched, and no others.
    """
    start, end = store.month_bounds(month)
    near = {name: _near(plan.for_variable(name), start - halo_us, end + halo_us) for name in plan.variables}
    return Plan({name: tuple(planned) for name, planned in near.items()})


def _near(planned: tuple[Planned, ...], start: int, end: int) -> list[Planned]:
    found = []
    for one in planned:
        kept = one
        if one.check == _DISTURBANCE:
            kept = replace(one, params=one.params.within(start, end))
            if not kept.params.intervals:
                continue
        found.append(kept)
    return found


def versions(plan: Plan, fill: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Versions of the checks and fillers at work."""
    planned = {one.check for name in plan.variables for one in plan.for_variable(name)}
    methods = {rule["method"] for rule in fill.values()}
    found = {f"check {name}": checks.discover()[name].version for name in planned}
    return found | {f"filler {name}": fillers.discover()[name].version for name in methods}


def learned(plan: Plan) -> tuple[str, ...]:
    """Variables of which some check needs statistics of the whole record."""
    found = checks.discover()
    return tuple(
        name
        for name in plan.variables
        if any(found[one.check].learns(one.params) for one in plan.for_variable(name))
    )


def resolution_of(name: str) -> float:
    """Smallest difference that records of a variable show, in its units; 0 where it is not known."""
    return vocabulary.lookup(name).resolution or 0.0


def _judged(name: str, stream: Stream, rules: QcRules) -> bool:
    """Measured quantities along time, and along cells; counts of beams where the configuration asks for it."""
    if name in rules or name in stream.judged:
        return True
    variable = vocabulary.table().get(name)
    measured = name in stream.measured and name not in stream.made
    return measured and variable is not None and variable.step is not None and len(stream.measured[name]) <= 2


def _traits(variable: vocabulary.Variable, stream: Stream) -> VariableTraits:
    return VariableTraits(
        sampling_seconds=stream.step_seconds or 1.0,
        valid_min=variable.valid_min,
        valid_max=variable.valid_max,
        resolution=variable.resolution,
        response_seconds=stream.instrument.response_times.get(variable.name),
    )
