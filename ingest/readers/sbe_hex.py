"""Sea-Bird .hex uploads: a header of `*` lines, `*END*`, then one sample of hexadecimal digits a line.

The layout of a sample follows from the model and from what the header says is switched on
(`ingest.sea_bird.hex_layouts`); only models known there are claimed. Coefficients come from the header, as XML or as
text, or from the user (an .xmlcon: `ingest.calibration.xmlcon`). Casts of a profiler carry no time; their samples are
numbered by `scan`. Samples carry no checksum: a flipped digit gives another value, and nothing in the format can tell.

The 37-IM that a mooring's controller logged has no coefficients anywhere in its file: its samples then stay raw counts,
which the attribute `calibration` says.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.dataset import assemble
from ingest.ledger import Span
from ingest.reader import HEAD_BYTES, Calibration, Parsed, Reader, Records
from ingest.sea_bird.header import END, Header, parse_header
from ingest.sea_bird.hex_layouts import Layout, family, layouts
from ingest.sea_bird.hex_units import SENSORS, convert, counts_of
from ingest.sea_bird.hex_voltages import notes, sensors_of
from ingest.text import Bytes, Lines, hex_fields, split_lines
from ingest.textual.dcl import Verdict
from ingest.textual.fields import pick
from ingest.textual.logger_lines import Found, enter
from ingest.timecode import from_seconds

STREAM = "samples"
CLOCK_EPOCH = "2000-01-01"
# A header that lost its *END* goes on to the first line of digits, which no header has.
_END = re.compile(END.pattern + rb"|^(?=[0-9A-Fa-f]{16,}[ \t]*\r?\n)", re.MULTILINE)

@dataclass(frozen=True)
class State:
    """What the header told, the layouts it allows, and the one of them that the samples have, once one was seen."""

    header: Header
    layouts: tuple[Layout, ...]
    layout: Layout | None = None


def sniff(head: bytes, name: str) -> bool:
    """Claim a Sea-Bird header of a known model that hexadecimal samples follow, or nothing yet.

    The same header precedes converted data too (.cnv has `#` lines before `*END*`, .asc has decimal numbers after it).
    """
    if not re.match(rb"\*\s*Sea-Bird\b", head):
        return False
    end = _END.search(head)
    if end is None and len(head) >= HEAD_BYTES:
        return False
    header = head[: end.start()] if end else head
    if re.search(rb"^#", header, re.MULTILINE) or family(parse_header(header)) is None:
        return False
    lines = head[end.end() :].split()[:50] if end else []
    # Converted data have decimal points; one sample whose digits are damaged has none.
    return any(re.match(rb"[0-9A-Fa-f]{16}", line) for line in lines) or not any(b"." in line for line in lines)


def parse(block: bytes, offset: int, state: State | None) -> Parsed:
    """Header, then lines; see `Reader.parse`."""
    return _parse(block, offset, state, final=False)


def finish(rest: bytes, offset: int, state: State | None) -> Parsed:
    """Last lines, with or without line end; see `Reader.finish`."""
    return _parse(rest, offset, state, final=True)


def _parse(block: bytes, offset: int, state: State | None, final: bool) -> Parsed:
    if state is not None:
        records, consumed, state = _parse_lines(block, offset, state, final)
        return records, consumed, state
    end = _END.search(block)
    # The line end of *END* may be in the next block.
    if end is None or (not final and end[0] and not end[0].endswith(b"\n")):
        lost = (Span(offset, len(block), "header without an *END* line"),) if final and block else ()
        return Records(rejected=lost), len(block) if final else 0, None
    state = _begin(parse_header(block[: end.start()]))
    records, consumed, state = _parse_lines(block[end.end() :], offset + end.end(), state, final)
    return replace(records, accepted=records.accepted + end.end()), consumed + end.end(), state


def _begin(header: Header) -> State:
    """Narrow the model's layouts by what the header says; where it says nothing, the first sample decides."""
    found = layouts(header)
    return State(header, found, found[0] if len(found) == 1 else None)


