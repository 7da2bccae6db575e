"""One run at a time per archive, and the name of the one that runs."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from lander.errors import LockedError, UnwritableError


@contextmanager
def held(root: Path) -> Iterator[None]:
    """Hold the lock of a store.

    The lock is the operating system's: it ends with the process that holds it, however that ends, so that a stale one
    cannot be. Beside it lies a note of who holds it.

    Raises
    ------
    LockedError
        Another process holds it; the message names host, process and since when.
    UnwritableError
        The store's folder cannot be written.
    """
    lock = _take(root)
    try:
        yield
    finally:
        with suppress(OSError):
            (root / ".lock.holder").unlink()
        lock.release()


def _take(root: Path) -> BaseFileLock:
    lock = FileLock(root / ".lock", timeout=0)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        (root / ".lock.holder").write_text(json.dumps(_self()))
    except Timeout as error:
        raise LockedError(f"{root}: another run holds this archive: {_holder(root)}; wait for it to end") from error
    except OSError as error:
        lock.release()
        reason = f"{error.strerror or error}; mend its permissions, or free or mend the disk, then run again"
        raise UnwritableError(f"{root}: cannot be written: {reason}") from error
    return lock


def _self() -> dict[str, str | int]:
    return {
        "host": socket.gethostname(),
        "process": os.getpid(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _holder(root: Path) -> str:
    try:
        note = json.loads((root / ".lock.holder").read_text())
        return f"process {note['process']} on {note['host']} since {note['since']}"
    except (OSError, ValueError, KeyError):
        return "by a process that has not said its name yet"
