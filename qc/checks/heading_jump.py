"""Heading jump, or change of tilt: a frame on the seafloor does not turn by itself."""

from dataclasses import dataclass

import numpy as np

from qc.cells import surroundings_halo
from qc.check import Block, Check, Halo
from qc.checks.step import StepParams, step
from qc.flags import NOT_RUN, Outcomes


@dataclass(frozen=True)
class HeadingJumpParams:
    """How much a direction may change at once.

    Attributes
    ----------
    largest_gap
        Seconds between two finite samples beyond which they are no neighbours.
    degrees
        Least change of direction that counts.
    source
        Name of the direction in degrees; the value itself where None.
    """

    largest_gap: float
    degrees: float = 3.0
    source: str | None = None

    def __post_init__(self) -> None:
        if not (0 < self.largest_gap < np.inf and 0 < self.degrees < 180):
            raise ValueError(f"largest_gap {self.largest_gap} above 0 and degrees {self.degrees} below 180 expected")


_CELLS = 2


def halo(params: HeadingJumpParams) -> Halo:
    """As far as the check `step` looks."""
    around = surroundings_halo(3600.0, _CELLS)
    near = 21 * params.largest_gap
    return Halo(around.before_seconds + near, around.after_seconds + near, 21, 21)


def heading_jump(block: Block, params: HeadingJumpParams) -> Outcomes:
    """Find sudden changes of a direction that last, and doubt the seven samples after each.

    The direction is judged as the check `step` judges a level, by its sine and its cosine, so that north is no border.
    What else hangs on the frame comes into doubt by planning this check for it with `source`. NaN, infinities, ends
    and samples beside gaps are not run.
    """
    direction = block.value if params.source is None else np.asarray(block.inputs[params.source], np.float64)
    angle = np.radians(np.where(np.isfinite(direction), direction, np.nan))
    # A change of d degrees moves the end of a unit arrow by 2 sin(d/2), one of its coordinates by 0.7 of that.
    least = 0.7 * 2 * float(np.sin(np.radians(params.degrees) / 2))
    rule = StepParams(params.largest_gap, smallest=least, noise=6.0, cell_seconds=3600.0, cells=_CELLS)
    found = [step(Block(block.time, part), rule) for part in (np.sin(angle), np.cos(angle))]
    return np.where(np.isnan(block.value), NOT_RUN, np.maximum(*found)).astype(np.uint8)


CHECK = Check(
    name="heading_jump",
    slot=20,
    params=HeadingJumpParams,
    kernel=heading_jump,
    halo=halo,
    inputs=lambda params: () if params.source is None else (params.source,),
)
