"""Climatology: values that are unusual for the season and depth."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qc.check import Block, Check
from qc.flags import FAIL, NOT_RUN, PASS, SUSPECT, Outcomes

_DAY = 86_400_000_000
_MONDAY = 4 * _DAY
"""1970-01-05, as microseconds."""


@dataclass(frozen=True)
class Season:
    """What is usual in one part of the year, or of time, at some depths.

    Attributes
    ----------
    suspect_min, suspect_max
        Outside is suspect; a value on a bound is inside.
    fail_min, fail_max
        Outside fails; None is no bound.
    period
        What `first` and `last` count: "month" (1 to 12), "quarter" (1 to 4), "day_of_year" (1 to 366), "week_of_year"
        (ISO 8601, 1 to 53), or "time" for `start` and `end`.
    first, last
        Both inside; where `first` is above `last` the season goes on over the year's end.
    start, end
        ISO 8601 in UTC, both inside; None is open.
    depth_min, depth_max
        Both inside; None is open. A sample without a depth lies in no depth range.
    """

    suspect_min: float
    suspect_max: float
    fail_min: float | None = None
    fail_max: float | None = None
    period: Literal["month", "quarter", "day_of_year", "week_of_year", "time"] = "month"
    first: float = 1.0
    last: float = 366.0
    start: str | None = None
    end: str | None = None
    depth_min: float | None = None
    depth_max: float | None = None

    def __post_init__(self) -> None:
        if not self.suspect_min <= self.suspect_max:
            raise ValueError(f"suspect_min {self.suspect_min} <= suspect_max {self.suspect_max} expected")
        for moment in (self.start, self.end):
            if moment is not None and np.isnat(np.datetime64(moment)):
                raise ValueError(f"start {self.start!r}, end {self.end!r}: expected dates as 2016-09-08T00:00:00")


@dataclass(frozen=True)
class ClimatologyParams:
    """Seasons; where several apply to a sample, the last of them decides.

    Attributes
    ----------
    seasons
        See `Season`.
    depth
        Name of the variable that gives the depth, read where a season has a depth range.
    """

    seasons: tuple[Season, ...] = ()
    depth: str = "pressure"


def inputs(params: ClimatologyParams) -> tuple[str, ...]:
    """The depth, where a season asks for it."""
    deep = any(season.depth_min is not None or season.depth_max is not None for season in params.seasons)
    return (params.depth,) if deep else ()


def climatology(block: Block, params: ClimatologyParams) -> Outcomes:
    """Compare each value with the bounds of the last season that holds its time and depth.

    Not run where no season does, and for NaN; infinities lie outside of any bounds. Only the sample itself is looked
    at: ends, gaps, duplicates and jitter play no part.
    """
    outcomes = np.zeros(block.value.size, np.uint8)
    for season in params.seasons:
        low, high = (np.nan if bound is None else bound for bound in (season.fail_min, season.fail_max))
        failed = (block.value < low) | (block.value > high)
        unusual = (block.value < season.suspect_min) | (block.value > season.suspect_max)
        verdict = np.where(failed, FAIL, np.where(unusual, SUSPECT, PASS))
        inside = _in_time(block.time, season) & _in_depth(block, season, params.depth)
        outcomes = np.where(inside, verdict, outcomes).astype(np.uint8)
    return np.where(np.isnan(block.value), np.uint8(NOT_RUN), outcomes)


def _in_depth(block: Block, season: Season, name: str) -> NDArray[np.bool_]:
    if season.depth_min is None and season.depth_max is None:
        return np.ones(block.value.size, bool)
    depth = np.asarray(block.inputs[name], np.float64)
    low = -np.inf if season.depth_min is None else season.depth_min
    high = np.inf if season.depth_max is None else season.depth_max
    inside: NDArray[np.bool_] = (depth >= low) & (depth <= high)
    return inside


def _in_time(time: NDArray[np.int64], season: Season) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_]
    if season.period == "time":
        start = np.iinfo(np.int64).min if season.start is None else _microseconds(season.start)
        end = np.iinfo(np.int64).max if season.end is None else _microseconds(season.end)
        inside = (time >= start) & (time <= end)
        return inside
    at = calendar(time, season.period)
    if season.first <= season.last:
        inside = (at >= season.first) & (at <= season.last)
    else:
        inside = (at >= season.first) | (at <= season.last)
    return inside


def _microseconds(moment: str) -> int:
    return int(np.datetime64(moment, "us").astype(np.int64))


def calendar(time: NDArray[np.int64], period: str) -> NDArray[np.int64]:
    """Number of the month, quarter, day or ISO week in its year, of times in microseconds since 1970.

    The ISO week is that of the Thursday of the same week.
    """
    at = time
    if period == "week_of_year":
        at = (time - _MONDAY) // (7 * _DAY) * (7 * _DAY) + _MONDAY + 3 * _DAY
    stamp = at.astype("datetime64[us]")
    month: NDArray[np.int64] = (stamp.astype("datetime64[M]") - stamp.astype("datetime64[Y]")).astype(np.int64) + 1
    day: NDArray[np.int64] = (stamp.astype("datetime64[D]") - stamp.astype("datetime64[Y]")).astype(np.int64)
    return {"month": month, "quarter": (month + 2) // 3, "day_of_year": day + 1, "week_of_year": day // 7 + 1}[period]


CHECK = Check(name="climatology", slot=1, params=ClimatologyParams, kernel=climatology, inputs=inputs)
