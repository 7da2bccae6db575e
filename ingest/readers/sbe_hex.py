"""Sea-Bird .hex uploads: a header of `*` lines, `*END*`, then one sample of hexadecimal digits a line.

The layout of a sample is a table by model (`LAYOUTS`); only models in it are claimed. Samples carry no checksum: a
flipped digit gives another value, and nothing in the format can tell.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.calibration import sea_bird
from ingest.dataset import assemble
from ingest.errors import CalibrationError
from ingest.ledger import Span
from ingest.reader import HEAD_BYTES, Batch, Calibration, Parsed, Reader, Records
from ingest.sea_bird_header import END, Header, parse_header
from ingest.text import Bytes, Lines, big_endian, hex_to_bytes, matrix, split_lines
from ingest.timecode import from_seconds

STREAM = "samples"
CLOCK_EPOCH = "2000-01-01"

Columns = Mapping[str, NDArray[Any]]


class Field(NamedTuple):
    """One field of a sample: its name and its bytes (two digits each), most significant first."""

    name: str
    size: int


class Layout(NamedTuple):
    """The fields of a sample, in order."""

    fields: tuple[Field, ...]

    @property
    def digits(self) -> int:
        """Hexadecimal digits of a sample."""
        return 2 * sum(field.size for field in self.fields)


_TEMPERATURE, _CONDUCTIVITY = Field("temperature", 3), Field("conductivity", 3)
_PRESSURE, _PRESSURE_TEMPERATURE, _SECONDS = Field("pressure", 3), Field("pressure_temperature", 2), Field("seconds", 4)

LAYOUTS: Mapping[str, tuple[Layout, ...]] = {
    # SBE 37-SM manual, revision 043, "raw hex upload"; seen in SBE37SM-RS232_03716125_2017_11_16.hex: SampleLength 15.
    # Without a pressure sensor its five bytes are missing.
    "SBE37SM": (
        Layout((_TEMPERATURE, _CONDUCTIVITY, _PRESSURE, _PRESSURE_TEMPERATURE, _SECONDS)),
        Layout((_TEMPERATURE, _CONDUCTIVITY, _SECONDS)),
    ),
}
"""The layouts that samples of a model can have, by the letters and digits of its name."""


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
    end = END.search(head)
    if end is None and len(head) >= HEAD_BYTES:
        return False
    header = head[: end.start()] if end else head
    if re.search(rb"^#", header, re.MULTILINE) or _model(parse_header(header)) is None:
        return False
    lines = head[end.end() :].split()[:50] if end else []
    return not lines or any(re.fullmatch(rb"[0-9A-Fa-f]{16,}", line) for line in lines)


def _model(header: Header) -> str | None:
    """Return the key of `LAYOUTS` for a device such as SBE37SM-RS232, or None for a model not in the table."""
    letters = re.sub(r"[^A-Z0-9]", "", (header.device or "").upper())
    match = re.fullmatch(r"(SBE37SM)P?(RS232|RS485)?", letters)
    return match[1] if match else None


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
    end = END.search(block)
    # The line end of *END* may be in the next block.
    if end is None or (not final and not end[0].endswith(b"\n")):
        lost = (Span(offset, len(block), "header without an *END* line"),) if final and block else ()
        return Records(rejected=lost), len(block) if final else 0, None
    state = _begin(parse_header(block[: end.start()]))
    records, consumed, state = _parse_lines(block[end.end() :], offset + end.end(), state, final)
    return replace(records, accepted=records.accepted + end.end()), consumed + end.end(), state


def _begin(header: Header) -> State:
    """Narrow the model's layouts by what the header says; where it says nothing, the first sample decides."""
    layouts = LAYOUTS.get(_model(header) or "", ())
    if header.pressure_installed is not None:
        layouts = tuple(
            layout for layout in layouts if (_PRESSURE in layout.fields) == header.pressure_installed
        ) or layouts
    return State(header, layouts, layouts[0] if len(layouts) == 1 else None)


def _parse_lines(block: bytes, offset: int, state: State, final: bool) -> tuple[Records, int, State]:
    buffer = np.frombuffer(block, dtype=np.uint8)
    lines, consumed = split_lines(buffer, final)
    width = lines.stop - lines.start
    state = _settle(state, buffer, lines, width)
    layout = state.layout
    if layout is None:
        return _account(block, offset, lines, np.zeros(width.size, dtype=bool), state.layouts), consumed, state
    chosen = np.flatnonzero(width == layout.digits)
    values, valid = hex_to_bytes(matrix(buffer, lines.start[chosen], layout.digits))
    if not valid.all():
        chosen, values = chosen[valid], values[valid]
    taken = np.zeros(width.size, dtype=bool)
    taken[chosen] = True
    batch = Batch(
        offset + lines.start[chosen],
        np.full(chosen.size, layout.digits, dtype=np.int32),
        _unpack(values, layout),
    )
    records = _account(block, offset, lines, taken, state.layouts)
    return replace(records, batches={STREAM: batch}), consumed, state


