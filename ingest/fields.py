"""Fields of delimited text and the numbers in them, vectorised, in time linear in their bytes whatever they hold."""

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.text import Bytes, Columns, Places, matrix, same_shape, turn, whole_numbers

WIDEST_NUMBER = 24
MOST_DIGITS = 15
"""Above this many digits a decimal number is not exact in float64 by the rule used here; no instrument prints them."""

_POINT, _COMMA, _MINUS, _PLUS, _SPACE, _TAB, _ZERO = 46, 44, 45, 43, 32, 9, 48


class Fields(NamedTuple):
    """Stretches with the wanted number of fields: `row` are their numbers, shape (m,); the bounds have shape (k, m)."""

    row: Places
    start: Places
    stop: Places


def split_fields(buffer: Bytes, start: Places, stop: Places, separator: int, count: int) -> Fields:
    """Split those stretches of text that have exactly `count` fields.

    Parameters
    ----------
    buffer : ndarray of uint8
        The text.
    start, stop : ndarray of int64, shape (n,)
        Stretches, one after the other and not overlapping.
    separator
        Byte between fields.
    count
        Fields wanted, at least 1.
    """
    places = np.flatnonzero(buffer == separator)
    first = np.searchsorted(places, start)
    row = np.flatnonzero(np.searchsorted(places, stop) - first == count - 1)
    between = places[first[row] + np.arange(count - 1)[:, None]]
    starts = np.concatenate((start[None, row], between + 1))
    stops = np.concatenate((between, stop[None, row]))
    return Fields(row, starts, stops)


def count_fields(buffer: Bytes, start: Places, stop: Places, separator: int) -> Places:
    """How many fields each stretch has, shape (n,)."""
    places = np.flatnonzero(buffer == separator)
    counts: Places = np.searchsorted(places, stop) - np.searchsorted(places, start) + 1
    return counts


def strip_blanks(buffer: Bytes, start: Places, stop: Places, most: int = 12) -> tuple[Places, Places]:
    """Bounds without blanks and tabs at either end, at most so many of them at each."""
    start, stop = start.copy(), stop.copy()
    for _ in range(most):
        before = (start < stop) & _is_blank(buffer, start)
        start += before
        behind = (start < stop) & _is_blank(buffer, stop - 1)
        stop -= behind
        if not (before.any() or behind.any()):
            break
    return start, stop


def _is_blank(buffer: Bytes, at: Places) -> NDArray[np.bool_]:
    if not buffer.size:
        return np.zeros(at.shape, dtype=bool)
    character = buffer[np.clip(at, 0, buffer.size - 1)]
    blank: NDArray[np.bool_] = (character == _SPACE) | (character == _TAB)
    return blank


class Numbers(NamedTuple):
    """Decimal numbers, each array shaped as the bounds given: `value` is 0 where `valid` is not.

    `decimals` counts the digits after the point.
    """

    value: NDArray[np.float64]
    decimals: NDArray[np.int8]
    valid: NDArray[np.bool_]


def numbers(buffer: Bytes, start: Places, stop: Places, point: int = _POINT) -> Numbers:
    """Decimal numbers with an optional sign and an optional point: the same float64 as `float(text)`.

    An exponent, a blank or no digit at all makes a field invalid; so do more than 15 digits.

    Parameters
    ----------
    buffer : ndarray of uint8
        The text.
    start, stop : ndarray of int64, any shape
        Fields.
    point
        The decimal sign: a point, or a comma in some countries.
    """
    shape = start.shape
    start, stop = start.ravel(), stop.ravel()
    value = np.zeros(start.size)
    decimals = np.zeros(start.size, dtype=np.int8)
    valid = np.zeros(start.size, dtype=bool)
    widths = np.clip(stop - start, 0, WIDEST_NUMBER + 1)
    for width in np.flatnonzero(np.bincount(widths, minlength=WIDEST_NUMBER + 2)[1 : WIDEST_NUMBER + 1]) + 1:
        rows = np.flatnonzero(widths == width)
        columns = turn(matrix(buffer, start[rows], int(width)))
        for chosen, digits, negative, after in _forms(columns, point):
            at = rows[chosen]
            whole = whole_numbers(columns[digits][:, chosen]) / 10.0**after
            value[at] = -whole if negative else whole
            decimals[at] = after
            valid[at] = True
    return Numbers(value.reshape(shape), decimals.reshape(shape), valid.reshape(shape))


def _forms(columns: Columns, point: int) -> list[tuple[Places, list[int], bool, int]]:
    """Sort numbers of one width by sign and place of the point.

    Returns for each form the rows that have it, the places of its digits, whether it is negative, and its decimals.
    """
    width = columns.shape[0]
    is_point = columns == point
    is_digit = (columns - np.uint8(_ZERO)) < 10
    signed = (columns[0] == _MINUS) | (columns[0] == _PLUS)
    points = is_point.sum(axis=0, dtype=np.int16)
    digits = is_digit.sum(axis=0, dtype=np.int16)
    good = (digits + points + signed == width) & (points <= 1) & (digits > 0) & (digits <= MOST_DIGITS)
    # Where the point is, `width` without one; the sign tells forms of one point apart.
    place = np.where(points == 1, is_point.argmax(axis=0), width)
    code = np.where(good, place + (width + 1) * (signed.astype(np.int64) + (columns[0] == _MINUS)), -1)
    forms = []
    for form in np.unique(code[good]).tolist():
        sign, at = divmod(form, width + 1)
        held = [one for one in range(1 if sign else 0, width) if one != at]
        forms.append((np.flatnonzero(code == form), held, sign == 2, max(width - 1 - at, 0)))
    return forms


def read_clock(
    buffer: Bytes, start: Places, stop: Places, template: bytes
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Whole numbers at fixed places, such as those of a date or a time of day.

    Parameters
    ----------
    buffer : ndarray of uint8
        The text.
    start, stop : ndarray of int64, shape (n,)
        Fields.
    template
        Such as `b"00/00/00"`: digits where digits are, the very characters elsewhere.

    Returns
    -------
    values : ndarray of int64, shape (k, n)
        One row for each run of digits of the template; 0 where the field does not fit.
    fits : ndarray of bool, shape (n,)
    """
    spans = [match.span() for match in re.finditer(rb"\d+", template)]
    values = np.zeros((len(spans), start.size), dtype=np.int64)
    fits = stop - start == len(template)
    rows = np.flatnonzero(fits)
    columns = turn(matrix(buffer, start[rows], len(template)))
    alike = same_shape(columns, template)
    fits[rows] = alike
    for place, span in enumerate(spans):
        values[place, rows[alike]] = whole_numbers(columns[slice(*span)][:, alike])
    return values, fits
