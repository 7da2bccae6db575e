"""Lines of PD8 tables, all of a block at once: which have the form of a time or of a bin, and what they say."""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ingest.dcl import Stamped, read_stamps
from ingest.forms import SPACES, Matches, Where, characters, digits, find, form, literal, number, word
from ingest.text import Bytes, Lines, Places, split_lines
from ingest.timecode import Times, from_fields

VALUES = 10
"""Numbers of a bin behind its own: direction, five velocities, four echoes."""

_TWO = digits(2, 2)
_TIME = form(
    characters(SPACES), digits(4, 4), literal(b"/"), _TWO, literal(b"/"), _TWO, literal(b" "), _TWO, literal(b":"),
    _TWO, literal(b":"), _TWO, literal(b"."), _TWO, characters(SPACES, 1), digits(1, 9), characters(SPACES),
)  # fmt: skip
_COUNT = form(characters(SPACES), digits(1, 9), characters(SPACES))
_GAP = characters(SPACES, 1)
_BIN = form(
    characters(SPACES), digits(1, 3), *[part for _ in range(6) for part in (_GAP, number(9, 6))],
    *[part for _ in range(4) for part in (_GAP, digits(1, 3))], word(SPACES),
)  # fmt: skip
# What the form does not take: numbers left out as dashes or stars, and longer ones.
_ANY_BIN = re.compile(rb"\s*(\d{1,3})(?:\s+(?:-?\d+(?:\.\d+)?|-+|\*+)){6}(?:\s+\d{1,3}){4}")


@dataclass(frozen=True)
class Bins:
    """Lines with the form of a bin.

    Attributes
    ----------
    end : ndarray of int64, shape (n,)
        Of each line with bin 1 the line behind the bins that follow each other from there, all equally wide: one cut in
        its last number would be a bin as well. Of any other line its own number.
    place : ndarray of int64, shape (n,)
        Where in `value` a line's numbers are.
    value : ndarray of float64, shape (10, m)
        NaN for numbers left out.
    """

    end: list[int]
    place: Places
    value: NDArray[np.float64]


class TableLines:
    """The lines of a block behind the logger's stamps.

    Parameters
    ----------
    block
        Of the file, from the start of a line on.
    last
        Whether the file ends with it.
    """

    def __init__(self, block: bytes, *, last: bool) -> None:
        self.block = block
        self._buffer: Bytes = np.frombuffer(block, dtype=np.uint8)
        self.lines, self.consumed = split_lines(self._buffer, last)
        stamps = read_stamps(self._buffer, self.lines)
        bare = self._without_logger(self.lines, stamps)
        self._payload = np.where(bare, self.lines.start, stamps.payload)
        self._first: list[int] = self._payload.tolist()
        self.logger: Times = np.where(stamps.valid & ~bare, stamps.time, np.datetime64("NaT", "us"))
        self.damaged: list[bool] = (stamps.stamped & ~stamps.valid).tolist()
        self.start, self.stop, self.next = (part.tolist() for part in self.lines)

    def payload(self, row: int) -> bytes:
        """A line behind its stamp."""
        return self.block[self._first[row] : self.stop[row]]

    def _without_logger(self, lines: Lines, stamps: Stamped) -> NDArray[np.bool_]:
        """Lines whose stamp is the ensemble's own time, which has the form of one where there is no logger."""
        count = find(self._buffer, stamps.payload, lines.stop, _COUNT, Where.WHOLE)
        whole = find(self._buffer, lines.start[count.row], lines.stop[count.row], _TIME, Where.WHOLE)
        bare = np.zeros(lines.start.size, dtype=bool)
        bare[count.row[whole.row]] = True
        return bare

    @cached_property
    def times(self) -> dict[int, tuple[np.datetime64, bool, int]]:
        """Time of the ensemble, whether it is one of the calendar, and the ensemble's number, by line."""
        found = find(self._buffer, self._payload, self.lines.stop, _TIME, Where.WHOLE)
        year, month, day, hour, minute, second, hundredths, count = found.value.astype(np.int64)
        time, valid = from_fields((year, month, day), (hour, minute, second), hundredths * 10_000)
        return dict(zip(found.row.tolist(), zip(time, valid.tolist(), count.tolist(), strict=True), strict=True))

    @cached_property
    def bins(self) -> Bins:
        """Lines with the form of a bin, and which of them follow each other."""
        found = find(self._buffer, self._payload, self.lines.stop, _BIN, Where.WHOLE)
        size = len(self.start)
        count, width = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        count[found.row] = found.value[0].astype(np.int64)
        width[found.row] = found.text_start[0] - self._payload[found.row]
        rows, value = [found.row], [found.value[1:]]
        for row in self._unusual(found):
            text = self.payload(row).rstrip()
            match = _ANY_BIN.fullmatch(text)
            if match is not None:
                count[row], width[row] = int(match[1]), len(text)
                rows.append(np.array([row]))
                value.append(np.array([[_number(field)] for field in text.split()[1:]]))
        place = np.zeros(size, dtype=np.int64)
        together = np.concatenate(rows)
        place[together] = np.arange(together.size)
        count[np.array(self.damaged, dtype=bool)] = 0
        return Bins(_ends(count, width), place, np.concatenate(value, axis=1))

    def _unusual(self, found: Matches) -> list[int]:
        """Lines with something in them that have neither the form of a bin nor that of a time."""
        rest = self.lines.stop > self._payload
        rest[found.row] = False
        rest[list(self.times)] = False
        unusual: list[int] = np.flatnonzero(rest).tolist()
        return unusual


def _ends(count: Places, width: Places) -> list[int]:
    """See `Bins.end`."""
    goes_on = np.zeros(count.size, dtype=bool)
    goes_on[1:] = (count[1:] > 1) & (count[:-1] == count[1:] - 1) & (width[1:] == width[:-1])
    breaks = np.append(np.flatnonzero(~goes_on), count.size)
    end = np.arange(count.size)
    first = np.flatnonzero(count == 1)
    end[first] = breaks[np.searchsorted(breaks, first, side="right")]
    ends: list[int] = end.tolist()
    return ends


def _number(field: bytes) -> float:
    return float("nan") if field.strip(b"-*") == b"" else float(field)
