"""Events: excursions that the sensors' response times allow, with ids; confirmed where several sensors saw them.

The record of a sensor is looked at part by part: `runs_of` a part tells where it stood out, `joined` puts the parts
together, `events_of` the sensors. The result is the same for any parts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qc.check import Halo
from qc.flags import PROBABLY_BAD, PROBABLY_GOOD, Flags
from qc.sampling import cells_for

SEAFLOOR = 3
"""The `deployment_phase` in which events are looked for."""

_AT_ONCE = 262_144


@dataclass(frozen=True)
class Seen:
    """One variable as one sensor saw it.

    Attributes
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds, never going back.
    value : ndarray, shape (n,)
        NaN where missing.
    response_seconds
        Time to 63 % of a step; 0 for a sensor that answers at once.
    resolution
        Smallest difference that the record shows, in the variable's units.
    flags, phase : ndarray, shape (n,)
        Samples that are suspect or worse, or not of the seafloor phase, are left out: a fault is no event.
    """

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    response_seconds: float
    resolution: float = 0.0
    flags: Flags | None = None
    phase: NDArray[np.int8] | None = None

    def clean(self, rows: slice) -> NDArray[np.float64]:
        """Values of some samples, NaN where they do not count."""
        value = np.ma.filled(np.ma.asarray(self.value[rows], dtype=np.float64), np.nan)
        for wrong in (
            None if self.flags is None else self.flags[rows] >= PROBABLY_BAD,
            None if self.phase is None else self.phase[rows] != SEAFLOOR,
        ):
            value = value if wrong is None else np.where(wrong, np.nan, value)
        return value


@dataclass(frozen=True)
class EventRule:
    """What stands out.

    Attributes
    ----------
    noise, spread
        An event departs from the level around it by more than so many standard deviations of the noise, and of the
        hourly medians.
    edge
        It goes on for as long as it departs by more than this share of that.
    shortest_seconds
        Shorter excursions are no events, nor are those shorter than the sensor's response time.
    apart_seconds
        Excursions of one variable that are closer than this, or than three response times, are one.
    break_seconds
        Samples that stand out and are further apart belong to excursions of their own.
    cell_seconds, cells
        The level is the median over so many cells of time on each side.
    """

    noise: float = 10.0
    spread: float = 8.0
    edge: float = 0.4
    shortest_seconds: float = 60.0
    apart_seconds: float = 1800.0
    break_seconds: float = 300.0
    cell_seconds: float = 3600.0
    cells: int = 36


@dataclass(frozen=True)
class Runs:
    """Stretches of time in which one sensor's record stands out: start, end (both inside), and whether by enough."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    strong: NDArray[np.bool_]


@dataclass(frozen=True)
class Event:
    """A stretch of time in which something came by.

    Attributes
    ----------
    number
        Id, counted from 1 in order of time.
    start, end
        Microseconds, both inside.
    variables
        What showed it, in order of onset.
    """

    number: int
    start: int
    end: int
    variables: tuple[str, ...]

    @property
    def confirmed(self) -> bool:
        """Whether several variables showed it within three response times of each other."""
        return len(self.variables) > 1


@dataclass(frozen=True)
class _Excursion:
    start: int
    end: int
    variable: str
    response_us: int


def rule_for(sampling_seconds: float, rule: EventRule = EventRule()) -> EventRule | None:
    """The rule for a record of such sampling; None where samples lie too far apart to tell an event from the sea."""
    found = cells_for(sampling_seconds, rule.cells)
    if found is None:
        return None
    apart = max(rule.break_seconds, 2.5 * sampling_seconds)
    return replace(rule, cell_seconds=found[0], cells=found[1], break_seconds=apart)


def reach(rule: EventRule) -> Halo:
    """How much of the record must lie around a part, so that it is looked at as the whole would be."""
    from qc.cells import surroundings_halo

    return surroundings_halo(rule.cell_seconds, rule.cells)


def find_events(seen: Mapping[str, Seen], rule: EventRule = EventRule()) -> tuple[Event, ...]:
    """Find events in the record of a deployment.

    Parameters
    ----------
    seen
        Variables by name, of any instruments, each with its own times.
    rule
        What stands out.
    """
    runs = {name: joined([runs_of(one, rule)], rule) for name, one in seen.items()}
    return events_of(runs, {name: one.response_seconds for name, one in seen.items()}, rule)


def runs_of(seen: Seen, rule: EventRule, core: slice = slice(None)) -> Runs:
    """Find where a part of one sensor's record stands out from what is around.

    Parameters
    ----------
    seen
        The part, and as much around it as `reach` says where the record goes on.
    rule
        What stands out.
    core
        Samples of the part.

    Returns
    -------
    Runs
        In order of time: what stands out by enough, and what may belong to more of it beyond the part's ends.
    """
    from qc.cells import Cells, around_cells, cell_edges, in_cells

    start, stop, _ = core.indices(seen.time.size)
    edges = cell_edges(seen.time, rule.cell_seconds)
    groups = list(_groups(edges))
    held = [in_cells(seen.clean(slice(edges[a], edges[b])), edges[a : b + 1] - edges[a]) for a, b in groups]
    if not held or start >= stop:
        return _none()
    cells = Cells(*(np.concatenate(column) for column in zip(*held, strict=True)))
    around = around_cells(seen.time[edges[:-1]], cells, rule.cell_seconds, rule.cells)
    least = np.maximum(rule.noise * np.maximum(around.noise, seen.resolution), rule.spread * around.spread)
    found = []
    for a, b in groups:
        rows = slice(max(start, int(edges[a])), min(stop, int(edges[b])))
        if rows.start < rows.stop:
            lengths = np.minimum(edges[a + 1 : b + 1], rows.stop) - np.maximum(edges[a:b], rows.start)
            level, bound = (np.repeat(one[a:b], np.maximum(lengths, 0)) for one in (around.level, least))
            found.append(_standing_out(seen.time[rows], np.abs(seen.clean(rows) - level), bound, rule))
    return _trimmed(joined(found, rule), int(seen.time[start]), int(seen.time[stop - 1]), rule)


