"""Records of one length as the rows of a matrix of bytes: which of them are alike, and their fields as views."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest import pages
from ingest.binary.checksums import Eights, eights
from ingest.binary.prefetch import AHEAD, ask
from ingest.compiled import compiled
from ingest.text import Bytes, Places


class Place(NamedTuple):
    """Where one field lies in a record: first byte, type and shape of its values."""

    start: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes of its values."""
        return self.dtype.itemsize * math.prod(self.shape)

    @property
    def stop(self) -> int:
        """The byte after its last."""
        return self.start + self.size


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
    matrix = pages.empty((count, length), np.uint8)
    _gather(buffer, start, matrix)
    return matrix


@compiled
def _gather(buffer: Bytes, start: Places, matrix: Bytes) -> None:
    for row in range(matrix.shape[0]):
        held = buffer[start[row] : start[row] + matrix.shape[1]]
        for place in range(matrix.shape[1]):
            matrix[row, place] = held[place]


def packed(matrix: Bytes) -> Bytes:
    """Copy rows of at least one byte, each behind the other."""
    copied: Bytes = pages.empty(matrix.shape, np.uint8)
    whole = f"V{matrix.shape[1]}"  # rows as items of one odd type: three times as fast as bytes
    copied.view(whole)[...] = matrix.view(whole)
    return copied


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


def alike_at(matrix: Bytes, counted: Bytes) -> Iterator[Places]:
    """Row numbers by equal content of the bits that count.

    Rows are mostly all alike: that is found without a copy of them.

    Parameters
    ----------
    matrix : ndarray of uint8, shape (n, length), length at least eight
        Records.
    counted : ndarray of uint8, shape (length,)
        The bits that count in each byte of a row.
    """
    span, stride = bytes_of(matrix, matrix.shape[1])
    if agree(eights(span), np.arange(len(matrix)) * stride, counted):
        yield np.arange(len(matrix))
    else:
        places = np.flatnonzero(counted)
        yield from alike(matrix[:, places] & counted[places])


def take(matrix: Bytes, chosen: Places) -> Bytes:
    """Some rows of a matrix, ascending; the matrix itself where these are all."""
    return matrix if len(chosen) == len(matrix) else matrix[chosen]


def agree(block: Eights, start: Places, counted: Bytes) -> bool:
    """Whether records are like the first of them in the bits that count, without a matrix of them.

    Parameters
    ----------
    block
        The bytes in which they lie.
    start : ndarray of int64, shape (n,)
        Their first bytes.
    counted : ndarray of uint8, shape (length,), at least eight
        The bits that count in each byte of a record; none behind `length` bytes.
    """
    masks = eights(counted.tobytes())
    at = np.minimum(np.arange(0, counted.size, 8), counted.size - 8)
    at = at[masks[at] != 0]
    return _agree(block, start, at, masks[at])


@compiled
def _agree(block: Eights, start: Places, at: Places, masks: Eights) -> bool:
    first = np.empty(at.size, np.uint64)
    for place in range(at.size):
        first[place] = block[start[0] + at[place]] & masks[place]
    for row in range(1, start.size):
        if row + AHEAD < start.size:
            for place in range(at.size):
                ask(block, start[row + AHEAD] + at[place])
        differing = _NOTHING
        for place in range(at.size):
            differing |= (block[start[row] + at[place]] & masks[place]) ^ first[place]
        if differing:
            return False
    return True


_NOTHING = np.uint64(0)


def column(matrix: Bytes, place: Place) -> NDArray[Any]:
    """View one field of every row, shape (n, *shape)."""
    values = matrix[:, place.start : place.stop].view(place.dtype)
    return values.reshape(len(matrix), *place.shape)


_APART = 64
"""Bytes between fields beyond which they are not copied together."""


def small_fields(buffer: Bytes, start: Places, places: Mapping[str, Place]) -> dict[str, NDArray[Any]]:
    """Small fields of records that start at these bytes, each of shape (n, *shape).

    Neighbours are copied side by side first: taken one by one from records of some hundred bytes, each field costs a
    line of memory a record, and twenty of them took a third of the decoding of PD0 with bottom track.
    """
    found: dict[str, NDArray[Any]] = {}
    together: dict[str, Place] = {}
    stop = 0
    for name, place in sorted(places.items(), key=lambda item: item[1].start):
        if together and place.start > stop + _APART:
            found |= _side_by_side(buffer, start, together, stop)
            together = {}
        together[name] = place
        stop = max(stop, place.stop)
    return found | _side_by_side(buffer, start, together, stop) if together else found


def _side_by_side(buffer: Bytes, start: Places, places: Mapping[str, Place], stop: int) -> dict[str, NDArray[Any]]:
    first = min(place.start for place in places.values())
    matrix = packed(rows(buffer, start + first, stop - first))
    return {name: column(matrix, place._replace(start=place.start - first)) for name, place in places.items()}


def bytes_of(raw: NDArray[Any], width: int) -> tuple[Bytes, int]:
    """Bytes from the first record's values to the last's, of `width` bytes each, and from each to the next."""
    if not raw[:1].flags.c_contiguous or raw.strides[0] < width:
        raw = np.ascontiguousarray(raw)
    extent = raw.strides[0] * (len(raw) - 1) + width
    first = raw[:1].reshape(-1).view(np.uint8)
    return np.lib.stride_tricks.as_strided(first, (extent,), (1,), writeable=False), raw.strides[0]
