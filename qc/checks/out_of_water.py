"""Out of water: samples taken on deck, on the way down or up, say nothing of the seafloor."""

from dataclasses import dataclass

import numpy as np

from qc.check import Block, Check, VariableTraits
from qc.flags import FAIL, NOT_RUN, PASS, SUSPECT, Outcomes


@dataclass(frozen=True)
class OutOfWaterParams:
    """Nothing to choose: the phase decides."""


_VERDICT = np.array([NOT_RUN, FAIL, SUSPECT, PASS, SUSPECT, FAIL, NOT_RUN], dtype=np.uint8)
"""By `deployment_phase`: unknown, deck (before), descent, seafloor, ascent, recovered (after), any other code."""


def out_of_water(block: Block, params: OutOfWaterParams) -> Outcomes:
    """Judge each sample by the phase of the deployment in which it was taken.

    The seafloor passes, deck and recovery fail, descent and ascent are suspect; not run where the phase is unknown,
    missing or no code of the scheme, and where the value is NaN. Only the sample itself is looked at.
    """
    phase = np.asarray(block.inputs["deployment_phase"])
    other = _VERDICT.size - 1
    known = (phase >= 0) & (phase < other)  # false for NaN
    code = np.where(known, phase, other).astype(np.int64)
    return np.where(np.isnan(block.value), np.uint8(NOT_RUN), _VERDICT[code])


def defaults(variable: str, traits: VariableTraits) -> OutOfWaterParams:
    """For every variable."""
    return OutOfWaterParams()


CHECK = Check(
    name="out_of_water",
    slot=8,
    params=OutOfWaterParams,
    kernel=out_of_water,
    inputs=("deployment_phase",),
    defaults=defaults,
)
