"""Sea-Bird SBE 37-IM status files of a mooring's inductive modem: a header of `#` lines, then samples in hexadecimal.

`563A00C351E50A28D3531B`: temperature and conductivity, five digits each; pressure, four, where there is a sensor; then
seconds since 2000. The bytes of pressure and of the seconds stand in reversed order. The file's own header names them
`tttttcccccppppTTTTTTTT`.
The instrument has converted the values; pressure counts in parts of the range that the header states. Files hold some
tens of samples, of one status request.

There is no checksum: a flipped digit gives another value, and nothing in the format can tell.

References
----------
Sea-Bird Scientific, SBE 37-IM manual, data formats; the equations are in `ingest.calibration.sea_bird_modem`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.calibration import sea_bird_modem
from ingest.dataset import assemble
from ingest.errors import CalibrationError
from ingest.reader import HEAD_BYTES, Calibration, Parsed, Reader, Records
from ingest.text import Bytes, Lines, Places, hex_fields, matrix
from ingest.textual.dcl import Verdict
from ingest.textual.logger_lines import Found, read_lines
from ingest.timecode import from_seconds

STREAM = "samples"
CLOCK_EPOCH = "2000-01-01"
_WITH, _WITHOUT = 22, 18  # digits of a sample with and without pressure
_SAMPLE = re.compile(rb"^(?:[0-9A-F]{22}|[0-9A-F]{18})\r?$", re.MULTILINE)


@dataclass(frozen=True)
class State:
    """What the header states, and the digits of a sample: those that most of the first lines have."""

    serial_number: str | None
    pressure_range: float | None
    samples: int | None
    digits: int


def sniff(head: bytes, name: str) -> bool:
    """Claim a status header of a MicroCAT that samples follow."""
    return (
        re.search(rb"^#(?:MCAT Status|SBE37-IM\b)", head, re.MULTILINE) is not None
        and re.search(rb"^#Begin Data", head, re.MULTILINE) is not None
    )


def parse(block: bytes, offset: int, state: State | None) -> Parsed:
    """Lines to records; see `Reader.parse`. Waits for the file's first 64 KiB, which mostly is all of it."""
    if state is None and len(block) < HEAD_BYTES:
        return Records(), 0, None
    return _parse(block, offset, state, final=False)


def finish(rest: bytes, offset: int, state: State | None) -> Parsed:
    """Last lines, with or without line end; see `Reader.finish`."""
    return _parse(rest, offset, state, final=True)


def _parse(block: bytes, offset: int, state: State | None, final: bool) -> Parsed:
    known = state or _recognise(block[:HEAD_BYTES])
    records, consumed = read_lines(
        block, offset, lambda buffer, lines: _find(buffer, lines, known), _judge, final=final, digits_alike=True
    )
    return records, consumed, known


def _recognise(head: bytes) -> State:
    serial = re.search(rb"^#SBE37-IM\b.*SERIAL NO\.\s*(\d+)", head, re.MULTILINE)
    span = re.search(rb"^#PressureRange = *(\d{1,6}(?:\.\d{1,6})?)", head, re.MULTILINE)
    samples = re.search(rb"^#SamplesRecorded = *(\d{1,9})", head, re.MULTILINE)
    widths = [len(match[0].rstrip()) for match in _SAMPLE.finditer(head)]
    return State(
        serial_number=serial[1].decode() if serial else None,
        pressure_range=float(span[1]) if span else None,
        samples=int(samples[1]) if samples else None,
        digits=_WITHOUT if widths.count(_WITHOUT) > widths.count(_WITH) else _WITH,
    )


def _find(buffer: Bytes, lines: Lines, state: State) -> Found:
    rows = np.flatnonzero(lines.stop - lines.start == state.digits)
    sizes = (5, 5, 4, 8) if state.digits == _WITH else (5, 5, 8)
    values, valid = hex_fields(buffer, lines.start[rows], sizes)
    # Capitals only, as the instrument prints them.
    valid &= (matrix(buffer, lines.start[rows], state.digits) < 91).all(axis=1)
    rows, values = rows[valid], values[:, valid]
    columns: dict[str, NDArray[Any]] = {"temperature": values[0], "conductivity": values[1]}
    if state.digits == _WITH:
        columns["pressure"] = values[2].astype(np.uint16).byteswap().astype(np.int64)
    columns["seconds"] = values[-1].astype(np.uint32).byteswap().astype(np.int64)
    return Found({STREAM: (rows, columns)}, described=_header_lines(buffer, lines))


def _header_lines(buffer: Bytes, lines: Lines) -> list[int]:
    first = buffer[np.minimum(lines.start, buffer.size - 1)]
    known: Places = np.flatnonzero((lines.stop > lines.start) & (first == ord("#")))
    return [row for row in known.tolist() if _HEADER.fullmatch(buffer[lines.start[row] : lines.stop[row]].tobytes())]


_HEADER = re.compile(rb"#[\x20-\x7e]*")


def _judge(line: bytes) -> Verdict:
    if not line.strip():
        return True, "blank line"
    return False, f"line of {len(line)} characters that is no sample"


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Counts of the telemetry to engineering units; see `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    raw = batch.columns
    variables = {
        "temperature": sea_bird_modem.temperature(raw["temperature"]),
        "conductivity": sea_bird_modem.conductivity(raw["conductivity"]),
    }
    attributes = {"instrument_model": "Sea-Bird SBE 37-IM"}
    if state.serial_number:
        attributes["serial_number"] = state.serial_number
    if "pressure" in raw:
        variables["pressure"] = sea_bird_modem.pressure(raw["pressure"], _range(state, calibration))
        attributes["pressure_range"] = f"{_range(state, calibration):g}"
    return {STREAM: assemble(batch, variables, from_seconds(raw["seconds"], CLOCK_EPOCH), attributes)}


def _range(state: State, calibration: Calibration | None) -> float:
    given = (calibration or {}).get("pressure", {}).get("PRANGE", state.pressure_range)
    if given is None:
        raise CalibrationError(
            "the header states no PressureRange, of which pressure counts parts: give it in psi as pressure "
            "coefficient PRANGE"
        )
    return float(given)


def expected(state: State | None) -> int | None:
    """Return the samples that the header states."""
    return state.samples if state else None


READER = Reader(
    name="sbe37im_imodem",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    expected=expected,
    lines=True,
    instruments=("Sea-Bird SBE 37-IM MicroCAT: status files of an inductive modem",),
)
