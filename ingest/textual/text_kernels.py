"""Compiled loops over text: lines, fields, numbers, stamps. What each is for, `ingest/text.py` and its like say.

Importing this module costs 0.4 s (numba), so that the functions which need it import it. Every kernel takes a buffer
that cannot be written (`ingest.compiled.sealed`) and contiguous int64 bounds: there is one machine code of each. Loops
go through the bytes once, or twice where the size of a result has to be known first.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.compiled import compiled

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Flags = NDArray[np.bool_]

WIDEST_NUMBER = 24
MOST_DIGITS = 15
_MOST_POWER = 22  # powers of ten up to this are exact in float64
_POWERS = np.array([10.0**power for power in range(WIDEST_NUMBER + 1)])
_SPACE, _TAB, _CARRIAGE_RETURN, _LINE_FEED = 32, 9, 13, 10
_PLUS, _MINUS, _POINT, _ZERO = 43, 45, 46, 48
_SMALL_E, _LARGE_E = 101, 69
_BAD = (0, -1, False)


@compiled
def bound_lines(buffer: Bytes, feeds: Places, end: int, longest: int) -> tuple[Places, Places, Places]:
    """Start, end of content, start of the next line; lines end at line feeds, at `end`, and where they are too long."""
    count = 0
    before = 0
    for number in range(feeds.size + 1):
        after = feeds[number] + 1 if number < feeds.size else end
        if after > before:
            count += (after - before - 1) // longest + 1
            before = after
    start = np.empty(count, np.int64)
    stop = np.empty(count, np.int64)
    following = np.empty(count, np.int64)
    row = 0
    before = 0
    for number in range(feeds.size + 1):
        after = feeds[number] + 1 if number < feeds.size else end
        while before < after:
            upto = min(before + longest, after)
            last = upto - (buffer[upto - 1] == _LINE_FEED)
            start[row] = before
            following[row] = upto
            stop[row] = last - (last > before and buffer[last - 1] == _CARRIAGE_RETURN)
            row += 1
            before = upto
    return start, stop, following


@compiled
def byte_at(buffer: Bytes, place: int) -> Any:
    """Byte at a place that is not negative: an index without sign saves a test for each byte."""
    return buffer[np.uint64(place)]


@compiled
def read_digits(buffer: Bytes, at: int, end: int, point: int) -> tuple[int, int, bool]:
    """Digits of a decimal number as a whole one, how many stand after the point, and whether a minus stands before.

    -1 after the point where it is no number.
    """
    if end <= at or end - at > WIDEST_NUMBER:
        return _BAD
    first = byte_at(buffer, at)
    negative = first == _MINUS
    if negative or first == _PLUS:
        at += 1
    whole, digits, pointed = 0, 0, -1
    for place in range(at, end):
        character = byte_at(buffer, place)
        digit: Any = np.int64(character) - _ZERO
        if 0 <= digit <= 9:
            whole = whole * 10 + digit
            digits += 1
        elif character == point and pointed < 0:
            pointed = place
        else:
            return _BAD
    if digits == 0 or digits > MOST_DIGITS:
        return _BAD
    return whole, end - 1 - pointed if pointed >= 0 else 0, negative


@compiled
def read_number(buffer: Bytes, at: int, end: int, point: int) -> tuple[float, int]:
    """Return a decimal number and its digits after the point; -1 of them where it is none."""
    whole, after, negative = read_digits(buffer, at, end, point)
    if after < 0:
        return 0.0, -1
    value: float = np.float64(whole) / _POWERS[after]
    return (-value if negative else value), after


@compiled
def read_cell(buffer: Bytes, at: int, end: int) -> tuple[float, bool]:
    """Return a decimal number with or without exponent, and whether it is one that two exact float64 give."""
    value, after = read_number(buffer, at, end, _POINT)
    if after >= 0 or end - at > WIDEST_NUMBER:
        return value, after >= 0
    place, scale = end - 1, 1
    exponent: Any = 0
    while place > at and scale < 1000 and 0 <= np.int64(byte_at(buffer, place)) - _ZERO <= 9:
        exponent += (np.int64(byte_at(buffer, place)) - _ZERO) * scale
        scale *= 10
        place -= 1
    sign = byte_at(buffer, max(place, 0))
    if sign in (_PLUS, _MINUS):
        place -= 1
    if scale == 1 or place <= at or byte_at(buffer, place) not in (_SMALL_E, _LARGE_E):
        return 0.0, False
    whole, after, negative = read_digits(buffer, at, place, _POINT)
    power = (-exponent if sign == _MINUS else exponent) - after
    if after < 0 or power > _MOST_POWER or power < -_MOST_POWER:
        return 0.0, False
    value = np.float64(whole) * _POWERS[power] if power >= 0 else np.float64(whole) / _POWERS[-power]
    return (-value if negative else value), True


@compiled
def is_blank(character: int) -> bool:
    """Whether a character is a blank or a tab."""
    return character in (_SPACE, _TAB)


@compiled
def strip(buffer: Bytes, start: int, stop: int, most: int) -> tuple[int, int]:
    """Bounds without blanks and tabs, at most so many at each end."""
    for _ in range(most):
        before = start < stop and is_blank(byte_at(buffer, start))
        start += before
        behind = start < stop and is_blank(byte_at(buffer, stop - 1))
        stop -= behind
        if not (before or behind):
            break
    return start, stop


@compiled
def strip_all(buffer: Bytes, start: Places, stop: Places, most: int) -> tuple[Places, Places]:
    """`strip` for many."""
    first = np.empty(start.size, np.int64)
    last = np.empty(start.size, np.int64)
    for row in range(start.size):
        first[row], last[row] = strip(buffer, start[row], stop[row], most)
    return first, last


@compiled
def read_numbers(
    buffer: Bytes, start: Places, stop: Places, point: int
) -> tuple[NDArray[np.float64], NDArray[np.int8], Flags]:
    """`read_number` for many: values, digits after the point, and which are numbers."""
    value = np.zeros(start.size, np.float64)
    decimals = np.zeros(start.size, np.int8)
    valid = np.zeros(start.size, np.bool_)
    for row in range(start.size):
        number, after = read_number(buffer, start[row], stop[row], point)
        if after >= 0:
            value[row] = number
            decimals[row] = after
            valid[row] = True
    return value, decimals, valid


@compiled
def find_ends(buffer: Bytes, start: int, stop: int, separator: int, ends: Places) -> bool:
    """Whether a stretch has one field less than there is room in `ends`, which receives where each of them ends."""
    found = 0
    for place in range(start, stop):
        # Written for every byte and kept for separators: no branch to be guessed wrong.
        ends[np.uint64(found)] = place
        found += byte_at(buffer, place) == separator
        if found == ends.size - 1:
            return False
    ends[found] = stop
    return found == ends.size - 2


@compiled
def read_table(
    buffer: Bytes, start: Places, stop: Places, form: tuple[int, int, int, int], texts: Places
) -> tuple[Places, NDArray[np.float64], NDArray[np.int8], NDArray[np.uint8], Places]:
    """Numbers of the stretches with the wanted number of fields: see `ingest.textual.fields.read_table`.

    `form` is separator, fields, decimal sign, blanks taken off at either end; `texts` numbers the fields that are no
    numbers, -1 for those that are. Decimals are -1 where a field is no number.
    """
    separator, count, point, most = form
    room = start.size
    if count > 1 and start.size:
        room = min(room, int((stop - start).sum()) // (count - 1))
    # Where fewer stretches have these fields, the rest of the room is never touched, and costs nothing.
    rows = np.empty(room, np.int64)
    value = np.empty((count, room), np.float64)
    decimals = np.empty((count, room), np.int8)
    width = np.empty((count, room), np.uint8)
    kept = texts.max() + 1
    bounds = np.empty((2, kept, room), np.int64)
    ends = np.empty(count + 1, np.int64)
    taken = 0
    for row in range(start.size):
        if not find_ends(buffer, start[row], stop[row], separator, ends):
            continue
        rows[taken] = row
        at = start[row]
        for field in range(count):
            low, high = strip(buffer, at, ends[field], most)
            width[field, taken] = min(high - low, 255)
            value[field, taken], decimals[field, taken] = 0.0, -1
            if texts[field] >= 0:
                bounds[0, texts[field], taken], bounds[1, texts[field], taken] = low, high
            else:
                value[field, taken], decimals[field, taken] = read_number(buffer, low, high, point)
            at = ends[field] + 1
        taken += 1
    return rows[:taken], value[:, :taken], decimals[:, :taken], width[:, :taken], bounds[:, :, :taken]


@compiled
def sum_bytes(buffer: Bytes, start: Places, stop: Places) -> Places:
    """Sum of the bytes of each stretch."""
    sums = np.empty(start.size, np.int64)
    for row in range(start.size):
        total = np.int64(0)
        for place in range(start[row], stop[row]):
            total += byte_at(buffer, place)
        sums[row] = total
    return sums


@compiled
def set_by_width(buffer: Bytes, start: int, width: int, bounds: Any) -> None:
    """Bounds of cells set flush right in columns of one width."""
    for column in range(bounds.shape[1]):
        at = start + column * width
        end = at + width
        while at < end - 1 and byte_at(buffer, at) == _SPACE:
            at += 1
        bounds[0, column], bounds[1, column] = at, end


@compiled
def stand_apart(buffer: Bytes, start: int, width: int, columns: int) -> bool:
    """Whether every column starts with a blank and ends with a character: nothing touches."""
    for column in range(columns):
        at = start + column * width
        if byte_at(buffer, at) != _SPACE or byte_at(buffer, at + width - 1) <= _SPACE:
            return False
    return True


@compiled
def find_cells(buffer: Bytes, start: int, stop: int, width: int, bounds: Any) -> bool:
    """Whether a line has as many cells as `bounds` has room for: apart by blanks, or by width where columns touch."""
    columns = bounds.shape[1]
    full = stop - start == width * columns
    if full and stand_apart(buffer, start, width, columns):
        set_by_width(buffer, start, width, bounds)
        return True
    found = 0
    # A line of more than the longest length is cut: a cell at its start began in the line before.
    before = start > 0 and byte_at(buffer, start - 1) > _SPACE
    for place in range(start, stop):
        dark = byte_at(buffer, place) > _SPACE
        if dark and not before:
            if found < columns:
                bounds[0, found] = place
            found += 1
        if dark and 0 < found <= columns:
            bounds[1, found - 1] = place + 1
        before = dark
    if full and 0 < found < columns:
        set_by_width(buffer, start, width, bounds)
        return True
    return bool(found == columns)


@compiled
def read_rows(
    buffer: Bytes, start: Places, stop: Places, columns: int, width: int
) -> tuple[Places, NDArray[np.float64], Flags]:
    """Lines with a cell for each column, their values, and which cells `read_cell` can read."""
    room = min(start.size, int((stop - start).sum()) // (2 * columns - 1)) if start.size else 0
    rows = np.empty(room, np.int64)
    value = np.empty((columns, room), np.float64)
    known = np.empty((columns, room), np.bool_)
    bounds = np.empty((2, columns), np.int64)
    taken = 0
    for row in range(start.size):
        if find_cells(buffer, start[row], stop[row], width, bounds):
            rows[taken] = row
            for column in range(columns):
                value[column, taken], known[column, taken] = read_cell(buffer, bounds[0, column], bounds[1, column])
            taken += 1
    return rows[:taken], value[:, :taken], known[:, :taken]


@compiled
def bound_cells(buffer: Bytes, start: Places, stop: Places, columns: int, width: int) -> Places:
    """Bounds of the cells of lines that have one for each column, shape (n, 2, columns)."""
    bounds = np.zeros((start.size, 2, columns), np.int64)
    for row in range(start.size):
        find_cells(buffer, start[row], stop[row], width, bounds[row])
    return bounds


_NO_DIGIT = 255
_NIBBLES = np.full(256, _NO_DIGIT, dtype=np.uint8)
_NIBBLES[np.frombuffer(b"0123456789ABCDEF", dtype=np.uint8)] = np.arange(16)
_NIBBLES[np.frombuffer(b"abcdef", dtype=np.uint8)] = np.arange(10, 16)


@compiled
def read_hex(buffer: Bytes, start: Places, digits: Places) -> tuple[Places, Flags]:
    """Whole numbers of so many hexadecimal digits each, shape (k, n), and where nothing but such digits stands."""
    values = np.empty((digits.size, start.size), np.int64)
    valid = np.empty(start.size, np.bool_)
    for row in range(start.size):
        at = start[row]
        worst = np.uint8(0)
        for field in range(digits.size):
            total = np.int64(0)
            for place in range(at, at + digits[field]):
                nibble = _NIBBLES[byte_at(buffer, place)]
                worst |= nibble
                total = (total << 4) | np.int64(nibble)
            values[field, row] = total
            at += digits[field]
        valid[row] = worst < 16
    return values, valid


@compiled
def are_hex(buffer: Bytes, start: Places, stop: Places) -> Flags:
    """Where nothing but hexadecimal digits stands."""
    pure = np.empty(start.size, np.bool_)
    for row in range(start.size):
        worst = np.uint8(0)
        for place in range(start[row], stop[row]):
            worst |= _NIBBLES[byte_at(buffer, place)]
        pure[row] = worst < 16
    return pure


@compiled
def join_hex(buffer: Bytes, start: Places, stop: Places) -> NDArray[np.uint8]:
    """Bytes of hexadecimal digits of many stretches, an even number in each, one after the other."""
    joined = np.empty(int((stop - start).sum()) // 2, np.uint8)
    at = 0
    for row in range(start.size):
        for place in range(start[row], stop[row], 2):
            joined[at] = _NIBBLES[byte_at(buffer, place)] << 4 | _NIBBLES[byte_at(buffer, place + 1)]
            at += 1
    return joined
