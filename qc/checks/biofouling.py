"""Biofouling: a slow drift away from a named reference, larger than its uncertainty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qc.check import Block, Check, Summary
from qc.flags import NOT_RUN, PASS, SUSPECT, Outcomes

_DAY = 86_400_000_000
_STEP = 2.0**-20
"""Values are summed as whole numbers of this step: the sum is the same for any parts of the record."""

_FEWEST = 5
"""Days of baseline from which a relation can be taken at all."""


@dataclass(frozen=True)
class BiofoulingParams:
    """What a sensor is held against.

    Attributes
    ----------
    reference
        Name of the variable, of the same instrument or brought to its times: the same quantity by another sensor, or
        one that nature ties to it.
    slope
        Change of the value for a unit of the reference; None fits it to the baseline. For oxygen against temperature
        over the slope of Formosa Ridge it is about -14.5 umol/L per degree.
    percent
        Least drift that counts, of the baseline's mean.
    sigmas
        And in units of its uncertainty.
    baseline_days, window_days
        Days at the start of the record that count as clean; days whose mean is compared with them.
    """

    reference: str
    slope: float | None = None
    percent: float = 3.0
    sigmas: float = 2.0
    baseline_days: int = 15
    window_days: int = 5

    def __post_init__(self) -> None:
        if self.baseline_days < _FEWEST or self.window_days < 1:
            raise ValueError(f"baseline_days {self.baseline_days} of {_FEWEST} or more, window_days 1 or more expected")
        if not (0 < self.percent < np.inf and 0 <= self.sigmas < np.inf):
            raise ValueError(f"percent {self.percent} above 0 and sigmas {self.sigmas} of 0 or more expected")


class Drift(NamedTuple):
    """Drift day by day: day since 1970, percent of the baseline's mean, 1 sigma of it, and whether it counts.

    `detectable` is false where the reference gives no ground to judge by; then all other fields are empty.
    """

    detectable: bool
    day: NDArray[np.int64]
    percent: NDArray[np.float64]
    uncertainty: NDArray[np.float64]
    drifting: NDArray[np.bool_]


def learn(block: Block, core: slice, params: BiofoulingParams) -> Mapping[str, Any]:
    """Number and sums of value and reference of each day, where both are known."""
    value = block.value[core]
    reference = np.asarray(block.inputs[params.reference], np.float64)[core]
    # Beyond 2^30 nothing is a measurement, and a day's sum would not fit.
    known = (np.abs(value) < 2.0**30) & (np.abs(reference) < 2.0**30)
    day = block.time[core][known] // _DAY
    days, place = np.unique(day, return_inverse=True)
    count = np.bincount(place, minlength=days.size)
    sums = []
    for series in (value[known], reference[known]):
        total = np.zeros(days.size, np.int64)
        np.add.at(total, place, np.rint(series / _STEP).astype(np.int64))
        sums.append(total.tolist())
    return {"day": days.tolist(), "count": count.tolist(), "value": sums[0], "reference": sums[1]}


def merge(parts: Sequence[Mapping[str, Any]], params: BiofoulingParams) -> Mapping[str, Any]:
    """Add up the days of all parts."""
    days: dict[int, list[int]] = {}
    for part in parts:
        for day, *row in zip(part["day"], part["count"], part["value"], part["reference"], strict=True):
            days[day] = [a + b for a, b in zip(days.get(day, [0, 0, 0]), row, strict=True)]
    ordered = sorted(days)
    count, value, reference = ([days[day][k] for day in ordered] for k in range(3))
    return {"day": ordered, "count": count, "value": value, "reference": reference}


def drift(summary: Mapping[str, Any], params: BiofoulingParams) -> Drift:
    """Drift of a sensor against its reference, with uncertainty.

    Of each day the value that its reference lets expect, by the relation of the baseline, is taken off; the mean of
    the last `window_days` is the drift. The uncertainty (1 sigma) is that of such a mean and of the baseline's, from
    the scatter of the baseline's days, of which five count as one: what the sea does lasts for days.
    """
    day = np.array(summary["day"], np.int64)
    nothing = Drift(False, day[:0], np.empty(0), np.empty(0), np.empty(0, bool))
    if day.size <= params.baseline_days:
        return nothing
    count = np.array(summary["count"], np.float64)
    value = np.array(summary["value"], np.float64) * _STEP / count
    reference = np.array(summary["reference"], np.float64) * _STEP / count
    first = slice(0, params.baseline_days)
    varied = reference[first] - reference[first].mean()
    slope = params.slope
    if slope is None:
        if not varied.any():
            return nothing
        slope = float((varied * value[first]).sum() / (varied**2).sum())
    rest = value - value[first].mean() - slope * (reference - reference[first].mean())
    level = abs(float(value[first].mean()))
    if level == 0:
        return nothing
    sums = np.cumsum(np.concatenate([[0.0], rest]))
    last = np.arange(1, day.size + 1)
    begin = np.maximum(last - params.window_days, 0)
    mean = (sums[last] - sums[begin]) / (last - begin)
    scatter = float(rest[first].std(ddof=1))
    independent = 1 / np.maximum((last - begin) / 5, 1) + 1 / max(params.baseline_days / 5, 1)
    percent, uncertainty = 100 * mean / level, 100 * scatter * np.sqrt(independent) / level
    drifting = (np.abs(percent) > params.percent) & (np.abs(percent) > params.sigmas * uncertainty)
    drifting[first] = False
    return Drift(True, day, percent, uncertainty, drifting)


def biofouling(block: Block, params: BiofoulingParams) -> Outcomes:
    """Doubt the samples of days on which the sensor has drifted from its reference by more than counts.

    Not run where no drift could be detected: records no longer than the baseline, a reference that never changes where
    the slope is to be fitted; and on days without a reference. NaN and infinities are not run. Whole days (UTC) are
    judged, so gaps, duplicates and jitter play no part. The drift itself is what `drift` returns.
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
)
