"""L1 -> L2: flags of what was measured, derived values and their flags, filled values. Repeats nothing of L1."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lander import derived as derived_quantities
from lander import packing, phase, store
from lander.derived import Derived, Donor, Flagged, derive, match, worst
from lander.engine import Task
from lander.stages.level1 import encoding
from lander.stages.phase import load as load_phase
from lander.stages.rows import Window, read_window
from lander.store import Column, Entry, Recipe, Table
from qc import filler as fillers
from qc.engine import Judged, judge
from qc.flags import MISSING, flag_attributes, tests_attributes
from qc.gaps import FillTable, GapRule, fill_gaps, learn_gaps, merge_gaps
from qc.plan import Plan

STAGE = "L2"
VERSION = 1


@dataclass
class _Month:
    """What is known of the samples of one month and its halo, by variable, each of shape (n, ...)."""

    time: NDArray[np.int64]
    core: slice
    values: dict[str, NDArray[Any]] = field(default_factory=dict)
    judged: dict[str, Judged] = field(default_factory=dict)


def build(root: Path, task: Task, recipe: Recipe) -> Entry:
    """Judge, derive and fill one month of one stream and write its L2 file."""
    params = task.params
    window = read_window(root, params["l1"], params["variables"], params["halo_us"])
    plan = Plan.from_json(params["plan"])
    month = _Month(window.time, window.core, _values(window))
    phases, _ = load_phase(root, params["phase"])
    further = {"deployment_phase": phase.at(window.time, phases)}
    _judge(month, plan, tuple(params["variables"]), further)
    for row in params["derived"]:
        _derive(root, month, row, params)
        _judge(month, plan, (row["name"],), further)
        _bound_by_inputs(month, row["name"])
    columns = {"time": store.time_column(window.time[window.core])}
    columns |= _level2_columns(month, window, plan, [row["name"] for row in params["derived"]])
    for name, rule in params["fill"].items():
        if name in month.judged and month.values[name].ndim == 1:
            columns |= _fill_columns(name, _fill(month, name, rule, params), rule["method"])
    return store.write(root, task.output, Table(columns, _attributes(params, plan)), recipe)


def _values(window: Window) -> dict[str, NDArray[Any]]:
    return {name: np.asarray(column.values(), dtype=np.float64) for name, column in window.columns.items()}


def _judge(month: _Month, plan: Plan, names: tuple[str, ...], further: Mapping[str, NDArray[Any]]) -> None:
    for name in names:
        if name in month.values and plan.for_variable(name):
            month.judged |= judge(month.time, {**month.values, **further}, plan.only(name))


def _derive(root: Path, month: _Month, row: Mapping[str, Any], params: Mapping[str, Any]) -> None:
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


def _own(month: _Month, name: str) -> Flagged:
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


def _bound_by_inputs(month: _Month, name: str) -> None:
    """A derived value is never better than the worst of its inputs."""
    inputs = month.judged.pop(f"{name}#inputs").flags
    own = month.judged.get(name, Judged(np.zeros(inputs.shape, np.uint64), inputs))
    month.judged[name] = Judged(own.tests, worst(own.flags, inputs))


def _level2_columns(month: _Month, window: Window, plan: Plan, derived: list[str]) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for name in derived:
        packed, _ = packing.pack(name, month.values[name][month.core])
        quantity: Derived = derived_quantities.discover()[name]
        about = {"comment": quantity.method, "references": "; ".join(quantity.references)}
        columns[name] = Column(packed, ("time",), {**encoding(name), **about, "ancillary_variables": f"{name}_qc"})
    for name, judged in sorted(month.judged.items()):
        dims = window.columns[name].dims if name in window.columns else ("time",)
        slots = {planned.check: planned.slot for planned in plan.for_variable(name)}
        columns[f"{name}_qc"] = Column(judged.flags[month.core], dims, flag_attributes(encoding(name)["long_name"]))
        columns[f"{name}_qc_tests"] = Column(
            judged.tests[month.core], dims, tests_attributes(encoding(name)["long_name"], slots)
        )
    return columns


def _fill(month: _Month, name: str, rule: Mapping[str, Any], params: Mapping[str, Any]) -> FillTable:
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
