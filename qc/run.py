"""Judge and fill the variables of a Dataset: the face of this package, and its only module that knows Dask.

`qc.run` and `qc.fill` are the functions of this module, also after `import qc.run`: reach the module's other names
by `from qc.run import judge`.
"""

import json
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qc import events
from qc import filler as fillers
from qc.check import RECORD, Halo, VariableTraits, discover
from qc.engine import BLOCK, Judged, around, judge, learn, merge, reach
from qc.errors import QcError
from qc.events import Event, EventRule, Runs, Seen
from qc.flags import set_flag_attributes, tests_attributes
from qc.gaps import FillTable, GapRule, fill_gaps, learn_gaps, merge_gaps
from qc.plan import Plan
from qc.sampling import PLATFORM

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
    step = _step(time)
    return {
        str(name): VariableTraits(
            sampling_seconds=step,
            **{key: float(array.attrs[key]) for key in ("valid_min", "valid_max", "resolution") if key in array.attrs},
        )
        for name, array in ds.data_vars.items()
        if dimension in array.dims and array.dtype.kind == "f"
    }


def run(ds: "xr.Dataset", plan: Plan, *, sensors: Mapping[str, float] | None = None) -> "xr.Dataset":
    """Judge the variables of a Dataset.

    Parameters
    ----------
    ds
        With a coordinate `time`, one-dimensional and never going back. NumPy-backed variables are judged at once,
        dask-backed ones when computed (the time itself is loaded now): the result is the same, bit for bit, whatever
        the chunks. Nothing in it is changed.
    plan
        The checks by variable; variables that are not in `ds` are left out. Checks of `qc.check.RECORD` judge the
        record itself.
    sensors
        Series whose excursions are events, with their response times in seconds: each a sensor of its own, for two
        confirm each other. None takes all judged series but those of the platform (`qc.sampling.PLATFORM`), with the
        response time that their check `event` has, else 0; an empty mapping looks for none.

    Returns
    -------
    Dataset
        `ds` with `<var>_qc_tests` (uint64) and `<var>_qc` (int8) for each judged variable, time their first
        dimension, `record_qc_tests` where the plan judges the record, `event` (int32, 0 for none) where there are
        sensors, and the plan as attribute `qc_plan`. Inside an event that several sensors saw, what is suspect is
        probably good (2).

    Raises
    ------
    QcError
        No time, time that goes back, or a planned variable that does not lie along it.
    """
    time, dimension = _time(ds)
    results = {
        name: _judged(ds, (time, dimension), plan.only(name))
        for name in plan.variables
        if (name in ds or name == RECORD) and plan.for_variable(name)
    }
    record = results.pop(RECORD, None)
    judged = ds
    if record is not None:
        about = tests_attributes("the record", {one.check: one.slot for one in plan.for_variable(RECORD)})
        judged = judged.assign({f"{RECORD}_qc_tests": (dimension, record.tests, about)})
    watched = _sensors(ds, plan, results, dimension) if sensors is None else sensors
    rule = events.rule_for(_step(time)) if watched and time.size > 1 else None
    if rule is not None:
        ids, results = _with_events(ds, (time, dimension), results, watched, rule)
        judged = judged.assign({"event": (dimension, ids, _EVENT_ATTRIBUTES)})
    for name, result in results.items():
        dims = _along(ds[name], dimension).dims
        judged = judged.assign({f"{name}_qc": (dims, result.flags), f"{name}_qc_tests": (dims, result.tests)})
        slots = {planned.check: planned.slot for planned in plan.for_variable(name)}
        judged = set_flag_attributes(judged, name, slots)
    return judged.assign_attrs(qc_plan=plan.to_json())


_EVENT_ATTRIBUTES = {"long_name": "Id of the event during which the record was taken, 0 for none"}


def _judged(ds: "xr.Dataset", along: tuple[NDArray[np.int64], Hashable], plan: Plan) -> Judged:
    """Tests and flags of the one variable of a plan, or of the record."""
    time, dimension = along
    name = plan.variables[0]
    arrays = {one: _along(ds[one], dimension) for one in (name, *plan.needs(name)) if one in ds}
    data: dict[str, Any] = {one: array.data for one, array in arrays.items()}
    if name == RECORD:
        data = {RECORD: np.broadcast_to(0.0, time.shape), **{one: data[one] for one in data if one != RECORD}}
    lazy = any(array.chunks is not None for array in arrays.values())
    return _judge_lazily(time, data, plan) if lazy else _judge_now(time, data, plan)


