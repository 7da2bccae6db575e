"""Cells of sheets of laboratory results: values, limits of detection, times in the order that the Unit row gives."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ingest.textual.sheet_rows import Form, form_of
from ingest.timecode import from_fields

MISSING = re.compile(r"(?:nan|n/?a|-|null|none)?", re.IGNORECASE)
_BELOW = re.compile(r"(?:<\s*(\d*\.?\d+)|bdl|b\.d\.l\.?|n\.?d\.?|below detection(?: limit)?)", re.IGNORECASE)


class Clock(NamedTuple):
    """Cell of a row that holds a time, its unit, and the order of year, month and day that this gives."""

    cell: int
    unit: str
    order: str


def text_of(content: bytes) -> str:
    """Text of a cell or a row; a character of another encoding is none that is looked for."""
    return content.decode("utf-8", "replace")


def clock_of(header: Mapping[str, Sequence[str]], wanted: str) -> Clock | None:
    """Where the times of one name stand; None without them, or without an order of year, month and day."""
    names = [name.strip().lower() for name in header.get("parameter", ())]
    units = header.get("unit", ())
    if wanted not in names or names.index(wanted) >= len(units):
        return None
    place = names.index(wanted)
    order = "".join(letter for letter in dict.fromkeys(units[place].lower().split(" ")[0]) if letter in "ymd")
    return Clock(place + 1, units[place], order) if sorted(order) == ["d", "m", "y"] else None


def moment_of(cell: str, order: str) -> np.datetime64 | None:
    """Time of one cell by the order that the Unit row gives; None where it is none."""
    numbers = [int(part) for part in re.findall(r"\d{1,4}", cell)]
    if not 4 <= len(numbers) <= 6:
        return None
    date = dict(zip(order, numbers, strict=False))
    year = date["y"] + (0 if date["y"] > 99 else 2000 if date["y"] < 80 else 1900)
    hour, minute, second = [*numbers[3:], 0, 0][:3]
    time, valid = from_fields(([year], [date["m"]], [date["d"]]), ([hour], [minute], [second]))
    return np.datetime64(time[0]) if valid[0] else None


def value_of(cell: str, limit: str) -> tuple[float, float] | None:
    """Value and limit of a cell; None where it is neither a number nor missing."""
    text = cell.strip()
    if MISSING.fullmatch(text):
        return float("nan"), float("nan")
    below = _BELOW.fullmatch(text)
    if below:
        stated = below[1] or limit.strip().removeprefix("<")
        return float("nan"), float(stated) if re.fullmatch(r"\d*\.?\d+", stated) else float("nan")
    return (float(text), float("nan")) if re.fullmatch(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d{1,2})?", text) else None


def forms_of(clock: Clock) -> list[Form]:
    """Forms of time that the Unit row's text describes; none where numbers touch, or where they are too few.

    Years of two digits are those that `moment_of` and POSIX, which the kernels follow, understand alike.
    """
    pieces = [match[0] for match in re.finditer(r"([ymdhs])\1*|.", clock.unit.strip().lower(), re.DOTALL)]
    numbers = [place for place, piece in enumerate(pieces) if piece[0] in "ymdhs"]
    touching = any(after - before == 1 for before, after in pairwise(numbers))
    if touching or not 4 <= len(numbers) <= 6 or any(piece.isdigit() for piece in pieces):
        return []
    slots = dict(zip(numbers, [*("ymd".index(letter) for letter in clock.order), 3, 4, 5], strict=False))
    years: list[tuple[int, tuple[int, int]]] = [(4, (100, 9999)), (2, (1980, 2068))]
    return [
        form_of(
            [(slots[at], 1, 4 if slots[at] else most) if at in slots else piece for at, piece in enumerate(pieces)],
            within, short=most == 2,
        )
        for most, within in years
    ]  # fmt: skip
