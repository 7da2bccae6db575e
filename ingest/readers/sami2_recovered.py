"""Sunburst SAMI2 pH and pCO2: text that the maker's software writes when the instrument is read out.

Sections such as `:SAMIinfo` and `:ConfigText` describe the instrument; rows of decimal numbers after `:Data` are the
records. Rows of a damaged download are glued, of wrong length or of type -3: each is rejected with its reason.

There is no checksum in a row: a changed digit gives another value, and nothing in the format can tell.

References
----------
Sunburst Sensors, SAMI2 user manual: record formats, downloaded data.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.chemistry import sami_layout
from ingest.ledger import Span
from ingest.reader import HEAD_BYTES, Batch, Calibration, Parsed, Reader, Records
from ingest.text import LINE_FEED, Block, Places, split_lines
from ingest.textual.dcl import Verdict, settle
from ingest.textual.fields import pick, read_whole_rows

_DATA = re.compile(rb"^:Data[ \t]*(?:\r\n|\n|\Z)", re.MULTILINE)
_TAB, _MOST_DIGITS = 9, 10
_NUMBER = re.compile(rb"-?\d{1,10}")
_ROW = re.compile(rb"-?\d{1,10}(?:\t-?\d{1,10})+\t?")
_INFORMATION = {
    "instrument_model": rb"^SAMI (pH|CO2)",
    "serial_number": rb"^Serial Number: *(\S+)",
    "unit_name": rb"^Name: *(\S+)",
    "firmware": rb"^Firmware: *(\S+)",
    **{f"calibration_{place}": rb"^Cal%d: *(\S+)" % place for place in range(1, 7)},
}


@dataclass(frozen=True)
class State:
    """What the sections before the data tell about the instrument, and the last blank of pCO2.

    `lost` where no data were found behind the sections.
    """

    attributes: Mapping[str, str]
    lost: bool = False
    blank: sami_layout.Blank = sami_layout.NO_BLANK


def sniff(head: bytes, name: str) -> bool:
    """Claim the maker's text: its first line, and a section of the instrument."""
    return head.startswith(b"File created:") and b"\n:SAMIinfo" in head


def parse(block: Block, offset: int, state: State | None) -> Parsed:
    """Sections, then rows to records; see `Reader.parse`."""
    return _parse(block, offset, state, final=False)


def finish(rest: Block, offset: int, state: State | None) -> Parsed:
    """Last rows, with or without line end; see `Reader.finish`."""
    return _parse(rest, offset, state, final=True)


def _parse(block: Block, offset: int, state: State | None, final: bool) -> Parsed:
    if state is not None and not state.lost:
        records, consumed, blank = _parse_rows(block, offset, final, state.blank)
        return records, consumed, replace(state, blank=blank)
    end = None if state is not None else _DATA.search(block[:HEAD_BYTES])
    at_end = end is not None and not end[0].endswith(b"\n")
    if end is None or (at_end and not final):
        if state is None and len(block) < HEAD_BYTES and not final:
            return Records(), 0, None
        lost = Span(offset, len(block), "sections without a line :Data")
        return Records(rejected=(lost,) if block else ()), len(block), State({}, lost=True)
    records, consumed, blank = _parse_rows(block[end.end() :], offset + end.end(), final, sami_layout.NO_BLANK)
    state = State(_attributes(bytes(block[: end.start()])), blank=blank)
    accepted = records.accepted + end.end()
    return Records(records.batches, accepted, records.skipped, records.rejected), consumed + end.end(), state


def _attributes(sections: bytes) -> dict[str, str]:
    found = {name: re.search(pattern, sections, re.MULTILINE) for name, pattern in _INFORMATION.items()}
    told = {name: match[1].decode("latin-1") for name, match in found.items() if match}
    return {**told, "instrument_model": f"Sunburst SAMI2 {told.get('instrument_model', '')}".strip()}


