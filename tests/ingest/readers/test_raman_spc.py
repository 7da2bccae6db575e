"""SPC spectra of floats that may be any bits."""

import struct

import numpy as np
import pytest

SIGNALLING, INFINITE = 0x7FA00000, 0x7F800000


def spectrum(y: list[int], *, x: list[int] | tuple[()] = ()) -> bytes:
    """One spectrum of floats, given as their bits, in the new format; x evenly spaced where none is given."""
    flags = 0x80 if x else 0
    head = struct.pack("<BBBbIddIBBBBI", flags, 0x4B, 0, -128, len(y), 100.0, 103.0, 1, 13, 0, 0, 0, 0)
    part = struct.pack("<BbHfffIIf4x", 0, -128, 0, 0.0, 0.0, 0.0, 0, 0, 0.0)
    bits = [np.array(one, "<u4").tobytes() for one in (x, y)]
    return head.ljust(512, b"\0") + bits[0] + part + bits[1]


def bits(*values: float) -> list[int]:
    return np.array(values, np.float32).view(np.uint32).tolist()


@pytest.mark.parametrize("bad", [SIGNALLING, INFINITE])
def test_floats_that_are_no_numbers_are_nan(bad, decode_bytes):
    samples = decode_bytes(spectrum([*bits(1.5, 2.5, 3.5), bad]), "made.spc").streams["spectra"]
    assert np.array_equal(samples["spectral_intensity"].values, [[1.5, 2.5, 3.5, np.nan]], equal_nan=True)
    assert samples["raman_shift"].values.tolist() == [100.0, 101.0, 102.0, 103.0]


@pytest.mark.parametrize("bad", [SIGNALLING, INFINITE])
def test_an_axis_may_hold_no_numbers_either(bad, decode_bytes):
    content = spectrum(bits(1, 2, 3, 4), x=[*bits(100, 101, 102), bad])
    samples = decode_bytes(content, "made.spc").streams["spectra"]
    assert np.array_equal(samples["raman_shift"].values, [100, 101, 102, np.nan], equal_nan=True)
