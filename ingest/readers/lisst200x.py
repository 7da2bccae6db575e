"""Sequoia LISST-200X particle size analyser: lines of a logger, 61 comma-separated values each.

Volume concentrations of 36 size classes come first, then auxiliary values with the instrument's date as six whole
numbers among them. The instrument's clock is the time; the logger's stamp is kept as its offset from it.

There is no checksum: a flipped digit gives another value, and nothing in the format can tell.

References
----------
Sequoia Scientific, LISST-200X user manual: auxiliary parameters of a sample, in order.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ingest.dataset import Values, assemble
from ingest.reader import Calibration, Parsed, Reader, Records
from ingest.text import Bytes, Lines, Places
from ingest.textual.dcl import STAMP, TAG, Verdict, has_own_end, is_silent, known_noise, read_stamps
from ingest.textual.fields import pick, read_table
from ingest.textual.logger_lines import Found, read_lines
from ingest.timecode import from_fields

STREAM = "samples"
CLASSES = 36
VARIABLES: Mapping[int, str] = {
    36: "laser_transmission",
    37: "supply_voltage",
    38: "external_voltage_0",
    39: "laser_reference",
    40: "depth",
    41: "auxiliary_temperature",
    48: "external_voltage_1",
    49: "mean_particle_diameter",
    50: "total_volume_concentration",
    51: "internal_relative_humidity",
    58: "unnamed_value",
    59: "optical_transmission",
    60: "beam_attenuation",
}
"""Measured values by their place in a line. The manual at hand does not name place 58."""

COUNTS: Mapping[int, str] = {
    52: "acceleration_x_counts",
    53: "acceleration_y_counts",
    54: "acceleration_z_counts",
    55: "raw_pressure_high_counts",
    56: "raw_pressure_low_counts",
    57: "ambient_light_counts",
}
_CLOCK = range(42, 48)
_FIELDS = 61
_COMMA = 44
_NUMBER = rb"-?\d{1,9}(?:\.\d{1,6})?"
_CLOCK_TEXT = rb"(?:19|20)\d\d(?:,\d{1,2}){5}"
_PAYLOAD = (
    rb"(?:" + _NUMBER + rb",){42}" + _CLOCK_TEXT + rb"(?:," + _NUMBER + rb"){12}"
    rb"(?:,-?\d{1,9}\.\d{3})"
)  # fmt: skip
_ANY_LINE = re.compile(rb"^" + STAMP + TAG + _PAYLOAD + rb"\r?$", re.MULTILINE)
_NOISE_BEFORE = re.compile(STAMP + TAG + rb"[^\n]{0,200}?," + _CLOCK_TEXT + rb",[-\d.,]*", re.DOTALL)
_CUT = re.compile(STAMP + TAG + rb"[-\d.,]+")
_LAST_DECIMALS = 3


@dataclass(frozen=True)
class State:
    """Nothing is carried from block to block."""


_TAGS = frozenset({b"prtsz"})


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with at least one whole record in its head, or a silent log."""
    return is_silent(head, _TAGS) or _ANY_LINE.search(head) is not None


def parse(block: bytes, offset: int, state: State | None) -> Parsed:
    """Lines to records; see `Reader.parse`."""
    records, consumed = read_lines(block, offset, _find, _judge, final=False)
    return records, consumed, State()


def finish(rest: bytes, offset: int, state: State | None) -> Parsed:
    """Last lines, with or without line end; see `Reader.finish`."""
    records, consumed = read_lines(rest, offset, _find, _judge, final=True)
    return records, consumed, State()


def _find(buffer: Bytes, lines: Lines) -> Found:
    """Read every stamped line of as many numbers as a record has."""
    stamped = read_stamps(buffer, lines)
    table = read_table(buffer, (stamped.payload, lines.stop), _COMMA, _FIELDS)
    row = table.row
    fits = stamped.stamped[row] & table.numeric
    for place in _CLOCK:
        fits &= (table.decimals[place] == 0) & (table.value[place] >= 0) & (table.width[place] <= 16)
    for place in COUNTS:
        fits &= table.decimals[place] == 0
    year, month, day, hour, minute, second = np.where(fits, table.value[_CLOCK.start : _CLOCK.stop], 0).astype(np.int64)
    time, valid = from_fields((year, month, day), (hour, minute, second))
    ended = has_own_end(buffer, lines.where(row)) | (table.decimals[-1] == _LAST_DECIMALS)
    good = fits & stamped.valid[row] & valid & ended
    held = pick(good)
    chosen = row[held]
    columns = {
        "time": time[held],
        "logger_clock_offset": (stamped.time[chosen] - time[held]).astype(np.int64),
        "volume_concentration": table.value[:CLASSES, held].T,
        **{name: table.value[place, held] for place, name in VARIABLES.items()},
        **{name: table.value[place, held].astype(np.int32) for place, name in COUNTS.items()},
    }
    faults: dict[str, Places] = {
        "stamp is not a time": row[fits & ~stamped.valid[row]],
        "instrument's clock is not a time": row[fits & ~valid],
        "line cut in its last value": row[fits & ~ended],
    }
    return Found({STREAM: (chosen, columns)}, faults)


def _judge(line: bytes) -> Verdict:
    """Whether a line that is no record is known noise, and what it is."""
    if _NOISE_BEFORE.fullmatch(line):
        # Seen in 20240322.prtsz2.log at byte 177023: the first record after power-on, its start garbled.
        return False, "record with noise in its start"
    noise = known_noise(line)
    if noise is not None:
        return True, noise
    if _CUT.fullmatch(line):
        return False, f"line with other than {_FIELDS} values"
    return False, "not a record of a LISST-200X"


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values as the instrument reports them; see `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    columns = dict(batch.columns)
    time = columns.pop("time")
    held: dict[str, Values | tuple[tuple[str, ...], Values]] = dict(columns)
    held["volume_concentration"] = (("size_class",), columns["volume_concentration"])
    return {STREAM: assemble(batch, held, time, {"instrument_model": "Sequoia LISST-200X"})}


READER = Reader(
    name="lisst200x",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    lines=True,
    instruments=("Sequoia LISST-200X particle size analyser: text in a logger's time-stamped lines",),
)
