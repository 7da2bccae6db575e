"""Compiled search for texts that differ in digits only; see `ingest.text_kernels` for what it takes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.compiled import compiled
from ingest.text_kernels import byte_at

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

_ZERO, _NINE = 48, 57
_HASH_START, _HASH_STEP = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)  # FNV-1a


@compiled
def plain(character: Any) -> Any:
    """Character with every digit taken for 0."""
    return np.uint8(_ZERO) if _ZERO <= character <= _NINE else character


@compiled
def hash_text(buffer: Bytes, start: int, stop: int) -> Any:
    """Hash of a stretch that does not tell digits apart."""
    # Two chains side by side: each multiplication waits for the one before it.
    even, odd = _HASH_START, _HASH_STEP
    for place in range(start, stop - 1, 2):
        even = (even ^ np.uint64(plain(byte_at(buffer, place)))) * _HASH_STEP
        odd = (odd ^ np.uint64(plain(byte_at(buffer, place + 1)))) * _HASH_STEP
    if (stop - start) % 2:
        even = (even ^ np.uint64(plain(byte_at(buffer, stop - 1)))) * _HASH_STEP
    total = even ^ (odd << np.uint64(1))
    return total ^ (total >> np.uint64(32))


@compiled
def is_alike(buffer: Bytes, first: int, second: int, width: int) -> bool:
    """Whether two stretches differ in digits only."""
    different = np.uint8(0)
    for place in range(width):
        different |= plain(byte_at(buffer, first + place)) ^ plain(byte_at(buffer, second + place))
    return bool(different == 0)


@compiled
def first_alike(buffer: Bytes, start: Places, stop: Places, most: int) -> Places:
    """Number of the first stretch that differs from each in digits only; at most so many are remembered at a time."""
    first = np.empty(start.size, np.int64)
    slots = np.full(4 * most, -1, np.int64)
    used = 0
    for row in range(start.size):
        width = stop[row] - start[row]
        begin = np.int64(hash_text(buffer, start[row], stop[row]) & np.uint64(4 * most - 1))
        slot = begin
        while slots[slot] >= 0:
            other = slots[slot]
            if stop[other] - start[other] == width and is_alike(buffer, start[other], start[row], width):
                break
            slot = (slot + 1) % (4 * most)
        if slots[slot] < 0:
            if used == most:
                slots[:] = -1
                used, slot = 0, begin
            slots[slot] = row
            used += 1
        first[row] = slots[slot]
    return first
