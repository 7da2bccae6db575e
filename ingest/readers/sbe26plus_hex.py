"""Sea-Bird SBE 26plus uploads: tides and wave bursts in lines of hexadecimal digits, two streams.

After a header of `*` lines come `FFFFFFFFFBFFFFFFFF`, two lines about the logging and `FFFFFFFFFCFFFFFFFF`, then tides
of 18 digits: pressure (6), temperature (4), seconds since 2000 (8). A burst starts with 18 zeros; then come its time,
the frequency of the temperature crystal with a count, lines of 12 digits with two samples of pressure each, and
`FFFFFFFFFFFFFFFFFF`. A burst is one record, from its zeros to its end. One without time or frequency, or cut by another
mark, is lost as a whole, and the ledger says so; tides around it stay. Lines are taken one by one: a year of them is
some 10 MB.

There is no checksum: a flipped digit gives another value, and nothing in the format can tell.

References
----------
Sea-Bird Scientific, SBE 26plus manual: data format of the .hex file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from ingest.calibration.sea_bird import DECIBAR_PER_PSI
from ingest.dataset import assemble
from ingest.ledger import Span
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.sea_bird_26plus import (
    QuartzCoefficients,
    RecorderHeader,
    parse_recorder_header,
    tide_pressure,
    tide_temperature,
    wave_pressure,
)
from ingest.text import Lines, split_lines
from ingest.timecode import from_seconds

TIDE, BURST = "tide", "wave_burst"
CLOCK_EPOCH = "2000-01-01"
MOST_SAMPLES = 4096
"""Samples of a burst where the header does not say how many there are."""

_TITLE = re.compile(rb"\*\s*Sea-Bird SBE 26plus Data File")
_START, _END = b"0" * 18, b"F" * 18
_LOGGING, _TIDES = b"F" * 9 + b"B" + b"F" * 8, b"F" * 9 + b"C" + b"F" * 8
_TIME, _FREQUENCY = re.compile(rb"([0-9A-F]{8})0{10}"), re.compile(rb"([0-9A-F]{8})[0-9A-F]{2}0{8}")
_TIDE = re.compile(rb"([0-9A-F]{6})([0-9A-F]{4})([0-9A-F]{8})")
_PAIR = re.compile(rb"[0-9A-F]{12}")
_ANY = re.compile(rb"[0-9A-F]{18}")
_NOISE = re.compile(rb"\s*(S>.*)?\s*", re.DOTALL)


@dataclass(frozen=True)
class State:
    """What the header told."""

    header: RecorderHeader

    @property
    def most_samples(self) -> int:
        """Samples of a burst."""
        return self.header.burst_samples or MOST_SAMPLES


@dataclass
class _Found:
    """Collects records and the account of a block."""

    tides: list[tuple[int, int, tuple[int, ...]]] = field(default_factory=list)
    bursts: list[tuple[int, int, tuple[int, ...], bytes]] = field(default_factory=list)
    accepted: int = 0
    skipped: list[Span] = field(default_factory=list)
    rejected: list[Span] = field(default_factory=list)


def sniff(head: bytes, name: str) -> bool:
    """Claim an upload of a 26plus by its first line."""
    return _TITLE.match(head) is not None


def parse(block: bytes, offset: int, state: State | None) -> Parsed:
    """Header, then lines; see `Reader.parse`."""
    return _parse(block, offset, state, final=False)


def finish(rest: bytes, offset: int, state: State | None) -> Parsed:
    """Last lines, with or without line end; see `Reader.finish`."""
    return _parse(rest, offset, state, final=True)


def _parse(block: bytes, offset: int, state: State | None, final: bool) -> Parsed:
    lines, consumed = split_lines(np.frombuffer(block, dtype=np.uint8), final)
    text = [block[start:stop] for start, stop in zip(lines.start.tolist(), lines.stop.tolist(), strict=True)]
    found = _Found()
    at = 0
    if state is None:
        at = next((row for row, line in enumerate(text) if not line.startswith(b"*")), len(text))
        if at == len(text) and not final:
            return Records(), 0, None
        end = int(lines.next[at - 1]) if at else 0
        state = State(parse_recorder_header(block[:end]))
        found.accepted += end
    at = _scan(found, text, lines, offset, at, state.most_samples if not final else -1 - state.most_samples)
    if at < len(text):
        consumed = int(lines.start[at])
    batches = _batches(found, state.most_samples)
    return Records(batches, found.accepted, tuple(found.skipped), tuple(found.rejected)), consumed, state


def _scan(found: _Found, text: list[bytes], lines: Lines, offset: int, at: int, most: int) -> int:
    """Take lines from `at` on; return the first line that waits for more (`most` below zero: no more will come)."""
    final, most = most < 0, most if most >= 0 else -1 - most
    while at < len(text):
        line = text[at]
        if not line:
            at = _skip_blank(found, text, lines, offset, at)
            continue
        if line in (_START, _LOGGING):
            taken, whole, reason = _burst(text, at, most) if line == _START else _logging(text, at)
            if reason is None and not final:
                return at
            reason = "" if whole else reason or "cut off by the end of the file"
            _enter(found, text[at : at + taken], lines.where(np.arange(at, at + taken)), offset, reason)
            at += taken
            continue
        match = _TIDE.fullmatch(line)
        if match and line != _END and match[3] != b"00000000":
            values = tuple(int(part, 16) for part in match.groups())
            found.tides.append((offset + int(lines.start[at]), len(line), values))
            found.accepted += int(lines.next[at] - lines.start[at])
        else:
            span = Span(offset + int(lines.start[at]), int(lines.next[at] - lines.start[at]), _reason(line))
            (found.skipped if _NOISE.fullmatch(line) else found.rejected).append(span)
        at += 1
    return at


def _skip_blank(found: _Found, text: list[bytes], lines: Lines, offset: int, at: int) -> int:
    """Enter a run of line ends as one span; return the line after it."""
    following = at + 1
    while following < len(text) and not text[following]:
        following += 1
    start = int(lines.start[at])
    found.skipped.append(Span(offset + start, int(lines.next[following - 1]) - start, "blank line"))
    return following


def _reason(line: bytes) -> str:
    if _NOISE.fullmatch(line):
        return "terminal dialogue" if line.strip() else "blank line"
    if _PAIR.fullmatch(line):
        return "samples of a burst whose start is damaged"
    if _ANY.fullmatch(line):
        return "mark of a burst that is damaged"
    return f"line of {len(line)} characters that is no record"


def _burst(text: list[bytes], at: int, most: int) -> tuple[int, bool, str | None]:
    """Lines of a burst, whether it is whole, and why not; no reason where it goes on beyond the lines at hand."""
    for place, pattern in ((1, _TIME), (2, _FREQUENCY)):
        if at + place >= len(text):
            return len(text) - at, False, None
        if not pattern.fullmatch(text[at + place]):
            return place, False, "burst without its time and frequency"
    end = at + 3
    while end < len(text) and _PAIR.fullmatch(text[end]):
        end += 1
        if 2 * (end - at - 3) > most:
            return end - at, False, f"burst of more than {most} samples"
    if end == len(text):
        return end - at, False, None
    if text[end] != _END:
        return end - at, False, "burst without its end"
    return end - at + 1, True, ""


def _logging(text: list[bytes], at: int) -> tuple[int, bool, str | None]:
    """Lines about the logging, as for `_burst`."""
    if at + 3 >= len(text):
        return len(text) - at, False, None
    if _TIME.fullmatch(text[at + 1]) and _ANY.fullmatch(text[at + 2]) and text[at + 3] == _TIDES:
        return 4, True, ""
    return 1, False, "mark of the logging's start that is damaged"


def _enter(found: _Found, text: list[bytes], lines: Lines, offset: int, reason: str) -> None:
    """Enter the lines of a burst or of the logging's start: as one record, or for a reason as lost."""
    start, following = int(lines.start[0]), int(lines.next[-1])
    if reason:
        found.rejected.append(Span(offset + start, following - start, reason))
        return
    found.accepted += following - start
    if text[0] == _START:
        values = (int(text[1][:8], 16), int(text[2][:8], 16))
        length = int(lines.stop[-1]) - start
        found.bursts.append((offset + start, length, values, b"".join(text[3:-1])))


