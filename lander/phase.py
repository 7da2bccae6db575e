"""Deck, descent, seafloor, ascent: found once per deployment from a pressure record, applied to all its instruments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest import vocabulary

Microseconds = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

UNKNOWN, DECK, DESCENT, SEAFLOOR, ASCENT, RECOVERED = range(6)
PHASE_VALUES = (UNKNOWN, DECK, DESCENT, SEAFLOOR, ASCENT, RECOVERED)
PHASE_MEANINGS = "unknown deck descent seafloor ascent recovered"

BIN_US = 60_000_000
"""Width of the summary's bins; a lander sinks at 0.3 to 1 m/s, so a descent to 1,100 m fills 20 to 60 of them."""

_PRESSURE = vocabulary.lookup("pressure")
_STEP = _PRESSURE.step or 1e-4
_HOLD = 5  # bins in a row before a level counts as held
_SMALLEST_BAND = 3.0  # dbar around the bottom's level: tides of the open slope stay within 2
_WET = 1.5  # dbar: weather moves the reading on deck by 0.5
_FASTEST = 3.0  # dbar/s: twice the quickest ascent of a lander; faster is a fault of the sensor
_LOCAL_US = 30 * BIN_US
_STUCK_US = 86_400_000_000  # a day without the last digit moving: no tide does that


class Bounds(Protocol):
    """What the search needs to know of a deployment; a `Deployment` is one."""

    @property
    def start(self) -> np.datetime64: ...  # noqa: D102
    @property
    def end(self) -> np.datetime64: ...  # noqa: D102
    @property
    def water_depth(self) -> float | None: ...  # noqa: D102
    @property
    def touchdown(self) -> np.datetime64 | None: ...  # noqa: D102
    @property
    def liftoff(self) -> np.datetime64 | None: ...  # noqa: D102


@dataclass(frozen=True)
class PressureSummary:
    """A pressure record in bins of a minute on absolute time, exact, so that any partition gives the same whole.

    Attributes
    ----------
    minute : ndarray of int64, shape (b,)
        Bins with at least one possible value, as minutes since 1970-01-01 UTC, ascending.
    minimum, maximum, total : ndarray of int64, shape (b,)
        Of the values in the bin, in storage steps of `pressure`.
    number : ndarray of int64, shape (b,)
        How many values.
    """

    minute: NDArray[np.int64]
    minimum: NDArray[np.int64]
    maximum: NDArray[np.int64]
    total: NDArray[np.int64]
    number: NDArray[np.int64]


@dataclass(frozen=True)
class Phase:
    """What a lander did when. Times are microseconds since 1970-01-01 UTC, None where nothing shows them.

    Attributes
    ----------
    deck_end
        The lander left the deck.
    touchdown
        First moment on the seafloor, or of the record where that begins there (`source` says which).
    liftoff
        Last moment on the seafloor; None where the record ends there.
    surfaced
        Back at the surface.
    source
        In words, what each of them was taken from.
    uncertainty_seconds
        Of a touchdown and lift-off seen in the record: the larger of the two; None where neither was seen.
    steps
        (from when, which phase), ascending; the first holds for all time before.
    """

    deck_end: int | None
    touchdown: int | None
    liftoff: int | None
    surfaced: int | None
    source: str
    uncertainty_seconds: float | None
    steps: tuple[tuple[int, int], ...]


def from_mapping(stored: Mapping[str, Any]) -> Phase:
    """Rebuild a phase from `dataclasses.asdict(phase)`, also after a trip through JSON."""
    steps = tuple((int(moment), int(code)) for moment, code in stored["steps"])
    return Phase(**{**stored, "steps": steps})


def at(time: Microseconds, phase: Phase) -> NDArray[np.int8]:
    """Phase of each moment.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC, of any instrument of the deployment.

    Returns
    -------
    ndarray of int8, shape (n,)
        One of `PHASE_VALUES`.
    """
    moments = np.array([moment for moment, _ in phase.steps], dtype=np.int64)
    codes = np.array([code for _, code in phase.steps], dtype=np.int8)
    return codes[np.maximum(np.searchsorted(moments, time, side="right") - 1, 0)]


