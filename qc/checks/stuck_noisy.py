"""Stuck sensor whose last bit still flickers: far quieter than the same sensor otherwise is."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qc.cells import surroundings, surroundings_halo
from qc.check import Block, Check, Halo, VariableTraits
from qc.compiled import compiled
from qc.flags import FAIL, SUSPECT, Outcomes
from qc.sampling import SLOWEST_OF_ALL, cells_for, noise_rules

_FINE, _COARSE = 0.12, 0.2
"""Share of samples equal to the one before, of white noise in steps of 0.43 and 0.71 of its standard deviation: up to
these a short and a long run tell stuck from coarse."""

_CALM = 0.06


@dataclass(frozen=True)
class StuckNoisyParams:
    """What is too quiet.

    Attributes
    ----------
    largest_gap
        Seconds between two finite samples beyond which a run ends.
    fewest, many
        Samples of a short and of a long run.
    quiet, quiet_long
        A run is stuck when its values span at most so many standard deviations of the sensor's noise.
    fail_samples
        A run within a short run's bounds that lasts as long as this fails; a shorter one is suspect.
    cell_seconds, cells
        The noise is the median over so many cells of time on each side.
    """

    largest_gap: float
    fewest: int = 10
    many: int = 40
    quiet: float = 0.65
    quiet_long: float = 1.5
    fail_samples: int = 30
    cell_seconds: float = 3600.0
    cells: int = 24

    def __post_init__(self) -> None:
        if not 0 < self.largest_gap < np.inf:
            raise ValueError(f"largest_gap is {self.largest_gap}, expected seconds above 0")
        if not 3 <= self.fewest <= self.many:
            raise ValueError(f"3 <= fewest {self.fewest} <= many {self.many} expected")
        if self.fail_samples < self.fewest:
            raise ValueError(f"fail_samples {self.fail_samples} >= fewest {self.fewest} expected")


def halo(params: StuckNoisyParams) -> Halo:
    """The cells around, and the longest run on both sides."""
    runs = max(params.many, params.fail_samples) + 1
    around = surroundings_halo(params.cell_seconds, params.cells)
    return Halo(
        around.before_seconds + runs * params.largest_gap, around.after_seconds + runs * params.largest_gap, runs, runs
    )


def stuck_noisy(block: Block, params: StuckNoisyParams) -> Outcomes:
    """Find runs that are far quieter than the sensor's own noise in the day before and after.

    Ten samples of white noise span less than 0.65 of its standard deviations once in some ten thousand times, forty
    less than 1.5 practically never. So the sensor needs a resolution finer than its noise; of one that shows steps as
    large as its noise all passes, and `flat_line` must do. NaN and infinities are not run and end a run, as
    gaps, equal times and steps back do. All other finite samples pass, also at the ends, where less is known.
    """
    around = surroundings(block.time, block.value, params.cell_seconds, params.cells)
    noise = np.where(around.still <= _FINE, around.noise, 0.0)
    noise_long = np.where(around.still <= _COARSE, around.noise, 0.0)
    outcomes = np.isfinite(block.value).astype(np.uint8)
    gap = int(np.ceil(min(params.largest_gap * 1e6, 2.0**62)))
    outcomes[_quiet(block.time, block.value, noise * params.quiet, gap, params.fewest)] = SUSPECT
    outcomes[_quiet(block.time, block.value, noise * params.quiet, gap, params.fail_samples)] = FAIL
    outcomes[_quiet(block.time, block.value, noise_long * params.quiet_long, gap, params.many)] = FAIL
    return outcomes


@compiled
def _quiet(
    time: NDArray[np.int64], value: NDArray[np.float64], widest: NDArray[np.float64], gap: int, length: int
) -> NDArray[np.bool_]:
    """Mark every stretch of `length` samples in a row that spans at most `widest`, which must be above 0."""
    found = np.zeros(value.size, np.bool_)
    since, marked = 0, 0
    for i in range(value.size):
        if not np.isfinite(value[i]):
            since = i + 1
            continue
        if i > since and not 0 < time[i] - time[i - 1] <= gap:
            since = i
        first = i - length + 1
        # The ends differ by too much in nearly every stretch of noise: only the rest is looked through.
        if first < since or not widest[i] > 0 or abs(value[i] - value[first]) > widest[i]:
            continue
        low, high = value[i], value[i]
        for k in range(i - 1, first - 1, -1):
            low, high = min(low, value[k]), max(high, value[k])
            if high - low > widest[i]:
                break
        if high - low <= widest[i]:
            found[max(first, marked) : i + 1] = True
            marked = i + 1
    return found


def defaults(variable: str, traits: VariableTraits) -> StuckNoisyParams | None:
    """Runs of 10 samples are suspect, those of 30 fail.

    Where it is the sea and not noise that changes from one sample to the next, up to an hour between samples, runs must
    be as still as 0.06 of what usually changes: a sea may be calm for hours, but not that calm.
    """
    if traits.sampling_seconds is None:
        return None
    around = cells_for(traits.sampling_seconds, 24, SLOWEST_OF_ALL)
    if around is None:
        return None
    known = StuckNoisyParams(5 * traits.sampling_seconds, cell_seconds=around[0], cells=around[1])
    if noise_rules(variable, traits.sampling_seconds):
        return known
    return replace(known, quiet=_CALM, quiet_long=_CALM)


CHECK = Check(
    name="stuck_noisy",
    slot=22,
    params=StuckNoisyParams,
    kernel=stuck_noisy,
    halo=halo,
    defaults=defaults,
    required=False,
)
