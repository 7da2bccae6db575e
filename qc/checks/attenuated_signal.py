"""Attenuated signal: a sensor that varies less than the sea does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from qc.check import Block, Check, Halo, Summary
from qc.flags import FAIL, NOT_RUN, PASS, SUSPECT, Outcomes
from qc.gaps import moments, standard_deviation
from qc.windows import trailing


@dataclass(frozen=True)
class AttenuatedSignalParams:
    """How much a signal must vary.

    Attributes
    ----------
    suspect, fail
        Least variation, in the variable's units.
    window_seconds
        The time before each sample over which it is taken; None takes the whole record, in a first pass.
    measure
        "range" (greatest less least) or "deviation" (standard deviation of these values, 0 of a single one).
    fewest
        Fewest finite values in the window.
    """

    suspect: float
    fail: float
    window_seconds: float | None = 86_400.0
    measure: Literal["range", "deviation"] = "range"
    fewest: int = 10

    def __post_init__(self) -> None:
        if not 0 <= self.fail <= self.suspect < np.inf:
            raise ValueError(f"0 <= fail {self.fail} <= suspect {self.suspect} expected")
        if self.window_seconds is not None and not 0 < self.window_seconds < np.inf:
            raise ValueError(f"window_seconds is {self.window_seconds}, expected seconds above 0, or nothing")


def attenuated_signal(block: Block, params: AttenuatedSignalParams) -> Outcomes:
    """Judge each finite sample by how much the signal varied in the time that ends with it.

    NaN and infinities are not run and left out. A gap only makes the window emptier; with fewer than `fewest` values
    nothing is said. Duplicates count as samples; jitter needs no care.
    """
    finite = np.isfinite(block.value)
    if params.window_seconds is None:
        count, found = _whole(block.summary, params)
        varied, counts = np.full(block.value.size, found), np.full(block.value.size, count)
    else:
        window = trailing(block.time, block.value, params.window_seconds)
        counts = window.number
        with np.errstate(all="ignore"):  # inf - inf where a window holds nothing, and overflow
            spread = np.sqrt(window.squares / np.maximum(window.number, 1))
            varied = spread if params.measure == "deviation" else window.high - window.low
    known = finite & (counts >= params.fewest) & (np.isfinite(varied))
    verdict = np.where(varied < params.fail, FAIL, np.where(varied < params.suspect, SUSPECT, PASS))
    return np.where(known, verdict, NOT_RUN).astype(np.uint8)


def _whole(summary: Mapping[str, Any], params: AttenuatedSignalParams) -> tuple[int, float]:
    count = int(summary["moments"][0])
    if count == 0:
        return 0, np.nan
    if params.measure == "deviation":
        return count, standard_deviation(summary, lost=0)
    return count, float(summary["high"]) - float(summary["low"])


def learn(block: Block, core: slice, params: AttenuatedSignalParams) -> Mapping[str, Any]:
    """Number, sums and extremes of the finite values."""
    value = block.value[core]
    value = value[np.abs(value) < 1e200]  # beyond is as good as infinite, and no sum would hold it
    low, high = (float(value.min()), float(value.max())) if value.size else (None, None)
    return {"moments": moments(value), "low": low, "high": high}


def merge(parts: Sequence[Mapping[str, Any]], params: AttenuatedSignalParams) -> Mapping[str, Any]:
    """The same of all parts; whole numbers, so that the order does not count."""
    lows = [part["low"] for part in parts if part["low"] is not None]
    highs = [part["high"] for part in parts if part["high"] is not None]
    return {
        "moments": [sum(column) for column in zip(*(part["moments"] for part in parts), strict=True)],
        "low": min(lows, default=None),
        "high": max(highs, default=None),
    }


CHECK = Check(
    name="attenuated_signal",
    slot=5,
    params=AttenuatedSignalParams,
    kernel=attenuated_signal,
    halo=lambda params: Halo(before_seconds=params.window_seconds or 0.0),
    summary=Summary(learn=learn, merge=merge, needed=lambda params: params.window_seconds is None),
    version=2,
)
