"""Clocks of Nortek's instruments: the bytes in their records to times, in one pass, each hour reckoned once."""

import numpy as np
from numpy.typing import NDArray

from ingest import pages
from ingest.compiled import compiled
from ingest.text import Bytes, Places
from ingest.textual.stamp_kernels import days_of_month, days_since_1970
from ingest.timecode import Times

Flags = NDArray[np.bool_]

_MICROSECONDS_PER_DAY = 86_400_000_000
_NONE = 100  # for what is no decimal: too much for a field of any kind
_DECIMAL = np.array([high * 10 + low if max(high, low) <= 9 else _NONE for high in range(16) for low in range(16)])
"""Numbers that bytes stand for."""


def decimal_times(buffer: Bytes, start: Places, first: int) -> tuple[Times, Flags]:
    """Times from binary coded decimals: minute, second, day, hour, year, month.

    Parameters
    ----------
    buffer
        The block.
    start : ndarray of int64, shape (n,)
        First bytes of the records.
    first
        First byte of the clock in a record.

    Returns
    -------
    time : ndarray of datetime64[us], shape (n,)
        1970-01-01 where the fields are not a time. Years from 90 on are those of the last century.
    valid : ndarray of bool, shape (n,)
        Where they are one.
    """
    time, valid = pages.empty(start.size, np.int64), np.empty(start.size, np.bool_)
    _decimal_times(buffer, start, first, time, valid)
    return time.view("datetime64[us]"), valid


def counted_times(buffer: Bytes, start: Places, first: int) -> tuple[Places, Flags]:
    """Microseconds from bytes: years since 1900, month from 0, day, hour, minute, second, a word of 100 microseconds.

    See `decimal_times`; 0 where the fields are not a time.
    """
    time, valid = _counted_times(buffer, start, first)
    return time, valid


@compiled
def _midnight(year: int, month: int, day: int) -> tuple[int, bool]:
    """Microseconds from 1970 to the start of a day, and whether there is such a day."""
    if not (1 <= month <= 12 and 1 <= day <= days_of_month(year, month)):
        return 0, False
    return days_since_1970(year, month, day) * _MICROSECONDS_PER_DAY, True


@compiled
def _decimal_times(buffer: Bytes, start: Places, first: int, time: Places, valid: Flags) -> None:
    before, full_hour, dated = np.int64(-1), 0, False
    for row in range(start.size):
        at = np.uint64(start[row] + first)
        day, hour = buffer[at + np.uint64(2)], buffer[at + np.uint64(3)]
        year, month = buffer[at + np.uint64(4)], buffer[at + np.uint64(5)]
        told = np.int64(day) | np.int64(hour) << 8 | np.int64(year) << 16 | np.int64(month) << 24
        if told != before:
            before, years = told, _DECIMAL[year]
            midnight, dated = _midnight(years + (1900 if years >= 90 else 2000), _DECIMAL[month], _DECIMAL[day])
            dated = dated and years != _NONE and _DECIMAL[hour] <= 23
            full_hour = midnight + _DECIMAL[hour] * 3_600_000_000
        minute, second = _DECIMAL[buffer[at]], _DECIMAL[buffer[at + np.uint64(1)]]
        good = dated and minute <= 59 and second <= 59
        time[row] = full_hour + (minute * 60 + second) * 1_000_000 if good else 0
        valid[row] = good


@compiled
def _counted_times(buffer: Bytes, start: Places, first: int) -> tuple[Places, Flags]:
    time, valid = np.zeros(start.size, np.int64), np.zeros(start.size, np.bool_)
    before, midnight, dated = np.int64(-1), 0, False
    for row in range(start.size):
        at = start[row] + first
        date = np.int64(buffer[at]) | np.int64(buffer[at + 1]) << 8 | np.int64(buffer[at + 2]) << 16
        if date != before:
            before = date
            midnight, dated = _midnight(buffer[at] + 1900, buffer[at + 1] + 1, int(buffer[at + 2]))
        hour, minute, second = np.int64(buffer[at + 3]), np.int64(buffer[at + 4]), np.int64(buffer[at + 5])
        fraction = np.int64(buffer[at + 6]) | np.int64(buffer[at + 7]) << 8
        if dated and hour <= 23 and minute <= 59 and second <= 59 and fraction <= 9999:
            time[row] = midnight + ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction * 100
            valid[row] = True
    return time, valid
