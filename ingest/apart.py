"""A library in a process of its own, for libraries that a damaged file can end, hold for ever, or leave confused.

The other process is a module that needs nothing of this package and serves requests with `serve`'s frame: a pickled
message, then the bytes of its arrays. One process serves all requests of this one, one after the other; it ends when
this one does, whose end of the pipe then closes, and is started anew where it ended before. Starting takes 0.3 s.
"""

import atexit
import contextlib
import os
import pickle
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

_COUNT = struct.Struct("<q")
_PIPE_BYTES = 1024 * 1024  # Linux gives 64 KiB unless asked, and each time a pipe is full costs a change of process

_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "134217728"}
"""For glibc: keep what arrays gave back, up to 128 MiB, for the next; else each variable pays its page faults anew.

NetCDF-4 as IMOS writes it, 20 MB: 130 ms in the library, 240 ms without. 32 MiB is the most that glibc takes.
"""


class EndedError(Exception):
    """The other process ended, or was ended, before it had an answer; the message says how."""


@dataclass
class Apart:
    """A module that answers in a process of its own.

    Attributes
    ----------
    module
        Its file.
    most_requests
        After which another process takes over, for libraries that keep memory of what they refuse.
    """

    module: Path
    most_requests: int = 1_000
    _served: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    # By the process that started them: a forked one must not talk into its parent's pipe.
    _started: dict[int, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        atexit.register(self.close)

    def ask(self, request: Mapping[str, Any], seconds: float) -> Any:
        """The answer to a request, within a time.

        Parameters
        ----------
        request
            What can be pickled.
        seconds
            After which the other process is ended: far more than any good file takes.

        Raises
        ------
        EndedError
            The library crashed, or did not come back.
        """
        with self._lock:
            process = self._running()
            watch = _Watch(process)
            timer = threading.Timer(seconds, watch.end)
            timer.start()
            try:
                return _exchange(process, request)
            except (OSError, EOFError) as error:
                raise EndedError(_how(process.wait(), seconds if watch.ended else None)) from error
            except BaseException:  # interrupted: what is still in the pipe must answer no other request
                self.close()
                raise
            finally:
                timer.cancel()

    def close(self) -> None:
        """End the other process; the next request starts another."""
        process = self._started.pop(os.getpid(), None)
        if process is not None:
            process.kill()
            process.communicate()

    def _running(self) -> "subprocess.Popen[bytes]":
        process = self._started.get(os.getpid())
        self._served += 1
        if process is not None and process.poll() is None and self._served <= self.most_requests:
            return process
        self.close()
        self._served = 1
        # -P: modules beside the file, `inspect` among them, must not stand in for the standard library's.
        command = [sys.executable, "-P", str(self.module)]
        # A session of its own: Ctrl-C is for this process, which then ends the other.
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **_MEMORY},
        )
        _widen(process)
        self._started[os.getpid()] = process
        return process


def _widen(process: "subprocess.Popen[bytes]") -> None:
    if sys.platform == "linux":
        import fcntl

        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):  # a user may have only so many pages in pipes
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


class _Watch:
    """Ends a process, and remembers that it did."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.ended = False

    def end(self) -> None:
        self.ended = True
        self._process.kill()


def _how(code: int, seconds: float | None) -> str:
    if seconds is not None:
        return f"was ended, as it did not come back within {seconds:.0f} s"
    return f"ended by signal {-code}" if code < 0 else f"ended with exit code {code}"


def _exchange(process: "subprocess.Popen[bytes]", request: Mapping[str, Any]) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    held = pickle.dumps(request, protocol=5)
    process.stdin.write(_COUNT.pack(len(held)))
    process.stdin.write(held)
    process.stdin.flush()
    answer, *buffers = (_take(process.stdout, _number(process.stdout)) for _ in range(_number(process.stdout)))
    return pickle.loads(answer, buffers=buffers)


def _number(pipe: IO[bytes]) -> int:
    found: int = _COUNT.unpack(_take(pipe, _COUNT.size))[0]
    return found


def _take(pipe: IO[bytes], count: int) -> bytearray:
    held = bytearray(count)
    view, at = memoryview(held), 0
    while at < count:
        got = pipe.readinto(view[at:])  # type: ignore[attr-defined]
        if not got:
            raise EOFError
        at += got
    return held
