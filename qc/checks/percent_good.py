"""Percent good: cells in which too few pings gave a velocity."""

from dataclasses import dataclass

import numpy as np

from qc.beams import fewest_pass
from qc.check import Block, Check
from qc.flags import Outcomes


@dataclass(frozen=True)
class PercentGoodParams:
    """What counts as the share of good pings.

    Attributes
    ----------
    suspect, fail
        Least value, in percent.
    beams
        How many beams must reach it; of an input without beams, any number above 0 means the one value.
    source
        Name of the variable that holds it, of shape (n, cell) or (n, cell, beam).
    """

    suspect: float = 50.0
    fail: float = 25.0
    beams: int = 1
    source: str = "percent_good"

    def __post_init__(self) -> None:
        if not self.fail <= self.suspect:
            raise ValueError(f"fail {self.fail} <= suspect {self.suspect} expected")
        if self.beams < 1:
            raise ValueError(f"beams is {self.beams}, expected 1 or more")


def percent_good(block: Block, params: PercentGoodParams) -> Outcomes:
    """Judge each cell by the share of good pings at the same time.

    Of four columns in earth coordinates the best counts, as each is a share of another way to solve. NaN of the
    value is not run, nor a cell with fewer known beams than must pass. Only the sample itself is looked at: ends,
    gaps, duplicates and jitter play no part.
    """
    source = np.asarray(block.inputs[params.source], np.float64)
    return fewest_pass(block.value, source, params.beams, (params.suspect, params.fail))


CHECK = Check(
    name="percent_good",
    slot=16,
    params=PercentGoodParams,
    kernel=percent_good,
    kind="profile",
    inputs=lambda params: (params.source,),
)
