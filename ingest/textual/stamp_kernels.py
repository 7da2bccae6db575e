"""Compiled loops over dates and logger stamps; see `ingest.textual.text_kernels` for what they take."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.compiled import compiled
from ingest.textual.text_kernels import byte_at

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Flags = NDArray[np.bool_]

_SPACE, _TAB, _LINE_FEED, _COLON, _SLASH, _POINT = 32, 9, 10, 58, 47, 46
_STAMP_BYTES = 20  # up to the point before the fraction
_ZERO, _NINE, _OPEN, _CLOSE = 48, 57, 91, 93


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
def two_digits(buffer: Bytes, at: int) -> int:
    """Whole number of two digits; below -100 where one is none."""
    tens: Any = np.int64(byte_at(buffer, at)) - _ZERO
    ones: Any = np.int64(byte_at(buffer, at + 1)) - _ZERO
    return tens * 10 + ones if 0 <= tens <= 9 and 0 <= ones <= 9 else -10_000


@compiled
def read_stamp(buffer: Bytes, at: int, clock: Any) -> bool:
    """Whether `YYYY/MM/DD HH:MM:SS.` stands there; its numbers become the first column of `clock`."""
    if byte_at(buffer, at + 4) != _SLASH or byte_at(buffer, at + 7) != _SLASH or byte_at(buffer, at + 10) != _SPACE:
        return False
    if byte_at(buffer, at + 13) != _COLON or byte_at(buffer, at + 16) != _COLON or byte_at(buffer, at + 19) != _POINT:
        return False
    worst = two_digits(buffer, at)
    clock[0, 0] = worst * 100 + two_digits(buffer, at + 2)
    worst = min(worst, clock[0, 0])
    for part in range(1, 6):
        clock[part, 0] = two_digits(buffer, at + 2 + 3 * part)
        worst = min(worst, clock[part, 0])
    return bool(worst >= 0)


@compiled
def read_stamps(buffer: Bytes, start: Places, stop: Places, longest_tag: int) -> tuple[Places, Any, Places]:
    """Time, marks (stamped, valid, tagged; shape (3, n)) and first byte of the payload: see `ingest.textual.dcl`."""
    time = np.zeros(start.size, np.int64)
    marks = np.zeros((3, start.size), np.bool_)
    payload = start.copy()
    clock = np.zeros((7, 1), np.int64)
    for row in range(start.size):
        at, end = start[row] + _STAMP_BYTES, stop[row]
        # One decimal is the least that can follow the seconds.
        if end - at < 1 or not read_stamp(buffer, start[row], clock):
            continue
        fraction: Any = 0
        scale = 1_000_000
        while at < end and scale > 1 and _ZERO <= byte_at(buffer, at) <= _NINE:
            scale //= 10
            fraction += (np.int64(byte_at(buffer, at)) - _ZERO) * scale
            at += 1
        # A stamp with nothing behind it may have lost its blank to an editor.
        if scale == 1_000_000 or (at < end and byte_at(buffer, at) != _SPACE):
            continue
        at += at < end
        clock[6, 0] = fraction
        marks[0, row] = True
        time[row], marks[1, row] = moment(clock, 0, 60)
        tag = tag_bytes(buffer, at, min(end, at + longest_tag))
        marks[2, row] = tag > 0
        payload[row] = at + tag
    return time, marks, payload


LITERAL, DIGITS, FRACTION, SHORT_YEAR, SHORT_MONTH, LONG_MONTH, HALF_DAY, TEXT = range(8)
KINDS = {"f": FRACTION, "y": SHORT_YEAR, "b": SHORT_MONTH, "B": LONG_MONTH, "p": HALF_DAY}
"""What an item of a time is, by strptime's code; digits where none is named."""
SLOTS = {"Y": 0, "y": 0, "m": 1, "b": 1, "B": 1, "d": 2, "H": 3, "M": 4, "S": 5, "f": 6, "I": 7, "p": 8, "j": 9}
UNUSED = 10
"""Row of `clock` that receives a code's number; the first seven are those of `moment`."""
FITS, NO_TIME, OTHER_FORM = range(3)

_MONTHS = (b"january", b"february", b"march", b"april", b"may", b"june", b"july", b"august", b"september", b"october",
           b"november", b"december")  # fmt: skip
_NAMES = np.array([list(name.ljust(9)) for name in _MONTHS], dtype=np.uint8)
_NAME_BYTES = np.array([len(name) for name in _MONTHS])
_SMALL, _SMALL_P, _LAST_CENTURY = 32, 112, 69  # POSIX: years 69 to 99 are of the last century


@compiled
def letter_at(buffer: Bytes, place: int) -> int:
    """Small letter at a place; 0 where there is none."""
    small: Any = np.int64(byte_at(buffer, place)) | _SMALL
    return small if 97 <= small <= 122 else 0


