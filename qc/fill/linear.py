"""Linear interpolation between the good samples on both sides, as uncertain as the record itself says it is.

How far a value strays from the straight line between two others follows from the structure function
D(lag) = E[(x(t + lag) - x(t))^2]. With the ends at distances a and b (weights v = b / (a + b) and w = a / (a + b))

    variance = v D(a) + w D(b) - v w D(a + b)

is the mean square error of v x(t - a) + w x(t + b) for any process with stationary increments. D holds the noise of
the measurement, so the variance is that of the sample which would have been measured.

References
----------
Matheron, G. (1963), Principles of geostatistics, Economic Geology 58(8), 1246-1266: estimation variance of a given
linear estimator, written here with D, which is twice the semivariogram.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qc.filler import Filled, Filler, Series

_LEVELS = 32
_STEP = math.sqrt(2.0)
"""Lags are learnt at 1.5 caps and each sqrt(2) below it, 32 of them: from 6 h down to half a second and less."""

_ANCHORS = 12
"""Pairs begin at fixed moments, 12 in a cap's time: the same ones however the record is parted."""

_FEWEST, _SHARE = 8, 0.1
"""Pairs from which a mean square is taken for an expectation: so many, and a tenth of those of the fullest class. A
class that is hit only beside gaps knows a few hours of the tide, and the difference of D to its neighbours shows it."""

_SCALE = 80
"""Sums are whole numbers of 2^-80: exact, so that their order does not count."""


_SUMS = ("count", "squares", "lags_squared")


def learn(series: Series, largest_gap_seconds: float) -> dict[str, Any]:
    """Gather squared differences of the good samples at many lags.

    Every anchor A (whole multiples of cap / 12 since 1970) takes the first sample of [A, A + cap / 12) and, per lag,
    the one nearest to A + lag, by at most a quarter of the cap. Anchors whose samples all lie between the series' first
    and last are summed up, those at its edges are kept open: the next part may hold the rest.

    Parameters
    ----------
    series
        Good samples of one part of the record.
    largest_gap_seconds
        The cap.

    Returns
    -------
    dict
        `cap_us`; `extent`, first and last time (us); `count`, `squares` (2^-80 units squared), `lags_squared` (us2) per
        lag class; `open`, what open anchors hold.
    """
    cap = max(1, round(largest_gap_seconds * 1e6))
    summary: dict[str, Any] = {
        "cap_us": cap,
        "extent": [],
        "count": [0] * _LEVELS,
        "squares": [0] * _LEVELS,
        "lags_squared": [0] * _LEVELS,
        "open": {},
    }
    if series.time.size:
        summary["extent"] = [int(series.time[0]), int(series.time[-1])]
        _close(summary, _anchors(series, cap))
    return summary


