"""Times as a text format writes them, told in strptime's codes or as a count since an epoch: read in vectors.

Local time becomes UTC by a fixed offset or by the rules of a zone. Where a zone's clock was set back, an hour happened
twice, and nothing in the text tells which is meant: such times are named, never guessed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.fields import numbers, read_clock
from ingest.text import Bytes, Places, shapes, whole_numbers
from ingest.timecode import Times, from_fields

_CODES: Mapping[str, str] = {
    "Y": r"\d{4}", "y": r"\d{2}", "m": r"\d{1,2}", "d": r"\d{1,2}", "j": r"\d{1,3}", "H": r"\d{1,2}", "I": r"\d{1,2}",
    "M": r"\d{1,2}", "S": r"\d{1,2}", "f": r"\d{1,9}", "b": r"[A-Za-z]{3}", "B": r"[A-Za-z]{3,9}", "p": r"[AaPp][Mm]",
}  # fmt: skip
_WORDS = "YymdjHIMSfbBp"
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_UNITS_US = {"days": 86_400_000_000, "hours": 3_600_000_000, "minutes": 60_000_000, "seconds": 1_000_000,
             "milliseconds": 1_000, "microseconds": 1}  # fmt: skip
_SINCE = re.compile(r"(\w+) since (\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?)Z?")
_WIDEST = 48
_MOST_SHAPES = 64
"""Forms that are read in vectors: all of an ordinary clock, months by name included. Noise is read one by one."""

FIRST_YEAR, LAST_YEAR = 1900, 2199


class FormatError(ValueError):
    """A format that cannot be used: what was found, and what is expected."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"{found}; expected {expected}")
        self.found = found
        self.expected = expected


@dataclass(frozen=True)
class Part:
    """How one column holds time: a pattern with the codes of its groups, or a count of `unit_us` since `epoch`."""

    pattern: re.Pattern[bytes] | None = None
    codes: str = ""
    unit_us: int = 0
    epoch: np.datetime64 | None = None


def compile_part(text: str) -> Part:
    """Turn "%Y-%m-%d %H:%M:%S" or "seconds since 1970-01-01" into a part.

    Raises
    ------
    FormatError
        It is neither.
    """
    since = _SINCE.fullmatch(text.strip())
    if since:
        if since[1] not in _UNITS_US:
            raise FormatError(f"unknown unit {since[1]!r}", f"one of {', '.join(_UNITS_US)}")
        try:
            return Part(unit_us=_UNITS_US[since[1]], epoch=np.datetime64(since[2].replace(" ", "T"), "us"))
        except ValueError as error:
            raise FormatError(f"{since[2]!r} is no date", "a date such as 1970-01-01") from error
    tokens = re.findall(r"%.|[^%]|%\Z", text, re.DOTALL)
    codes = [token[1] for token in tokens if token[0] == "%" and token != "%%"]
    wrong = [code for code in codes if code not in _CODES]
    if wrong or "%" in [token for token in tokens if token != "%%"] or not codes:
        found = f"{text!r}" if not wrong else f"code %{wrong[0]} in {text!r}"
        known = ", ".join(f"%{code}" for code in _WORDS)
        raise FormatError(found, f"text with {known}, or `seconds since 1970-01-01`")
    twice = {code for code in codes if codes.count(code) > 1}
    if twice:
        raise FormatError(f"%{min(twice)} twice in {text!r}", "each once")
    return Part(re.compile("".join(_pieces(tokens)).encode()), "".join(codes))


def _pieces(tokens: Sequence[str]) -> Iterator[str]:
    """Pattern of each token; numbers that touch have their full width, for nothing else tells where one ends."""
    for place, token in enumerate(tokens):
        if token[0] != "%" or token == "%%":
            yield re.escape("%" if token == "%%" else token)
            continue
        beside = [tokens[at] for at in (place - 1, place + 1) if 0 <= at < len(tokens)]
        touching = any(one[0] == "%" and one[1:] not in ("%", "b", "B", "p", "f") for one in beside)
        pattern = _CODES[token[1]]
        yield f"({pattern.replace('{1,', '{') if touching and token[1] != 'f' else pattern})"


def missing(parts: Sequence[Part]) -> str | None:
    """Say what no part tells and nothing may make up: a date, an hour. None where all is there."""
    codes = "".join(part.codes for part in parts)
    counts = [part for part in parts if part.epoch is not None]
    if counts:
        return "nothing beside a count since an epoch" if len(parts) > 1 else None
    wanted = (("Yy", "the year (%Y)"), ("j" if "j" in codes else "mbB", "the month (%m), or the day of the year (%j)"),
              ("j" if "j" in codes else "d", "the day (%d)"), ("HI", "the hour (%H)"))  # fmt: skip
    for several, words in wanted:
        if not set(several) & set(codes):
            return words
    if "I" in codes and "p" not in codes:
        return "AM or PM (%p) beside %I"
    return None


