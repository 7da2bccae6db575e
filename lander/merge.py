"""Overlapping files of one stream to one series: every sample once, conflicts decided by rule and listed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lander.errors import LanderError

Microseconds = NDArray[np.int64]
Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]


class MergeError(LanderError):
    """Parts that are to be merged do not belong together."""


@dataclass(frozen=True)
class Part:
    """The samples of one stream in one raw file.

    Attributes
    ----------
    source_file
        The file's number, by which equal times are ordered; no two parts share one.
    priority
        Of its delivery: the lower wins a conflict (recovered 0, telemetered 1).
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC, in any order.
    offset : ndarray of int64, shape (n,)
        First byte of each record in the file.
    length : ndarray of int32, shape (n,)
        Bytes of each record.
    variables
        By name, each of shape (n, ...), in any dtype: packed integers are compared as they are, NaN equals NaN.
    """

    source_file: int
    priority: int
    time: Microseconds
    offset: NDArray[np.int64]
    length: NDArray[np.int32]
    variables: Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Conflicts:
    """Samples that another file contradicts, one row a dropped sample, in time order.

    Attributes
    ----------
    time, kept_offset, dropped_offset : ndarray of int64, shape (c,)
    kept_file, dropped_file : ndarray of int16, shape (c,)
    differs : ndarray of bool, shape (c, v)
        Which variables differ.
    names
        The v variables.
    """

    time: Microseconds
    kept_file: NDArray[np.int16]
    dropped_file: NDArray[np.int16]
    kept_offset: NDArray[np.int64]
    dropped_offset: NDArray[np.int64]
    differs: Mask
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.time)

    def variables(self, row: int) -> tuple[str, ...]:
        """Names of the variables that differ in one row."""
        return tuple(name for name, differs in zip(self.names, self.differs[row], strict=True) if differs)


@dataclass(frozen=True)
class Merged:
    """One series, ordered by (time, file, offset).

    Attributes
    ----------
    time, source_offset : ndarray of int64, shape (n,)
    source_file : ndarray of int16, shape (n,)
    source_length : ndarray of int32, shape (n,)
    variables
        By name, each of shape (n, ...); filled where a file lacks the variable.
    skipped
        Samples left out because another file holds them too, by the number of the file that lost them.
    conflicts
        Samples left out because a file of higher rank says otherwise.
    """

    time: Microseconds
    source_file: NDArray[np.int16]
    source_offset: NDArray[np.int64]
    source_length: NDArray[np.int32]
    variables: Mapping[str, NDArray[Any]]
    skipped: Mapping[int, int]
    conflicts: Conflicts


def merge(parts: Sequence[Part]) -> Merged:
    """Merge the files of one stream.

    At each time at which several files have samples, the file of the best delivery (then of the lowest number) leads.
    A sample that is equal, in every variable, to one of a file of better rank is skipped, one for one (a file that
    lacks a variable altogether is not asked for it). What the other
    file then has left contradicts what the leading file has left, one for one, and is dropped as a conflict; samples
    beyond that have no counterpart and are kept. Repeated times within one file are kept as they are: they are a
    matter of quality control.

    Parameters
    ----------
    parts
        In any order: the result does not depend on it. At least one.

    Raises
    ------
    MergeError
        No part, two parts of one file, or a variable of two shapes or types.
    """
    ordered = _checked(parts)
    whole = _concatenate(ordered)
    if not np.all(whole.time[1:] >= whole.time[:-1]):
        whole = _take(whole, np.argsort(whole.time, kind="stable"))
    if _apart(ordered):
        return whole
    ranks = _ranks(ordered)[whole.source_file]
    contested = _contested(whole)
    if not contested.any():
        return whole
    settled = _settle(whole, ranks, np.flatnonzero(contested))
    return _forgive(settled, {part.source_file: set(part.variables) for part in ordered})


def _settle(whole: Merged, ranks: Numbers, rows: Numbers) -> Merged:
    """Decide the contested rows; `ranks` is each sample's file in order of precedence, 0 the best."""
    rank, times = ranks[rows], whole.time[rows]
    group = np.cumsum(np.diff(times, prepend=times[0]) != 0)
    identity = _identities(whole.variables, rows)
    skipped = _occurrences(group, identity, rank) > 0
    leader = np.minimum.reduceat(rank, np.flatnonzero(np.diff(group, prepend=-1)))[group]
    counterpart = _counterparts(group, identity, rank, leader, skipped)
    dropped = counterpart >= 0
    keep = np.ones(len(whole.time), dtype=np.bool_)
    keep[rows[skipped | dropped]] = False
    files, counts = np.unique(whole.source_file[rows[skipped]], return_counts=True)
    return _take(
        whole,
        np.flatnonzero(keep),
        skipped=dict(zip(files.tolist(), counts.tolist(), strict=True)),
        conflicts=_conflicts(whole, rows[counterpart[dropped]], rows[dropped]),
    )


