"""Sunburst SAMI2 pH and pCO2: telemetered records in a logger's time-stamped lines.

`2014/05/07 01:05:33.702 *C22704CF8F37A3...57` is a whole pCO2 record; a pH record reaches the logger as some thirty
lines of 16 hexadecimal digits, each with its own stamp. The instrument's clock is the time; the logger's stamp of a
record's first line is kept as its offset.

References
----------
Sunburst Sensors, SAMI2 user manual: record formats.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest import sami_layout
from ingest.dcl import STAMP, TAG, Verdict, is_silent, known_noise, read_stamps, settle
from ingest.fields import join_hex
from ingest.forms import SPACES, Where, characters, find, form, hex_pairs
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.text import Bytes, Lines, Places, group_alike, split_lines

_DIGITS = rb"[0-9A-Fa-f]"
_START = re.compile(rb"^" + STAMP + TAG + rb"\*(" + _DIGITS + rb"{14,})[ \r]*$", re.MULTILINE)
_LINE = re.compile(STAMP + TAG + rb"(\*?)((?:" + _DIGITS + rb"{2})+)\s*")
_STAMP = re.compile(STAMP)
_PAIRS = form(hex_pairs(), characters(SPACES))
RECORD, TOO_LONG, BROKEN, NO_LINE, OUTSIDE, _CUT = range(6)  # as `join_lines` counts them; the last is the file's end
_MOST_LINES = 64
"""No record takes more lines: 231 bytes come in lines of 8."""


@dataclass(frozen=True)
class State:
    """Why the last line was lost, and the last blank of pCO2.

    `blame` is None after a record or known noise: lines of the same record have the same reason.
    """

    blame: str | None = None
    blank: sami_layout.Blank = sami_layout.NO_BLANK


class _Digits(NamedTuple):
    """Hexadecimal digits of each line, all of shape (n,).

    Bounds, equal where it has none; whether a record starts there; the logger's stamp, and whether it is a time.
    """

    start: Places
    stop: Places
    opens: NDArray[np.bool_]
    stamp: Places
    timed: NDArray[np.bool_]


class _Pieces(NamedTuple):
    """Lines that belong together, all of shape (n,): see `ingest.block_kernels.join_lines`."""

    kind: Places
    first: Places
    last: Places
    digits: Places
    wanted: Places


_TAGS = frozenset({b"pco2w", b"phsen"})


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with the start of a record of a known type and of the length that its type has, or a silent log."""
    return is_silent(head, _TAGS) or any(_is_record(match[8].decode()) for match in _START.finditer(head))


def _is_record(digits: str) -> bool:
    length, kind = int(digits[2:4], 16), int(digits[4:6], 16)
    lengths = {0x04: (39,), 0x05: (39,), 0x0A: (231,), 0x11: (7,)}.get(kind, (18, 20) if kind >= 0x80 else ())
    return length in lengths and len(digits) <= 2 * (length + 1 + sami_layout.uncounted(length, kind))


def parse(block: bytes, offset: int, state: State | None) -> Parsed:
    """Lines to records; see `Reader.parse`."""
    return _parse(block, offset, state or State(), final=False)


def finish(rest: bytes, offset: int, state: State | None) -> Parsed:
    """Last lines, with or without line end; see `Reader.finish`."""
    return _parse(rest, offset, state or State(), final=True)


def _parse(block: bytes, offset: int, state: State, final: bool) -> Parsed:
    from ingest.block_kernels import join_lines
    from ingest.compiled import sealed

    buffer = sealed(np.frombuffer(block, dtype=np.uint8))
    lines, consumed = split_lines(buffer, final)
    digits = _find_digits(block, buffer, lines)
    found, opened = join_lines(buffer, digits.start, digits.stop, digits.opens, _MOST_LINES)
    if opened >= 0 and not final:
        consumed = int(lines.start[opened])
        lines = lines.where(np.arange(opened))
    elif opened >= 0:
        found = np.append(found, [[_CUT], [opened], [lines.start.size - 1], [0], [0]], axis=1)
    pieces = _with_battery(buffer, digits, _Pieces(*found))
    streams, reasons = _read_records(buffer, digits, pieces)
    blank = sami_layout.add_blanks(streams, state.blank)
    batches = {}
    for stream, (rows, columns) in streams.items():
        first, last = pieces.first[rows], pieces.last[rows]
        length = (lines.stop[last] - lines.start[first]).astype(np.int32)
        batches[stream] = Batch(offset + lines.start[first], length, {**columns, "stamp": digits.stamp[first]})
    verdicts = _Verdicts(pieces, reasons)
    verdicts.judge_lines(block, buffer, lines)
    blame = verdicts.fill(state.blame)
    code = np.repeat(verdicts.code, pieces.last - pieces.first + 1)
    accepted, skipped, rejected = settle(offset, lines, code < 0, code, tuple(verdicts.numbers))
    return Records(batches, accepted, skipped, rejected), consumed, State(blame, blank)


def _find_digits(block: bytes, buffer: Bytes, lines: Lines) -> _Digits:
    stamps = read_stamps(buffer, lines)
    character = buffer[np.minimum(stamps.payload, max(buffer.size - 1, 0))]
    there = stamps.stamped & (stamps.payload < lines.stop)
    digits = _Digits(np.zeros_like(lines.start), np.zeros_like(lines.start), there & (character == ord("*")),
                     stamps.time.astype(np.int64), stamps.valid)  # fmt: skip
    rows = np.flatnonzero(there)
    found = find(buffer, (stamps.payload + digits.opens)[rows], lines.stop[rows], _PAIRS, Where.WHOLE)
    digits.start[rows[found.row]], digits.stop[rows[found.row]] = found.text_start[0], found.text_stop[0]
    for row in np.flatnonzero(there & ~stamps.tagged & (character == ord("["))).tolist():
        # A tag longer than a logger's.
        match = _LINE.fullmatch(block, int(lines.start[row]), int(lines.stop[row]))
        if match is not None:
            digits.start[row], digits.stop[row] = match.span(9)
            digits.opens[row] = bool(match[8])
    return digits


