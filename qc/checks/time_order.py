"""Time order: samples that come at the same time as the one before, or earlier."""

from dataclasses import dataclass

import numpy as np

from qc.check import RECORD, Block, Check, Halo, VariableTraits
from qc.flags import FAIL, NOT_RUN, PASS, SUSPECT, Outcomes


@dataclass(frozen=True)
class TimeOrderParams:
    """Nothing to choose."""


def time_order(block: Block, params: TimeOrderParams) -> Outcomes:
    """Judge each sample by whether its time is later than that of the sample before.

    At the same time it is suspect, earlier it fails (the engine takes no record whose time goes back; the kernel on
    its own does). The first sample passes; NaN is not run; jitter and gaps need no care.
    """
    apart = np.diff(block.time, prepend=block.time[:1] - 1)
    verdict = np.where(apart < 0, FAIL, np.where(apart == 0, SUSPECT, PASS))
    return np.where(np.isnan(block.value), NOT_RUN, verdict).astype(np.uint8)


def defaults(variable: str, traits: VariableTraits) -> TimeOrderParams | None:
    """For the record itself."""
    return TimeOrderParams() if variable == RECORD else None


CHECK = Check(
    name="time_order",
    slot=12,
    params=TimeOrderParams,
    kernel=time_order,
    halo=lambda params: Halo(before_samples=1),
    kind="record",
    defaults=defaults,
)
