"""Sea-Bird SeapHOx V2: records behind the status header of a mooring's inductive modem, or in a logger's lines.

`DSPHOX02054,2024-05-08T14:00:01,825,0000,22.2267,7.9556,-0.999736,0.602,30.6078,4.45320,4.898,6.8,22.2`: prefix and
serial number, the instrument's clock, number of the sample, error flags, temperature, pH (external reference), voltage
of the external reference, pressure, salinity, conductivity (S/m: 4.4532 with a salinity of 30.6 at 22 degrees), oxygen
(ml/l), humidity and temperature inside. The dialogue around it (`SL`, `S>`) is noise. A data logger writes its stamp
before each line; the instrument's clock stays the time, and the stamp is kept as its offset.

There is no checksum: a flipped digit gives another value, and nothing in the format can tell.

References
----------
Sea-Bird Scientific, SeaFET V2 and SeapHOx V2 manual: output formats.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from ingest.dataset import assemble
from ingest.dcl import STAMP, TAG, Verdict, known_noise, read_stamps
from ingest.forms import BLANK, SPACES, UPPER, Where, characters, digits, find, form, hex_value, literal, number, word
from ingest.logger_lines import Found, read_lines
from ingest.reader import HEAD_BYTES, Calibration, Parsed, Reader, Records
from ingest.sea_bird_names import MICROMOLE_PER_MILLILITRE
from ingest.text import Bytes, Lines, matrix
from ingest.timecode import from_fields

STREAM = "samples"
VARIABLES = (
    "temperature",
    "ph_external",
    "ph_external_voltage",
    "pressure",
    "practical_salinity",
    "conductivity",
    "oxygen_concentration",
    "internal_relative_humidity",
    "internal_temperature",
)
"""Values of a record, in order, after the error flags."""

_NAME = b"SPHOX"
_DECIMALS = (4, 4, 6, 3, 4, 5, 3, 1, 1)  # fixed by the firmware; a line cut in its last number has fewer
_VALUES = b"".join(rb", *(-?\d{1,6}\.\d{%d})" % decimals for decimals in _DECIMALS)
_RECORD = re.compile(
    rb"([A-Z]*SPHOX)(\d{3,8}),(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d), *(\d{1,9}), *([0-9A-Fa-f]{4})" + _VALUES
)
_CLOCK = [item for sign in b"--T::" for item in (literal(bytes([sign])), digits(2, 2))]
_FORM = form(
    word(UPPER, 5), digits(3, 8), literal(b","), digits(4, 4), *_CLOCK, literal(b","),
    characters(BLANK), digits(1, 9), literal(b","), characters(BLANK), hex_value(4),
    *(part for decimals in _DECIMALS
      for part in (literal(b","), characters(BLANK), number(6), literal(b"."), digits(decimals, decimals))),
    characters(SPACES),
)  # fmt: skip
_ANY_LINE = re.compile(rb"^(?P<stamp>" + STAMP + TAG + rb")?" + _RECORD.pattern + rb"\s*$", re.MULTILINE)
_SERIAL = 10
"""Group of `_ANY_LINE`: behind the stamp's eight and the name."""


@dataclass(frozen=True)
class State:
    """Serial number of the first record, and whether a logger's stamp stands before it, as before all others then."""

    serial_number: str | None
    stamped: bool = False


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with a whole record in its head, or a status header that a SeapHOx's dialogue follows."""
    if _ANY_LINE.search(head):
        return True
    status = re.search(rb"^#CTDBP Status", head, re.MULTILINE) and re.search(rb"^#Begin Data", head, re.MULTILINE)
    return status is not None and re.search(rb"^(SL\r?$|[A-Z]*SPHOX\d)", head, re.MULTILINE) is not None


def parse(block: bytes, offset: int, state: State | None) -> Parsed:
    """Lines to records; see `Reader.parse`. Waits for the file's first 64 KiB, which mostly is all of it."""
    if state is None and len(block) < HEAD_BYTES:
        return Records(), 0, None
    return _parse(block, offset, state, final=False)


def finish(rest: bytes, offset: int, state: State | None) -> Parsed:
    """Last lines, with or without line end; see `Reader.finish`."""
    return _parse(rest, offset, state, final=True)


