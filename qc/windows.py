"""Statistics of the time before each sample, exact at every chunk boundary."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qc.compiled import compiled


class Trailing(NamedTuple):
    """Of the finite values in the window that ends with each sample, each of shape (n,).

    number : int64; squares : sum of squared deviations from the mean; low, high : extremes, inf and -inf for none.
    """

    number: NDArray[np.int64]
    squares: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def deviation(self) -> NDArray[np.float64]:
        """Standard deviation; NaN for fewer than two values."""
        several = np.maximum(self.number - 1, 1)
        with np.errstate(all="ignore"):  # squares of huge numbers overflow: then there is no deviation
            return np.where(self.number > 1, np.sqrt(self.squares / several), np.nan)


def trailing(time: NDArray[np.int64], value: NDArray[np.float64], seconds: float) -> Trailing:
    """Statistics of the values in (t - seconds, t], in one pass whatever the window's length.

    The window of a sample reaches over at most two cells of its own length, counted from 1970: the cell's part up to
    the sample, summed from the cell's start, and the rest of the cell before, summed from its end. So the sums do not
    hang on where a block begins, as long as it holds the whole window.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds.
    value : ndarray of float64, shape (n,)
        NaN and infinities are left out.
    seconds
        Length of the window.
    """
    n = value.size
    result = Trailing(np.zeros(n, np.int64), np.zeros(n), np.full(n, np.inf), np.full(n, -np.inf))
    width = max(1, int(min(np.ceil(seconds * 1e6), 2.0**62)))
    _trail(time, value, width, (result.number, np.zeros(n), result.squares, result.low, result.high))
    return result


_Sums = tuple[
    NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]
]


@compiled
def _trail(time: NDArray[np.int64], value: NDArray[np.float64], width: int, sums: _Sums) -> None:
    n = value.size
    rest = (np.zeros(n, np.int64), np.zeros(n), np.zeros(n), np.full(n, np.inf), np.full(n, -np.inf))
    before, start = 0, 0
    while start < n:
        stop = start + 1
        while stop < n and time[stop] // width == time[start] // width:
            stop += 1
        for i in range(stop - 1, start - 1, -1):
            _add(rest, i, i + 1 if i + 1 < stop else -1, value[i])
        follows = start > 0 and time[start - 1] // width == time[start] // width - 1
        first = before if follows else start
        for i in range(start, stop):
            _add(sums, i, i - 1 if i > start else -1, value[i])
        for i in range(start, stop):
            while first < start and time[first] <= time[i] - width:
                first += 1
            if first < start:
                _join(sums, i, rest, first)
        before, start = start, stop


@compiled
def _add(sums: _Sums, at: int, after: int, x: float) -> None:
    """Sums at one place: those at `after` (none for -1) and one value."""
    count, mean, squares, low, high = sums
    if after >= 0:
        count[at], mean[at], squares[at] = count[after], mean[after], squares[after]
        low[at], high[at] = low[after], high[after]
    if np.isfinite(x):
        delta = x - mean[at]
        count[at] += 1
        mean[at] += delta / count[at]
        squares[at] += delta * (x - mean[at])
        low[at], high[at] = min(low[at], x), max(high[at], x)


@compiled
def _join(sums: _Sums, at: int, others: _Sums, other: int) -> None:
    count, mean, squares, low, high = sums
    some, more = others[0][other], count[at]
    if some == 0:
        return
    delta = mean[at] - others[1][other]
    squares[at] = squares[at] + others[2][other] + delta * delta * some * more / (some + more)
    count[at] = some + more
    low[at], high[at] = min(low[at], others[3][other]), max(high[at], others[4][other])
