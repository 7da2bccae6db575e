"""Sea-Bird samples in lines of hexadecimal digits without a header, also behind a logger's stamps.

Uploads come without their `*` lines where these were cut off (seen: lines of 42 digits that an observatory kept of an
SBE 16plus V2 with an optical sensor), and where an instrument sends raw digits to a logger. Nothing then names the
fields. Lines are claimed where most of the head has one number of digits that a moored MicroCAT or SEACAT writes, the
last eight of them are seconds that go on from line to line, and the first twelve counts and a frequency of water.

The user names the instrument, as `instrument` beside the coefficients of its sensors (`ingest.sea_bird.bare_layouts`),
or with an .xmlcon, which may lie beside the file (`ingest.sea_bird.bare_beside`); where that leaves one sample of so
many digits, it is converted as in `sbe_hex`. Without any calibration there is what all possible samples have in common:
temperature and conductivity first, raw, and the time last. The bytes between are kept as they are, and the attributes
list the samples that are possible.

Samples carry no checksum: a flipped digit gives another value, and nothing in the format can tell.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.dataset import assemble
from ingest.reader import Beside, Calibration, Reader, Records
from ingest.sea_bird.bare_beside import describe, files, is_sheet, mistakes
from ingest.sea_bird.bare_layouts import possible_samples, told_instrument, told_sample
from ingest.sea_bird.bare_lines import HEAD_DIGITS, TIME_DIGITS, Form, first_line, is_bare, recognise
from ingest.sea_bird.hex_layouts import Layout
from ingest.sea_bird.hex_units import SENSORS, convert, counts_of
from ingest.sea_bird.hex_voltages import notes, sensors_of
from ingest.text import Bytes, Lines
from ingest.textual.dcl import STAMP, TAG, Verdict, known_noise, read_stamps
from ingest.textual.fields import are_hex, join_hex, pick, strip_blanks
from ingest.textual.logger_lines import ByHead, Found
from ingest.timecode import from_seconds

STREAM = "samples"
CLOCK_EPOCH = "2000-01-01"
_DAMAGED = re.compile(rb"(?:" + STAMP + TAG + rb")?[ \t]*[0-9A-Fa-f]{8,}.*", re.DOTALL)
_DIALOGUE = re.compile(rb"(?:" + STAMP + TAG + rb")?\s*(S>.*|<Execut(ed|ing)/>)\s*", re.DOTALL)


def sniff(head: bytes, name: str) -> bool:
    """Claim lines of samples that no header describes."""
    return is_bare(head)


def _find(buffer: Bytes, lines: Lines, state: Form) -> Found:
    stamps = read_stamps(buffer, lines)
    start, stop = strip_blanks(buffer, stamps.payload if state.stamped else lines.start, lines.stop)
    row = np.flatnonzero((stop - start == state.digits) & (stamps.stamped == state.stamped))
    row = row[pick(are_hex(buffer, start[row], stop[row]))]
    good = stamps.valid[row] if state.stamped else np.ones(row.size, dtype=bool)
    held = row[pick(good)]
    content, _ = join_hex(buffer, start[held], stop[held])
    columns: dict[str, NDArray[Any]] = {"sample": content.reshape(-1, state.digits // 2)}
    if state.stamped:
        columns["logger_time"] = stamps.time[held]
    return Found({STREAM: (held, columns)}, {"stamp is not a time": row[~good]})


def _judge(line: bytes) -> Verdict:
    if _DIALOGUE.fullmatch(line):
        return True, "terminal dialogue"
    if _DAMAGED.fullmatch(line):
        return False, "line of another form than the samples"
    noise = known_noise(line)
    return noise is not None, noise or "line that is no sample"


def to_dataset(records: Records, state: Form, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Bytes of samples to engineering units, or to what is sure of them; see `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    sample = batch.columns["sample"]
    given = {**state.beside, **{sensor.lower(): values for sensor, values in (calibration or {}).items()}}
    if given:
        told = told_sample(state.digits, given)
        raw = _split(sample, told.layout)
        variables = convert(raw, told.header, given)
        attributes = _attributes(given) | notes(sensors_of(tuple(raw), given), frozenset(variables))
    else:
        raw, variables, attributes = _sure(sample)
    time = from_seconds(raw["seconds"], CLOCK_EPOCH)
    if state.stamped:
        variables["logger_clock_offset"] = (batch.columns["logger_time"] - time).astype(np.int64)
    return {STREAM: assemble(batch, variables, time, attributes)}


def _split(sample: Bytes, layout: Layout) -> dict[str, NDArray[np.int64]]:
    """Fields of samples, the first byte of each the most significant."""
    raw, at = {}, 0
    for field in layout.fields:
        value = np.zeros(len(sample), dtype=np.int64)
        for byte in sample[:, at : at + field.size].T:
            value = (value << 8) | byte
        raw[field.name] = value
        at += field.size
    return raw


def _sure(sample: Bytes) -> tuple[dict[str, NDArray[np.int64]], dict[str, Any], dict[str, str]]:
    """What every possible sample has: fields, variables and attributes."""
    possible = possible_samples(2 * sample.shape[1])
    shortest = possible[0].layout
    ends = Layout((*shortest.fields[:2], shortest.fields[-1]))
    first, last = HEAD_DIGITS // 2, sample.shape[1] - TIME_DIGITS // 2
    raw = _split(np.concatenate((sample[:, :first], sample[:, last:]), axis=1), ends)
    variables: dict[str, Any] = dict(counts_of(raw))
    if last > first:
        variables["unnamed_sample_bytes"] = (("sample_byte",), sample[:, first:last])
    return raw, variables, {
        "calibration": "none in the file and none given: raw counts, and bytes whose fields nothing names",
        "possible_samples": "; ".join(dict.fromkeys(one.words for one in possible)),
    }  # fmt: skip


def _attributes(given: Calibration) -> dict[str, str]:
    told = told_instrument(given)
    known = {"instrument_model": told["model"], "serial_number": told.get("serialnumber")}
    for sensor in SENSORS:
        date = given.get(sensor, {}).get("CalDate")
        known[f"calibration_{sensor}_date"] = None if date is None else str(date)
    return {name: value for name, value in known.items() if value}


_LINES = ByHead(first=first_line, recognise=recognise, find=_find, judge=_judge)

READER = Reader(
    name="sbe_hex_bare",
    version=1,
    sniff=sniff,
    parse=_LINES.parse,
    finish=_LINES.finish,
    to_dataset=to_dataset,
    lines=True,
    beside=Beside(describe, files, is_sheet, mistakes),
    instruments=("Sea-Bird SBE 37, HydroCAT, SBE 16plus and 19plus V2, moored: hexadecimal samples without a header",),
)
