"""What the beams of a profiler say of a cell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.check import Block
from qc.flags import FAIL, NOT_RUN, PASS, SUSPECT, Outcomes


@dataclass(frozen=True)
class LevelParams:
    """What beams must reach for a cell to count.

    Attributes
    ----------
    suspect, fail
        Least value, in counts.
    beams
        How many beams must reach it; of an input without beams, any number above 0 means the one value.
    source
        Name of the variable that holds it, of shape (n, cell) or (n, cell, beam).
    """

    suspect: float
    fail: float
    source: str
    beams: int = 3

    def __post_init__(self) -> None:
        if not self.fail <= self.suspect:
            raise ValueError(f"fail {self.fail} <= suspect {self.suspect} expected")
        if self.beams < 1:
            raise ValueError(f"beams is {self.beams}, expected 1 or more")


def judge_levels(block: Block, params: LevelParams) -> Outcomes:
    """Judge each cell of a block by what its beams saw at the same time; see `fewest_pass`."""
    source = np.asarray(block.inputs[params.source], np.float64)
    return fewest_pass(block.value, source, params.beams, (params.suspect, params.fail))


def fewest_pass(
    value: NDArray[np.float64], source: NDArray[np.float64], beams: int, least: tuple[float, float]
) -> Outcomes:
    """Judge cells by whether enough beams reach a level.

    Parameters
    ----------
    value : ndarray of float64, shape (n,), (n, cell) or (n, cell, beam)
        What is judged; NaN is not run.
    source : ndarray of float64, shape (n,), (n, cell) or (n, cell, beam)
        What the beams saw; NaN is no beam.
    beams
        How many must reach a level.
    least
        Levels below which a cell is suspect, and fails.
    """
    per_beam = source if source.ndim == 3 else source[..., np.newaxis]
    needed = min(beams, per_beam.shape[-1])
    # Sorted ascending with NaN first: the needed-th from the end is the level that so many beams reach.
    ranked = np.sort(np.where(np.isnan(per_beam), -np.inf, per_beam), axis=-1)
    reached = ranked[..., per_beam.shape[-1] - needed]
    reached = reached.reshape(reached.shape + (1,) * (value.ndim - reached.ndim))
    verdict = np.where(reached < least[1], FAIL, np.where(reached < least[0], SUSPECT, PASS))
    known = ~np.isnan(value) & (reached > -np.inf)
    return np.where(known, verdict, NOT_RUN).astype(np.uint8)
