"""Level-5 MAT files, as far as exports of instrument software need them: numbers, text, cells and single structs.

Made for files that may be damaged in any way, on some of which SciPy 1.17 ends the process: every length is held
against the bytes that are there before anything is taken or kept, and nothing follows one array into those inside it by
itself, so that no nesting is too deep.

References
----------
MathWorks, MAT-File Format (R2023a): "Level 5 MAT-File Format"; tables 1-1 (data types) and 1-3 (classes of arrays).
"""

import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.errors import DecodeError
from ingest.text import Bytes, Places

HEADER_BYTES = 128
_ORDER = slice(126, 128)
Order = Literal["<", ">"]
_ORDERS: Mapping[bytes, Order] = {b"IM": "<", b"MI": ">"}
_INT8, _UINT8, _UINT16, _INT32, _UINT32, _MATRIX, _COMPRESSED, _UTF8, _UTF16, _UTF32 = 1, 2, 4, 5, 6, 14, 15, 16, 17, 18
_SHAPES = (_INT32, _UINT32)
_CELL, _STRUCT, _CHAR = 1, 2, 4
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_NUMBERS = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
_NAMES = {_CELL: "cells", _STRUCT: "a struct", 3: "an object", _CHAR: "text", 5: "a sparse matrix"}
_LOGICAL, _COMPLEX = 0x0200, 0x0800
_MOST_DIMENSIONS = 32
_SMALL_DATA = 4  # bytes of a small element, whose size shares four bytes with its type

MOST_BYTES = 2**31
"""That a variable may unpack to: MATLAB keeps no larger ones in files of this level."""

MOST_RATIO = 500
_TAG_PACKED = 4096  # that the tag is among, behind the tables that it is packed with
_ANY_RATIO = 64 * 1024**2  # a ratio says nothing about less than this


class Held(NamedTuple):
    """Bytes of elements: those of the file, or what one compressed element of it unpacks to.

    `packed_at` is where that element starts in the file, -1 for the file itself.
    """

    content: bytes
    order: Order
    packed_at: int = -1

    def error(self, what: str, at: int) -> DecodeError:
        """Say what is wrong at a place of these bytes."""
        if self.packed_at < 0:
            return DecodeError(what, offset=at)
        return DecodeError(f"{what}, at byte {at} of what is packed here", offset=self.packed_at)


class Element(NamedTuple):
    """Type of an element, where its tag and its data start, where they end, and where the next element starts."""

    kind: int
    at: int
    start: int
    stop: int
    next: int


@dataclass(frozen=True)
class Matrix:
    """An array as it lies in the file: its class, flags, shape and name are known, its content is not read yet.

    `content` is where the elements after the name start, `stop` where they end.
    """

    held: Held
    at: int
    kind: int
    flags: int
    shape: tuple[int, ...]
    name: str
    content: int
    stop: int

    @property
    def size(self) -> int:
        """How many elements the array has."""
        return math.prod(self.shape)

    @property
    def holds_numbers(self) -> bool:
        """Whether `numbers` is for it."""
        return self.kind in _NUMBERS

    @property
    def holds_text(self) -> bool:
        """Whether `rows` is for it."""
        return self.kind == _CHAR

    @property
    def holds_cells(self) -> bool:
        """Whether `cells` is for it."""
        return self.kind == _CELL

    def error(self, what: str) -> DecodeError:
        """Say what is wrong with this array."""
        return self.held.error(what, self.at)


def first_variable(content: bytes) -> tuple[Matrix, int]:
    """Find the first variable of a file, unpacked where it is compressed, and where the bytes of it end.

    Parameters
    ----------
    content
        All of the file.

    Raises
    ------
    DecodeError
        There is none, or it is damaged.
    """
    order = _ORDERS.get(content[_ORDER])
    if order is None:
        raise DecodeError(f"the order of bytes is marked {content[_ORDER]!r}, IM or MI was expected", offset=126)
    held = Held(content, order)
    element = _element(held, HEADER_BYTES, len(content))
    if element.kind != _COMPRESSED:
        return _matrix(held, element), element.next
    unpacked = Held(_unpack(held, element), order, element.at)
    # A compressed element is the only one that is not padded to eight bytes.
    return _matrix(unpacked, _element(unpacked, 0, len(unpacked.content))), element.stop


