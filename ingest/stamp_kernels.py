"""Compiled loops over dates and logger stamps; see `ingest.text_kernels` for what they take."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.compiled import compiled
from ingest.text_kernels import byte_at

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
    """Time, marks (stamped, valid, tagged; shape (3, n)) and first byte of the payload: see `ingest.dcl`."""
    time = np.zeros(start.size, np.int64)
    marks = np.zeros((3, start.size), np.bool_)
    payload = start.copy()
    clock = np.zeros((7, 1), np.int64)
    for row in range(start.size):
        at, end = start[row] + _STAMP_BYTES, stop[row]
        # One decimal and the blank are the least that can follow the seconds.
        if end - at < 2 or not read_stamp(buffer, start[row], clock):
            continue
        fraction: Any = 0
        scale = 1_000_000
        while at < end and scale > 1 and _ZERO <= byte_at(buffer, at) <= _NINE:
            scale //= 10
            fraction += (np.int64(byte_at(buffer, at)) - _ZERO) * scale
            at += 1
        if scale == 1_000_000 or at >= end or byte_at(buffer, at) != _SPACE:
            continue
        clock[6, 0] = fraction
        marks[0, row] = True
        time[row], marks[1, row] = moment(clock, 0, 60)
        tag = tag_bytes(buffer, at + 1, min(end, at + 1 + longest_tag))
        marks[2, row] = tag > 0
        payload[row] = at + 1 + tag
    return time, marks, payload
