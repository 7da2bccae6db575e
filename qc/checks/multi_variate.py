"""Multi-variate: a change that another quantity, which should change as well, does not show."""

from dataclasses import dataclass

import numpy as np

from qc.check import Block, Check, Halo
from qc.checks.rate_of_change import RateOfChangeParams, rate_of_change
from qc.flags import NOT_RUN, PASS, SUSPECT, Outcomes


@dataclass(frozen=True)
class MultiVariateParams:
    """Which change asks for which.

    Attributes
    ----------
    other
        Name of the quantity that should change as well.
    largest_gap
        Seconds between two finite samples beyond which they are no neighbours.
    rate, other_rate
        A change of more than `rate` (units per second) is suspect where the other's is not above `other_rate`.
    """

    other: str
    largest_gap: float
    rate: float
    other_rate: float

    def __post_init__(self) -> None:
        if not (0 <= self.rate < np.inf and 0 <= self.other_rate < np.inf):
            raise ValueError(f"rate {self.rate} and other_rate {self.other_rate}: expected 0 or more")
        if not 0 < self.largest_gap < np.inf:
            raise ValueError(f"largest_gap is {self.largest_gap}, expected seconds above 0")


def multi_variate(block: Block, params: MultiVariateParams) -> Outcomes:
    """Compare the rate of change with that of another quantity at the same times.

    Both rates are those of the check `rate_of_change`: finite samples to the finite sample before, over true time. Not
    run where either has none: first sample, NaN, infinities, after a gap, at equal times.
    """
    own = rate_of_change(block, RateOfChangeParams(params.largest_gap, suspect=params.rate))
    beside = Block(block.time, np.asarray(block.inputs[params.other], np.float64))
    other = rate_of_change(beside, RateOfChangeParams(params.largest_gap, suspect=params.other_rate))
    alone = (own == SUSPECT) & (other == PASS)
    known = (own != NOT_RUN) & (other != NOT_RUN)
    return np.where(known, np.where(alone, SUSPECT, PASS), NOT_RUN).astype(np.uint8)


CHECK = Check(
    name="multi_variate",
    slot=6,
    params=MultiVariateParams,
    kernel=multi_variate,
    halo=lambda params: Halo(before_seconds=params.largest_gap),
    inputs=lambda params: (params.other,),
)
