"""Header, numbers and time of Sea-Bird .cnv files.

References
----------
Sea-Bird Scientific, SBE Data Processing user's manual: converted data file (.cnv) format.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest import pages
from ingest.compiled import compiled
from ingest.sea_bird.names import TIME_NAMES, Column
from ingest.text import Bytes, Lines, Places
from ingest.textual.fields import WIDEST_NUMBER
from ingest.timecode import SECONDS_PER_DAY, Times

COLUMN_WIDTH = 11
"""Characters of a column, as the maker's software prints it; full columns touch."""


@dataclass(frozen=True)
class CnvHeader:
    """What a header says; None or empty where it says nothing.

    Attributes
    ----------
    columns
        In order, from `# name` lines.
    spans
        Smallest and largest value of each column as the maker's software found them, by column number.
    rows
        `# nvalues`: how many rows were written.
    start_time, start_time_source
        Start of the record, and which clock told it, where the header says so.
    """

    columns: tuple[Column, ...]
    spans: dict[int, tuple[float, float]]
    rows: int | None
    interval: str | None
    start_time: np.datetime64 | None
    start_time_source: str | None
    bad_flag: float
    binary: bool
    model: str | None
    serial_number: str | None
    latitude: str | None
    longitude: str | None


_NAME = re.compile(r"^# name (\d+) = ([^:\n]*?)\s*(?::[ \t]*([^\n]*?))?\s*$", re.MULTILINE)
_SPAN = re.compile(r"^# span (\d+) =\s*([-+.\deE]+)\s*,\s*([-+.\deE]+)\s*$", re.MULTILINE)
_START = re.compile(
    r"^# start_time = (\w{3})\s+(\d{1,2})\s+(\d{2,4})\s+(\d\d):(\d\d):(\d\d)(?:\s*\[([^\]\n]*)\])?", re.MULTILINE
)
DEFAULT_BAD_FLAG = -9.99e-29  # what the maker's software has always written


def parse_cnv_header(header: bytes) -> CnvHeader:
    """Read a header; damage costs what it hits and raises nothing.

    Parameters
    ----------
    header
        The bytes before the rows, in latin-1: units hold degree signs and Greek letters.
    """
    text = header.decode("latin-1").replace("\r", "")
    names = {int(number): Column(short, description or "") for number, short, description in _NAME.findall(text)}
    columns = tuple(names[number] for number in sorted(names))
    start = _START.search(text)
    return CnvHeader(
        columns=columns,
        spans={int(number): (_number(low), _number(high)) for number, low, high in _SPAN.findall(text)},
        rows=_whole(_entry(text, "nvalues")),
        interval=_entry(text, "interval"),
        start_time=_start_time(start) if start else None,
        start_time_source=start[7] if start else None,
        bad_flag=_bad_flag(_entry(text, "bad_flag")),
        binary=(_entry(text, "file_type") or "").lower() == "binary",
        model=_found(r"^\*\s*Sea-Bird\s+(.+?)\s*Data File", text),
        serial_number=_found(r"^\*\s*Temperature SN =\s*(\S+)", text),
        latitude=_found(r"^\*+\s*NMEA Latitude\s*=\s*(.+?)\s*$", text),
        longitude=_found(r"^\*+\s*NMEA Longitude\s*=\s*(.+?)\s*$", text),
    )


def _entry(text: str, name: str) -> str | None:
    return _found(rf"^# {name} = *(.*?)\s*$", text)


def _found(pattern: str, text: str) -> str | None:
    match = re.search(pattern, text, re.MULTILINE)
    return match[1] if match and match[1] else None


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,12}", text) else None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _bad_flag(text: str | None) -> float:
    value = _number(text) if text is not None else DEFAULT_BAD_FLAG
    return value if np.isfinite(value) else DEFAULT_BAD_FLAG


def _start_time(match: re.Match[str]) -> np.datetime64 | None:
    """Software of before 2000 counts the year from 1900, in three digits, or prints the century it was made in.

    So 107 is 2007, and so is 1907: Seasoft 4.230a writes a start in 1903 under an upload in 2003.
    """
    year = int(match[3])
    year += 1900 if year < 1000 else 0
    year += 100 if 1900 <= year < 1970 else 0
    try:
        stamp = datetime.strptime(f"{match[1]} {match[2]} {year} {match[4]}:{match[5]}:{match[6]}", "%b %d %Y %H:%M:%S")
    except ValueError:
        return None
    return np.datetime64(stamp, "us")


class Rows(NamedTuple):
    """Lines with a cell for each column: their numbers `row`, shape (n,); values, and which cells are numbers.

    `value` and `known` have the shape (columns, n).
    """

    row: Places
    value: NDArray[np.float64]
    known: NDArray[np.bool_]


def read_rows(buffer: Bytes, lines: Lines, columns: int) -> Rows:
    """Read those lines that have as many cells as there are columns.

    Parameters
    ----------
    buffer : ndarray of uint8
        The text.
    lines
        Its lines.
    columns
        How many cells a row has.
    """
    from ingest.compiled import sealed
    from ingest.textual import text_kernels

    buffer = sealed(buffer)
    row, value, known = text_kernels.read_rows(buffer, lines.start, lines.stop, columns, COLUMN_WIDTH)
    odd = np.flatnonzero(~known.all(axis=0))
    if odd.size:
        at = row[odd]
        bounds = text_kernels.bound_cells(buffer, lines.start[at], lines.stop[at], columns, COLUMN_WIDTH)
        cells = ~known[:, odd]
        start, stop = np.moveaxis(bounds, 0, -1)
        read, valid = _read_odd(buffer, start[cells], stop[cells])
        column, place = np.nonzero(cells)
        value[column, odd[place]], known[column, odd[place]] = read, valid
    return Rows(row, value, known)