def _anchors(series: Series, cap: int) -> dict[str, list[list[float] | None]]:
    """What each anchor finds in the series: its own sample, then per lag the nearest: [time, value] or None.

    An anchor without a sample of its own is listed too: that one may lie in the part before.
    """
    spacing = max(1, cap // _ANCHORS)
    reach, width = int(1.5 * cap) + cap // 4, cap // 4
    cell = series.time // spacing
    first = np.concatenate([[0], np.flatnonzero(np.diff(cell)) + 1])
    own = dict(zip(cell[first].tolist(), first.tolist(), strict=True))
    # Anchors before the first sample reach into the series as well.
    begin = int(series.time[0])
    earlier = range((begin - reach) // spacing, begin // spacing)
    numbers = np.array(sorted({*own, *earlier}), dtype=np.int64)
    targets = numbers[:, None] * spacing + np.array([round(lag) for lag in _lags(cap)], dtype=np.int64)
    nearest = _nearest(series.time, targets)
    close = np.abs(series.time[nearest] - targets) <= width
    found: dict[str, list[list[float] | None]] = {}
    times, values = series.time.tolist(), series.value.tolist()
    for number, indices, within in zip(numbers.tolist(), nearest.tolist(), close.tolist(), strict=True):
        at = own.get(number)
        row: list[list[float] | None] = [None if at is None else [times[at], values[at]]]
        row += [[times[i], values[i]] if near else None for i, near in zip(indices, within, strict=True)]
        if any(entry is not None for entry in row):
            found[str(number)] = row
    return found


def _nearest(time: NDArray[np.int64], targets: NDArray[np.int64]) -> NDArray[np.intp]:
    """Index of the sample nearest to each target, the earlier one of two as near, the first of equal times."""
    after = np.searchsorted(time, targets, side="left")
    right = np.minimum(after, time.size - 1)
    before = np.maximum(after - 1, 0)
    left = np.searchsorted(time, time[before], side="left")
    return np.where(np.abs(targets - time[left]) <= np.abs(time[right] - targets), left, right)


def _lags(cap: int) -> list[float]:
    return [1.5 * cap / _STEP**level for level in range(_LEVELS)]


def _close(summary: dict[str, Any], anchors: Mapping[str, list[list[float] | None]]) -> None:
    """Sum up the anchors that no sample outside of the summary's extent can change; keep the others open."""
    cap = summary["cap_us"]
    spacing, reach, width = max(1, cap // _ANCHORS), int(1.5 * cap) + cap // 4, cap // 4
    begin, end = summary["extent"]
    for number, row in anchors.items():
        time = int(number) * spacing
        if row[0] is None and int(number) >= begin // spacing:
            continue  # its cell lies within the extent and is empty
        # Strictly inside: the next part may begin at the very time at which this one ends.
        if time - width > begin and time + reach + spacing < end:
            _sum_up(summary, row)
        else:
            summary["open"][number] = row


def _sum_up(summary: dict[str, Any], row: list[list[float] | None]) -> None:
    own = row[0]
    if own is None:
        return
    pairs = {int(entry[0]) - int(own[0]): entry[1] for entry in row[1:] if entry is not None}
    for lag, value in pairs.items():
        if lag <= 0:
            continue
        level = round(math.log(1.5 * summary["cap_us"] / lag) / math.log(_STEP))
        if 0 <= level < _LEVELS:
            summary["count"][level] += 1
            summary["squares"][level] += _whole((value - own[1]) ** 2)
            summary["lags_squared"][level] += lag * lag


def _whole(value: float) -> int:
    return int(math.ldexp(value, _SCALE))


def merge(summaries: list[dict[str, Any]]) -> dict[str, Any]:
    """Join the parts' summaries, in time order."""
    merged = learn(Series(np.empty(0, np.int64), np.empty(0)), summaries[0]["cap_us"] / 1e6)
    for part in summaries:
        if part["cap_us"] != merged["cap_us"]:
            raise ValueError(f"parts learnt with caps of {merged['cap_us']} and {part['cap_us']} us cannot be joined")
        if not part["extent"]:
            continue
        for name in _SUMS:
            merged[name] = [one + other for one, other in zip(merged[name], part[name], strict=True)]
        waiting = _join(merged["open"], part["open"], merged["cap_us"])
        merged["extent"] = [(merged["extent"] or part["extent"])[0], part["extent"][1]]
        merged["open"] = {}
        _close(merged, waiting)
    return merged


def _join(
    before: Mapping[str, list[list[float] | None]], after: Mapping[str, list[list[float] | None]], cap: int
) -> dict[str, list[list[float] | None]]:
    """What two parts found for the same anchors: the earlier sample of its own, and the nearer one per lag."""
    joined = dict(before)
    offsets = [0, *(round(lag) for lag in _lags(cap))]
    for number, row in after.items():
        mine = joined.get(number)
        if mine is None:
            joined[number] = row
            continue
        anchor = int(number) * max(1, cap // _ANCHORS)
        joined[number] = [mine[0] or row[0]] + [
            _nearer(one, other, anchor + offset)
            for one, other, offset in zip(mine[1:], row[1:], offsets[1:], strict=True)
        ]
    return joined


def _nearer(one: list[float] | None, other: list[float] | None, target: int) -> list[float] | None:
    if one is None or other is None:
        return one or other
    return one if abs(one[0] - target) <= abs(other[0] - target) else other


def structure(summary: Mapping[str, Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Structure function that a summary holds.

    Returns
    -------
    lag : ndarray of float64, shape (k,)
        Seconds, rising: root mean square of each class with enough pairs.
    square : ndarray of float64, shape (k,)
        Mean squared difference at that lag, units squared.
    """
    whole = _with_open(summary)
    fewest = max(_FEWEST, _SHARE * max(whole["count"]))
    rows = [
        (math.sqrt(lags / count) / 1e6, squares / (count << _SCALE))
        for count, squares, lags in zip(whole["count"], whole["squares"], whole["lags_squared"], strict=True)
        if count >= fewest
    ]
    table = np.array(sorted(rows), dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _with_open(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The summary with its open anchors summed up as far as they got: nothing comes after."""
    whole: dict[str, Any] = {name: list(summary[name]) for name in _SUMS}
    whole["cap_us"] = summary["cap_us"]
    for row in summary["open"].values():
        _sum_up(whole, row)
    return whole


def predict(series: Series, at: NDArray[np.int64], summary: Mapping[str, Any]) -> Filled:
    """Interpolate at the times asked for.

    Parameters
    ----------
    series
        Good samples on both sides of the gaps.
    at : ndarray of int64, shape (m,)
        Microseconds, within gaps of the series.
    summary
        What the whole record taught.

    Returns
    -------
    Filled
        NaN where the series does not reach to both sides, where the gap is longer than 1.5 caps, the longest lag
        learnt, and everywhere when too few samples taught too little.
    """
    lag, square = structure(summary)
    after = np.searchsorted(series.time, at, side="right")
    inside = (after > 0) & (after < series.time.size) & (lag.size > 0)
    value, uncertainty = np.full(at.size, np.nan), np.full(at.size, np.nan)
    right = after[inside]
    left = right - 1
    a = (at[inside] - series.time[left]) / 1e6
    b = (series.time[right] - at[inside]) / 1e6
    gap = a + b
    v, w = b / gap, a / gap
    line = v * series.value[left] + w * series.value[right]
    at_a, at_b = _interpolated(a, lag, square), _interpolated(b, lag, square)
    variance = v * at_a + w * at_b - v * w * _interpolated(gap, lag, square)
    # Never below the noise of one measurement, half of D at the shortest lag, or an estimate's own error of about 2 %.
    variance = np.maximum(variance, np.minimum(0.5 * square[:1], 0.02 * np.minimum(at_a, at_b)))
    known = gap <= 1.5 * summary["cap_us"] / 1e6
    value[inside] = np.where(known, line, np.nan)
    uncertainty[inside] = np.where(known, np.sqrt(variance), np.nan)
    return Filled(value, uncertainty)


def _interpolated(
    at: NDArray[np.float64], lag: NDArray[np.float64], square: NDArray[np.float64]
) -> NDArray[np.float64]:
    """D between the lags learnt, constant beyond them.

    Straight in the square of the lag: exact for noise on anything smooth, where variances are small differences of
    large D, and at most 1.4 % low for a random walk.
    """
    if lag.size == 0:
        return np.full(at.shape, np.nan)
    return np.asarray(np.interp(at**2, lag**2, square))


FILLER = Filler(name="linear", code=1, learn=learn, merge=merge, predict=predict)
