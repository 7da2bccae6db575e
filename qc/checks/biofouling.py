"""Biofouling: a slow drift away from a named reference, larger than its uncertainty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qc.check import Block, Check, Summary
from qc.drifts import Evidence, fading, grow, persistence
from qc.flags import NOT_RUN, PASS, SUSPECT, Outcomes

_HOUR, _DAY = 3_600_000_000, 86_400_000_000
_HOURS = 24
_STEP = 2.0**-20
"""Values are summed as whole numbers of this step: the sum is the same for any parts of the record."""

_FEWEST = 5
"""Days of baseline, and of tides, from which a drift can be told at all."""

_SIGNS = {"both": 0, "down": -1, "up": 1}

_LEAST_RAMP = 10
"""Days of the shortest drift that is looked for."""

_APART, _FURTHEST = 3, 12
"""Hours between two means whose difference is the tide's: most of a tide is in it, little of slow weather. The gain of
30 days is told to 1.9 of its sigmas by them where the deviations from a day's mean tell it to 1.3."""

_SIGMAS = {"both": 3.3, "down": 2.8, "up": 2.8}


@dataclass(frozen=True)
class BiofoulingParams:
    """What a sensor is held against.

    Attributes
    ----------
    reference
        Name of the variable, of the same instrument or brought to its times: the same quantity by another sensor, or
        one that nature ties to it.
    slope
        Change of the value for a unit of the reference; None fits it to what both do within hours. For oxygen against
        temperature over the slope of Formosa Ridge it is about -14.5 umol/L per degree.
    percent
        Least drift that counts, of the baseline's mean.
    sigmas
        And in units of its uncertainty. None takes 2.8 where the direction is known and 3.3 where it is not: of 1,600
        sound simulated deployments of 60 days 23 are doubted then, and a film of 5 percent in 30 days is found in 98
        of 100; where the direction is not known 1.6 of 100 and 97 of 100.
    baseline_days
        Days at the start of the record that count as clean.
    correlation_days
        How long what is left of the sea's own changes lasts (to 1/e).
    direction
        `down` where fouling can only lower the value, as a film that consumes oxygen does in the dark; `up`; or `both`.
    acts_on
        `gain` where the drift is a share of all that is measured, so that the tides in it shrink or grow alike; they
        are then evidence beside the level. `offset` where it is not, as with what settles on a turbidity window.
    """

    reference: str
    slope: float | None = None
    percent: float = 2.0
    sigmas: float | None = None
    baseline_days: int = 15
    correlation_days: float = 10.0
    direction: Literal["both", "down", "up"] = "both"
    acts_on: Literal["gain", "offset"] = "gain"

    def __post_init__(self) -> None:
        if self.baseline_days < _FEWEST or not 0 < self.correlation_days < np.inf:
            raise ValueError(
                f"baseline_days {self.baseline_days} of {_FEWEST} or more, correlation_days {self.correlation_days} "
                "above 0 expected"
            )
        if not (0 < self.percent < np.inf and (self.sigmas is None or 0 <= self.sigmas < np.inf)):
            raise ValueError(f"percent {self.percent} above 0 and sigmas {self.sigmas} of 0 or more expected")
        if self.direction not in _SIGNS:
            raise ValueError(f"direction {self.direction!r}: one of {', '.join(_SIGNS)} expected")
        if self.acts_on not in ("gain", "offset"):
            raise ValueError(f"acts_on {self.acts_on!r}: gain or offset expected")


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
    """Means of the days and, of the differences within hours, sums of products and squares; shape (n,)."""

    day: NDArray[np.int64]
    value: NDArray[np.float64]
    reference: NDArray[np.float64]
    product: NDArray[np.float64]
    power: NDArray[np.float64]


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


