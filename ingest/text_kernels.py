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
_SPACE, _TAB, _CARRIAGE_RETURN, _LINE_FEED, _COLON = 32, 9, 13, 10, 58
_PLUS, _MINUS, _POINT, _ZERO, _NINE, _OPEN, _CLOSE = 43, 45, 46, 48, 57, 91, 93
_BAD = (0.0, -1)


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
def read_number(buffer: Bytes, at: int, end: int, point: int) -> tuple[float, int]:
    """Return a decimal number and its digits after the point; -1 of them where it is none."""
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
    after = end - 1 - pointed if pointed >= 0 else 0
    value: float = np.float64(whole) / _POWERS[after]
    return (-value if negative else value), after


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
def count_fields(buffer: Bytes, start: Places, stop: Places, separator: int) -> Places:
    """Fields of each stretch."""
    counts = np.empty(start.size, np.int64)
    for row in range(start.size):
        count = 1
        for place in range(start[row], stop[row]):
            count += byte_at(buffer, place) == separator
        counts[row] = count
    return counts


@compiled
def bound_fields(buffer: Bytes, start: Places, stop: Places, separator: int, count: int) -> tuple[Places, Places]:
    """Bounds of the fields of stretches that have `count` of them, each of shape (count, n)."""
    first = np.empty((count, start.size), np.int64)
    last = np.empty((count, start.size), np.int64)
    for row in range(start.size):
        field = 0
        first[0, row] = start[row]
        for place in range(start[row], stop[row]):
            if buffer[place] == separator:
                last[field, row] = place
                field += 1
                first[field, row] = place + 1
        last[field, row] = stop[row]
    return first, last


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
    """Numbers of the stretches with the wanted number of fields: see `ingest.fields.read_table`.

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
def fill_template(buffer: Bytes, at: int, template: Bytes, values: Any, row: int) -> bool:
    """Whether text has the form of a template; its runs of digits become whole numbers, one column of `values`."""
    run = 0
    number = np.int64(0)
    inside = False
    for place in range(template.size):
        wanted = template[place]
        character = byte_at(buffer, at + place)
        if _ZERO <= wanted <= _NINE:
            digit: Any = np.int64(character) - _ZERO
            if digit < 0 or digit > 9:
                return False
            number = number * 10 + digit
            inside = True
        else:
            if character != wanted:
                return False
            if inside:
                values[run, row] = number
                run += 1
            number = np.int64(0)
            inside = False
    if inside:
        values[run, row] = number
    return True


@compiled
def read_templates(buffer: Bytes, start: Places, stop: Places, template: Bytes, runs: int) -> tuple[Places, Flags]:
    """`fill_template` for many: whole numbers, 0 where a stretch does not fit, and which fit."""
    values = np.zeros((runs, start.size), np.int64)
    fits = np.zeros(start.size, np.bool_)
    for row in range(start.size):
        if stop[row] - start[row] == template.size:
            fits[row] = fill_template(buffer, start[row], template, values, row)
            if not fits[row]:
                values[:, row] = 0
    return values, fits


@compiled
def days_of_month(year: int, month: int) -> int:
    """Days of a month of the Gregorian calendar."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@compiled
def days_since_1970(year: int, month: int, day: int) -> int:
    """Days of the Gregorian calendar, counted in years that start in March: leap days come last."""
    late = month > 2
    since_march = (153 * (month - 3 if late else month + 9) + 2) // 5
    years = year if late else year - 1
    return years * 365 + years // 4 - years // 100 + years // 400 + since_march + day - 1 - 719_468


@compiled
def moment(clock: Any, row: int, last_second: int) -> tuple[int, bool]:
    """Microseconds since 1970 of a column of `clock` (year to second, microsecond), and whether it is a time."""
    year, month, day = clock[0, row], clock[1, row], clock[2, row]
    if not (1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= days_of_month(year, month)):
        return 0, False
    hour, minute, second, fraction = clock[3, row], clock[4, row], clock[5, row], clock[6, row]
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= last_second and 0 <= fraction <= 999_999):
        return 0, False
    seconds = days_since_1970(year, month, day) * 86_400 + (hour * 60 + minute) * 60 + second
    return seconds * 1_000_000 + fraction, True


@compiled
def moments(clock: Places, last_second: int) -> tuple[Places, Flags]:
    """`moment` for every column of `clock`, shape (7, n)."""
    time = np.zeros(clock.shape[1], np.int64)
    valid = np.zeros(clock.shape[1], np.bool_)
    for row in range(time.size):
        time[row], valid[row] = moment(clock, row, last_second)
    return time, valid


@compiled
def tag_bytes(buffer: Bytes, at: int, stop: int) -> int:
    """Bytes of a tag `[...]:`; 0 where none stands there."""
    if at >= stop or buffer[at] != _OPEN:
        return 0
    for place in range(at + 1, stop - 1):
        character = buffer[place]
        if character == _CLOSE:
            return place + 2 - at if buffer[place + 1] == _COLON else 0
        if character in (_TAB, _LINE_FEED):
            return 0
    return 0


@compiled
def read_stamps(
    buffer: Bytes, start: Places, stop: Places, template: Bytes, longest_tag: int
) -> tuple[Places, Any, Places]:
    """Time, marks (stamped, valid, tagged; shape (3, n)) and first byte of the payload: see `ingest.dcl`."""
    time = np.zeros(start.size, np.int64)
    marks = np.zeros((3, start.size), np.bool_)
    payload = start.copy()
    clock = np.zeros((7, 1), np.int64)
    for row in range(start.size):
        at, end = start[row] + template.size, stop[row]
        # One decimal and the blank are the least that can follow the seconds.
        if end - at < 2 or not fill_template(buffer, start[row], template, clock, 0):
            continue
        fraction, scale = np.int64(0), np.int64(1_000_000)
        while at < end and scale > 1 and _ZERO <= byte_at(buffer, at) <= _NINE:
            scale //= 10
            fraction += (np.int64(buffer[at]) - _ZERO) * scale
            at += 1
        if scale == 1_000_000 or at >= end or buffer[at] != _SPACE:
            continue
        clock[6, 0] = fraction
        marks[0, row] = True
        time[row], marks[1, row] = moment(clock, 0, 60)
        tag = tag_bytes(buffer, at + 1, min(end, at + 1 + longest_tag))
        marks[2, row] = tag > 0
        payload[row] = at + 1 + tag
    return time, marks, payload