def _with_battery(buffer: Bytes, digits: _Digits, pieces: _Pieces) -> _Pieces:
    """Take records for whole that are too long by the battery that their length leaves out."""
    kind = pieces.kind.copy()
    for row in np.flatnonzero((kind == TOO_LONG) & (pieces.digits == pieces.wanted + 4)).tolist():
        start = int(digits.start[pieces.first[row]])
        _, length, code = bytes.fromhex(buffer[start : start + 6].tobytes().decode())
        if sami_layout.uncounted(length, code):
            kind[row] = RECORD
    return pieces._replace(kind=kind)


Streams = dict[str, tuple[Places, dict[str, NDArray[Any]]]]


def _read_records(buffer: Bytes, digits: _Digits, pieces: _Pieces) -> tuple[Streams, dict[int, str]]:
    """Good records by stream, numbered as the pieces are; why other pieces of the form of a record are none."""
    rows = np.flatnonzero(pieces.kind == RECORD)
    lines = np.flatnonzero(np.repeat(pieces.kind == RECORD, pieces.last - pieces.first + 1))
    data, _ = join_hex(buffer, digits.start[lines], digits.stop[lines])
    edges = np.concatenate(([0], np.cumsum(pieces.digits[rows] // 2)))
    streams: Streams = {}
    good = np.zeros(rows.size, dtype=bool)
    timed = digits.timed[pieces.first[rows]]
    for stream, (some, columns) in sami_layout.from_bytes(data, edges[:-1], edges[1:]).items():
        good[some] = True
        kept = timed[some]
        if kept.any():
            streams[stream] = rows[some[kept]], {name: values[kept] for name, values in columns.items()}
    reasons = {}
    for row in np.flatnonzero(~(good & timed)).tolist():
        made = sami_layout.from_hex(data[edges[row] : edges[row + 1]].tobytes().hex())
        reasons[int(rows[row])] = made if isinstance(made, str) else "stamp is not a time"
    for row in np.flatnonzero(pieces.kind == TOO_LONG).tolist():
        reasons[row] = f"record of {pieces.digits[row]} digits, its length says {pieces.wanted[row]}"
    return streams, reasons


class _Verdicts:
    """What becomes of each piece: a number among the verdicts, below zero for a record."""

    def __init__(self, pieces: _Pieces, reasons: Mapping[int, str]) -> None:
        self.numbers: dict[Verdict, int] = {}
        self.kind, self.first = pieces.kind, pieces.first
        self.code = np.full(pieces.kind.size, -1, dtype=np.int64)
        self.code[pieces.kind == BROKEN] = self.number(False, "record cut")
        self.code[pieces.kind == _CUT] = self.number(False, "record cut by the end of the file")
        for row, reason in reasons.items():
            self.code[row] = self.number(False, reason)

    def number(self, known: bool, reason: str) -> int:
        """Return the number of a verdict."""
        return self.numbers.setdefault((known, reason), len(self.numbers))

    def judge_lines(self, block: bytes, buffer: Bytes, lines: Lines) -> None:
        """Judge lines that are no part of a record; those that differ in digits only at one go."""
        pieces = np.flatnonzero(self.kind == NO_LINE)
        start, stop = lines.start[self.first[pieces]], lines.stop[self.first[pieces]]
        empty = start == stop
        self.code[pieces[empty]] = self.number(True, "blank line")
        pieces, start, stop = pieces[~empty], start[~empty], stop[~empty]
        for group in group_alike(buffer, start, stop):
            line = block[int(start[group[0]]) : int(stop[group[0]])]
            noise = known_noise(line)
            known = noise is not None and not _STAMP.search(line, 1)
            self.code[pieces[group]] = self.number(known, noise or "" if known else "not a line of a SAMI2 record")

    def fill(self, before: str | None) -> str | None:
        """Blame lines outside records on what was lost before them; return what comes next is to be blamed on."""
        outside = self.kind == OUTSIDE
        stray = self.number(False, "hexadecimal line outside a record")
        first = stray if before is None else self.number(False, before)
        verdicts = list(self.numbers)
        blames = np.array([stray if known else number for number, (known, _) in enumerate(verdicts)] + [stray, first])
        source = np.maximum.accumulate(np.where(outside, -1, np.arange(outside.size)))
        cause = np.where(source < 0, len(verdicts) + 1, self.code[source])
        cause = np.where(cause < 0, len(verdicts), cause)
        self.code[outside] = blames[cause[outside]]
        if not self.code.size:
            return before
        known, reason = (True, "") if self.code[-1] < 0 else verdicts[int(self.code[-1])]
        return None if known else reason


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Raw counts, and with a calibration pCO2 and pH; see `sami_layout.dataset`."""
    attributes = {"instrument_model": "Sunburst SAMI2"}
    return {
        stream: sami_layout.dataset(stream, batch, attributes, calibration) for stream, batch in records.batches.items()
    }


READER = Reader(
    name="sami2",
    version=3,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    lines=True,
    instruments=("Sunburst SAMI2 pH and pCO2: telemetered records in a logger's time-stamped lines",),
)
