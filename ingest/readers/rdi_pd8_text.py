"""Teledyne RDI PD8: text tables, a header of four lines and a line for each bin, stamped by a logger.

Time is the ensemble's own, from its first line; the logger's stamp of that line minus it is `logger_clock_offset` (4
minutes in corpus 20131201.adcp_mod.log: the instrument pings for that long and then writes). A table ends
with a blank line; without it nobody can tell whether further bins were lost. There is no checksum.

References
----------
Teledyne RD Instruments, Workhorse Commands and Output Data Format, P/N 957-6156-00: PD8 output.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import xarray as xr

from ingest.dataset import assemble
from ingest.dcl import STAMP, TAG, is_silent, known_noise
from ingest.ledger import Span
from ingest.pd8_lines import TableLines
from ingest.reader import Batch, Calibration, Parsed, Reader, Records

STREAM = "profile"
_BAD_VELOCITY = -32768.0

_NUMBER = rb"\s+(-?\d+(?:\.\d+)?)"
_DECIMAL = rb"\s+(-?\d+\.\d+)"  # always printed with its point: `Hdg: 348` for 34.8 was seen in a damaged log
_HEADING = re.compile(rb"\s*Hdg:" + _DECIMAL + rb"\s+Pitch:" + _DECIMAL + rb"\s+Roll:" + _DECIMAL + rb"\s*")
_TEMPERATURE = re.compile(rb"\s*Temp:" + _DECIMAL + rb"\s+SoS:" + _NUMBER + rb"\s+BIT:\s+([0-9A-Fa-f]{1,4})\s*")
_TITLES = re.compile(rb"\s*Bin\s+Dir\s+Mag\s+E/W\s+N/S\s+Vert\s+Err\s+Echo1\s+Echo2\s+Echo3\s+Echo4\s*")
_HEADER_LINES = (_HEADING, _TEMPERATURE, _TITLES)  # behind the line with the time
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


class Table(NamedTuple):
    """One ensemble, read: its first line and the one after it, and the numbers of its header."""

    first: int
    following: int
    time: np.datetime64
    number: int
    attitude: tuple[float, ...]
    test: int


Numbers = tuple[tuple[float, ...], int]

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
        self._lines = TableLines(block, last=last)
        self._count = len(self._lines.start)
        self._offset, self._state, self._last = offset, state, last
        self._tables: list[Table] = []
        self._skipped: list[Span] = []
        self._rejected: list[Span] = []

    def run(self) -> Parsed:
        row, times = 0, self._lines.times
        while row < self._count:
            if row not in times:
                row = self._pass_over(row)
                continue
            following = self._table(row)
            if following is None:
                break
            row = following
        consumed = self._lines.consumed if row == self._count else self._lines.start[row]
        lost = sum(span.length for span in (*self._skipped, *self._rejected))
        records = Records(self._batches(), consumed - lost, tuple(self._skipped), tuple(self._rejected))
        return records, consumed, self._state

    def _pass_over(self, row: int) -> int:
        lines, following = self._lines, row + 1
        if lines.stop[row] == lines.start[row]:  # a run of line ends is one span
            while following < self._count and lines.stop[following] == lines.start[following]:
                following += 1
            self._enter(row, following, "blank line", known=True)
            return following
        noise = known_noise(lines.block[lines.start[row] : lines.stop[row]])
        self._enter(row, following, noise or "no part of a table", known=noise is not None)
        return following

    def _enter(self, first: int, following: int, reason: str, *, known: bool) -> None:
        start, stop = self._lines.start[first], self._lines.next[following - 1]
        (self._skipped if known else self._rejected).append(Span(self._offset + start, stop - start, reason))

    def _table(self, first: int) -> int | None:
        """Take the table that starts at a line; return the line after it, None where more lines are needed."""
        lines, header = self._lines, []
        for place, pattern in enumerate((None, *_HEADER_LINES)):
            if first + place >= self._count:
                return self._unfinished(first, self._count, "cut off in its header")
            match = None if pattern is None else pattern.fullmatch(lines.payload(first + place))
            if lines.damaged[first + place] or (match is None and pattern is not None):
                return self._give_up(first, first + max(1, place), "header of a table without the rest")
            header.append(match)
        start = first + len(header)
        bins = min(lines.bins.end[start] - start, _MOST_BINS) if start < self._count else 0
        row, numbers = start + bins, _numbers(header[1], header[2])
        if row == self._count:
            ended = self._last and lines.stop[-1] < lines.next[-1]
            if ended and not self._state.blank and bins == self._state.bins:
                return self._take(first, row, bins, numbers)
            return self._unfinished(first, row, f"cut off after {bins} bins")
        return self._judge(first, row, bins, numbers)

    def _judge(self, first: int, row: int, bins: int, numbers: Numbers) -> int | None:
        """Take or reject a table whose last bin stands before the line `row`; None where more lines are needed."""
        blank = not self._lines.payload(row).strip() and self._lines.stop[row] < self._lines.next[row]
        if bins and not blank and not self._state.bins:
            settled = self._settle(row, bins)
            if settled is None:
                return None
            self._state = settled
        if not bins or (self._state.blank and not blank):
            return self._give_up(first, row, f"table that breaks off after {bins} bins")
        if self._state.bins not in (0, bins):
            return self._give_up(first, row, f"table of {bins} bins, the first in the file has {self._state.bins}")
        return self._take(first, row + self._state.blank, bins, numbers)

    def _settle(self, row: int, bins: int) -> State | None:
        """Tell from the table after the first whether blank lines end tables; None where more lines are needed."""
        lines = self._lines
        end = min(self._count, row + _LOOK_AHEAD)
        start = next((at + 1 for at in range(row, end) if _TITLES.fullmatch(lines.payload(at))), end)
        stop = lines.bins.end[start] if start < self._count else start
        count = stop - start
        if stop == self._count and not self._last:
            return None
        if not count and stop == self._count:
            # The only table: whole if the logger speaks next. A bin that was cut does not look like that.
            message = known_noise(lines.block[lines.start[row] : lines.stop[row]]) == "logger message"
            return State(bins, blank=False) if message else self._state
        ends_blank = stop < self._count and not lines.payload(stop).strip()
        return State(max(bins, count), blank=False) if count and not ends_blank else self._state

    def _unfinished(self, first: int, following: int, reason: str) -> int | None:
        return self._give_up(first, following, reason) if self._last else None

    def _give_up(self, first: int, following: int, reason: str) -> int:
        self._enter(first, following, reason, known=False)
        return following

    def _take(self, first: int, following: int, bins: int, numbers: Numbers) -> int:
        time, valid, count = self._lines.times[first]
        if not valid:
            return self._give_up(first, following, "time of the ensemble is no time")
        self._tables.append(Table(first, following, time, count, *numbers))
        if self._state.bins != bins:
            self._state = replace(self._state, bins=bins)
        return following

    def _batches(self) -> Mapping[str, Batch]:
        if not self._tables:
            return {}
        lines, tables = self._lines, self._tables
        first = np.array([table.first for table in tables])
        start = lines.lines.start[first]
        stop = lines.lines.next[[table.following - 1 for table in tables]]
        # All tables of a file have as many bins.
        rows = first[:, None] + 1 + len(_HEADER_LINES) + np.arange(self._state.bins)
        columns = {
            "time": np.array([table.time for table in tables]),
            "logger_time": lines.logger[first],
            "number": np.array([table.number for table in tables], dtype=np.int32),
            "attitude": np.array([table.attitude for table in tables]),
            "test": np.array([table.test for table in tables], dtype=np.int32),
            "bins": lines.bins.value[:, lines.bins.place[rows]].transpose(1, 2, 0),
        }
        return {STREAM: Batch(self._offset + start, (stop - start).astype(np.int32), columns)}


def _numbers(heading: re.Match[bytes] | None, temperature: re.Match[bytes] | None) -> Numbers:
    """Heading, pitch, roll, temperature and speed of sound, and the result of the built-in test."""
    assert heading is not None
    assert temperature is not None
    return (*map(float, heading.groups()), *map(float, temperature.groups()[:2])), int(temperature[3], 16)


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
    version=3,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    lines=True,
    instruments=("Teledyne RDI Workhorse: PD8 text tables in a logger's time-stamped lines",),
)
