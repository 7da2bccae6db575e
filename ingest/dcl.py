"""Lines of a data logger: `YYYY/MM/DD HH:MM:SS.sss [tag]:payload`.

The stamp is the logger's clock; the payload is whatever the instrument sent. A tag such as `[dosta1:DLOGP4]:` stands
before messages of the logger and before the first data after power-on, so a tag alone does not tell data from messages.
The instrument's own CR may stand before the logger's LF.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.ledger import Span
from ingest.text import CARRIAGE_RETURN, Bytes, Lines, Places, matrix, same_shape, turn, whole_numbers
from ingest.timecode import Times, from_fields

STAMP = rb"(\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{1,6}) "
TAG = rb"(?:\[[^\]\t]*\]:)?"
"""Patterns of a stamp (seven groups, from year to fraction of a second) and of a tag that may follow it."""

_TEMPLATE = b"0000/00/00 00:00:00."
_MOST_DECIMALS = 6
_LONGEST_TAG = 120
_ANY_TAG = re.compile(rb"\[[^\]\t\n]*\]:")
_SPACE, _BRACKET, _ZERO = 32, 91, 48


class Stamped(NamedTuple):
    """What stands before the payload of each line, all of shape (n,).

    `stamped` tells which lines start with the form of a stamp, `valid` which of these are a time of the calendar
    (`time` is 1970-01-01 elsewhere), `tagged` which have a tag; `payload` is the first byte after stamp and tag, or the
    start of the line where there is no stamp.
    """

    time: Times
    stamped: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    tagged: NDArray[np.bool_]
    payload: Places


def read_stamps(buffer: Bytes, lines: Lines) -> Stamped:
    """Read the stamps of lines; second 60 is the first of the next minute, as the logger writes it."""
    clock, stamped, payload = _read_clock(buffer, lines)
    time, valid = from_fields((clock[0], clock[1], clock[2]), (clock[3], clock[4], clock[5]), clock[6], second_60=True)
    tagged = np.zeros(stamped.size, dtype=bool)
    ends = np.minimum(payload, max(buffer.size - 1, 0))
    for row in np.flatnonzero(stamped & (payload < lines.stop) & (buffer[ends] == _BRACKET)).tolist():
        start = int(payload[row])
        tag = _ANY_TAG.match(buffer[start : min(int(lines.stop[row]), start + _LONGEST_TAG)].tobytes())
        if tag:
            tagged[row] = True
            payload[row] += tag.end()
    return Stamped(time, stamped, valid & stamped, tagged, payload)


def _read_clock(buffer: Bytes, lines: Lines) -> tuple[NDArray[np.int64], NDArray[np.bool_], Places]:
    """Clock fields from year to microsecond, shape (7, n); which lines have them; the first byte after them."""
    clock = np.zeros((7, lines.start.size), dtype=np.int64)
    stamped = np.zeros(lines.start.size, dtype=bool)
    payload = lines.start.copy()
    # One decimal and the blank are the least that can follow the seconds.
    rows = np.flatnonzero(lines.stop - lines.start >= len(_TEMPLATE) + 2)
    columns = turn(matrix(buffer, lines.start[rows], len(_TEMPLATE)))
    alike = same_shape(columns, _TEMPLATE)
    rows, columns = rows[alike], columns[:, alike]
    microsecond, after, complete = _read_fraction(buffer, lines.start[rows] + len(_TEMPLATE), lines.stop[rows])
    rows = rows[complete]
    stamped[rows] = True
    payload[rows] = after[complete]
    for place, span in enumerate(((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19))):
        clock[place, rows] = whole_numbers(columns[slice(*span)])[complete]
    clock[6, rows] = microsecond[complete]
    return clock, stamped, payload


def _read_fraction(buffer: Bytes, start: Places, stop: Places) -> tuple[Places, Places, NDArray[np.bool_]]:
    """Microseconds, the byte after the blank that ends them, and whether digits and blank are there."""
    fraction = np.zeros(start.size, dtype=np.int64)
    count = np.zeros(start.size, dtype=np.int64)
    going = np.ones(start.size, dtype=bool)
    for place in range(_MOST_DECIMALS):
        at = start + place
        digit = buffer[np.minimum(at, stop - 1)] - np.uint8(_ZERO)
        going &= (at < stop) & (digit < 10)
        if not going.any():
            break
        fraction = np.where(going, fraction * 10 + digit, fraction)
        count += going
    after = start + count
    complete = (count > 0) & (after < stop) & (buffer[np.minimum(after, stop - 1)] == _SPACE)
    return fraction * 10 ** (_MOST_DECIMALS - count), after + 1, complete


def has_own_end(buffer: Bytes, lines: Lines) -> NDArray[np.bool_]:
    """Whether a line has the instrument's own CR; without it, the logger may have ended a line cut by power-off."""
    inside = np.minimum(lines.stop, max(buffer.size - 1, 0))
    whole: NDArray[np.bool_] = (lines.stop < lines.next) & (buffer[inside] == CARRIAGE_RETURN)
    return whole


