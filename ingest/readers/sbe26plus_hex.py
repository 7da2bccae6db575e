"""Sea-Bird SBE 26plus uploads: tides and wave bursts in lines of hexadecimal digits, two streams.

After a header of `*` lines come `FFFFFFFFFBFFFFFFFF`, two lines about the logging and `FFFFFFFFFCFFFFFFFF`, then tides
of 18 digits: pressure (6), temperature (4), seconds since 2000 (8). A burst starts with 18 zeros; then come its time,
the frequency of the temperature crystal with a count, lines of 12 digits with two samples of pressure each, and
`FFFFFFFFFFFFFFFFFF`. A burst is one record, from its zeros to its end. One without time or frequency, or cut by another
mark, is lost as a whole, and the ledger says so; tides around it stay.

There is no checksum: a flipped digit gives another value, and nothing in the format can tell.

References
----------
Sea-Bird Scientific, SBE 26plus manual: data format of the .hex file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.calibration.sea_bird import DECIBAR_PER_PSI
from ingest.dataset import assemble
from ingest.ledger import Span
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.sea_bird.sbe26plus import (
    QuartzCoefficients,
    RecorderHeader,
    parse_recorder_header,
    tide_pressure,
    tide_temperature,
    wave_pressure,
)
from ingest.text import Bytes, Lines, Places, hex_fields, split_lines
from ingest.timecode import from_seconds

TIDES, BURSTS = "tide", "wave_burst"
CLOCK_EPOCH = "2000-01-01"
MOST_SAMPLES = 4096
"""Samples of a burst where the header does not say how many there are."""

_TITLE = re.compile(rb"\*\s*Sea-Bird SBE 26plus Data File")
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
    from ingest.compiled import sealed
    from ingest.sea_bird.recorder_kernels import join_records, sort_lines

    buffer = sealed(np.frombuffer(block, dtype=np.uint8))
    lines, consumed = split_lines(buffer, final)
    at = header = 0
    if state is None:
        other = np.flatnonzero(~(buffer[lines.start] == ord("*")) | (lines.stop == lines.start))
        at = int(other[0]) if other.size else lines.start.size
        if at == lines.start.size and not final:
            return Records(), 0, None
        header = int(lines.next[at - 1]) if at else 0
        state = State(parse_recorder_header(block[:header]))
    joined, at = join_records(sort_lines(buffer, lines.start, lines.stop), at, state.most_samples, final)
    if at < lines.start.size:
        consumed = int(lines.start[at])
    skipped, rejected = _account(block, offset, lines, joined, state.most_samples)
    accepted = consumed - sum(span.length for span in (*skipped, *rejected))
    batches = _batches(buffer, offset, lines, joined)
    return Records(batches, accepted, skipped, rejected), consumed, state


def _account(
    block: bytes, offset: int, lines: Lines, joined: Places, most: int
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Known noise and damage, in file order."""
    from ingest.sea_bird.recorder_kernels import (
        BAD_OPENING,
        BLANK,
        BURST,
        CUT,
        NO_END,
        NO_HEAD,
        OPENING,
        OTHER,
        TIDE,
        TOO_MANY,
    )

    reasons = {
        BLANK: "blank line",
        NO_HEAD: "burst without its time and frequency",
        TOO_MANY: f"burst of more than {most} samples",
        NO_END: "burst without its end",
        BAD_OPENING: "mark of the logging's start that is damaged",
        CUT: "cut off by the end of the file",
    }
    skipped: list[Span] = []
    rejected: list[Span] = []
    for kind, first, following in joined[:, ~np.isin(joined[0], (BURST, OPENING, TIDE))].T.tolist():
        start = int(lines.start[first])
        line = block[start : int(lines.stop[first])]
        span = Span(offset + start, int(lines.next[following - 1]) - start, reasons.get(kind) or _reason(line))
        known = kind == BLANK or (kind == OTHER and _NOISE.fullmatch(line) is not None)
        (skipped if known else rejected).append(span)
    return tuple(skipped), tuple(rejected)


def _reason(line: bytes) -> str:
    if _NOISE.fullmatch(line):
        return "terminal dialogue" if line.strip() else "blank line"
    if _PAIR.fullmatch(line):
        return "samples of a burst whose start is damaged"
    if _ANY.fullmatch(line):
        return "mark of a burst that is damaged"
    return f"line of {len(line)} characters that is no record"


def _batches(buffer: Bytes, offset: int, lines: Lines, joined: Places) -> Mapping[str, Batch]:
    from ingest.sea_bird.recorder_kernels import BURST, TIDE, read_samples

    tide, (burst, following) = joined[1, joined[0] == TIDE], joined[1:, joined[0] == BURST]
    counts, _ = hex_fields(buffer, lines.start[tide], (6, 4, 8))
    seconds, _ = hex_fields(buffer, lines.start[burst + 1], (8,))
    frequency, _ = hex_fields(buffer, lines.start[burst + 2], (8,))
    pairs = following - burst - 4  # a burst's other lines are its mark, time, frequency and end
    head = burst + 3 - (np.cumsum(pairs) - pairs)
    held = lines.start[np.repeat(head, pairs) + np.arange(pairs.sum())]
    samples = read_samples(buffer, held, pairs, 2 * int(pairs.max(initial=0)))
    columns: dict[str, tuple[Places, Places, dict[str, NDArray[Any]]]] = {
        TIDES: (tide, tide, dict(zip(("pressure", "temperature", "seconds"), counts, strict=True))),
        BURSTS: (burst, following - 1, {
            "seconds": seconds[0], "frequency": frequency[0], "samples": samples, "count": 2 * pairs}),
    }  # fmt: skip
    return {
        stream: Batch(offset + lines.start[first], (lines.stop[last] - lines.start[first]).astype(np.int32), raw)
        for stream, (first, last, raw) in columns.items()
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
        if stream == TIDES:
            variables = {
                "absolute_pressure": tide_pressure(raw["pressure"], coefficients) * DECIBAR_PER_PSI,
                "temperature": tide_temperature(raw["temperature"]),
            }
            means = {"time_means": "start of the integration"}
        else:
            inside = raw["frequency"] / 256.0
            pressure = wave_pressure(raw["samples"], raw["count"], inside, coefficients, state.most_samples)
            variables = {
                "absolute_pressure": (("wave_sample",), pressure),
                "pressure_sensor_frequency": inside,
                "burst_samples": raw["count"].astype(np.int32),
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
