"""Frame tilt: a frame that moves puts everything mounted on it in doubt."""

from dataclasses import dataclass

import numpy as np

from qc.check import RECORD, Block, Check, Halo, VariableTraits
from qc.checks.heading_jump import HeadingJumpParams, heading_jump
from qc.checks.heading_jump import halo as jump_halo
from qc.flags import NOT_RUN, Outcomes


@dataclass(frozen=True)
class FrameTiltParams:
    """How much a frame may lean at once.

    Attributes
    ----------
    largest_gap
        Seconds between two finite samples beyond which they are no neighbours.
    degrees
        Least change of either angle that counts.
    pitch, roll
        Names of the variables that give the angles, in degrees.
    """

    largest_gap: float
    degrees: float = 1.0
    pitch: str = "pitch"
    roll: str = "roll"

    def __post_init__(self) -> None:
        if not (0 < self.largest_gap < np.inf and 0 < self.degrees < 180):
            raise ValueError(f"largest_gap {self.largest_gap} above 0 and degrees {self.degrees} below 180 expected")


def halo(params: FrameTiltParams) -> Halo:
    """As far as the check `heading_jump` looks."""
    return jump_halo(HeadingJumpParams(params.largest_gap))


def frame_tilt(block: Block, params: FrameTiltParams) -> Outcomes:
    """Find sudden changes of pitch or roll that last, and doubt the seven samples after each.

    Each angle is judged as the check `heading_jump` judges a direction. NaN of the value, ends, and samples beside gaps
    of both angles are not run.
    """
    found = [
        heading_jump(block, HeadingJumpParams(params.largest_gap, params.degrees, source))
        for source in (params.pitch, params.roll)
    ]
    return np.where(np.isnan(block.value), NOT_RUN, np.maximum(*found)).astype(np.uint8)


def defaults(variable: str, traits: VariableTraits) -> FrameTiltParams | None:
    """For the record itself, where samples come at least every ten minutes: else the halo would be weeks."""
    if variable != RECORD or traits.sampling_seconds is None or not 0 < traits.sampling_seconds <= 600:
        return None
    return FrameTiltParams(largest_gap=5 * traits.sampling_seconds)


CHECK = Check(
    name="frame_tilt",
    slot=19,
    params=FrameTiltParams,
    kernel=frame_tilt,
    halo=halo,
    inputs=lambda params: (params.pitch, params.roll),
    kind="record",
    defaults=defaults,
)
