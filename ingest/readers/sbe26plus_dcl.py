"""Sea-Bird SBE 26plus wave and tide recorders in real time: lines of a logger.

Four kinds of lines, each a stream of its own:

    tide: start time = 12 Oct 2013 23:00:23, p = 14.8353, pt = 13.364, t = 13.2787     `tide`
    wave: start time = 13 Oct 2013 00:00:25                                             `wave_burst`
    wave: ptfreq = 171242.281                                                           `wave_frequency`
      14.8383                                                                           `wave_sample`

Tides and bursts carry the instrument's clock; of a tide it is the start of its integration, an hour or so, which ends
about when the line is sent. Frequencies and samples have only the logger's stamp. Pressure is absolute, given in psia.

There is no checksum: a flipped digit gives another value, and nothing in the format can tell.

References
----------
Sea-Bird Scientific, SBE 26plus manual: real-time tide and wave data.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.calibration.sea_bird import DECIBAR_PER_PSI
from ingest.dataset import assemble
from ingest.reader import Calibration, Reader, Records
from ingest.sea_bird.clock import PATTERN
from ingest.text import Bytes, Lines, Places, group_alike
from ingest.textual.dcl import STAMP, TAG, Stamped, Verdict, has_own_end, is_silent, known_noise, read_stamps
from ingest.textual.fields import numbers, strip_blanks
from ingest.textual.logger_lines import Found, independent
from ingest.timecode import from_fields

TIDE, BURST, FREQUENCY, SAMPLE = "tide", "wave_burst", "wave_frequency", "wave_sample"
_DATE = rb"(\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d)"
# Decimals are fixed by the firmware; a line cut in its last number has fewer.
_FOUR, _THREE = rb" *(-?\d{1,7}\.\d{4})", rb" *(-?\d{1,7}\.\d{3})"
_TIDE = re.compile(rb" *tide: start time = " + _DATE + rb", p =" + _FOUR + rb", pt =" + _THREE + rb", t =" + _FOUR)
_BURST = re.compile(rb" *wave: start time = " + _DATE)
_FREQUENCY = re.compile(rb" *wave: ptfreq =" + _THREE)
_END = re.compile(rb" *wave: end burst")
_ANY_LINE = re.compile(
    rb"^" + STAMP + TAG + rb" *(?:tide: start time = " + PATTERN + rb", p = .*|wave: start time = " + PATTERN
    + rb"|wave: ptfreq = +[\d.]+|wave: end burst)\r?$",
    re.MULTILINE,
)  # fmt: skip
_PATTERNS = {TIDE: _TIDE, BURST: _BURST, FREQUENCY: _FREQUENCY}
_MONTHS = {name: number + 1 for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())}
_DECIMALS = 4  # of a pressure sample
_VALUES = {TIDE: 3, BURST: 0, FREQUENCY: 1}


_TAGS = frozenset({b"presf"})


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with at least one whole line of tides or waves in its head, or a silent log."""
    return is_silent(head, _TAGS) or _ANY_LINE.search(head) is not None


def _find(buffer: Bytes, lines: Lines) -> Found:
    """Samples all at once; the other lines of a burst by their shape."""
    stamped = read_stamps(buffer, lines)
    start, stop = strip_blanks(buffer, stamped.payload, lines.stop)
    read = numbers(buffer, start, stop)
    sample = stamped.stamped & read.valid & (read.decimals > 0)
    whole = has_own_end(buffer, lines) | (read.decimals == _DECIMALS)
    rows = np.flatnonzero(sample & stamped.valid & whole)
    records: dict[str, tuple[Places, Mapping[str, NDArray[Any]]]] = {
        SAMPLE: (rows, {"time": stamped.time[rows], "pressure": read.value[rows]})
    }
    others, described = _others(buffer, lines, stamped, np.flatnonzero(stamped.valid & ~sample))
    faults = {
        "stamp is not a time": np.flatnonzero(stamped.stamped & ~stamped.valid),
        "line cut in its last value": np.flatnonzero(sample & ~whole),
    }
    return Found(records | others, faults, described)


Taken = tuple[Places, Mapping[str, NDArray[Any]]]


