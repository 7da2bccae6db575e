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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.dataset import assemble
from ingest.ledger import Span
from ingest.reader import HEAD_BYTES, Batch, Calibration, Parsed, Reader, Records
from ingest.text import CARRIAGE_RETURN, Bytes, Lines, decimals, matrix, same_shape, split_lines, turn, whole_numbers
from ingest.timecode import from_fields

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

MOST_SHAPES = 64
"""Lines are read together with all others that have their digits in the same places; beyond so many of these shapes
for one width of line, each line is read on its own, which gives the same values."""

_STAMP = rb"(\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{1,6}) "
_TAG = rb"(?:\[[^\]\t]*\]:)?"
_VALUES = rb"(\d{4})\t(\d{1,6})" + rb"\t(-?\d{1,9}(?:\.\d{1,6})?)" * len(VARIABLES)
_LINE = re.compile(_STAMP + _TAG + _VALUES)
_ANY_LINE = re.compile(rb"^" + _STAMP + _TAG + _VALUES + rb"\r?$", re.MULTILINE)
_CLOCK_GROUPS, _FIRST_VALUE = range(1, 8), 10


@dataclass(frozen=True)
class State:
    """Which optode the file is of, and how many decimals its last value has: what most of the first lines say."""

    model: int | None
    serial: int | None
    last_decimals: int


@dataclass(frozen=True)
class Table:
    """What was read from the n lines of a block, each of shape (..., n).

    `read` tells which lines have the form of a record at all; `clock` has seven rows, from year to microsecond;
    `identity` has two, model and serial number; `value` one for each of `VARIABLES`.
    """

    read: NDArray[np.bool_]
    clock: NDArray[np.int64]
    identity: NDArray[np.int64]
    value: NDArray[np.float64]
    last_decimals: NDArray[np.int64]


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
    table = _read_table(block, buffer, lines)
    clock = table.clock
    time, valid = from_fields((clock[0], clock[1], clock[2]), (clock[3], clock[4], clock[5]), clock[6], second_60=True)
    ours = (table.identity[0] == (state.model or -1)) & (table.identity[1] == (state.serial or -1))
    whole = _is_whole(buffer, lines) | (table.last_decimals == state.last_decimals)
    taken = table.read & valid & ours & whole
    chosen = np.flatnonzero(taken)
    batch = Batch(
        offset + lines.start[chosen],
        (lines.stop - lines.start)[chosen].astype(np.int32),
        {"time": time[chosen], **dict(zip(VARIABLES, table.value[:, chosen], strict=True))},
    )
    faults = (
        (table.read & ~valid, "stamp is not a time"),
        (table.read & ~ours, f"record of another optode than {state.model} serial {state.serial}"),
        (table.read & ~whole, "line cut in its last value"),
    )
    skipped, rejected = _account(block, offset, lines, taken, faults)
    accepted = int((lines.next - lines.start)[chosen].sum())
    return Records({STREAM: batch}, accepted, skipped, rejected), consumed, state


def _is_whole(buffer: Bytes, lines: Lines) -> NDArray[np.bool_]:
    """Whether a line has the instrument's own CR; without it, the logger may have ended a line cut by power-off."""
    inside = np.minimum(lines.stop, max(buffer.size - 1, 0))
    whole: NDArray[np.bool_] = (lines.stop < lines.next) & (buffer[inside] == CARRIAGE_RETURN)
    return whole


def _read_table(block: bytes, buffer: Bytes, lines: Lines) -> Table:
    """Read every line that has the form of a record, those of one shape together."""
    count = lines.start.size
    table = Table(
        np.zeros(count, dtype=bool),
        np.zeros((7, count), dtype=np.int64),
        np.zeros((2, count), dtype=np.int64),
        np.zeros((len(VARIABLES), count)),
        np.zeros(count, dtype=np.int64),
    )
    widths = lines.stop - lines.start
    for width in np.unique(widths).tolist():
        rows = np.flatnonzero(widths == width)
        left = _read_shapes(table, rows, turn(matrix(buffer, lines.start[rows], width)))
        for row in left.tolist():
            record = _LINE.fullmatch(block[lines.start[row] : lines.stop[row]])
            if record is not None:
                _read_line(table, row, record)
    return table


