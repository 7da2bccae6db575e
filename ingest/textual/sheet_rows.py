"""Rows of sheets that people made: those of plain cells in one compiled pass, so that only the others are read singly.

A row is usual where it has no quote and nothing else that `csv` treats in its own way: then cells are what stands
between separators, whatever the text around them. What is no plain number there is left to who knows the layout.
"""

import csv
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.text import CARRIAGE_RETURN, LINE_FEED, Bytes, Lines, Places, group_alike
from ingest.textual.fields import flat
from ingest.timecode import Times

_UNUSUAL = b'"\0\xef'  # a quote, what is taken out of text, the first byte of a byte order mark
_FEW = 64
_MISSING = (b"NaN", b"nan", b"NAN")


def bound_rows(rest: bytes) -> Lines:
    """Find the rows of a whole sheet, of any length: they end with CR, LF or CRLF, as in `bytes.splitlines`."""
    buffer = np.frombuffer(rest, dtype=np.uint8)
    ends = np.flatnonzero(buffer == LINE_FEED)
    paired = ends[(ends > 0) & (buffer[ends - 1] == CARRIAGE_RETURN)]
    is_return = buffer == CARRIAGE_RETURN
    if np.count_nonzero(is_return) > paired.size:
        returns = np.flatnonzero(is_return)
        ends = np.sort(np.concatenate((ends, np.setdiff1d(returns, paired - 1, assume_unique=True))))
    after = ends + 1
    if not rest.endswith((b"\r", b"\n")) and rest:
        after = np.append(after, buffer.size)
    start = np.concatenate((after[:0], [0], after[:-1]))[: after.size]
    stop = after.copy()
    stop[: ends.size] = ends - ((buffer[ends] == LINE_FEED) & (ends > 0) & (buffer[ends - 1] == CARRIAGE_RETURN))
    return Lines(start, stop, after)


def are_usual(rest: bytes, lines: Lines) -> NDArray[np.bool_]:
    """Which rows, shape (n,), `csv` splits at every separator and at nothing else."""
    usual = lines.next - lines.start <= csv.field_size_limit()
    for sign in _UNUSUAL:
        if sign in rest:
            at = np.flatnonzero(np.frombuffer(rest, dtype=np.uint8) == sign)
            usual[np.searchsorted(lines.start, at, "right") - 1] = False
    return usual


class Cells(NamedTuple):
    """Rows of the wanted number of cells.

    Attributes
    ----------
    row : ndarray of int64, shape (n,)
        Their numbers among all rows.
    value : ndarray of float64, shape (numbers, n)
        Decimal numbers with at most 15 digits; NaN where the cell is empty, says so, or is odd.
    start, stop : ndarray of int64, shape (texts, n)
        Bounds of texts without blanks around them.
    odd : ndarray of int64, shape (4, m)
        Other cells where numbers were to be: place among these rows, number of the value, bounds.
    """

    row: Places
    value: NDArray[np.float64]
    start: Places
    stop: Places
    odd: Places


def read_cells(
    buffer: Bytes, lines: Lines, chosen: Places, form: tuple[int, int], numbers: Sequence[int], texts: Sequence[int]
) -> Cells:
    """Read those of the chosen rows that have the wanted number of cells.

    Parameters
    ----------
    buffer : ndarray of uint8
        The sheet.
    lines
        All of its rows.
    chosen : ndarray of int64
        Numbers of usual rows.
    form
        Separator and cells of a row.
    numbers, texts
        Columns wanted, as numbers and as bounds.
    """
    from ingest.compiled import sealed
    from ingest.textual.sheet_kernels import read_sheet

    ends = np.cumsum([len(word) for word in _MISSING])
    words = np.array([len(_MISSING), *ends, *b"".join(_MISSING)], dtype=np.int64)
    values, held = (np.array(some, dtype=np.int64) for some in (numbers, texts))
    bounds = flat(lines.start[chosen]), flat(lines.stop[chosen])
    row, value, held, odd = read_sheet(sealed(buffer), bounds, form, values, held, words)
    return Cells(chosen[row], value, held[0], held[1], odd)


def judge_cells(buffer: Bytes, start: Places, stop: Places, judge: Callable[[bytes], int]) -> NDArray[np.int64]:
    """Numbers that a function gives to texts, shape (n,), to which any digit is as good as another."""
    found = np.empty(start.size, dtype=np.int64)
    for group in group_alike(buffer, flat(start), flat(stop)):
        found[group] = judge(buffer[start[group[0]] : stop[group[0]]].tobytes())
    return found


class Form(NamedTuple):
    """One form of time: its items and calendar as `stamp_kernels.read_items` and `settle_clock` take them."""

    items: Places
    years: tuple[int, int]


def form_of(pieces: Sequence[str | tuple[int, int, int]], years: tuple[int, int], *, short: bool = False) -> Form:
    """Form of a time.

    Parameters
    ----------
    pieces
        Characters that must stand there, and numbers: what they tell (0 for the year, 5 for the second), and their
        least and most digits.
    years
        First and last.
    short
        Whether years have two digits.
    """
    from ingest.textual.stamp_kernels import DIGITS, LITERAL, SHORT_YEAR, TEXT, UNUSED

    rows = [(TEXT, 0, 0, 0, UNUSED)]
    for piece in pieces:
        if isinstance(piece, str):
            rows += [(LITERAL, byte, 1, 1, UNUSED) for byte in piece.encode()]
        else:
            slot, least, most = piece
            rows.append((SHORT_YEAR if short and slot == 0 else DIGITS, 0, least, most, slot))
    return Form(np.array(rows, dtype=np.int64), years)


def read_times(buffer: Bytes, start: Places, stop: Places, forms: Sequence[Form]) -> Times:
    """Times of texts of one of the forms, no two of which give one text two times; shape (n,), NaT where it is none."""
    time = np.full(start.size, "NaT", dtype="datetime64[us]")
    # A sheet is of one form: the others are tried on what that leaves, and on a few texts to find it.
    few = slice(0, _FEW)
    ranked = sorted(forms, key=lambda form: -int(_read_form(buffer, start[few], stop[few], form)[1].sum()))
    left = np.arange(start.size)
    for form in ranked:
        read, fits = _read_form(buffer, start[left], stop[left], form)
        time[left[fits]] = read[fits]
        left = left[~fits]
    return time


def _read_form(buffer: Bytes, start: Places, stop: Places, form: Form) -> tuple[Times, NDArray[np.bool_]]:
    from ingest.compiled import sealed
    from ingest.textual.stamp_kernels import FITS, read_clocks

    first, last = (np.ascontiguousarray(some).reshape(1, -1) for some in (start, stop))
    time, fits = read_clocks(sealed(buffer), first, last, form.items, (False, False, *form.years))
    return time.view("datetime64[us]"), fits == FITS