_ODD_NUMBER = re.compile(rb"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?")
_NO_NUMBER = re.compile(rb"[-+]?(nan|inf(inity)?|1\.#(ind|inf|qnan|snan|qnb)0*)", re.IGNORECASE)


def _read_odd(buffer: Bytes, start: Places, stop: Places) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Values of cells that are no plain numbers, and which are numbers all the same, both of shape (n,).

    NaN where one says so in words; the same float64 as `float(text)`. Each distinct text is read once.
    """
    width = stop - start
    values, known = np.zeros(width.size), np.zeros(width.size, dtype=bool)
    for size in np.unique(width).tolist():
        if not 0 < size <= WIDEST_NUMBER:
            continue
        here = np.flatnonzero(width == size)
        text = np.ascontiguousarray(buffer[start[here][:, None] + np.arange(size)]).view(f"S{size}").ravel()
        alike = bool((text == text[0]).all())
        distinct, place = (text[:1], 0) if alike else np.unique(text, return_inverse=True)
        parsed = [_odd_value(bytes(one).ljust(size, b"\0")) for one in distinct]
        values[here] = np.array([0.0 if one is None else one for one in parsed])[place]
        known[here] = np.array([one is not None for one in parsed])[place]
    return values, known


def _odd_value(text: bytes) -> float | None:
    if _ODD_NUMBER.fullmatch(text):
        return float(text)
    return float("nan") if _NO_NUMBER.fullmatch(text) else None


def known_values(rows: NDArray[np.float32], bad_flag: float) -> NDArray[np.float64]:
    """Binary rows as columns, NaN where the maker's software marked a value as bad, or it is no number.

    Parameters
    ----------
    rows : ndarray of float32, shape (n, columns)
        As they stand in the file; may begin at any byte.
    bad_flag
        The mark.

    Returns
    -------
    ndarray of float64, shape (columns, n)
    """
    values: NDArray[np.float64] = pages.empty(rows.shape[::-1], np.float64)
    _take_known(rows, np.float32(bad_flag), values)
    return values


@compiled
def _take_known(rows: NDArray[np.float32], bad_flag: np.float32, values: NDArray[np.float64]) -> None:
    for row in range(rows.shape[0]):
        for column in range(rows.shape[1]):
            value = rows[row, column]
            known = np.isfinite(value) and value != bad_flag
            values[column, row] = value if known else np.nan


class TimeRule(NamedTuple):
    """How a column tells the time: its number, its words for the attribute, and the conversion to microseconds."""

    column: int
    source: str
    microseconds: Callable[[NDArray[np.float64]], NDArray[np.float64]]


_ELAPSED = {"timeS": 1.0, "timeM": 60.0, "timeH": 3600.0}
_LATE = 30.0  # days: a day of the year so much before the start belongs to the year after


def time_rule(header: CnvHeader) -> TimeRule | None:
    """Choose the column that tells the time best; None where no column does, or not without a start that is missing."""
    for name in TIME_NAMES:
        for number, column in enumerate(header.columns):
            if column.short == name:
                rule = _rule(name, number, header.start_time)
                if rule is not None:
                    return rule
    return None


def _rule(name: str, number: int, start: np.datetime64 | None) -> TimeRule | None:
    if name in ("timeK", "timeY"):
        epoch = "2000-01-01" if name == "timeK" else "1970-01-01"
        return TimeRule(number, f"{name}, seconds since {epoch}", lambda value: value * 1e6 + _microseconds(epoch))
    if start is None:
        return None
    begin = float(start.astype(np.int64))
    if name in ("timeN", "timeQ"):
        # The maker's documents give both epochs for both names; the start of the record tells which it is.
        return TimeRule(number, f"{name}, seconds since 2000 or 1970", lambda value: _nearer_epoch(value, begin))
    if name in _ELAPSED:
        unit = _ELAPSED[name] * 1e6
        return TimeRule(number, f"start_time + {name}", lambda value: value * unit + begin)
    return TimeRule(number, f"{name}, day 1.0 is the first of January", lambda value: _day_of_year(value, start))


def _microseconds(stamp: str | np.datetime64) -> float:
    moment = np.datetime64(stamp) if isinstance(stamp, str) else stamp
    return float(moment.astype("datetime64[us]").astype(np.int64))


def _nearer_epoch(value: NDArray[np.float64], begin: float) -> NDArray[np.float64]:
    late, early = value * 1e6 + _microseconds("2000-01-01"), value * 1e6
    return np.where(np.abs(late - begin) <= np.abs(early - begin), late, early)


def _day_of_year(value: NDArray[np.float64], start: np.datetime64) -> NDArray[np.float64]:
    """Days may count on beyond the year of the start, or begin again at 1."""
    year = start.astype("datetime64[Y]")
    this = _microseconds(year)
    following = _microseconds(year + np.timedelta64(1, "Y"))
    first = (float(start.astype(np.int64)) - this) / (SECONDS_PER_DAY * 1e6) + 1.0
    base = np.where(value < first - _LATE, following, this)
    return base + (value - 1.0) * SECONDS_PER_DAY * 1e6


_FIRST, _LAST = _microseconds("0001-01-01"), _microseconds("9999-12-31")


def to_times(rule: TimeRule, value: NDArray[np.float64]) -> tuple[Times, NDArray[np.bool_]]:
    """Values of the chosen column to times, rounded to microseconds, and where they are a time of the calendar."""
    with np.errstate(all="ignore"):
        moment = rule.microseconds(value)
        valid: NDArray[np.bool_] = (moment >= _FIRST) & (moment <= _LAST)
    return np.where(valid, np.rint(moment), 0.0).astype(np.int64).astype("datetime64[us]"), valid
