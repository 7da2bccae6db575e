"""Compiled loops over the lines of PD8 tables: see `ingest.rdi.pd8_lines` for what they are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.compiled import compiled
from ingest.textual.form_kernels import SPACES, run_of, take_digits, take_number

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Values = NDArray[np.float64]

NOT_PLAIN = -1
"""In place of a bin's number: the line starts as one and has something else in it than plain numbers."""

_MOST_DIGITS = 3  # of a bin's number and of an echo
_DECIMAL, _VALUES = 6, 10  # direction and velocities first, echoes behind
_NUMBER = (9, 0, 6)  # digits before the point, and the fewest and most behind it
_SHORTEST = 2 * _VALUES + 1


@compiled
def read_bin(buffer: Bytes, at: int, stop: int, values: Values) -> tuple[int, int]:
    """Number of the bin in a line and the byte behind its last value; `NOT_PLAIN`, or 0 where it starts otherwise.

    `values` receives the values.
    """
    at = run_of(buffer, at, stop, SPACES)
    end, number = take_digits(buffer, at, min(stop, at + _MOST_DIGITS), np.int64(0))
    if end == at or run_of(buffer, end, stop, SPACES) == end:
        return 0, 0
    for place in range(_VALUES):
        at = run_of(buffer, end, stop, SPACES)
        if at == end:
            return NOT_PLAIN, 0
        value: Any = 0.0
        if place < _DECIMAL:
            end, value = take_number(buffer, at, stop, _NUMBER)
        else:
            end, value = take_digits(buffer, at, min(stop, at + _MOST_DIGITS), np.int64(0))
        if end <= at:
            return NOT_PLAIN, 0
        values[place] = value
    return (number, end) if run_of(buffer, end, stop, SPACES) == stop else (NOT_PLAIN, 0)


@compiled
def read_bins(buffer: Bytes, start: Places, stop: Places) -> tuple[Places, Places, Places, Values]:
    """Of each line the number of its bin, its width without blanks behind, and where its values are; values (10, m)."""
    number = np.empty(start.size, np.int64)
    width = np.zeros(start.size, np.int64)
    place = np.zeros(start.size, np.int64)
    # Room that is not needed is never touched, and costs nothing.
    value = np.empty((_VALUES, min(start.size, int((stop - start).sum()) // _SHORTEST)), np.float64)
    values = np.empty(_VALUES, np.float64)
    taken = 0
    for row in range(start.size):
        number[row], end = read_bin(buffer, start[row], stop[row], values)
        if end == 0:
            continue
        width[row], place[row] = end - start[row], taken
        value[:, taken] = values
        taken += 1
    return number, width, place, value[:, :taken]


@compiled
def are_blank(buffer: Bytes, start: Places, stop: Places) -> NDArray[np.bool_]:
    """Where nothing but white space stands."""
    blank = np.empty(start.size, np.bool_)
    for row in range(start.size):
        blank[row] = run_of(buffer, start[row], stop[row], SPACES) == stop[row]
    return blank
