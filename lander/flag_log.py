"""`flags.jsonl` of an archive: what people say of values by hand, one line an entry.

It is an input like the configuration, not something derived: a run reads it, and only people add to it. Lines are added
at the end, each flushed to disk under a lock of the file, and none is ever changed: to undo is one more line. A line that
was cut short (a killed process, a full disk) is told with its number; the others stay, and the next one begins on a line
of its own.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fcntl import LOCK_EX, LOCK_SH
from pathlib import Path
from typing import Any

import numpy as np

from lander import files
from lander.errors import LockedError
from lander.lock import patiently
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


def read(archive: Path) -> FlagLog:
    """Read the log of an archive; empty where there is none."""
    path = archive / LOG_NAME
    try:
        content = path.read_bytes()
        if content and not content.endswith(b"\n"):
            content = _settled(path)
    except (FileNotFoundError, NotADirectoryError):
        return FlagLog()
    except OSError as error:
        return FlagLog(faults=(Fault(1, "", f"cannot be read: {error.strerror}", "a file of lines"),))
    return parse(content)


def _settled(path: Path) -> bytes:
    """The content once nobody is in the middle of writing a line."""
    with path.open("rb") as handle:
        with suppress(OSError, LockedError):  # no locks on this file system, or a writer that stands still: as it is
            patiently(handle.fileno(), LOCK_SH, "", seconds=2.0)
        return handle.read()


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
            entry = _entry(line, number)
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


def _entry(line: bytes, number: int) -> ManualFlag | Undo | None:
    """One line as what it says; None for an empty one."""
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


def append(archive: Path, say: Callable[[FlagLog], Mapping[str, Any]]) -> ManualFlag | Undo:
    """Add one line at the end of the log, and see it on disk before coming back.

    Parameters
    ----------
    archive
        Folder of the archive.
    say
        What the line is to hold but for its id, given the log as it stands; may refuse by raising. Asked twice: before
        anything is touched, and under the lock, for somebody else may have written in between.

    Returns
    -------
    ManualFlag or Undo
        The line as a reader finds it.

    Raises
    ------
    LockedError
        Somebody else keeps the log locked.
    UnwritableError
        It cannot be written; nothing of the line is left, unless the system forbids that too.
    """
    say(read(archive))
    path = archive / LOG_NAME
    with _exclusive(path) as descriptor:
        content = _read_all(descriptor)
        log = parse(content)
        row = {"id": log.next_id, **say(log)}
        line = json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        entry = _entry(line, log.lines + 1)
        if entry is None or b"\n" in line:
            raise ValueError(f"not a line of {LOG_NAME}: {line!r}")
        # What a killed writer left of a line must not become the beginning of this one.
        glue = b"" if not content or content.endswith(b"\n") else b"\n"
        with files.writing(path):
            _write(descriptor, glue + line + b"\n", len(content))
            _flush_folder(archive)
    return entry


@contextmanager
def _exclusive(path: Path) -> Iterator[int]:
    """The log opened for adding, nobody else being at it."""
    held = False
    while not held:
        with files.writing(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            with files.writing(path):
                patiently(descriptor, LOCK_EX, f"{path}: somebody else is writing into it; wait for the end of that")
            # An editor puts a new file in the place of the one that was waited for.
            held = path.exists() and os.path.samestat(os.fstat(descriptor), os.stat(path))
            if held:
                yield descriptor
        finally:
            os.close(descriptor)


def _read_all(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _write(descriptor: int, line: bytes, before: int) -> None:
    """All of the line, on disk; or nothing of it."""
    try:
        left = memoryview(line)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    except OSError:
        with suppress(OSError):
            os.ftruncate(descriptor, before)
        raise


def _flush_folder(folder: Path) -> None:
    """A file that is new must outlive a power cut by its name, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
