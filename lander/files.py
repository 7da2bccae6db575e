"""Files that appear, are replaced and vanish whole, while others read them.

The index is the commit: until a run has written it, readers go by the old one. So a file that a run replaces or removes
is kept under `.previous`, as a second name of the same bytes, until the next run begins; who opened the archive before
reads on what was there then.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lander.errors import StoreError, UnwritableError

WORK_NAME = ".work"
PREVIOUS_NAME = ".previous"


@contextmanager
def appearing(target: Path, scratch: Path | None = None) -> Iterator[Path]:
    """Give a temporary name; on success it becomes `target` in one step, else it is removed.

    Parameters
    ----------
    target
        The file to make.
    scratch
        Folder on the same file system for the temporary name; beside `target` where None.

    Raises
    ------
    UnwritableError
        It cannot be written; a file of that name stays as it was.
    """
    folder = scratch or target.parent
    temporary = folder / f".{target.name}.{os.getpid()}.tmp"
    with writing(target):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(parents=True, exist_ok=True)
            yield temporary
            _flush_to_disk(temporary)
            os.replace(temporary, target)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Say what is wrong where a file cannot be written.

    Raises
    ------
    UnwritableError
        With the system's reason.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:  # netCDF4 says RuntimeError for a full disk
        reason = getattr(error, "strerror", None) or error
        message = f"{target}: cannot be written: {reason}; free or mend the disk, then run again"
        raise UnwritableError(message) from error


def _flush_to_disk(path: Path) -> None:
    """A rename that survives a power cut must not overtake the bytes it names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def keep_previous(root: Path, path: str) -> None:
    """Keep the bytes of a file of the store for those who read by the old index; the first keeping counts."""
    current, kept = root / path, root / PREVIOUS_NAME / path
    if kept.exists() or not current.exists():
        return
    with writing(kept):
        kept.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(current, kept)
        except OSError:  # a file system without hard links
            _copy(current, kept)


def _copy(source: Path, target: Path) -> None:
    """Copy with times; a copy that was cut short must not be taken for the file."""
    partial = target.with_name(f".{target.name}.tmp")
    try:
        shutil.copy2(source, partial)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def forget_previous(root: Path) -> None:
    """Drop what was kept for readers of an index before the last."""
    shutil.rmtree(root / PREVIOUS_NAME, ignore_errors=True)


def remove(root: Path, path: str) -> None:
    """Remove a file of the store and the folders that it leaves empty; its bytes are kept for readers."""
    keep_previous(root, path)
    target = root / path
    with writing(target):
        target.unlink(missing_ok=True)
        for folder in target.parents:
            if folder == root or not folder.exists() or any(folder.iterdir()):
                break
            folder.rmdir()


def locate(root: Path, path: str, size: int, mtime_ns: int) -> Path:
    """Find the file that an index meant, by size and time of writing: under its name, or kept as the previous one.

    Raises
    ------
    StoreError
        Neither is it: the store was renewed since the index was read.
    """
    for candidate in (root / path, root / PREVIOUS_NAME / path):
        with suppress(OSError):
            status = os.stat(candidate)
            if (status.st_size, status.st_mtime_ns) == (size, mtime_ns):
                return candidate
    raise StoreError(
        f"{path}: not the file that was there when the archive was opened; open it again, and if that does not help, "
        "`lander verify` and `lander run`"
    )


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