def _element(held: Held, at: int, end: int) -> Element:
    """Element whose tag starts at a place; all of it lies before `end`."""
    if at + 8 > end:
        raise held.error(f"an element needs 8 bytes, {max(end - at, 0)} are left", at)
    first, size = struct.unpack_from(held.order + "II", held.content, at)
    if first >> 16:
        kind, size = first & 0xFFFF, first >> 16
        if size > _SMALL_DATA:
            raise held.error(f"a small element of {size} bytes, at most {_SMALL_DATA} fit", at)
        return Element(kind, at, at + 4, at + 4 + size, at + 8)
    stop = at + 8 + size
    if stop > end:
        raise held.error(f"an element of {size} bytes, {end - at - 8} are left", at)
    return Element(first, at, at + 8, stop, min(stop + -size % 8, end))


def _unpack(held: Held, element: Element) -> bytes:
    """What a compressed element holds: exactly one array, whose tag says how long it is."""
    inflater = zlib.decompressobj()
    packed = memoryview(held.content)[element.start : element.stop]
    try:
        tag = zlib.decompressobj().decompress(packed[:_TAG_PACKED], 8)
        if len(tag) < 8:
            raise held.error("a compressed element holds no array", element.at)
        size = struct.unpack(held.order + "II", tag)[1]
        if size > MOST_BYTES or size > max(_ANY_RATIO, MOST_RATIO * len(packed)):
            raise held.error(f"{len(packed)} bytes unpack to {size}, more than measurements would", element.at)
        content = inflater.decompress(packed, 8 + size)
        more = b"" if inflater.eof else inflater.decompress(inflater.unconsumed_tail, 1)
    except zlib.error as error:
        raise held.error(f"a compressed element is damaged ({error})", element.at) from error
    if len(content) < 8 + size or more or not inflater.eof:
        found = "more than" if more else f"{len(content)} of"
        raise held.error(f"a compressed element holds {found} {8 + size} bytes, or is cut", element.at)
    return content


def _matrix(held: Held, element: Element) -> Matrix:
    """Read what stands before the content of an array: class and flags, shape, name."""
    if element.kind != _MATRIX:
        raise held.error(f"an element of type {element.kind}, an array was expected", element.at)
    if element.start == element.stop:  # how an empty array inside another may be written
        return Matrix(held, element.at, 6, 0, (0, 0), "", element.stop, element.stop)
    about = _element(held, element.start, element.stop)
    shape = _element(held, about.next, element.stop)
    name = _element(held, shape.next, element.stop)
    rank, rest = divmod(shape.stop - shape.start, 4)
    # Ruskin writes shapes as numbers without sign (corpus DSE18_013874_20180827_1410.mat).
    if (about.kind, about.stop - about.start, rest) != (_UINT32, 8, 0) or shape.kind not in _SHAPES or rank < 2:
        raise held.error("an array without class and shape", element.at)
    lengths = struct.unpack_from(f"{held.order}{rank}i", held.content, shape.start)
    if min(lengths) < 0 or rank > _MOST_DIMENSIONS or math.prod(max(one, 1) for one in lengths) > MOST_BYTES:
        raise held.error(f"an array of shape {lengths}", element.at)
    flags = struct.unpack_from(held.order + "I", held.content, about.start)[0]
    label = held.content[name.start : name.stop].decode("latin-1").rstrip("\0")
    return Matrix(held, element.at, flags & 0xFF, flags, lengths, label, name.next, element.stop)


def _expect(matrix: Matrix, kind: int) -> None:
    if matrix.kind != kind:
        raise matrix.error(f"{_called(matrix.kind)} was found, {_called(kind)} expected")


def _called(kind: int) -> str:
    return "numbers" if kind in _NUMBERS else _NAMES.get(kind, f"an array of class {kind}")


def fields(matrix: Matrix) -> dict[str, Matrix]:
    """Fields of a single struct, by name.

    Raises
    ------
    DecodeError
        It is no struct, an array of several, or damaged.
    """
    _expect(matrix, _STRUCT)
    if matrix.size != 1:
        raise matrix.error(f"an array of {matrix.size} structs, one was expected")
    held = matrix.held
    width = _element(held, matrix.content, matrix.stop)
    listed = _element(held, width.next, matrix.stop)
    letters = int.from_bytes(held.content[width.start : width.stop], "little" if held.order == "<" else "big")
    if letters <= 0 or (listed.stop - listed.start) % letters:
        raise matrix.error(f"names of {letters} letters in {listed.stop - listed.start} bytes")
    starts = range(listed.start, listed.stop, letters)
    names = [held.content[one : one + letters].partition(b"\0")[0].decode("latin-1") for one in starts]
    return dict(zip(names, _matrices(matrix, listed.next, len(names)), strict=True))


def cells(matrix: Matrix) -> list[Matrix]:
    """Arrays of an array of cells, column by column.

    Raises
    ------
    DecodeError
        It is none, or damaged.
    """
    _expect(matrix, _CELL)
    return _matrices(matrix, matrix.content, matrix.size)


