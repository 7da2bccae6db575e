"""Echo amplitude: cells from which too little sound comes back."""

from dataclasses import dataclass

import numpy as np

from qc.beams import fewest_pass
from qc.check import Block, Check
from qc.flags import Outcomes


@dataclass(frozen=True)
class EchoAmplitudeParams:
    """What counts as the echo's strength.

    Attributes
    ----------
    suspect, fail
        Least value, in counts.
    beams
        How many beams must reach it; of an input without beams, any number above 0 means the one value.
    source
        Name of the variable that holds it, of shape (n, cell) or (n, cell, beam).
    """

    suspect: float = 50.0
    fail: float = 40.0
    beams: int = 3
    source: str = "echo_intensity"

    def __post_init__(self) -> None:
        if not self.fail <= self.suspect:
            raise ValueError(f"fail {self.fail} <= suspect {self.suspect} expected")
        if self.beams < 1:
            raise ValueError(f"beams is {self.beams}, expected 1 or more")


def echo_amplitude(block: Block, params: EchoAmplitudeParams) -> Outcomes:
    """Judge each cell by the echo's strength at the same time.

    Beams see different water: the third strongest of four says whether three of them see enough. NaN of the value
    is not run, nor a cell with fewer known beams than must pass. Only the sample itself is looked at: ends, gaps,
    duplicates and jitter play no part.
    """
    source = np.asarray(block.inputs[params.source], np.float64)
    return fewest_pass(block.value, source, params.beams, (params.suspect, params.fail))


CHECK = Check(
    name="echo_amplitude",
    slot=14,
    params=EchoAmplitudeParams,
    kernel=echo_amplitude,
    kind="profile",
    inputs=lambda params: (params.source,),
)