@compiled
def month_named(buffer: Bytes, start: int, stop: int, kind: int) -> int:
    """Number of the month of that name, or of its first three letters; 0 for none."""
    for month in range(12):
        same = stop - start == (3 if kind == SHORT_MONTH else _NAME_BYTES[month])
        for place in range(stop - start):
            same = same and letter_at(buffer, start + place) == _NAMES[month, place]
        if same:
            return month + 1
    return 0


@compiled
def word_value(buffer: Bytes, start: int, stop: int, kind: int) -> Any:
    """Number that a word means: of a month, 1 for PM, 0 for AM; -1 for no word of its kind."""
    if kind == HALF_DAY:
        first = letter_at(buffer, start) if stop - start == 2 else 0
        fits = first in (97, _SMALL_P) and letter_at(buffer, start + 1) == 109
        return np.int64(first == _SMALL_P) if fits else np.int64(-1)
    return np.int64(month_named(buffer, start, stop, kind))


@compiled
def number_value(total: Any, digits: int, kind: int) -> Any:
    """Fractions of a second to microseconds, years of two digits to four; everything else as it is."""
    if kind == SHORT_YEAR:
        return total + (1900 if total >= _LAST_CENTURY else 2000)
    for _ in range(digits, 6 if kind == FRACTION else 0):
        total *= 10
    for _ in range(6, digits if kind == FRACTION else 0):
        total //= 10
    return total


@compiled
def take_item(buffer: Bytes, at: int, stop: int, item: tuple[int, int, int]) -> tuple[int, Any]:
    """Byte after an item, -1 where it does not stand there, and its number."""
    kind, least, most = item
    end = at
    total: Any = np.int64(0)
    upto = min(stop, at + most)
    if kind >= SHORT_MONTH:
        while end < upto and letter_at(buffer, end):
            end += 1
        total = word_value(buffer, at, end, kind) if end - at >= least else np.int64(-1)
        return (end if total >= 0 else -1), total
    while end < upto:
        digit: Any = np.int64(byte_at(buffer, end)) - _ZERO
        if digit < 0 or digit > 9:
            break
        total = total * 10 + digit
        end += 1
    return (end if end - at >= least else -1), number_value(total, end - at, kind)


@compiled
def read_items(buffer: Bytes, bounds: Places, items: Places, clock: Places) -> bool:
    """Whether texts have the form of the items, whose numbers go to `clock`.

    An item is its kind, a character, least and most characters, a row of `clock`. One of kind `TEXT` ends a text, and
    starts the one of that number in `bounds`.
    """
    at: Any = np.int64(0)
    end: Any = np.int64(0)
    for number in range(items.shape[0]):
        kind, what = items[number, 0], items[number, 1]
        if kind == TEXT:
            if at != end:
                return False
            at, end = bounds[0, what], bounds[1, what]
        elif kind == LITERAL:
            if at >= end or byte_at(buffer, at) != what:
                return False
            at += 1
        else:
            at, value = take_item(buffer, at, end, (kind, items[number, 2], items[number, 3]))
            if at < 0:
                return False
            clock[items[number, 4], 0] = value
    return bool(at == end)


@compiled
def settle_clock(clock: Places, form: tuple[bool, bool, int, int]) -> tuple[int, int]:
    """Microseconds since 1970 of what `read_items` found, and `FITS` or `NO_TIME`.

    `form` tells whether hours go to 12, whether days are those of the year, and the first and last year.
    """
    halves, ordinal, first_year, last_year = form
    year, hour, day = clock[0, 0], clock[7, 0], clock[9, 0]
    within = first_year <= year <= last_year
    if halves:
        within = within and 1 <= hour <= 12
        clock[3, 0] = hour % 12 + 12 * clock[8, 0]
    if ordinal:
        clock[1, 0], clock[2, 0] = 1, 1
        within = within and 1 <= day <= 337 + days_of_month(year, 2)
    time, valid = moment(clock, 0, 59)
    if not (within and valid):
        return 0, NO_TIME
    return time + ((day - 1) * 86_400_000_000 if ordinal else 0), FITS


@compiled
def read_clock(
    buffer: Bytes, bounds: Places, items: Places, clock: Places, form: tuple[bool, bool, int, int]
) -> tuple[int, int]:
    """Microseconds since 1970 of texts of the form of items, and `FITS`, `NO_TIME` or `OTHER_FORM`."""
    clock[:, 0] = 0
    clock[1, 0], clock[2, 0] = 1, 1
    if not read_items(buffer, bounds, items, clock):
        return 0, OTHER_FORM
    return settle_clock(clock, form)


@compiled
def read_clocks(buffer: Bytes, start: Places, stop: Places, items: Places, form: tuple[bool, bool, int, int]) -> Places:
    """`read_clock` for many, where `start` and `stop` have shape (texts, n); shape (2, n)."""
    time = np.empty((2, start.shape[1]), np.int64)
    clock = np.zeros((UNUSED + 1, 1), np.int64)
    bounds = np.empty((2, start.shape[0]), np.int64)
    for row in range(start.shape[1]):
        bounds[0], bounds[1] = start[:, row], stop[:, row]
        time[0, row], time[1, row] = read_clock(buffer, bounds, items, clock, form)
    return time
