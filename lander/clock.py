"""Instrument clocks to UTC: piecewise linear between any number of checks, in whole microseconds."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lander.deployment import ClockCheck
from lander.errors import LanderError

Microseconds = NDArray[np.int64]

NO_CHECK, BETWEEN, EXTRAPOLATED, FAR, NO_TIME = 0, 1, 2, 3, 9
"""Values of `time_qc`: no check at all; between two checks; outside them; far outside them; no time in the record."""

TIME_QC_VALUES = (NO_CHECK, BETWEEN, EXTRAPOLATED, FAR, NO_TIME)
TIME_QC_MEANINGS = "clock_not_checked between_clock_checks extrapolated_drift far_from_any_clock_check no_time"

FAR_DAYS = 30.0
"""From here on an extrapolated drift counts as far. A logger's crystal changes its rate by some 2 ppm with the
temperature of deck and seafloor (SBE 37-SM: 5 s a month are specified), which in 30 days makes 5 s."""

_DAY = 86_400_000_000
_NOT_A_TIME = np.iinfo(np.int64).min


class ClockError(LanderError):
    """Two clock checks cannot both be true."""


class Knots(NamedTuple):
    """Readings of an instrument clock and UTC at the same moments, both ascending; kept in every file.

    Attributes
    ----------
    instrument, utc : ndarray of int64, shape (k,)
        Microseconds since 1970-01-01.
    """

    instrument: Microseconds
    utc: Microseconds


class Corrected(NamedTuple):
    """Times on UTC and how far they can be trusted.

    Attributes
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC.
    time_qc : ndarray of int8, shape (n,)
        One of `TIME_QC_VALUES`.
    """

    time: Microseconds
    time_qc: NDArray[np.int8]


def knots(checks: Sequence[ClockCheck]) -> Knots:
    """Order the checks of one clock.

    Parameters
    ----------
    checks
        In any order.

    Returns
    -------
    Knots
        Empty where there is no check.

    Raises
    ------
    ClockError
        Two checks name one moment of either clock twice, or the clocks run in opposite directions between them.
    """
    ordered = sorted(checks, key=lambda check: (_microseconds(check.instrument), _microseconds(check.utc)))
    for earlier, later in pairwise(ordered):
        _compare(earlier, later)
    return Knots(
        np.array([_microseconds(check.instrument) for check in ordered], dtype=np.int64),
        np.array([_microseconds(check.utc) for check in ordered], dtype=np.int64),
    )


def to_utc(time: Microseconds, checks: Sequence[ClockCheck], far_days: float = FAR_DAYS) -> Corrected:
    """Undo the drift of an instrument clock, taken as linear in time between neighbouring checks.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Instrument clock, microseconds since 1970-01-01. May jump, as after a restart: each sample is corrected by
        the time it bears, wherever it stands in the record. A restart that set the clock to another epoch is thus
        carried along as it is; it needs an instrument entry of its own with its own checks.
    checks
        In any order. None leaves the times alone; one is a constant offset.
    far_days
        Distance from the nearest check beyond which `time_qc` is 3.

    Returns
    -------
    Corrected
        Samples outside the checks use the drift rate of the nearest two.
    """
    return correct(time, knots(checks), far_days)


def correct(time: Microseconds, known: Knots, far_days: float = FAR_DAYS) -> Corrected:
    """Do what `to_utc` does, with the knots that a file of the store keeps."""
    count = len(known.instrument)
    if count == 0:
        quality = np.where(time == _NOT_A_TIME, NO_TIME, NO_CHECK).astype(np.int8)
        return Corrected(time.copy(), quality)
    corrected = time + _interpolate(time, known.instrument, known.utc - known.instrument)
    first, last = known.instrument[0], known.instrument[-1]
    outside = np.maximum(np.maximum(first - time, time - last), 0)
    quality = np.where(outside > 0, EXTRAPOLATED, BETWEEN if count > 1 else EXTRAPOLATED)
    quality = np.where(outside > far_days * _DAY, FAR, quality)
    none = time == _NOT_A_TIME
    return Corrected(np.where(none, _NOT_A_TIME, corrected), np.where(none, NO_TIME, quality).astype(np.int8))


def to_instrument(utc: Microseconds, known: Knots) -> Microseconds:
    """Find what the instrument's clock showed: the inverse of `correct`, to a microsecond.

    Parameters
    ----------
    utc : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC.
    known
        From `knots`.
    """
    if len(known.utc) == 0:
        return utc.copy()
    shown = utc + _interpolate(utc, known.utc, known.instrument - known.utc)
    return np.where(utc == _NOT_A_TIME, _NOT_A_TIME, shown)


def median_step(time: Microseconds) -> float:
    """Median seconds between the first 10,000 samples, to the millisecond; 0 for a single sample."""
    return round(float(np.median(np.diff(time[:10_000]))) / 1e6, 3) if len(time) > 1 else 0.0


def drift_ppm(known: Knots) -> NDArray[np.float64]:
    """Rate of the instrument clock against UTC between neighbouring checks, parts per million, shape (k - 1,).

    Positive where the instrument's clock is fast.
    """
    shown = np.diff(known.instrument).astype(np.float64)
    true = np.diff(known.utc).astype(np.float64)
    return (shown - true) / true * 1e6


def _interpolate(at: Microseconds, knot: Microseconds, offset: Microseconds) -> Microseconds:
    # Only the change of the offset goes through float64, and it is small: 1 hour of drift keeps 5e-7 us. The times
    # themselves stay integers: float64 seconds since 1970 would lose 0.2 us, and a product in int64 would overflow.
    if len(knot) == 1:
        return np.broadcast_to(offset[0], at.shape)
    left = np.clip(np.searchsorted(knot, at, side="right") - 1, 0, len(knot) - 2)
    length = (knot[1:] - knot[:-1]).astype(np.float64)[left]
    change = (offset[1:] - offset[:-1]).astype(np.float64)[left]
    fraction = (at - knot[left]).astype(np.float64) / length
    moved: Microseconds = offset[left] + np.rint(fraction * change).astype(np.int64)
    return moved


def _compare(earlier: ClockCheck, later: ClockCheck) -> None:
    same_instrument = _microseconds(earlier.instrument) == _microseconds(later.instrument)
    backward = _microseconds(later.utc) <= _microseconds(earlier.utc)
    if same_instrument and _microseconds(earlier.utc) == _microseconds(later.utc):
        fault = "the same clock check is given twice"
    elif same_instrument:
        fault = "two clock checks give one instrument time two UTC times"
    elif backward:
        fault = "two clock checks let UTC stand still or run backwards while the instrument's clock runs on"
    else:
        return
    raise ClockError(f"{fault}: {_name(earlier)} and {_name(later)}; remove or correct one of them")


def _name(check: ClockCheck) -> str:
    source = f" ({check.source})" if check.source else ""
    return f"instrument {check.instrument} = UTC {check.utc}{source}"


def _microseconds(moment: np.datetime64) -> int:
    return int(moment.astype("datetime64[us]").astype(np.int64))
