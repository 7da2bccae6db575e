"""Lines of delimited text to columns of values, as a declaration says: vectorised, in time linear in the bytes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest import clock_format, vocabulary
from ingest.declaration import Declaration
from ingest.fields import Fields, Numbers, numbers, split_fields, strip_blanks
from ingest.text import Bytes, Lines, Places, matrix
from ingest.timecode import Times

_NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?")
_SPACE, _TAB, _SHADE = 32, 9, 0x1F


@dataclass(frozen=True)
class Table:
    """What the lines of a block hold.

    Attributes
    ----------
    rows : ndarray of int64, shape (n,)
        Numbers of the lines that are records.
    time : ndarray of datetime64[us], shape (n,), or None
    value : ndarray of float64, shape (n, columns)
        As in the file, NaN where missing; also of columns that hold no number.
    faults
        By reason: numbers of lines of the right number of fields that are no records.
    tail : ndarray of int64, shape (n,)
        What the end of each record shows of being whole: decimals of its last number, or else the width of its last
        field.
    """

    rows: Places
    time: Times | None
    value: NDArray[np.float64]
    faults: Mapping[str, Places]
    tail: Places


def read_table(buffer: Bytes, lines: Lines, chosen: Places, declared: Declaration) -> Table:
    """Read those of the lines that may be records.

    Parameters
    ----------
    buffer : ndarray of uint8
        The block.
    lines
        All of its lines.
    chosen : ndarray of int64
        Numbers of the lines that are neither header nor comment.
    """
    fields = _split(buffer, lines.start[chosen], lines.stop[chosen], declared)
    row, start, stop = chosen[fields.row], fields.start, fields.stop
    good = np.ones(row.size, dtype=bool)
    faults: dict[str, Places] = {}

    def find_fault(reason: str, right: NDArray[np.bool_]) -> None:
        wrong = good & ~right
        if wrong.any():
            faults[reason] = row[wrong]
        np.logical_and(good, right, out=good)

    value = np.full((len(declared.columns), row.size), np.nan)
    tail = stop[-1] - start[-1]
    for place, column in enumerate(declared.columns):
        if column.kind in ("name", "other"):
            read = _values(buffer, start[place], stop[place], declared)
            value[place] = read.value
            which = f"column {place + 1} ({column.label})"
            find_fault(f"{which} holds no number", read.valid)
            find_fault(f"{which} holds no whole number", _countable(column.label, read.value))
            tail = read.decimals.astype(np.int64) if place == len(declared.columns) - 1 else tail
    time = None
    if declared.clock:
        at = [place for place, column in enumerate(declared.columns) if column.kind == "time"]
        clock = clock_format.read(buffer, start[at], stop[at], declared.clock, declared.decimal)
        find_fault("time is not in the declared format", clock.fits)
        find_fault("time is none of the calendar", clock.valid)
        assert declared.zone is not None
        time, twice, skipped = clock_format.to_utc(clock.time, declared.zone)
        find_fault(f"local time that happened twice in {declared.zone_name}: its clock was set back", ~twice)
        find_fault(f"local time that {declared.zone_name} never had: its clock was set forward", ~skipped)
        time = time[good]
    return Table(row[good], time, value[:, good].T, faults, tail[good])


def _countable(name: str, value: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a value is one that the variable's type can hold: counts are whole and never missing."""
    variable = vocabulary.table().get(name)
    if variable is None or variable.step is not None or variable.dtype.startswith("float"):
        return np.ones(value.size, dtype=bool)
    limits = np.iinfo(variable.dtype)
    with np.errstate(invalid="ignore"):
        right: NDArray[np.bool_] = (value == np.rint(value)) & (value >= limits.min) & (value <= limits.max)
    return right


def _split(buffer: Bytes, start: Places, stop: Places, declared: Declaration) -> Fields:
    count = len(declared.columns)
    if declared.delimiter is None:
        return _split_blanks(buffer, start, stop, count)
    looked_at = buffer if declared.quote is None else _shaded(buffer, start, declared.quote, declared.delimiter)
    fields = split_fields(looked_at, start, stop, declared.delimiter, count)
    first, last = fields.start, fields.stop
    if (buffer == _SPACE).any() or (declared.delimiter != _TAB and (buffer == _TAB).any()):
        first, last = strip_blanks(buffer, first, last)
    if declared.quote is not None and buffer.size:
        ends = buffer[np.minimum(first, buffer.size - 1)], buffer[np.maximum(last - 1, 0)]
        quoted = (last - first >= 2) & (ends[0] == declared.quote) & (ends[1] == declared.quote)
        first, last = first + quoted, last - quoted
    return Fields(fields.row, first, last)


def _shaded(buffer: Bytes, start: Places, quote: int, delimiter: int) -> Bytes:
    """The text with another sign in place of delimiters between quotes."""
    opened = np.cumsum(buffer == quote, dtype=np.int64)
    before = np.concatenate(([0], opened))[start]
    places = np.flatnonzero(buffer == delimiter)
    line = np.searchsorted(start, places, side="right") - 1
    places, line = places[line >= 0], line[line >= 0]
    inside = places[(opened[places] - before[line]) % 2 == 1]
    shaded = buffer.copy()
    shaded[inside] = _SHADE
    return shaded


def _split_blanks(buffer: Bytes, start: Places, stop: Places, count: int) -> Fields:
    """Split lines at runs of blanks and tabs; those at either end separate nothing."""
    solid = (buffer > _SPACE) | ((buffer < _SPACE) & (buffer != _TAB) & (buffer != 10) & (buffer != 13))
    edges = np.diff(np.concatenate(([0], solid.view(np.int8), [0])))
    begin, end = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    if not begin.size:
        nothing = np.zeros((count, 0), dtype=np.int64)
        return Fields(nothing[0], nothing, nothing)
    # A line longer than the longest is cut inside a word: its first piece starts where the line does.
    first, last = np.searchsorted(begin, start), np.searchsorted(begin, stop)
    row = np.flatnonzero((last - first == count) & (end[np.minimum(last - 1, end.size - 1)] <= stop))
    which = first[row] + np.arange(count)[:, None]
    return Fields(row, begin[which], end[which])


def _values(buffer: Bytes, start: Places, stop: Places, declared: Declaration) -> Numbers:
    """Numbers of a column; NaN, and valid, where a field is empty, `NaN`, or one of the bad values."""
    read = numbers(buffer, start, stop, declared.decimal)
    value, valid = read.value.copy(), read.valid | (stop == start)
    value[stop == start] = np.nan
    for word in (b"NaN", b"nan", b"NAN", *(text.encode() for text in declared.bad_values)):
        rows = np.flatnonzero(~read.valid & (stop - start == len(word)))
        if rows.size and word:
            same = (matrix(buffer, start[rows], len(word)) == np.frombuffer(word, dtype=np.uint8)).all(axis=1)
            value[rows[same]], valid[rows[same]] = np.nan, True
    for row in np.flatnonzero(~valid).tolist():
        # Exponents and more than 15 digits: rare enough to be read one by one.
        text = buffer[start[row] : min(stop[row], start[row] + 64)].tobytes().replace(bytes([declared.decimal]), b".")
        if _NUMBER.fullmatch(text) and stop[row] - start[row] <= 64 and np.isfinite(float(text)):
            value[row], valid[row] = float(text), True
    texts = [text.replace(chr(declared.decimal), ".") for text in declared.bad_values]
    bad = [float(text) for text in texts if _NUMBER.fullmatch(text.encode())]
    if bad:
        value[np.isin(value, bad)] = np.nan
    return Numbers(value, read.decimals, valid)
