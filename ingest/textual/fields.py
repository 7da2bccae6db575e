"""Fields of delimited text and the numbers in them, in one pass over the bytes whatever they hold."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest import pages
from ingest.text import Bytes, Places

WIDEST_NUMBER = 24
MOST_DIGITS = 15
"""Above this many digits a decimal number is not exact in float64 by the rule used here; no instrument prints them."""

_POINT = 46
_MOST_BLANKS = 12


def flat(places: Places) -> Places:
    """Bounds of any shape as one row, as kernels take them."""
    return np.ascontiguousarray(places, dtype=np.int64).ravel()


def strip_blanks(buffer: Bytes, start: Places, stop: Places, most: int = _MOST_BLANKS) -> tuple[Places, Places]:
    """Bounds without blanks and tabs at either end, at most so many of them at each."""
    from ingest.compiled import sealed
    from ingest.textual.text_kernels import strip_all

    first, last = strip_all(sealed(buffer), flat(start), flat(stop), most)
    return first.reshape(start.shape), last.reshape(start.shape)


class Numbers(NamedTuple):
    """Decimal numbers, each array shaped as the bounds given: `value` is 0 where `valid` is not.

    `decimals` counts the digits after the point.
    """

    value: NDArray[np.float64]
    decimals: NDArray[np.int8]
    valid: NDArray[np.bool_]


def numbers(buffer: Bytes, start: Places, stop: Places, point: int = _POINT) -> Numbers:
    """Decimal numbers with an optional sign and an optional point: the same float64 as `float(text)`.

    A whole number of at most 15 digits and a power of ten up to 10^22 are both exact in float64, and a division rounds
    once, which gives the float64 nearest to the decimal number. An exponent, a blank or no digit at all makes a field
    invalid; so do more than 15 digits.

    Parameters
    ----------
    buffer : ndarray of uint8
        The text.
    start, stop : ndarray of int64, any shape
        Fields.
    point
        The decimal sign: a point, or a comma in some countries.
    """
    from ingest.compiled import sealed
    from ingest.textual.text_kernels import read_numbers

    read = read_numbers(sealed(buffer), flat(start), flat(stop), point)
    value, decimals, valid = read
    return Numbers(value.reshape(start.shape), decimals.reshape(start.shape), valid.reshape(start.shape))


class Table(NamedTuple):
    """Stretches with the wanted number of fields, and the numbers in them.

    Attributes
    ----------
    row : shape (m,)
        Their numbers among all stretches.
    value, decimals : shape (k, m)
        Numbers, as `numbers` reads them, and their digits after the point; 0 and -1 where a field is no number, or one
        of the texts.
    width : uint8, shape (k, m)
        Bytes of each field, blanks left out where they were to be; at most 255.
    start, stop : shape (number of texts, m)
        Bounds of the texts.
    numeric : shape (m,)
        Where all fields but the texts are numbers.
    """

    row: Places
    value: NDArray[np.float64]
    decimals: NDArray[np.int8]
    width: NDArray[np.uint8]
    start: Places
    stop: Places
    numeric: NDArray[np.bool_]


def read_table(
    buffer: Bytes,
    bounds: tuple[Places, Places],
    separator: int,
    count: int,
    *,
    texts: Sequence[int] = (),
    blanks: bool = False,
) -> Table:
    """Split and read those stretches of text that have exactly `count` fields, at one go.

    Parameters
    ----------
    buffer : ndarray of uint8
        The text.
    bounds : pair of ndarray of int64, shape (n,)
        Where stretches start and stop.
    separator
        Byte between fields.
    count
        Fields wanted, at least 1.
    texts
        Places of fields that are no numbers; counted from the end if negative.
    blanks
        Whether blanks and tabs around a field, at most 12 on either side, do not belong to it.
    """
    from ingest.compiled import sealed
    from ingest.textual import text_kernels

    kinds = np.full(count, -1, dtype=np.int64)
    kinds[list(texts)] = np.arange(len(texts))
    form = (separator, count, _POINT, _MOST_BLANKS if blanks else 0)
    row, value, decimals, width, held = text_kernels.read_table(
        sealed(buffer), flat(bounds[0]), flat(bounds[1]), form, kinds
    )
    numeric = np.ones(row.size, dtype=bool)
    for place in np.flatnonzero(kinds < 0).tolist():
        numeric &= decimals[place] >= 0
    return Table(row, value, decimals, width, held[0], held[1], numeric)


def read_whole_rows(
    buffer: Bytes, start: Places, stop: Places, separator: int, shape: tuple[int, int]
) -> tuple[Places, NDArray[np.int64]]:
    """Read those stretches of text that are so many whole numbers, with or without a minus.

    Parameters
    ----------
    buffer : ndarray of uint8
        The text.
    start, stop : ndarray of int64, shape (n,)
        Stretches.
    separator
        Byte between numbers; one may also follow the last.
    shape
        How many numbers, and the most digits of each, at most 18.

    Returns
    -------
    row : ndarray of int64, shape (m,)
        Numbers of these stretches among all.
    values : ndarray of int64, shape (m, count)
    """
    from ingest.compiled import sealed
    from ingest.textual import table_kernels

    count, digits = shape
    long = np.flatnonzero(stop - start >= 2 * count - 1)
    values = pages.empty((long.size, count), np.int64)
    bounds = flat(start[long]), flat(stop[long])
    rows = table_kernels.read_whole_rows(sealed(buffer), *bounds, (separator, digits), values)
    return long[rows], values[: rows.size]


def sum_bytes(buffer: Bytes, start: Places, stop: Places) -> Places:
    """Sum of the bytes of each stretch, shape (n,), as checksums need it."""
    from ingest.compiled import sealed
    from ingest.textual import text_kernels

    return text_kernels.sum_bytes(sealed(buffer), flat(start), flat(stop))


def are_hex(buffer: Bytes, start: Places, stop: Places) -> NDArray[np.bool_]:
    """Where nothing but hexadecimal digits stands, shape (n,)."""
    from ingest.compiled import sealed
    from ingest.textual import text_kernels

    return text_kernels.are_hex(sealed(buffer), flat(start), flat(stop))


def join_hex(buffer: Bytes, start: Places, stop: Places) -> tuple[Bytes, Places]:
    """Bytes that stretches of pairs of hexadecimal digits mean, joined, and where each starts and ends; shape (n+1)."""
    from ingest.compiled import sealed
    from ingest.textual import text_kernels

    joined = text_kernels.join_hex(sealed(buffer), flat(start), flat(stop))
    return joined, np.concatenate(([0], np.cumsum((stop - start) // 2)))


def pick(good: NDArray[np.bool_]) -> slice | Places:
    """Index of what is good: everything, where all is, so that nothing has to be gathered."""
    return slice(None) if good.all() else np.flatnonzero(good)


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
    from ingest.compiled import sealed
    from ingest.textual.stamp_kernels import read_templates

    runs = len(re.findall(rb"\d+", template))
    return read_templates(sealed(buffer), flat(start), flat(stop), np.frombuffer(template, dtype=np.uint8), runs)
