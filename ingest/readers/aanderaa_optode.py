r"""Aanderaa oxygen optodes 4330, 4831 and 4835: tab-separated text, each line stamped by a logger.

`2015/03/30 00:00:15.376 4831<TAB>379<TAB>354.255 ... 448.6<CR><LF>`: the logger's stamp is the only clock. A tag such
as `[dosta1:DLOGP4]:` may follow the stamp, before messages of the logger and before the first data after power-on.

There is no checksum: a flipped digit gives another value, and nothing in the format can tell.

References
----------
Aanderaa Data Instruments, TD 269 Operating Manual Oxygen Optode 4330, 4831, 4835: output of all parameters.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.dataset import assemble
from ingest.dcl import STAMP, TAG, Stamped, Verdict, account, has_own_end, known_noise, read_stamps, reasons_by_line
from ingest.fields import numbers, split_fields
from ingest.reader import HEAD_BYTES, Batch, Calibration, Parsed, Reader, Records
from ingest.text import Bytes, Lines, split_lines

STREAM = "samples"
MODELS = (4330, 4831, 4835)
VARIABLES = (
    "oxygen_concentration_uncompensated",
    "oxygen_air_saturation",
    "optode_temperature",
    "calibrated_phase",
    "temperature_compensated_phase",
    "blue_phase",
    "red_phase",
    "blue_amplitude",
    "red_amplitude",
    "raw_temperature",
)
"""Values of a line, in order, after model and serial number."""

_MODEL, _SERIAL, _NUMBER = rb"(\d{4})", rb"(\d{1,6})", rb"(-?\d{1,9}(?:\.\d{1,6})?)"
_VALUES = _MODEL + rb"\t" + _SERIAL + (rb"\t" + _NUMBER) * len(VARIABLES)
_ANY_LINE = re.compile(rb"^" + STAMP + TAG + _VALUES + rb"\r?$", re.MULTILINE)
_TAB = 9


@dataclass(frozen=True)
class State:
    """Which optode the file is of, and how many decimals its last value has: what most of the first lines say."""

    model: int | None
    serial: int | None
    last_decimals: int


@dataclass(frozen=True)
class Table:
    """What was read from those lines of a block that have as many fields as a record, each of shape (..., n).

    `line` are their numbers; `fits` tells which have the form of a record; `value` has one row for each of `VARIABLES`;
    `last_decimals` are the decimals of the last of them.
    """

    line: NDArray[np.int64]
    fits: NDArray[np.bool_]
    model: NDArray[np.int64]
    serial: NDArray[np.int64]
    value: NDArray[np.float64]
    last_decimals: NDArray[np.int8]


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with at least one whole record of a known model in its head."""
    return any(int(match[8]) in MODELS for match in _ANY_LINE.finditer(head))


def parse(block: bytes, offset: int, state: State | None) -> Parsed:
    """Lines to records; see `Reader.parse`. Waits for the file's first 64 KiB to see which optode it is of."""
    if state is None:
        if len(block) < HEAD_BYTES:
            return Records(), 0, None
        state = _recognise(block[:HEAD_BYTES])
    return _parse(block, offset, state, final=False)


def finish(rest: bytes, offset: int, state: State | None) -> Parsed:
    """Last lines, with or without line end; see `Reader.finish`."""
    return _parse(rest, offset, state or _recognise(rest[:HEAD_BYTES]), final=True)


def _recognise(head: bytes) -> State:
    """Take the optode that most records of the head name, so that one damaged digit does not decide for the file."""
    seen = [match for match in _ANY_LINE.finditer(head) if int(match[8]) in MODELS]
    if not seen:
        return State(None, None, 0)
    (model, serial), _ = Counter((int(match[8]), int(match[9])) for match in seen).most_common(1)[0]
    return State(model, serial, Counter(_decimals(match[match.re.groups]) for match in seen).most_common(1)[0][0])


