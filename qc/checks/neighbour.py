"""Neighbour: two sensors of one quantity side by side must agree."""

from dataclasses import dataclass

import numpy as np

from qc.check import Block, Check
from qc.flags import FAIL, NOT_RUN, PASS, SUSPECT, Outcomes


@dataclass(frozen=True)
class NeighbourParams:
    """How far two sensors may disagree.

    Attributes
    ----------
    other
        Name of the other sensor's variable, at the same times.
    suspect, fail
        Largest difference, in the variable's units; None is no bound.
    offset
        What this sensor reads more than the other where both are right.
    """

    other: str
    suspect: float | None = None
    fail: float | None = None
    offset: float = 0.0

    def __post_init__(self) -> None:
        if any(bound is not None and bound < 0 for bound in (self.suspect, self.fail)):
            raise ValueError(f"suspect {self.suspect}, fail {self.fail}: expected 0 or more")


def neighbour(block: Block, params: NeighbourParams) -> Outcomes:
    """Compare each sample with the other sensor's at the same time.

    Which of the two is wrong it cannot tell: plan it for both. Not run where either is missing or infinite. Only the
    sample itself is looked at.
    """
    other = np.asarray(block.inputs[params.other], np.float64)
    with np.errstate(all="ignore"):  # inf - inf, and overflow
        difference = np.abs(block.value - other - params.offset)
    suspect, fail = (np.inf if bound is None else bound for bound in (params.suspect, params.fail))
    verdict = np.where(difference > fail, FAIL, np.where(difference > suspect, SUSPECT, PASS))
    known = np.isfinite(block.value) & np.isfinite(other)
    return np.where(known, verdict, NOT_RUN).astype(np.uint8)


CHECK = Check(
    name="neighbour", slot=7, params=NeighbourParams, kernel=neighbour, inputs=lambda params: (params.other,)
)
