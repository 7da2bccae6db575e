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

_SCALE = 60
"""Sums are whole numbers of 2^-60: exact, so that their order does not count."""


Row = list[list[float] | None]
"""What one anchor found: its own sample, then per lag the nearest, as [time, value]; None where there is none."""

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
        `cap_us`; `extent`, first and last time (us); `count`, `squares` (2^-60 units squared), `lags_squared` (us2) per
        lag class; `open`, what open anchors hold.
    """
    cap = max(1, round(largest_gap_seconds * 1e6))
    summary: dict[str, Any] = {"cap_us": cap, "extent": [], "open": {}, **{name: [0] * _LEVELS for name in _SUMS}}
    if series.time.size == 0:
        return summary
    summary["extent"] = [int(series.time[0]), int(series.time[-1])]
    numbers, found = _anchors(series, cap)
    closed = _closed(numbers, cap, summary["extent"])
    _sum_up_all(summary, series, found[closed])
    times, values = series.time.tolist(), series.value.tolist()
    for number, row in zip(numbers[~closed].tolist(), found[~closed].tolist(), strict=True):
        if max(row) >= 0:
            summary["open"][str(number)] = [[times[i], values[i]] if i >= 0 else None for i in row]
    return summary


def _anchors(series: Series, cap: int) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Anchors that the series can serve, and what each finds there: index of its own sample, then of one per lag.

    Index -1 where there is none. An anchor before the first sample is listed too: its own may lie in the part before.
    """
    spacing = max(1, cap // _ANCHORS)
    cell = series.time // spacing
    first = np.concatenate([[0], np.flatnonzero(np.diff(cell)) + 1])
    earlier = np.arange((int(series.time[0]) - _farthest(cap)) // spacing, cell[0], dtype=np.int64)
    numbers = np.concatenate([earlier, cell[first]])
    own = np.concatenate([np.full(earlier.size, -1), first])
    targets = numbers[:, None] * spacing + np.array(_lags(cap), dtype=np.int64)
    nearest = _nearest(series.time, targets)
    nearest[np.abs(series.time[nearest] - targets) > cap // 4] = -1
    return numbers, np.concatenate([own[:, None], nearest], axis=1)


def _farthest(cap: int) -> int:
    return int(1.5 * cap) + cap // 4


def _closed(numbers: NDArray[np.int64], cap: int, extent: list[int]) -> NDArray[np.bool_]:
    """Anchors that no sample outside of the extent can change: strictly, as the next may come at the same time."""
    spacing = max(1, cap // _ANCHORS)
    time = numbers * spacing
    closed: NDArray[np.bool_] = (time - cap // 4 > extent[0]) & (time + _farthest(cap) + spacing < extent[1])
    return closed


def _sum_up_all(summary: dict[str, Any], series: Series, found: NDArray[np.intp]) -> None:
    """Enter closed anchors, each with a sample of its own: `_sum_up` at once, in whole numbers of limited size."""
    own, partner = found[:, :1], found[:, 1:]
    lag = np.where(partner >= 0, series.time[partner] - series.time[own], 0)
    # Targets fall from lag to lag: the same sample for several of them stands side by side.
    lag[:, 1:][partner[:, 1:] == partner[:, :-1]] = 0
    level = np.searchsorted(_class_edges(summary["cap_us"]), lag.ravel()).reshape(lag.shape)
    counted = (lag > 0) & (level > 0) & (level <= _LEVELS)
    classes, lags = _LEVELS - level[counted], lag[counted]
    difference = (series.value[partner] - series.value[own])[counted]
    squares = difference * difference
    if squares.size and squares.max() >= 2.0**31:
        wholes = [np.array([_whole(one) for one in squares.tolist()], dtype=object)]
    else:
        wholes = [np.floor(squares).astype(np.int64)]
        for _ in range(2):
            squares = (squares - np.floor(squares)) * 2.0**30
            wholes.append(np.floor(squares).astype(np.int64))
    high, low = lags >> 20, lags & ((1 << 20) - 1)
    for name, parts, bits in (
        ("count", [np.ones_like(lags)], 0),
        ("squares", wholes, 30),
        ("lags_squared", [high * high, 2 * high * low, low * low], 20),
    ):
        totals = [0] * _LEVELS
        for part in parts:
            sums = np.zeros(_LEVELS, part.dtype)
            np.add.at(sums, classes, part)
            totals = [(total << bits) + int(one) for total, one in zip(totals, sums, strict=True)]
        summary[name] = [one + other for one, other in zip(summary[name], totals, strict=True)]


def _class_edges(cap: int) -> NDArray[np.float64]:
    """Rising edges of the lag classes; the class of the longest lags, 0, lies between the last two."""
    return np.array([1.5 * cap / _STEP ** (level - 0.5) for level in range(_LEVELS, -1, -1)])


def _nearest(time: NDArray[np.int64], targets: NDArray[np.int64]) -> NDArray[np.intp]:
    """Index of the sample nearest to each target, the earlier one of two as near, the first of equal times."""
    after = np.searchsorted(time, targets, side="left")
    right = np.minimum(after, time.size - 1)
    before = np.maximum(after - 1, 0)
    left = np.searchsorted(time, time[before], side="left")
    return np.where(np.abs(targets - time[left]) <= np.abs(time[right] - targets), left, right)


def _lags(cap: int) -> list[int]:
    return [round(1.5 * cap / _STEP**level) for level in range(_LEVELS)]


def _close(summary: dict[str, Any], anchors: Mapping[str, Row]) -> None:
    """Sum up the anchors that no sample outside of the summary's extent can change; keep the others open."""
    cap, extent = summary["cap_us"], summary["extent"]
    numbers = np.array([int(number) for number in anchors], dtype=np.int64)
    begin = extent[0] // max(1, cap // _ANCHORS)
    for (number, row), closed in zip(anchors.items(), _closed(numbers, cap, extent).tolist(), strict=True):
        if row[0] is None and int(number) >= begin:
            continue  # its cell lies within the extent and is empty
        if closed:
            _sum_up(summary, row)
        else:
            summary["open"][number] = row


def _sum_up(summary: dict[str, Any], row: Row) -> None:
    own = row[0]
    if own is None:
        return
    pairs = {int(entry[0]) - int(own[0]): entry[1] for entry in row[1:] if entry is not None}
    lags = [lag for lag in pairs if lag > 0]
    levels = np.searchsorted(_class_edges(summary["cap_us"]), lags).tolist()
    for lag, level in zip(lags, levels, strict=True):
        if 0 < level <= _LEVELS:
            index, difference = _LEVELS - level, pairs[lag] - own[1]
            summary["count"][index] += 1
            summary["squares"][index] += _whole(difference * difference)  # as NumPy squares; pow may differ by a bit
            summary["lags_squared"][index] += lag * lag


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
    before: Mapping[str, Row], after: Mapping[str, Row], cap: int
) -> dict[str, Row]:
    """What two parts found for the same anchors: the earlier sample of its own, and the nearer one per lag."""
    joined = dict(before)
    offsets = [0, *_lags(cap)]
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
