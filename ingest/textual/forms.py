r"""Text of a form such as `\d{4}\t-?\d{1,9}(\.\d{1,6})?`, found in many stretches at once, with the numbers in it.

A regular expression costs a microsecond or two for each number of each record; this costs some nanoseconds for each
byte. It can do less: an item takes as many characters as it may and gives none back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest import pages
from ingest.text import Bytes, Places
from ingest.textual.fields import flat

Item = tuple[int, int, int, int, int]
"""Kind, byte or class of characters, least and most of them, and 1 where it is captured; see `form_kernels`."""

_LITERAL, _CHARACTERS, _DIGITS, _NUMBER, _HEX_PAIRS, _HEX_RUN, _HEX_VALUE, _FIXED = range(8)
_DIGIT, _HEX, SPACES, FILL, TAB, UPPER, BLANK = (1 << bit for bit in range(7))
_TEXTS = (_CHARACTERS, _HEX_PAIRS, _HEX_RUN)
MOST = 1 << 40


class Where(IntEnum):
    """Which matches count: the whole stretch, any before a line end or the end, any, a chain of them from the start."""

    WHOLE, LINE_END, ANYWHERE, CHAIN = range(4)


def literal(text: bytes) -> list[Item]:
    """Match the very characters."""
    return [(_LITERAL, character, 1, 1, 0) for character in text]


def characters(kind: int, least: int = 0, most: int = MOST) -> list[Item]:
    """Match characters of a class: `SPACES`, `FILL`, `TAB`, `UPPER` or `BLANK`."""
    return [(_CHARACTERS, kind, least, most, 0)]


def word(kind: int, least: int = 0, most: int = MOST) -> list[Item]:
    """Match characters of a class: a text."""
    return [(_CHARACTERS, kind, least, most, 1)]


def digits(least: int, most: int) -> list[Item]:
    """Match a whole number without sign, of at most 15 digits."""
    return [(_DIGITS, _DIGIT, least, most, 1)]


def number(whole: int, decimals: int = 0, least: int = 0) -> list[Item]:
    r"""Match `-?\d{1,whole}(\.\d{1,decimals})?`, of at most 15 digits together; without decimals, a whole number.

    With a least number of decimals the point and so many behind it have to be there.
    """
    return [(_NUMBER, least, whole, decimals, 1)]


def fixed(whole: int, decimals: int) -> list[Item]:
    r"""Match ` *-?\d{1,whole}\.\d{decimals}`, of at most 15 digits together."""
    return [(_FIXED, decimals, whole, decimals, 1)]


def hex_pairs(least: int = 2) -> list[Item]:
    """Match as many pairs of hexadecimal digits as there are: a text."""
    return [(_HEX_PAIRS, _HEX, least, MOST, 1)]


def hex_run(count: int) -> list[Item]:
    """Match so many hexadecimal digits that no further one follows: a text."""
    return [(_HEX_RUN, _HEX, count, count, 1)]


def hex_value(most: int, least: int | None = None) -> list[Item]:
    """Match a whole number of so many hexadecimal digits, at most 12; of just as many where no least is given."""
    return [(_HEX_VALUE, _HEX, most if least is None else least, most, 1)]


@dataclass(frozen=True)
class Form:
    """A row of items, ready for the search; `shortest` counts the bytes of the shortest match."""

    items: NDArray[np.int64]
    shortest: int
    values: int
    texts: int


def form(*parts: Sequence[Item]) -> Form:
    """Put items together; captured values and texts are numbered as they stand."""
    rows: list[tuple[int, ...]] = []
    values = texts = shortest = 0
    for kind, what, least, most, captured in (item for part in parts for item in part):
        capture = -1
        if captured and kind in _TEXTS:
            capture, texts = texts, texts + 1
        elif captured:
            capture, values = values, values + 1
        shortest += {_NUMBER: 1, _FIXED: 2 + most}.get(kind, least)
        lead = -1
        if kind != _LITERAL and rows and rows[-1][0] == _LITERAL and rows[-1][5] < 0:
            lead = rows.pop()[1]  # one step for a character and what follows it
        rows.append((kind, what, least, most, capture, lead))
    return Form(np.array(rows, dtype=np.int64), shortest, values, texts)


class Matches(NamedTuple):
    """What was found, in order: number of the stretch, first byte, byte after the last, each of shape (m,).

    `value` has shape (values, m), `text_start` and `text_stop` have (texts, m).
    """

    row: Places
    start: Places
    stop: Places
    value: NDArray[np.float64]
    text_start: Places
    text_stop: Places

    def where(self, chosen: NDArray[np.bool_]) -> "Matches":
        """Some of them."""
        if chosen.all():
            return self
        texts = self.text_start[:, chosen], self.text_stop[:, chosen]
        return Matches(self.row[chosen], self.start[chosen], self.stop[chosen], self.value[:, chosen], *texts)


def find(buffer: Bytes, start: Places, stop: Places, wanted: Form, where: Where) -> Matches:
    """Find matches in stretches of text.

    Parameters
    ----------
    buffer : ndarray of uint8
        The text.
    start, stop : ndarray of int64, shape (n,)
        Stretches.
    wanted
        What is looked for.
    where
        Which matches count. Of those that overlap, the first one does.
    """
    from ingest.compiled import sealed
    from ingest.textual.form_kernels import find_forms

    text, first, last = sealed(buffer), flat(start), flat(stop)
    pieces: list[Matches] = []
    row, at = 0, int(first[0]) if first.size else 0
    room = first.size  # one match in each stretch is the rule
    while row < first.size:
        held = (
            pages.empty((3, room), np.int64),
            pages.empty((wanted.values, room), np.float64),
            pages.empty((2, wanted.texts, room), np.int64),
        )
        form = (int(where), wanted.shortest, row, at)
        taken, row, at = find_forms(text, first, last, wanted.items, form, held)
        place, value, bound = (part[..., :taken] for part in held)
        pieces.append(Matches(place[0], place[1], place[2], value, bound[0], bound[1]))
        room *= 2
    return _join(pieces, wanted)


def _join(pieces: Sequence[Matches], wanted: Form) -> Matches:
    if len(pieces) == 1:
        return pieces[0]
    none = np.empty(0, np.int64)
    texts = np.empty((wanted.texts, 0), np.int64)
    empty = Matches(none, none, none, np.empty((wanted.values, 0)), texts, texts)
    return Matches(*(np.concatenate(parts, axis=-1) for parts in zip(empty, *pieces, strict=True)))