class Clock(NamedTuple):
    """Times read: 1970-01-01 where there is none. `fits` tells the form, `valid` a time of the calendar."""

    time: Times
    fits: NDArray[np.bool_]
    valid: NDArray[np.bool_]


def read(buffer: Bytes, start: Places, stop: Places, parts: Sequence[Part], point: int) -> Clock:
    """Read the times of rows of fields.

    Parameters
    ----------
    buffer : ndarray of uint8
        The text.
    start, stop : ndarray of int64, shape (parts, n)
        Bounds of the time columns.
    parts
        One a column.
    point
        The decimal sign of counts.

    Returns
    -------
    Clock
        As the text says, without regard to a zone; each array of shape (n,).
    """
    if parts[0].epoch is not None:
        return _read_count(buffer, start[0], stop[0], parts[0], point)
    values: dict[str, NDArray[np.int64]] = {}
    fits = np.ones(start.shape[1], dtype=bool)
    for place, part in enumerate(parts):
        found, good = _read_codes(buffer, start[place], stop[place], part)
        values |= found
        fits &= good
    time, valid = _assemble(values, start.shape[1])
    return Clock(time, fits, valid & fits)


def _read_count(buffer: Bytes, start: Places, stop: Places, part: Part, point: int) -> Clock:
    assert part.epoch is not None
    count = numbers(buffer, start, stop, point)
    elapsed = np.rint(count.value * part.unit_us)
    epoch = int(part.epoch.astype(np.int64))
    low, high = (int(np.datetime64(f"{year}-01-01", "us").astype(np.int64)) for year in (FIRST_YEAR, LAST_YEAR + 1))
    valid = count.valid & (elapsed >= low - epoch) & (elapsed < high - epoch)
    time = np.where(valid, elapsed, -float(epoch)).astype(np.int64) + epoch
    return Clock(time.astype("datetime64[us]"), count.valid, valid)


def _read_codes(
    buffer: Bytes, start: Places, stop: Places, part: Part
) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.bool_]]:
    """Number of each code, of shape (n,), and which fields have the form."""
    values = {code: np.zeros(start.size, dtype=np.int64) for code in part.codes}
    fits = _read_template(buffer, start, stop, part, values)
    if fits.all():
        return values, fits
    others, found = _read_shapes(buffer, start[~fits], stop[~fits], part)
    for code, some in others.items():
        values[code][~fits] = some
    fits[~fits] = found
    return values, fits


def _read_template(
    buffer: Bytes, start: Places, stop: Places, part: Part, values: dict[str, NDArray[np.int64]]
) -> NDArray[np.bool_]:
    """Enter the numbers of fields that have digits where the first has them; gives which do.

    None, where words or numbers that touch stand in the first field: runs of digits are no codes then.
    """
    none = np.zeros(start.size, dtype=bool)
    first = buffer[start[0] : min(stop[0], start[0] + _WIDEST + 1)].tobytes() if start.size else b""
    template = re.sub(rb"\d", b"0", first)
    assert part.pattern is not None
    match = part.pattern.fullmatch(first)
    runs = [run.span() for run in re.finditer(rb"\d+", template)]
    if match is None or set(part.codes) & set("bBp"):
        return none
    if runs != [match.span(group) for group in range(1, 1 + len(part.codes))]:
        return none
    numbers_found, fits = read_clock(buffer, start, stop, template)
    for code, number, (begin, end) in zip(part.codes, numbers_found, runs, strict=True):
        values[code][:] = np.where(fits, _scaled(code, number, end - begin), 0)
    return fits


def _read_shapes(
    buffer: Bytes, start: Places, stop: Places, part: Part
) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.bool_]]:
    """The same for fields of any form: those of one form together, noise one by one."""
    assert part.pattern is not None
    values = {code: np.zeros(start.size, dtype=np.int64) for code in part.codes}
    fits = np.zeros(start.size, dtype=bool)
    seen = stop - start > _WIDEST
    for number, shape in enumerate(shapes(buffer, start, stop, part.pattern, _WIDEST)):
        if number == _MOST_SHAPES:
            break
        seen[shape.rows] = True
        if shape.match is None:
            continue
        fits[shape.rows] = True
        for group, code in enumerate(part.codes, 1):
            if code in "bBp":
                values[code][shape.rows] = _word(code, shape.match[group])
            else:
                digits = shape.columns[slice(*shape.match.span(group))]
                values[code][shape.rows] = _scaled(code, whole_numbers(digits), len(digits))
    for row in np.flatnonzero(~seen).tolist():
        match = part.pattern.fullmatch(buffer[start[row] : stop[row]].tobytes())
        if match is None:
            continue
        fits[row] = True
        for group, code in enumerate(part.codes, 1):
            text = match[group]
            one = np.array([_word(code, text) if code in "bBp" else int(text)], dtype=np.int64)
            values[code][row] = (one if code in "bBp" else _scaled(code, one, len(text)))[0]
    return values, fits