def add(parts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Add up the hours of all parts, in order of time."""
    hours: dict[int, list[int]] = {}
    for part in parts:
        for hour, *row in zip(part["hour"], part["count"], part["value"], part["reference"], strict=True):
            hours[hour] = [a + b for a, b in zip(hours.get(hour, [0, 0, 0]), row, strict=True)]
    ordered = sorted(hours)
    count, value, reference = ([hours[hour][k] for hour in ordered] for k in range(3))
    return {"hour": ordered, "count": count, "value": value, "reference": reference}


def merge(parts: Sequence[Mapping[str, Any]], params: BiofoulingParams) -> Mapping[str, Any]:
    """What the hours of all parts say of the sensor, by day: fitted here, once, not again for each part judged."""
    found = drift(add(parts), params)
    return {name: field if name == "detectable" else field.tolist() for name, field in found._asdict().items()}


def drift(hours: Mapping[str, Any], params: BiofoulingParams) -> Drift:
    """Drift of a sensor against its reference, with uncertainty.

    Two observables tell of it. The level: of each day's mean the value that its reference lets expect is taken off;
    in the rest the sea's own changes are noise that decays with `correlation_days`. And the gain: how much of the
    reference's tides the value shows on each day, which slow weather does not touch. Where tides are weak it says
    little, by its own scatter from day to day. See `qc.drifts.grow` for how both are put together.
    """
    days = _daily(hours)
    nothing = Drift(False, days.day[:0], np.empty(0), np.empty(0), np.empty(0, bool))
    onsets = np.arange(params.baseline_days, days.day.size - _LEAST_RAMP)
    tidal = float(days.product.sum() / days.power.sum()) if days.power.any() else None
    slope = tidal if params.slope is None else params.slope
    if not onsets.size or slope is None:
        return nothing
    rest = days.value - slope * (days.reference - days.reference[: params.baseline_days].mean())
    level = abs(float(rest[: params.baseline_days].mean()))
    if level == 0:
        return nothing
    evidence = [Evidence(100 * rest / level, fading(days.day, params.correlation_days), rest.size)]
    if tidal and params.acts_on == "gain" and np.count_nonzero(days.power) >= _FEWEST:
        evidence.append(_gain(days, tidal))
    percent, uncertainty = grow(days.day, onsets, evidence)
    sign = _SIGNS[params.direction]
    size = sign * percent if sign else np.abs(percent)
    sigmas = _SIGMAS[params.direction] if params.sigmas is None else params.sigmas
    return Drift(True, days.day, percent, uncertainty, (size > params.percent) & (size > sigmas * uncertainty))


def _daily(hours: Mapping[str, Any]) -> _Days:
    hour = np.array(hours["hour"], np.int64)
    count = np.array(hours["count"], np.float64)
    day, place = np.unique(hour // _HOURS, return_inverse=True)
    later = np.searchsorted(hour, hour + _APART)
    first = np.flatnonzero(later < hour.size)
    first = first[hour[later[first]] - hour[first] <= _FURTHEST]
    last = later[first]
    means, changes = [], []
    for name in ("value", "reference"):
        sums = np.array(hours[name], np.float64) * _STEP
        means.append(np.bincount(place, sums, day.size) / np.bincount(place, count, day.size))
        changes.append((sums / count)[last] - (sums / count)[first])
    product, power = (np.bincount(place[last], changes[k] * changes[1], day.size).astype(np.float64) for k in (0, 1))
    return _Days(day, means[0], means[1], product, power)


def _gain(days: _Days, tidal: float) -> Evidence:
    """How much larger than on the whole the tides in the value are on each day, weighed by those of the reference."""
    weight = np.sqrt(days.power)
    known = weight > 0
    percent = np.zeros(days.day.size)
    percent[known] = 100 * (days.product[known] / days.power[known] / tidal - 1)
    return Evidence(
        percent, lambda series: series * weight, int(np.count_nonzero(known)), persistence((percent * weight)[known])
    )


def biofouling(block: Block, params: BiofoulingParams) -> Outcomes:
    """Doubt the samples of days on which the sensor has drifted from its reference by more than counts.

    Not run where no drift could be detected: records shorter than the baseline and ten days more, a reference that
    never changes within a day where the slope is to be fitted; and on days without a reference. NaN and infinities are
    not run. Whole days (UTC) are judged, so gaps, duplicates and jitter play no part. The drift itself is what `drift`
    returns.
    """
    if not block.summary["detectable"]:
        return np.zeros(block.value.size, np.uint8)
    days, drifting = np.array(block.summary["day"]), np.array(block.summary["drifting"])
    day = block.time // _DAY
    place = np.minimum(np.searchsorted(days, day), days.size - 1)
    known = (days[place] == day) & np.isfinite(block.value)
    return np.where(known, np.where(drifting[place], SUSPECT, PASS), NOT_RUN).astype(np.uint8)


CHECK = Check(
    name="biofouling",
    slot=24,
    params=BiofoulingParams,
    kernel=biofouling,
    inputs=lambda params: (params.reference,),
    summary=Summary(learn=learn, merge=merge),
    required=False,
    version=3,
)
