"""Run planned checks over arrays: whole records, or parts of them with what lies around."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qc.check import Block, Check, Halo, discover
from qc.errors import QcError
from qc.flags import Flags, Tests, needed
from qc.plan import Plan, Planned

Arrays = Mapping[str, NDArray[Any]]
Summaries = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]
"""variable -> check -> summary of each column (one for a series)."""

BLOCK = 32_768
"""Samples judged at once: a float64 block and what the kernels need beside it stay in a core's own cache."""


class Judged(NamedTuple):
    """What the checks said of one variable, and the flag that follows."""

    tests: Tests
    flags: Flags


@dataclass(frozen=True)
class _Task:
    """One check of one variable, ready to run on one column."""

    check: Check
    planned: Planned
    halo: Halo
    inputs: Arrays
    summary: Mapping[str, Any]


def reach(plan: Plan) -> Halo:
    """How much of the record around a part must be at hand so that the part is judged as the whole would be."""
    found = discover()
    halos = [found[one.check].reach(one.params) for name in plan.variables for one in plan.for_variable(name)]
    return Halo(*(max(side) for side in zip(Halo(), *halos, strict=True)))


def around(time: NDArray[np.int64], core: slice, halo: Halo) -> slice:
    """Find the samples that a part needs: its own, and those within the halo before and after.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds, never going back.
    core
        The part.
    halo
        How far to look.
    """
    start, stop, _ = core.indices(time.size)
    if start >= stop:
        return slice(start, start)
    early = np.searchsorted(time, _shifted(time[start], -halo.before_seconds), side="left")
    late = np.searchsorted(time, _shifted(time[stop - 1], halo.after_seconds), side="right")
    return slice(
        max(0, min(int(early), start - halo.before_samples)),
        min(time.size, max(int(late), stop + halo.after_samples)),
    )


def judge(
    time: NDArray[np.int64],
    variables: Arrays,
    plan: Plan,
    core: slice = slice(None),
    summaries: Summaries | None = None,
) -> dict[str, Judged]:
    """Judge a part of a record.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC, never going back.
    variables
        The planned variables and the further ones that their checks read, each of shape (n,), (n, cell) or
        (n, cell, beam); a masked value counts as NaN. Nothing is changed.
    plan
        The checks. Variables that are not at hand are left out.
    core
        Samples to judge; the rest is what lies around them, at least as much as `reach` says where the record goes on.
    summaries
        Result of the first pass over the whole record, where a planned check has one: see `learn`.

    Returns
    -------
    dict
        By variable, tests and flags of shape (m, ...), m the length of `core`: equal, bit for bit, to that part of the
        whole record's. A check whose further variable is absent has not run.

    Raises
    ------
    QcError
        Time goes back, an array is of another length, or a summary is missing.
    """
    _require_order(time, variables)
    start, stop, _ = core.indices(time.size)
    judged = {}
    for name in plan.variables:
        if name not in variables or not plan.for_variable(name):
            continue
        values = variables[name]
        shape = (max(0, stop - start), *values.shape[1:])
        result = Judged(np.zeros(shape, np.uint64), np.empty(shape, np.int8))
        required = plan.required(name)
        _judge_profile(time, values, _tasks(plan, name, variables, None, summaries), slice(start, stop), result.tests)
        for column in np.ndindex(values.shape[1:]):
            tasks = _tasks(plan, name, variables, column, summaries)
            series = _column(values, column)
            part = Judged(_column(result.tests, column), _column(result.flags, column))
            _judge_column(time, series, tasks, slice(start, stop), part)
            _flag_column(series[start:stop], part, required)
        judged[name] = result
    return judged


def learn(
    time: NDArray[np.int64], variables: Arrays, plan: Plan, core: slice = slice(None)
) -> dict[str, dict[str, list[Mapping[str, Any]]]]:
    """First pass over a part of the record, for the checks that have one; arguments as those of `judge`."""
    _require_order(time, variables)
    start, stop, _ = core.indices(time.size)
    learned: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for name in plan.variables:
        if name not in variables:
            continue
        values = variables[name]
        for column in np.ndindex(values.shape[1:]):
            for task in _tasks(plan, name, variables, column, None, learning=True):
                window = around(time, slice(start, stop), task.halo)
                block = _block(time, _column(values, column), task, window)
                assert task.check.summary is not None
                part = task.check.summary.learn(block, _within(slice(start, stop), window), task.planned.params)
                learned.setdefault(name, {}).setdefault(task.check.name, []).append(part)
    return learned


def merge(parts: Sequence[Summaries], plan: Plan) -> dict[str, dict[str, list[Mapping[str, Any]]]]:
    """Join what `learn` found in the parts of a record, in time order."""
    merged: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for name in plan.variables:
        for planned in plan.for_variable(name):
            summary = discover()[planned.check].summary
            columns = [part[name][planned.check] for part in parts if planned.check in part.get(name, {})]
            if summary is not None and columns:
                merged.setdefault(name, {})[planned.check] = [
                    summary.merge(list(column), planned.params) for column in zip(*columns, strict=True)
                ]
    return merged


def _tasks(
    plan: Plan,
    name: str,
    variables: Arrays,
    column: tuple[int, ...] | None,
    summaries: Summaries | None,
    learning: bool = False,
) -> list[_Task]:
    """Checks of one column that can run; of the whole variable, for column None."""
    tasks = []
    position = int(np.ravel_multi_index(column, variables[name].shape[1:])) if column else 0
    for planned in plan.for_variable(name):
        check = discover()[planned.check]
        needs = check.needs(planned.params)
        wanted = check.learns(planned.params) if learning else (check.kind == "profile") == (column is None)
        if not wanted or any(need not in variables for need in needs):
            continue
        inputs = {need: _column(variables[need], column) for need in needs}
        summary = {}
        if not learning and check.learns(planned.params):
            summary = dict(_summary_of(summaries, name, check, position))
        tasks.append(_Task(check, planned, check.reach(planned.params), inputs, summary))
    return tasks


