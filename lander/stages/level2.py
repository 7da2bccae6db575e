"""L1 -> L2: flags of what was measured, derived values and their flags, filled values. Repeats nothing of L1."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lander import derived as derived_quantities
from lander import manual_flags, packing, phase, store
from lander.derived import Derived, Donor, Flagged, derive, match, worst
from lander.engine import Task
from lander.stages import companions, groups
from lander.stages.kept import Summaries, load_events, load_summaries
from lander.stages.level1 import encoding
from lander.stages.phase import load as load_phase
from lander.stages.rows import Window, read_window
from lander.store import Column, Entry, Recipe, Table
from qc import filler as fillers
from qc.check import PHASE, RECORD
from qc.engine import Judged, judge
from qc.events import Event, event_ids, keep_confirmed
from qc.flags import MISSING, UNKNOWN, Flags, flag_attributes, tests_attributes
from qc.gaps import FillTable, GapRule, fill_gaps, learn_gaps, merge_gaps
from qc.plan import Plan

STAGE = "L2"
VERSION = 2


@dataclass(frozen=True)
class Heard:
    """What people said of a variable: ids of their entries (n,), and the flags without them; `judged` by any test."""

    ids: NDArray[np.int32]
    automatic: Flags
    judged: bool


@dataclass
class Month:
    """What is known of the samples of one month and its halo, by variable, each of shape (n, ...)."""

    window: Window
    values: dict[str, NDArray[Any]]
    further: Mapping[str, NDArray[Any]]
    events: tuple[Event, ...] = ()
    summaries: Summaries = field(default_factory=dict)
    judged: dict[str, Judged] = field(default_factory=dict)
    heard: dict[str, Heard] = field(default_factory=dict)

    @property
    def time(self) -> NDArray[np.int64]:
        """Microseconds since 1970-01-01 UTC."""
        return self.window.time

    @property
    def core(self) -> slice:
        """Samples of the month itself."""
        return self.window.core


def build(root: Path, task: Task, recipe: Recipe) -> Entry:
    """Judge, derive and fill one month of one stream and write its L2 file."""
    params = task.params
    month = prepare(root, params)
    plan = Plan.from_json(params["plan"])
    time = month.time[month.core]
    columns = {"time": store.time_column(time)}
    columns["event"] = Column(event_ids(time, month.events), ("time",), _EVENT_ATTRIBUTES)
    columns |= _record_columns(month, plan)
    columns |= _derived_columns(month, params)
    columns |= _flag_columns(month, plan, params)
    for name, rule in params["fill"].items():
        if name in month.judged and month.values[name].ndim == 1:
            columns |= _fill_columns(name, _fill(month, name, rule, params), rule["method"])
    return store.write(root, task.output, Table(columns, _attributes(params, plan)), recipe)


def prepare(root: Path, params: Mapping[str, Any]) -> Month:
    """Read, judge and derive what a task's parameters name, of one month and its halo."""
    window = read_window(root, params["l1"], params["variables"], params["halo_us"])
    plan = Plan.from_json(params["plan"])
    phases, _ = load_phase(root, params["phase"])
    beside = companions.read(root, window.time, params["companions"], params["halo_us"])
    month = Month(window, _values(window), {PHASE: phase.at(window.time, phases), **beside})
    if params["events"] is not None:
        month.events = load_events(root, params["events"], params["month"])
    month.summaries = load_summaries(root, tuple(params["summaries"].values()))
    _judge(month, plan, tuple(params["variables"]))
    # Of what is measured and then derived under the same name, people see and mean the derived.
    made = {name for row in params["groups"] for name in row["outputs"]}
    _hear(month, params["manual"], [name for name in params["variables"] if name not in made])
    for row in params["derived"]:
        _derive(root, month, row, params)
        _judge(month, plan, (row["name"],))
        _bound_by_inputs(month, row["name"])
        _hear(month, params["manual"], (row["name"],))
    for row in params["groups"]:
        _derive_group(root, month, row, params)
        _judge(month, plan, tuple(row["judged"]))
        for name in row["outputs"]:
            _bound_by_inputs(month, name)
        _hear(month, params["manual"], row["outputs"])
    return month


def _values(window: Window) -> dict[str, NDArray[Any]]:
    return {name: np.asarray(column.values(), dtype=np.float64) for name, column in window.columns.items()}


def _judge(month: Month, plan: Plan, names: tuple[str, ...]) -> None:
    for name in names:
        if name in month.values and plan.for_variable(name):
            variables = {**month.values, **month.further}
            found = judge(month.time, variables, plan.only(name), summaries=month.summaries)[name]
            month.judged[name] = Judged(found.tests, _settled(month, found.flags))


def _settled(month: Month, flags: Flags) -> Flags:
    """The flags of one variable after all that has a say by itself, in this order: tests, then events.

    What people say comes last and wins, also over the bounds that inputs set: `_hear`.
    """
    if any(one.confirmed for one in month.events):
        flags = keep_confirmed(flags, month.time, month.events)
    return flags


