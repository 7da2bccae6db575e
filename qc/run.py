"""Judge and fill the variables of a Dataset: the face of this package, and its only module that knows Dask.

`qc.run` and `qc.fill` are the functions of this module, also after `import qc.run`: reach the module's other names
by `from qc.run import judge`.
"""

import json
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qc import filler as fillers
from qc.check import Halo, VariableTraits, discover
from qc.engine import BLOCK, Judged, around, judge, learn, merge, reach
from qc.errors import QcError
from qc.flags import set_flag_attributes
from qc.gaps import FillTable, GapRule, fill_gaps, learn_gaps, merge_gaps
from qc.plan import Plan

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["around", "fill", "judge", "learn", "merge", "reach", "run", "traits_of"]


def traits_of(ds: "xr.Dataset") -> dict[str, VariableTraits]:
    """What a Dataset itself tells of its variables, to build a plan from.

    The sampling is the median step of the time coordinate; `valid_min`, `valid_max` and `resolution` are attributes
    of the variables. Variables of numbers along time count, but for flags and other integers.

    Raises
    ------
    QcError
        No time coordinate, or fewer than two samples: no sampling.
    """
    time, dimension = _time(ds)
    if time.size < 2:
        raise QcError(f"{time.size} samples have no sampling interval: give the traits of the variables yourself")
    step = float(np.median(np.diff(time))) / 1e6
    return {
        str(name): VariableTraits(
            sampling_seconds=step,
            **{key: float(array.attrs[key]) for key in ("valid_min", "valid_max", "resolution") if key in array.attrs},
        )
        for name, array in ds.data_vars.items()
        if dimension in array.dims and array.dtype.kind == "f"
    }


def run(ds: "xr.Dataset", plan: Plan) -> "xr.Dataset":
    """Judge the variables of a Dataset.

    Parameters
    ----------
    ds
        With a coordinate `time`, one-dimensional and never going back. NumPy-backed variables are judged at once,
        dask-backed ones when computed (the time itself is loaded now): the result is the same, bit for bit, whatever
        the chunks. Nothing in it is changed.
    plan
        The checks by variable; variables that are not in `ds` are left out.

    Returns
    -------
    Dataset
        `ds` with `<var>_qc_tests` (uint64) and `<var>_qc` (int8) for each judged variable, time their first
        dimension, and the plan as attribute `qc_plan`.

    Raises
    ------
    QcError
        No time, time that goes back, or a planned variable that does not lie along it.
    """
    time, dimension = _time(ds)
    judged = ds
    for name in plan.variables:
        if name not in ds or not plan.for_variable(name):
            continue
        part = plan.only(name)
        arrays = {one: _along(ds[one], dimension) for one in (name, *plan.needs(name)) if one in ds}
        lazy = any(array.chunks is not None for array in arrays.values())
        data = {one: array.data for one, array in arrays.items()}
        result = _judge_lazily(time, data, part) if lazy else _judge_now(time, data, part)
        dims = arrays[name].dims
        judged = judged.assign({f"{name}_qc": (dims, result.flags), f"{name}_qc_tests": (dims, result.tests)})
        slots = {planned.check: planned.slot for planned in plan.for_variable(name)}
        judged = set_flag_attributes(judged, name, slots)
    return judged.assign_attrs(qc_plan=plan.to_json())


def fill(ds: "xr.Dataset", caps: Mapping[str, float], *, method: str = "linear") -> "xr.Dataset":
    """Fill the gaps of judged variables, each value with its uncertainty.

    Parameters
    ----------
    ds
        Result of `run`: series along `time` with their `<var>_qc`. Values are loaded.
    caps
        By variable, the longest gap to fill, in seconds.
    method
        Name of a filler.

    Returns
    -------
    Dataset
        A table per variable, of dimension `<var>_fill`: `<var>_fill_time`, `<var>_filled`, `<var>_filled_uncertainty`
        (1 sigma) and `<var>_fill_method`. Observed values are not in it and `ds` is not changed.

    Raises
    ------
    QcError
        A variable, its flags or the method is not there.
    """
    import xarray as xr

    found = fillers.discover()
    if method not in found:
        raise QcError(f"no filler {method!r}; known are {', '.join(found)}")
    time, dimension = _time(ds)
    step = float(np.median(np.diff(time))) / 1e6 if time.size > 1 else 0.0
    tables = xr.Dataset()
    for name, cap in caps.items():
        for needed in (name, f"{name}_qc"):
            if needed not in ds:
                raise QcError(f"no variable {needed!r}: judge {name!r} with `qc.run` before filling it")
            if ds[needed].dims != (dimension,):
                raise QcError(f"{needed!r} has dimensions {ds[needed].dims}, expected ({dimension!r},)")
        value = np.asarray(ds[name].values, dtype=np.float64)
        flags = np.asarray(ds[f"{name}_qc"].values, dtype=np.int8)
        rule = GapRule(found[method], cap, step)
        summary = merge_gaps([learn_gaps(time, value, flags, rule)], rule.filler)
        table = fill_gaps(time, value, flags, rule, summary)
        tables = tables.assign(_table_variables(name, table, ds[name].attrs, rule.filler))
    return tables


