"""Saturation: a sensor at the end of its range."""

from dataclasses import dataclass

import numpy as np

from qc.check import Block, Check
from qc.flags import FAIL, NOT_RUN, PASS, Outcomes


@dataclass(frozen=True)
class SaturationParams:
    """Ends of the sensor's range, in the variable's units; None is no end.

    Attributes
    ----------
    low, high
        What the sensor reads when it can read no further.
    tolerance
        How near a saturated value comes.
    """

    low: float | None = None
    high: float | None = None
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError(f"low {self.low} < high {self.high} expected")
        if not 0 <= self.tolerance < np.inf:
            raise ValueError(f"tolerance is {self.tolerance}, expected 0 or more")


def saturation(block: Block, params: SaturationParams) -> Outcomes:
    """Fail values at or beyond an end of the sensor's range.

    NaN is not run; infinities lie beyond any end. Only the sample itself is looked at: ends of the record, gaps,
    duplicates and jitter play no part. A sensor that saturates at a level nobody knows is found by `flat_line`.
    """
    low = -np.inf if params.low is None else params.low + params.tolerance
    high = np.inf if params.high is None else params.high - params.tolerance
    failed = (block.value <= low) | (block.value >= high)
    return np.where(np.isnan(block.value), NOT_RUN, np.where(failed, FAIL, PASS)).astype(np.uint8)


CHECK = Check(name="saturation", slot=23, params=SaturationParams, kernel=saturation)
