"""Satlantic / Sea-Bird SUNA nitrate sensor: frames of full ASCII format, in its own files or in lines of a logger.

Lines `SATFHR,...` describe the instrument. `SATSLF1056,2017269,0.018231,-1.87,...,16` is a light frame, `SATSDF...` a
dark one: date as year and day of year, hours, results of the fit, 256 spectral channels, housekeeping, four values of a
CTD where one is connected, and a checksum. Light and dark frames are streams of their own: in dark ones the instrument
writes 0 for all that only light can tell. A logger writes its stamp before each line, and what the instrument says
of itself (`[2017/10/13 00:30:10] vMainNitrateTask()::INFO-...`); the frame's clock stays the time.

References
----------
Satlantic, SUNA user manual (firmware 2.5), section "Frame definitions": full ASCII light and dark frames. The checksum
is what the bytes up to the last comma lack to a multiple of 256; seen to hold for all frames at hand.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.dataset import Values, assemble
from ingest.reader import Calibration, Reader, Records
from ingest.text import Bytes, Lines, Places, matrix
from ingest.textual.dcl import STAMP, TAG, Verdict, is_silent, known_noise, read_stamps
from ingest.textual.fields import Table, numbers, pick, read_clock, read_table, sum_bytes
from ingest.textual.logger_lines import ByHead, Found
from ingest.timecode import Times

LIGHT, DARK = "light", "dark"
CHANNELS = 256
_FIELDS = CHANNELS + 30
_SPECTRUM = slice(11, 11 + CHANNELS)
FITTED: Mapping[int, str] = {
    3: "nitrate_concentration",
    4: "nitrogen_in_nitrate",
    5: "absorbance_254nm",
    6: "absorbance_350nm",
    7: "bromide_trace",
    9: "dark_value_for_fit",
    276: "fit_auxiliary_1",
    277: "fit_auxiliary_2",
    278: "fit_baseline_1",
    279: "fit_baseline_2",
    280: "fit_root_mean_square_error",
}
"""Values by their place in a frame that only light frames have."""

MEASURED: Mapping[int, str] = {
    8: "spectrum_average",
    10: "integration_time_factor",
    267: "spectrometer_temperature",
    268: "internal_temperature",
    269: "lamp_temperature",
    270: "lamp_time",
    271: "internal_relative_humidity",
    272: "supply_voltage",
    273: "lamp_voltage",
    274: "internal_voltage",
    275: "supply_current",
    282: "ctd_salinity",
    283: "ctd_temperature",
    284: "ctd_pressure",
}
"""Values of both; those of a CTD are empty where none is connected, as is the CTD's clock before them."""

_COUNTS = ("dark_value_for_fit", "spectrum_average", "integration_time_factor", "lamp_time")
_OPTIONAL = (281, 282, 283, 284)
_COMMA = 44
_LOGGED = rb"^(?P<stamp>" + STAMP + TAG + rb")?"
_FRAME = re.compile(_LOGGED + rb"SATS[LD]F\d{4},\d{7},", re.MULTILINE)
_WHOLE = re.compile(_LOGGED + rb"SATS[LD]F(?P<serial>\d{4}),\d{7},[-\d.,]{500,}\r?$", re.MULTILINE)
_SAID = re.compile(_LOGGED + rb"\[\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\] [\x20-\x7e]*\s*")
_HEADER = re.compile(rb"^SATFHR,([^\r\n]*?) *, *([^\r\n]*?)\r?$", re.MULTILINE)
_KEPT = {"Firmware Version": "firmware", "Calibration File": "calibration_file", "Wavelength Fit Range": "fit_range"}


@dataclass(frozen=True)
class State:
    """Serial number that most frames of the head give, what the header tells, and whether a logger's stamps are there.

    All frames have a stamp then.
    """

    serial: int
    attributes: Mapping[str, str]
    stamped: bool = False


