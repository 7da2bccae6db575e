"""Correlation: cells whose pings resemble each other too little."""

from dataclasses import dataclass

from qc.beams import LevelParams, judge_levels
from qc.check import Block, Check
from qc.flags import Outcomes


@dataclass(frozen=True)
class CorrelationParams(LevelParams):
    """How well pings must correlate: see `LevelParams`."""

    suspect: float = 64.0
    fail: float = 50.0
    source: str = "correlation_magnitude"


def correlation(block: Block, params: CorrelationParams) -> Outcomes:
    """Judge each cell by how well pings correlate at the same time.

    The makers' low-correlation threshold is 64 of 255 counts. NaN of the value is not run, nor a cell with fewer
    known beams than must pass. Only the sample itself is looked at: ends, gaps, duplicates and jitter play no part.
    """
    return judge_levels(block, params)


CHECK = Check(
    name="correlation",
    slot=15,
    params=CorrelationParams,
    kernel=correlation,
    kind="profile",
    inputs=lambda params: (params.source,),
)
