"""Sunburst SAMI2 pH and pCO2: telemetered records in a logger's time-stamped lines.

`2014/05/07 01:05:33.702 *C22704CF8F37A3...57` is a whole pCO2 record; a pH record reaches the logger as some thirty
lines of 16 hexadecimal digits, each with its own stamp. The instrument's clock is the time; the logger's stamp of a
record's first line is kept as its offset. Records come a few a day, so that lines are taken one by one.

References
----------
Sunburst Sensors, SAMI2 user manual: record formats.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from ingest import sami_layout
from ingest.dcl import STAMP, TAG, known_noise
from ingest.ledger import Span
from ingest.reader import Calibration, Parsed, Reader, Records
from ingest.sami_layout import Placed
from ingest.text import Lines, split_lines
from ingest.timecode import microseconds

_DIGITS = rb"[0-9A-Fa-f]"
_START = re.compile(rb"^" + STAMP + TAG + rb"\*(" + _DIGITS + rb"{14,})[ \r]*$", re.MULTILINE)
_LINE = re.compile(STAMP + TAG + rb"(\*?)((?:" + _DIGITS + rb"{2})+)\s*")
_STAMP = re.compile(STAMP)
_MOST_LINES = 64
"""No record takes more lines: 231 bytes come in lines of 8."""


@dataclass(frozen=True)
class State:
    """Why the last line was lost, and the last blank of pCO2.

    `blame` is None after a record or known noise: lines of the same record have the same reason.
    """

    blame: str | None = None
    blank: sami_layout.Blank = sami_layout.NO_BLANK


@dataclass
class _Open:
    """A record whose end was not seen yet: number of its first line, of its next, and its digits."""

    first: int
    stamp: int | None
    digits: str


@dataclass
class _Account:
    """What the lines of a block hold, in file order."""

    block: bytes
    offset: int
    lines: Lines
    blame: str | None
    records: list[Placed] = field(default_factory=list)
    accepted: int = 0
    skipped: list[Span] = field(default_factory=list)
    rejected: list[Span] = field(default_factory=list)

    def text(self, row: int) -> bytes:
        """Return a line without its end."""
        return self.block[int(self.lines.start[row]) : int(self.lines.stop[row])]

    def span(self, first: int, last: int, reason: str) -> Span:
        """Return the span of some lines, their ends included."""
        start = int(self.lines.start[first])
        return Span(self.offset + start, int(self.lines.next[last]) - start, reason)

    def reject(self, first: int, last: int, reason: str) -> None:
        """Enter lines as damage."""
        self.rejected.append(self.span(first, last, reason))
        self.blame = reason

    def close(self, record: _Open, last: int) -> None:
        """Enter the lines of a record whose digits are complete."""
        made = sami_layout.from_hex(record.digits)
        if isinstance(made, str) or record.stamp is None:
            self.reject(record.first, last, made if isinstance(made, str) else "stamp is not a time")
            return
        start = int(self.lines.start[record.first])
        length = int(self.lines.stop[last]) - start
        self.records.append(Placed(made, self.offset + start, length, record.stamp))
        self.accepted += int(self.lines.next[last]) - start
        self.blame = None


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with the start of a record of a known type and of the length that its type has."""
    return any(_is_record(match[8].decode()) for match in _START.finditer(head))


def _is_record(digits: str) -> bool:
    length, kind = int(digits[2:4], 16), int(digits[4:6], 16)
    lengths = {0x04: (39,), 0x05: (39,), 0x0A: (231,), 0x11: (7,)}.get(kind, (18, 20) if kind >= 0x80 else ())
    return length in lengths and len(digits) <= 2 * (length + 1)


def parse(block: bytes, offset: int, state: State | None) -> Parsed:
    """Lines to records; see `Reader.parse`."""
    return _parse(block, offset, state or State(), final=False)


def finish(rest: bytes, offset: int, state: State | None) -> Parsed:
    """Last lines, with or without line end; see `Reader.finish`."""
    return _parse(rest, offset, state or State(), final=True)


def _parse(block: bytes, offset: int, state: State, final: bool) -> Parsed:
    lines, consumed = split_lines(np.frombuffer(block, dtype=np.uint8), final)
    account = _Account(block, offset, lines, state.blame)
    opened: _Open | None = None
    for row in range(lines.start.size):
        opened = _take(account, row, opened)
    if opened is not None and final:
        account.reject(opened.first, lines.start.size - 1, "record cut by the end of the file")
    elif opened is not None:
        consumed = int(lines.start[opened.first])
    placed, blank = sami_layout.with_blanks(account.records, state.blank)
    batches = sami_layout.batches(placed)
    records = Records(batches, account.accepted, tuple(account.skipped), tuple(account.rejected))
    return records, consumed, State(account.blame, blank)


def _take(account: _Account, row: int, opened: _Open | None) -> _Open | None:
    """Enter one line; return the record that is open after it."""
    line = account.text(row)
    match = _LINE.fullmatch(line)
    if opened is not None and (match is None or match[8] or row - opened.first >= _MOST_LINES):
        account.reject(opened.first, row - 1, "record cut")
        opened = None
    if match is None:
        _lose(account, row, line)
        return None
    if opened is None and not match[8]:
        account.reject(row, row, account.blame or "hexadecimal line outside a record")
        return None
    opened = opened or _Open(row, _stamp(match), "")
    opened.digits += match[9].decode()
    wanted = sami_layout.digits_of(opened.digits)
    if wanted is None or len(opened.digits) < wanted:
        return opened
    if len(opened.digits) > wanted:
        account.reject(opened.first, row, f"record of {len(opened.digits)} digits, its length says {wanted}")
    else:
        account.close(opened, row)
    return None


def _stamp(match: re.Match[bytes]) -> int | None:
    """Microseconds since 1970 of the logger's stamp, None if it is not a time."""
    year, month, day, hour, minute, second = (int(match[place]) for place in range(1, 7))
    fraction = int(match[7]) * 10 ** (6 - len(match[7]))
    return microseconds((year, month, day), (hour, minute, second), fraction, last=60)


def _lose(account: _Account, row: int, line: bytes) -> None:
    """Enter a line that is no part of a record."""
    noise = known_noise(line)
    if noise is not None and not _STAMP.search(line, 1):
        account.skipped.append(account.span(row, row, noise))
        account.blame = None
    else:
        account.reject(row, row, "not a line of a SAMI2 record")


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Raw counts, and with a calibration pCO2 and pH; see `sami_layout.dataset`."""
    attributes = {"instrument_model": "Sunburst SAMI2"}
    return {
        stream: sami_layout.dataset(stream, batch, attributes, calibration) for stream, batch in records.batches.items()
    }


READER = Reader(
    name="sami2",
    version=2,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    lines=True,
    instruments=("Sunburst SAMI2 pH and pCO2: telemetered records in a logger's time-stamped lines",),
)