def _parse_lines(block: bytes, offset: int, state: State, final: bool) -> tuple[Records, int, State]:
    buffer = np.frombuffer(block, dtype=np.uint8)
    lines, consumed = split_lines(buffer, final)
    width = lines.stop - lines.start
    state = _settle(state, buffer, lines, width)
    layout = state.layout
    found = Found({})
    if layout is not None:
        rows = np.flatnonzero(width == layout.digits)
        names, sizes = zip(*layout.fields, strict=True)
        values, valid = hex_fields(buffer, lines.start[rows], [2 * size for size in sizes])
        held = pick(valid)
        found = Found({STREAM: (rows[held], dict(zip(names, values[:, held], strict=True)))})
    layouts = state.layouts
    return enter(block, offset, lines, found, lambda line: _judge(line, layouts), digits_alike=True), consumed, state


def _settle(state: State, buffer: Bytes, lines: Lines, width: NDArray[np.int64]) -> State:
    """Take the layout of the first line that fits one, where the header left several."""
    if state.layout is not None:
        return state
    digits = [layout.digits for layout in state.layouts]
    for index in np.flatnonzero(np.isin(width, digits)):
        _, valid = hex_fields(buffer, lines.start[index : index + 1], (1,) * int(width[index]))
        if valid[0]:
            return replace(state, layout=state.layouts[digits.index(int(width[index]))])
    return state


_NOISE = (
    (re.compile(rb"\s*"), "blank line"),
    (re.compile(rb"\s*(S>.*|<Execut(ed|ing)/>)\s*", re.DOTALL), "terminal dialogue"),
)


def _judge(line: bytes, layouts: tuple[Layout, ...]) -> Verdict:
    """Dialogue and blank lines are known, the rest is damage."""
    noise = next((reason for pattern, reason in _NOISE if pattern.fullmatch(line)), None)
    return (True, noise) if noise is not None else (False, _fault(line, layouts))


def _fault(line: bytes, layouts: tuple[Layout, ...]) -> str:
    digits = [layout.digits for layout in layouts]
    if len(line) not in digits:
        return f"line of {len(line)} characters, a sample has {' or '.join(map(str, digits))}"
    if re.fullmatch(rb"[0-9A-Fa-f]+", line):
        return "sample of another layout than the first"
    return "line with characters that are not hexadecimal digits"


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Raw counts to engineering units; see `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    raw = batch.columns
    user = _by_sensor(calibration)
    given = {**state.header.coefficients, **user}
    attributes = _attributes(state.header, user)
    if not given and _logged_without_calibration(state.header):
        variables = counts_of(raw)
        attributes["calibration"] = "none in the file and none given: raw counts"
    else:
        variables = convert(raw, state.header, given)
        attributes |= notes(sensors_of(tuple(raw), given), frozenset(variables))
    time = from_seconds(raw["seconds"], CLOCK_EPOCH) if "seconds" in raw else None
    return {STREAM: assemble(batch, variables, time, attributes)}


def _logged_without_calibration(header: Header) -> bool:
    return re.match(r"SBE\s?37-?IM", header.device or "") is not None


def _by_sensor(calibration: Calibration | None) -> Calibration:
    return {sensor.lower(): values for sensor, values in (calibration or {}).items()}


def _attributes(header: Header, calibration: Calibration) -> dict[str, str]:
    known = {
        "instrument_model": header.device,
        "serial_number": header.serial_number,
        "firmware": header.firmware,
    }
    for sensor in SENSORS:
        chosen = calibration.get(sensor)
        date = header.dates.get(sensor) if chosen is None else chosen.get("CalDate")
        known[f"calibration_{sensor}_date"] = None if date is None else str(date)
    return {name: value for name, value in known.items() if value}


def expected(state: State | None) -> int | None:
    """Return the samples that the instrument held by its own header."""
    return state.header.samples if state else None


READER = Reader(
    name="sbe_hex",
    version=4,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    expected=expected,
    instruments=(
        "Sea-Bird SBE 37-SM, 37-SMP, 37-SI, 37-SIP, 37-IM, 37-IMP MicroCAT, also -ODO, with or without pressure",
        "Sea-Bird HydroCAT and HydroCAT-ODO",
        "Sea-Bird SBE 39plus and 39plus-IM",
        "Sea-Bird SBE 16plus V2, 16plus-IM and 19plus V2 SEACAT, strain gauge or Digiquartz, voltages, serial sensors",
        "Sea-Bird SeaFET V2 and SeapHOx V2, shallow and deep",
    ),
)
