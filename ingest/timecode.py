"""Instrument clocks: fields and counters to datetime64[us]."""

import datetime as calendar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Times = NDArray[np.datetime64]

SECONDS_PER_DAY = 86_400


def from_fields(
    date: tuple[ArrayLike, ArrayLike, ArrayLike],
    clock: tuple[ArrayLike, ArrayLike, ArrayLike],
    microsecond: ArrayLike = 0,
    *,
    second_60: bool = False,
) -> tuple[Times, NDArray[np.bool_]]:
    """Calendar fields to times.

    Parameters
    ----------
    date
        Year (four digits), month (1 to 12) and day of month (1 to 31), integers of shape (n,).
    clock
        Hour, minute and second, integers of shape (n,).
    microsecond
        Integer, shape (n,).
    second_60
        Whether second 60 may stand for the first of the next minute, as some loggers write it.

    Returns
    -------
    time : ndarray of datetime64[us], shape (n,)
        1970-01-01 where the fields are not a time.
    valid : ndarray of bool, shape (n,)
        Where the fields are a time of the calendar.
    """
    from ingest.textual.stamp_kernels import moments

    fields = np.broadcast_arrays(*date, *clock, microsecond)
    columns = np.array([field.ravel() for field in fields], dtype=np.int64)
    time, valid = moments(columns, 60 if second_60 else 59)
    return time.view("datetime64[us]").reshape(fields[0].shape), valid.reshape(fields[0].shape)


def microseconds(
    date: tuple[int, int, int], clock: tuple[int, int, int], fraction: int = 0, last: int = 59
) -> int | None:
    """Microseconds since 1970 of one moment, None where it is none: `from_fields` for records that come one by one.

    `fraction` counts microseconds; `last` is the last second of a minute, 60 for some loggers.
    """
    try:
        days = calendar.date(*date).toordinal() - _ORDINAL_OF_1970
    except (ValueError, OverflowError):
        return None
    hour, minute, second = clock
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= last and 0 <= fraction <= 999_999):
        return None
    return (days * SECONDS_PER_DAY + (hour * 60 + minute) * 60 + second) * 1_000_000 + fraction


_ORDINAL_OF_1970 = calendar.date(1970, 1, 1).toordinal()


def from_seconds(seconds: ArrayLike, epoch: str) -> Times:
    """Whole seconds since an epoch to times.

    Parameters
    ----------
    seconds : integers, shape (n,)
        As the instrument counts them.
    epoch
        ISO 8601 date, such as "2000-01-01" for Sea-Bird's clocks.
    """
    elapsed = np.asarray(seconds, dtype=np.int64) * 1_000_000
    elapsed += np.datetime64(epoch, "us").astype(np.int64)
    return elapsed.view("datetime64[us]")