def _groups(edges: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Whole cells, as many as are looked at at once: memory does not grow with the record."""
    begin = 0
    for cell in range(1, edges.size):
        if edges[cell] - edges[begin] >= _AT_ONCE or cell == edges.size - 1:
            yield begin, cell
            begin = cell


def _none() -> Runs:
    return Runs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, bool))


def _standing_out(
    time: NDArray[np.int64], departure: NDArray[np.float64], least: NDArray[np.float64], rule: EventRule
) -> Runs:
    inside = np.flatnonzero((departure > rule.edge * least) & (departure < np.inf))
    moments = time[inside]
    return joined([Runs(moments, moments, departure[inside] > least[inside])], rule)


def joined(parts: Sequence[Runs], rule: EventRule) -> Runs:
    """Join the runs of consecutive parts of one record, in order of time."""
    start, end, strong = (
        np.concatenate([getattr(part, name) for part in (_none(), *parts)]) for name in ("start", "end", "strong")
    )
    if not start.size:
        return _none()
    first = np.flatnonzero(np.r_[True, start[1:] - end[:-1] > _us(rule.break_seconds)])
    last = np.r_[first[1:], start.size] - 1
    return Runs(start[first], end[last], np.logical_or.reduceat(strong, first))


def _trimmed(runs: Runs, first: int, last: int, rule: EventRule) -> Runs:
    """Without weak runs that nothing before or after the part can make strong."""
    near = _us(rule.break_seconds)
    kept = runs.strong | (runs.start - first <= near) | (last - runs.end <= near)
    return Runs(runs.start[kept], runs.end[kept], runs.strong[kept])


def events_of(
    runs: Mapping[str, Runs], responses: Mapping[str, float], rule: EventRule = EventRule()
) -> tuple[Event, ...]:
    """Events that the sensors of a deployment saw.

    Excursions of each variable are joined into one event where they overlap, or where one begins within three response
    times (of the slower sensor) of another's end: a slow sensor comes late. The result hangs on the whole record, so
    its ids are those of a record, not of its parts.

    Parameters
    ----------
    runs
        By variable, of its whole record: see `joined`.
    responses
        By variable, seconds to 63 % of a step.
    rule
        How long an excursion must be, and how far from the next.
    """
    found = sorted(
        (one for name in sorted(runs) for one in _excursions(name, runs[name], responses[name], rule)),
        key=lambda one: (one.start, one.variable),
    )
    groups: list[list[_Excursion]] = []
    until = 0
    for one in found:
        if groups and one.start <= until + 3 * one.response_us:
            groups[-1].append(one)
            until = max(until, one.end + 3 * one.response_us)
        else:
            groups.append([one])
            until = one.end + 3 * one.response_us
    return tuple(_event(number, group) for number, group in enumerate(groups, 1))


def _event(number: int, group: Sequence[_Excursion]) -> Event:
    variables = tuple(dict.fromkeys(one.variable for one in group))
    return Event(number, group[0].start, max(one.end for one in group), variables)


def _excursions(name: str, runs: Runs, response_seconds: float, rule: EventRule) -> Iterable[_Excursion]:
    response_us = _us(response_seconds)
    apart = max(_us(rule.apart_seconds), 3 * response_us)
    shortest = max(_us(rule.shortest_seconds), response_us)
    long: list[list[int]] = []
    for start, end in zip(runs.start[runs.strong].tolist(), runs.end[runs.strong].tolist(), strict=True):
        if long and start - long[-1][1] <= apart:
            long[-1][1] = end
        else:
            long.append([start, end])
    return [_Excursion(start, end, name, response_us) for start, end in long if end - start >= shortest]


def _us(seconds: float) -> int:
    return round(seconds * 1e6)


def event_ids(time: NDArray[np.int64], events: Sequence[Event]) -> NDArray[np.int32]:
    """Id of the event at each time, 0 for none."""
    ids = np.zeros(time.size, np.int32)
    for one in events:
        ids[np.searchsorted(time, one.start, "left") : np.searchsorted(time, one.end, "right")] = one.number
    return ids


def keep_confirmed(flags: Flags, time: NDArray[np.int64], events: Sequence[Event]) -> Flags:
    """Flags in which what is suspect inside a confirmed event is probably good; a new array.

    Parameters
    ----------
    flags : ndarray of int8, shape (n, ...)
        OceanSITES codes.
    time : ndarray of int64, shape (n,)
        Microseconds.
    events
        See `find_events`.
    """
    within = event_ids(time, [one for one in events if one.confirmed]) > 0
    within = within.reshape(-1, *[1] * (flags.ndim - 1))
    return np.where(within & (flags == PROBABLY_BAD), np.int8(PROBABLY_GOOD), flags)