def _batches(found: _Found, most: int) -> Mapping[str, Batch]:
    tides = np.array([values for _, _, values in found.tides], dtype=np.int64).reshape(-1, 3).T
    samples = np.full((len(found.bursts), most), -1, dtype=np.int64)
    for row, (_, _, _, digits) in enumerate(found.bursts):
        counts = [int(digits[place : place + 6], 16) for place in range(0, len(digits), 6)]
        samples[row, : len(counts)] = counts
    head = np.array([values for _, _, values, _ in found.bursts], dtype=np.int64).reshape(-1, 2).T
    columns: dict[str, tuple[list[Any], dict[str, Any]]] = {
        TIDE: (found.tides, {"pressure": tides[0], "temperature": tides[1], "seconds": tides[2]}),
        BURST: (found.bursts, {"seconds": head[0], "frequency": head[1], "samples": samples}),
    }
    return {
        stream: Batch(
            np.array([row[0] for row in rows], dtype=np.int64), np.array([row[1] for row in rows], dtype=np.int32), raw
        )
        for stream, (rows, raw) in columns.items()
    }


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Raw numbers to absolute pressure and temperature; see `Reader.to_dataset`."""
    given = {sensor.lower(): values for sensor, values in (calibration or {}).items()}
    own = given.get("pressure", state.header.coefficients)
    coefficients = QuartzCoefficients.from_mapping(own, "pressure")
    attributes = {"instrument_model": "Sea-Bird SBE 26plus"}
    if state.header.serial_number:
        attributes["serial_number"] = state.header.serial_number
    streams = {}
    for stream, batch in records.batches.items():
        raw = batch.columns
        time = from_seconds(raw["seconds"], CLOCK_EPOCH)
        variables: dict[str, Any]
        if stream == TIDE:
            variables = {
                "absolute_pressure": tide_pressure(raw["pressure"], coefficients) * DECIBAR_PER_PSI,
                "temperature": tide_temperature(raw["temperature"]),
            }
            means = {"time_means": "start of the integration"}
        else:
            held = raw["samples"] >= 0
            inside = raw["frequency"] / 256.0
            psia = wave_pressure(np.where(held, raw["samples"], np.nan) / 256.0, inside, coefficients)
            variables = {
                "absolute_pressure": (("wave_sample",), psia * DECIBAR_PER_PSI),
                "pressure_sensor_frequency": inside,
                "burst_samples": held.sum(axis=1).astype(np.int32),
            }
            interval = state.header.sample_interval
            means = {"time_means": "start of the burst"}
            means |= {"wave_sample_interval": f"{interval:g} s"} if interval else {}
        streams[stream] = assemble(batch, variables, time, {**attributes, **means})
    return streams


def expected(state: State | None) -> int | None:
    """Return the tides and bursts that the instrument recorded by its own header."""
    if state is None or state.header.tides is None:
        return None
    return state.header.tides + (state.header.bursts or 0)


READER = Reader(
    name="sbe26plus_hex",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    expected=expected,
    instruments=("Sea-Bird SBE 26plus with a quartz pressure sensor: uploads of tides and wave bursts",),
)
