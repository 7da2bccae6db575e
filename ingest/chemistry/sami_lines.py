"""Telemetered records of a SAMI2 that stand in lines of hexadecimal digits, whole or over several of them.

What a reader has to say is where the digits of each line stand, whether a record starts there, and what a line without
digits is; records, checksums and the account are here.

References
----------
Sunburst Sensors, SAMI2 user manual: record formats.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.chemistry import sami_layout
from ingest.reader import Batch, Calibration, Parsed, Records
from ingest.text import Block, Bytes, Lines, Places, group_alike, split_lines
from ingest.textual.dcl import Verdict, settle
from ingest.textual.fields import join_hex

RECORD, TOO_LONG, BROKEN, NO_LINE, OUTSIDE, _CUT = range(6)  # as `join_lines` counts them; the last is the file's end
_MOST_LINES = 64
"""No record takes more lines: 231 bytes come in lines of 8."""


def is_record(digits: str) -> bool:
    """Whether digits start a record of a known type, of the length that its type has."""
    length, kind = int(digits[2:4], 16), int(digits[4:6], 16)
    lengths = {0x04: (39,), 0x05: (39,), 0x0A: (231,), 0x11: (7,)}.get(kind, (18, 20) if kind >= 0x80 else ())
    return length in lengths and len(digits) <= 2 * (length + 1 + sami_layout.uncounted(length, kind))


@dataclass(frozen=True)
class State:
    """Why the last line was lost, and the last blank of pCO2.

    `blame` is None after a record or known noise: lines of the same record have the same reason.
    """

    blame: str | None = None
    blank: sami_layout.Blank = sami_layout.NO_BLANK


class Digits(NamedTuple):
    """Hexadecimal digits of each line, all of shape (n,).

    Bounds, equal where it has none; whether a record starts there; whether a record that starts there has a time.
    `columns` are what else a record's first line tells.
    """

    start: Places
    stop: Places
    opens: NDArray[np.bool_]
    timed: NDArray[np.bool_]
    columns: Mapping[str, NDArray[Any]]


class _Pieces(NamedTuple):
    """Lines that belong together, all of shape (n,): see `ingest.textual.block_kernels.join_lines`."""

    kind: Places
    first: Places
    last: Places
    digits: Places
    wanted: Places


@dataclass(frozen=True)
class SamiLines:
    """Reading of such lines.

    Attributes
    ----------
    find
        `find(block, the same as an array, lines)`: the digits of each line.
    judge
        What a line without digits is; None for one that describes the file. Lines that differ in digits only are asked
        for once.
    """

    find: Callable[[Block, Bytes, Lines], Digits]
    judge: Callable[[bytes], Verdict | None]

    def parse(self, block: Block, offset: int, state: State | None) -> Parsed:
        """Lines to records; see `Reader.parse`."""
        return self._parse(block, offset, state or State(), final=False)

    def finish(self, rest: Block, offset: int, state: State | None) -> Parsed:
        """Last lines, with or without line end; see `Reader.finish`."""
        return self._parse(rest, offset, state or State(), final=True)

    def _parse(self, block: Block, offset: int, state: State, *, final: bool) -> Parsed:
        from ingest.compiled import sealed
        from ingest.textual.block_kernels import join_lines

        buffer = sealed(np.frombuffer(block, dtype=np.uint8))
        lines, consumed = split_lines(buffer, final)
        digits = self.find(block, buffer, lines)
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
            told = {name: values[first] for name, values in digits.columns.items()}
            batches[stream] = Batch(offset + lines.start[first], length, {**columns, **told})
        verdicts = _Verdicts(pieces, reasons)
        verdicts.judge_lines(block, buffer, lines, self.judge)
        blame = verdicts.fill(state.blame)
        code = np.repeat(verdicts.code, pieces.last - pieces.first + 1)
        accepted, skipped, rejected = settle(offset, lines, code < 0, code, tuple(verdicts.numbers))
        return Records(batches, accepted, skipped, rejected), consumed, State(blame, blank)


def _with_battery(buffer: Bytes, digits: Digits, pieces: _Pieces) -> _Pieces:
    """Take records for whole that are too long by the battery that their length leaves out."""
    kind = pieces.kind.copy()
    for row in np.flatnonzero((kind == TOO_LONG) & (pieces.digits == pieces.wanted + 4)).tolist():
        start = int(digits.start[pieces.first[row]])
        _, length, code = bytes.fromhex(buffer[start : start + 6].tobytes().decode())
        if sami_layout.uncounted(length, code):
            kind[row] = RECORD
    return pieces._replace(kind=kind)


Streams = dict[str, tuple[Places, dict[str, NDArray[Any]]]]


def _read_records(buffer: Bytes, digits: Digits, pieces: _Pieces) -> tuple[Streams, dict[int, str]]:
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

    def judge_lines(
        self, block: Block, buffer: Bytes, lines: Lines, judge: Callable[[bytes], Verdict | None]
    ) -> None:
        """Judge lines that are no part of a record; those that differ in digits only at one go."""
        pieces = np.flatnonzero(self.kind == NO_LINE)
        start, stop = lines.start[self.first[pieces]], lines.stop[self.first[pieces]]
        empty = start == stop
        self.code[pieces[empty]] = self.number(True, "blank line")
        pieces, start, stop = pieces[~empty], start[~empty], stop[~empty]
        for group in group_alike(buffer, start, stop):
            verdict = judge(bytes(block[int(start[group[0]]) : int(stop[group[0]])]))
            self.code[pieces[group]] = -1 if verdict is None else self.number(*verdict)

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
