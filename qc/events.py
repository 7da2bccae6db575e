"""Events: excursions that the sensors' response times allow, with ids; confirmed where several sensors saw them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.cells import surroundings
from qc.flags import PROBABLY_BAD, PROBABLY_GOOD, Flags


@dataclass(frozen=True)
class Seen:
    """One variable as one sensor saw it.

    Attributes
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds, never going back.
    value : ndarray of float64, shape (n,)
        NaN where missing or failed: a fault is no event.
    response_seconds
        Time to 63 % of a step.
    """

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    response_seconds: float


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
    cell_seconds, cells
        The level is the median over so many cells of time on each side.
    """

    noise: float = 10.0
    spread: float = 8.0
    edge: float = 0.4
    shortest_seconds: float = 60.0
    apart_seconds: float = 1800.0
    cell_seconds: float = 3600.0
    cells: int = 36


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


def find_events(seen: Mapping[str, Seen], rule: EventRule = EventRule()) -> tuple[Event, ...]:
    """Find events in the record of a deployment.

    Excursions of each variable are joined into one event where they overlap, or where one begins within three response
    times (of the slower sensor) of another's end: a slow sensor comes late. The result hangs on the whole record, so
    its ids are those of a record, not of its parts.

    Parameters
    ----------
    seen
        Variables by name, of any instruments, each with its own times.
    rule
        What stands out.
    """
    found = sorted(
        (excursion for name in sorted(seen) for excursion in _excursions(name, seen[name], rule)),
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


def _excursions(name: str, seen: Seen, rule: EventRule) -> list[_Excursion]:
    finite = np.isfinite(seen.value)
    time, value = seen.time[finite], seen.value[finite]
    around = surroundings(time, value, rule.cell_seconds, rule.cells)
    least = np.maximum(rule.noise * around.noise, rule.spread * around.spread)
    departure = np.abs(value - around.level)
    response_us = round(seen.response_seconds * 1e6)
    apart = max(round(rule.apart_seconds * 1e6), 3 * response_us)
    shortest = max(round(rule.shortest_seconds * 1e6), response_us)
    inside = np.flatnonzero(departure > rule.edge * least)
    if not inside.size:
        return []
    breaks = np.flatnonzero(np.diff(time[inside]) > min(apart, round(rule.shortest_seconds * 1e6) * 5)) + 1
    runs = [run for run in np.split(inside, breaks) if (departure[run] > least[run]).any()]
    joined: list[list[int]] = []
    for run in runs:
        start, end = int(time[run[0]]), int(time[run[-1]])
        if joined and start - joined[-1][1] <= apart:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    return [_Excursion(start, end, name, response_us) for start, end in joined if end - start >= shortest]


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
