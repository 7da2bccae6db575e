r"""Sea-Bird .cnv: rows of engineering units that the maker's software wrote, as text or as binary numbers.

Header lines start with `*` (instrument) and `#` (processing) up to `*END*`; then one row a scan, in columns of 11
characters that may touch, or as little-endian float32 (`# file_type = binary`). A foreign line may come first.

Variables are named from the short names (`ingest.sea_bird.names`). A second sensor, or a column that comes twice, gets
its name with `_2`. Columns of unknown meaning are kept side by side in `unmapped_columns`; the attribute of that name
says what each is. Which columns told the time, and how, is in `time_source`; where none does, rows are numbered by
`scan`: the sampling interval alone tells no time, since processing drops rows and instruments skip samples
(SBE37SM-RS232_03716125_2017_11_16.cnv states 90 s; by its .hex one step is 782 s).

There is no checksum: a changed digit gives another value, and nothing in the format can tell.

References
----------
Sea-Bird Scientific, SBE Data Processing user's manual: converted data file (.cnv) format.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest import pages
from ingest.dataset import assemble
from ingest.ledger import Span
from ingest.reader import HEAD_BYTES, Batch, Calibration, Parsed, Reader, Records
from ingest.sea_bird.cnv import CnvHeader, TimeRule, known_values, parse_cnv_header, read_rows, time_rule, to_times
from ingest.sea_bird.header import END
from ingest.sea_bird.names import variable_names
from ingest.text import LONGEST_LINE, Block, Lines, split_lines
from ingest.textual.dcl import Verdict
from ingest.textual.fields import pick
from ingest.textual.logger_lines import Found, enter

STREAM = "samples"
UNMAPPED = "unmapped_columns"


class Shape(NamedTuple):
    """Of the first row: its width, and how its last number ends (digits after the point, exponent)."""

    width: int
    ending: tuple[int, int]


@dataclass(frozen=True)
class State:
    """What the header told, how the time is told, and the shape of the first row or the rows read so far."""

    header: CnvHeader
    rule: TimeRule | None
    shape: Shape | None = None
    rows: int = 0


def sniff(head: bytes, name: str) -> bool:
    """Claim a header of `*` and `#` lines that names its columns."""
    if not head.startswith(b"*"):
        return False
    end = END.search(head)
    if end is None and len(head) >= HEAD_BYTES:
        return False
    header = head[: end.start()] if end else head
    return re.search(rb"^# name \d+ = \S", header, re.MULTILINE) is not None


def parse(block: bytes, offset: int, state: State | None) -> Parsed:
    """Header, then rows; see `Reader.parse`."""
    return _parse(block, offset, state, final=False)


def finish(rest: bytes, offset: int, state: State | None) -> Parsed:
    """Last row, with or without line end; see `Reader.finish`."""
    return _parse(rest, offset, state, final=True)


def _parse(block: bytes, offset: int, state: State | None, final: bool) -> Parsed:
    if state is not None:
        return _parse_rows(block, offset, state, final)
    end = END.search(block)
    # The line end of *END* may be in the next block.
    if end is None or (not final and not end[0].endswith(b"\n")):
        lost = (Span(offset, len(block), "header without an *END* line"),) if final and block else ()
        return Records(rejected=lost), len(block) if final else 0, None
    header = parse_cnv_header(block[: end.start()])
    state = State(header, time_rule(header))
    rest = memoryview(block)[end.end() :] if header.binary else block[end.end() :]
    records, consumed, state = _parse_rows(rest, offset + end.end(), state, final)
    return replace(records, accepted=records.accepted + end.end()), consumed + end.end(), state


def _parse_rows(block: Block, offset: int, state: State, final: bool) -> tuple[Records, int, State]:
    if state.header.binary:
        return _parse_binary(block, offset, state, final)
    return _parse_text(bytes(block), offset, state, final)


def _parse_text(block: bytes, offset: int, state: State, final: bool) -> tuple[Records, int, State]:
    if not final and len(block) < LONGEST_LINE and b"\n" not in block:
        return Records(), 0, state
    buffer = np.frombuffer(block, dtype=np.uint8)
    lines, consumed = split_lines(buffer, final)
    cells = read_rows(buffer[:consumed], lines, len(state.header.columns))
    row, value = cells.row, cells.value
    good = cells.known.all(axis=0)
    time, timed = _times(state.rule, value)
    numeric = good.copy()
    good &= timed
    if state.shape is None and good.any():
        state = replace(state, shape=_shape(block, lines.where(row[good][:1])))
    cut = row[-1:] if row.size and _is_cut(block, lines, int(row[-1]), state.shape) else row[:0]
    good[row.size - cut.size :] = False
    faults = {"row cut in its last value": cut, "row without a time": row[numeric & ~timed]}
    if not numeric.all():
        for column, known in enumerate(cells.known):
            reason = f"column {column} ({state.header.columns[column].short}) is not a number"
            faults.setdefault(reason, row[~known])
    held = pick(good)
    found = Found({STREAM: (row[held], {"value": value[:, held].T, "time": time[held]})}, faults)
    columns = len(state.header.columns)
    return enter(block, offset, lines, found, lambda line: _judge(line, columns), digits_alike=True), consumed, state


def _times(rule: TimeRule | None, value: NDArray[np.float64]) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    if rule is None:
        count = value.shape[1]
        return np.zeros(count, dtype="datetime64[us]"), np.ones(count, dtype=bool)
    return to_times(rule, value[rule.column].astype(np.float64, copy=False))


_ENDING = re.compile(rb"[-+]?\d*(?:\.(\d*))?(?:[eE]([-+]?\d*))?")


def _shape(block: bytes, line: Lines) -> Shape:
    text = block[int(line.start[0]) : int(line.stop[0])]
    match = _ENDING.fullmatch(text.split()[-1][-11:])
    ending = (len(match[1] or b""), len(match[2] or b"")) if match else (0, 0)
    return Shape(len(text), ending)


def _is_cut(block: bytes, lines: Lines, row: int, shape: Shape | None) -> bool:
    """Whether a last line without line end may miss the end of its last number.

    It is whole if it is as wide as the first row, or its last number ends as that of the first does.
    """
    if row != lines.start.size - 1 or lines.stop[row] < lines.next[row] or shape is None:
        return False
    here = _shape(block, lines.where(np.array([row])))
    return here.ending != shape.ending or (here.ending == (0, 0) and here.width != shape.width)


_NOT_WORDS = (b"nan", b"inf", b"infinity")


def _judge(line: bytes, columns: int) -> Verdict:
    if not line.strip():
        return True, "blank line"
    if line.strip() == b"\x1a":
        return True, "end-of-file character of old systems"
    if len(line.split()) > 1 and all(word[:1].isalpha() and word.lower() not in _NOT_WORDS for word in line.split()):
        # `Depth Press Conduct Tempe`: typed in by hand above the first row, seen in a real file.
        return True, "titles of columns"
    return False, f"row of {len(line.split())} values, the header names {columns} columns"


def _parse_binary(block: Block, offset: int, state: State, final: bool) -> tuple[Records, int, State]:
    """Rows of float32; no more of them than the header promises, for nothing in a row tells it from other bytes."""
    width = 4 * len(state.header.columns)
    promised = state.header.rows
    count = len(block) // width
    if promised:
        count = min(count, promised - state.rows)
    value = np.frombuffer(block, dtype="<f4", count=count * len(state.header.columns))
    value = value.reshape(count, len(state.header.columns))
    with np.errstate(invalid="ignore"):  # foreign bytes may be signalling NaN
        time, timed = _times(state.rule, value.T)
    start = np.arange(offset, offset + count * width, width, dtype=np.int64)
    rejected = [Span(at, width, "row without a time") for at in start[~timed].tolist()]
    if rejected:
        start, value, time = start[timed], value[timed], time[timed]
    batch = Batch(start, np.full(start.size, width, np.int32), {"value": value, "time": time})
    state = replace(state, rows=state.rows + count)
    consumed = count * width
    rest = len(block) - consumed
    if promised and state.rows >= promised and rest:
        rejected.append(Span(offset + consumed, rest, f"bytes after the {promised} rows that the header promises"))
        consumed = len(block)
    elif final and rest:
        rejected.append(Span(offset + consumed, rest, f"row cut off by the end of the file: {rest} of {width} bytes"))
        consumed = len(block)
    return Records({STREAM: batch}, start.size * width, (), tuple(rejected)), consumed, state


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Columns in the vocabulary's units, bad values as NaN; see `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    header = state.header
    value: NDArray[np.float64]
    if header.binary:
        value = known_values(batch.columns["value"], header.bad_flag)
    else:
        value = batch.columns["value"].T
        value = np.where((value == header.bad_flag) | ~np.isfinite(value), np.nan, value)
    variables: dict[str, Any] = {}
    names = variable_names(header.columns)
    for column, (name, meaning) in names.items():
        variables[name] = _convert(value[column], meaning.factor, meaning.offset)
        if name == "scan_flag":
            variables[name] = (value[column] != 0.0).astype(np.uint8)
    used = {*names, *(() if state.rule is None else (state.rule.column,))}
    unmapped = [column for column in range(len(header.columns)) if column not in used]
    if unmapped:
        side_by_side = pages.empty((value.shape[1], len(unmapped)), np.float64)
        np.stack([value[column] for column in unmapped], axis=1, out=side_by_side)
        variables[UNMAPPED] = (("unmapped_column",), side_by_side)
    time = batch.columns["time"] if state.rule is not None else None
    return {STREAM: assemble(batch, variables, time, _attributes(state, names, unmapped))}


def _convert(value: NDArray[np.float64], factor: float, offset: float) -> NDArray[np.float64]:
    return value if factor == 1.0 and offset == 0.0 else value * factor + offset


def _attributes(state: State, names: Mapping[int, tuple[str, Any]], unmapped: list[int]) -> dict[str, str]:
    header = state.header
    listed = [f"{name} = {_words(header, column)}" for column, (name, _) in names.items()]
    known = {
        "instrument_model": header.model,
        "serial_number": header.serial_number,
        "start_time": None if header.start_time is None else f"{header.start_time.astype('datetime64[s]')}Z",
        "start_time_source": header.start_time_source,
        "interval": header.interval,
        "time_source": None if state.rule is None else state.rule.source,
        "nmea_latitude": header.latitude,
        "nmea_longitude": header.longitude,
        "columns": "; ".join(listed),
        UNMAPPED: "; ".join(_words(header, column) for column in unmapped),
    }
    return {name: value for name, value in known.items() if value}


def _words(header: CnvHeader, column: int) -> str:
    return ": ".join(part for part in header.columns[column] if part)


def expected(state: State | None) -> int | None:
    """Return the rows that the header promises."""
    return state.header.rows if state else None


READER = Reader(
    name="sbe_cnv",
    version=3,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    expected=expected,
    instruments=("Any Sea-Bird instrument whose data went through SBE Data Processing or Seasave (.cnv)",),
)