def _hear(month: Month, manual: Sequence[manual_flags.Row], names: Iterable[str]) -> None:
    """Let manual flags win; what is derived later goes by them."""
    for name in names:
        month.heard.pop(name, None)
        rows = [row for row in manual if row["variable"] == name]
        if not rows or name not in month.values:
            continue
        judged = month.judged.get(name) or _unjudged(month.values[name])
        settled = manual_flags.settle(month.time, judged.flags, rows)
        if settled.ids.any():
            month.heard[name] = Heard(settled.ids, judged.flags, name in month.judged)
            month.judged[name] = Judged(judged.tests, settled.flags)


def _unjudged(value: NDArray[Any]) -> Judged:
    """What no test is planned for."""
    flags = np.where(np.isnan(value), np.int8(MISSING), np.int8(UNKNOWN))
    return Judged(np.zeros(value.shape, np.uint64), flags)


_EVENT_ATTRIBUTES = {
    "long_name": "Id of the event during which the record was taken, 0 for none",
    "comment": "events.nc of the deployment tells of each event",
}


def _record_columns(month: Month, plan: Plan) -> dict[str, Column]:
    """What the tests of the record itself say."""
    if not plan.for_variable(RECORD):
        return {}
    variables = {**month.values, **month.further, RECORD: np.broadcast_to(0.0, month.time.shape)}
    tests = judge(month.time, variables, plan.only(RECORD), month.core)[RECORD].tests
    about = tests_attributes("the record", {one.check: one.slot for one in plan.for_variable(RECORD)})
    return {f"{RECORD}_qc_tests": Column(tests, ("time",), about)}


