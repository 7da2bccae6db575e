"""Words and checksums of binary records, compiled; sums are taken eight bytes at a time, wherever they begin."""

import numpy as np
from numpy.typing import NDArray

from ingest.compiled import compiled
from ingest.text import Block, Bytes

Eights = NDArray[np.uint64]
"""The eight bytes from each byte of a block on, as one number: shape (size - 7,), a view that lies over itself."""

_WORDS, _BYTES = np.uint64(0x0000_FFFF_0000_FFFF), np.uint64(0x00FF_00FF_00FF_00FF)
_EIGHT, _WORD, _HALF = np.uint64(8), np.uint64(16), np.uint64(32)
_LOW = np.uint64(0xFFFF)
_NOTHING = np.uint64(0)
_BYTES_AT_ONCE = np.uint64(1000)  # 126 sums of two bytes stay below 65536
_WORDS_AT_ONCE = np.uint64(1 << 17)  # bytes: so many sums of two words stay below 2**32


def eights(block: Block | Bytes) -> Eights:
    """View a block of any length as `Eights`."""
    if len(block) < 8:
        return np.empty(0, np.uint64)
    return np.ndarray((len(block) - 7,), "<u8", block, 0, (1,))


@compiled
def word(buffer: Bytes, at: int) -> int:
    """Read the 16-bit word, low byte first, that starts at byte `at`."""
    found: int = 256 * buffer[at + 1] + buffer[at]
    return found


@compiled
def word_sum(numbers: Eights, first: int, stop: int) -> int:
    """Sum the 16-bit words from byte `first` to before `stop`, modulo 65536.

    At least eight bytes stand before `stop`.
    """
    # Unsigned places: no look at whether each counts from the end, which would take half the time.
    total, place, end = _NOTHING, np.uint64(first), np.uint64(stop)
    while place + _EIGHT <= end:
        halves, most = _NOTHING, min(end - _EIGHT, place + _WORDS_AT_ONCE)
        while place <= most:
            number = numbers[place]
            halves += (number & _WORDS) + ((number >> _WORD) & _WORDS)
            place += _EIGHT
        total += (halves & _LOW) + (halves >> _HALF)
    if place < end:
        number = numbers[end - _EIGHT] >> (_EIGHT * (_EIGHT - (end - place)))
        halves = (number & _WORDS) + ((number >> _WORD) & _WORDS)
        total += (halves & _LOW) + (halves >> _HALF)
    return int(np.int64(total & _LOW))


@compiled
def byte_sum(numbers: Eights, first: int, stop: int) -> int:
    """Sum the bytes from `first` to before `stop`, modulo 65536. At least eight bytes stand before `stop`."""
    total, place, end = _NOTHING, np.uint64(first), np.uint64(stop)
    while place + _EIGHT <= end:
        sums, most = _NOTHING, min(end - _EIGHT, place + _BYTES_AT_ONCE)
        while place <= most:
            number = numbers[place]
            sums += (number & _BYTES) + ((number >> _EIGHT) & _BYTES)
            place += _EIGHT
        halves = (sums & _WORDS) + ((sums >> _WORD) & _WORDS)
        total += (halves & _LOW) + (halves >> _HALF)
    if place < end:
        number = numbers[end - _EIGHT] >> (_EIGHT * (_EIGHT - (end - place)))
        sums = (number & _BYTES) + ((number >> _EIGHT) & _BYTES)
        halves = (sums & _WORDS) + ((sums >> _WORD) & _WORDS)
        total += (halves & _LOW) + (halves >> _HALF)
    return int(np.int64(total & _LOW))
