"""Warm-up: the first samples of a burst, before the sensor has settled."""

from dataclasses import dataclass

import numpy as np

from qc.check import Block, Check, Halo
from qc.flags import NOT_RUN, PASS, SUSPECT, Outcomes


@dataclass(frozen=True)
class WarmUpParams:
    """How long a sensor warms up.

    Attributes
    ----------
    samples
        How many samples of each burst are in doubt.
    burst_gap
        Seconds between two samples beyond which the power was off.
    """

    samples: int
    burst_gap: float

    def __post_init__(self) -> None:
        if self.samples < 1 or not 0 < self.burst_gap < np.inf:
            raise ValueError(f"samples {self.samples} of 1 or more and burst_gap {self.burst_gap} above 0 expected")


def warm_up(block: Block, params: WarmUpParams) -> Outcomes:
    """Doubt the first samples after each time without power, and the first of the record.

    Samples count, whatever their values and times within the burst: NaN, infinities and duplicates as well, but NaN
    itself is not run. A step back in time is no start.
    """
    starts = np.concatenate([[True], np.diff(block.time) > params.burst_gap * 1e6])[: block.time.size]
    place = np.arange(block.time.size)
    since = place - np.maximum.accumulate(np.where(starts, place, 0)) if place.size else place
    verdict = np.where(since < params.samples, SUSPECT, PASS)
    return np.where(np.isnan(block.value), NOT_RUN, verdict).astype(np.uint8)


CHECK = Check(
    name="warm_up",
    slot=27,
    params=WarmUpParams,
    kernel=warm_up,
    halo=lambda params: Halo(before_samples=params.samples),
)
