"""Compiled search for what lies in several lines or none: blocks of an SIO controller, records of a SAMI2.

See `ingest.textual.sio` and `ingest.readers.sami2` for what they are.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.compiled import compiled
from ingest.textual.text_kernels import byte_at

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Lengths = NDArray[np.int32]

GOOD, NO_END, WRONG_SUM, CUT = range(4)
_HEADER = b"\x01AA0000000_HHHHaHHHHHHHH_HH_HHHH\x02"
_BLANK = (13, 10, 9, 32, 0)
_START, _END = 1, 3
_LINE_END_BYTES = 2
_LARGE, _DIGIT, _LETTER, _HEX = 256, 257, 258, 259
_CLASSES = {"A": _LARGE, "0": _DIGIT, "a": _LETTER, "H": _HEX}
# What each place of a header may hold: a character, or one of a class.
_WANTED = np.array([_CLASSES.get(chr(one), one) for one in _HEADER], dtype=np.int64)
_NIBBLES = np.full(256, 255, dtype=np.uint8)
_NIBBLES[np.frombuffer(b"0123456789ABCDEF", dtype=np.uint8)] = np.arange(16)
_NIBBLES[np.frombuffer(b"abcdef", dtype=np.uint8)] = np.arange(10, 16)


def _tables() -> NDArray[np.uint16]:
    """Tables of the CRC of ITU-T X.25, bits reflected, for eight bytes at a time."""
    tables = np.zeros((8, 256), dtype=np.uint16)
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
        tables[0, byte] = value
    for number in range(1, 8):
        before = tables[number - 1]
        tables[number] = before >> 8 ^ tables[0][before & 0xFF]
    return tables


_CRC = _tables()


@compiled
def crc(buffer: Bytes, start: int, stop: int) -> int:
    """CRC of a stretch."""
    total = np.uint16(0xFFFF)
    at = start
    while stop - at >= 8:
        total = (
            _CRC[7, byte_at(buffer, at) ^ np.uint8(total & 0xFF)]
            ^ _CRC[6, byte_at(buffer, at + 1) ^ np.uint8(total >> 8)]
            ^ _CRC[5, byte_at(buffer, at + 2)]
            ^ _CRC[4, byte_at(buffer, at + 3)]
            ^ _CRC[3, byte_at(buffer, at + 4)]
            ^ _CRC[2, byte_at(buffer, at + 5)]
            ^ _CRC[1, byte_at(buffer, at + 6)]
            ^ _CRC[0, byte_at(buffer, at + 7)]
        )
        at += 8
    for place in range(at, stop):
        total = np.uint16(total >> 8) ^ _CRC[0, byte_at(buffer, place) ^ np.uint8(total & 0xFF)]
    return int(total) ^ 0xFFFF


@compiled
def is_header(buffer: Bytes, at: int) -> bool:
    """Whether a header stands there; its bytes are all at hand."""
    for place in range(_WANTED.size):
        wanted = _WANTED[place]
        character: Any = np.int64(byte_at(buffer, at + place))
        if wanted < _LARGE:
            fits = character == wanted
        elif wanted == _LARGE:
            fits = 65 <= character <= 90
        elif wanted == _DIGIT:
            fits = 48 <= character <= 57
        elif wanted == _LETTER:
            fits = 65 <= character <= 90 or 97 <= character <= 122
        else:
            fits = _NIBBLES[np.uint64(character)] < 16
        if not fits:
            return False
    return True


@compiled
def next_header(buffer: Bytes, at: int) -> int:
    """First byte of the next header; the number of bytes where there is none."""
    while at <= buffer.size - _WANTED.size:
        if byte_at(buffer, at) == _START and is_header(buffer, at):
            return at
        at += 1
    return buffer.size


@compiled
def hex_number(buffer: Bytes, at: int, count: int) -> Any:
    """Whole number of so many hexadecimal digits."""
    total: Any = np.int64(0)
    for place in range(at, at + count):
        total = total * 16 + np.int64(_NIBBLES[byte_at(buffer, place)])
    return total


@compiled
def find_blocks(buffer: Bytes, final: bool) -> tuple[Places, int]:
    """Blocks: verdict, first byte, byte after the data, CRC of the data, blank bytes before; shape (5, n).

    What starts in the data of a block that is not good counts as well. The second number is where a block starts that
    is cut by the end of the bytes at hand, -1 where there is none or this is the end of the file.
    """
    room = buffer.size // _WANTED.size + 1
    found = np.empty((5, room), np.int64)
    count = 0
    at = 0
    while True:
        start = next_header(buffer, at)
        if start == buffer.size:
            return found[:, :count], -1
        data = start + _WANTED.size
        stop = data + hex_number(buffer, start + 11, 4)
        verdict, total = CUT, 0
        if stop < buffer.size and byte_at(buffer, stop) != _END:
            verdict = NO_END
        elif stop < buffer.size:
            total = crc(buffer, data, stop)
            verdict = GOOD if total == hex_number(buffer, start + 28, 4) else WRONG_SUM
        if verdict == CUT and not final:
            return found[:, :count], start
        blank = at
        while blank < start and byte_at(buffer, blank) in _BLANK:
            blank += 1
        found[0, count], found[1, count], found[2, count] = verdict, start, stop
        found[3, count], found[4, count] = total, blank - at
        count += 1
        at = stop + 1 if verdict == GOOD else start + 1


@compiled
def read_headers(buffer: Bytes, start: Places) -> Places:
    """Numbers of headers, shape (3, n): letters, controller, seconds."""
    numbers = np.zeros((3, start.size), np.int64)
    for row in range(start.size):
        at = start[row]
        numbers[0, row] = np.int64(byte_at(buffer, at + 1)) * 256 + np.int64(byte_at(buffer, at + 2))
        for place in range(at + 3, at + 10):
            numbers[1, row] = numbers[1, row] * 10 + np.int64(byte_at(buffer, place)) - 48
        numbers[2, row] = hex_number(buffer, at + 16, 8)
    return numbers


@compiled
def place_records(block: Places, first: Places, last: Places, bounds: Places, placed: tuple[Places, Lengths]) -> int:
    """Enter where records start and how long they are, and return how many stand apart from the one before them.

    `block`, `first` and `last` have a number for each record, in order, `bounds` the start and stop of each block. The
    first record of a block takes in what stands before it, the last one what stands behind it. Those of one block are
    apart where there is more than a line end between them.
    """
    offset, length = placed
    apart = 0
    for row in range(block.size):
        opens = row == 0 or block[row - 1] != block[row]
        closes = row == block.size - 1 or block[row + 1] != block[row]
        apart += not opens and first[row] - last[row - 1] > _LINE_END_BYTES
        offset[row] = bounds[0, block[row]] if opens else first[row]
        length[row] = (bounds[1, block[row]] if closes else last[row]) - offset[row]
    return apart


@compiled
def chain_lengths(buffer: Bytes, start: Places, stop: Places, width: int, ends: tuple[int, int]) -> Places:
    """How many records of one width follow each other from each start on, each with one of two bytes at its end."""
    count = np.zeros(start.size, np.int64)
    for row in range(start.size):
        at = start[row] + width - 1
        while at < stop[row] and byte_at(buffer, at) in ends:
            count[row] += 1
            at += width
    return count


@compiled
def place_chains(start: Places, count: Places, width: int, place: Places) -> None:
    """Enter row, first byte and byte after the last of the records of chains; `place` has shape (3, n)."""
    number = 0
    for row in range(start.size):
        at = start[row]
        for _ in range(count[row]):
            place[0, number], place[1, number], place[2, number] = row, at, at + width
            number += 1
            at += width


@compiled
def read_notes(buffer: Bytes, start: Places, values: Places) -> None:
    """Enter a byte, and a number of the four behind it, most significant first and signed; shape (2, n)."""
    for row in range(start.size):
        at = start[row]
        total = np.int64(np.int8(byte_at(buffer, at + 1)))
        for place in range(at + 2, at + 5):
            total = total * 256 + np.int64(byte_at(buffer, place))
        values[0, row], values[1, row] = byte_at(buffer, at), total


@compiled
def bound_pairs(buffer: Bytes, start: Places, stop: Places) -> Places:
    """Bounds of the pairs of hexadecimal digits that fill stretches but for blanks at the end, shape (2, n).

    They are zero where something else stands.
    """
    bounds = np.zeros((2, start.size), np.int64)
    for row in range(start.size):
        at, end = start[row], stop[row]
        while at < end and _NIBBLES[byte_at(buffer, at)] < 16:
            at += 1
        last = at
        while at < end and (byte_at(buffer, at) == 32 or 9 <= byte_at(buffer, at) <= 13):
            at += 1
        if at == end and last > start[row] and (last - start[row]) % 2 == 0:
            bounds[0, row], bounds[1, row] = start[row], last
    return bounds


RECORD, TOO_LONG, BROKEN, NO_LINE, OUTSIDE = range(5)


@compiled
def join_lines(buffer: Bytes, start: Places, stop: Places, opens: Any, most: int) -> tuple[Places, int]:
    """Records over lines of hexadecimal digits: kind, first and last line, digits, digits wanted; shape (5, n).

    `start` and `stop` bound the digits, `opens` tells which lines start a record. Lines without digits, and those
    outside records, stand for themselves. The second number is the line whose record is still open, -1 for none.
    """
    found = np.empty((5, 2 * start.size), np.int64)
    count, opened, digits, head = 0, -1, 0, np.int64(0)
    for row in range(start.size):
        none = stop[row] <= start[row]
        if opened >= 0 and (none or opens[row] or row - opened >= most):
            found[0, count], found[1, count], found[2, count] = BROKEN, opened, row - 1
            count += 1
            opened = -1
        if none or (opened < 0 and not opens[row]):
            found[0, count], found[1, count], found[2, count] = NO_LINE if none else OUTSIDE, row, row
            count += 1
            continue
        if opened < 0:
            opened, digits, head = row, 0, np.int64(0)
        for place in range(start[row], min(stop[row], start[row] + 4 - digits)):
            head = head * 16 + np.int64(_NIBBLES[byte_at(buffer, place)])
        digits += stop[row] - start[row]
        wanted = 2 * ((head & 255) + 1)
        if digits >= 4 and digits >= wanted:
            found[0, count], found[1, count], found[2, count] = RECORD if digits == wanted else TOO_LONG, opened, row
            found[3, count], found[4, count] = digits, wanted
            count += 1
            opened = -1
    return found[:, :count], opened