def summarise(time: Microseconds, pressure: Floats) -> PressureSummary:
    """Condense a piece of a pressure record.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC, in any order.
    pressure : ndarray of float64, shape (n,)
        Sea pressure, dbar. NaN and values outside the vocabulary's range are passed over: the real record
        corpus/sbe_hex/SBE37SM-RS232_03716125_2017_11_16.hex holds -186 dbar.
    """
    low, high = _PRESSURE.valid_min or 0.0, _PRESSURE.valid_max or np.inf
    possible = (pressure >= low) & (pressure <= high)
    steps = np.rint(pressure[possible] / _STEP).astype(np.int64)
    return _condense(time[possible] // BIN_US, steps, steps, steps, np.ones(len(steps), dtype=np.int64))


def combine(summaries: Sequence[PressureSummary]) -> PressureSummary:
    """Join the summaries of pieces of one record; the pieces may share bins and come in any order."""
    empty = summarise(np.zeros(0, dtype=np.int64), np.zeros(0))
    pieces = [empty, *summaries]
    return _condense(
        np.concatenate([piece.minute for piece in pieces]),
        np.concatenate([piece.minimum for piece in pieces]),
        np.concatenate([piece.maximum for piece in pieces]),
        np.concatenate([piece.total for piece in pieces]),
        np.concatenate([piece.number for piece in pieces]),
    )


def find(summaries: Sequence[PressureSummary], deployment: Bounds) -> Phase:
    """Find a deployment's phases.

    The bottom is the level at which the record stays longest. Touchdown is where the pressure first stays within the
    tide of it, then settles within the scatter of the half hour that follows; lift-off is the same from behind. A
    level that changes faster than any lander moves, or that leaves the bottom downwards, is a failing sensor and no
    lift-off. Short excursions, as when an ROV moves the lander, stay part of the seafloor phase.

    Parameters
    ----------
    summaries
        Of one instrument's pressure, in any order.
    deployment
        Bounds the search (`start`, `end`), tells the bottom from the deck (`water_depth`, where known), and gives
        `touchdown` and `liftoff` where the record shows none.

    Returns
    -------
    Phase
        Of unknown phase wherever neither record nor configuration tells.
    """
    start, end = _moment(deployment.start), _moment(deployment.end)
    minute, level = _levels(combine(summaries), start, end)
    bottom, band, note = _bottom(level, deployment.water_depth)
    held = _held(np.abs(level - bottom) <= band)
    if not held.any():
        return _configured(deployment)
    first, last = (int(each) for each in np.flatnonzero(held)[[0, -1]])
    arrival = _arrival(minute * BIN_US, level, first, band)
    leaving = len(level) - 1 - _arrival(-minute[::-1] * BIN_US, level[::-1], len(level) - 1 - last, band)
    seen = _Seen(
        start=start,
        end=end,
        times=minute * BIN_US,
        limit=min(0.5 * bottom, max(_WET, 0.01 * bottom)),
        level=level,
        arrival=arrival,
        leaving=leaving,
        touchdown_seen=_travels(minute[::-1] * -BIN_US, level[::-1], len(level) - 1 - arrival, bottom - band),
        liftoff_seen=_travels(minute * BIN_US, level, leaving, bottom - band),
    )
    return _assemble(seen, deployment, note)


@dataclass(frozen=True)
class _Seen:
    start: int
    end: int
    times: Microseconds
    limit: float
    level: Floats
    arrival: int
    leaving: int
    touchdown_seen: bool
    liftoff_seen: bool


def _condense(minute: NDArray[np.int64], minimum: NDArray[np.int64], maximum: NDArray[np.int64],
              total: NDArray[np.int64], number: NDArray[np.int64]) -> PressureSummary:
    if not len(minute):
        none = np.zeros(0, dtype=np.int64)
        return PressureSummary(none, none, none, none, none)
    order = np.argsort(minute, kind="stable")
    starts = np.flatnonzero(np.diff(minute[order], prepend=minute.min() - 1))
    return PressureSummary(
        minute[order][starts],
        np.minimum.reduceat(minimum[order], starts),
        np.maximum.reduceat(maximum[order], starts),
        np.add.reduceat(total[order], starts),
        np.add.reduceat(number[order], starts),
    )


def _levels(whole: PressureSummary, start: int, end: int) -> tuple[NDArray[np.int64], Floats]:
    """Robust level of each bin between start and end, dbar: no single outlier in a bin, no two bins in five."""
    inside = (whole.minute * BIN_US >= start - BIN_US) & (whole.minute * BIN_US < end)
    many = whole.number > 2
    kept = np.where(many, whole.number - 2, whole.number)
    total = np.where(many, whole.total - whole.minimum - whole.maximum, whole.total)
    level = total / np.maximum(kept, 1) * _STEP
    inside &= ~_stuck(whole, level)
    minute, level = whole.minute[inside], level[inside]
    if len(level) >= _HOLD:
        half = _HOLD // 2
        padded = np.pad(level, half, mode="edge")
        level = np.median(np.lib.stride_tricks.sliding_window_view(padded, _HOLD), axis=-1)
    return minute, level


def _stuck(whole: PressureSummary, level: Floats) -> Mask:
    """Bins of a wet sensor whose reading does not move by one step for a day."""
    if not len(level):
        return np.zeros(0, dtype=np.bool_)
    moving = (whole.minimum != whole.maximum) | (np.diff(whole.minimum, prepend=whole.minimum[0] - 1) != 0)
    run = np.cumsum(moving)
    starts = np.flatnonzero(np.diff(run, prepend=-1))
    lengths = np.diff(np.append(starts, len(run)))
    duration = np.repeat((whole.minute[starts + lengths - 1] - whole.minute[starts]) * BIN_US, lengths)
    stuck: Mask = (duration >= _STUCK_US) & (level > _WET)
    return stuck


def _bottom(level: Floats, water_depth: float | None) -> tuple[float, float, str]:
    """Level held longest, half width of its tide, and a remark, dbar."""
    wet, note = level > _WET, ""
    if water_depth is not None:
        near = (level > max(_WET, 0.5 * water_depth)) & (level < 1.3 * water_depth + 20.0)
        if np.count_nonzero(near) >= _HOLD:
            wet = near
        elif np.count_nonzero(wet) >= _HOLD:
            note = f"; the record never comes near the configured water depth of {water_depth:g} m"
    ordered = np.sort(level[wet])
    if not len(ordered):
        return np.nan, 0.0, note
    held = np.searchsorted(ordered, ordered + 2 * _SMALLEST_BAND, side="right") - np.arange(len(ordered))
    densest = int(np.argmax(held))
    bottom = float(np.median(ordered[densest : densest + held[densest]]))
    around = ordered[np.abs(ordered - bottom) <= min(10.0, 0.5 * bottom)]
    # A tide of amplitude A has a median absolute deviation of 0.71 A: three of them hold twice the tide.
    spread = 3.0 * float(np.median(np.abs(around - bottom)))
    return bottom, min(max(_SMALLEST_BAND, spread), 0.5 * bottom), note


def _held(inside: Mask) -> Mask:
    """Members of runs of at least `_HOLD` bins."""
    if len(inside) < _HOLD:
        return np.zeros(len(inside), dtype=np.bool_)
    full: Mask = np.asarray(np.lib.stride_tricks.sliding_window_view(inside, _HOLD).all(axis=-1))
    held = np.zeros(len(inside), dtype=np.bool_)
    for shift in range(_HOLD):
        held[shift : shift + len(full)] |= full
    return held


def _arrival(times: Microseconds, level: Floats, first: int, band: float) -> int:
    """Refine the first bin within the tide to the first that scatters as the half hour after it does."""
    after = np.flatnonzero((times > times[first]) & (times <= times[first] + _LOCAL_US))
    if len(after) < _HOLD:
        return first
    local = float(np.median(level[after]))
    scatter = 1.4826 * float(np.median(np.abs(level[after] - local)))
    settled = np.abs(level - local) <= min(max(0.3, 4.0 * scatter), band)
    later = np.flatnonzero(settled[first : after[-1] + 1])
    return first + int(later[0]) if len(later) else first


def _travels(times: Microseconds, level: Floats, leaving: int, above: float) -> bool:
    """Whether what follows bin `leaving` is a lander on its way up, and no failing sensor or end of record."""
    following = np.flatnonzero((times > times[leaving]) & (level < above))[:_HOLD]
    beyond = level[leaving + 1 : leaving + 1 + 2 * _HOLD]
    if not len(following) or np.median(beyond) >= above:
        return False
    steps = np.diff(level[leaving:]) / np.diff(times[leaving:]) * 1e6
    return bool(np.all(np.abs(steps[: following[-1] - leaving]) <= _FASTEST))


def _assemble(seen: _Seen, deployment: Bounds, note: str) -> Phase:
    spacing = int(np.median(np.diff(seen.times))) if len(seen.times) > 1 else BIN_US
    before, touchdown, deck_end, came = _beginning(seen, deployment)
    after, liftoff, surfaced, went = _ending(seen, deployment, max(spacing, BIN_US))
    gaps = []
    if seen.touchdown_seen:
        gaps.append(seen.times[seen.arrival] - seen.times[seen.arrival - 1])
    if seen.liftoff_seen:
        gaps.append(seen.times[seen.leaving + 1] - seen.times[seen.leaving])
    uncertainty = max(gaps) / 1e6 if gaps else None
    steps = (*before, *after, (seen.end, RECOVERED))
    return Phase(deck_end, touchdown, liftoff, surfaced, f"pressure: {came}; {went}{note}", uncertainty, steps)


_Steps = tuple[tuple[int, int], ...]


def _beginning(seen: _Seen, deployment: Bounds) -> tuple[_Steps, int, int | None, str]:
    arrival, first = int(seen.times[seen.arrival]), max(int(seen.times[0]), seen.start)
    outset = (seen.start - 1, DECK)
    if not seen.touchdown_seen:
        if deployment.touchdown is not None and _moment(deployment.touchdown) < arrival:
            moment = _moment(deployment.touchdown)
            words = "touchdown by configuration, before the record"
            return (outset, (seen.start, UNKNOWN), (moment, SEAFLOOR)), moment, None, words
        words = "on the seafloor from the first sample, touchdown before it"
        return (outset, (seen.start, UNKNOWN), (arrival, SEAFLOOR)), arrival, None, words
    dry = np.flatnonzero(seen.level[: seen.arrival] <= seen.limit)
    if not len(dry):
        steps = (outset, (seen.start, UNKNOWN), (first, DESCENT), (arrival, SEAFLOOR))
        return steps, arrival, None, "touchdown seen, the record begins on the way down"
    deck_end = int(seen.times[dry[-1]]) + BIN_US
    return (outset, (deck_end, DESCENT), (arrival, SEAFLOOR)), arrival, deck_end, "touchdown seen"


def _ending(seen: _Seen, deployment: Bounds, spacing: int) -> tuple[_Steps, int | None, int | None, str]:
    leaving = int(seen.times[seen.leaving]) + BIN_US
    if not seen.liftoff_seen:
        if deployment.liftoff is not None and _moment(deployment.liftoff) > leaving:
            moment = _moment(deployment.liftoff)
            return ((moment, UNKNOWN),), moment, None, "lift-off by configuration, after the usable record"
        last = min(int(seen.times[seen.leaving]) + spacing, seen.end)
        return ((last, UNKNOWN),), None, None, "lift-off not seen, the usable record ends on the seafloor"
    dry = np.flatnonzero(seen.level[seen.leaving :] <= seen.limit)
    if not len(dry):
        last = min(int(seen.times[-1]) + spacing, seen.end)
        return ((leaving, ASCENT), (last, UNKNOWN)), leaving, None, "lift-off seen, the record ends on the way up"
    surfaced = int(seen.times[seen.leaving + dry[0]])
    return ((leaving, ASCENT), (surfaced, RECOVERED)), leaving, surfaced, "lift-off seen"


def _configured(deployment: Bounds) -> Phase:
    start, end = _moment(deployment.start), _moment(deployment.end)
    touchdown = None if deployment.touchdown is None else _moment(deployment.touchdown)
    liftoff = None if deployment.liftoff is None else _moment(deployment.liftoff)
    edges: _Steps = ((start - 1, DECK), (start, UNKNOWN))
    if touchdown is not None and liftoff is not None:
        edges = (*edges, (touchdown, SEAFLOOR), (liftoff, UNKNOWN))
        source = "configuration"
    elif touchdown is None and liftoff is None:
        source = "unknown: no pressure record shows it and the configuration has neither touchdown nor liftoff"
    else:
        source = "unknown: no pressure record shows it and the configuration has only one of touchdown and liftoff"
    return Phase(None, touchdown, liftoff, None, source, None, (*edges, (end, RECOVERED)))


def _moment(moment: np.datetime64) -> int:
    return int(moment.astype("datetime64[us]").astype(np.int64))
