"""Echo amplitude: cells from which too little sound comes back."""

from dataclasses import dataclass

from qc.beams import LevelParams, judge_levels
from qc.check import Block, Check
from qc.flags import Outcomes


@dataclass(frozen=True)
class EchoAmplitudeParams(LevelParams):
    """How strong an echo must be: see `LevelParams`."""

    suspect: float = 50.0
    fail: float = 40.0
    source: str = "echo_intensity"


def echo_amplitude(block: Block, params: EchoAmplitudeParams) -> Outcomes:
    """Judge each cell by the echo's strength at the same time.

    Beams see different water: the third strongest of four says whether three of them see enough. NaN of the value
    is not run, nor a cell with fewer known beams than must pass. Only the sample itself is looked at: ends, gaps,
    duplicates and jitter play no part.
    """
    return judge_levels(block, params)


CHECK = Check(
    name="echo_amplitude",
    slot=14,
    params=EchoAmplitudeParams,
    kernel=echo_amplitude,
    kind="profile",
    inputs=lambda params: (params.source,),
)