def _forgive(settled: Merged, holds: Mapping[int, set[str]]) -> Merged:
    """Count as skipped what differs only in variables that the dropped file does not hold at all."""
    conflicts = settled.conflicts
    differs = conflicts.differs.copy()
    skipped = dict(settled.skipped)
    for number in np.unique(conflicts.dropped_file).tolist():
        rows = conflicts.dropped_file == number
        lacking = np.array([name not in holds[number] for name in conflicts.names], dtype=np.bool_)
        differs[rows] &= ~lacking
        same = int(np.count_nonzero(~differs[rows].any(axis=1)))
        if same:
            skipped[number] = skipped.get(number, 0) + same
    real = differs.any(axis=1)
    kept = Conflicts(
        conflicts.time[real],
        conflicts.kept_file[real],
        conflicts.dropped_file[real],
        conflicts.kept_offset[real],
        conflicts.dropped_offset[real],
        differs[real],
        conflicts.names,
    )
    return replace(settled, skipped=dict(sorted(skipped.items())), conflicts=kept)


def _occurrences(group: Numbers, identity: NDArray[np.uint64], rank: Numbers) -> Numbers:
    """How many better files hold this very sample too: the k-th of its likeness in one file meets the k-th in others.

    All arrays have shape (m,), rows in order of (time, file, offset).
    """
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    sizes = np.diff(np.append(starts, len(group)))
    first = starts[sizes == 2]
    found = np.zeros(len(group), dtype=np.int64)
    # Two files, one sample each, is what a second download gives millions of times: no need to sort for it.
    same = (identity[first] == identity[first + 1]) & (rank[first] != rank[first + 1])
    found[first + (rank[first] < rank[first + 1])] = same
    others = np.flatnonzero(np.repeat(sizes != 2, sizes))
    if len(others):
        found[others] = _occurrences_sorted(group[others], identity[others], rank[others])
    return found


def _occurrences_sorted(group: Numbers, identity: NDArray[np.uint64], rank: Numbers) -> Numbers:
    order = np.lexsort((rank, identity, group))
    repeat = _undo(order, _run_position(group[order], identity[order], rank[order]))
    likeness = np.lexsort((rank, repeat, identity, group))
    position = _run_position(group[likeness], identity[likeness], repeat[likeness])
    return _undo(likeness, position)


def _counterparts(group: Numbers, identity: NDArray[np.uint64], rank: Numbers, leader: Numbers,
                  skipped: Mask) -> Numbers:
    """Row of the leading file's sample that contradicts each sample, or -1, shape (m,).

    The k-th sample that a file has left, after taking out what equals the leading file's, meets the k-th that the
    leading file has left against that file.
    """
    counterpart = np.full(len(group), -1, dtype=np.int64)
    for follower in np.unique(rank).tolist():
        mine = np.flatnonzero((rank == follower) & (rank != leader) & ~skipped)
        if not len(mine):
            continue
        theirs = _left_over(group, identity, rank, leader, follower)
        mine_key = _numbered(group[mine], len(group))
        theirs_key = _numbered(group[theirs], len(group))
        _, at_mine, at_theirs = np.intersect1d(mine_key, theirs_key, assume_unique=True, return_indices=True)
        counterpart[mine[at_mine]] = theirs[at_theirs]
    return counterpart


