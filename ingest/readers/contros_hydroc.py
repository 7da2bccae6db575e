"""Contros / 4H-Jena HydroC CO2 and CH4: text files of the instrument's memory card.

The second line names the probe, the third the columns, data start on the seventh; fields are separated by `;` (one more
at the end), with a decimal comma. Date and time are local time of whoever set the clock: the file does not say of which
zone, so that they are kept as the instrument's own clock, and the clock checks of the deployment lead to UTC.

Not yet seen on a real file: built from the description of another reader. There is no checksum. Columns that are not
known here are named in the attribute `columns_left_out`.

References
----------
debotaniker/mibitools, `read_contros.R` (layout of the file); Contros, HydroC CO2 manual (names of columns).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.dataset import assemble
from ingest.dcl import Verdict
from ingest.fields import numbers, read_clock, split_fields, strip_blanks
from ingest.ledger import Span
from ingest.logger_lines import Found, read_lines
from ingest.reader import HEAD_BYTES, Calibration, Parsed, Reader, Records
from ingest.text import Bytes, Lines, Places
from ingest.timecode import from_fields

STREAM = "samples"
_HEADER_LINES = 6
_SEMICOLON, _DECIMAL_COMMA = 59, 44
_PROBE = re.compile(rb"[ \t]*([A-Za-z0-9]{2,8}-\d{2,6}-\d{2,4})[ \t;]*")
_COLUMNS: tuple[tuple[str, str], ...] = (
    (r"p?CO2([ _]corr(ected)?)?", "carbon_dioxide_partial_pressure"),
    (r"xCO2([ _]corr(ected)?)?", "carbon_dioxide_mole_fraction"),
    (r"p?CH4([ _]corr(ected)?)?", "methane_partial_pressure"),
    (r"xCH4([ _]corr(ected)?)?", "methane_mole_fraction"),
    (r"p_?NDIR", "gas_stream_pressure"),
    (r"p_?in", "gas_inlet_pressure"),
    (r"T_?gas", "gas_stream_temperature"),
    (r"T_?sensor", "detector_temperature"),
    (r"T_?control", "internal_temperature"),
    (r"(rH|%rH)_?gas", "gas_relative_humidity"),
    (r"Zero", "zero_flag"),
    (r"Flush", "flush_flag"),
    (r"Signal_?raw", "raw_signal"),
    (r"Signal_?ref", "reference_signal"),
)
"""Name of a column, without its unit in brackets, and ours."""

_CLOCKS = (b"0000-00-00", b"00.00.0000", b"0000/00/00")
_TIME = b"00:00:00"


@dataclass(frozen=True)
class State:
    """Probe, columns, and our names by the place of their column; no columns where there is no header."""

    probe: str
    columns: tuple[str, ...]
    names: Mapping[int, str]


def sniff(head: bytes, name: str) -> bool:
    """Claim a probe's name on the second line and columns Date and Time on the third."""
    return _header(head) is not None


def _header(head: bytes) -> tuple[State, int] | None:
    """State of a file, and bytes of the lines before the data; None without such a header."""
    lines = head.split(b"\n", _HEADER_LINES)
    if len(lines) <= _HEADER_LINES:
        return None
    probe = _PROBE.fullmatch(lines[1].rstrip(b"\r"))
    columns = [column.strip() for column in lines[2].decode("latin-1").rstrip("\r; ").split(";")]
    if probe is None or {"Date", "Time"} - set(columns):
        return None
    # The corrected column, where there is one beside the other.
    ranked = sorted(range(len(columns)), key=lambda place: ("corr" not in columns[place], place))
    places = {name: place for place in reversed(ranked) if (name := _name(columns[place]))}
    state = State(probe[1].decode(), tuple(columns), {place: name for name, place in places.items()})
    return state, len(head) - len(lines[_HEADER_LINES])


def _name(column: str) -> str | None:
    plain = re.sub(r"\s*[\[(].*[\])]\s*$", "", column)
    return next((name for pattern, name in _COLUMNS if re.fullmatch(pattern, plain, re.IGNORECASE)), None)


