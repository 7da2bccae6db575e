"""Times of Vector samples, which carry none: from the records around them that do.

System records come once a second with the instrument's clock in whole seconds; the samples after one are those of its
second. Between them time runs at the sampling rate, counted by the samples' own counter, so that a lost sample leaves
its place empty. It is never led by more than the second that a stamp leaves open: where the true rate is not the
nominal one (0.0310 s instead of 0.03125 in corpus vector_data_imu01) each stamp corrects it a little.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.text import Places

SECOND = 1_000_000_000
MOST_WAITING = 1000  # samples that may wait for the rate to be known: 15 s at the highest rate

Int = NDArray[np.int64]


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


def sample_times(clock: Clock, place: Places, counter: NDArray[np.uint8], stamps: Stamps) -> tuple[Int, Clock]:
    """Times of samples in nanoseconds, shape (n,), and what they leave behind.

    Parameters
    ----------
    clock
        As the records before left it, `period` known, and with a stamp before the first sample.
    place : ndarray of int64, shape (n,)
        Where the samples stand, ascending.
    counter : ndarray of uint8, shape (n,)
        Their counters.
    stamps
        Records with a time among them.
    """
    assert clock.period is not None
    ahead = np.diff(np.concatenate(([clock.counter], counter.astype(np.int64)))) & 0xFF
    steps = clock.steps + np.cumsum(np.where(ahead == 0, 1, ahead))
    # A run of samples follows each stamp, but for stamps without any.
    edges = np.concatenate(([0], np.searchsorted(place, stamps.place), [place.size]))
    last = np.flatnonzero(np.diff(edges)) - 1
    first = edges[last + 1]
    times, restarts = stamps.time.tolist(), np.concatenate(([0], np.cumsum(stamps.restart))).tolist()
    leads, lead, seen = [], clock.lead, 0
    for stamp, elapsed in zip(last.tolist(), (steps[first] * clock.period).tolist(), strict=True):
        if restarts[stamp + 1] > seen:
            lead, seen = None, restarts[stamp + 1]
        if stamp >= 0 or clock.fresh or lead is None:
            lead = _within_its_second(lead, elapsed, times[stamp] if stamp >= 0 else clock.stamp or 0)
        leads.append(lead)
    sizes = np.diff(np.append(first, place.size))
    after = replace(
        clock,
        lead=None if restarts[-1] > seen else lead,
        stamp=times[-1] if times else clock.stamp,
        fresh=bool(times) or clock.fresh,
    )
    if place.size:
        fresh = bool(times) and bool(stamps.place[-1] > place[-1])
        after = replace(after, steps=int(steps[-1]), counter=int(counter[-1]), fresh=fresh)
    return steps * clock.period + np.repeat(np.array(leads, np.int64), sizes), after


def _within_its_second(lead: int | None, elapsed: int, stamp: int) -> int:
    """Correct the lead so that the first sample after a stamp lies within the second that the stamp leaves open."""
    if lead is None or elapsed + lead < stamp:
        return stamp - elapsed
    return min(lead, stamp + SECOND - elapsed)


def counted_period(place: Places, stamps: Stamps, *, last: bool) -> int | None:
    """Period from samples counted between stamps a second apart, two seconds in a row with the same number.

    Parameters
    ----------
    place : ndarray of int64, shape (n,)
        Where the samples stand, ascending, from the first of the file on.
    stamps
        Records with a time among them.
    last
        Whether the file ends here: then one full second has to do, the one with the most samples.

    Returns
    -------
    int or None
        Nanoseconds; 0 where it can no longer be told; None while it still may.
    """
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
