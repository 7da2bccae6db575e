"""The flag scheme: what each test said (kept for ever), and the one flag that follows from it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NOT_RUN, PASS, SUSPECT, FAIL = 0, 1, 2, 3
"""Outcome of one test for one sample: two bits."""

UNKNOWN, GOOD, PROBABLY_GOOD, PROBABLY_BAD, BAD, NOMINAL, FILLED, MISSING = 0, 1, 2, 3, 4, 7, 8, 9
"""OceanSITES quality codes."""

FLAG_VALUES = (0, 1, 2, 3, 4, 7, 8, 9)
FLAG_MEANINGS = (
    "unknown good_data probably_good_data potentially_correctable_bad_data bad_data nominal_value "
    "interpolated_value missing_value"
)

SLOTS = 32
"""Tests per sample that fit into a uint64."""

Outcomes = NDArray[np.uint8]
Tests = NDArray[np.uint64]
Flags = NDArray[np.int8]

_PASSES = np.uint64(0x5555555555555555)


def put(tests: Tests, slot: int, outcomes: Outcomes) -> Tests:
    """Enter the outcomes of one test.

    Parameters
    ----------
    tests : ndarray of uint64, shape (n, ...)
        What the tests so far said.
    slot
        The test's place, 0 to 31.
    outcomes : ndarray of uint8, same shape
        NOT_RUN, PASS, SUSPECT or FAIL.

    Returns
    -------
    ndarray of uint64
        A new array.
    """
    shift = np.uint64(2 * slot)
    cleared = tests & ~(np.uint64(3) << shift)
    return cleared | (outcomes.astype(np.uint64) << shift)


def get(tests: Tests, slot: int) -> Outcomes:
    """Outcomes of one test, shape of `tests`."""
    return ((tests >> np.uint64(2 * slot)) & np.uint64(3)).astype(np.uint8)


def aggregate(tests: Tests, missing: NDArray[np.bool_], required: Sequence[int]) -> Flags:
    """Derive the quality flag from the outcomes of all tests.

    Any fail gives 4, else any suspect 3, else all required tests passed 1, else some test passed 2, else 0; a missing
    value is 9 whatever the tests said.

    Parameters
    ----------
    tests : ndarray of uint64, shape (n, ...)
        Outcomes, two bits a slot.
    missing : ndarray of bool, same shape
        Where there is no value.
    required
        Slots that must have passed for flag 1.

    Returns
    -------
    ndarray of int8, same shape
        OceanSITES codes.
    """
    low = tests & _PASSES
    high = (tests >> np.uint64(1)) & _PASSES
    need = np.uint64(sum(1 << (2 * slot) for slot in required))
    flags = np.where((low & need) == need, np.int8(GOOD), np.int8(PROBABLY_GOOD))
    flags = np.where(tests == 0, np.int8(UNKNOWN), flags)
    flags = np.where(high != 0, np.int8(PROBABLY_BAD), flags)
    flags = np.where((high & low) != 0, np.int8(BAD), flags)
    return np.where(missing, np.int8(MISSING), flags)


_QARTOD = np.array([2, 1, 1, 3, 4, 2, 2, 2, 2, 9], dtype=np.int8)


def to_qartod(flags: Flags) -> Flags:
    """QARTOD view of quality flags: 1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing."""
    return _QARTOD[flags]