_TAGS = frozenset({b"nutnr", b"suna"})


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with a frame of full ASCII format that fits into a line, or a silent log."""
    return is_silent(head, _TAGS) or _first(head) >= 0


def _first(block: bytes) -> int:
    frames = (match.start() for match in _WHOLE.finditer(block) if match[0].count(b",") == _FIELDS - 1)
    return next(frames, -1)


def _recognise(head: bytes) -> State:
    frames = Counter((int(match["serial"]), match["stamp"] is not None) for match in _WHOLE.finditer(head))
    serial, stamped = frames.most_common(1)[0][0] if frames else (-1, False)
    pairs = [(match[1].decode("latin-1"), match[2].decode("latin-1")) for match in _HEADER.finditer(head)]
    told = {" ".join(label.split()): value for label, value in pairs}
    kept = {name: told[label] for label, name in _KEPT.items() if told.get(label)}
    return State(serial, kept, stamped)


def _find(buffer: Bytes, lines: Lines, state: State) -> Found:
    """Read every line of as many fields as a frame has."""
    start, stamp = lines.start, None
    if state.stamped:
        stamps = read_stamps(buffer, lines)
        # A line without a good stamp is shown empty: a frame needs one.
        start = np.where(stamps.stamped & stamps.valid, stamps.payload, lines.stop)
        stamp = stamps.time.astype(np.int64)
    table = read_table(buffer, (start, lines.stop), _COMMA, _FIELDS, texts=(0, -1, *_OPTIONAL))
    row, value = table.row, table.value
    light, serial, fits = _read_start(buffer, table)
    fits &= table.numeric & (table.width[1] == 7)
    for place, text in ((_FIELDS - 1, 1), *((place, 2 + number) for number, place in enumerate(_OPTIONAL))):
        read = numbers(buffer, table.start[text], table.stop[text])
        empty = (table.width[place] == 0) & (place in _OPTIONAL)
        value[place] = np.where(empty, np.nan, read.value)
        fits &= read.valid | empty
    time, valid = _time(value[1], value[2])
    summed = -sum_bytes(buffer, table.start[0], table.start[1]) % 256 == value[-1]
    good = fits & valid & summed & (serial == state.serial)
    records = {}
    for stream, names in ((LIGHT, {**FITTED, **MEASURED}), (DARK, MEASURED)):
        here = pick(good & (light == (stream == LIGHT)))
        columns: dict[str, NDArray[np.generic]] = {name: value[place, here] for place, name in names.items()}
        columns |= {"time": time[here], "spectrum": value[_SPECTRUM, here].astype(np.int32).T}
        if stamp is not None:
            columns["logger_clock_offset"] = stamp[row[here]] - time[here].astype(np.int64)
        records[stream] = (row[here], columns)
    faults: dict[str, Places] = {
        "checksum does not hold": row[fits & ~summed],
        "date is not a time": row[fits & ~valid],
        f"frame of another instrument than {state.serial}": row[fits & (serial != state.serial)],
    }
    return Found(records, faults, _described(buffer, lines))


def _read_start(buffer: Bytes, table: Table) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.bool_]]:
    """Whether a frame is of light, its serial number, and whether its first field has the form of a frame's."""
    lit, light = read_clock(buffer, table.start[0], table.stop[0], b"SATSLF0000")
    unlit, dark = read_clock(buffer, table.start[0], table.stop[0], b"SATSDF0000")
    return light, lit[0] + unlit[0], light | dark


def _time(date: NDArray[np.float64], hours: NDArray[np.float64]) -> tuple[Times, NDArray[np.bool_]]:
    """Time from year and day of year in one number, and hours; and where they are a time."""
    year, day = np.divmod(date.astype(np.int64), 1000)
    first = (year - 1970).astype("datetime64[Y]")
    days = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    valid = (year >= 1970) & (day >= 1) & (day <= days) & (hours >= 0) & (hours < 24)
    microseconds = np.where(valid, np.rint(hours * 3_600_000_000.0), 0).astype("timedelta64[us]")
    start = first.astype("datetime64[D]") + np.where(valid, day - 1, 0)
    return np.where(valid, start.astype("datetime64[us]") + microseconds, np.datetime64(0, "us")), valid


def _described(buffer: Bytes, lines: Lines) -> list[int]:
    """Numbers of the header's lines: those that start with `SATFHR,`."""
    rows = np.flatnonzero(lines.stop - lines.start >= len(b"SATFHR,"))
    starts = matrix(buffer, lines.start[rows], len(b"SATFHR,"))
    same: NDArray[np.bool_] = (starts == np.frombuffer(b"SATFHR,", dtype=np.uint8)).all(axis=1)
    return [int(row) for row in rows[same]]


def _judge(line: bytes) -> Verdict:
    """Whether a line that is no frame is known noise, and what it is."""
    if _SAID.fullmatch(line):
        return True, "message of the instrument"
    if _FRAME.match(line):
        return False, f"frame with {line.count(b',') + 1} of {_FIELDS} fields, or with one that is no number"
    noise = known_noise(line)
    return (True, noise) if noise is not None else (False, "not a frame of a SUNA")


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values as the instrument reports them, its own fit of nitrate included; see `Reader.to_dataset`."""
    attributes = {"instrument_model": "Satlantic SUNA", "serial_number": str(state.serial), **state.attributes}
    streams = {}
    for stream, batch in records.batches.items():
        columns = dict(batch.columns)
        time = columns.pop("time")
        held: dict[str, Values | tuple[tuple[str, ...], Values]] = {
            name: values.astype(np.int32) if name in _COUNTS else values for name, values in columns.items()
        }
        held["spectrum"] = (("channel",), columns["spectrum"])
        streams[stream] = assemble(batch, held, time, attributes)
    return streams


_LINES = ByHead(_first, _recognise, _find, _judge)

READER = Reader(
    name="suna",
    version=2,
    sniff=sniff,
    parse=_LINES.parse,
    finish=_LINES.finish,
    to_dataset=to_dataset,
    checksummed=True,
    lines=True,
    instruments=("Satlantic / Sea-Bird SUNA V2 nitrate sensor: full ASCII frames, own files or logger's lines",),
)
