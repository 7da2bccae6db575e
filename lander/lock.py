"""One run at a time per archive, and the name of the one that runs."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path
from typing import IO

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


ROLL_NAME = ".lock.workers"

_PATIENCE_SECONDS = 60.0
_enlisted: list[IO[bytes]] = []


def enlist(roll: Path) -> None:
    """Hold a share of a lock for as long as this worker lives, so that no later run begins beside it."""
    handle = roll.open("ab")
    with suppress(OSError):  # a file system without such locks: the workers' own end has to do
        flock(handle, LOCK_SH)
    _enlisted.append(handle)


def await_orphans(roll: Path) -> None:
    """Wait until the workers of a run that was killed are gone: they could still be writing.

    They end by themselves within moments of the process that started them.

    Raises
    ------
    LockedError
        One of them does not end.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    with roll.open("ab") as handle:
        while True:
            try:
                flock(handle, LOCK_EX | LOCK_NB)
                return
            except BlockingIOError as error:
                if time.monotonic() > end:
                    raise LockedError(
                        f"{roll.parent}: workers of a run that was killed are still at work; end them, then run again"
                    ) from error
                time.sleep(0.02)
            except OSError:
                return


def patiently(descriptor: int, kind: int, refusal: str, *, seconds: float = 10.0) -> None:
    """Lock an open file, waiting for others to let go of it; closing it ends the lock.

    Parameters
    ----------
    descriptor
        Of the open file.
    kind
        `fcntl.LOCK_EX` or `fcntl.LOCK_SH`.
    refusal
        What to say where they do not.
    seconds
        How long to wait.

    Raises
    ------
    LockedError
        Somebody holds it all that time.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            flock(descriptor, kind | LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise LockedError(refusal) from error
            time.sleep(0.01)
