"""Fields of Nortek's classic records, each brought together into an array of its own in its unit, in one pass."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest import pages
from ingest.binary.matrices import Place
from ingest.binary.pieces import Columns
from ingest.binary.reciprocals import reciprocal
from ingest.binary.velocities import BAD_VELOCITY
from ingest.compiled import compiled
from ingest.text import Bytes, Places

DIVISORS: Mapping[str, int] = {
    "battery": 10, "sound_speed": 10, "heading": 10, "pitch": 10, "roll": 10, "temperature": 100, "lowest": 1000,
    "highest": 1000, "distance": 1000, "second_distance": 1000,
}  # fmt: skip
"""Of fields of 16 bits, to the vocabulary's units."""

_MILLIMETRES = 1000
_TENTHS_OF_STATUS = 1  # bit of the status byte: velocities count 0.1 mm/s

_ROWS_AT_ONCE = 512  # the records of a turn stay in cache, while field after field is taken out of them
_ALIGNMENT = 64

BYTE, WORD, WIDE, UNSIGNED, SIGNED, PRESSURE, SPEED = range(7)
"""What is done with a part of a record: copied as it is, one byte or two; two bytes made an int32, or divided; pressure
of up to 24 bits divided; velocity divided by what the status says."""


class _Part(NamedTuple):
    """What is done, first byte in a record, and where in a row of the column it goes, in numbers of the column's type.

    `other` is the byte of a record with the high part of pressure, -1 for none, or with the status.
    """

    what: int
    first: int
    target: int = 0
    other: int = -1
    divisor: int = 1


class _Column(NamedTuple):
    """A column's name and type, and what it is made of; `width` numbers a row, counted as the parts count them."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    width: int
    parts: tuple[_Part, ...]


def field_columns(buffer: Bytes, start: Places, places: Mapping[str, Place], *, speed: bool, apart: bool) -> Columns:
    """Fields of records, each of shape (n, *shape), in the units of the vocabulary; single words as int32.

    Parameters
    ----------
    buffer
        The block.
    start : ndarray of int64, shape (n,)
        First bytes of the records.
    places
        Where each field lies in a record. The two parts of pressure become one column of that name, in dbar.
    speed
        Whether velocities are made metres per second, by the status of their record; else they stay as they are.
    apart
        Whether the components of those velocities lie one behind the other: still of shape (n, 3), by columns.
    """
    wanted = [_column(name, place, places, speed) for name, place in places.items() if name != "pressure_high"]
    count, columns, parts, target = start.size, {}, [], 0
    sizes = [count * one.dtype.itemsize * math.prod(one.shape) for one in wanted]
    arena = pages.empty(sum(-(-size // _ALIGNMENT) * _ALIGNMENT for size in sizes), np.uint8)
    for one, size in zip(wanted, sizes, strict=True):
        values = arena[target : target + size].view(one.dtype)
        columned = apart and one.parts[0].what == SPEED
        columns[one.name] = values.reshape(*one.shape, count).T if columned else values.reshape(count, *one.shape)
        first = target // (one.dtype.itemsize * math.prod(one.shape) // one.width)
        step, stride = (count, 1) if columned else (1, one.width)
        parts += [(part, first + part.target * step, stride) for part in one.parts]
        target += -(-size // _ALIGNMENT) * _ALIGNMENT
    if count and parts:
        table = np.array([(*part[:2], first, stride, part.other) for part, first, stride in parts], np.int64)
        factors = np.array([reciprocal(part.divisor) for part, _, _ in parts])
        _fill(buffer, start, table, factors, _views(arena))
    return columns


def _column(name: str, place: Place, places: Mapping[str, Place], speed: bool) -> _Column:
    """How a column is made of a field."""
    if name == "pressure_low":
        high = places["pressure_high"].start if "pressure_high" in places else -1
        part = _Part(PRESSURE, place.start, other=high, divisor=_MILLIMETRES)
        return _Column("pressure", np.dtype("<f8"), (), 1, (part,))
    if name in DIVISORS:
        part = _Part(SIGNED if place.dtype.kind == "i" else UNSIGNED, place.start, divisor=DIVISORS[name])
        return _Column(name, np.dtype("<f8"), (), 1, (part,))
    if name == "velocity" and speed:
        status = places["status"].start
        parts = tuple(_Part(SPEED, place.start + 2 * axis, axis, status) for axis in range(3))
        return _Column(name, np.dtype("<f4"), place.shape, 3, parts)
    if place.dtype == np.uint16 and not place.shape:
        return _Column(name, np.dtype("<i4"), (), 1, (_Part(WIDE, place.start),))
    return _Column(name, place.dtype, place.shape, *_copied(place))


def _copied(place: Place) -> tuple[int, tuple[_Part, ...]]:
    """Copy in parts of two bytes, or of one where that leaves one over."""
    what, size = (BYTE, 1) if place.size % 2 else (WORD, 2)
    return place.size // size, tuple(_Part(what, place.start + size * part, part) for part in range(place.size // size))


class _Views(NamedTuple):
    """One piece of memory as numbers of each type that is written."""

    byte: Bytes
    word: NDArray[np.uint16]
    wide: NDArray[np.int32]
    single: NDArray[np.float32]
    double: NDArray[np.float64]


def _views(arena: Bytes) -> _Views:
    return _Views(arena, arena.view("<u2"), arena.view("<i4"), arena.view("<f4"), arena.view("<f8"))


@compiled
def _fill(buffer: Bytes, start: Places, parts: Places, factors: NDArray[np.float64], out: _Views) -> None:
    """Fill the columns; rows of `parts` are what, first byte, first target, way to the next row's, other byte."""
    for row in range(0, start.size, _ROWS_AT_ONCE):
        records = start[row : row + _ROWS_AT_ONCE]
        for part in range(len(parts)):
            what, first, target, stride, other = parts[part]
            target += row * stride
            if what == BYTE:
                _bytes(buffer, records, first, out.byte, target, stride)
            elif what == WORD:
                _words(buffer, records, first, out.word, target, stride)
            elif what == WIDE:
                _wide(buffer, records, first, out.wide[target : target + records.size])
            elif what == SPEED:
                _speed(buffer, records, parts[part], out.single, target)
            elif what == PRESSURE:
                _pressure(buffer, records, first, other, factors[part], out.double[target : target + records.size])
            else:
                held = out.double[target : target + records.size]
                _divided(buffer, records, first, what == SIGNED, factors[part], held)


