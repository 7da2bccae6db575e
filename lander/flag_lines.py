"""Lines of the log of manual flags, as bytes and as what they say. Opens nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lander.units import UnfitError, nearest, time_of
from qc.flags import FLAG_VALUES

LOG_NAME = "flags.jsonl"

MOST_TIMES = 10_000
"""Samples that one entry may name; more are better said as an interval."""
MOST_LETTERS = 2_000
"""Of a reason, or of a name."""


@dataclass(frozen=True)
class ManualFlag:
    """What somebody said of some values of one variable.

    Attributes
    ----------
    id
        Never given twice; at its writing the number of its line.
    who, when, why
        `when` is UTC.
    instrument
        A name, or "name/stream" of an instrument with several streams of the variable.
    flag
        OceanSITES code.
    start, end
        The interval [start, end), UTC; None where `times` names samples.
    times
        Exact times of samples, UTC.
    line
        In the log, counted from 1.
    """

    id: int
    who: str
    when: np.datetime64
    why: str
    deployment: str
    instrument: str
    variable: str
    flag: int
    start: np.datetime64 | None = None
    end: np.datetime64 | None = None
    times: tuple[np.datetime64, ...] = ()
    line: int = 0

    @property
    def first(self) -> np.datetime64:
        """Where it begins."""
        return min(self.times) if self.start is None else self.start

    @property
    def last(self) -> np.datetime64:
        """Where it ends: of an interval, the moment that is no longer part of it."""
        return max(self.times) if self.end is None else self.end


@dataclass(frozen=True)
class Undo:
    """A flag taken back."""

    id: int
    undo: int
    who: str
    when: np.datetime64
    why: str
    line: int = 0


@dataclass(frozen=True)
class Fault:
    """What is wrong with a line.

    `harmless` where every other line still means what it says: a run goes on without this one, and names it.
    """

    line: int
    key: str
    found: str
    expected: str
    suggestion: str | None = None
    harmless: bool = False


@dataclass(frozen=True)
class FlagLog:
    """The log: all flags in its order, those taken back by id, and what is wrong with its lines."""

    flags: tuple[ManualFlag, ...] = ()
    undone: Mapping[int, Undo] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    lines: int = 0
    next_id: int = 1

    @property
    def active(self) -> tuple[ManualFlag, ...]:
        """Flags that nobody took back, in the order of the log."""
        return tuple(flag for flag in self.flags if flag.id not in self.undone)

    @property
    def remarks(self) -> dict[str, str]:
        """What a run that goes on without some lines must say of them."""
        return {
            f"{LOG_NAME}:{fault.line}": f"{fault.found}; it has no effect: `lander validate` says more"
            for fault in self.faults
            if fault.harmless
        }


def parse(content: bytes) -> FlagLog:
    """The log from its bytes; every line counts for itself."""
    flags: dict[int, ManualFlag] = {}
    undos: list[Undo] = []
    faults: list[Fault] = []
    lines = content.split(b"\n")
    if not lines[-1]:
        lines.pop()
    largest = 0
    for number, line in enumerate(lines, 1):
        try:
            entry = entry_of(line, number)
        except _FaultError as error:
            faults.append(error.fault)
            continue
        if entry is None:
            continue
        largest = max(largest, entry.id)
        if isinstance(entry, Undo):
            undos.append(entry)
        elif entry.id in flags:
            found = f"flag {entry.id} given twice, first in line {flags[entry.id].line}"
            faults.append(Fault(number, "id", found, "each once"))
        else:
            flags[entry.id] = entry
    undone, wrong = _undone(flags, undos)
    faults = sorted([*faults, *wrong], key=lambda fault: fault.line)
    return FlagLog(tuple(flags.values()), undone, tuple(faults), len(lines), max(largest, len(lines)) + 1)


def _undone(flags: Mapping[int, ManualFlag], undos: Sequence[Undo]) -> tuple[dict[int, Undo], list[Fault]]:
    undone: dict[int, Undo] = {}
    faults = []
    for undo in undos:
        flag = flags.get(undo.undo)
        if flag is None or flag.line > undo.line:
            faults.append(Fault(undo.line, "undo", f"no flag {undo.undo} above", "the id of one", harmless=True))
        elif undo.undo in undone:
            found = f"flag {undo.undo} was undone in line {undone[undo.undo].line} already"
            faults.append(Fault(undo.line, "undo", found, "once is enough", harmless=True))
        else:
            undone[undo.undo] = undo
    return undone, faults


class _FaultError(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.found)
        self.fault = fault


_SAID = ("id", "who", "when", "why")
_FLAG = (*_SAID, "deployment", "instrument", "variable", "flag")
_SPAN = ("start", "end")


def entry_of(line: bytes, number: int) -> ManualFlag | Undo | None:
    """One line as what it says, `number` being its place in the log; None for an empty one."""
    if not line.strip():
        return None
    try:
        row = json.loads(line.decode())
    except (ValueError, RecursionError) as error:
        found = f"a line of {len(line)} bytes that is cut short or damaged, beginning {_head(line)}"
        expected = "one JSON object; delete the line, and give the flag again if it was meant"
        raise _FaultError(Fault(number, "", found, expected, harmless=True)) from error
    if not isinstance(row, dict):
        raise _FaultError(Fault(number, "", f"a {type(row).__name__}", "one JSON object a line"))
    _hold_keys(row, number)
    try:
        said: dict[str, Any] = {"id": _count(row, "id"), "who": _text(row, "who"), "when": _time(row, "when"),
                "why": _text(row, "why"), "line": number}  # fmt: skip
        if "undo" in row:
            return Undo(undo=_count(row, "undo"), **said)
        names: dict[str, Any] = {name: _text(row, name) for name in ("deployment", "instrument", "variable")}
        return ManualFlag(**said, **names, flag=_flag(row), **_when(row))
    except _UnfitFieldError as error:
        raise _FaultError(Fault(number, error.key, error.found, error.expected, error.suggestion)) from error


def _head(line: bytes) -> str:
    return ascii(line[:40].decode(errors="replace"))


def _hold_keys(row: Mapping[str, Any], number: int) -> None:
    """Refuse keys that nothing reads: a misspelt one would be lost in silence."""
    if "undo" in row:
        wanted: tuple[str, ...] = (*_SAID, "undo")
    else:
        wanted = (*_FLAG, "times") if "times" in row else (*_FLAG, *_SPAN)
    for key in row:
        if key not in wanted:
            near = nearest(key, [name for name in wanted if name not in row])
            raise _FaultError(Fault(number, key, "unknown key", f"one of {', '.join(wanted)}", near))
    for key in wanted:
        if key not in row:
            raise _FaultError(Fault(number, key, "missing key", "this key"))


class _UnfitFieldError(ValueError):
    def __init__(self, key: str, found: str, expected: str, suggestion: str | None = None) -> None:
        super().__init__(found)
        self.key, self.found, self.expected, self.suggestion = key, found, expected, suggestion


def _count(row: Mapping[str, Any], key: str) -> int:
    value = row[key]
    if type(value) is not int or not 1 <= value < 2**31:
        raise _UnfitFieldError(key, _shown(value), "a whole number from 1 on")
    return value


def _shown(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _text(row: Mapping[str, Any], key: str) -> str:
    try:
        return held_text(row[key])
    except UnfitError as error:
        raise _UnfitFieldError(key, _shown(row[key]), error.expected) from error


def held_text(value: Any) -> str:
    """A reason or a name, or why it is none.

    Raises
    ------
    UnfitError
        It is no text, empty, longer than 2,000 letters, or not to be written as UTF-8.
    """
    if not isinstance(value, str) or not value.strip():
        raise UnfitError("some words")
    if len(value) > MOST_LETTERS:
        raise UnfitError(f"at most {MOST_LETTERS:,} letters", found=f"{len(value):,} letters")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UnfitError("text in UTF-8") from error
    return value


def _time(row: Mapping[str, Any], key: str) -> np.datetime64:
    try:
        return time_of(row[key])
    except UnfitError as error:
        raise _UnfitFieldError(key, _shown(row[key]), error.expected, error.suggestion) from error


def _flag(row: Mapping[str, Any]) -> int:
    value = row["flag"]
    if type(value) is not int or value not in FLAG_VALUES:
        raise _UnfitFieldError("flag", _shown(value), f"one of {', '.join(map(str, FLAG_VALUES))} (OceanSITES)")
    return value


def _when(row: Mapping[str, Any]) -> dict[str, Any]:
    if "times" in row:
        times = row["times"]
        if not isinstance(times, list) or not 1 <= len(times) <= MOST_TIMES:
            raise _UnfitFieldError("times", _shown(times), f"1 to {MOST_TIMES:,} times of samples")
        return {"times": tuple(_time({"times": one}, "times") for one in times)}
    start, end = _time(row, "start"), _time(row, "end")
    if not start < end:
        raise _UnfitFieldError("end", _shown(row["end"]), f"a time after the start {row['start']}")
    return {"start": start, "end": end}


def iso(moment: np.datetime64) -> str:
    """A time as the log has it."""
    text = str(moment.astype("datetime64[us]"))
    return f"{text.removesuffix('.000000')}Z"
