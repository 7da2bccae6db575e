"""Tilt: an instrument that leans too far for what it measures."""

from dataclasses import dataclass

import numpy as np

from qc.check import Block, Check
from qc.flags import FAIL, NOT_RUN, PASS, SUSPECT, Outcomes


@dataclass(frozen=True)
class TiltParams:
    """How far an instrument may lean.

    Attributes
    ----------
    suspect_degrees, fail_degrees
        Largest angle from the vertical; 15 and 20 are what makers of current profilers name.
    pitch, roll
        Names of the variables that give the angles, in degrees.
    """

    suspect_degrees: float = 15.0
    fail_degrees: float = 20.0
    pitch: str = "pitch"
    roll: str = "roll"

    def __post_init__(self) -> None:
        if not 0 <= self.suspect_degrees <= self.fail_degrees:
            raise ValueError(f"0 <= {self.suspect_degrees=} <= {self.fail_degrees=} expected")


def tilt(block: Block, params: TiltParams) -> Outcomes:
    """Judge each sample by the angle between the instrument's axis and the vertical at the same time.

    The angle follows from pitch and roll together: cos(tilt) = cos(pitch) cos(roll). Not run where either is missing or
    infinite, and where the value is NaN. Only the sample itself is looked at.
    """
    pitch, roll = (np.asarray(block.inputs[name], np.float64) for name in (params.pitch, params.roll))
    known = np.isfinite(pitch) & np.isfinite(roll) & ~np.isnan(block.value)
    angles = [np.radians(np.where(known, angle, 0.0)) for angle in (pitch, roll)]
    leaning = np.degrees(np.arccos(np.clip(np.cos(angles[0]) * np.cos(angles[1]), -1.0, 1.0)))
    verdict = np.where(leaning > params.fail_degrees, FAIL, np.where(leaning > params.suspect_degrees, SUSPECT, PASS))
    return np.where(known, verdict, NOT_RUN).astype(np.uint8)


CHECK = Check(name="tilt", slot=13, params=TiltParams, kernel=tilt, inputs=lambda params: (params.pitch, params.roll))