def _parse(block: bytes, offset: int, state: State | None, final: bool) -> Parsed:
    if state is None:
        first = _ANY_LINE.search(block[:HEAD_BYTES])
        state = State(first[_SERIAL].decode(), first["stamp"] is not None) if first else State(None)
    find_records = _find_stamped if state.stamped else _find
    records, consumed = read_lines(block, offset, find_records, _judge, final=final, digits_alike=True)
    return records, consumed, state


def _find(buffer: Bytes, lines: Lines) -> Found:
    found = find(buffer, lines.start, lines.stop, _FORM, Where.WHOLE)
    name = matrix(buffer, found.text_stop[0] - len(_NAME), len(_NAME))
    found = found.where((name == np.frombuffer(_NAME, dtype=np.uint8)).all(axis=1))
    year, month, day, hour, minute, second, number_of, flags = found.value[1:9].astype(np.int64)
    time, valid = from_fields((year, month, day), (hour, minute, second))
    whole, fraction = found.value[9::2], found.value[10::2]
    scale = 10.0 ** np.array(_DECIMALS)[:, None]
    size = (np.abs(whole) * scale + fraction) / scale  # both exact: rounded once, as `float(text)`
    columns: dict[str, Any] = {
        "time": time[valid],
        "sample_number": number_of[valid],
        "sample_error_flags": flags[valid].astype(np.int32),
        "value": np.copysign(size, whole).T[valid],
    }
    rest = np.ones(lines.start.size, dtype=bool)
    rest[found.row] = False
    headers = np.flatnonzero(rest & (lines.stop > lines.start))
    headers = headers[buffer[lines.start[headers]] == ord("#")]
    bounds = zip(lines.start[headers].tolist(), lines.stop[headers].tolist(), strict=True)
    described = [_HEADER.fullmatch(buffer[start:stop].tobytes().rstrip()) is not None for start, stop in bounds]
    faults = {"instrument's clock is not a time": found.row[~valid]}
    return Found({STREAM: (found.row[valid], columns)}, faults, headers[np.array(described, dtype=bool)].tolist())


def _find_stamped(buffer: Bytes, lines: Lines) -> Found:
    stamps = read_stamps(buffer, lines)
    timed = stamps.stamped & stamps.valid
    # A line without a good stamp is shown empty: a record needs one.
    found = _find(buffer, Lines(np.where(timed, stamps.payload, lines.stop), lines.stop, lines.next))
    rows, columns = found.records[STREAM]
    stamp = stamps.time[rows].astype(np.int64)
    return replace(found, records={STREAM: (rows, {**columns, "stamp": stamp})}, described=())


_HEADER = re.compile(rb"#[\x20-\x7e]*")
_DIALOGUE = re.compile(rb"(?:" + STAMP + TAG + rb")?\s*(SL|S>[\x20-\x7e]*|<Execut(ed|ing)/>)?\s*")


def _judge(line: bytes) -> Verdict:
    if _DIALOGUE.fullmatch(line):
        return True, "terminal dialogue"
    noise = known_noise(line)
    return (True, noise) if noise else (False, "not a whole record of a SeapHOx")


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values as the instrument computed them; its calibration is inside. See `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    columns = batch.columns
    variables = {name: columns["value"][:, place] for place, name in enumerate(VARIABLES)}
    variables["oxygen_concentration"] = variables["oxygen_concentration"] * MICROMOLE_PER_MILLILITRE
    variables |= {name: columns[name] for name in ("sample_number", "sample_error_flags")}
    if state.stamped:
        variables["logger_clock_offset"] = columns["stamp"] - columns["time"].astype(np.int64)
    attributes = {"instrument_model": "Sea-Bird SeapHOx V2"}
    if state.serial_number:
        attributes["serial_number"] = state.serial_number
    return {STREAM: assemble(batch, variables, columns["time"], attributes)}


READER = Reader(
    name="seaphox_imodem",
    version=2,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    lines=True,
    instruments=("Sea-Bird SeapHOx V2: records of an inductive modem, and in a logger's lines",),
)