_MESSAGE = re.compile(STAMP + rb"\[[^\]\t]*\]:\s*[A-Za-z][\x20-\x7e]*\s*")
_POWER_ON_NOISE = re.compile(STAMP + rb"\[[^\]\t]*\]:[^\t]*", re.DOTALL)
_BARE_STAMP = re.compile(STAMP + TAG + rb"\s*")


def known_noise(line: bytes) -> str | None:
    """Say what a line without a record is, where any logger writes such lines; None for what may be damage.

    Ask for an instrument's own text first: whatever follows a tag and is no message passes for power-on noise.
    """
    if not line.strip():
        return "blank line"
    if _MESSAGE.fullmatch(line):
        return "logger message"
    if _BARE_STAMP.fullmatch(line):
        return "stamp without data"
    if _POWER_ON_NOISE.fullmatch(line):
        return "power-on noise"
    return None


Verdict = tuple[bool, str]
"""Whether a line without a record is known noise (skipped) or damage (rejected), and what it is."""


def account(
    block: bytes,
    offset: int,
    lines: Lines,
    taken: NDArray[np.bool_],
    judge: Callable[[int, bytes], Verdict],
) -> tuple[int, tuple[Span, ...], tuple[Span, ...]]:
    """Enter every line of a block: those with records as accepted, the others as skipped or rejected.

    Parameters
    ----------
    block, offset
        The bytes and where in the file they start.
    lines
        All lines of the block.
    taken : ndarray of bool, shape (n,)
        Lines that became records.
    judge
        `judge(number of the line, its text) -> (known, reason)`, asked for every line that is neither taken nor empty.

    Returns
    -------
    accepted
        Bytes of the lines taken, line ends included.
    skipped, rejected
        Spans of the other lines, in file order.
    """
    skipped: list[Span] = []
    rejected: list[Span] = []
    empty = ~taken & (lines.stop == lines.start)
    skipped += _runs(offset, lines, empty, "blank line")
    for row in np.flatnonzero(~taken & ~empty).tolist():
        start, following = int(lines.start[row]), int(lines.next[row])
        known, reason = judge(row, block[start : int(lines.stop[row])])
        (skipped if known else rejected).append(Span(offset + start, following - start, reason))
    accepted = int((lines.next - lines.start)[taken].sum())
    return accepted, tuple(sorted(skipped)), tuple(rejected)


def _runs(offset: int, lines: Lines, chosen: NDArray[np.bool_], reason: str) -> list[Span]:
    """One span for each run of neighbouring lines: a file of line ends has millions of them."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], chosen, [False]))))
    first, last = edges[0::2], edges[1::2] - 1
    start, stop = lines.start[first].tolist(), lines.next[last].tolist()
    return [Span(offset + begin, end - begin, reason) for begin, end in zip(start, stop, strict=True)]


def reasons_by_line(faults: Mapping[str, NDArray[np.int64]]) -> dict[int, str]:
    """Reason by number of the line; where several speak of one line, the first in the mapping counts."""
    reasons: dict[int, str] = {}
    for reason, rows in faults.items():
        for row in rows.tolist():
            reasons.setdefault(row, reason)
    return reasons