def _left_over(group: Numbers, identity: NDArray[np.uint64], rank: Numbers, leader: Numbers,
               follower: int) -> Numbers:
    """Rows of the leading file, in the groups of `follower`, that have no equal in it."""
    shared = np.isin(group, group[rank == follower])
    pair = np.flatnonzero(shared & ((rank == leader) | (rank == follower)))
    # The follower is sorted first here, so that what counts is whether it holds the leading file's sample.
    swapped = (rank[pair] != follower).astype(np.int64)
    matched = _occurrences(group[pair], identity[pair], swapped) > 0
    left: Numbers = pair[(rank[pair] == leader[pair]) & (rank[pair] != follower) & ~matched]
    return left


def _numbered(group: Numbers, span: int) -> Numbers:
    """One number for (group, position within the group); `group` ascends."""
    return group * span + _run_position(group)


def _run_position(*keys: NDArray[Any]) -> Numbers:
    """Position of each row within its run of equal keys, shape (m,)."""
    count = len(keys[0])
    new = np.ones(count, dtype=np.bool_)
    if count:
        new[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    starts = np.flatnonzero(new)
    position: Numbers = np.arange(count) - starts[np.cumsum(new) - 1]
    return position


def _undo(order: Numbers, values: Numbers) -> Numbers:
    placed = np.empty_like(values)
    placed[order] = values
    return placed


def _contested(whole: Merged) -> Mask:
    """Samples at times at which more than one file has a sample; the series is in order."""
    starts = np.flatnonzero(np.diff(whole.time, prepend=whole.time[0] - 1))
    lowest = np.minimum.reduceat(whole.source_file, starts)
    highest = np.maximum.reduceat(whole.source_file, starts)
    return np.repeat(lowest != highest, np.diff(np.append(starts, len(whole.time))))


_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(29))


def _identities(variables: Mapping[str, NDArray[Any]], rows: Numbers) -> NDArray[np.uint64]:
    """A number that is equal for equal samples, and for unequal ones with a chance of 2^-64, shape (m,)."""
    multiplier, second, shift = _MIX
    mixed = np.zeros(len(rows), dtype=np.uint64)
    for name in sorted(variables):
        for column in _comparable(variables[name][rows]).T:
            mixed = (mixed ^ column) * multiplier
            mixed ^= mixed >> shift
            mixed *= second
            mixed ^= mixed >> np.uint64(32)
    return mixed


def _comparable(values: NDArray[Any]) -> NDArray[np.uint64]:
    """Bit patterns that are equal for equal values, NaN equal to NaN and -0 to 0, shape (m, columns)."""
    flat = values.reshape(len(values), math.prod(values.shape[1:]))
    if flat.dtype.kind == "f":
        plain = np.where(np.isnan(flat), np.nan, flat + 0.0).astype(np.float64)
        return plain.view(np.uint64)
    return flat.astype(np.int64).view(np.uint64) if flat.dtype.kind in "ib" else flat.astype(np.uint64)


def _conflicts(whole: Merged, kept: Numbers, dropped: Numbers) -> Conflicts:
    names = tuple(sorted(whole.variables))
    differs = np.zeros((len(kept), len(names)), dtype=np.bool_)
    for column, name in enumerate(names):
        values = whole.variables[name]
        differs[:, column] = (_comparable(values[kept]) != _comparable(values[dropped])).any(axis=1)
    return Conflicts(
        whole.time[dropped],
        whole.source_file[kept],
        whole.source_file[dropped],
        whole.source_offset[kept],
        whole.source_offset[dropped],
        differs,
        names,
    )


