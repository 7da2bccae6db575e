"""Biofouling: a slow drift away from a named reference, larger than its uncertainty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qc.check import Block, Check, Summary
from qc.flags import NOT_RUN, PASS, SUSPECT, Outcomes

_HOUR, _DAY = 3_600_000_000, 86_400_000_000
_HOURS = 24
_STEP = 2.0**-20
"""Values are summed as whole numbers of this step: the sum is the same for any parts of the record."""

_FEWEST = 5
"""Days of baseline from which a drift can be told at all."""

_SIGNS = {"both": 0, "down": -1, "up": 1}

_LEAST_RAMP = 10
"""Days of the shortest drift that is looked for."""


@dataclass(frozen=True)
class BiofoulingParams:
    """What a sensor is held against.

    Attributes
    ----------
    reference
        Name of the variable, of the same instrument or brought to its times: the same quantity by another sensor, or
        one that nature ties to it.
    slope
        Change of the value for a unit of the reference; None fits it to what both do within days. For oxygen against
        temperature over the slope of Formosa Ridge it is about -14.5 umol/L per degree.
    percent
        Least drift that counts, of the baseline's mean.
    sigmas
        And in units of its uncertainty. Chosen with `percent` on 100 simulated deployments of 60 days: a film of 5
        percent in 30 days is found in 95 of them, and 3 sound ones are doubted, 1 where the direction is known.
    baseline_days
        Days at the start of the record that count as clean.
    correlation_days
        How long what is left of the sea's own changes lasts (to 1/e).
    direction
        `down` where fouling can only lower the value, as a film that consumes oxygen does in the dark; `up`; or `both`.
    """

    reference: str
    slope: float | None = None
    percent: float = 3.0
    sigmas: float = 2.7
    baseline_days: int = 15
    correlation_days: float = 10.0
    direction: Literal["both", "down", "up"] = "both"

    def __post_init__(self) -> None:
        if self.baseline_days < _FEWEST or not 0 < self.correlation_days < np.inf:
            raise ValueError(
                f"baseline_days {self.baseline_days} of {_FEWEST} or more, correlation_days {self.correlation_days} "
                "above 0 expected"
            )
        if not (0 < self.percent < np.inf and 0 <= self.sigmas < np.inf):
            raise ValueError(f"percent {self.percent} above 0 and sigmas {self.sigmas} of 0 or more expected")
        if self.direction not in _SIGNS:
            raise ValueError(f"direction {self.direction!r}: one of {', '.join(_SIGNS)} expected")


class Drift(NamedTuple):
    """Drift day by day: day since 1970, percent of the baseline's mean, 1 sigma of it, and whether it counts.

    `detectable` is false where the reference gives no ground to judge by; then all other fields are empty.
    """

    detectable: bool
    day: NDArray[np.int64]
    percent: NDArray[np.float64]
    uncertainty: NDArray[np.float64]
    drifting: NDArray[np.bool_]


class _Days(NamedTuple):
    """Means of the days, shape (n,), and of their hours less that of the day, all hours in a row."""

    day: NDArray[np.int64]
    value: NDArray[np.float64]
    reference: NDArray[np.float64]
    value_within: NDArray[np.float64]
    reference_within: NDArray[np.float64]


def learn(block: Block, core: slice, params: BiofoulingParams) -> Mapping[str, Any]:
    """Number and sums of value and reference of each hour, where both are known."""
    value = block.value[core]
    reference = np.asarray(block.inputs[params.reference], np.float64)[core]
    # Beyond 2^30 nothing is a measurement, and an hour's sum would not fit.
    known = (np.abs(value) < 2.0**30) & (np.abs(reference) < 2.0**30)
    hours, place = np.unique(block.time[core][known] // _HOUR, return_inverse=True)
    count = np.bincount(place, minlength=hours.size)
    sums = []
    for series in (value[known], reference[known]):
        total = np.zeros(hours.size, np.int64)
        np.add.at(total, place, np.rint(series / _STEP).astype(np.int64))
        sums.append(total.tolist())
    return {"hour": hours.tolist(), "count": count.tolist(), "value": sums[0], "reference": sums[1]}


def merge(parts: Sequence[Mapping[str, Any]], params: BiofoulingParams) -> Mapping[str, Any]:
    """Add up the hours of all parts."""
    hours: dict[int, list[int]] = {}
    for part in parts:
        for hour, *row in zip(part["hour"], part["count"], part["value"], part["reference"], strict=True):
            hours[hour] = [a + b for a, b in zip(hours.get(hour, [0, 0, 0]), row, strict=True)]
    ordered = sorted(hours)
    count, value, reference = ([hours[hour][k] for hour in ordered] for k in range(3))
    return {"hour": ordered, "count": count, "value": value, "reference": reference}


def drift(summary: Mapping[str, Any], params: BiofoulingParams) -> Drift:
    """Drift of a sensor against its reference, with uncertainty.

    Of each day's mean the value that its reference lets expect is taken off. To the rest a level and a straight drift
    that begins on some day after the baseline are fitted by generalised least squares, the sea's own changes taken as
    noise that decays with `correlation_days`; of all days of beginning the most significant is taken.
    """
    days = _daily(summary)
    nothing = Drift(False, days.day[:0], np.empty(0), np.empty(0), np.empty(0, bool))
    onsets = np.arange(params.baseline_days, days.day.size - _LEAST_RAMP)
    slope = _slope(days) if params.slope is None else params.slope
    if not onsets.size or slope is None:
        return nothing
    rest = days.value - slope * (days.reference - days.reference[: params.baseline_days].mean())
    level = abs(float(rest[: params.baseline_days].mean()))
    if level == 0:
        return nothing
    # A drift's shape, one row for each day of beginning; gaps in the record are gaps in it.
    ramps = np.clip(days.day - days.day[onsets, None] + 0.5, 0, None)
    rate, sigma = _fit(100 * rest / level, ramps, _decay(days.day, params.correlation_days))
    sign = _SIGNS[params.direction]
    strength = (sign * rate if sign else np.abs(rate)) / sigma
    best = int(np.argmax(strength))
    percent, uncertainty = rate[best] * ramps[best], sigma[best] * ramps[best]
    significant = strength[best] > params.sigmas
    return Drift(True, days.day, percent, uncertainty, significant & (np.abs(percent) > params.percent))


def _daily(summary: Mapping[str, Any]) -> _Days:
    hour = np.array(summary["hour"], np.int64)
    count = np.array(summary["count"], np.float64)
    day, place = np.unique(hour // _HOURS, return_inverse=True)
    hours, days, within = [], [], []
    for name in ("value", "reference"):
        sums = np.array(summary[name], np.float64) * _STEP
        hours.append(sums / count)
        days.append(np.bincount(place, sums, day.size) / np.bincount(place, count, day.size))
        within.append(hours[-1] - days[-1][place])
    return _Days(day, days[0], days[1], within[0], within[1])


def _slope(days: _Days) -> float | None:
    """Value for a unit of the reference, from what both do within a day: tides are stronger than slow weather there."""
    power = float((days.reference_within**2).sum())
    return float((days.value_within * days.reference_within).sum()) / power if power > 0 else None


def _decay(day: NDArray[np.int64], correlation_days: float) -> NDArray[np.float64]:
    """How much of a day's deviation is left on the next one at hand; 0 for the first."""
    return np.concatenate(([0.0], np.exp(-np.diff(day) / correlation_days)))


