"""Compiled search for text of a form: see `ingest.textual.forms`, and `text_kernels` for what kernels take.

A form is a row of items, each (kind, what, least, most, capture, byte before it). None of them gives back what it took,
so that time is proportional to the bytes wherever items cannot start inside one another.

Functions here that are given an array have one exit, and their loops as well. Of others numba counts references at each
call, which took half the time: optodes' lines 60 ms for 20 MB, 31 ms since. A place where nothing stands is `NOWHERE`,
behind all text, so that what follows finds nothing either.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.compiled import compiled
from ingest.textual.text_kernels import byte_at

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Held = tuple[Places, NDArray[np.float64], Places]

LITERAL, CHARACTERS, DIGITS, NUMBER, HEX_PAIRS, HEX_RUN, HEX_VALUE, FIXED = range(8)
WHOLE, LINE_END, ANYWHERE, CHAIN = range(4)
DIGIT, HEX, SPACES, FILL, TAB, UPPER, BLANK = 1, 2, 4, 8, 16, 32, 64
"""Bits of classes of characters, each named with its members below; `SPACES` is what `\\s` means in a pattern."""

NOWHERE = 1 << 62
_LINE_FEED, _CARRIAGE_RETURN, _MINUS, _POINT, _ZERO = 10, 13, 45, 46, 48
_NO_DIGIT = 10
_CLASSES = np.zeros(256, dtype=np.uint8)
for _bit, _members in (
    (DIGIT, b"0123456789"),
    (HEX, b"0123456789abcdefABCDEF"),
    (SPACES, b" \t\n\r\f\v"),
    (FILL, b"\r\n "),
    (TAB, b"\t"),
    (UPPER, bytes(range(65, 91))),
    (BLANK, b" "),
):
    _CLASSES[np.frombuffer(_members, dtype=np.uint8)] |= _bit
_POWERS = np.array([10.0**power for power in range(16)])
_NIBBLES = np.zeros(256, dtype=np.uint8)
_NIBBLES[np.frombuffer(b"0123456789ABCDEF", dtype=np.uint8)] = np.arange(16)
_NIBBLES[np.frombuffer(b"abcdef", dtype=np.uint8)] = np.arange(10, 16)


@compiled
def is_at(buffer: Bytes, at: int, stop: int, wanted: int) -> bool:
    """Whether a byte stands at a place."""
    return bool((byte_at(buffer, at) if at < stop else -1) == wanted)


@compiled
def run_of(buffer: Bytes, at: int, stop: int, bit: int) -> int:
    """Byte after a run of characters of a class."""
    found = _CLASSES[byte_at(buffer, at)] & bit if at < stop else 0
    while found:
        at += 1
        found = _CLASSES[byte_at(buffer, at)] & bit if at < stop else 0
    return at


@compiled
def take_digits(buffer: Bytes, at: int, stop: int, total: Any) -> tuple[int, Any]:
    """Byte after a run of decimal digits, and the number they mean behind those of `total`."""
    digit: Any = np.uint8(byte_at(buffer, at) - np.uint8(_ZERO)) if at < stop else np.uint8(_NO_DIGIT)
    while digit < _NO_DIGIT:
        total = total * 10 + np.int64(digit)
        at += 1
        digit = np.uint8(byte_at(buffer, at) - np.uint8(_ZERO)) if at < stop else np.uint8(_NO_DIGIT)
    return at, total


@compiled
def take_number(buffer: Bytes, at: int, stop: int, form: tuple[int, int, int]) -> tuple[int, float]:
    """Byte after a number, and its value.

    `form` is the most digits before the point, the least behind it if there is one, and the most.
    """
    whole, least, most = form
    negative = is_at(buffer, at, stop, _MINUS)
    first = at + negative
    end, total = take_digits(buffer, first, min(stop, first + whole), np.int64(0))
    fraction = end + 1 if most > 0 and is_at(buffer, end, stop, _POINT) else NOWHERE
    behind, longer = take_digits(buffer, fraction, min(stop, fraction + most), total)
    pointed = behind - fraction >= max(least, 1)
    # Both exact: the division rounds once, which gives the float64 nearest to the decimal number.
    value = np.float64(longer if pointed else total) / _POWERS[np.uint64(behind - fraction if pointed else 0)]
    after = behind if pointed else end
    return after if first < end and (pointed or least == 0) else NOWHERE, -value if negative else value


@compiled
def hex_number(buffer: Bytes, at: int, end: int) -> float:
    """Value of hexadecimal digits."""
    total = np.int64(0)
    for place in range(at, end):
        total = total * 16 + np.int64(_NIBBLES[byte_at(buffer, place)])
    return float(total)


@compiled
def take_text(buffer: Bytes, at: int, stop: int, item: tuple[int, int, int, int]) -> int:
    """Byte after a character, or after characters of a class."""
    kind, what, least, most = item
    if kind == LITERAL:
        end = at + 1 if is_at(buffer, at, stop, what) else NOWHERE
    else:
        upto = stop if kind == HEX_RUN else min(stop, at + most)
        end = run_of(buffer, at, upto, what)
        if kind == HEX_PAIRS:
            end -= (end - at) % 2
        if not least <= end - at <= most:
            end = NOWHERE
    return end


@compiled
def match_items(buffer: Bytes, at: int, stop: int, items: Places, values: NDArray[np.float64], bounds: Places) -> int:
    """Byte after all items, `NOWHERE` if they do not stand there; values and bounds of what is captured are kept."""
    number = 0
    while number < items.shape[0] and at < NOWHERE:
        kind, what, least, most = items[number, 0], items[number, 1], items[number, 2], items[number, 3]
        capture, lead = items[number, 4], items[number, 5]
        first = at if lead < 0 else at + 1 if is_at(buffer, at, stop, lead) else NOWHERE
        if kind == FIXED:
            first = run_of(buffer, first, stop, BLANK)
        if kind in (NUMBER, FIXED):
            at, values[np.uint64(capture)] = take_number(buffer, first, stop, (least, what, most))
        elif kind == DIGITS:
            at, total = take_digits(buffer, first, min(stop, first + most), np.int64(0))
            values[np.uint64(capture)] = np.float64(total)
            at = at if at - first >= least else NOWHERE
        else:
            at = take_text(buffer, first, stop, (kind, what, least, most))
            if kind == HEX_VALUE:
                values[np.uint64(capture)] = hex_number(buffer, first, at if at < NOWHERE else first)
            elif capture >= 0:
                bounds[np.uint64(2 * capture)], bounds[np.uint64(2 * capture + 1)] = first, at
        number += 1
    return at


@compiled
def may_end(buffer: Bytes, at: int, stop: int, mode: int) -> bool:
    """Whether a match may end there."""
    ends = is_at(buffer, at, stop, _LINE_FEED) or is_at(buffer, at, stop, _CARRIAGE_RETURN)
    return bool(at == stop or (at < stop and (mode in (ANYWHERE, CHAIN) or (mode == LINE_END and ends))))


@compiled
def keep(held: Held, taken: int, place: tuple[int, int, int], values: NDArray[np.float64], bounds: Places) -> None:
    """Enter one match among all."""
    places, value, bound = held
    places[0, taken], places[1, taken], places[2, taken] = place
    for number in range(values.size):
        value[number, taken] = values[number]
    for number in range(bounds.size // 2):
        bound[0, number, taken], bound[1, number, taken] = bounds[2 * number], bounds[2 * number + 1]


@compiled
def find_forms(
    buffer: Bytes, start: Places, stop: Places, items: Places, form: tuple[int, int, int, int], held: Held
) -> tuple[int, int, int]:
    """Enter matches in stretches as long as there is room for them.

    Parameters
    ----------
    buffer, start, stop, items
        See `ingest.textual.forms.find`.
    form
        The mode, the bytes of the shortest match, and the stretch and the place in it to begin with.
    held
        Room for stretch, first byte and byte after the last, shape (3, n); for values, shape (values, n); for bounds
        of texts, shape (2, texts, n).

    Returns
    -------
    Matches that were entered, and the stretch and the place in it to go on with.
    """
    mode, shortest, row, at = form
    values = np.empty(held[1].shape[0], np.float64)
    bounds = np.empty(2 * held[2].shape[1], np.int64)
    taken = 0
    room = held[0].shape[1]
    while row < start.size and taken < room:
        last = stop[row] - shortest
        while at <= last and taken < room:
            end = match_items(buffer, at, stop[row], items, values, bounds)
            good = may_end(buffer, end, stop[row], mode)
            if good:
                keep(held, taken, (row, at, end), values, bounds)
                taken += 1
            over = mode == WHOLE or (mode == CHAIN and not good)
            at = NOWHERE if over else end if good else at + 1
        if at > last:
            row += 1
            at = start[row] if row < start.size else NOWHERE
    return taken, row, at
