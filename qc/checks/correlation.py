"""Correlation: cells whose pings resemble each other too little."""

from dataclasses import dataclass

import numpy as np

from qc.beams import fewest_pass
from qc.check import Block, Check
from qc.flags import Outcomes


@dataclass(frozen=True)
class CorrelationParams:
    """What counts as how well pings correlate.

    Attributes
    ----------
    suspect, fail
        Least value, in counts.
    beams
        How many beams must reach it; of an input without beams, any number above 0 means the one value.
    source
        Name of the variable that holds it, of shape (n, cell) or (n, cell, beam).
    """

    suspect: float = 64.0
    fail: float = 50.0
    beams: int = 3
    source: str = "correlation_magnitude"

    def __post_init__(self) -> None:
        if not self.fail <= self.suspect:
            raise ValueError(f"fail {self.fail} <= suspect {self.suspect} expected")
        if self.beams < 1:
            raise ValueError(f"beams is {self.beams}, expected 1 or more")


def correlation(block: Block, params: CorrelationParams) -> Outcomes:
    """Judge each cell by how well pings correlate at the same time.

    The makers' low-correlation threshold is 64 of 255 counts. NaN of the value is not run, nor a cell with fewer
    known beams than must pass. Only the sample itself is looked at: ends, gaps, duplicates and jitter play no part.
    """
    source = np.asarray(block.inputs[params.source], np.float64)
    return fewest_pass(block.value, source, params.beams, (params.suspect, params.fail))


CHECK = Check(
    name="correlation",
    slot=15,
    params=CorrelationParams,
    kernel=correlation,
    kind="profile",
    inputs=lambda params: (params.source,),
)