def _parse_rows(
    block: Block, offset: int, final: bool, before: sami_layout.Blank
) -> tuple[Records, int, sami_layout.Blank]:
    buffer = np.frombuffer(block, dtype=np.uint8)
    lines, consumed = split_lines(buffer, final)
    ended = buffer[lines.next - 1] == LINE_FEED
    left = np.flatnonzero(lines.stop > lines.start)
    parts: dict[str, list[tuple[Places, dict[str, NDArray[Any]]]]] = {}
    for stream, kinds, count in sami_layout.KINDS:
        found, values = read_whole_rows(buffer, lines.start[left], lines.stop[left], _TAB, (count, _MOST_DIGITS))
        rows, (kind, seconds) = left[found], values[:, :2].T
        kept = (kind >= kinds[0]) & (kind <= kinds[1]) & (seconds >= 0) & (seconds < 2**32)
        for row in np.flatnonzero(kept & ~ended[rows]).tolist():
            kept[row] = _surely_whole(stream, bytes(block[lines.start[rows[row]] : lines.stop[rows[row]]]))
        rows, values = rows[pick(kept)], values[pick(kept)]
        named = sami_layout.name_values(stream, values[:, 2:])
        parts.setdefault(stream, []).append((rows, {"record_type": values[:, 0], **named, "seconds": values[:, 1]}))
        left = left[~np.isin(left, rows, assume_unique=True)] if rows.size else left
    streams = {stream: sami_layout.joined(some) for stream, some in parts.items() if any(one[0].size for one in some)}
    blank = sami_layout.add_blanks(streams, before)
    batches = {}
    for stream, (rows, columns) in streams.items():
        # The last number of a control row can be of any length: only the line end says that it is whole.
        stop = (lines.next if stream == sami_layout.CONTROL else lines.stop)[rows]
        batches[stream] = Batch(offset + lines.start[rows], (stop - lines.start[rows]).astype(np.int32), columns)
    verdicts: dict[Verdict, int] = {}
    code = np.full(lines.start.size, -1, dtype=np.int64)
    bounds = zip(left.tolist(), lines.start[left].tolist(), lines.stop[left].tolist(), strict=True)
    code[left] = [verdicts.setdefault(_judge(bytes(block[start:stop])), len(verdicts)) for _, start, stop in bounds]
    taken = np.zeros(lines.start.size, dtype=bool)
    for rows, _ in streams.values():
        taken[rows] = True
    accepted, skipped, rejected = settle(offset, lines, taken, code, tuple(verdicts))
    return Records(batches, accepted, skipped, rejected), consumed, blank


def _judge(line: bytes) -> Verdict:
    """Judge a row that is no record: whether it is blank, and what it is."""
    if not line.strip(b"\r\t \x00"):
        return True, "blank line"
    if _ROW.fullmatch(line) is None:
        # Seen in SAMI_P0080_160614_2.txt: type -3 with `Check sum error(224,90)`, and rows glued to one another.
        damaged = "record that the maker's software marks as damaged"
        return False, damaged if line.startswith(b"-") else "not a row of numbers"
    kind, seconds, *values = (int(match[0]) for match in _NUMBER.finditer(line))
    record = sami_layout.from_values(kind, seconds, values)
    return False, record if isinstance(record, str) else "row without its line end, whose last number may be cut"


def _surely_whole(stream: str, line: bytes) -> bool:
    """Whether the last number has as many digits as it can have: a thermistor of 12 bits, or seconds since 1904."""
    digits = len(line.rpartition(b"\t")[2])
    return digits == {sami_layout.CONTROL: 0, sami_layout.POWER: 10}.get(stream, 4)


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Raw counts, and with a calibration pCO2 and pH; see `sami_layout.dataset`."""
    return {
        stream: sami_layout.dataset(stream, batch, state.attributes, calibration)
        for stream, batch in records.batches.items()
    }


READER = Reader(
    name="sami2_recovered",
    version=2,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    views=True,
    instruments=("Sunburst SAMI2 pH and pCO2: text of the maker's software",),
)
