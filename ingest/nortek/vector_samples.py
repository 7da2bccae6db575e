"""Samples of a Vector taken apart in one pass: they have 24 bytes each, and other records stand between them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest import pages
from ingest.binary.checksums import Eights
from ingest.binary.pieces import Columns
from ingest.binary.reciprocals import reciprocal
from ingest.binary.runs import Runs
from ingest.binary.velocities import BAD_VELOCITY
from ingest.compiled import compiled
from ingest.text import Places

_BYTE, _WORD = np.uint64(0xFF), np.uint64(0xFFFF)

_BAD = np.float32(np.nan)

_BEHIND = np.iinfo(np.int64).max

_THOUSANDTH, _REST = reciprocal(1000)


class Resolution(NamedTuple):
    """Where the velocities' resolution is stated anew: place in the block, and whether they count 0.1 mm/s from there.

    Shape (n,) each; `before` holds up to the first.
    """

    before: bool
    place: Places
    tenths: NDArray[np.bool_]


class _Parts(NamedTuple):
    """Arrays to be filled, each with a row for every sample."""

    counter: NDArray[np.uint8]
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    pressure: NDArray[np.float64]
    velocity: NDArray[np.float32]
    echo: NDArray[np.uint64]


def sample_columns(numbers: Eights, runs: Runs, resolution: Resolution) -> Columns:
    """Fields of the samples of a block, all of shape (n, ...).

    Pressure is in dbar: the instrument counts millimetres of water column. Velocity has shape (n, 3) and is in m/s, NaN
    where the instrument says bad. Amplitude and correlation have three beams too.
    """
    count = runs.size
    # In two pieces, as the C library gives every piece of more than 32 MiB back at once.
    pressure, velocity = pages.together((count, "<f8"), ((count, 3), "<f4"))
    first, second, echo, counter = pages.together((count, "<i4"), (count, "<i4"), (6 * count + 2, "u1"), (count, "u1"))
    # Six bytes of a sample are stored as eight, of which the next sample overwrites two.
    eights = np.ndarray((count,), "<u8", echo, 0, (6,))
    _unpack(numbers, runs.first, runs.count, resolution, _Parts(counter, first, second, pressure, velocity, eights))
    beams = echo[: 6 * count].reshape(count, 6)
    return {
        "counter": counter, "analog_1": first, "analog_2": second, "pressure": pressure,
        "velocity": velocity, "amplitude": beams[:, :3], "correlation": beams[:, 3:],
    }  # fmt: skip


@compiled
def _unpack(numbers: Eights, starts: Places, counts: Places, resolution: Resolution, parts: _Parts) -> None:
    """Fill counter, analog inputs, pressure, velocity, amplitude with correlation; places as PSI00-0101."""
    counter, first, second, pressure, velocity, echo = parts
    tenths, places, stated = resolution
    row, following = np.uint64(0), 0
    for run in range(starts.size):
        while following < places.size and places[following] < starts[run]:
            tenths = stated[following]
            following += 1
        # The nearest float is that of a division by the steps in a metre: tested for all 65,536.
        step = 0.0001 if tenths else 0.001
        at = np.uint64(starts[run])
        for _ in range(counts[run]):
            number = numbers[at]
            second[row] = number >> np.uint64(16) & _BYTE | number >> np.uint64(32) & np.uint64(0xFF00)
            counter[row] = number >> np.uint64(24) & _BYTE
            millimetres = np.float64(np.int32(number >> np.uint64(16) & np.uint64(0xFF0000) | number >> np.uint64(48)))
            pressure[row] = millimetres * _THOUSANDTH + millimetres * _REST
            number = numbers[at + np.uint64(8)]
            first[row] = number & _WORD
            for axis in range(3):
                number >>= np.uint64(16)
                steps = np.int16(number)
                velocity[row, axis] = _BAD if steps == BAD_VELOCITY else np.float32(np.float64(steps) * step)
            echo[row] = numbers[at + np.uint64(16)]
            row += np.uint64(1)
            at += np.uint64(24)
