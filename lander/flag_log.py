"""`flags.jsonl` of an archive: what people say of values by hand, one line an entry.

It is an input like the configuration, not something derived: a run reads it, and only people add to it. Lines are added
at the end, each flushed to disk under a lock of the file, and none is ever changed: to undo is one more line. A line
that was cut short (a killed process, a full disk) is told with its number; the others stay, and the next one begins on
a line of its own.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_SH
from pathlib import Path
from typing import Any

from lander import files
from lander.errors import LockedError
from lander.flag_lines import LOG_NAME, Fault, FlagLog, ManualFlag, Undo, entry_of, parse
from lander.lock import patiently


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
        entry = entry_of(line, log.lines + 1)
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
