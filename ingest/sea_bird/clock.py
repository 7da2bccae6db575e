"""Dates as Sea-Bird instruments print them: `23 Nov 2013 00:00:21`."""

import numpy as np
from numpy.typing import NDArray

from ingest.text import Bytes, Places, matrix, same_shape, turn, whole_numbers
from ingest.timecode import Times, from_fields

PATTERN = rb"\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d"
WIDTH = 20
_MONTHS = b"JanFebMarAprMayJunJulAugSepOctNovDec"


def read_dates(buffer: Bytes, start: Places, stop: Places) -> tuple[Times, NDArray[np.bool_], NDArray[np.bool_]]:
    """Read dates that fill stretches of text, all results of shape (n,).

    Returns
    -------
    time : ndarray of datetime64[us]
        1970-01-01 where there is no time.
    fits : ndarray of bool
        Where a stretch has the form of a date.
    valid : ndarray of bool
        Where it also is a time of the calendar.
    """
    fits = stop - start == WIDTH
    rows = np.flatnonzero(fits)
    text = turn(matrix(buffer, start[rows], WIDTH))
    month = np.zeros(rows.size, dtype=np.int64)
    for number in range(12):
        letters = np.frombuffer(_MONTHS, np.uint8, 3, 3 * number)
        month[(text[3:6] == letters[:, None]).all(axis=0)] = number + 1
    shaped = same_shape(text[:3], b"00 ") & same_shape(text[6:], b" 0000 00:00:00") & (month > 0)
    fits[rows] = shaped
    rows, text = rows[shaped], text[:, shaped]
    day, year = whole_numbers(text[0:2]), whole_numbers(text[7:11])
    clock = (whole_numbers(text[12:14]), whole_numbers(text[15:17]), whole_numbers(text[18:20]))
    moment, sound = from_fields((year, month[shaped], day), clock)
    time = np.zeros(fits.size, dtype="datetime64[us]")
    valid = np.zeros(fits.size, dtype=bool)
    time[rows], valid[rows] = moment, sound
    return time, fits, valid
