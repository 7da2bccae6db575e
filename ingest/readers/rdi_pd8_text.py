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

import numpy as np
import xarray as xr

from ingest.dataset import assemble
from ingest.rdi.pd8_lines import HEADER_LINES, TITLES, TableLines
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.text import Lines, Places
from ingest.textual.dcl import STAMP, TAG, Verdict, is_silent, known_noise
from ingest.textual.logger_lines import Found, enter

STREAM = "profile"
_BAD_VELOCITY = -32768.0

_NUMBER = rb"\s+(-?\d+(?:\.\d+)?)"
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
    """On the way through the lines of one block, from header to header."""

    def __init__(self, block: bytes, offset: int, state: State, *, last: bool) -> None:
        self._lines = TableLines(block, last=last)
        self._count = self._lines.lines.start.size
        self._offset, self._state, self._last = offset, state, last
        self._tables: list[tuple[int, int]] = []  # number of the header, line behind the table
        self._lost: dict[str, list[tuple[int, int]]] = {}

    def run(self) -> Parsed:
        lines, headers = self._lines, self._lines.headers
        start = headers.row + HEADER_LINES
        inside = np.minimum(start, max(self._count - 1, 0))
        bins = np.where(start < self._count, np.minimum(lines.bins.end[inside] - start, _MOST_BINS), 0)
        following = start + bins
        blank = np.zeros(start.size, dtype=bool)
        blank[following < self._count] = lines.are_blank(following[following < self._count])
        upto = self._count
        parts = (headers.row, headers.depth, bins, blank)
        for number, (first, depth, count, ends) in enumerate(zip(*(part.tolist() for part in parts), strict=True)):
            if not self._goes_on(number, (first, depth, count, ends)):
                upto = first
                break
        return self._records(upto), lines.consumed if upto == self._count else int(lines.lines.start[upto]), self._state

    def _goes_on(self, number: int, found: tuple[int, int, int, bool]) -> bool:
        """Take or reject a table: first line, depth of header, bins, blank end; False where more lines are needed."""
        first, depth, bins, blank = found
        if depth < HEADER_LINES:
            if first + depth < self._count:
                return self._give_up(first, first + max(1, depth), "header of a table without the rest")
            return self._unfinished(first, "cut off in its header")
        row, lines = first + HEADER_LINES + bins, self._lines.lines
        if row < self._count:
            return self._judge(number, row, bins, blank)
        ended = self._last and lines.stop[-1] < lines.next[-1]
        if ended and not self._state.blank and bins == self._state.bins:
            return self._take(number, row, bins)
        return self._unfinished(first, f"cut off after {bins} bins")

    def _judge(self, number: int, row: int, bins: int, blank: bool) -> bool:
        """Take or reject a table whose last bin stands before the line `row`; False where more lines are needed."""
        if bins and not blank and not self._state.bins:
            settled = self._settle(row, bins)
            if settled is None:
                return False
            self._state = settled
        first = int(self._lines.headers.row[number])
        if not bins or (self._state.blank and not blank):
            return self._give_up(first, row, f"table that breaks off after {bins} bins")
        if self._state.bins not in (0, bins):
            return self._give_up(first, row, f"table of {bins} bins, the first in the file has {self._state.bins}")
        return self._take(number, row + self._state.blank, bins)

    def _settle(self, row: int, bins: int) -> State | None:
        """Tell from the table after the first whether blank lines end tables; None where more lines are needed."""
        lines = self._lines
        end = min(self._count, row + _LOOK_AHEAD)
        start = next((at + 1 for at in range(row, end) if TITLES.fullmatch(lines.payload(at))), end)
        stop = int(lines.bins.end[start]) if start < self._count else start
        count = stop - start
        if stop == self._count and not self._last:
            return None
        if not count and stop == self._count:
            # The only table: whole if the logger speaks next. A bin that was cut does not look like that.
            line = lines.block[int(lines.lines.start[row]) : int(lines.lines.stop[row])]
            return State(bins, blank=False) if known_noise(line) == "logger message" else self._state
        ends_blank = stop < self._count and not lines.payload(stop).strip()
        return State(max(bins, count), blank=False) if count and not ends_blank else self._state

    def _unfinished(self, first: int, reason: str) -> bool:
        return self._last and self._give_up(first, self._count, reason)

    def _give_up(self, first: int, following: int, reason: str) -> bool:
        self._lost.setdefault(reason, []).append((first, following))
        return True

    def _take(self, number: int, following: int, bins: int) -> bool:
        headers = self._lines.headers
        if not headers.valid[number]:
            return self._give_up(int(headers.row[number]), following, "time of the ensemble is no time")
        self._tables.append((number, following))
        if self._state.bins != bins:
            self._state = replace(self._state, bins=bins)
        return True

    def _records(self, upto: int) -> Records:
        """Tables, and the account of the lines before `upto`."""
        number, following = np.array(self._tables, dtype=np.int64).reshape(-1, 2).T
        first = self._lines.headers.row[number]
        faults = {reason: _rows(*np.array(places).T) for reason, places in self._lost.items()}
        lines = Lines(*(part[:upto] for part in self._lines.lines))
        found = Found({}, faults, described=_rows(first, following))
        records = enter(self._lines.block, self._offset, lines, found, _judge_line, digits_alike=True)
        return replace(records, batches=self._batches(number, first, following)) if first.size else records

    def _batches(self, number: Places, first: Places, following: Places) -> Mapping[str, Batch]:
        lines, headers = self._lines, self._lines.headers
        start, stop = lines.lines.start[first], lines.lines.next[following - 1]
        # All tables of a file have as many bins.
        rows = first[:, None] + HEADER_LINES + np.arange(self._state.bins)
        columns = {
            "time": headers.time[number],
            "logger_time": lines.logger[first],
            "number": headers.number[number].astype(np.int32),
            "attitude": headers.said[:5, number].T,
            "test": headers.said[5, number].astype(np.int32),
            "bins": lines.bins.value[:, lines.bins.place[rows]].transpose(1, 2, 0),
        }
        return {STREAM: Batch(self._offset + start, (stop - start).astype(np.int32), columns)}


def _rows(first: Places, following: Places) -> Places:
    """Numbers of the lines of stretches that follow each other."""
    length = following - first
    return np.repeat(first - (np.cumsum(length) - length), length) + np.arange(length.sum())


def _judge_line(line: bytes) -> Verdict:
    """What a line outside of all tables is."""
    noise = known_noise(line)
    return noise is not None, noise or "no part of a table"


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
