"""The flag scheme of `qc.flags` in one pass over a block: what the engine writes with."""

import numpy as np
from numpy.typing import NDArray

from qc.compiled import compiled
from qc.flags import Flags, Outcomes, Tests


@compiled
def enter(tests: Tests, slot: int, outcomes: Outcomes) -> None:
    """Enter one test's outcomes into words whose place for it is still empty, as `qc.flags.put` does."""
    shift = np.uint64(2 * slot)
    for i in range(outcomes.size):
        tests[i] |= np.uint64(outcomes[i]) << shift


@compiled
def conclude(value: NDArray[np.float64], tests: Tests, need: np.uint64, flags: Flags) -> None:
    """Clear the tests of missing values and fill in the flags, as `qc.flags.aggregate` derives them.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        NaN where missing.
    tests : ndarray of uint64, shape (n,)
        Changed where the value is missing.
    need
        A 1 in the lower bit of every slot that must have passed.
    flags : ndarray of int8, shape (n,)
        Filled.
    """
    lower, one, none = np.uint64(0x5555555555555555), np.uint64(1), np.uint64(0)
    for i in range(value.size):
        word = tests[i]
        low, high = word & lower, (word >> one) & lower
        flag = 1 if low & need == need else 2
        flag = 0 if word == none else flag
        flag = 3 if high != none else flag
        flag = 4 if high & low != none else flag
        missing = value[i] != value[i]
        flags[i] = 9 if missing else flag
        tests[i] = none if missing else word
