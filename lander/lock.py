"""One run at a time per archive, and the name of the one that runs."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from lander.errors import LockedError, StoreError


@contextmanager
def held(root: Path) -> Iterator[None]:
    """Hold the lock of a store.

    The lock is the operating system's: it ends with the process that holds it, however that ends, so that a stale one
    cannot be. Beside it lies a note of who holds it.

    Raises
    ------
    LockedError
        Another process holds it; the message names host, process and since when.
    StoreError
        The store's folder cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / ".lock", timeout=0)
        with lock:
            note = root / ".lock.holder"
            note.write_text(json.dumps(_self()))
            try:
                yield
            finally:
                with suppress(OSError):
                    note.unlink()
    except Timeout as error:
        raise LockedError(f"{root}: another run holds this archive: {_holder(root)}; wait for it to end") from error
    except PermissionError as error:
        raise StoreError(f"{root}: may not be written: {error.strerror}; mend its permissions or owner") from error


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