def _sensors(
    ds: "xr.Dataset", plan: Plan, results: Mapping[str, Judged], dimension: Hashable
) -> dict[str, float]:
    """Judged series of what the water carries, and how fast each can answer."""
    found = {}
    for name in results:
        if name not in PLATFORM and ds[name].dims == (dimension,):
            answers = (one.params.response_seconds for one in plan.for_variable(name) if one.check == "event")
            found[name] = next(answers, 0.0)
    return found


def _with_events(
    ds: "xr.Dataset",
    along: tuple[NDArray[np.int64], Hashable],
    results: Mapping[str, Judged],
    sensors: Mapping[str, float],
    rule: EventRule,
) -> tuple[Any, dict[str, Judged]]:
    """Id of each record's event, and the results with what confirmed events keep."""
    time, dimension = along
    absent = [name for name in sensors if name not in results]
    if absent:
        raise QcError(f"sensors {', '.join(map(repr, absent))} are not judged: plan checks for them")
    phase = _along(ds["deployment_phase"], dimension).data if "deployment_phase" in ds else None
    seen = {}
    for name, response in sensors.items():
        resolution = float(ds[name].attrs.get("resolution", 0.0))
        seen[name] = Seen(time, ds[name].data, response, resolution, results[name].flags, phase)
    arrays: list[Any] = [array for one in seen.values() for array in (one.value, one.flags, one.phase)]
    chunks = [array.chunks[0] for array in arrays if _lazy(array)]
    if chunks:
        return _with_events_lazily((time, chunks[0]), results, seen, rule)
    found = _find_events({name: [events.runs_of(one, rule)] for name, one in seen.items()}, sensors, rule)
    if not any(one.confirmed for one in found):
        return _ids(time, found), dict(results)
    kept = {name: Judged(one.tests, _kept(one.flags, time, found)) for name, one in results.items()}
    return _ids(time, found), kept


def _lazy(array: Any) -> bool:
    return hasattr(array, "dask")


def _find_events(parts: Mapping[str, list[Runs]], sensors: Mapping[str, float], rule: EventRule) -> tuple[Event, ...]:
    return events.events_of({name: events.joined(runs, rule) for name, runs in parts.items()}, sensors, rule)


def _with_events_lazily(
    along: tuple[NDArray[np.int64], tuple[int, ...]],
    results: Mapping[str, Judged],
    seen: Mapping[str, Seen],
    rule: EventRule,
) -> tuple[Any, dict[str, Judged]]:
    import dask
    import dask.array as da

    time, chunks = along
    halo = events.reach(rule)
    parts = [(core, around(time, core, halo)) for core in _stretches(time, chunks, halo)]

    def part(one: Seen, core: slice, window: slice) -> Any:
        arrays = [None if array is None else array[window] for array in (one.value, one.flags, one.phase)]
        traits = (one.response_seconds, one.resolution)
        return dask.delayed(_runs)(time[window], arrays, traits, rule, _shift(core, window))

    runs = {name: [part(one, core, window) for core, window in parts] for name, one in seen.items()}
    found = dask.delayed(_find_events)(runs, {name: one.response_seconds for name, one in seen.items()}, rule)

    def kept(flags: Any) -> Any:
        blocks = flags if _lazy(flags) else da.from_array(flags, chunks=(chunks, *flags.shape[1:]))
        stamps = da.from_array(time, chunks=(blocks.chunks[0],))[(slice(None), *[None] * (blocks.ndim - 1))]
        empty = np.zeros((0,) * blocks.ndim, np.int8)
        return da.map_blocks(_kept, blocks, stamps, found=found, dtype=np.int8, meta=empty)

    stamps = da.from_array(time, chunks=(chunks,))
    ids = stamps.map_blocks(_ids, found=found, dtype=np.int32, meta=np.zeros(0, np.int32))
    if len(seen) < 2:  # nothing can be confirmed: flags need not wait for the whole record
        return ids, dict(results)
    return ids, {name: Judged(one.tests, kept(one.flags)) for name, one in results.items()}


def _runs(
    time: NDArray[np.int64], arrays: Sequence[Any], traits: tuple[float, float], rule: EventRule, core: slice
) -> Runs:
    value, flags, phase = arrays
    return events.runs_of(Seen(time, value, *traits, flags, phase), rule, core)


def _ids(time: NDArray[np.int64], found: tuple[Event, ...]) -> NDArray[np.int32]:
    return events.event_ids(time, found)


def _kept(flags: NDArray[np.int8], time: NDArray[np.int64], found: tuple[Event, ...]) -> NDArray[np.int8]:
    return events.keep_confirmed(flags, time.reshape(-1), found)


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
    step = _step(time) if time.size > 1 else 0.0
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


def _step(time: NDArray[np.int64]) -> float:
    return float(np.median(np.diff(time))) / 1e6


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