def _derive(root: Path, month: Month, row: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """Compute one derived quantity where all its inputs are good; a missing one gives no value and flag 9."""
    quantity = derived_quantities.discover()[row["name"]]
    values, flags = {}, {}
    for name in quantity.needs:
        donor = row["donors"].get(name)
        found = _matched(root, month.time, name, donor, params) if name in row["donors"] else _own(month, name)
        values[name], flags[name] = found.value, found.flags
    result = derive(quantity, values, flags, row["settings"])
    # What is stored is what is judged: the value as the store packs it.
    packed, encoded = packing.pack(row["name"], result.value)
    month.values[row["name"]] = packing.unpack(packed, encoded)
    month.judged[f"{row['name']}#inputs"] = Judged(np.zeros(result.flags.shape, np.uint64), result.flags)


def _derive_group(root: Path, month: Month, row: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """Compute what is derived together; it takes the place of what was measured under the same name."""
    untested = {name for name, heard in month.heard.items() if not heard.judged}
    judged = {name: one for name, one in month.judged.items() if name not in untested}
    seen = groups.Seen(month.time, month.values, judged, _said(month))
    for name, found in groups.derive(root, seen, row, params).items():
        packed, encoded = packing.pack(name, found.value)
        month.values[name] = packing.unpack(packed, encoded)
        month.judged.pop(name, None)
        month.judged[f"{name}#inputs"] = Judged(np.zeros(found.flags.shape, np.uint64), found.flags)


def _said(month: Month) -> dict[str, Flags]:
    """Manual flags by variable, -1 where nobody said anything."""
    found = {}
    for name, heard in month.heard.items():
        flags = month.judged[name].flags
        there = (heard.ids > 0).reshape(-1, *[1] * (flags.ndim - 1))
        found[name] = np.where(there, flags, np.int8(-1))
    return found


def _own(month: Month, name: str) -> Flagged:
    if name not in month.judged:
        return _nothing(month.time)
    return Flagged(month.values[name], month.judged[name].flags)


def _nothing(time: NDArray[np.int64]) -> Flagged:
    return Flagged(np.full(time.shape, np.nan), np.full(time.shape, MISSING, np.int8))


def _matched(
    root: Path, time: NDArray[np.int64], name: str, donor: Mapping[str, Any] | None, params: Mapping[str, Any]
) -> Flagged:
    """Another instrument's good values at these times."""
    if donor is None:
        return _nothing(time)
    halo_us = params["halo_us"] + donor["largest_gap_us"]
    values = read_window(root, donor["values"], [name], halo_us)
    flags = read_window(root, donor["flags"], [f"{name}_qc"], halo_us)
    if name not in values.columns or f"{name}_qc" not in flags.columns:
        return _nothing(time)
    return match(time, Donor(values.time, values.values(name), flags.values(f"{name}_qc")), donor["largest_gap_us"])


@cache
def months_around(month: str) -> Mapping[str, str]:
    """A month and the ones beside it."""
    this = np.datetime64(month, "M")
    return {"before": str(this - 1), "this": month, "after": str(this + 1)}


def _bound_by_inputs(month: Month, name: str) -> None:
    """A derived value is never better than the worst of its inputs."""
    inputs = month.judged.pop(f"{name}#inputs").flags
    own = month.judged.get(name, Judged(np.zeros(inputs.shape, np.uint64), inputs))
    month.judged[name] = Judged(own.tests, worst(own.flags, inputs))


def _derived_columns(month: Month, params: Mapping[str, Any]) -> dict[str, Column]:
    """Derived values, one by one and in groups."""
    columns: dict[str, Column] = {}

    def add(name: str, dims: tuple[str, ...], method: str, references: Sequence[str]) -> None:
        packed, _ = packing.pack(name, month.values[name][month.core])
        about = {"comment": method, "references": "; ".join(references), "ancillary_variables": f"{name}_qc"}
        columns[name] = Column(packed, dims, {**encoding(name), **about})

    for row in params["derived"]:
        quantity: Derived = derived_quantities.discover()[row["name"]]
        add(row["name"], ("time",), quantity.method, quantity.references)
    for row in params["groups"]:
        for name, dims in row["outputs"].items():
            add(name, tuple(dims), row["method"], groups.references(row))
    return columns


def _flag_columns(month: Month, plan: Plan, params: Mapping[str, Any]) -> dict[str, Column]:
    """The flag of every value that was judged, and what each test said of it."""
    columns: dict[str, Column] = {}
    together = {name: tuple(dims) for row in params["groups"] for name, dims in row["outputs"].items()}
    for name, judged in sorted(month.judged.items()):
        heard = month.heard.get(name)
        if heard is not None and not heard.judged and not heard.ids[month.core].any():
            continue  # no test looks at it, and what people said lies in a month beside this one
        stored = month.window.columns
        measured = stored[name].dims if name in stored else ("time",)
        dims = together.get(name, measured)
        slots = {planned.check: planned.slot for planned in plan.for_variable(name)}
        columns[f"{name}_qc"] = Column(judged.flags[month.core], dims, flag_attributes(encoding(name)["long_name"]))
        columns[f"{name}_qc_tests"] = Column(
            judged.tests[month.core], dims, tests_attributes(encoding(name)["long_name"], slots)
        )
        columns |= _manual_columns(month, name, dims)
    return columns


def _manual_columns(month: Month, name: str, dims: tuple[str, ...]) -> dict[str, Column]:
    """Who said what, and what the flag was without them; nothing where nobody did."""
    heard = month.heard.get(name)
    if heard is None or not heard.ids[month.core].any():
        return {}
    of = encoding(name)["long_name"]
    about = {**flag_attributes(of), "long_name": f"Quality flag before manual ones of: {of}"}
    return {
        f"{name}{manual_flags.ID_SUFFIX}": Column(heard.ids[month.core], ("time",), manual_flags.id_attributes(of)),
        f"{name}{manual_flags.AUTOMATIC_SUFFIX}": Column(heard.automatic[month.core], dims, about),
    }


def _fill(month: Month, name: str, rule: Mapping[str, Any], params: Mapping[str, Any]) -> FillTable:
    """Fill the gaps of the month, from what the month and its halo teach."""
    value, flags = month.values[name], month.judged[name].flags
    gaps = GapRule(fillers.discover()[rule["method"]], rule["cap_seconds"], params["step_seconds"])
    summary = merge_gaps([learn_gaps(month.time, value, flags, gaps)], gaps.filler)
    return fill_gaps(month.time, value, flags, gaps, summary, span=store.month_bounds(params["month"]))


def _fill_columns(name: str, table: FillTable, method: str) -> dict[str, Column]:
    dims = (f"{name}_fill",)
    packed, _ = packing.pack(name, table.value)
    code = fillers.discover()[method].code
    sigma = {"long_name": f"1 sigma of filled {name}", "units": encoding(name)["units"]}
    about = {
        "long_name": f"Method that filled {name}",
        "flag_values": np.array([code], np.int8),
        "flag_meanings": method,
    }
    return {
        f"{name}_fill_time": Column(table.time, dims, {**store.TIME_ATTRIBUTES, "long_name": f"Time of filled {name}"}),
        f"{name}_filled": Column(packed, dims, encoding(name)),
        f"{name}_filled_uncertainty": Column(table.uncertainty.astype(np.float32), dims, sigma),
        f"{name}_fill_method": Column(table.method.astype(np.int8), dims, about),
    }


def _attributes(params: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    attributes = {
        "Conventions": "CF-1.11",
        "processing_level": "L2",
        "site": params["site"],
        "deployment": params["deployment"],
        "instrument": params["instrument"],
        "stream": params["stream"],
        "data_mode": "P",
        "qc_plan": plan.to_json(),
    }
    if params["problems"]:
        attributes["problems"] = "; ".join(params["problems"])
    return attributes
