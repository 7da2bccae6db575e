"""Fields of records that stand anywhere in a block, each brought together into an array of its own, in one pass."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ingest.binary.matrices import Place
from ingest.binary.pieces import Columns
from ingest.binary.prefetch import ask_for
from ingest.compiled import compiled
from ingest.text import Bytes, Places

_ALIGNMENT = 64
_APART = 128  # bytes from one record to the next from which on the processor does not see what comes
_ROWS_AT_ONCE = 512  # the records of a turn stay in cache, while field after field is taken out of them


def gathered(buffer: Bytes, start: Places, places: Mapping[str, Place]) -> Columns:
    """Copy fields of records, each of shape (n, *shape).

    What is reckoned from them afterwards goes through them one behind the other: for records of 42 bytes four times as
    fast as through views into the records.

    Parameters
    ----------
    buffer
        The block.
    start : ndarray of int64, shape (n,)
        First bytes of the records.
    places
        Where each field lies in a record.
    """
    columns: Columns = {}
    parts, target = [], 0
    for place in places.values():
        width = place.dtype.itemsize * math.prod(place.shape)
        part = 2 - width % 2
        parts += [(place.start + byte, part, target + byte, width) for byte in range(0, width, part)]
        target += -(-width * start.size // _ALIGNMENT) * _ALIGNMENT
    arena = np.empty(target, np.uint8)
    if start.size:
        _gather(buffer, start, np.array(parts, np.int64).reshape(-1, 4), arena, arena.view(np.uint16))
    target = 0
    for name, place in places.items():
        size = place.dtype.itemsize * math.prod(place.shape) * start.size
        columns[name] = arena[target : target + size].view(place.dtype).reshape(start.size, *place.shape)
        target += -(-size // _ALIGNMENT) * _ALIGNMENT
    return columns


@compiled
def _gather(buffer: Bytes, start: Places, parts: Places, single: Bytes, double: NDArray[np.uint16]) -> None:
    """Copy parts of records, of one byte or two, to places in one array, which is given as bytes and as words.

    Rows of `parts`: first byte in a record, bytes, first byte in the array, bytes from there to the next record's.
    """
    begin, end = parts[:, 0].min(), (parts[:, 0] + parts[:, 1]).max()
    for row in range(0, start.size, _ROWS_AT_ONCE):
        records = start[row : row + _ROWS_AT_ONCE]
        if records[-1] - records[0] > _APART * records.size:
            for record in records:
                ask_for(buffer, record + begin, record + end)
        for part in range(len(parts)):
            first, size, stride = parts[part, 0], parts[part, 1], parts[part, 3]
            target = parts[part, 2] + row * stride
            if size == 1:
                _bytes(buffer, records, first, single, target, stride)
            else:
                _words(buffer, records, first, double, target >> 1, stride >> 1)


@compiled
def _bytes(buffer: Bytes, records: Places, first: int, out: Bytes, target: int, stride: int) -> None:
    # Unsigned places: no look at whether each counts from the end.
    at, step, begin = np.uint64(target), np.uint64(stride), np.uint64(first)
    for row in range(records.size):
        out[at] = buffer[np.uint64(records[row]) + begin]
        at += step


@compiled
def _words(buffer: Bytes, records: Places, first: int, out: NDArray[np.uint16], target: int, stride: int) -> None:
    at, step, low, high = np.uint64(target), np.uint64(stride), np.uint64(first), np.uint64(first + 1)
    for row in range(records.size):
        record = np.uint64(records[row])
        out[at] = buffer[record + low] | np.uint16(buffer[record + high]) << 8
        at += step
