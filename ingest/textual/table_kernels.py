"""Compiled loops over lines of delimited text, for `ingest.declared.table`; what they take: `text_kernels`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.compiled import compiled
from ingest.textual.stamp_kernels import UNUSED, read_clock
from ingest.textual.text_kernels import byte_at, read_number, strip

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

IGNORED, NUMBER, COUNT = range(3)
"""What a column holds: nothing that is read as a number, a number, a count of time, never missing."""

BY_BLANKS = -1
"""In place of a separator: runs of blanks and tabs."""

_SPACE, _TAB, _LINE_FEED, _CARRIAGE_RETURN = 32, 9, 10, 13
_MOST_BLANKS = 12
_FEW = 64
_MINUS, _ZERO = 45, 48


@compiled
def is_solid(character: Any) -> bool:
    """Whether a character is neither blank nor tab nor part of a line end."""
    return character > _SPACE or character not in (_SPACE, _TAB, _LINE_FEED, _CARRIAGE_RETURN)


@compiled
def split_words(buffer: Bytes, start: int, stop: int, bounds: Places) -> bool:
    """Whether a line has as many words, between runs of blanks, as `bounds` has room for, which receives theirs."""
    count = bounds.shape[1]
    found = 0
    # A line longer than the longest is cut inside a word: what its piece starts with is none.
    before = start > 0 and is_solid(byte_at(buffer, start - 1))
    for place in range(start, stop):
        solid = is_solid(byte_at(buffer, place))
        if solid and not before:
            if found == count:
                return False
            bounds[0, found] = place
            found += 1
        if solid and found > 0:
            bounds[1, found - 1] = place + 1
        before = solid
    goes_on = before and stop < buffer.size and is_solid(byte_at(buffer, stop))
    return found == count and not goes_on


@compiled
def split_quoted(buffer: Bytes, start: int, stop: int, form: Any, bounds: Places) -> bool:
    """Whether a line has as many fields as `bounds` has room for, which receives theirs, without blanks and quotes."""
    separator, quote = form[0], form[1]
    count = bounds.shape[1]
    found = 0
    inside = False
    for place in range(start, stop):
        character = byte_at(buffer, place)
        if character == quote:
            inside = not inside
        if character == separator and not inside:
            bounds[1, found] = place
            found += 1
            if found == count:
                return False
    bounds[1, found] = stop
    if found != count - 1:
        return False
    at = start
    for field in range(count):
        end = bounds[1, field]
        low, high = at, end
        if low < high and (byte_at(buffer, low) <= _SPACE or byte_at(buffer, high - 1) <= _SPACE):
            low, high = strip(buffer, low, high, _MOST_BLANKS)
        if quote >= 0 and high - low >= 2 and byte_at(buffer, low) == quote and byte_at(buffer, high - 1) == quote:
            low, high = low + 1, high - 1
        bounds[0, field], bounds[1, field] = low, high
        at = end + 1
    return True


@compiled
def is_missing(buffer: Bytes, low: int, high: int, text: Bytes, ends: Places) -> bool:
    """Whether a field is one of the words for a missing value; `words` are their bytes, joined, and where each ends."""
    begin = np.int64(0)
    for end in ends:
        if end - begin == high - low:
            same = True
            for place in range(high - low):
                same &= byte_at(buffer, low + place) == text[begin + place]
            if same:
                return True
        begin = end
    return False


@compiled
def split_line(buffer: Bytes, start: int, stop: int, form: Any, bounds: Places) -> bool:
    """`split_words` or `split_quoted`, as the separator asks for."""
    if form[0] == BY_BLANKS:
        return split_words(buffer, start, stop, bounds)
    return split_quoted(buffer, start, stop, form, bounds)


@compiled
def bound_declared(
    buffer: Bytes, start: Places, stop: Places, form: tuple[int, int, int, int], columns: Places
) -> tuple[Places, Places]:
    """Bounds of some columns of lines that `read_declared` took, each of shape (columns, n)."""
    first = np.empty((columns.size, start.size), np.int64)
    last = np.empty((columns.size, start.size), np.int64)
    bounds = np.empty((2, form[3]), np.int64)
    for row in range(start.size):
        split_line(buffer, start[row], stop[row], form, bounds)
        for number in range(columns.size):
            first[number, row], last[number, row] = bounds[0, columns[number]], bounds[1, columns[number]]
    return first, last


@compiled
def longer(odd: Places) -> Places:
    """Return the same columns with room for as many again."""
    grown = np.empty((odd.shape[0], 2 * odd.shape[1]), np.int64)
    grown[:, : odd.shape[1]] = odd
    return grown


@compiled
def read_declared(
    buffer: Bytes, start: Places, stop: Places, form: tuple[int, int, int, int], roles: Places, told: Any
) -> tuple[Places, NDArray[np.float64], Places, Places]:
    """Lines with the wanted number of fields: see `ingest.declared.table.read_table`.

    `form` is separator, quote (-1 for none), decimal sign and number of columns; `roles` has for each column what it
    holds, and its number among those that are read. `told` are the words for a missing value, joined, where each ends,
    the numbers for one, the items of the clock and its form: see `read_items` and `settle_clock`.

    Returns
    -------
    marks : shape (2, n)
        Number of the line and its tail.
    value : shape (numbers, n)
    time : shape (2, n)
        Microseconds since 1970, and `FITS`, `NO_TIME` or `OTHER_FORM`.
    odd : shape (4, m)
        Numbers that only `float` can read, and what is none: row, column, first byte, byte after the last.
    """
    words, ends, bad, items, clock_form = told
    room = min(start.size, int((stop - start).sum()) // (form[3] - 1)) if form[3] > 1 else start.size
    marks, value = np.empty((2, room), np.int64), np.empty((roles[1].max() + 1, room), np.float64)
    time, odd = np.empty((2, room), np.int64), np.empty((4, form[3] + _FEW), np.int64)
    bounds, clock = np.empty((2, form[3]), np.int64), np.zeros((UNUSED + 1, 1), np.int64)
    taken = strange = tail = 0
    for row in range(start.size):
        if not split_line(buffer, start[row], stop[row], form, bounds):
            continue
        odd = longer(odd) if odd.shape[1] - strange < form[3] else odd
        for field in range(form[3]):
            low, high, number = bounds[0, field], bounds[1, field], roles[1, field]
            tail = high - low
            if number < 0:
                continue
            read, tail = read_number(buffer, low, high, form[2])
            if tail < 0:
                read, tail = np.nan, 0
                if roles[0, field] == NUMBER and low < high and not is_missing(buffer, low, high, words, ends):
                    odd[0, strange], odd[1, strange], odd[2, strange], odd[3, strange] = taken, field, low, high
                    strange += 1
            for one in bad:
                read = np.nan if read == one and roles[0, field] == NUMBER else read
            value[number, taken] = read
        time[0, taken], time[1, taken] = read_clock(buffer, bounds, items, clock, clock_form)
        marks[0, taken], marks[1, taken] = row, tail
        taken += 1
    return marks[:, :taken], value[:, :taken], time[:, :taken], odd[:, :strange]


@compiled
def read_whole(buffer: Bytes, at: int, stop: int, most: int) -> tuple[int, int]:
    """Byte after a whole number of at most so many digits, with or without a minus, and the number; -1 for none."""
    negative = at < stop and byte_at(buffer, at) == _MINUS
    at += negative
    first = at
    total: Any = np.int64(0)
    while at < stop:
        digit: Any = np.uint8(byte_at(buffer, at) - np.uint8(_ZERO))
        if digit > 9:
            break
        total = total * 10 + np.int64(digit)
        at += 1
    return at if 0 < at - first <= most else -1, -total if negative else total


@compiled
def read_whole_rows(buffer: Bytes, start: Places, stop: Places, form: tuple[int, int], values: Places) -> Places:
    """Lines of as many whole numbers as `values` has columns, which receives theirs: numbers of these lines.

    `form` is the separator, which may also end a line, and the most digits of a number.
    """
    separator, most = form
    rows = np.empty(start.size, np.int64)
    taken = 0
    count = values.shape[1]
    for row in range(start.size):
        at, end = start[row], stop[row]
        for column in range(count):
            at, values[taken, column] = read_whole(buffer, at, end, most)
            if at < 0 or column == count - 1 or at >= end or byte_at(buffer, at) != separator:
                break
            at += 1
        ended = at == end or (at == end - 1 and byte_at(buffer, at) == separator)
        if at >= 0 and ended and column == count - 1:
            rows[taken] = row
            taken += 1
    return rows[:taken]
