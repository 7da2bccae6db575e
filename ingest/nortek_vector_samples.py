"""Samples of a Vector taken apart in one pass: they have 24 bytes each, and other records stand between them."""

import numpy as np
from numpy.typing import NDArray

from ingest.checksums import Eights
from ingest.compiled import compiled
from ingest.pieces import Columns
from ingest.text import Places

_BYTE, _WORD = np.uint64(0xFF), np.uint64(0xFFFF)

Parts = tuple[
    NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int16], NDArray[np.uint8]
]


def sample_columns(numbers: Eights, start: Places) -> Columns:
    """Fields of the samples that start at these bytes of a block, all of shape (n, ...).

    Pressure counts millimetres of water column (0.001 dbar); velocity has shape (n, 3), as amplitude and correlation.
    """
    counter, first, second, pressure, velocity, echo = _unpacked(numbers, start)
    return {
        "counter": counter, "analog_1": first, "analog_2": second, "pressure": pressure, "velocity": velocity,
        "amplitude": echo[:, :3], "correlation": echo[:, 3:],
    }  # fmt: skip


@compiled
def _unpacked(numbers: Eights, start: Places) -> Parts:
    """Counter, first and second analog input, pressure, velocity, amplitude with correlation; places as PSI00-0101."""
    count = start.size
    counter, velocity, echo = np.empty(count, np.uint8), np.empty((count, 3), np.int16), np.empty((count, 6), np.uint8)
    first, second, pressure = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.int32)
    for row in range(count):
        at = start[row]
        number = numbers[at]
        second[row] = number >> np.uint64(16) & _BYTE | number >> np.uint64(32) & np.uint64(0xFF00)
        counter[row] = number >> np.uint64(24) & _BYTE
        pressure[row] = number >> np.uint64(16) & np.uint64(0xFF0000) | number >> np.uint64(48)
        number = numbers[at + 8]
        first[row] = number & _WORD
        velocity[row, 0] = np.int16(number >> np.uint64(16) & _WORD)
        velocity[row, 1] = np.int16(number >> np.uint64(32) & _WORD)
        velocity[row, 2] = np.int16(number >> np.uint64(48))
        number = numbers[at + 16]
        for place in range(6):
            echo[row, place] = number & _BYTE
            number >>= np.uint64(8)
    return counter, first, second, pressure, velocity, echo
