"""Disturbance: samples taken while people or machines were at the lander."""

from dataclasses import dataclass

import numpy as np

from qc.check import Block, Check
from qc.flags import FAIL, NOT_RUN, PASS, SUSPECT, Outcomes


@dataclass(frozen=True)
class DisturbanceParams:
    """When the lander was disturbed.

    Attributes
    ----------
    intervals
        Start and end of each, ISO 8601 in UTC, both inside.
    after_seconds
        How long the water takes to clear afterwards.
    fails
        Whether a disturbed sample fails, or is only suspect.
    """

    intervals: tuple[tuple[str, str], ...] = ()
    after_seconds: float = 0.0
    fails: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.after_seconds < np.inf:
            raise ValueError(f"after_seconds is {self.after_seconds}, expected 0 or more")
        for start, end in self.intervals:
            if not np.datetime64(start) <= np.datetime64(end):
                raise ValueError(f"interval from {start} to {end}: expected to end after it starts")


def disturbance(block: Block, params: DisturbanceParams) -> Outcomes:
    """Doubt the samples inside the given intervals.

    Only the sample's own time counts, so ends, gaps, duplicates and jitter play no part; NaN is not run.
    """
    disturbed = np.zeros(block.value.size, bool)
    for start, end in params.intervals:
        first, last = (int(np.datetime64(moment, "us").astype(np.int64)) for moment in (start, end))
        disturbed |= (block.time >= first) & (block.time <= last + round(params.after_seconds * 1e6))
    verdict = np.where(disturbed, FAIL if params.fails else SUSPECT, PASS)
    return np.where(np.isnan(block.value), NOT_RUN, verdict).astype(np.uint8)


CHECK = Check(name="disturbance", slot=21, params=DisturbanceParams, kernel=disturbance)
