"""Lines of text and the numbers in them, vectorised: no Python step per line where lines are regular."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

LONGEST_LINE = 4096
"""A line without end within this many bytes is damage, and is cut here: memory stays bounded on any file."""

LINE_FEED, CARRIAGE_RETURN = 10, 13

Bytes = NDArray[np.uint8]
Block = bytes | memoryview
"""Bytes of a file as they were read."""
Places = NDArray[np.int64]


class Lines(NamedTuple):
    """Where the lines of a block lie, as byte positions in the block, each of shape (n,).

    `stop` is after the line's content, without its line end; `next` is where the following line starts.
    """

    start: Places
    stop: Places
    next: Places

    def where(self, chosen: NDArray[Any]) -> "Lines":
        """Some of the lines."""
        return Lines(self.start[chosen], self.stop[chosen], self.next[chosen])


def split_lines(buffer: Bytes, final: bool) -> tuple[Lines, int]:
    """Find the lines of a block.

    A line ends with LF or CRLF. One of more than `LONGEST_LINE` bytes is cut into lines of that length, so that lines
    do not depend on how a file was cut into blocks.

    Parameters
    ----------
    buffer : ndarray of uint8, shape (n,)
        The block, starting at the start of a line.
    final
        Whether the file ends with the block: then bytes without line end are a line as well.

    Returns
    -------
    lines
        Whole lines.
    consumed
        Bytes they take.
    """
    from ingest.compiled import sealed
    from ingest.textual.text_kernels import bound_lines

    feeds = np.flatnonzero(buffer == LINE_FEED)
    end = int(feeds[-1]) + 1 if feeds.size else 0
    if final:
        end = buffer.size
    elif buffer.size - end >= LONGEST_LINE:
        end += (buffer.size - end) // LONGEST_LINE * LONGEST_LINE
    return Lines(*bound_lines(sealed(buffer), feeds, end, LONGEST_LINE)), end


_MOST_SHAPES = 4096  # a power of two
_SHORT = 65_535


def group_alike(buffer: Bytes, start: Places, stop: Places) -> list[Places]:
    """Group stretches of text that differ in digits only: numbers of those of each group, in order.

    In text of no order a group may come apart into several: no more than some thousands are remembered at a time.
    """
    from ingest.compiled import sealed
    from ingest.textual.shape_kernels import number_alike

    if not start.size:
        return []
    group = number_alike(sealed(buffer), _words(buffer), start, stop, _MOST_SHAPES)
    # Short numbers are sorted by their bytes, which takes a tenth of the time.
    order = np.argsort(group.astype(np.uint16) if group.max() <= _SHORT else group, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1)


_WORD = 8


def _words(buffer: Bytes) -> NDArray[np.uint64]:
    """Eight bytes from each place on as one number, without a copy of more than a few."""
    if buffer.size <= _WORD:
        # One word alone would be an array of another kind, compiled for itself.
        buffer = np.concatenate((buffer, np.zeros(_WORD + 1, dtype=np.uint8)))
    first = np.ascontiguousarray(buffer)[:_WORD].view(np.uint64)
    return np.lib.stride_tricks.as_strided(first, (buffer.size - _WORD + 1,), (1,), writeable=False)


def matrix(buffer: Bytes, start: Places, width: int) -> Bytes:
    """Stretches of equal width as the rows of a matrix, shape (len(start), width).

    Evenly spaced rows, the rule in a file without damage, are a view; others are gathered.
    """
    count = start.size
    if count > 1:
        stride = int(start[1] - start[0])
        if int(start[-1] - start[0]) == stride * (count - 1) and not (np.diff(start) != stride).any():
            first = buffer[int(start[0]) :]
            return np.lib.stride_tricks.as_strided(first, (count, width), (stride, 1), writeable=False)
    if not count:
        return np.empty((0, width), dtype=np.uint8)
    anywhere = np.lib.stride_tricks.as_strided(buffer, (buffer.size - width + 1, width), (1, 1), writeable=False)
    return anywhere[start]


def hex_fields(buffer: Bytes, start: Places, digits: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Read runs of hexadecimal digits that follow each other.

    Parameters
    ----------
    buffer : ndarray of uint8
        The text.
    start : ndarray of int64, shape (n,)
        Where the first of each starts; as many bytes follow as there are digits.
    digits
        Of each number, most significant first; at most 15.

    Returns
    -------
    values : ndarray of int64, shape (len(digits), n)
        Of no meaning where not valid.
    valid : ndarray of bool, shape (n,)
        Where nothing but hexadecimal digits stands.
    """
    from ingest.compiled import sealed
    from ingest.textual.text_kernels import read_hex

    return read_hex(sealed(buffer), np.ascontiguousarray(start), np.array(digits, dtype=np.int64))


Columns = NDArray[np.uint8]
"""Rows of text of equal width, turned on their side so that one character position is contiguous: (width, n)."""

_ZERO, _NINE = 48, 57


def turn(rows: Bytes) -> Columns:
    """Rows of text to columns."""
    return np.ascontiguousarray(rows.T)


def same_shape(columns: Columns, template: bytes) -> NDArray[np.bool_]:
    """Find the rows that have digits where a template has digits, and its very characters elsewhere, shape (n,)."""
    same = np.ones(columns.shape[1], dtype=bool)
    for column, character in zip(columns, template, strict=True):
        if _ZERO <= character <= _NINE:
            same &= (column - np.uint8(_ZERO)) < 10
        else:
            same &= column == character
    return same


def whole_numbers(columns: Columns) -> NDArray[np.int64]:
    """Unsigned integers from columns of digits, at most 18 of them: shape (digits, n) to (n,)."""
    total = np.zeros(columns.shape[1], dtype=np.int64)
    for column in columns:
        total *= 10
        total += column
    total -= _ZERO * ((10 ** len(columns) - 1) // 9)
    return total


class Shape(NamedTuple):
    """Stretches of text that have digits in the same places and the same characters elsewhere.

    `match` is the pattern on the first of them, None where they do not fit it; `rows` are their numbers among all
    stretches, and `columns` their text, of shape (width, len(rows)).
    """

    match: re.Match[bytes] | None
    rows: Places
    columns: Columns


def shapes(buffer: Bytes, start: Places, stop: Places, pattern: re.Pattern[bytes], widest: int) -> Iterator[Shape]:
    """Sort stretches of text by shape, so that those of one shape can be read together.

    Parameters
    ----------
    buffer : ndarray of uint8
        The text.
    start, stop : ndarray of int64, shape (n,)
        Where the stretches lie.
    pattern
        Must treat all digits alike. Matched against one stretch of each shape.
    widest
        Stretches of more bytes are left out.
    """
    widths = np.clip(stop - start, 0, widest + 1)
    for width in np.flatnonzero(np.bincount(widths, minlength=widest + 2)[: widest + 1]).tolist():
        rows = np.flatnonzero(widths == width)
        columns = turn(matrix(buffer, start[rows], width))
        while rows.size:
            match = pattern.fullmatch(columns[:, 0].tobytes())
            alike = same_shape(columns, columns[:, 0].tobytes())
            if alike.all():
                yield Shape(match, rows, columns)
                break
            yield Shape(match, rows[alike], columns[:, alike])
            rows, columns = rows[~alike], columns[:, ~alike]
