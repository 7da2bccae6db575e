"""The flag scheme: what each test said (kept for ever), and the one flag that follows from it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

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


def needed(required: Sequence[int]) -> np.uint64:
    """Word with a pass in every slot of `required` and nothing else."""
    return np.uint64(sum(PASS << (2 * slot) for slot in set(required)))


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
    need = needed(required)
    flags = np.where((low & need) == need, np.int8(GOOD), np.int8(PROBABLY_GOOD))
    flags = np.where(tests == 0, np.int8(UNKNOWN), flags)
    flags = np.where(high != 0, np.int8(PROBABLY_BAD), flags)
    flags = np.where((high & low) != 0, np.int8(BAD), flags)
    return np.where(missing, np.int8(MISSING), flags)


def meaning(flag: int) -> str:
    """What a quality flag says, in words."""
    return FLAG_MEANINGS.split()[FLAG_VALUES.index(flag)].replace("_", " ")


def flag_attributes(of: str) -> dict[str, Any]:
    """CF attributes of the quality flag of a variable, `of` being its name for people."""
    return {
        "long_name": f"Quality flag of: {of}",
        "standard_name": "quality_flag",
        "conventions": "OceanSITES reference table 2",
        "flag_values": np.array(FLAG_VALUES, dtype=np.int8),
        "flag_meanings": FLAG_MEANINGS,
    }


def tests_attributes(of: str, slots: Mapping[str, int]) -> dict[str, Any]:
    """Attributes of a variable's test outcomes; `slots` gives each planned test's place."""
    return {
        "long_name": f"Outcome of every quality test of: {of}",
        "comment": "Two bits a test, lowest first: 0 not run, 1 pass, 2 suspect, 3 fail. `test_slots` gives each "
        "test's place: outcome = (value >> 2 * slot) & 3.",
        "test_slots": " ".join(f"{name}:{slot}" for name, slot in sorted(slots.items(), key=lambda item: item[1])),
    }


def set_flag_attributes(ds: "xr.Dataset", variable: str, slots: Mapping[str, int]) -> "xr.Dataset":
    """Describe the flags of one variable as CF asks, and link them to it.

    Parameters
    ----------
    ds
        Holds `variable`, `<variable>_qc` and `<variable>_qc_tests`.
    variable
        Name of the variable that was judged.
    slots
        Name of each planned test and its place in `<variable>_qc_tests`.

    Returns
    -------
    Dataset
        A new one that shares the arrays.
    """
    flags, tests = f"{variable}_qc", f"{variable}_qc_tests"
    linked = str(ds[variable].attrs.get("ancillary_variables", "")).split()
    linked += [name for name in (flags, tests) if name not in linked]
    long_name = str(ds[variable].attrs.get("long_name", variable))
    return ds.assign(
        {
            variable: ds[variable].assign_attrs(ancillary_variables=" ".join(linked)),
            flags: ds[flags].assign_attrs(flag_attributes(long_name)),
            tests: ds[tests].assign_attrs(tests_attributes(long_name, slots)),
        }
    )


_QARTOD = np.array([2, 1, 1, 3, 4, 2, 2, 2, 2, 9], dtype=np.int8)


def to_qartod(flags: Flags) -> Flags:
    """QARTOD view of quality flags: 1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing."""
    return _QARTOD[flags]