def _fit(
    rest: NDArray[np.float64], ramps: NDArray[np.float64], decay: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rate of each drift and its standard error, beside a level: the two unknowns of a least-squares fit.

    The series are whitened first: each day less what is left of the day before, over the spread of what is new.
    """
    spread = np.sqrt(1 - decay**2)

    def whiten(series: NDArray[np.float64]) -> NDArray[np.float64]:
        before = np.concatenate((np.zeros_like(series[..., :1]), series[..., :-1]), axis=-1)
        white: NDArray[np.float64] = (series - decay * before) / spread
        return white

    noise, constant, shapes = whiten(rest), whiten(np.ones(rest.size)), whiten(ramps)
    one, both, two = constant @ constant, shapes @ constant, (shapes**2).sum(axis=1)
    determinant = one * two - both**2
    rate = (one * (shapes @ noise) - both * (constant @ noise)) / determinant
    shift = (two * (constant @ noise) - both * (shapes @ noise)) / determinant
    left = noise - shift[:, None] * constant - rate[:, None] * shapes
    variance = (left**2).sum(axis=1) / max(rest.size - 2, 1)
    # A perfect fit has no error; what a value's own last digit hides is left as one.
    return rate, np.sqrt(np.maximum(variance * one / determinant, 1e-30))


def biofouling(block: Block, params: BiofoulingParams) -> Outcomes:
    """Doubt the samples of days on which the sensor has drifted from its reference by more than counts.

    Not run where no drift could be detected: records shorter than the baseline and ten days more, a reference that
    never changes within a day where the slope is to be fitted; and on days without a reference. NaN and infinities are
    not run. Whole days (UTC) are judged, so gaps, duplicates and jitter play no part. The drift itself is what `drift`
    returns.
    """
    found = drift(block.summary, params)
    if not found.detectable:
        return np.zeros(block.value.size, np.uint8)
    day = block.time // _DAY
    place = np.minimum(np.searchsorted(found.day, day), found.day.size - 1)
    known = (found.day[place] == day) & np.isfinite(block.value)
    return np.where(known, np.where(found.drifting[place], SUSPECT, PASS), NOT_RUN).astype(np.uint8)


CHECK = Check(
    name="biofouling",
    slot=24,
    params=BiofoulingParams,
    kernel=biofouling,
    inputs=lambda params: (params.reference,),
    summary=Summary(learn=learn, merge=merge),
    required=False,
    version=2,
)
