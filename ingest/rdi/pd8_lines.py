"""Lines of PD8 tables, all of a block at once: which have the form of a header or of a bin, and what they say."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.text import Bytes, Places, split_lines
from ingest.textual.dcl import Stamped, read_stamps
from ingest.textual.forms import SPACES, Form, Where, characters, digits, find, form, hex_value, literal, number
from ingest.timecode import Times, from_fields

HEADER_LINES = 4
"""Time, attitude, temperature, titles of the columns."""

_GAP, _TWO = characters(SPACES, 1), digits(2, 2)
_TIME = form(
    characters(SPACES), digits(4, 4), literal(b"/"), _TWO, literal(b"/"), _TWO, literal(b" "), _TWO, literal(b":"),
    _TWO, literal(b":"), _TWO, literal(b"."), _TWO, _GAP, digits(1, 9), characters(SPACES),
)  # fmt: skip
_COUNT = form(characters(SPACES), digits(1, 9), characters(SPACES))
# What the form of a bin does not take: numbers left out as dashes or stars, and longer ones.
_ANY_BIN = re.compile(rb"\s*(\d{1,3})(?:\s+(?:-?\d+(?:\.\d+)?|-+|\*+)){6}(?:\s+\d{1,3}){4}")

_NUMBER, _DECIMAL = rb"\s+(-?\d+(?:\.\d+)?)", rb"\s+(-?\d+\.\d+)"
_SAID = [_GAP, number(9, 6)]
_SAID_DECIMAL = [_GAP, number(9, 6, 1)]
"""Always printed with its point: `Hdg: 348` for 34.8 was seen in a damaged log."""

_ATTITUDE = form(
    characters(SPACES), literal(b"Hdg:"), *_SAID_DECIMAL, _GAP, literal(b"Pitch:"), *_SAID_DECIMAL, _GAP,
    literal(b"Roll:"), *_SAID_DECIMAL, characters(SPACES),
)  # fmt: skip
_WATER = form(
    characters(SPACES), literal(b"Temp:"), *_SAID_DECIMAL, _GAP, literal(b"SoS:"), *_SAID, _GAP, literal(b"BIT:"), _GAP,
    hex_value(4, 1), characters(SPACES),
)  # fmt: skip
_NAMES = (b"Bin", b"Dir", b"Mag", b"E/W", b"N/S", b"Vert", b"Err", b"Echo1", b"Echo2", b"Echo3", b"Echo4")
_COLUMNS = form(
    characters(SPACES), literal(_NAMES[0]), *[part for name in _NAMES[1:] for part in (_GAP, literal(name))],
    characters(SPACES),
)  # fmt: skip


class _HeaderLine(NamedTuple):
    """The form of a line of a header; the pattern of it with numbers that are longer; how to read these."""

    form: Form
    pattern: re.Pattern[bytes]
    numbers: tuple[Callable[[bytes], float], ...] = ()


def _hexadecimal(text: bytes) -> float:
    return float(int(text, 16))


TITLES = re.compile(rb"\s*" + rb"\s+".join(_NAMES) + rb"\s*")
_HEADER = (
    _HeaderLine(
        _ATTITUDE,
        re.compile(rb"\s*Hdg:" + _DECIMAL + rb"\s+Pitch:" + _DECIMAL + rb"\s+Roll:" + _DECIMAL + rb"\s*"),
        (float, float, float),
    ),
    _HeaderLine(
        _WATER,
        re.compile(rb"\s*Temp:" + _DECIMAL + rb"\s+SoS:" + _NUMBER + rb"\s+BIT:\s+([0-9A-Fa-f]{1,4})\s*"),
        (float, float, _hexadecimal),
    ),
    _HeaderLine(_COLUMNS, TITLES),
)
"""Lines of a header behind its time."""


@dataclass(frozen=True)
class Headers:
    """Lines with the form of a time, and what follows each; all of shape (n,) but `said`.

    Attributes
    ----------
    row
        Number of the line.
    time, valid, number
        Of the ensemble; whether it is a time of the calendar; the ensemble's number.
    depth
        How many lines of a header stand there one behind the other, none of them with a damaged stamp: at most 4.
    said : ndarray of float64, shape (6, n)
        Heading, pitch, roll, temperature, speed of sound and the result of the built-in test, as far as they stand.
    """

    row: Places
    time: Times
    valid: NDArray[np.bool_]
    number: Places
    depth: Places
    said: NDArray[np.float64]


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
        Direction, five velocities and four echoes; NaN for numbers left out.
    """

    end: Places
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
        from ingest.compiled import sealed
        from ingest.rdi.pd8_kernels import read_bins

        self.block = block
        self._buffer: Bytes = sealed(np.frombuffer(block, dtype=np.uint8))
        self.lines, self.consumed = split_lines(self._buffer, last)
        stamps = read_stamps(self._buffer, self.lines)
        self._read = read_bins(self._buffer, stamps.payload, self.lines.stop)
        # Few lines are none of a bin: headers, and what the logger writes itself.
        self._others = np.flatnonzero((self._read[0] <= 0) & (self.lines.stop > stamps.payload))
        bare = self._without_logger(stamps)
        self._payload = np.where(bare, self.lines.start, stamps.payload)
        self.logger: Times = np.where(stamps.valid & ~bare, stamps.time, np.datetime64("NaT", "us"))
        self._damaged = stamps.stamped & ~stamps.valid

    def payload(self, row: int) -> bytes:
        """A line behind its stamp."""
        return self.block[int(self._payload[row]) : int(self.lines.stop[row])]

    def are_blank(self, rows: Places) -> NDArray[np.bool_]:
        """Which lines have nothing behind the stamp, and an end of their own."""
        from ingest.rdi.pd8_kernels import are_blank

        stop = self.lines.stop[rows]
        return are_blank(self._buffer, self._payload[rows], stop) & (stop < self.lines.next[rows])

    def _without_logger(self, stamps: Stamped) -> NDArray[np.bool_]:
        """Lines whose stamp is the ensemble's own time, which has the form of one where there is no logger."""
        lines, rows = self.lines, self._others
        count = rows[find(self._buffer, stamps.payload[rows], lines.stop[rows], _COUNT, Where.WHOLE).row]
        whole = find(self._buffer, lines.start[count], lines.stop[count], _TIME, Where.WHOLE)
        bare = np.zeros(lines.start.size, dtype=bool)
        bare[count[whole.row]] = True
        return bare

    @cached_property
    def headers(self) -> Headers:
        """Lines with the form of a time, and the lines of a header that follow each."""
        rows = self._others
        found = find(self._buffer, self._payload[rows], self.lines.stop[rows], _TIME, Where.WHOLE)
        row = rows[found.row]
        year, month, day, hour, minute, second, hundredths, count = found.value.astype(np.int64)
        time, valid = from_fields((year, month, day), (hour, minute, second), hundredths * 10_000)
        depth = np.zeros(row.size, dtype=np.int64)
        said = np.zeros((sum(len(line.numbers) for line in _HEADER), depth.size))
        reached = np.flatnonzero(~self._damaged[row])
        depth[reached], at = 1, 0
        for place, line in enumerate(_HEADER, 1):
            reached = reached[row[reached] + place < self.lines.start.size]
            at_line = row[reached] + place
            fits, values = self._read_header(at_line, line)
            good = fits & ~self._damaged[at_line]
            reached, following = reached[good], at + len(line.numbers)
            depth[reached], said[at:following, reached], at = place + 1, values[:, good], following
        return Headers(row, time, valid, count, depth, said)

    def _read_header(self, rows: Places, line: _HeaderLine) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Which lines are this one of a header, and their numbers, shape (k, n)."""
        found = find(self._buffer, self._payload[rows], self.lines.stop[rows], line.form, Where.WHOLE)
        fits = np.zeros(rows.size, dtype=bool)
        values = np.zeros((len(line.numbers), rows.size))
        fits[found.row], values[:, found.row] = True, found.value
        for place in np.flatnonzero(~fits).tolist():
            match = line.pattern.fullmatch(self.payload(int(rows[place])))
            if match is not None:
                fits[place] = True
                values[:, place] = [read(text) for read, text in zip(line.numbers, match.groups(), strict=True)]
        return fits, values

    @cached_property
    def bins(self) -> Bins:
        """Lines with the form of a bin, and which of them follow each other."""
        from ingest.rdi.pd8_kernels import NOT_PLAIN

        number, width, place, value = self._read
        unusual: list[list[float]] = []
        for row in np.flatnonzero(number == NOT_PLAIN).tolist():
            text = self.payload(row).rstrip()
            match = _ANY_BIN.fullmatch(text)
            number[row] = 0
            if match is not None:
                number[row], width[row], place[row] = int(match[1]), len(text), value.shape[1] + len(unusual)
                unusual.append([_number(field) for field in text.split()[1:]])
        if unusual:
            value = np.concatenate((value, np.array(unusual).T), axis=1)
        number[self._damaged] = 0
        return Bins(_ends(number, width), place, value)


def _ends(number: Places, width: Places) -> Places:
    """See `Bins.end`."""
    goes_on = np.zeros(number.size, dtype=bool)
    goes_on[1:] = (number[1:] > 1) & (number[:-1] == number[1:] - 1) & (width[1:] == width[:-1])
    breaks = np.append(np.flatnonzero(~goes_on), number.size)
    end = np.arange(number.size)
    first = np.flatnonzero(number == 1)
    end[first] = breaks[np.searchsorted(breaks, first, side="right")]
    return end


def _number(field: bytes) -> float:
    return float("nan") if field.strip(b"-*") == b"" else float(field)
