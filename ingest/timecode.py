"""Instrument clocks: fields and counters to datetime64[us]."""

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
    year, month, day = (np.asarray(field, dtype=np.int64) for field in date)
    hour, minute, second = (np.asarray(field, dtype=np.int64) for field in clock)
    fraction = np.asarray(microsecond, dtype=np.int64)
    valid = _within(year, 1, 9999) & _within(month, 1, 12)
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    following = (months + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int64)
    valid &= _within(day, 1, following - first) & _within(hour, 0, 23) & _within(minute, 0, 59)
    valid &= _within(second, 0, 60 if second_60 else 59) & _within(fraction, 0, 999_999)
    seconds = (first + day - 1) * SECONDS_PER_DAY + (hour * 60 + minute) * 60 + second
    return np.where(valid, seconds * 1_000_000 + fraction, 0).astype("datetime64[us]"), valid


def _within(value: NDArray[np.int64], low: int, high: int | NDArray[np.int64]) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (value >= low) & (value <= high)
    return inside


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
    return np.datetime64(epoch, "us") + elapsed.astype("timedelta64[us]")
