"""Compiled walk along records of XML whose tags are known: see `ingest.chemistry.seaguard_walk`, and `text_kernels`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.compiled import compiled
from ingest.textual.stamp_kernels import fill_template, moment, two_digits
from ingest.textual.text_kernels import byte_at, read_cell

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

TIME, NUMBER, VALUES = range(3)
"""Roles of texts: the time, the number of the record, the first value; further values follow."""

_LESS, _GREATER, _POINT, _COLON, _PLUS, _MINUS, _UTC = 60, 62, 46, 58, 43, 45, 90
_ZERO, _MOST_DIGITS = 48, 9
_OPEN = np.frombuffer(b"<Data", dtype=np.uint8)
_BLANKS = (32, 9, 10, 13, 11, 12)
_TIME = np.frombuffer(b"0000-00-00T00:00:00", dtype=np.uint8)
_FRACTION_DIGITS, _MINUTE = 6, 60_000_000


@compiled
def next_record(buffer: Bytes, at: int, stop: int) -> int:
    """First byte of the next start tag of a record; -1 where none starts before `stop`."""
    for start in range(at, min(stop, buffer.size - _OPEN.size)):
        if byte_at(buffer, start) != _LESS:
            continue
        place = 1
        while place < _OPEN.size and byte_at(buffer, start + place) == _OPEN[place]:
            place += 1
        if place == _OPEN.size:
            behind = byte_at(buffer, start + place)
            if behind == _GREATER or behind in _BLANKS:
                return start
    return -1


@compiled
def match_tags(buffer: Bytes, at: int, stop: int, form: tuple[Bytes, Places, Places], bounds: Places) -> int:
    """Byte after a record with the very tags of a form, -1 where none stands there.

    `form` are the tags, joined, where each piece of them ends, and the role of the text behind each piece, below zero
    where it has none. Bounds of the texts that have one go to `bounds`.
    """
    text, edges, roles = form
    last = edges.size - 2
    for piece in range(last + 1):
        low, width = edges[piece], edges[piece + 1] - edges[piece]
        if at + width > stop:
            return -1
        for place in range(width):
            if byte_at(buffer, at + place) != byte_at(text, low + place):
                return -1
        at += width
        if piece == last:
            break
        if at >= stop or byte_at(buffer, at) != _GREATER:
            return -1
        begin = at + 1
        at = begin
        while at < stop and byte_at(buffer, at) != _LESS and byte_at(buffer, at) != _GREATER:
            at += 1
        if at >= stop or byte_at(buffer, at) != _LESS:
            return -1
        if roles[piece] >= 0:
            bounds[0, roles[piece]], bounds[1, roles[piece]] = begin, at
        at += 1
    return at


@compiled
def read_zone(buffer: Bytes, at: int, stop: int) -> tuple[int, bool]:
    """Microseconds east of Greenwich that a time's end says, and whether it is one."""
    if at == stop or (stop - at == 1 and byte_at(buffer, at) == _UTC):
        return 0, True
    sign = byte_at(buffer, at)
    if stop - at != 6 or sign not in (_PLUS, _MINUS) or byte_at(buffer, at + 3) != _COLON:
        return 0, False
    hours, minutes = two_digits(buffer, at + 1), two_digits(buffer, at + 4)
    east = (hours * 60 + minutes) * _MINUTE
    return -east if sign == _MINUS else east, hours >= 0 and minutes >= 0


@compiled
def read_time(buffer: Bytes, at: int, stop: int, clock: Places) -> tuple[int, bool]:
    """Microseconds since 1970, UTC, of `2016-09-08T04:00:00.5Z`, and whether such a time stands there."""
    if stop - at < _TIME.size or not fill_template(buffer, at, _TIME, clock, 0):
        return 0, False
    at += _TIME.size
    clock[6, 0] = 0
    if at < stop and byte_at(buffer, at) == _POINT:
        digits = 0
        while at + 1 < stop and 0 <= np.int64(byte_at(buffer, at + 1)) - _ZERO <= 9:
            at += 1
            if digits < _FRACTION_DIGITS:
                clock[6, 0] = clock[6, 0] * 10 + np.int64(byte_at(buffer, at)) - _ZERO
            digits += 1
        if digits == 0:
            return 0, False
        for _ in range(digits, _FRACTION_DIGITS):
            clock[6, 0] *= 10
        at += 1
    time, valid = moment(clock, 0, 59)
    east, known = read_zone(buffer, at, stop)
    return time - east, valid and known


@compiled
def read_count(buffer: Bytes, at: int, stop: int) -> Any:
    """Whole number of at most nine digits; -1 where none stands there."""
    total: Any = np.int64(0)
    if not 0 < stop - at <= _MOST_DIGITS:
        return np.int64(-1)
    for place in range(at, stop):
        digit: Any = np.int64(byte_at(buffer, place)) - _ZERO
        if digit < 0 or digit > 9:
            return np.int64(-1)
        total = total * 10 + digit
    return total


@compiled
def read_values(buffer: Bytes, bounds: Places, value: NDArray[np.float64], first: int, count: int) -> bool:
    """Whether texts are numbers, or nothing, which is NaN; they go to `value`."""
    for number in range(count):
        low, high = bounds[0, VALUES + number], bounds[1, VALUES + number]
        value[first + number] = np.nan
        if low < high:
            value[first + number], known = read_cell(buffer, low, high)
            if not known:
                return False
    return True


@compiled
def walk_records(
    buffer: Bytes, at: int, longest: int, known: tuple[Bytes, Places, Places, Places, Places]
) -> tuple[Places, NDArray[np.float64], int]:
    """Records of known forms from `at` on, as far as nothing else comes: see `ingest.chemistry.seaguard_walk.Walk`.

    `known` are the tags of all forms, joined, where each piece ends, the role of the text behind each piece, the
    number of each form's first piece, and how many values it has, below zero where its records have no number.

    Returns
    -------
    marks : shape (7, n)
        First byte of what lies before it, its own, byte after its last, form, time, number, first value; the form is
        -1 where a text is not as these loops read it.
    value
        Values of all records.
    at
        Where something else comes.
    """
    text, edges, roles, first, counts = known
    forms, most = counts.size, np.abs(counts).max()
    room = (buffer.size - at) // (edges[first[1:]] - edges[first[:-1]]) + 1
    # What is not filled is never touched, and costs nothing.
    marks, value = np.empty((7, room.max()), np.int64), np.empty((room * np.abs(counts)).max() + most, np.float64)
    bounds, clock = np.empty((2, VALUES + most), np.int64), np.zeros((7, 1), np.int64)
    taken = filled = form = 0
    while True:
        start = next_record(buffer, at, at + longest + 1)
        stop = -1
        for _ in range(forms if start >= 0 else 0):
            own = text, edges[first[form] : first[form + 1] + 1], roles[first[form] :]
            stop = match_tags(buffer, start, min(buffer.size, start + longest), own, bounds)
            if stop >= 0:
                break
            form = (form + 1) % forms
        if stop < 0:
            return marks[:, :taken], value[:filled], at
        count = abs(counts[form])
        time, good = read_time(buffer, bounds[0, TIME], bounds[1, TIME], clock)
        number = read_count(buffer, bounds[0, NUMBER], bounds[1, NUMBER]) if counts[form] > 0 else np.int64(0)
        good = bool(good and number >= 0 and read_values(buffer, bounds, value, filled, count))
        marks[0, taken], marks[1, taken], marks[2, taken] = at, start, stop
        marks[3, taken], marks[4, taken], marks[5, taken] = form if good else -1, time, number
        marks[6, taken] = filled
        filled += count if good else 0
        taken += 1
        at = stop
