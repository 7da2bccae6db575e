"""A slow drift of a sensor, from several kinds of evidence about it at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROWS = 64
"""Days of beginning that are tried at once: bounds memory for records of any length."""

_NO_NOISE = 1e-30
"""A perfect fit has no error; what a value's own last digit hides is left as one."""


@dataclass(frozen=True)
class Evidence:
    """One observable that a drift changes by so many percent, day by day.

    Attributes
    ----------
    percent : ndarray, shape (n,)
        Deviation from an unknown constant.
    whiten
        Turns a series of shape (..., n) into one whose noise is white and of one size, as that of `percent` then is.
    freedom
        Number of days that tell something.
    doubt
        Factor on the variance, for noise that is not quite white.
    """

    percent: Floats
    whiten: Callable[[Floats], Floats]
    freedom: int
    doubt: float = 1.0


class Growth(NamedTuple):
    """Percent that has drifted by each day, and 1 sigma of it, shape (n,)."""

    percent: Floats
    uncertainty: Floats


class _Normal(NamedTuple):
    """Sums of squares and products of whitened ramps and deviations, both less their part in the constant."""

    power: Floats
    product: Floats
    total: float
    freedom: int
    doubt: float

    def variance(self, rate: float, at: int) -> float:
        """Of what a drift that begins on day number `at` leaves over."""
        left = self.total - 2 * rate * self.product[at] + rate**2 * self.power[at]
        return float(max(self.doubt * left / max(self.freedom - 2, 1), _NO_NOISE))


def fading(day: NDArray[np.int64], days: float) -> Callable[[Floats], Floats]:
    """Whiten noise that decays to 1/e in some days: each day less what is left of the day before, over what is new."""
    decay = np.concatenate(([0.0], np.exp(-np.diff(day) / days)))
    spread = np.sqrt(1 - decay**2)

    def whiten(series: Floats) -> Floats:
        before = np.concatenate((np.zeros_like(series[..., :1]), series[..., :-1]), axis=-1)
        white: Floats = (series - decay * before) / spread
        return white

    return whiten


def persistence(white: Floats) -> float:
    """How many times less sure a mean of noise is than of white noise, by the correlation of neighbours in it."""
    power = float((white**2).sum())
    correlation = float((white[1:] * white[:-1]).sum()) / power if power > 0 else 0.0
    correlation = min(max(correlation, 0.0), 0.9)
    return (1 + correlation) / (1 - correlation)


def grow(day: NDArray[np.int64], onsets: NDArray[np.int64], evidence: Sequence[Evidence]) -> Growth:
    """Fit a straight drift that begins on an unknown day.

    For each day of beginning the rate is fitted by generalised least squares to all evidence, beside a constant for
    each. The noise of each kind is what the likeliest drift leaves over. Drifts are then averaged over the days of
    beginning, each as likely as its fit says, so that the uncertainty holds that of the beginning.

    Parameters
    ----------
    day : ndarray, shape (n,)
        Days since 1970, ascending; gaps in the record are gaps in it.
    onsets : ndarray, shape (m,)
        Numbers of the days (in `day`) on which it may begin.
    evidence
        One or more; none may be empty.
    """
    normals = [_normal(day, onsets, one) for one in evidence]
    noise = [max(one.doubt * one.total / max(one.freedom - 1, 1), _NO_NOISE) for one in normals]
    rate, sigma = _rates(normals, noise)
    best = int(np.argmax(np.abs(rate) / sigma))
    rate, sigma = _rates(normals, [one.variance(float(rate[best]), best) for one in normals])
    odds = 0.5 * (rate / sigma) ** 2
    weight = np.exp(odds - odds.max())
    weight /= weight.sum()
    percent, square = np.zeros(day.size), np.zeros(day.size)
    for rows, ramps in _ramps(day, onsets):
        percent += ((weight * rate)[rows, None] * ramps).sum(axis=0)
        square += ((weight * (rate**2 + sigma**2))[rows, None] * ramps**2).sum(axis=0)
    return Growth(percent, np.sqrt(np.maximum(square - percent**2, 0.0)))


def _ramps(day: NDArray[np.int64], onsets: NDArray[np.int64]) -> Iterator[tuple[slice, Floats]]:
    """Days since each beginning, at noon."""
    for start in range(0, onsets.size, _ROWS):
        rows = slice(start, start + _ROWS)
        yield rows, np.clip(day - day[onsets[rows], None] + 0.5, 0.0, None)


def _normal(day: NDArray[np.int64], onsets: NDArray[np.int64], evidence: Evidence) -> _Normal:
    constant, noise = evidence.whiten(np.ones(day.size)), evidence.whiten(evidence.percent)
    size = float((constant**2).sum())
    noise = noise - (noise * constant).sum() / size * constant
    power, product = np.empty(onsets.size), np.empty(onsets.size)
    # Sums, not matrix products: those of BLAS may differ in the last bit with the number of its threads.
    for rows, ramps in _ramps(day, onsets):
        shapes = evidence.whiten(ramps)
        shapes -= ((shapes * constant).sum(axis=1) / size)[:, None] * constant
        power[rows], product[rows] = (shapes**2).sum(axis=1), (shapes * noise).sum(axis=1)
    return _Normal(power, product, float((noise**2).sum()), evidence.freedom, evidence.doubt)


def _rates(normals: Sequence[_Normal], variances: Sequence[float]) -> tuple[Floats, Floats]:
    """Percent a day for each beginning, and its standard error."""
    pairs = list(zip(normals, variances, strict=True))
    precision = np.sum([one.power / variance for one, variance in pairs], axis=0)
    rate = np.sum([one.product / variance for one, variance in pairs], axis=0) / precision
    return rate, 1 / np.sqrt(precision)