def _others(
    buffer: Bytes, lines: Lines, stamped: Stamped, rows: Places
) -> tuple[dict[str, Taken], list[int]]:
    """Tides, starts of bursts and frequencies; and the lines that end bursts."""
    held: dict[str, list[Taken]] = {TIDE: [], BURST: [], FREQUENCY: []}
    described: list[int] = []
    for group in group_alike(buffer, stamped.payload[rows], lines.stop[rows]):
        alike = rows[group]
        first = int(stamped.payload[alike[0]])
        text = buffer[first : int(lines.stop[alike[0]])].tobytes().rstrip()
        if _END.fullmatch(text):
            described += alike.tolist()
        for stream, pattern in _PATTERNS.items():
            match = pattern.fullmatch(text)
            if match is not None:
                held[stream].append(_read(buffer, stamped, alike, match))
    return {stream: _join(found, stream) for stream, found in held.items()}, sorted(described)


def _read(buffer: Bytes, stamped: Stamped, rows: Places, match: re.Match[bytes]) -> Taken:
    """Read lines that differ in digits only, by the match on the text of the first of them."""
    spans = np.array(match.regs[1:], dtype=np.int64)[:, :, None] + stamped.payload[rows]
    time, valid = stamped.time[rows], np.ones(rows.size, dtype=bool)
    dated = match.re is not _FREQUENCY
    if dated:
        day, year, hour, minute, second = (
            numbers(buffer, *spans[place]).value.astype(np.int64) for place in (0, 2, 3, 4, 5)
        )
        month = np.full(rows.size, _MONTHS.get(match[2], 0), dtype=np.int64)
        time, valid = from_fields((year, month, day), (hour, minute, second))
    read = spans[6:] if dated else spans
    value = numbers(buffer, read[:, 0], read[:, 1]).value.T
    columns = {"time": time, "value": value, "logger_clock_offset": (stamped.time[rows] - time).astype(np.int64)}
    return rows[valid], {name: values[valid] for name, values in columns.items()}


def _join(found: list[Taken], stream: str) -> Taken:
    nothing = {
        "time": np.zeros(0, dtype="datetime64[us]"),
        "value": np.zeros((0, _VALUES[stream])),
        "logger_clock_offset": np.zeros(0, dtype=np.int64),
    }
    rows = np.concatenate([np.zeros(0, dtype=np.int64), *(rows for rows, _ in found)])
    order = np.argsort(rows, kind="stable")
    columns = {
        name: np.concatenate([empty, *(columns[name] for _, columns in found)])[order]
        for name, empty in nothing.items()
    }
    return rows[order], columns


_OURS = re.compile(STAMP + TAG + rb" *(tide|wave): .*", re.DOTALL)
_IDLE = re.compile(STAMP + TAG + rb" *time out\s*")


def _judge(line: bytes) -> Verdict:
    if _IDLE.fullmatch(line):
        return True, "instrument waited for a command"
    if _OURS.fullmatch(line):
        return False, "line of a tide or wave that is cut or damaged"
    noise = known_noise(line)
    return (True, noise) if noise is not None else (False, "not a record of a wave and tide recorder")


def to_dataset(records: Records, state: None, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values as the instrument computed them, psia as decibars; see `Reader.to_dataset`."""
    attributes = {"instrument_model": "Sea-Bird SBE 26plus"}
    streams = {}
    for stream, batch in records.batches.items():
        columns = batch.columns
        if stream == SAMPLE:
            variables = {"absolute_pressure": columns["pressure"] * DECIBAR_PER_PSI}
        elif stream == FREQUENCY:
            variables = {"pressure_sensor_frequency": columns["value"][:, 0]}
        else:
            variables = {"logger_clock_offset": columns["logger_clock_offset"]}
        if stream == TIDE:
            pressure, inside, water = columns["value"].T
            variables |= {
                "absolute_pressure": pressure * DECIBAR_PER_PSI,
                "pressure_sensor_temperature": inside,
                "temperature": water,
            }
        time_means = "start of the integration" if stream == TIDE else "clock of the line"
        streams[stream] = assemble(batch, variables, columns["time"], {**attributes, "time_means": time_means})
    return streams


_PARSE, _FINISH = independent(_find, _judge)
READER = Reader(
    name="sbe26plus_dcl",
    version=1,
    sniff=sniff,
    parse=_PARSE,
    finish=_FINISH,
    to_dataset=to_dataset,
    lines=True,
    instruments=("Sea-Bird SBE 26plus: tides and wave bursts in a logger's time-stamped lines",),
)
