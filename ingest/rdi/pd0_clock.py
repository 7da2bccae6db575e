"""Clocks of Teledyne RDI PD0 ensembles, read in one compiled pass."""

import numpy as np
from numpy.typing import NDArray

from ingest.compiled import compiled
from ingest.text import Bytes, Places
from ingest.textual.stamp_kernels import moment
from ingest.timecode import Times

_FIRST_YEAR, _LAST_YEAR = 1980, 2079
"""Both clocks are believed for the years that two digits can tell; firmware may leave the century empty."""


def read_clocks(clock: Bytes, century_clock: Bytes | None) -> tuple[Times, NDArray[np.bool_]]:
    """Time of each ensemble: from the clock with century where it is there and valid, else from the other.

    Parameters
    ----------
    clock : ndarray of uint8, shape (n, 7)
        Year of two digits, month, day, hour, minute, second, hundredths.
    century_clock : ndarray of uint8, shape (n, 8)
        Century, and the same.

    Returns
    -------
    time : ndarray of datetime64[us], shape (n,)
        1970-01-01 where neither is a time.
    valid : ndarray of bool, shape (n,)
    """
    time, valid = _read(clock, clock[:, :0] if century_clock is None else century_clock)
    return time.view("datetime64[us]"), valid


@compiled
def _read(clock: Bytes, century_clock: Bytes) -> tuple[Places, NDArray[np.bool_]]:
    time, valid = np.zeros(len(clock), np.int64), np.zeros(len(clock), np.bool_)
    fields = np.empty((7, 1), np.int64)
    for row in range(time.size):
        if century_clock.shape[1]:
            for part in range(7):
                fields[part, 0] = century_clock[row, part + 1]
            fields[0, 0] += 100 * np.int64(century_clock[row, 0])
            fields[6, 0] *= 10_000
            time[row], valid[row] = moment(fields, 0, 59)
            valid[row] &= _FIRST_YEAR <= fields[0, 0] <= _LAST_YEAR
        if not valid[row]:
            for part in range(7):
                fields[part, 0] = clock[row, part]
            # The years of the instrument's lifetime.
            fields[0, 0] += 2000 if fields[0, 0] < _FIRST_YEAR - 1900 else 1900
            fields[6, 0] *= 10_000
            time[row], valid[row] = moment(fields, 0, 59)
            valid[row] &= _FIRST_YEAR <= fields[0, 0] <= _LAST_YEAR
    return time, valid
