"""Teledyne RDI PD8: text tables, a header of four lines and a line for each bin, stamped by a logger.

Time is the ensemble's own, from its first line; the logger's stamp of that line minus it is `logger_clock_offset` (4
minutes in corpus 20131201.adcp_mod.log: the instrument pings for that long and then writes). A table ends
with a blank line; without it nobody can tell whether further bins were lost. There is no checksum.

Files have a table an hour: lines are taken one by one, which is enough for years.

References
----------
Teledyne RD Instruments, Workhorse Commands and Output Data Format, P/N 957-6156-00: PD8 output.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.dataset import assemble
from ingest.dcl import STAMP, TAG, is_silent, known_noise, read_stamps
from ingest.ledger import Span
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.text import split_lines
from ingest.timecode import from_fields

STREAM = "profile"
_BAD_VELOCITY = -32768.0

_TIME = re.compile(rb"\s*(\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)\.(\d\d)\s+(\d{1,9})\s*")
_NUMBER = rb"\s+(-?\d+(?:\.\d+)?)"
_HEADING = re.compile(rb"\s*Hdg:" + _NUMBER + rb"\s+Pitch:" + _NUMBER + rb"\s+Roll:" + _NUMBER + rb"\s*")
_TEMPERATURE = re.compile(rb"\s*Temp:" + _NUMBER + rb"\s+SoS:" + _NUMBER + rb"\s+BIT:\s+([0-9A-Fa-f]{1,4})\s*")
_TITLES = re.compile(rb"\s*Bin\s+Dir\s+Mag\s+E/W\s+N/S\s+Vert\s+Err\s+Echo1\s+Echo2\s+Echo3\s+Echo4\s*")
_BIN = re.compile(rb"\s*(\d{1,3})(?:\s+(?:-?\d+(?:\.\d+)?|-+|\*+)){6}(?:\s+\d{1,3}){4}")
_HEADER_LINES = (_TIME, _HEADING, _TEMPERATURE, _TITLES)
_SNIFF = re.compile(
    rb"^(?:" + STAMP + TAG + rb")?[ \t]*Hdg:" + _NUMBER + rb"[ \t]+Pitch:" + _NUMBER + rb"[ \t]+Roll:", re.MULTILINE
)
_SNIFF_TITLES = re.compile(rb"Bin +Dir +Mag +E/W +N/S +Vert +Err +Echo1")
_MOST_BINS = 255
_LOOK_AHEAD = 2000  # lines, for the table after the first: an hour of a talkative logger has some 60


@dataclass(frozen=True)
class State:
    """How many bins the tables of the file have, 0 until a whole one was seen, and whether a blank line ends them."""

    bins: int = 0
    blank: bool = True


@dataclass(frozen=True)
class Table:
    """One ensemble, read: nine numbers of its header, and its bins, shape (bins, 10)."""

    time: np.datetime64
    number: int
    attitude: tuple[float, ...]
    test: int
    bins: NDArray[np.float64]


_TAGS = frozenset({b"adcp"})


def sniff(head: bytes, name: str) -> bool:
    """Claim text with the headers of PD8 tables, or a silent log."""
    return is_silent(head, _TAGS) or bool(_SNIFF_TITLES.search(head) and _SNIFF.search(head))


def parse(block: bytes, offset: int, state: State | None) -> Parsed:
    """Take the whole tables from a block; see `Reader.parse`."""
    return _Walk(block, offset, state or State(), last=False).run()


def finish(rest: bytes, offset: int, state: State | None) -> Parsed:
    """Take what is left at the end of the file; see `Reader.finish`."""
    return _Walk(rest, offset, state or State(), last=True).run()


class _Walk:
    """On the way through the lines of one block."""

    def __init__(self, block: bytes, offset: int, state: State, *, last: bool) -> None:
        buffer = np.frombuffer(block, dtype=np.uint8)
        lines, self._end = split_lines(buffer, last)
        stamps = read_stamps(buffer, lines)
        bounds = zip(stamps.payload.tolist(), lines.stop.tolist(), strict=True)
        self._block, self._offset, self._state, self._last = block, offset, state, last
        self._payload = [block[start:stop] for start, stop in bounds]
        self._start, self._stop, self._next = lines.start.tolist(), lines.stop.tolist(), lines.next.tolist()
        self._logger = np.where(stamps.valid, stamps.time, np.datetime64("NaT", "us"))
        for row in [row for row, payload in enumerate(self._payload) if payload.strip().isdigit()]:
            # Without a logger, the ensemble's own time has the form of its stamp.
            line = block[lines.start[row] : lines.stop[row]]
            if _TIME.fullmatch(line):
                self._payload[row], self._logger[row] = line, np.datetime64("NaT", "us")
        self._damaged_stamp = stamps.stamped & ~stamps.valid
        self._tables: list[tuple[int, int, Table]] = []
        self._skipped: list[Span] = []
        self._rejected: list[Span] = []

    def run(self) -> Parsed:
        row = 0
        while row < len(self._payload):
            if _TIME.fullmatch(self._payload[row]) is None:
                row = self._pass_over(row)
                continue
            following = self._table(row)
            if following is None:
                break
            row = following
        consumed = self._end if row == len(self._payload) else self._start[row]
        lost = sum(span.length for span in (*self._skipped, *self._rejected))
        records = Records(self._batches(), consumed - lost, tuple(self._skipped), tuple(self._rejected))
        return records, consumed, self._state

    def _pass_over(self, row: int) -> int:
        following = row + 1
        if self._stop[row] == self._start[row]:  # a run of line ends is one span
            while following < len(self._stop) and self._stop[following] == self._start[following]:
                following += 1
            self._enter(row, following, "blank line", known=True)
            return following
        noise = known_noise(self._block[self._start[row] : self._stop[row]])
        self._enter(row, following, noise or "no part of a table", known=noise is not None)
        return following

    def _enter(self, first: int, following: int, reason: str, *, known: bool) -> None:
        span = Span(self._offset + self._start[first], self._next[following - 1] - self._start[first], reason)
        (self._skipped if known else self._rejected).append(span)

    def _table(self, first: int) -> int | None:
        """Take the table that starts at a line; return the line after it, None where more lines are needed."""
        payload = self._payload
        for place, pattern in enumerate(_HEADER_LINES):
            if first + place >= len(payload):
                return self._unfinished(first, len(payload), "cut off in its header")
            if pattern.fullmatch(payload[first + place]) is None or self._damaged_stamp[first + place]:
                return self._give_up(first, first + max(1, place), "header of a table without the rest")
        row = first + len(_HEADER_LINES)
        width = len(payload[row].rstrip()) if row < len(payload) else 0
        bins = 0
        while row < len(payload) and bins < _MOST_BINS and self._is_bin(row, bins + 1, width):
            row, bins = row + 1, bins + 1
        if row == len(payload):
            ended = self._last and self._stop[-1] < self._next[-1]
            if ended and not self._state.blank and bins == self._state.bins:
                return self._take(first, row, bins)
            return self._unfinished(first, row, f"cut off after {bins} bins")
        return self._judge(first, row, bins)

    def _judge(self, first: int, row: int, bins: int) -> int | None:
        """Take or reject a table whose last bin stands before the line `row`; None where more lines are needed."""
        blank = not self._payload[row].strip() and self._stop[row] < self._next[row]
        if bins and not blank and not self._state.bins:
            settled = self._settle(row, bins)
            if settled is None:
                return None
            self._state = settled
        if not bins or (self._state.blank and not blank):
            return self._give_up(first, row, f"table that breaks off after {bins} bins")
        if self._state.bins not in (0, bins):
            return self._give_up(first, row, f"table of {bins} bins, the first in the file has {self._state.bins}")
        return self._take(first, row + self._state.blank, bins)

    def _settle(self, row: int, bins: int) -> State | None:
        """Tell from the table after the first whether blank lines end tables; None where more lines are needed."""
        end = min(len(self._payload), row + _LOOK_AHEAD)
        start = next((at + 1 for at in range(row, end) if _TITLES.fullmatch(self._payload[at])), end)
        count, width = 0, len(self._payload[start].rstrip()) if start < len(self._payload) else 0
        while start + count < len(self._payload) and self._is_bin(start + count, count + 1, width):
            count += 1
        stop = start + count
        if stop == len(self._payload) and not self._last:
            return None
        if not count and stop == len(self._payload):
            # The only table: whole if the logger speaks next. A bin that was cut does not look like that.
            message = known_noise(self._block[self._start[row] : self._stop[row]]) == "logger message"
            return State(bins, blank=False) if message else self._state
        ends_blank = stop < len(self._payload) and not self._payload[stop].strip()
        return State(max(bins, count), blank=False) if count and not ends_blank else self._state

    def _is_bin(self, row: int, number: int, width: int) -> bool:
        # A line cut in its last number would be a bin as well: all of a table are equally wide.
        text = self._payload[row].rstrip()
        match = _BIN.fullmatch(text) if len(text) == width and not self._damaged_stamp[row] else None
        return match is not None and int(match[1]) == number

    def _unfinished(self, first: int, following: int, reason: str) -> int | None:
        return self._give_up(first, following, reason) if self._last else None

    def _give_up(self, first: int, following: int, reason: str) -> int:
        self._enter(first, following, reason, known=False)
        return following

    def _take(self, first: int, following: int, bins: int) -> int:
        table = _read(self._payload[first : first + len(_HEADER_LINES) + bins])
        if table is None:
            return self._give_up(first, following, "time of the ensemble is no time")
        self._tables.append((first, self._next[following - 1], table))
        self._state = replace(self._state, bins=bins)
        return following

    def _batches(self) -> Mapping[str, Batch]:
        if not self._tables:
            return {}
        start = np.array([self._start[first] for first, _, _ in self._tables], dtype=np.int64)
        stop = np.array([stop for _, stop, _ in self._tables], dtype=np.int64)
        tables = [table for _, _, table in self._tables]
        columns = {
            "time": np.array([table.time for table in tables]),
            "logger_time": self._logger[[first for first, _, _ in self._tables]],
            "number": np.array([table.number for table in tables], dtype=np.int32),
            "attitude": np.array([table.attitude for table in tables]),
            "test": np.array([table.test for table in tables], dtype=np.int32),
            "bins": np.array([table.bins for table in tables]),
        }
        return {STREAM: Batch(self._offset + start, (stop - start).astype(np.int32), columns)}


def _read(lines: list[bytes]) -> Table | None:
    """Numbers of a table whose lines have their form; None where its time is none of the calendar."""
    header = [pattern.fullmatch(line) for pattern, line in zip(_HEADER_LINES, lines, strict=False)]
    clock, heading, temperature = header[0], header[1], header[2]
    assert clock is not None
    assert heading is not None
    assert temperature is not None
    year, month, day, hour, minute, second, hundredths, number = (int(group) for group in clock.groups())
    time, valid = from_fields(([year], [month], [day]), ([hour], [minute], [second]), [hundredths * 10_000])
    if not valid[0] or number > np.iinfo(np.int32).max:
        return None
    attitude = (*map(float, heading.groups()), *map(float, temperature.groups()[:2]))
    rows = [[_number(field) for field in line.split()[1:]] for line in lines[len(_HEADER_LINES) :]]
    return Table(time[0], number, attitude, int(temperature[3], 16), np.array(rows))


def _number(field: bytes) -> float:
    return float("nan") if field.strip(b"-*") == b"" else float(field)


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Velocities in m s-1, NaN where the instrument says bad; echoes as counts. See `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    columns, bins = batch.columns, batch.columns["bins"]
    velocity = np.where(bins[:, :, 1:6] == _BAD_VELOCITY, np.nan, bins[:, :, 1:6]) / 1000.0
    speed, east, north, up, error = (velocity[:, :, place] for place in range(5))
    heading, pitch, roll, temperature, sound_speed = columns["attitude"].T
    along = ("cell",)
    variables = {
        "current_direction": (along, np.where(np.isnan(east), np.nan, bins[:, :, 0])),
        "current_speed": (along, speed),
        "eastward_velocity": (along, east),
        "northward_velocity": (along, north),
        "upward_velocity": (along, up),
        "error_velocity": (along, error),
        "echo_intensity": (("cell", "beam"), bins[:, :, 6:10].astype(np.uint8)),
        "ensemble_number": columns["number"],
        "heading": heading,
        "pitch": pitch,
        "roll": roll,
        "transducer_temperature": temperature,
        "sound_speed": sound_speed,
        "built_in_test_result": columns["test"],
    }
    if not np.isnat(columns["logger_time"]).any():
        variables["logger_clock_offset"] = (columns["logger_time"] - columns["time"]).astype(np.int64)
    coordinates = {"beam": xr.Variable("beam", np.arange(1, 5, dtype=np.int8), {"long_name": "Number of the beam"})}
    attributes = {
        "instrument_model": "Teledyne RDI Workhorse",
        "coordinate_system": "earth",
        "attitude_convention": "teledyne_rdi",
        "ensemble_time": "start",
    }
    return {STREAM: assemble(batch, variables, columns["time"], attributes, coordinates)}


READER = Reader(
    name="rdi_pd8_text",
    version=2,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    lines=True,
    instruments=("Teledyne RDI Workhorse: PD8 text tables in a logger's time-stamped lines",),
)