@compiled
def _bytes(buffer: Bytes, records: Places, first: int, out: Bytes, target: int, stride: int) -> None:
    # Unsigned places: no look at whether each counts from the end.
    at, step, begin = np.uint64(target), np.uint64(stride), np.uint64(first)
    for row in range(records.size):
        out[at] = buffer[np.uint64(records[row]) + begin]
        at += step


@compiled
def _words(buffer: Bytes, records: Places, first: int, out: NDArray[np.uint16], target: int, stride: int) -> None:
    at, step, begin = np.uint64(target), np.uint64(stride), np.uint64(first)
    for row in range(records.size):
        out[at] = _word(buffer, np.uint64(records[row]) + begin)
        at += step


@compiled
def _word(buffer: Bytes, at: np.uint64) -> np.uint16:
    return np.uint16(buffer[at] | np.uint16(buffer[at + np.uint64(1)]) << 8)


@compiled
def _wide(buffer: Bytes, records: Places, first: int, out: NDArray[np.int32]) -> None:
    for row in range(records.size):
        out[row] = _word(buffer, np.uint64(records[row]) + np.uint64(first))


@compiled
def _divided(
    buffer: Bytes, records: Places, first: int, signed: bool, factors: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    factor, rest = factors
    if signed:
        for row in range(records.size):
            number = np.float64(np.int16(_word(buffer, np.uint64(records[row]) + np.uint64(first))))
            out[row] = number * factor + number * rest
    else:
        for row in range(records.size):
            number = np.float64(_word(buffer, np.uint64(records[row]) + np.uint64(first)))
            out[row] = number * factor + number * rest


@compiled
def _pressure(
    buffer: Bytes, records: Places, low: int, high: int, factors: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    factor, rest = factors
    for row in range(records.size):
        record = np.uint64(records[row])
        above = np.int32(buffer[record + np.uint64(high)]) << 16 if high >= 0 else 0
        number = np.float64(np.int32(above | _word(buffer, record + np.uint64(low))))
        out[row] = number * factor + number * rest


@compiled
def _speed(buffer: Bytes, records: Places, part: Places, out: NDArray[np.float32], target: int) -> None:
    first, status = part[1], part[4]
    # The nearest float is that of a division by the steps in a metre: tested for all 65,536.
    at, step = np.uint64(target), np.uint64(part[3])
    for row in range(records.size):
        record = np.uint64(records[row])
        tenths = buffer[record + np.uint64(status)] >> _TENTHS_OF_STATUS & 1
        steps = np.int16(_word(buffer, record + np.uint64(first)))
        metres = np.float32(np.float64(steps) * (0.0001 if tenths else 0.001))
        out[at] = np.float32(np.nan) if steps == BAD_VELOCITY else metres
        at += step
