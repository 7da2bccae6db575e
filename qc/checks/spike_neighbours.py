"""Spike against its two neighbours: the two calculations of the QARTOD manuals, beside the robust check `spike`."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qc.check import Block, Check, Halo
from qc.compiled import compiled
from qc.flags import Outcomes


@dataclass(frozen=True)
class SpikeNeighboursParams:
    """How a sample is compared with the ones beside it.

    Attributes
    ----------
    largest_gap
        Seconds between two samples beyond which they are no neighbours.
    suspect, fail
        Largest deviation, in the variable's units; None is no bound.
    method
        "average": from the mean of both neighbours. "differential": the smaller of the differences to both, where
        both have the same sign; 0 where the sample lies between them.
    """

    largest_gap: float
    suspect: float | None = None
    fail: float | None = None
    method: Literal["average", "differential"] = "average"

    def __post_init__(self) -> None:
        if not 0 < self.largest_gap < np.inf:
            raise ValueError(f"largest_gap is {self.largest_gap}, expected seconds above 0")
        if self.method not in ("average", "differential"):
            raise ValueError(f"method is {self.method!r}, expected 'average' or 'differential'")


def spike_neighbours(block: Block, params: SpikeNeighboursParams) -> Outcomes:
    """Compare each sample with the one before and the one after.

    "average" also flags the neighbours of a spike and both sides of a step; "differential" misses spikes of two
    samples. Not run are the ends of the record, samples beside NaN, an infinity, a gap or a step back in time.
    Duplicates and jitter need no care, as order counts and not distance.
    """
    gap = int(np.ceil(min(params.largest_gap * 1e6, 2.0**62)))
    bounds = [np.inf if bound is None else bound for bound in (params.suspect, params.fail)]
    return _compare(block.time, block.value, gap, params.method == "average", bounds[0], bounds[1])


@compiled
def _compare(
    time: NDArray[np.int64], value: NDArray[np.float64], gap: int, average: bool, suspect: float, fail: float
) -> Outcomes:
    outcomes = np.zeros(value.size, np.uint8)
    for i in range(1, value.size - 1):
        before, after = value[i] - value[i - 1], value[i] - value[i + 1]
        near = 0 <= time[i] - time[i - 1] <= gap and 0 <= time[i + 1] - time[i] <= gap
        if not near or not np.isfinite(before) or not np.isfinite(after):
            continue
        if average:
            deviation = abs(value[i] - (value[i - 1] + value[i + 1]) / 2)
        else:
            deviation = min(abs(before), abs(after)) if before * after > 0 else 0.0
        outcomes[i] = 3 if deviation > fail else (2 if deviation > suspect else 1)
    return outcomes


CHECK = Check(
    name="spike_neighbours",
    slot=9,
    params=SpikeNeighboursParams,
    kernel=spike_neighbours,
    halo=lambda params: Halo(before_samples=1, after_samples=1),
)
