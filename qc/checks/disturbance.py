"""Disturbance: samples taken while people or machines were at the lander."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

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
    reasons
        What disturbed it in each interval, for people; none, or as many as intervals.
    """

    intervals: tuple[tuple[str, str], ...] = ()
    after_seconds: float = 0.0
    fails: bool = False
    reasons: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.after_seconds < np.inf:
            raise ValueError(f"after_seconds is {self.after_seconds}, expected 0 or more")
        for start, end in self.intervals:
            if not np.datetime64(start) <= np.datetime64(end):
                raise ValueError(f"interval from {start} to {end}: expected to end after it starts")
        if len(self.reasons) not in (0, len(self.intervals)):
            raise ValueError(f"{len(self.reasons)} reasons for {len(self.intervals)} intervals: one for each expected")

    def spans(self) -> list[tuple[int, int]]:
        """First and last microsecond of each interval, with the time that the water takes to clear."""
        after = round(self.after_seconds * 1e6)
        return [(_us(start), _us(end) + after) for start, end in self.intervals]

    def within(self, start: int, end: int) -> "DisturbanceParams":
        """Those intervals alone that reach the time from `start` to `end`, microseconds."""
        near = [k for k, (first, last) in enumerate(self.spans()) if last >= start and first <= end]
        reasons = tuple(self.reasons[k] for k in near) if self.reasons else ()
        return replace(self, intervals=tuple(self.intervals[k] for k in near), reasons=reasons)


def _us(moment: str) -> int:
    return int(np.datetime64(moment, "us").astype(np.int64))


def disturbance(block: Block, params: DisturbanceParams) -> Outcomes:
    """Doubt the samples inside the given intervals.

    Only the sample's own time counts, so ends, gaps, duplicates and jitter play no part; NaN is not run.
    """
    disturbed = np.zeros(block.value.size, bool)
    for first, last in params.spans():
        disturbed |= (block.time >= first) & (block.time <= last)
    verdict = np.where(disturbed, FAIL if params.fails else SUSPECT, PASS)
    return np.where(np.isnan(block.value), NOT_RUN, verdict).astype(np.uint8)


def speaks(params: DisturbanceParams, time_us: int) -> Mapping[str, Any]:
    """The intervals that hold a sample, and why."""
    return asdict(params.within(time_us, time_us))


CHECK = Check(name="disturbance", slot=21, params=DisturbanceParams, kernel=disturbance, speaks=speaks)