def _summary_of(summaries: Summaries | None, name: str, check: Check, position: int) -> Mapping[str, Any]:
    try:
        columns = (summaries or {})[name][check.name]
    except KeyError:
        raise QcError(f"check {check.name!r} of {name!r} needs a first pass: give `summaries`, see `learn`") from None
    return columns[position]


def _column(values: NDArray[Any], column: tuple[int, ...] | None) -> NDArray[Any]:
    """One column's series: a view, so that results can be written through it. A series serves every column."""
    if column is None or values.ndim == 1:
        return values
    index: tuple[Any, ...] = (slice(None), *column)
    series: NDArray[Any] = values[index]
    return series


def _judge_column(
    time: NDArray[np.int64], values: NDArray[Any], tasks: Sequence[_Task], core: slice, result: Judged
) -> None:
    """Let every check judge block by block; `result` is filled."""
    from qc.words import enter  # brings numba, which takes half a second: not for those who only ask for help

    states: dict[str, Any] = {}
    for task in tasks:
        if task.check.carry is not None:
            states[task.check.name] = _warm(time, values, task, core)
    for block in _blocks(core, _block_size(time, core, tasks)):
        into = result.tests[block.start - core.start : block.stop - core.start]
        for task in tasks:
            window = around(time, block, task.halo)
            if task.check.carry is not None:
                window = slice(block.start, window.stop)
                outcomes, states[task.check.name] = task.check.carry.kernel(
                    _block(time, values, task, window),
                    block.stop - block.start,
                    task.planned.params,
                    states[task.check.name],
                )
            else:
                assert task.check.kernel is not None
                outcomes = task.check.kernel(_block(time, values, task, window), task.planned.params)
                outcomes = outcomes[_within(block, window)]
            enter(into, task.planned.slot, outcomes)


def _judge_profile(
    time: NDArray[np.int64], values: NDArray[Any], tasks: Sequence[_Task], core: slice, tests: Tests
) -> None:
    for block in _blocks(core, max(1, BLOCK // max(1, int(np.prod(values.shape[1:]))))):
        into = tests[block.start - core.start : block.stop - core.start]
        for task in tasks:
            assert task.check.kernel is not None
            window = around(time, block, task.halo)
            outcomes = task.check.kernel(_block(time, values, task, window), task.planned.params)
            into |= outcomes[_within(block, window)].astype(np.uint64) << np.uint64(2 * task.planned.slot)


def _flag_column(values: NDArray[Any], result: Judged, required: Sequence[int]) -> None:
    from qc.words import conclude

    need = needed(required)
    for block in _blocks(slice(0, values.shape[0]), BLOCK):
        conclude(_as_float(values[block]), result.tests[block], need, result.flags[block])


def _warm(time: NDArray[np.int64], values: NDArray[Any], task: _Task, core: slice) -> Any:
    """State at the first sample of the part, from as much before it as the check remembers."""
    assert task.check.carry is not None
    state: Any = None
    begin = around(time, core, task.halo).start
    for block in _blocks(slice(begin, core.start), BLOCK):
        _, state = task.check.carry.kernel(
            _block(time, values, task, block), block.stop - block.start, task.planned.params, state
        )
    return state


def _blocks(core: slice, size: int) -> Iterator[slice]:
    for start in range(core.start, core.stop, size):
        yield slice(start, min(start + size, core.stop))


def _block_size(time: NDArray[np.int64], core: slice, tasks: Sequence[_Task]) -> int:
    """Samples per block: at least three times the widest halo, so that no sample is looked at more than twice."""
    first = slice(core.start, min(core.stop, core.start + BLOCK))
    windows = [around(time, first, task.halo) for task in tasks]
    widest = max((window.stop - window.start - BLOCK for window in windows), default=0)
    return max(BLOCK, 3 * widest)


def _block(time: NDArray[np.int64], values: NDArray[Any], task: _Task, window: slice) -> Block:
    inputs = {name: array[window] for name, array in task.inputs.items()}
    return Block(time[window], _as_float(values[window]), inputs, task.summary)


def _as_float(values: NDArray[Any]) -> NDArray[np.float64]:
    """Contiguous float64, NaN where masked; the same array where it is that already."""
    if isinstance(values, np.ma.MaskedArray):
        return np.ma.filled(values.astype(np.float64), np.nan)
    return np.ascontiguousarray(values, dtype=np.float64)


def _within(part: slice, window: slice) -> slice:
    return slice(part.start - window.start, part.stop - window.start)


def _shifted(time: np.int64, seconds: float) -> int:
    """A time so many seconds off, within what int64 holds: also for NaT and endless halos."""
    limits = np.iinfo(np.int64)
    microseconds = np.sign(seconds) * min(np.ceil(abs(seconds) * 1e6), 2.0**62)
    return int(min(max(int(time) + int(microseconds), limits.min), limits.max))


def _require_order(time: NDArray[np.int64], variables: Arrays) -> None:
    for name, values in variables.items():
        if values.shape[:1] != time.shape:
            raise QcError(f"{name!r} has shape {values.shape}, expected {time.size} samples along its first dimension")
    for block in _blocks(slice(1, max(1, time.size)), BLOCK):
        back = time[block] < time[block.start - 1 : block.stop - 1]
        if back.any():
            at = block.start + int(np.argmax(back))
            raise QcError(
                f"time goes back at sample {at}: {np.datetime64(int(time[at - 1]), 'us')} is followed by "
                f"{np.datetime64(int(time[at]), 'us')}; sort the record by time first"
            )
