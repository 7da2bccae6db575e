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
from ingest.text import CARRIAGE_RETURN, Bytes, Lines, decimals, shapes, split_lines, whole_numbers
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

_STAMP = rb"(\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{1,6}) "
_TAG = rb"(?:\[[^\]\t]*\]:)?"
_MODEL, _SERIAL, _NUMBER = rb"(\d{4})", rb"(\d{1,6})", rb"(-?\d{1,9}(?:\.\d{1,6})?)"
_FIRST_FIELD = re.compile(_STAMP + _TAG + _MODEL)
_SERIAL_FIELD, _VALUE_FIELD = re.compile(_SERIAL), re.compile(_NUMBER)
_VALUES = _MODEL + rb"\t" + _SERIAL + (rb"\t" + _NUMBER) * len(VARIABLES)
_ANY_LINE = re.compile(rb"^" + _STAMP + _TAG + _VALUES + rb"\r?$", re.MULTILINE)
_WIDEST_FIRST_FIELD, _WIDEST_VALUE = 120, 17
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

    `line` are their numbers; `fits` tells which have the form of a record; `clock` has seven rows, from year to
    microsecond; `value` has one for each of `VARIABLES`; `last_decimals` are the decimals of the last of them.
    """

    line: NDArray[np.int64]
    fits: NDArray[np.bool_]
    clock: NDArray[np.int64]
    model: NDArray[np.int64]
    serial: NDArray[np.int64]
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
    table = _read_table(buffer, lines)
    clock = table.clock
    time, valid = from_fields((clock[0], clock[1], clock[2]), (clock[3], clock[4], clock[5]), clock[6], second_60=True)
    ours = (table.model == (state.model or -1)) & (table.serial == (state.serial or -1))
    whole = _is_whole(buffer, lines.where(table.line)) | (table.last_decimals == state.last_decimals)
    good = table.fits & valid & ours & whole
    chosen = table.line[good]
    batch = Batch(
        offset + lines.start[chosen],
        (lines.stop - lines.start)[chosen].astype(np.int32),
        {"time": time[good], **{name: table.value[place][good] for place, name in enumerate(VARIABLES)}},
    )
    taken = np.zeros(lines.start.size, dtype=bool)
    taken[chosen] = True
    faults = (
        (table.line[table.fits & ~valid], "stamp is not a time"),
        (table.line[table.fits & ~ours], f"record of another optode than {state.model} serial {state.serial}"),
        (table.line[table.fits & ~whole], "line cut in its last value"),
    )
    skipped, rejected = _account(block, offset, lines, taken, faults)
    accepted = int((lines.next - lines.start)[taken].sum())
    return Records({STREAM: batch}, accepted, skipped, rejected), consumed, state


def _is_whole(buffer: Bytes, lines: Lines) -> NDArray[np.bool_]:
    """Whether a line has the instrument's own CR; without it, the logger may have ended a line cut by power-off."""
    inside = np.minimum(lines.stop, max(buffer.size - 1, 0))
    whole: NDArray[np.bool_] = (lines.stop < lines.next) & (buffer[inside] == CARRIAGE_RETURN)
    return whole


def _read_table(buffer: Bytes, lines: Lines) -> Table:
    """Read every line that has the form of a record, field by field, those of one shape together."""
    fields = len(VARIABLES) + 2
    tabs = np.flatnonzero(buffer == _TAB)
    first_tab = np.searchsorted(tabs, lines.start)
    rows = np.flatnonzero(np.searchsorted(tabs, lines.stop) - first_tab == fields - 1)
    between = tabs[first_tab[rows] + np.arange(fields - 1)[:, None]]
    starts = np.concatenate((lines.start[None, rows], between + 1))
    stops = np.concatenate((between, lines.stop[None, rows]))
    fits = np.ones(rows.size, dtype=bool)
    clock, model = _read_first_field(buffer, starts[0], stops[0], fits)
    serial, _ = _read_numbers(buffer, starts[1], stops[1], _SERIAL_FIELD, fits)
    value = np.empty((len(VARIABLES), rows.size))
    for place in range(len(VARIABLES)):
        value[place], after = _read_numbers(buffer, starts[place + 2], stops[place + 2], _VALUE_FIELD, fits)
    return Table(rows, fits, clock, model, serial.astype(np.int64), value, after)


def _read_first_field(
    buffer: Bytes, start: NDArray[np.int64], stop: NDArray[np.int64], fits: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Clock, shape (7, n), and model, shape (n,), from stamp, tag and model; clears `fits` where they are not there."""
    clock = np.zeros((7, start.size), dtype=np.int64)
    model = np.zeros(start.size, dtype=np.int64)
    here = np.zeros(start.size, dtype=bool)
    for match, rows, columns in shapes(buffer, start, stop, _FIRST_FIELD, _WIDEST_FIRST_FIELD):
        if match is None:
            continue
        here[rows] = True
        for place in range(7):
            clock[place, rows] = whole_numbers(columns[slice(*match.span(place + 1))])
        clock[6, rows] *= 10 ** (6 - len(match[7]))
        model[rows] = whole_numbers(columns[slice(*match.span(8))])
    fits &= here
    return clock, model


def _read_numbers(
    buffer: Bytes,
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    pattern: re.Pattern[bytes],
    fits: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Values and their decimals, both of shape (n,); clears `fits` where a field is no number."""
    values = np.zeros(start.size)
    after = np.zeros(start.size, dtype=np.int64)
    here = np.zeros(start.size, dtype=bool)
    for match, rows, columns in shapes(buffer, start, stop, pattern, _WIDEST_VALUE):
        if match is not None:
            here[rows] = True
            values[rows] = decimals(columns, match[0])
            after[rows] = _decimals(match[0])
    fits &= here
    return values, after


_MESSAGE = re.compile(_STAMP + rb"\[[^\]\t]*\]:\s*[A-Za-z][\x20-\x7e]*\s*")
_POWER_ON_NOISE = re.compile(_STAMP + rb"\[[^\]\t]*\]:[^\t]*", re.DOTALL)
_NOISE_BEFORE_RECORD = re.compile(rb".+?" + _VALUES, re.DOTALL)
_CUT = re.compile(_STAMP + _TAG + rb"\d{4}(\t[-.\d]*)*")


def _account(
    block: bytes, offset: int, lines: Lines, taken: NDArray[np.bool_], faults: Iterable[tuple[NDArray[np.int64], str]]
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Say of every line that gave no record whether it is known noise (skipped) or damage (rejected), and which."""
    reasons: dict[int, str] = {}
    for at_fault, reason in faults:
        for row in at_fault.tolist():
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
