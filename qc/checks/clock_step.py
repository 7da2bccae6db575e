"""Clock step: samples that no longer lie on the beat of their clock."""

from dataclasses import dataclass

import numpy as np

from qc.check import RECORD, Block, Check, Halo, VariableTraits
from qc.flags import NOT_RUN, PASS, SUSPECT, Outcomes


@dataclass(frozen=True)
class ClockStepParams:
    """The beat.

    Attributes
    ----------
    sampling_seconds
        Nominal time between samples.
    tolerance_seconds
        How far a sample may lie off the beat of the sample before.
    """

    sampling_seconds: float
    tolerance_seconds: float

    def __post_init__(self) -> None:
        if not 0 < self.tolerance_seconds < self.sampling_seconds / 2:
            raise ValueError(
                f"tolerance_seconds {self.tolerance_seconds} between 0 and half of sampling_seconds "
                f"{self.sampling_seconds} expected"
            )


def clock_step(block: Block, params: ClockStepParams) -> Outcomes:
    """Doubt the first sample after a time that is no whole number of sampling intervals.

    Samples left out do not matter, whole intervals are missing then; a clock set by a whole number of intervals cannot
    be seen. Equal times lie on the beat, jitter below the tolerance too. Drift is too slow to be seen from one sample
    to the next, but over a gap long enough for it the sample after is suspect. The first sample and NaN are not run.
    """
    apart = np.diff(block.time.astype(np.float64), prepend=np.nan) / 1e6
    off = np.abs(apart - np.round(apart / params.sampling_seconds) * params.sampling_seconds)
    verdict = np.where(off > params.tolerance_seconds, SUSPECT, PASS)
    return np.where(np.isnan(apart) | np.isnan(block.value), NOT_RUN, verdict).astype(np.uint8)


def defaults(variable: str, traits: VariableTraits) -> ClockStepParams | None:
    """For the record itself: a quarter of the sampling interval off the beat."""
    step = traits.sampling_seconds
    if variable != RECORD or step is None or not step > 0:
        return None
    return ClockStepParams(step, 0.25 * step)


CHECK = Check(
    name="clock_step",
    slot=26,
    params=ClockStepParams,
    kernel=clock_step,
    halo=lambda params: Halo(before_samples=1),
    kind="record",
    defaults=defaults,
)
