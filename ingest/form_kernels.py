"""Compiled search for text of a form: see `ingest.forms`, and `ingest.text_kernels` for what kernels take.

A form is a row of items, each (kind, what, least, most, capture, byte before it). None of them gives back what it took,
so that time is proportional to the bytes wherever items cannot start inside one another.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.compiled import compiled
from ingest.text_kernels import byte_at

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

LITERAL, CHARACTERS, DIGITS, NUMBER, HEX_PAIRS, HEX_RUN, HEX_VALUE = range(7)
WHOLE, LINE_END, ANYWHERE, CHAIN = range(4)
DIGIT, HEX, SPACES, FILL, NOTE_END, ANY, TAB, UPPER, BLANK = 1, 2, 4, 8, 16, 32, 64, 128, 256
"""Bits of classes of characters, each named with its members below; `SPACES` is what `\\s` means in a pattern."""

_LINE_FEED, _CARRIAGE_RETURN, _MINUS, _POINT, _ZERO = 10, 13, 45, 46, 48
_CLASSES = np.zeros(256, dtype=np.uint16)
for _bit, _members in (
    (DIGIT, b"0123456789"),
    (HEX, b"0123456789abcdefABCDEF"),
    (SPACES, b" \t\n\r\f\v"),
    (FILL, b"\r\n "),
    (NOTE_END, b"\x13\r"),
    (ANY, bytes(range(256))),
    (TAB, b"\t"),
    (UPPER, bytes(range(65, 91))),
    (BLANK, b" "),
):
    _CLASSES[np.frombuffer(_members, dtype=np.uint8)] |= _bit
_POWERS = np.array([10.0**power for power in range(16)])
_WHOLE_POWERS = np.array([10**power for power in range(16)])
_NIBBLES = np.zeros(256, dtype=np.uint8)
_NIBBLES[np.frombuffer(b"0123456789ABCDEF", dtype=np.uint8)] = np.arange(16)
_NIBBLES[np.frombuffer(b"abcdef", dtype=np.uint8)] = np.arange(10, 16)


@compiled
def run_of(buffer: Bytes, at: int, stop: int, bit: int) -> int:
    """Byte after a run of characters of a class."""
    while at < stop and _CLASSES[byte_at(buffer, at)] & bit:
        at += 1
    return at


@compiled
def take_digits(buffer: Bytes, at: int, stop: int) -> tuple[int, int]:
    """Byte after a run of decimal digits, and the number they mean."""
    total: Any = np.int64(0)
    while at < stop:
        digit: Any = np.uint8(byte_at(buffer, at) - np.uint8(_ZERO))
        if digit > 9:
            break
        total = total * 10 + np.int64(digit)
        at += 1
    return at, total


@compiled
def take_number(buffer: Bytes, at: int, stop: int, whole: int, decimals: int) -> tuple[int, float]:
    """Byte after a number of at most so many digits before and behind the point, -1 where none is, and its value."""
    negative = at < stop and byte_at(buffer, at) == _MINUS
    first = at + negative
    end, total = take_digits(buffer, first, min(stop, first + whole))
    if end == first:
        return -1, 0.0
    value = np.float64(total)
    if decimals > 0 and end < stop and byte_at(buffer, end) == _POINT:
        behind, fraction = take_digits(buffer, end + 1, min(stop, end + 1 + decimals))
        digits = behind - end - 1
        if digits > 0:
            # Both exact: the division rounds once, which gives the float64 nearest to the decimal number.
            value = np.float64(total * _WHOLE_POWERS[digits] + fraction) / _POWERS[digits]
            end = behind
    return end, -value if negative else value


@compiled
def take_item(buffer: Bytes, at: int, stop: int, item: tuple[int, int, int, int]) -> tuple[int, float]:
    """Byte after an item, -1 where it does not stand there, and its value."""
    kind, what, least, most = item
    if kind == LITERAL:
        return at + 1 if at < stop and byte_at(buffer, at) == what else -1, 0.0
    if kind == NUMBER:
        return take_number(buffer, at, stop, least, most)
    value = 0.0
    if kind == DIGITS:
        end, total = take_digits(buffer, at, min(stop, at + most))
        value = np.float64(total)
    else:
        end = run_of(buffer, at, stop if kind == HEX_RUN else min(stop, at + most), what)
        if kind == HEX_PAIRS:
            end -= (end - at) % 2
        if kind == HEX_VALUE:
            value = hex_number(buffer, at, end)
    return end if least <= end - at <= most else -1, value


@compiled
def hex_number(buffer: Bytes, at: int, end: int) -> float:
    """Value of hexadecimal digits."""
    total = np.int64(0)
    for place in range(at, end):
        total = total * 16 + np.int64(_NIBBLES[byte_at(buffer, place)])
    return float(total)


@compiled
def match_items(buffer: Bytes, at: int, stop: int, items: Places, ends: Places, values: NDArray[np.float64]) -> int:
    """Byte after all items, whose ends and values go to `ends` and `values`; -1 where they do not stand there."""
    for number in range(items.shape[0]):
        lead = items[number, 5]
        if lead >= 0:
            if at >= stop or byte_at(buffer, at) != lead:
                return -1
            at += 1
        ends[number, 0] = at
        item = items[number, 0], items[number, 1], items[number, 2], items[number, 3]
        at, values[number] = take_item(buffer, at, stop, item)
        if at < 0:
            return -1
        ends[number, 1] = at
    return at


@compiled
def may_end(buffer: Bytes, at: int, stop: int, mode: int) -> bool:
    """Whether a match may end there."""
    if mode == WHOLE:
        return at == stop
    return mode != LINE_END or at == stop or byte_at(buffer, at) in (_LINE_FEED, _CARRIAGE_RETURN)


@compiled
def find_forms(
    buffer: Bytes, start: Places, stop: Places, items: Places, form: tuple[int, int, int, int]
) -> tuple[Places, NDArray[np.float64], Places]:
    """Matches in stretches: stretch, first byte and byte after the last (shape (3, m)), values, bounds of texts.

    `form` is the mode, the bytes of the shortest match, and how many values and texts are captured.
    """
    mode, shortest, values, texts = form
    room = int((stop - start).sum()) // max(shortest, 1)
    if mode == WHOLE:
        room = min(room, start.size)
    place = np.empty((3, room), np.int64)
    value = np.empty((values, room), np.float64)
    bound = np.empty((2, texts, room), np.int64)
    ends = np.empty((items.shape[0], 2), np.int64)
    values_here = np.empty(items.shape[0], np.float64)
    taken = 0
    for row in range(start.size):
        at, last = start[row], stop[row] - shortest
        while at <= last:
            end = match_items(buffer, at, stop[row], items, ends, values_here)
            if end < 0 or not may_end(buffer, end, stop[row], mode):
                if mode in (WHOLE, CHAIN):
                    break
                at += 1
                continue
            place[0, taken], place[1, taken], place[2, taken] = row, at, end
            for number in range(items.shape[0]):
                capture = items[number, 4]
                if capture >= 0 and items[number, 0] in (HEX_PAIRS, HEX_RUN, CHARACTERS):
                    bound[0, capture, taken], bound[1, capture, taken] = ends[number, 0], ends[number, 1]
                elif capture >= 0:
                    value[capture, taken] = values_here[number]
            taken += 1
            at = end
            if mode == WHOLE:
                break
    return place[:, :taken], value[:, :taken], bound[:, :, :taken]
