"""Time gap: a sample that comes late."""

from dataclasses import dataclass

import numpy as np

from qc.check import RECORD, Block, Check, Halo, VariableTraits
from qc.flags import FAIL, NOT_RUN, PASS, SUSPECT, Outcomes


@dataclass(frozen=True)
class TimeGapParams:
    """How long no sample may come.

    Attributes
    ----------
    suspect_seconds, fail_seconds
        Longest time since the sample before; None is no bound.
    """

    suspect_seconds: float | None = None
    fail_seconds: float | None = None

    def __post_init__(self) -> None:
        if any(bound is not None and bound <= 0 for bound in (self.suspect_seconds, self.fail_seconds)):
            raise ValueError(f"suspect_seconds {self.suspect_seconds}, fail_seconds {self.fail_seconds}: above 0")


def time_gap(block: Block, params: TimeGapParams) -> Outcomes:
    """Judge the first sample after a gap, by the time since the sample before, whatever its value.

    The first sample of a record and NaN are not run; equal times, jitter and steps back are no gap.
    """
    apart = np.diff(block.time.astype(np.float64), prepend=np.nan) / 1e6
    suspect, fail = (np.inf if bound is None else bound for bound in (params.suspect_seconds, params.fail_seconds))
    verdict = np.where(apart > fail, FAIL, np.where(apart > suspect, SUSPECT, PASS))
    return np.where(np.isnan(apart) | np.isnan(block.value), NOT_RUN, verdict).astype(np.uint8)


def defaults(variable: str, traits: VariableTraits) -> TimeGapParams | None:
    """For the record itself: five samples left out are a gap."""
    if variable != RECORD or traits.sampling_seconds is None:
        return None
    return TimeGapParams(suspect_seconds=5 * traits.sampling_seconds)


CHECK = Check(
    name="time_gap",
    slot=11,
    params=TimeGapParams,
    kernel=time_gap,
    halo=lambda params: Halo(before_samples=1),
    kind="record",
    defaults=defaults,
)