def _read_shapes(table: Table, rows: NDArray[np.int64], columns: Bytes) -> NDArray[np.int64]:
    """Enter lines of one width, shape after shape; return the lines for which there were too many shapes."""
    left = np.ones(rows.size, dtype=bool)
    for _ in range(MOST_SHAPES):
        first = int(left.argmax())
        if not left[first]:
            break
        record = _LINE.fullmatch(columns[:, first].tobytes())
        if record is None:
            left[first] = False
            continue
        alike = left & same_shape(columns, record[0])
        _read_shape(table, rows[alike], columns if alike.all() else columns[:, alike], record)
        left &= ~alike
    return rows[left]


def _read_shape(table: Table, rows: NDArray[np.int64], columns: Bytes, record: re.Match[bytes]) -> None:
    """Enter lines that have the shape of one of them."""

    def field(group: int) -> Bytes:
        return columns[slice(*record.span(group))]

    table.read[rows] = True
    for place, group in enumerate(_CLOCK_GROUPS):
        table.clock[place, rows] = whole_numbers(field(group))
    table.clock[6, rows] *= 10 ** (6 - len(record[7]))
    table.identity[0, rows] = whole_numbers(field(8))
    table.identity[1, rows] = whole_numbers(field(9))
    for place in range(len(VARIABLES)):
        group = _FIRST_VALUE + place
        table.value[place, rows] = decimals(field(group), record[group])
    table.last_decimals[rows] = _decimals(record[record.re.groups])


def _read_line(table: Table, row: int, record: re.Match[bytes]) -> None:
    """Enter one line: the same values as `_read_shape`."""
    table.read[row] = True
    table.clock[:, row] = [int(record[group]) for group in _CLOCK_GROUPS]
    table.clock[6, row] *= 10 ** (6 - len(record[7]))
    table.identity[:, row] = int(record[8]), int(record[9])
    table.value[:, row] = [float(text) for text in record.groups()[_FIRST_VALUE - 1 :]]
    table.last_decimals[row] = _decimals(record[record.re.groups])


_MESSAGE = re.compile(_STAMP + rb"\[[^\]\t]*\]:\s*[A-Za-z][\x20-\x7e]*\s*")
_POWER_ON_NOISE = re.compile(_STAMP + rb"\[[^\]\t]*\]:[^\t]*", re.DOTALL)
_NOISE_BEFORE_RECORD = re.compile(rb".+?" + _VALUES, re.DOTALL)
_CUT = re.compile(_STAMP + _TAG + rb"\d{4}(\t[-.\d]*)*")


def _account(
    block: bytes, offset: int, lines: Lines, taken: NDArray[np.bool_], faults: Iterable[tuple[NDArray[np.bool_], str]]
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Say of every line that gave no record whether it is known noise (skipped) or damage (rejected), and which."""
    reasons: dict[int, str] = {}
    for at_fault, reason in faults:
        for row in np.flatnonzero(at_fault).tolist():
            reasons.setdefault(row, reason)
    skipped: list[Span] = []
    rejected: list[Span] = []
    for row in np.flatnonzero(~taken).tolist():
        start, following = int(lines.start[row]), int(lines.next[row])
        known, reason = (False, reasons[row]) if row in reasons else _judge(block[start : int(lines.stop[row])])
        (skipped if known else rejected).append(Span(offset + start, following - start, reason))
    return tuple(skipped), tuple(rejected)


def _judge(line: bytes) -> tuple[bool, str]:
    """Whether a line without the form of a record is known noise, and what it is."""
    if not line.strip():
        return True, "blank line"
    if _MESSAGE.fullmatch(line):
        return True, "logger message"
    if _POWER_ON_NOISE.fullmatch(line):
        return True, "power-on noise"
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
    instruments=("Aanderaa oxygen optode 4330, 4831, 4835: text in a logger's time-stamped lines",),
)
