"""Sea-Bird SeapHOx V2 files of a mooring's inductive modem: a status header and one record or a few, as text.

`DSPHOX02054,2024-05-08T14:00:01,825,0000,22.2267,7.9556,-0.999736,0.602,30.6078,4.45320,4.898,6.8,22.2`: prefix and
serial number, the instrument's clock, number of the sample, error flags, temperature, pH (external reference), voltage
of the external reference, pressure, salinity, conductivity (S/m: 4.4532 with a salinity of 30.6 at 22 degrees), oxygen
(ml/l), humidity and temperature inside. The dialogue around it (`SL`, `S>`) is noise. Records come one a file, so that
they are taken one by one.

There is no checksum: a flipped digit gives another value, and nothing in the format can tell.

References
----------
Sea-Bird Scientific, SeaFET V2 and SeapHOx V2 manual: output formats.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from ingest.dataset import assemble
from ingest.dcl import Verdict
from ingest.logger_lines import Found, read_lines
from ingest.reader import HEAD_BYTES, Calibration, Parsed, Reader, Records
from ingest.sea_bird_names import MICROMOLE_PER_MILLILITRE
from ingest.text import Bytes, Lines

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

_DECIMALS = (4, 4, 6, 3, 4, 5, 3, 1, 1)  # fixed by the firmware; a line cut in its last number has fewer
_VALUES = b"".join(rb", *(-?\d{1,6}\.\d{%d})" % decimals for decimals in _DECIMALS)
_RECORD = re.compile(
    rb"([A-Z]*SPHOX)(\d{3,8}),(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d), *(\d{1,9}), *([0-9A-Fa-f]{4})" + _VALUES
)
_ANY_LINE = re.compile(rb"^" + _RECORD.pattern + rb"\s*$", re.MULTILINE)


@dataclass(frozen=True)
class State:
    """Serial number of the first record."""

    serial_number: str | None


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
        state = State(first[2].decode() if first else None)
    records, consumed = read_lines(block, offset, _find, _judge, final=final)
    return records, consumed, state


def _find(buffer: Bytes, lines: Lines) -> Found:
    rows: list[int] = []
    wrong: list[int] = []
    described: list[int] = []
    found: list[tuple[np.datetime64, int, int, tuple[float, ...]]] = []
    for row in np.flatnonzero(lines.stop > lines.start).tolist():
        text = buffer[int(lines.start[row]) : int(lines.stop[row])].tobytes().rstrip()
        match = _RECORD.fullmatch(text)
        if match is None:
            if _HEADER.fullmatch(text):
                described.append(row)
            continue
        try:
            time = np.datetime64(match[3].decode(), "us")
        except ValueError:
            wrong.append(row)
            continue
        rows.append(row)
        found.append((time, int(match[4]), int(match[5], 16), tuple(float(one) for one in match.groups()[5:])))
    columns: dict[str, Any] = {
        "time": np.array([one[0] for one in found], dtype="datetime64[us]"),
        "sample_number": np.array([one[1] for one in found], dtype=np.int64),
        "sample_error_flags": np.array([one[2] for one in found], dtype=np.int32),
        "value": np.array([one[3] for one in found], dtype=np.float64).reshape(len(found), len(VARIABLES)),
    }
    faults = {"instrument's clock is not a time": np.array(wrong, dtype=np.int64)}
    return Found({STREAM: (np.array(rows, dtype=np.int64), columns)}, faults, described)


_HEADER = re.compile(rb"#[\x20-\x7e]*")
_DIALOGUE = re.compile(rb"\s*(SL|S>[\x20-\x7e]*|<Execut(ed|ing)/>)?\s*")


def _judge(line: bytes) -> Verdict:
    return (True, "terminal dialogue") if _DIALOGUE.fullmatch(line) else (False, "not a whole record of a SeapHOx")


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values as the instrument computed them; its calibration is inside. See `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    columns = batch.columns
    variables = {name: columns["value"][:, place] for place, name in enumerate(VARIABLES)}
    variables["oxygen_concentration"] = variables["oxygen_concentration"] * MICROMOLE_PER_MILLILITRE
    variables |= {name: columns[name] for name in ("sample_number", "sample_error_flags")}
    attributes = {"instrument_model": "Sea-Bird SeapHOx V2"}
    if state.serial_number:
        attributes["serial_number"] = state.serial_number
    return {STREAM: assemble(batch, variables, columns["time"], attributes)}


READER = Reader(
    name="seaphox_imodem",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    lines=True,
    instruments=("Sea-Bird SeapHOx V2: records of an inductive modem",),
)
