"""Records of one length as the rows of a matrix of bytes: which of them are alike, and their fields as views."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.compiled import compiled
from ingest.text import Bytes, Places


class Place(NamedTuple):
    """Where one field lies in a record: first byte, type and shape of its values."""

    start: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


def fields(**places: tuple[str, int]) -> np.dtype[Any]:
    """Name fields by format and first byte; the bytes between them are not used."""
    formats, offsets = zip(*places.values(), strict=True)
    return np.dtype({"names": list(places), "formats": list(formats), "offsets": list(offsets)})


def rows(buffer: Bytes, start: Places, length: int) -> Bytes:
    """Stretches of equal length as the rows of a matrix: a view where they are evenly spaced, else a copy.

    Rows are contiguous in themselves, so that fields are views of them: `matrix[:, 4:8].view("<i2")`.
    """
    count = start.size
    if not count:
        return np.empty((0, length), np.uint8)
    first, stride = int(start[0]), int(start[1] - start[0]) if count > 1 else length
    if int(start[-1]) - first == (count - 1) * stride and (count < 3 or bool((np.diff(start) == stride).all())):
        return np.ndarray((count, length), np.uint8, buffer, first, (stride, 1))
    # Whole rows as items of one odd type: three times as fast as rows of bytes.
    anywhere: NDArray[np.void] = np.ndarray((buffer.size - length + 1,), f"V{length}", buffer, 0, (1,))
    return anywhere[start].view(np.uint8).reshape(count, length)


@compiled
def _all_alike(matrix: Bytes) -> bool:
    """Whether every row is the first one: without an array of the comparison, which took a tenth of a decoding."""
    for row in range(1, matrix.shape[0]):
        for place in range(matrix.shape[1]):
            if matrix[row, place] != matrix[0, place]:
                return False
    return True


def alike(matrix: Bytes) -> Iterator[Places]:
    """Row numbers by equal content, ascending in each array."""
    if _all_alike(matrix):
        yield np.arange(len(matrix))
        return
    _, inverse = np.unique(matrix, axis=0, return_inverse=True)
    kinds = inverse.reshape(-1)
    for kind in range(int(kinds.max()) + 1):
        yield np.flatnonzero(kinds == kind)


def alike_at(matrix: Bytes, places: NDArray[np.intp], mask: Bytes) -> Iterator[Places]:
    """Row numbers by equal content of some bytes, `places`, of which `mask` tells the bits that count.

    Rows are mostly all alike: that is found without a copy of them.
    """
    span, stride = bytes_of(matrix, matrix.shape[1])
    if _same(span, stride, len(matrix), places, mask):
        yield np.arange(len(matrix))
    else:
        yield from alike(matrix[:, places] & mask)


@compiled
def _same(span: Bytes, stride: int, count: int, places: NDArray[np.intp], mask: Bytes) -> bool:
    # Unsigned places: no look at whether each counts from the end, which took eight times as long.
    many = np.uint64(places.size)
    for row in range(1, count):
        start, difference = np.uint64(row * stride), np.uint8(0)
        for number in range(many):
            place = np.uint64(places[np.uint64(number)])
            difference |= (span[place] ^ span[start + place]) & mask[np.uint64(number)]
        if difference:
            return False
    return True


def take(matrix: Bytes, chosen: Places) -> Bytes:
    """Some rows of a matrix, ascending; the matrix itself where these are all."""
    return matrix if len(chosen) == len(matrix) else matrix[chosen]


def column(matrix: Bytes, place: Place) -> NDArray[Any]:
    """View one field of every row, shape (n, *shape)."""
    stop = place.start + place.dtype.itemsize * math.prod(place.shape)
    return matrix[:, place.start : stop].view(place.dtype).reshape(len(matrix), *place.shape)


def bytes_of(raw: NDArray[Any], width: int) -> tuple[Bytes, int]:
    """Bytes from the first record's values to the last's, of `width` bytes each, and from each to the next."""
    if not raw[:1].flags.c_contiguous or raw.strides[0] < width:
        raw = np.ascontiguousarray(raw)
    extent = raw.strides[0] * (len(raw) - 1) + width
    first = raw[:1].reshape(-1).view(np.uint8)
    return np.lib.stride_tricks.as_strided(first, (extent,), (1,), writeable=False), raw.strides[0]