def _matrices(matrix: Matrix, at: int, count: int) -> list[Matrix]:
    if count * 8 > matrix.stop - at:
        raise matrix.error(f"{count} arrays in {matrix.stop - at} bytes")
    found = []
    for _ in range(count):
        element = _element(matrix.held, at, matrix.stop)
        found.append(_matrix(matrix.held, element))
        at = element.next
    return found


def numbers(matrix: Matrix) -> NDArray[Any]:
    """Numbers of an array in its class and shape; those of a logical one as bool.

    Raises
    ------
    DecodeError
        It holds something else, complex numbers, or is damaged.
    """
    if matrix.kind not in _NUMBERS:
        raise matrix.error(f"{_called(matrix.kind)} was found, numbers expected")
    if matrix.flags & _COMPLEX:
        raise matrix.error("complex numbers were found, real ones expected")
    dtype = np.dtype(bool if matrix.flags & _LOGICAL else _NUMBERS[matrix.kind])
    if not matrix.size:
        return np.zeros(matrix.shape, dtype)
    data = _element(matrix.held, matrix.content, matrix.stop)
    # Numbers of a class are stored in the smallest type that holds them all: 1.0, 2.0 of class double as bytes.
    stored = np.dtype(_STORED.get(data.kind, "V1")).newbyteorder(matrix.held.order)
    if stored.kind == "V" or not (dtype.kind == "b" or np.can_cast(stored, dtype, "safe")):
        raise matrix.held.error(f"numbers of class {dtype} are stored as type {data.kind}", data.at)
    if matrix.size * stored.itemsize != data.stop - data.start:
        raise matrix.held.error(f"{data.stop - data.start} bytes for numbers of shape {matrix.shape}", data.at)
    flat = np.frombuffer(matrix.held.content, stored, matrix.size, data.start)
    with np.errstate(invalid="ignore"):  # a cast of signalling NaN
        found = flat.astype(dtype)
    if dtype.kind == "f":
        found[np.isnan(found)] = np.nan  # of which a later step would warn
    return found.reshape(matrix.shape, order="F")


def rows(matrix: Matrix) -> list[str]:
    """Text of an array of characters, row by row; bytes that are no UTF-8 become replacement characters.

    Raises
    ------
    DecodeError
        It is no text of at most two dimensions, or damaged.
    """
    _expect(matrix, _CHAR)
    if not matrix.size:
        return []
    data = _element(matrix.held, matrix.content, matrix.stop)
    wide = "le" if matrix.held.order == "<" else "be"
    codecs = {_INT8: "latin-1", _UINT8: "latin-1", _UTF8: "utf-8", _UTF32: f"utf-32-{wide}"}
    codec = {**codecs, _UINT16: f"utf-16-{wide}", _UTF16: f"utf-16-{wide}"}.get(data.kind)
    if codec is None or len(matrix.shape) != 2:
        raise matrix.held.error(f"text of shape {matrix.shape} is stored as type {data.kind}", data.at)
    text = matrix.held.content[data.start : data.stop].decode(codec, "replace")
    count = matrix.shape[0]
    # Of a row alone writers count characters, units of UTF-16 or bytes.
    if len(text) != matrix.size and (count != 1 or not len(text) <= matrix.size <= data.stop - data.start):
        raise matrix.held.error(f"{len(text)} characters for text of shape {matrix.shape}", data.at)
    return [text[row::count].rstrip("\0") for row in range(count)]


def column(matrix: Matrix) -> tuple[Bytes, Places, Places]:
    """Texts of a column: one a cell, or one a row of characters; blanks at their ends are none of them.

    Returns
    -------
    buffer : ndarray of uint8
        Where the texts lie; what is not ASCII is `?`.
    start, stop : ndarray of int64, shape (n,)
        Of each text.

    Raises
    ------
    DecodeError
        It holds anything else than text, or is damaged.
    """
    from ingest.containers.mat_kernels import find_texts

    if matrix.kind == _CELL and matrix.size * 8 <= matrix.stop - matrix.content:
        buffer = np.frombuffer(matrix.held.content, np.uint8)
        big = matrix.held.order == ">"
        start, stop, found = find_texts(buffer, matrix.content, matrix.stop, matrix.size, big)
        if found == matrix.size:
            return buffer, start, stop
    texts = [" ".join(rows(one)) for one in cells(matrix)] if matrix.kind == _CELL else rows(matrix)
    encoded = [text.rstrip().encode("ascii", "replace") for text in texts]
    ends = np.cumsum([len(one) for one in encoded], dtype=np.int64)
    starts = np.concatenate((np.zeros(1, np.int64), ends))[:-1]
    return np.frombuffer(b"".join(encoded), np.uint8), starts, ends
