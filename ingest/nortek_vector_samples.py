"""Samples of a Vector taken apart in one pass: they have 24 bytes each, and other records stand between them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.checksums import Eights
from ingest.compiled import compiled
from ingest.pieces import Columns
from ingest.text import Places
from ingest.velocities import BAD_VELOCITY

_BYTE, _WORD = np.uint64(0xFF), np.uint64(0xFFFF)

_BAD = np.float32(np.nan)

class _Parts(NamedTuple):
    """Arrays to be filled, each with a row for every sample."""

    counter: NDArray[np.uint8]
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    pressure: NDArray[np.float64]
    velocity: NDArray[np.float32]
    echo: NDArray[np.uint16]


def sample_columns(numbers: Eights, start: Places, tenths: NDArray[np.bool_]) -> Columns:
    """Fields of the samples that start at these bytes of a block, all of shape (n, ...).

    Pressure is in dbar: the instrument counts millimetres of water column. Velocity has shape (n, 3) and is in m/s, NaN
    where the instrument says bad; `tenths` tells of each sample whether it counts 0.1 mm/s. Amplitude and correlation
    have three beams too.
    """
    # NumPy asks for large pages, a compiled function does not: their first touch cost more than what is done here.
    analog, count = np.empty((2, start.size), np.int32), start.size
    parts = _Parts(
        np.empty(count, np.uint8), analog[0], analog[1], np.empty(count), np.empty((count, 3), np.float32),
        np.empty((count, 3), np.uint16),
    )  # fmt: skip
    _unpack(numbers, start, tenths, parts)
    echo = parts.echo.view(np.uint8)
    return {
        "counter": parts.counter, "analog_1": parts.first, "analog_2": parts.second, "pressure": parts.pressure,
        "velocity": parts.velocity, "amplitude": echo[:, :3], "correlation": echo[:, 3:],
    }  # fmt: skip


@compiled
def _unpack(numbers: Eights, start: Places, tenths: NDArray[np.bool_], parts: _Parts) -> None:
    """Fill counter, analog inputs, pressure, velocity, amplitude with correlation; places as PSI00-0101."""
    counter, first, second, pressure, velocity, echo = parts
    for row in range(start.size):
        at = np.uint64(start[row])
        number = numbers[at]
        second[row] = number >> np.uint64(16) & _BYTE | number >> np.uint64(32) & np.uint64(0xFF00)
        counter[row] = number >> np.uint64(24) & _BYTE
        millimetres = number >> np.uint64(16) & np.uint64(0xFF0000) | number >> np.uint64(48)
        pressure[row] = np.divide(np.float64(np.int64(millimetres)), 1000.0)
        number = numbers[at + np.uint64(8)]
        first[row] = number & _WORD
        steps = 10_000.0 if tenths[row] else 1000.0
        velocity[row, 0] = _metres(number >> np.uint64(16), steps)
        velocity[row, 1] = _metres(number >> np.uint64(32), steps)
        velocity[row, 2] = _metres(number >> np.uint64(48), steps)
        number = numbers[at + np.uint64(16)]
        for place in range(3):
            echo[row, place] = number & _WORD
            number >>= np.uint64(16)


@compiled
def _metres(number: int, steps: float) -> np.float32:
    count = np.int16(number)
    return _BAD if count == BAD_VELOCITY else np.float32(np.divide(np.float32(count), np.float32(steps)))
