"""Rate of change: steps from one sample to the next that are too fast."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.check import Block, Check, Halo
from qc.compiled import compiled
from qc.flags import Outcomes
from qc.windows import trailing

_TWO_TO_52 = 2.0**52
_TWO_TO_52_BITS = 0x4330000000000000
_FEWEST = 10
"""Samples from which a standard deviation is taken at all."""


@dataclass(frozen=True)
class RateOfChangeParams:
    """What is too fast.

    Attributes
    ----------
    largest_gap
        Seconds between two finite samples beyond which they are no neighbours.
    suspect, fail
        Largest change in the variable's units per second; None is no bound.
    deviations
        A step of more than so many standard deviations of the time before it is suspect; None leaves this out.
    window_seconds
        The time whose standard deviation is taken.
    """

    largest_gap: float
    suspect: float | None = None
    fail: float | None = None
    deviations: float | None = None
    window_seconds: float = 90_000.0

    def __post_init__(self) -> None:
        for name in ("largest_gap", "window_seconds"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name} is {getattr(self, name)}, expected seconds above 0")
        if any(bound is not None and bound < 0 for bound in (self.suspect, self.fail, self.deviations)):
            raise ValueError("suspect, fail and deviations are expected to be 0 or more")
        if self.suspect is not None and self.fail is not None and self.suspect > self.fail:
            raise ValueError(f"suspect {self.suspect} <= fail {self.fail} expected")


def halo(params: RateOfChangeParams) -> Halo:
    """The finite sample before, and the window before that."""
    window = 0.0 if params.deviations is None else params.window_seconds
    return Halo(before_seconds=params.largest_gap + window)


def rate_of_change(block: Block, params: RateOfChangeParams) -> Outcomes:
    """Compare each finite sample with the finite sample before it, over the true time between them.

    The time is exact to the microsecond, also below a second and with jitter. NaN and infinities are left out: the
    sample after them is compared with the one before them. Not run are NaN, infinities, the first sample, one after a
    gap, and one at the same time as the sample before or earlier. The later of two samples bears the verdict.

    With `deviations`, the standard deviation is that of the window that ends at the sample before, so that a jump does
    not excuse itself; it takes 10 samples.
    """
    gap = int(np.ceil(min(params.largest_gap * 1e6, 2.0**51)))
    bounds = [np.inf if bound is None else float(bound) for bound in (params.suspect, params.fail)]
    outcomes = np.zeros(block.value.size, np.uint8)
    if not _step(block.time, block.value, gap, bounds[0], bounds[1], outcomes):
        _step_over(block.time, block.value, gap, bounds[0], bounds[1], outcomes)
    if params.deviations is not None and block.value.size:
        before = trailing(block.time, block.value, params.window_seconds)
        with np.errstate(over="ignore"):
            most = np.where(before.number >= _FEWEST, params.deviations * before.deviation, np.inf)
        _exceed(block.value, most, outcomes)
    return outcomes


@compiled
def _step(
    time: NDArray[np.int64], value: NDArray[np.float64], gap: int, suspect: float, fail: float, outcomes: Outcomes
) -> bool:
    """Compare neighbours; whether all are finite, otherwise samples after the others are still to be compared."""
    n = value.size
    apart = np.empty(n, np.int64)
    # The bits of 2^52 with a whole number below 2^52 or-ed in are the float 2^52 plus that number: vector units convert
    # no int64 to float64, and one by one it takes longer than the comparison.
    for i in range(1, n):
        step = time[i] - time[i - 1]
        apart[i] = (step if (step > 0) & (step <= gap) else 0) | _TWO_TO_52_BITS
    seconds = apart.view(np.float64)
    unknown = 0 if n == 0 or np.isfinite(value[0]) else 1
    for i in range(1, n):
        step = seconds[i] - _TWO_TO_52
        change = abs(value[i] - value[i - 1])
        near = (step > 0.0) & (change < np.inf)
        unknown += not change < np.inf
        # A quotient and no product with the bound: 5 in 60 s is exactly 5 / 60, not more.
        rate = change * 1e6 / (step if step > 0.0 else 1.0)
        passed = np.uint8(1 if near else 0)
        high = np.uint8(1 if near & ((rate > suspect) | (rate > fail)) else 0)
        highest = np.uint8(1 if near & (rate > fail) else 0)
        outcomes[i] = passed + high + highest
    return unknown == 0


@compiled
def _step_over(
    time: NDArray[np.int64], value: NDArray[np.float64], gap: int, suspect: float, fail: float, outcomes: Outcomes
) -> None:
    last = -1
    for i in range(value.size):
        if not np.isfinite(value[i]):
            continue
        if 0 <= last < i - 1:
            apart = time[i] - time[last]
            change = abs(value[i] - value[last])
            if 0 < apart <= gap and change < np.inf:
                rate = change * 1e6 / apart
                outcomes[i] = 3 if rate > fail else (2 if rate > suspect else 1)
        last = i


@compiled
def _exceed(value: NDArray[np.float64], most: NDArray[np.float64], outcomes: Outcomes) -> None:
    last = -1
    for i in range(value.size):
        if not np.isfinite(value[i]):
            continue
        if outcomes[i] == 1 and abs(value[i] - value[last]) > most[last]:
            outcomes[i] = 2
        last = i


CHECK = Check(name="rate_of_change", slot=2, params=RateOfChangeParams, kernel=rate_of_change, halo=halo, version=2)