def parse(block: bytes, offset: int, state: State | None) -> Parsed:
    """Header, then lines to records; see `Reader.parse`."""
    if state is None and len(block) < HEAD_BYTES and block.count(b"\n") < _HEADER_LINES:
        return Records(), 0, None
    return _parse(block, offset, state, final=False)


def finish(rest: bytes, offset: int, state: State | None) -> Parsed:
    """Last lines; see `Reader.finish`."""
    return _parse(rest, offset, state, final=True)


def _parse(block: bytes, offset: int, state: State | None, final: bool) -> Parsed:
    start = 0
    if state is None:
        found = _header(block)
        if found is None:
            lost = (Span(offset, len(block), "no header of a HydroC"),) if block else ()
            return Records(rejected=lost), len(block), State("", (), {})
        state, start = found
    elif not state.columns:
        return Records(rejected=(Span(offset, len(block), "no header of a HydroC"),)), len(block), state
    kept = state
    records, consumed = read_lines(
        block[start:], offset + start, lambda buffer, lines: _find(buffer, lines, kept), _judge, final=final
    )
    accepted = records.accepted + start
    return Records(records.batches, accepted, records.skipped, records.rejected), consumed + start, state


def _find(buffer: Bytes, lines: Lines, state: State) -> Found:
    """Read every line of as many fields as the header names; only the last `;` says that the last number is whole."""
    fields = split_fields(buffer, lines.start, lines.stop, _SEMICOLON, len(state.columns) + 1)
    row = fields.row
    start, stop = strip_blanks(buffer, fields.start, fields.stop)
    date, day = (state.columns.index(name) for name in ("Date", "Time"))
    time, fits, valid = _read_time(buffer, (start[date], stop[date]), (start[day], stop[day]))
    columns: dict[str, NDArray[np.generic]] = {}
    for place, name in state.names.items():
        read = numbers(buffer, start[place], stop[place], _DECIMAL_COMMA)
        empty = stop[place] == start[place]
        fits &= read.valid | empty
        columns[name] = np.where(empty, np.nan, read.value)
    fits &= start[-1] == stop[-1]
    good = fits & valid
    held = {name: values[good] for name, values in columns.items()}
    faults: dict[str, Places] = {"date or time is none": row[fits & ~valid]}
    return Found({STREAM: (row[good], {"time": time[good], **held})}, faults)


def _read_time(
    buffer: Bytes, date: tuple[Places, Places], day: tuple[Places, Places]
) -> tuple[NDArray[np.datetime64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Time, whether the fields have the form of one, and whether they are one of the calendar."""
    clock, fits = read_clock(buffer, *day, _TIME)
    parts = np.zeros((3, clock.shape[1]), dtype=np.int64)
    dated = np.zeros(clock.shape[1], dtype=bool)
    for template in _CLOCKS:
        values, same = read_clock(buffer, *date, template)
        parts[:, same] = values[::-1, same] if template.endswith(b"0000") else values[:, same]
        dated |= same
    time, valid = from_fields((parts[0], parts[1], parts[2]), (clock[0], clock[1], clock[2]))
    return time, fits & dated, valid


def _judge(line: bytes) -> Verdict:
    """Whether a line that is no record is known noise, and what it is."""
    return (True, "blank line") if not line.strip() else (False, f"not a record: {line.count(b';') + 1} fields")


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values as the instrument reports them, on its own clock; see `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    columns = dict(batch.columns)
    time = columns.pop("time")
    left = [
        column for place, column in enumerate(state.columns)
        if column and place not in state.names and column not in ("Date", "Time")
    ]  # fmt: skip
    attributes = {
        "instrument_model": "Contros HydroC",
        "serial_number": state.probe,
        "time_zone": "not in the file: the instrument's clock was set to some local time",
        "columns_left_out": "; ".join(left),
    }
    kept = {name: value for name, value in attributes.items() if value}
    return {STREAM: assemble(batch, columns, time, kept)}


READER = Reader(
    name="contros_hydroc",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    instruments=("Contros / 4H-Jena HydroC CO2 and CH4: text of the memory card (not yet seen on a real file)",),
)
