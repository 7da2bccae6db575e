"""Lines of delimited text to columns of values, as a declaration says: in one compiled pass over the bytes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest import vocabulary
from ingest.declared import clock_format
from ingest.declared.declaration import Declaration
from ingest.text import Bytes, Lines, Places
from ingest.textual.fields import pick
from ingest.timecode import Times

_NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?")


@dataclass(frozen=True)
class Table:
    """What the lines of a block hold.

    Attributes
    ----------
    rows : ndarray of int64, shape (n,)
        Numbers of the lines that are records.
    time : ndarray of datetime64[us], shape (n,), or None
    value : ndarray of float64, shape (numbers, n)
        As in the file, NaN where missing; a row for each column that holds numbers, and one for a count of time.
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
    from ingest.compiled import sealed
    from ingest.textual.table_kernels import read_declared

    layout = _layout(declared)
    bounds = lines.start[chosen], lines.stop[chosen]
    marks, value, time, odd = read_declared(sealed(buffer), *bounds, layout.form, layout.roles, layout.told)
    row, faults = chosen[marks[0]], _Faults(marks.shape[1])
    lost = _settle_odd(buffer, odd, value, layout, declared)
    for place, column in enumerate(declared.columns):
        if column.kind in ("name", "other"):
            which = f"column {place + 1} ({column.label})"
            faults.find(f"{which} holds no number", lost.get(place))
            faults.find(f"{which} holds no whole number", _uncountable(column.label, value[layout.roles[1, place]]))
    found = None
    if declared.clock:
        clock = _clock(buffer, bounds, (marks[0], value, time), layout, declared)
        faults.find("time is not in the declared format", ~clock.fits)
        faults.find("time is none of the calendar", ~clock.valid)
        assert declared.zone is not None
        found, twice, skipped = clock_format.to_utc(clock.time, declared.zone)
        faults.find(f"local time that happened twice in {declared.zone_name}: its clock was set back", twice)
        faults.find(f"local time that {declared.zone_name} never had: its clock was set forward", skipped)
    good = pick(faults.good)
    by_reason = {reason: row[which] for reason, which in faults.found.items()}
    return Table(row[good], None if found is None else found[good], value[:, good], by_reason, marks[1, good])


class _Faults:
    """Which of so many records have no fault yet, and the number of those that have, by reason."""

    def __init__(self, count: int) -> None:
        self.good = np.ones(count, dtype=bool)
        self.found: dict[str, Places] = {}

    def find(self, reason: str, wrong: NDArray[np.bool_] | None) -> None:
        """Enter those that are wrong in some way, unless another was found before."""
        if wrong is not None and wrong.any():
            rows = np.flatnonzero(self.good & wrong)
            if rows.size:
                self.found[reason] = rows
            self.good[rows] = False


def read_columns(declared: Declaration) -> list[int]:
    """Numbers of the columns that are read as numbers, as the rows of `Table.value` are."""
    counted = bool(declared.clock) and declared.clock[0].epoch is not None
    kinds = ("name", "other", "time") if counted else ("name", "other")
    return [place for place, column in enumerate(declared.columns) if column.kind in kinds]


class _Layout(NamedTuple):
    """A declaration as `read_declared` takes it."""

    form: tuple[int, int, int, int]
    roles: Places
    told: tuple[Bytes, Places, NDArray[np.float64], Places, tuple[bool, bool, int, int]]


def _layout(declared: Declaration) -> _Layout:
    from ingest.textual.table_kernels import BY_BLANKS, COUNT, IGNORED, NUMBER

    counted = bool(declared.clock) and declared.clock[0].epoch is not None
    kinds = {"name": NUMBER, "other": NUMBER, "time": COUNT if counted else IGNORED}
    held = np.array([kinds.get(column.kind, IGNORED) for column in declared.columns], dtype=np.int64)
    roles = np.array([held, np.where(held == IGNORED, -1, np.cumsum(held != IGNORED) - 1)])
    separator = BY_BLANKS if declared.delimiter is None else declared.delimiter
    # Between blanks, quotes are signs like any other.
    quote = -1 if declared.quote is None or declared.delimiter is None else declared.quote
    words = [word for word in (b"NaN", b"nan", b"NAN", *(text.encode() for text in declared.bad_values)) if word]
    text = np.array([byte for word in words for byte in word], dtype=np.uint8)
    bad = np.array(_bad_numbers(declared), dtype=np.float64)
    timed = [place for place, column in enumerate(declared.columns) if column.kind == "time"]
    plan = clock_format.plan((), ()) if counted else clock_format.plan(declared.clock, timed)
    told = (text, np.cumsum([len(word) for word in words]), bad, *plan)
    return _Layout((separator, quote, declared.decimal, held.size), roles, told)


def _bad_numbers(declared: Declaration) -> list[float]:
    """Numbers that stand for a missing value."""
    texts = [text.replace(chr(declared.decimal), ".") for text in declared.bad_values]
    return [float(text) for text in texts if _NUMBER.fullmatch(text.encode())]


def _settle_odd(
    buffer: Bytes, odd: Places, value: NDArray[np.float64], layout: _Layout, declared: Declaration
) -> dict[int, NDArray[np.bool_]]:
    """Enter numbers with exponents or more than 15 digits, rare enough to be read one by one; say which are none."""
    bad = _bad_numbers(declared)
    lost: dict[int, list[int]] = {}
    for row, place, start, stop in odd.T.tolist():
        text = buffer[start : min(stop, start + 64)].tobytes().replace(bytes([declared.decimal]), b".")
        number = float(text) if stop - start <= 64 and _NUMBER.fullmatch(text) else np.inf
        if np.isfinite(number):
            value[layout.roles[1, place], row] = np.nan if number in bad else number
        else:
            lost.setdefault(place, []).append(row)
    return {place: np.isin(np.arange(value.shape[1]), rows) for place, rows in lost.items()}


def _uncountable(name: str, value: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    """Where a value is none that the variable's type can hold: counts are whole and never missing."""
    variable = vocabulary.table().get(name)
    if variable is None or variable.step is not None or variable.dtype.startswith("float"):
        return None
    limits = np.iinfo(variable.dtype)
    with np.errstate(invalid="ignore"):
        right: NDArray[np.bool_] = (value == np.rint(value)) & (value >= limits.min) & (value <= limits.max)
    return ~right


def _clock(
    buffer: Bytes,
    bounds: tuple[Places, Places],
    read: tuple[Places, NDArray[np.float64], Places],
    layout: _Layout,
    declared: Declaration,
) -> clock_format.Clock:
    """Times of the lines that were read, as the text says."""
    from ingest.compiled import sealed
    from ingest.textual.stamp_kernels import OTHER_FORM
    from ingest.textual.table_kernels import bound_declared

    row, value, time = read
    timed = [place for place, column in enumerate(declared.columns) if column.kind == "time"]
    if declared.clock[0].epoch is not None:
        return clock_format.from_count(value[layout.roles[1, timed[0]]], declared.clock[0])
    if any(part.open_ended for part in declared.clock):
        left = np.flatnonzero(time[1] == OTHER_FORM)
        start, stop = (one[row[left]] for one in bounds)
        texts = bound_declared(sealed(buffer), start, stop, layout.form, np.array(timed, dtype=np.int64))
        time[:, left] = clock_format.read_by_pattern(buffer, *texts, declared.clock)
    return clock_format.clock_of(time)