def _word(code: str, text: bytes) -> int:
    """Number of a month's name, 0 for none; 1 for PM."""
    word = text.decode("ascii").lower()
    if code == "p":
        return int(word == "pm")
    names = [month[:3] for month in _MONTHS] if code == "b" else _MONTHS
    return 1 + names.index(word) if word in names else 0


def _scaled(code: str, value: NDArray[np.int64], digits: int) -> NDArray[np.int64]:
    """Fractions of a second to microseconds, years of two digits to four; everything else as it is."""
    if code == "f":
        scaled: NDArray[np.int64] = value * 10 ** (6 - digits) if digits <= 6 else value // 10 ** (digits - 6)
        return scaled
    if code == "y":  # POSIX: 69 to 99 are of the last century
        return np.where(value >= 69, value + 1900, value + 2000)
    return value


def _assemble(values: Mapping[str, NDArray[np.int64]], count: int) -> tuple[Times, NDArray[np.bool_]]:
    zero, one = np.zeros(count, dtype=np.int64), np.ones(count, dtype=np.int64)
    year = values.get("Y", values.get("y", zero))
    month = values.get("m", values.get("b", values.get("B", one)))
    hour = values.get("H", zero)
    within = (year >= FIRST_YEAR) & (year <= LAST_YEAR)
    if "I" in values:
        within &= (values["I"] >= 1) & (values["I"] <= 12)
        hour = values["I"] % 12 + 12 * values["p"]
    clock = (hour, values.get("M", zero), values.get("S", zero))
    if "j" not in values:
        time, valid = from_fields((year, month, values.get("d", one)), clock, values.get("f", zero))
        return time, valid & within
    time, valid = from_fields((year, one, one), clock, values.get("f", zero))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    valid &= within & (values["j"] >= 1) & (values["j"] <= 365 + leap)
    later = np.where(valid, (values["j"] - 1) * 86_400_000_000, 0)
    return time + later.astype("timedelta64[us]"), valid


def zone_of(text: str) -> tzinfo | None:
    """Zone by name (UTC, Asia/Taipei) or offset (+08:00); None for neither."""
    offset = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?", text)
    if text in ("UTC", "Z", "GMT"):
        return UTC
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes)) if minutes <= 14 * 60 else None
    return _named(text)


def _named(text: str) -> tzinfo | None:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(text)
    except (OSError, ValueError, KeyError):
        return None


class Universal(NamedTuple):
    """UTC of local times, shape (n,): undefined where the hour happened `twice`, or was `skipped` by the clock."""

    time: Times
    twice: NDArray[np.bool_]
    skipped: NDArray[np.bool_]


def to_utc(local: Times, zone: tzinfo) -> Universal:
    """Take a zone's offset off local times of the years `FIRST_YEAR` to `LAST_YEAR`, and 1970."""
    micros = local.astype(np.int64)
    offset = np.zeros(micros.size, dtype=np.int64)
    kind = np.zeros(micros.size, dtype=np.int8)
    if isinstance(zone, timezone):
        offset[:] = zone.utcoffset(None) // timedelta(microseconds=1)
    else:
        for rows, step, found in _by_stretch(micros, zone):
            offset[rows], kind[rows] = step, found
    return Universal((micros - offset).astype("datetime64[us]"), kind > 0, kind < 0)


_DAY_US, _MINUTE_US = 86_400_000_000, 60_000_000


def _by_stretch(micros: NDArray[np.int64], zone: tzinfo) -> Iterator[tuple[Places, int, int]]:
    """Rows of one offset: days where it is one, else minutes."""
    days = micros // _DAY_US
    for day, rows in _groups(days):
        whole = _of_day(zone, day)
        if whole is not None:
            yield rows, whole, 0
            continue
        for minute, some in _groups(micros[rows] // _MINUTE_US):
            yield rows[some], *_of_minute(zone, minute)


def _groups(keys: NDArray[np.int64]) -> Iterator[tuple[int, Places]]:
    order = np.argsort(keys, kind="stable")
    edges = np.flatnonzero(np.diff(keys[order])) + 1
    for rows in np.split(order, edges):
        if rows.size:
            yield int(keys[rows[0]]), rows


_EPOCH = datetime(1970, 1, 1)


@lru_cache(maxsize=4096)
def _of_day(zone: tzinfo, day: int) -> int | None:
    """Offset in microseconds of a local day; None where it changes on it."""
    hours = [_of_minute(zone, day * 1440 + 60 * hour) for hour in range(0, 25, 4)]
    return hours[0][0] if len(set(hours)) == 1 and hours[0][1] == 0 else None


@lru_cache(maxsize=4096)
def _of_minute(zone: tzinfo, minute: int) -> tuple[int, int]:
    """Offset in microseconds of a local minute, and 1 where it happened twice, -1 where the clock skipped it."""
    local = _EPOCH + timedelta(minutes=minute)
    first, second = (
        (zone.utcoffset(local.replace(fold=fold)) or timedelta()) // timedelta(microseconds=1) for fold in (0, 1)
    )
    return first, (first > second) - (first < second)
