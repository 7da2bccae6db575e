"""Times as a text format writes them, told in strptime's codes or as a count since an epoch: read in vectors.

Local time becomes UTC by a fixed offset or by the rules of a zone. Where a zone's clock was set back, an hour happened
twice, and nothing in the text tells which is meant: such times are named, never guessed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.text import Bytes, Places
from ingest.timecode import Times

_CODES: Mapping[str, str] = {
    "Y": r"\d{4}", "y": r"\d{2}", "m": r"\d{1,2}", "d": r"\d{1,2}", "j": r"\d{1,3}", "H": r"\d{1,2}", "I": r"\d{1,2}",
    "M": r"\d{1,2}", "S": r"\d{1,2}", "f": r"\d{1,9}", "b": r"[A-Za-z]{3}", "B": r"[A-Za-z]{3,9}", "p": r"[AaPp][Mm]",
}  # fmt: skip
_WORDS = "YymdjHIMSfbBp"
_LETTERS = "bBp"
_OVERRULED = {"y": "Y", "b": "m", "B": "mb", "H": "I"}
"""Codes that say nothing where one of some others stands."""
_UNITS_US = {"days": 86_400_000_000, "hours": 3_600_000_000, "minutes": 60_000_000, "seconds": 1_000_000,
             "milliseconds": 1_000, "microseconds": 1}  # fmt: skip
_SINCE = re.compile(r"(\w+) since (\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?)Z?")
FIRST_YEAR, LAST_YEAR = 1900, 2199


class FormatError(ValueError):
    """A format that cannot be used: what was found, and what is expected."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"{found}; expected {expected}")
        self.found = found
        self.expected = expected


class Item(NamedTuple):
    """A character that must stand there (no `code`), or a code's number or word with its least and most characters."""

    code: str
    byte: int
    least: int
    most: int


@dataclass(frozen=True)
class Part:
    """How one column holds time: a pattern with the codes of its groups, or a count of `unit_us` since `epoch`.

    `items` are the pattern's pieces; `open_ended` tells that one of them may have to leave a character to the next.
    """

    pattern: re.Pattern[bytes] | None = None
    codes: str = ""
    items: tuple[Item, ...] = ()
    open_ended: bool = False
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
    pieces = list(_pieces(tokens))
    items = tuple(item for token, piece in zip(tokens, pieces, strict=True) for item in _items_of(token, piece))
    open_ended = any(map(_may_share, items, items[1:]))
    return Part(re.compile("".join(pieces).encode()), "".join(codes), items, open_ended)


def compile_exactly(text: str) -> Part:
    """Turn a format into a part whose numbers have their full width: two digits of a month."""
    part = compile_part(text)
    return replace(part, items=tuple(item._replace(least=item.most) for item in part.items))


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


def _items_of(token: str, piece: str) -> Iterator[Item]:
    if token[0] != "%" or token == "%%":
        yield from (Item("", byte, 1, 1) for byte in token[:1].encode())
    else:
        found = re.search(r"\{(\d+),?(\d*)\}", piece)
        least, most = found.groups() if found else ("2", "")  # AM or PM
        yield Item(token[1], 0, int(least), int(most or least))


def _may_share(item: Item, following: Item) -> bool:
    """Whether an item of no fixed width can go on with the first character of the next."""
    if item.least == item.most:
        return False
    if following.code:
        return (item.code in _LETTERS) == (following.code in _LETTERS)
    return chr(following.byte).isalpha() if item.code in _LETTERS else chr(following.byte).isdigit()


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


class Plan(NamedTuple):
    """Parts as the kernels take them: see `stamp_kernels.read_items` and `settle_clock`."""

    items: Places
    form: tuple[bool, bool, int, int]


def plan(parts: Sequence[Part], texts: Sequence[int]) -> Plan:
    """Prepare the reading of times from texts of the given numbers, one for each part."""
    from ingest.textual.stamp_kernels import DIGITS, KINDS, LITERAL, SLOTS, TEXT, UNUSED

    codes = "".join(part.codes for part in parts)
    rows = []
    for part, text in zip(parts, texts, strict=True):
        rows.append((TEXT, text, 0, 0, UNUSED))
        for code, byte, least, most in part.items:
            slot = UNUSED if set(codes) & set(_OVERRULED.get(code, "")) else SLOTS.get(code, UNUSED)
            rows.append((KINDS.get(code, DIGITS) if code else LITERAL, byte, least, most, slot))
    form = ("I" in codes, "j" in codes, FIRST_YEAR, LAST_YEAR)
    return Plan(np.array(rows, dtype=np.int64).reshape(-1, 5), form)


class Clock(NamedTuple):
    """Times read: 1970-01-01 where there is none. `fits` tells the form, `valid` a time of the calendar."""

    time: Times
    fits: NDArray[np.bool_]
    valid: NDArray[np.bool_]


def clock_of(time: Places) -> Clock:
    """Times as `stamp_kernels.read_clock` gives them, shape (2, n)."""
    from ingest.textual.stamp_kernels import FITS, OTHER_FORM

    return Clock(time[0].view("datetime64[us]"), time[1] != OTHER_FORM, time[1] == FITS)


def from_count(count: NDArray[np.float64], part: Part) -> Clock:
    """Times of counts since an epoch, shape (n,); NaN does not have the form of one."""
    assert part.epoch is not None
    elapsed = np.rint(count * part.unit_us)
    epoch = int(part.epoch.astype(np.int64))
    low, high = (int(np.datetime64(f"{year}-01-01", "us").astype(np.int64)) for year in (FIRST_YEAR, LAST_YEAR + 1))
    valid = (elapsed >= low - epoch) & (elapsed < high - epoch)
    time = np.where(valid, elapsed, -float(epoch)).astype(np.int64) + epoch
    return Clock(time.view("datetime64[us]"), ~np.isnan(count), valid)


def read_by_pattern(buffer: Bytes, start: Places, stop: Places, parts: Sequence[Part]) -> Places:
    """Times of texts whose numbers only the patterns tell apart, as `stamp_kernels.read_clock` gives them.

    `start` and `stop` have shape (parts, n). For formats such as `%S%f`, where a number may have to leave a digit to
    the next; other texts of other forms are noise to the kernel and to the patterns alike.
    """
    from ingest.compiled import sealed
    from ingest.textual.stamp_kernels import OTHER_FORM, read_clocks

    alone = [Part(codes=item.code, items=(item,)) for part in parts for item in part.items if item.code]
    bounds = np.zeros((2, len(alone), start.shape[1]), dtype=np.int64)
    fits = np.zeros(start.shape[1], dtype=bool)
    for row in range(start.shape[1]):
        spans = []
        for part, first, last in zip(parts, start[:, row].tolist(), stop[:, row].tolist(), strict=True):
            match = part.pattern and part.pattern.fullmatch(buffer[first:last].tobytes())
            groups = match.regs[1:] if match else ()
            spans += [(first + begin, first + end) for begin, end in groups]
        fits[row] = len(spans) == len(alone)
        if fits[row]:
            bounds[:, :, row] = np.array(spans).T
    items, form = plan(alone, range(len(alone)))
    time = read_clocks(sealed(buffer), bounds[0], bounds[1], items, form)
    time[:, ~fits] = [[0], [OTHER_FORM]]
    return time


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
