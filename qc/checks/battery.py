"""Battery: samples taken while the supply sagged."""

from dataclasses import dataclass

import numpy as np

from qc.check import Block, Check
from qc.flags import FAIL, NOT_RUN, PASS, SUSPECT, Outcomes


@dataclass(frozen=True)
class BatteryParams:
    """What an instrument needs.

    Attributes
    ----------
    suspect_volts, fail_volts
        Least supply voltage.
    source
        Name of the variable that holds it.
    """

    suspect_volts: float
    fail_volts: float
    source: str = "battery_voltage"

    def __post_init__(self) -> None:
        if not 0 <= self.fail_volts <= self.suspect_volts:
            raise ValueError(f"0 <= fail_volts {self.fail_volts} <= suspect_volts {self.suspect_volts} expected")


def battery(block: Block, params: BatteryParams) -> Outcomes:
    """Judge each sample by the supply voltage at the same time.

    Not run where that is missing or infinite, and where the value is NaN. Only the sample itself is looked at.
    """
    volts = np.asarray(block.inputs[params.source], np.float64)
    verdict = np.where(volts < params.fail_volts, FAIL, np.where(volts < params.suspect_volts, SUSPECT, PASS))
    return np.where(np.isfinite(volts) & ~np.isnan(block.value), verdict, NOT_RUN).astype(np.uint8)


CHECK = Check(
    name="battery",
    slot=28,
    params=BatteryParams,
    kernel=battery,
    inputs=lambda params: (params.source,),
    kind="record",
)
