"""Error velocity: cells in which the beams do not see the same water."""

from dataclasses import dataclass

import numpy as np

from qc.check import Block, Check
from qc.flags import FAIL, NOT_RUN, PASS, SUSPECT, Outcomes


@dataclass(frozen=True)
class ErrorVelocityParams:
    """How far two ways to get the vertical velocity may differ.

    Attributes
    ----------
    suspect, fail
        Largest error velocity, in m/s.
    source
        Name of the variable that holds it, of shape (n, cell).
    """

    suspect: float = 0.15
    fail: float = 0.3
    source: str = "error_velocity"

    def __post_init__(self) -> None:
        if not 0 <= self.suspect <= self.fail:
            raise ValueError(f"0 <= suspect {self.suspect} <= fail {self.fail} expected")


def error_velocity(block: Block, params: ErrorVelocityParams) -> Outcomes:
    """Judge each cell by its error velocity at the same time.

    Not run where that is missing, as for solutions of three beams, and where the value is NaN. Only the sample itself
    is looked at.
    """
    source = np.abs(np.asarray(block.inputs[params.source], np.float64))
    source = source.reshape(source.shape + (1,) * (block.value.ndim - source.ndim))
    verdict = np.where(source > params.fail, FAIL, np.where(source > params.suspect, SUSPECT, PASS))
    return np.where(np.isfinite(source) & ~np.isnan(block.value), verdict, NOT_RUN).astype(np.uint8)


CHECK = Check(
    name="error_velocity",
    slot=17,
    params=ErrorVelocityParams,
    kernel=error_velocity,
    kind="profile",
    inputs=lambda params: (params.source,),
)