def _table_variables(
    name: str, table: FillTable, attributes: Mapping[Hashable, Any], filler: fillers.Filler
) -> dict[str, Any]:
    dimension = f"{name}_fill"
    units = {key: attributes[key] for key in ("units",) if key in attributes}
    of = attributes.get("long_name", name)
    return {
        f"{name}_fill_time": (dimension, table.time.astype("datetime64[us]"), {"long_name": f"Time of filled: {of}"}),
        f"{name}_filled": (dimension, table.value, {**units, "long_name": f"Filled: {of}"}),
        f"{name}_filled_uncertainty": (
            dimension,
            table.uncertainty,
            {**units, "long_name": f"One standard deviation of filled: {of}"},
        ),
        f"{name}_fill_method": (
            dimension,
            table.method,
            {
                "long_name": f"Method that filled: {of}",
                "flag_values": np.array([filler.code], np.int8),
                "flag_meanings": filler.name,
            },
        ),
    }


def _time(ds: "xr.Dataset") -> tuple[NDArray[np.int64], Hashable]:
    """Time as microseconds, and the dimension along which records lie."""
    if "time" not in ds.variables or ds["time"].ndim != 1 or ds["time"].dtype.kind != "M":
        raise QcError("the Dataset has no one-dimensional variable `time` of datetimes")
    time = np.asarray(ds["time"].values).astype("datetime64[us]").astype(np.int64)
    return time, ds["time"].dims[0]


def _along(array: "xr.DataArray", dimension: Hashable) -> "xr.DataArray":
    if dimension not in array.dims:
        raise QcError(f"{array.name!r} has dimensions {array.dims}, expected {dimension!r} among them")
    return array.transpose(dimension, ...)


def _judge_now(time: NDArray[np.int64], arrays: Mapping[str, Any], plan: Plan) -> Judged:
    summaries = merge([learn(time, arrays, plan)], plan)
    return judge(time, arrays, plan, summaries=summaries)[plan.variables[0]]


def _judge_lazily(time: NDArray[np.int64], arrays: Mapping[str, Any], plan: Plan) -> Judged:
    """Delay the judging of each stretch of chunks, with as much of the chunks around as its checks reach for."""
    import dask
    import dask.array as da

    name = plan.variables[0]
    array = da.asarray(arrays[name])
    inputs = {one: da.asarray(other) for one, other in arrays.items()}
    halo = reach(plan)
    if array.size == 0:
        return Judged(da.zeros(array.shape, dtype=np.uint64), da.zeros(array.shape, dtype=np.int8))
    parts = [(core, around(time, core, halo)) for core in _stretches(time, array.chunks[0], halo)]
    given = [
        (time[window], {one: other[window] for one, other in inputs.items()}, plan, _shift(core, window))
        for core, window in parts
    ]
    summaries = None
    if any(discover()[planned.check].learns(planned.params) for planned in plan.for_variable(name)):
        summaries = dask.delayed(merge)([dask.delayed(learn)(*arguments) for arguments in given], plan)
    tests, flags = [], []
    for (core, _), arguments in zip(parts, given, strict=True):
        shape = (core.stop - core.start, *array.shape[1:])
        result = dask.delayed(judge)(*arguments, summaries)[name]
        tests.append(da.from_delayed(result[0], shape, dtype=np.uint64))
        flags.append(da.from_delayed(result[1], shape, dtype=np.int8))
    return Judged(da.concatenate(tests).rechunk(array.chunks), da.concatenate(flags).rechunk(array.chunks))


def _stretches(time: NDArray[np.int64], chunks: tuple[int, ...], halo: Halo) -> list[slice]:
    """Chunks joined until a stretch is long beside its halo: judging chunks of one sample would only be halo."""
    stretches: list[slice] = []
    start = 0
    for edge in np.cumsum(chunks).tolist():
        window = around(time, slice(start, edge), halo)
        long_enough = edge - start >= max(BLOCK, (window.stop - window.start) // 2)
        if edge > start and (long_enough or edge == time.size):
            stretches.append(slice(start, edge))
            start = edge
    return stretches


def _shift(core: slice, window: slice) -> slice:
    return slice(core.start - window.start, core.stop - window.start)


def plan_of(ds: "xr.Dataset") -> Plan:
    """Plan that judged a Dataset, from its attribute `qc_plan`."""
    written = ds.attrs.get("qc_plan")
    if not isinstance(written, str) or not isinstance(json.loads(written), dict):
        raise QcError("the Dataset has no attribute `qc_plan`: it was not judged by `qc.run`")
    return Plan.from_json(written)
