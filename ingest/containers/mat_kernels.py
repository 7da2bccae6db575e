"""Compiled search for the texts in the cells of a level-5 MAT file; see `ingest.containers.mat_file`.

Ruskin writes the time of each sample as a cell of its own: 89,000 in corpus DSE18_013874_20180827_1410.mat.
"""

import numpy as np
from numpy.typing import NDArray

from ingest.compiled import compiled
from ingest.textual.text_kernels import byte_at

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

_INT8, _UINT8, _INT32, _UINT32, _MATRIX, _UTF8 = 1, 2, 5, 6, 14, 16
_CHAR, _BLANK = 4, 32
_NONE = (-1, 0, 0, 0)


@compiled
def _word(buffer: Bytes, at: int, big: bool) -> int:
    total = 0
    for place in range(4):
        total = total << 8 | int(byte_at(buffer, at + place if big else at + 3 - place))
    return total


@compiled
def _element(buffer: Bytes, at: int, end: int, big: bool) -> tuple[int, int, int, int]:
    """Type, start and stop of the data, start of the next element; type -1 where it does not fit."""
    if at + 8 > end:
        return _NONE
    kind = _word(buffer, at, big)
    if kind >> 16:
        size = kind >> 16
        return (kind & 0xFFFF, at + 4, at + 4 + size, at + 8) if size <= 4 else _NONE
    size = _word(buffer, at + 4, big)
    stop = at + 8 + size
    return (kind, at + 8, stop, min(stop + -size % 8, end)) if stop <= end else _NONE


@compiled
def _text(buffer: Bytes, at: int, end: int, big: bool) -> tuple[int, int]:
    """Start and stop of the text of an array that is one row of ASCII; -1 where it is none."""
    about, flags, flags_stop, following = _element(buffer, at, end, big)
    shape, lengths, lengths_stop, following = _element(buffer, following, end, big)
    if about != _UINT32 or flags_stop - flags != 8 or shape not in (_INT32, _UINT32) or lengths_stop - lengths != 8:
        return -1, -1
    columns = _word(buffer, lengths + 4, big)
    if _word(buffer, flags, big) & 0xFF != _CHAR or _word(buffer, lengths, big) != 1:
        return -1, -1
    name, _, _, following = _element(buffer, following, end, big)
    kind, start, stop, _ = _element(buffer, following, end, big)
    if name < 0 or kind not in (_INT8, _UINT8, _UTF8) or stop - start != columns:
        return -1, -1
    for place in range(start, stop):
        if byte_at(buffer, place) >= 128:
            return -1, -1
    while stop > start and byte_at(buffer, stop - 1) <= _BLANK:
        stop -= 1
    return start, stop


@compiled
def find_texts(buffer: Bytes, at: int, end: int, count: int, big: bool) -> tuple[Places, Places, int]:
    """Find the texts of cells that follow each other.

    Parameters
    ----------
    buffer : ndarray of uint8
        Elements of a MAT file.
    at, end
        Where the first cell starts, and what none may reach beyond.
    count
        Of cells.
    big
        Whether the most significant byte comes first.

    Returns
    -------
    start, stop : ndarray of int64, shape (count,)
        Of each text, without blanks at its end.
    found
        How many there are before the first cell that is anything but one row of ASCII.
    """
    start, stop = np.zeros(count, np.int64), np.zeros(count, np.int64)
    for number in range(count):
        kind, inside, last, following = _element(buffer, at, end, big)
        if kind != _MATRIX:
            return start, stop, number
        start[number], stop[number] = _text(buffer, inside, last, big)
        if start[number] < 0:
            return start, stop, number
        at = following
    return start, stop, count