def _take(whole: Merged, rows: Numbers, skipped: Mapping[int, int] | None = None,
          conflicts: Conflicts | None = None) -> Merged:
    return Merged(
        whole.time[rows],
        whole.source_file[rows],
        whole.source_offset[rows],
        whole.source_length[rows],
        {name: values[rows] for name, values in whole.variables.items()},
        whole.skipped if skipped is None else skipped,
        whole.conflicts if conflicts is None else conflicts,
    )


def _concatenate(parts: Sequence[Part]) -> Merged:
    """Join parts end to end, each in order of its offsets."""
    sorted_parts = [_by_offset(part) for part in parts]
    names = sorted({name for part in parts for name in part.variables})
    models = {name: next(part.variables[name] for part in parts if name in part.variables) for name in names}
    none, no_file = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int16)
    return Merged(
        np.concatenate([part.time for part in sorted_parts]),
        np.concatenate([np.full(len(part.time), part.source_file, dtype=np.int16) for part in sorted_parts]),
        np.concatenate([part.offset for part in sorted_parts]),
        np.concatenate([part.length for part in sorted_parts]),
        {name: np.concatenate([_column(part, name, models[name]) for part in sorted_parts]) for name in names},
        {},
        Conflicts(none, no_file, no_file, none, none, np.zeros((0, len(names)), dtype=np.bool_), tuple(names)),
    )


def _by_offset(part: Part) -> Part:
    if np.all(part.offset[1:] >= part.offset[:-1]):
        return part
    order = np.argsort(part.offset, kind="stable")
    variables = {name: values[order] for name, values in part.variables.items()}
    return replace(
        part, time=part.time[order], offset=part.offset[order], length=part.length[order], variables=variables
    )


def _column(part: Part, name: str, model: NDArray[Any]) -> NDArray[Any]:
    if name in part.variables:
        return part.variables[name]
    return np.full((len(part.time), *model.shape[1:]), missing_value(model.dtype), dtype=model.dtype)


def missing_value(dtype: np.dtype[Any]) -> Any:
    """Return what stands for "no value": NaN, the lowest signed or the highest unsigned number of the type."""
    if dtype.kind == "f":
        return np.nan
    if dtype.kind == "b":
        return False
    return np.iinfo(dtype).min if dtype.kind == "i" else np.iinfo(dtype).max


def _ranks(parts: Sequence[Part]) -> Numbers:
    """Precedence of each file, by its number."""
    ranks = np.zeros(max(part.source_file for part in parts) + 1, dtype=np.int64)
    for rank, part in enumerate(sorted(parts, key=lambda part: (part.priority, part.source_file))):
        ranks[part.source_file] = rank
    return ranks


def _apart(parts: Sequence[Part]) -> bool:
    """Whether no two parts touch in time."""
    spans = sorted((int(part.time.min()), int(part.time.max())) for part in parts if len(part.time))
    return all(before[1] < after[0] for before, after in pairwise(spans))


def _checked(parts: Sequence[Part]) -> list[Part]:
    if not parts:
        raise MergeError("no part to merge: give at least one file's samples")
    ordered = sorted(parts, key=lambda part: part.source_file)
    layout: dict[str, tuple[Part, NDArray[Any]]] = {}
    for before, part in zip([None, *ordered[:-1]], ordered, strict=True):
        if before is not None and before.source_file == part.source_file:
            raise MergeError(f"two parts bear the file number {part.source_file}: each file is one part")
        for name, values in part.variables.items():
            first, model = layout.setdefault(name, (part, values))
            if (model.dtype, model.shape[1:]) != (values.dtype, values.shape[1:]):
                raise MergeError(
                    f"{name} is {model.dtype} {model.shape[1:]} in file {first.source_file} and {values.dtype} "
                    f"{values.shape[1:]} in file {part.source_file}: one stream has one layout, so make them two"
                )
    return ordered
