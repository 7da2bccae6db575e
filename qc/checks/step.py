"""Step: a level that changes from one sample to the next and stays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.cells import surroundings, surroundings_halo
from qc.check import Block, Check, Halo, VariableTraits
from qc.compiled import compiled
from qc.flags import Outcomes
from qc.sampling import SLOWEST_OF_ALL, cells_for, noise_rules

_SIDE = 7
"""Samples on each side whose medians are the levels."""

_OF_NOISE, _OF_THE_SEA, _OF_THE_SLOW_SEA, _QUARTER = 15.0, 45.0, 30.0, 900.0


@dataclass(frozen=True)
class StepParams:
    """What counts as a step.

    Attributes
    ----------
    largest_gap
        Seconds between two finite samples beyond which they are no neighbours.
    smallest
        Least change of level, in the variable's units.
    noise
        The same, in standard deviations of the noise.
    share
        How much of the change must lie between two samples; the rest may follow. A sensor that takes its time over a
        change in the sea cannot do that.
    cell_seconds, cells
        The noise is the median over so many cells of time on each side.
    """

    largest_gap: float
    smallest: float = 0.0
    noise: float = _OF_NOISE
    share: float = 0.7
    cell_seconds: float = 3600.0
    cells: int = 12

    def __post_init__(self) -> None:
        if not 0 < self.largest_gap < np.inf:
            raise ValueError(f"largest_gap is {self.largest_gap}, expected seconds above 0")
        if not (0 <= self.smallest < np.inf and 0 < self.noise < np.inf and 0 < self.share <= 1):
            raise ValueError(f"smallest {self.smallest} >= 0, noise {self.noise} > 0, 0 < share {self.share} <= 1")


def halo(params: StepParams) -> Halo:
    """The cells around, and the samples on both sides."""
    around = surroundings_halo(params.cell_seconds, params.cells)
    near = 3 * _SIDE * params.largest_gap
    return Halo(around.before_seconds + near, around.after_seconds + near, 3 * _SIDE, 3 * _SIDE)


def step(block: Block, params: StepParams) -> Outcomes:
    """Find changes of level between two samples, and doubt the seven samples after each.

    Medians of seven samples on both sides are compared, so that a spike of up to three samples is none; both sides
    must be calm beside the change. How long the level stays wrong, nobody can tell from the record: what comes later
    passes, and the suspect samples call for a person. NaN, infinities, ends, and samples with fewer than seven
    neighbours on both sides before a gap, an equal time or a step back are not run; missing values are stepped over.
    """
    finite = np.isfinite(block.value)
    noise = surroundings(block.time, block.value, params.cell_seconds, params.cells).noise
    outcomes = np.zeros(block.value.size, np.uint8)
    gap = int(np.ceil(min(params.largest_gap * 1e6, 2.0**62)))
    levels = np.array([params.smallest, params.noise, params.share])
    outcomes[finite] = _find(block.time[finite], block.value[finite], noise[finite], gap, levels)
    return outcomes


@compiled
def _find(
    time: NDArray[np.int64],
    value: NDArray[np.float64],
    noise: NDArray[np.float64],
    gap: int,
    levels: NDArray[np.float64],
) -> Outcomes:
    n = value.size
    outcomes = np.zeros(n, np.uint8)
    run = np.zeros(n, np.int64)  # samples in a row that end here
    for i in range(n):
        run[i] = run[i - 1] + 1 if i > 0 and 0 < time[i] - time[i - 1] <= gap else 1
    for i in range(_SIDE, n - _SIDE + 1):
        if run[i + _SIDE - 1] < 2 * _SIDE:
            continue
        outcomes[i] = max(outcomes[i], 1)
        least = max(levels[0], levels[1] * noise[i])
        jump = value[i] - value[i - 1]
        if not abs(jump) > levels[2] * least:
            continue
        before, after = np.median(value[i - _SIDE : i]), np.median(value[i : i + _SIDE])
        change = after - before
        if abs(change) > least and jump * change > 0 and abs(jump) >= levels[2] * abs(change):
            calm = 0.3 * abs(change)
            unrest = max(
                np.median(np.abs(value[i - _SIDE : i] - before)), np.median(np.abs(value[i : i + _SIDE] - after))
            )
            if unrest <= calm:
                outcomes[i : i + _SIDE] = 2
    return outcomes


def defaults(variable: str, traits: VariableTraits) -> StepParams | None:
    """15 times the noise and 10 steps of the resolution, where from one sample to the next it is noise that changes.

    Where it is the sea that changes, up to an hour between samples, 45 times what usually changes, and 30 times from a
    quarter of an hour on: what is clean of ../shared/gapfill (half-hourly) and of IMOS (every ten minutes) has hardly
    such steps. Steps of 10 standard deviations of the sea are of that size where it changes slowly.
    """
    if traits.sampling_seconds is None:
        return None
    around = cells_for(traits.sampling_seconds, 12, SLOWEST_OF_ALL)
    if around is None:
        return None
    of_the_sea = _OF_THE_SEA if traits.sampling_seconds < _QUARTER else _OF_THE_SLOW_SEA
    return StepParams(
        largest_gap=5 * traits.sampling_seconds,
        smallest=10 * (traits.resolution or 0.0),
        noise=_OF_NOISE if noise_rules(variable, traits.sampling_seconds) else of_the_sea,
        cell_seconds=around[0],
        cells=around[1],
    )


CHECK = Check(
    name="step", slot=30, params=StepParams, kernel=step, halo=halo, defaults=defaults, required=False
)
