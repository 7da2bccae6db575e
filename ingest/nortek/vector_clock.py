"""Times of Vector samples, which carry none: from the records around them that do.

System records come once a second with the instrument's clock in whole seconds; the samples after one are those of its
second. Between them time runs at the sampling rate, counted by the samples' own counter, so that a lost sample leaves
its place empty. It is never led by more than the second that a stamp leaves open: where the true rate is not the
nominal one (0.0310 s instead of 0.03125 in corpus vector_data_imu01) each stamp corrects it a little.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest import pages
from ingest.binary.checksums import Eights, eights
from ingest.binary.runs import Runs
from ingest.compiled import compiled
from ingest.text import Bytes, Places

SECOND = 1_000_000_000
MOST_WAITING = 1000  # samples that may wait for the rate to be known: 15 s at the highest rate

Int = NDArray[np.int64]

_BEHIND = np.iinfo(np.int64).max

_ONE = np.uint64(1)
_EACH, _STEPS = np.uint64(0x0101_0101_0101_0101), np.uint64(0x0807_0605_0403_0201)
_HIGHEST, _BUT_HIGHEST = np.uint64(0x8080_8080_8080_8080), np.uint64(0x7F7F_7F7F_7F7F_7F7F)

_SHORT_RUN = 1 << 16
"""Samples of a run whose times can be reckoned in whole microseconds from its first: none of them runs over."""


@dataclass(frozen=True)
class Clock:
    """What the last record left behind; times and periods in nanoseconds.

    Attributes
    ----------
    period
        Between samples: of the configuration, or counted; 0 where neither tells, so that the samples of a second share
        its stamp; None while it may still be counted.
    lead
        What is added to `steps * period`; None where no sample came since the start of the burst.
    steps
        Of the last sample, counted over the file.
    counter
        Of the last sample, modulo 256; -1 before the first.
    stamp
        Of the last record with a time; None before the first.
    fresh
        Whether no sample came since that record.
    """

    period: int | None = None
    lead: int | None = None
    steps: int = 0
    counter: int = -1
    stamp: int | None = None
    fresh: bool = False


class Stamps(NamedTuple):
    """Records with a time, in file order, each of shape (n,): place, nanoseconds, whether a burst starts with it."""

    place: Places
    time: Int
    restart: NDArray[np.bool_]


def sample_times(clock: Clock, runs: Runs, counters: Bytes, stamps: Stamps) -> tuple[Int, Clock]:
    """Times of samples in microseconds, shape (n,), and what they leave behind.

    Parameters
    ----------
    clock
        As the records before left it, `period` known, and with a stamp before the first sample.
    runs
        Where the samples stand.
    counters : ndarray of uint8, shape (n,)
        Their own.
    stamps
        Records with a time among them.
    """
    assert clock.period is not None
    begun = clock.lead is not None
    before = np.array([clock.steps, clock.counter, clock.lead or 0, begun, clock.fresh, clock.stamp or 0], np.int64)
    time = pages.empty(runs.size, np.int64)
    # One stamp more, behind all samples, ends every search for the next.
    closed = stamps._replace(place=np.append(stamps.place, _BEHIND))
    after = _fill_times(clock.period, before, (runs.first, runs.count), (counters, eights(counters)), closed, time)
    steps, counter, lead, begun, fresh, _ = after.tolist()
    stamp = int(stamps.time[-1]) if stamps.time.size else clock.stamp
    return time, Clock(clock.period, lead if begun else None, steps, counter, stamp, bool(fresh))


@compiled
def _fill_times(
    period: int, before: Int, runs: tuple[Places, Places], counted: tuple[Bytes, Eights], stamps: Stamps, time: Int
) -> Int:
    """Fill in microseconds; the state after them is steps, counter, lead and whether any, whether fresh, stamp."""
    # Each array by a name of its own: one out of a tuple is counted as held each time, 0.9 of 2.5 ms here.
    (first, count), (counters, numbers), (places, told, restart) = runs, counted, stamps
    steps, counter, lead, begun, fresh, stamp = before
    following, row = 0, np.uint64(0)
    for run in range(first.size):
        # A stamp stands between runs, as it is another record.
        while first[run] >= places[following]:
            # The samples after a stamp are those of its second; a burst starts anew.
            stamp, fresh, begun = told[following], 1, 0 if restart[following] else begun
            following += 1
        if fresh or not begun:
            elapsed = (steps + _ahead(counter, counters[row])) * period
            lead, begun, fresh = _within_its_second(begun != 0, lead, elapsed, stamp), 1, 0
        base, opening, left = (steps * period + lead) // 1000, steps, count[run]
        whole = period // 1000 if period % 1000 == 0 and left < _SHORT_RUN else 0
        while left:
            if whole and left >= 8 and numbers[row] == _eight_after(counter):
                for number in range(1, 9):
                    time[row] = base + (steps - opening + number) * whole
                    row += _ONE
                steps, counter, left = steps + 8, np.int64(counters[row - _ONE]), left - 8
                continue
            steps += _ahead(counter, counters[row])
            counter = np.int64(counters[row])
            time[row] = base + (steps - opening) * whole if whole else (steps * period + lead) // 1000
            row, left = row + _ONE, left - 1
    for last in range(following, told.size):
        stamp, fresh, begun = told[last], 1, 0 if restart[last] else begun
    return np.array([steps, counter, lead, begun, fresh, stamp], np.int64)


@compiled
def _eight_after(counter: int) -> np.uint64:
    """Counters of the eight samples after one, each a byte of a number; they begin anew after 255."""
    all_of_it = np.uint64(counter & 0xFF) * _EACH
    # A byte's highest bit is left out of the sum, so that none is carried over to the next byte.
    return (all_of_it & _BUT_HIGHEST) + _STEPS ^ all_of_it & _HIGHEST


@compiled
def _ahead(before: int, counter: int) -> int:
    """Return how many steps the counter of a sample, modulo 256, is ahead of the one before."""
    ahead = int(np.int64(counter) - before) & 0xFF
    return ahead if ahead else 1


@compiled
def _within_its_second(begun: bool, lead: int, elapsed: int, stamp: int) -> int:
    """Correct the lead so that the first sample after a stamp lies within the second that the stamp leaves open."""
    if not begun or elapsed + lead < stamp:
        return stamp - elapsed
    return min(lead, stamp + SECOND - elapsed)


def counted_period(place: Places, stamps: Stamps, *, last: bool) -> int | None:
    """Period from samples counted between stamps a second apart, two seconds in a row with the same number.

    Parameters
    ----------
    place : ndarray of int64, shape (n,)
        Where the samples stand, ascending, from the first stamp of the file on.
    stamps
        Records with a time among them.
    last
        Whether the file ends here: then one full second has to do, the one with the most samples.

    Returns
    -------
    int or None
        Nanoseconds; 0 where it can no longer be told; None while it still may.
    """
    # Stamps behind as many samples as may wait do not count: of many a few are looked at.
    many = int(np.searchsorted(stamps.place, place[MOST_WAITING])) if place.size > MOST_WAITING else stamps.place.size
    stamps = Stamps(stamps.place[:many], stamps.time[:many], stamps.restart[:many])
    before = np.searchsorted(place, stamps.place)
    ends = np.flatnonzero((before > MOST_WAITING) | (stamps.restart & (before > 0)))
    within = int(ends[0]) if ends.size else stamps.place.size
    counts = np.diff(before[:within])
    full = (np.diff(stamps.time[:within]) == SECOND) & ~stamps.restart[1:within] & (counts > 0)
    same = np.flatnonzero(full[1:] & full[:-1] & (counts[1:] == counts[:-1]))
    if same.size:
        return SECOND // int(counts[same[0]])
    if last or ends.size or place.size > MOST_WAITING:
        return SECOND // int(counts[full].max()) if full.any() else 0
    return None