def _settle(state: State, buffer: Bytes, lines: Lines, width: NDArray[np.int64]) -> State:
    """Take the layout of the first line that fits one, where the header left several."""
    if state.layout is not None:
        return state
    digits = [layout.digits for layout in state.layouts]
    for index in np.flatnonzero(np.isin(width, digits)):
        _, valid = hex_to_bytes(matrix(buffer, lines.start[index : index + 1], int(width[index])))
        if valid[0]:
            return replace(state, layout=state.layouts[digits.index(int(width[index]))])
    return state


def _unpack(values: Bytes, layout: Layout) -> Columns:
    columns: dict[str, NDArray[Any]] = {}
    at = 0
    for name, size in layout.fields:
        columns[name] = big_endian(values[:, at : at + size])
        at += size
    return columns


_NOISE = (
    (re.compile(rb"\s*"), "blank line"),
    (re.compile(rb"\s*(S>.*|<Execut(ed|ing)/>)\s*", re.DOTALL), "terminal dialogue"),
)


def _account(
    block: bytes, offset: int, lines: Lines, taken: NDArray[np.bool_], layouts: tuple[Layout, ...]
) -> Records:
    """Enter every line: samples as accepted, dialogue and blank lines as skipped, the rest as rejected."""
    skipped: list[Span] = []
    rejected: list[Span] = []
    left = lines.where(np.flatnonzero(~taken))
    for start, stop, following in zip(left.start.tolist(), left.stop.tolist(), left.next.tolist(), strict=True):
        line = block[start:stop]
        noise = next((reason for pattern, reason in _NOISE if pattern.fullmatch(line)), None)
        spans = rejected if noise is None else skipped
        spans.append(Span(offset + start, following - start, noise or _fault(line, layouts)))
    accepted = int((lines.next - lines.start)[taken].sum())
    return Records({}, accepted, tuple(skipped), tuple(rejected))


def _fault(line: bytes, layouts: tuple[Layout, ...]) -> str:
    digits = [layout.digits for layout in layouts]
    if len(line) not in digits:
        return f"line of {len(line)} characters, a sample has {' or '.join(map(str, digits))}"
    if re.fullmatch(rb"[0-9A-Fa-f]+", line):
        return "sample of another layout than the first"
    return "line with characters that are not hexadecimal digits"


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Raw counts to temperature, conductivity and, where measured, pressure; see `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    raw = batch.columns
    given = {**state.header.coefficients, **_by_sensor(calibration)}
    variables: dict[str, NDArray[Any]] = {"temperature": _temperature(raw, given)}
    pressure: NDArray[np.float64] | float
    if "pressure" in raw:
        coefficients = sea_bird.StrainPressureCoefficients.from_mapping(given.get("pressure", {}), "pressure")
        inside = sea_bird.pressure_sensor_temperature(raw["pressure_temperature"], coefficients)
        pressure = sea_bird.strain_pressure(raw["pressure"], inside, coefficients)
        variables |= {"pressure": pressure, "pressure_sensor_temperature": inside}
    else:
        pressure = _reference_pressure(state.header, given)
    coefficients_c = sea_bird.ConductivityCoefficients.from_mapping(given.get("conductivity", {}), "conductivity")
    # The instrument counts the cell's frequency in 1/256 Hz.
    frequency = raw["conductivity"] / 256.0
    variables["conductivity"] = sea_bird.conductivity(frequency, variables["temperature"], pressure, coefficients_c)
    time = from_seconds(raw["seconds"], CLOCK_EPOCH)
    return {STREAM: assemble(batch, variables, time, _attributes(state.header, _by_sensor(calibration)))}


def _temperature(raw: Columns, given: Calibration) -> NDArray[np.float64]:
    coefficients = sea_bird.TemperatureCoefficients.from_mapping(given.get("temperature", {}), "temperature")
    return sea_bird.temperature(raw["temperature"], coefficients)


def _by_sensor(calibration: Calibration | None) -> Calibration:
    return {sensor.lower(): values for sensor, values in (calibration or {}).items()}


def _reference_pressure(header: Header, given: Calibration) -> float:
    """Decibars for the conductivity cell's compression on an instrument without a pressure sensor."""
    by_name = {name.lower(): value for name, value in given.get("conductivity", {}).items()}
    value = by_name.get("reference_pressure", header.reference_pressure)
    try:
        return float(value if value is not None else "none")
    except ValueError:
        raise CalibrationError(
            f"no pressure sensor, and the reference pressure is {value!r}: conductivity needs the pressure of the "
            "deployment; give it in decibars as conductivity coefficient reference_pressure in the configuration"
        ) from None


def _attributes(header: Header, calibration: Calibration) -> dict[str, str]:
    known = {
        "instrument_model": header.device,
        "serial_number": header.serial_number,
        "firmware": header.firmware,
    }
    for sensor in ("temperature", "conductivity", "pressure"):
        chosen = calibration.get(sensor)
        date = header.dates.get(sensor) if chosen is None else chosen.get("CalDate")
        known[f"calibration_{sensor}_date"] = None if date is None else str(date)
    return {name: value for name, value in known.items() if value}


def expected(state: State | None) -> int | None:
    """Return the samples that the instrument held by its own header."""
    return state.header.samples if state else None


READER = Reader(
    name="sbe_hex",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    expected=expected,
    instruments=("Sea-Bird SBE 37-SM and 37-SMP MicroCAT, RS-232 and RS-485, with or without pressure",),
)
