"""Lines of a data logger: `YYYY/MM/DD HH:MM:SS.sss [tag]:payload`.

The stamp is the logger's clock; the payload is whatever the instrument sent. A tag such as `[dosta1:DLOGP4]:` stands
before messages of the logger and before the first data after power-on, so a tag alone does not tell data from messages.
The instrument's own CR may stand before the logger's LF.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.ledger import Spans
from ingest.text import CARRIAGE_RETURN, Bytes, Lines, Places
from ingest.timecode import Times

STAMP = rb"(\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{1,6}) "
TAG = rb"(?:\[[^\]\t]*\]:)?"
"""Patterns of a stamp (seven groups, from year to fraction of a second) and of a tag that may follow it."""

_LONGEST_TAG = 120


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
    from ingest.compiled import sealed
    from ingest.textual import stamp_kernels

    time, marks, payload = stamp_kernels.read_stamps(sealed(buffer), lines.start, lines.stop, _LONGEST_TAG)
    return Stamped(time.view("datetime64[us]"), marks[0], marks[1], marks[2], payload)


def has_own_end(buffer: Bytes, lines: Lines) -> NDArray[np.bool_]:
    """Whether a line has the instrument's own CR; without it, the logger may have ended a line cut by power-off."""
    inside = np.minimum(lines.stop, max(buffer.size - 1, 0))
    whole: NDArray[np.bool_] = (lines.stop < lines.next) & (buffer[inside] == CARRIAGE_RETURN)
    return whole


_MESSAGE = re.compile(STAMP + rb"\[[^\]\t]*\]:\s*[A-Za-z][\x20-\x7e]*\s*")
_POWER_ON_NOISE = re.compile(STAMP + rb"\[[^\]\t]*\]:[^\t]*", re.DOTALL)
_BARE_STAMP = re.compile(STAMP + TAG + rb"\s*|" + STAMP.rstrip())


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


_TAGGED = re.compile(STAMP + rb"\[([A-Za-z]\w*?)\d*:[^\]\s]*\]:")
# An instrument that is switched on for each sample has the tag before all of them: digits of one are no noise.
_SAMPLE = rb"\[[^\]\s]*\]:[ \t]*[0-9A-F]{20,120}[ \t]*\r?$"
_DATA = re.compile(rb"^" + STAMP + rb"(?:(?!\[)[^\n]*\d|" + _SAMPLE + rb")", re.MULTILINE)


def is_silent(head: bytes, names: frozenset[bytes]) -> bool:
    """Whether a log has nothing but the logger's messages and noise in its head, and its tags name the instrument.

    Days on which an instrument was off, or sent noise only, are files of its series too (seen in real logs of an ECO,
    a 26plus and a SAMI2); so are those whose first record comes late. `names` are the tag's words without number.
    """
    first = _TAGGED.match(head)
    return first is not None and first[8] in names and _DATA.search(head) is None


Verdict = tuple[bool, str]
"""Whether a line without a record is known noise (skipped) or damage (rejected), and what it is."""


def account(
    block: bytes,
    offset: int,
    lines: Lines,
    taken: NDArray[np.bool_],
    judge: Callable[[int, bytes], Verdict],
) -> "Account":
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
    code = np.full(taken.size, -1, dtype=np.int64)
    numbers: dict[Verdict, int] = {}
    rows = np.flatnonzero(~taken & (lines.stop > lines.start))
    bounds = zip(rows.tolist(), lines.start[rows].tolist(), lines.stop[rows].tolist(), strict=True)
    judged = [judge(row, block[start:stop]) for row, start, stop in bounds]
    code[rows] = [numbers.setdefault(verdict, len(numbers)) for verdict in judged]
    return settle(offset, lines, taken, code, tuple(numbers))


Account = tuple[int, Spans, Spans]
"""Bytes accepted, and the spans skipped and rejected."""


def settle(
    offset: int, lines: Lines, taken: NDArray[np.bool_], code: Places, verdicts: Sequence[Verdict]
) -> Account:
    """Enter every line of a block, where `code` numbers the verdict on each that is neither taken nor empty.

    One span for each run of neighbouring lines of one verdict: a file of line ends has millions of them.
    """
    blank = len(verdicts)
    code = np.where(taken, -1, np.where(lines.stop == lines.start, blank, code))
    edges = np.flatnonzero(code[1:] != code[:-1]) + 1
    first, last = np.append(0, edges)[: code.size], np.append(edges - 1, code.size - 1)[: code.size]
    first, last = first[code[first] >= 0], last[code[first] >= 0]
    start, length = offset + lines.start[first], lines.next[last] - lines.start[first]
    known = np.array([*(one for one, _ in verdicts), True])[code[first]]
    words = [*(reason for _, reason in verdicts), "blank line"]
    reasons = tuple(dict.fromkeys(words))
    number = np.array([reasons.index(word) for word in words])[code[first]]
    skipped, rejected = (
        Spans(start[chosen], length[chosen], number[chosen], reasons) for chosen in (known, ~known)
    )
    return int((lines.next - lines.start).sum(where=taken)), skipped, rejected


def reasons_by_line(faults: Mapping[str, NDArray[np.int64]]) -> dict[int, str]:
    """Reason by number of the line; where several speak of one line, the first in the mapping counts."""
    reasons: dict[int, str] = {}
    for reason, rows in faults.items():
        for row in rows.tolist():
            reasons.setdefault(row, reason)
    return reasons
