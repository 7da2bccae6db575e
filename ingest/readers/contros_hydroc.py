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

from ingest.dataset import assemble
from ingest.declared import clock_format
from ingest.ledger import Span
from ingest.reader import HEAD_BYTES, Calibration, Parsed, Reader, Records
from ingest.text import Bytes, Lines, Places
from ingest.textual.dcl import Verdict
from ingest.textual.fields import pick
from ingest.textual.logger_lines import Found, read_lines

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

_DATES = tuple(clock_format.compile_exactly(text) for text in ("%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d"))
_TIME = clock_format.compile_exactly("%H:%M:%S")
_FORM = (False, False, 1, 9999)  # no half days, no days of the year; years as the calendar has them
_NO_QUOTE = -1


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
    from ingest.compiled import sealed
    from ingest.textual.stamp_kernels import FITS, OTHER_FORM
    from ingest.textual.table_kernels import IGNORED, NUMBER, read_declared

    count = len(state.columns) + 1
    form = (_SEMICOLON, _NO_QUOTE, _DECIMAL_COMMA, count)
    read = np.array([place in state.names for place in range(count)])
    roles = np.array([np.where(read, NUMBER, IGNORED), np.where(read, np.cumsum(read) - 1, -1)])
    nothing = np.zeros(0, dtype=np.uint8), np.zeros(0, dtype=np.int64), np.zeros(0)
    clocks = _clocks(state)
    told = (*nothing, clocks[0], _FORM)
    marks, value, time, odd = read_declared(sealed(buffer), lines.start, lines.stop, form, roles, told)
    row, end = marks
    _read_other_dates(buffer, lines.where(row), form, time, clocks[1:])
    fits = (end == 0) & (time[1] != OTHER_FORM)
    fits[odd[0]] = False
    valid = time[1] == FITS
    good = pick(fits & valid)
    held = dict(zip(sorted(state.names), value, strict=True))
    columns = {name: held[place][good] for place, name in state.names.items()}
    faults: dict[str, Places] = {"date or time is none": row[fits & ~valid]}
    return Found({STREAM: (row[good], {"time": time[0].view("datetime64[us]")[good], **columns})}, faults)


def _clocks(state: State) -> list[Places]:
    """Items of the three forms of time, for the columns of date and time."""
    places = [state.columns.index(name) for name in ("Date", "Time")]
    return [clock_format.plan([date, _TIME], places).items for date in _DATES]


def _read_other_dates(
    buffer: Bytes, lines: Lines, form: tuple[int, int, int, int], time: Places, clocks: list[Places]
) -> None:
    """Enter the times of lines whose date has another form than the first."""
    from ingest.compiled import sealed
    from ingest.textual.stamp_kernels import OTHER_FORM, read_clocks
    from ingest.textual.table_kernels import bound_declared

    for items in clocks:
        left = np.flatnonzero(time[1] == OTHER_FORM)
        if left.size:
            every = np.arange(form[3])
            texts = bound_declared(sealed(buffer), lines.start[left], lines.stop[left], form, every)
            time[:, left] = read_clocks(sealed(buffer), *texts, items, _FORM)


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