def _decimals(number: bytes) -> int:
    return len(number.partition(b".")[2])


def _parse(block: bytes, offset: int, state: State, final: bool) -> Parsed:
    buffer = np.frombuffer(block, dtype=np.uint8)
    lines, consumed = split_lines(buffer, final)
    stamped = read_stamps(buffer, lines)
    table = _read_table(buffer, lines, stamped)
    valid = stamped.valid[table.line]
    ours = (table.model == (state.model or -1)) & (table.serial == (state.serial or -1))
    whole = has_own_end(buffer, lines.where(table.line)) | (table.last_decimals == state.last_decimals)
    good = table.fits & valid & ours & whole
    chosen = table.line[good]
    columns = {name: table.value[place][good] for place, name in enumerate(VARIABLES)}
    batch = Batch(
        offset + lines.start[chosen],
        (lines.stop - lines.start)[chosen].astype(np.int32),
        {"time": stamped.time[chosen], **columns},
    )
    taken = np.zeros(lines.start.size, dtype=bool)
    taken[chosen] = True
    reasons = reasons_by_line({
        "stamp is not a time": table.line[table.fits & ~valid],
        f"record of another optode than {state.model} serial {state.serial}": table.line[table.fits & ~ours],
        "line cut in its last value": table.line[table.fits & ~whole],
    })  # fmt: skip
    accepted, skipped, rejected = account(
        block, offset, lines, taken, lambda row, line: (False, reasons[row]) if row in reasons else _judge(line)
    )
    return Records({STREAM: batch}, accepted, skipped, rejected), consumed, state


def _read_table(buffer: Bytes, lines: Lines, stamped: Stamped) -> Table:
    """Read every stamped line that has as many fields as a record."""
    fields = split_fields(buffer, stamped.payload, lines.stop, _TAB, len(VARIABLES) + 2)
    read = numbers(buffer, fields.start, fields.stop)
    width = fields.stop - fields.start
    fits = stamped.stamped[fields.row] & read.valid.all(axis=0)
    # Digits in the right number: what a sign, a point or a lost digit makes of model and serial is no optode's.
    fits &= (width[0] == 4) & (width[1] <= 6) & (read.decimals[:2] == 0).all(axis=0) & (read.value[:2] >= 0).all(axis=0)
    fits &= (width[2:] <= _WIDEST_VALUE).all(axis=0) & (read.decimals[2:] <= 6).all(axis=0)
    model, serial = read.value[:2].astype(np.int64)
    return Table(fields.row, fits, model, serial, read.value[2:], read.decimals[-1])


_WIDEST_VALUE = 17
_NOISE_BEFORE_RECORD = re.compile(STAMP + TAG + rb".+?" + _VALUES, re.DOTALL)
_CUT = re.compile(STAMP + TAG + rb"\d{4}(\t[-.\d]*)*")


def _judge(line: bytes) -> Verdict:
    """Whether a line without the form of a record is known noise, and what it is."""
    noise = known_noise(line)
    if noise is not None:
        return True, noise
    if _NOISE_BEFORE_RECORD.fullmatch(line):
        # Seen in 20150330.dosta1.log line 2. Where the noise ends nobody can tell: it may have eaten digits.
        return False, "record with noise before it"
    if _CUT.fullmatch(line):
        return False, f"line with {line.count(bytes([9])) + 1} of {len(VARIABLES) + 2} fields"
    return False, "not a record of an optode"


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values as the optode reports them; its calibration is inside the instrument. See `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    variables = {name: batch.columns[name] for name in VARIABLES}
    attributes = {"instrument_model": f"Aanderaa optode {state.model}", "serial_number": str(state.serial)}
    return {STREAM: assemble(batch, variables, batch.columns["time"], attributes)}


READER = Reader(
    name="aanderaa_optode",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    lines=True,
    instruments=("Aanderaa oxygen optode 4330, 4831, 4835: text in a logger's time-stamped lines",),
)
