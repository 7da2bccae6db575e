"""Raw files: which there are, whether they changed, and what they are by digest. Never changes one."""

import glob
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import ingest
from lander.deployment import ArchiveConfig, Deployment, Instrument
from lander.index import Index


@dataclass(frozen=True)
class Found:
    """A raw file that a pattern of the configuration names.

    `priority` orders conflicting samples: recovered before telemetered, then the order of the patterns.
    """

    path: str
    deployment: Deployment
    instrument: Instrument
    delivery: str
    priority: int


def find(config: ArchiveConfig) -> Iterator[Found]:
    """Raw files by deployment, instrument and pattern; each file once, in the order of its path.

    Files that describe the format of others are none, also where a pattern names them.
    """
    for deployment in config.deployments:
        for instrument in deployment.instruments:
            yield from _of_instrument(config.raw, deployment, instrument)


def _of_instrument(raw: Path, deployment: Deployment, instrument: Instrument) -> Iterator[Found]:
    found: dict[str, Found] = {}
    for number, rule in enumerate(instrument.raw):
        priority = number + (0 if rule.delivery == "recovered" else 1000)
        # Names as text: a Path for each of the daily files of decades takes longer than all else that a run looks at.
        for path in glob.iglob(rule.pattern, root_dir=raw, recursive=True, include_hidden=True):
            name = path.replace(os.sep, "/")
            if name in found or ingest.is_description(os.path.basename(path)):
                continue
            if os.path.isfile(os.path.join(raw, path)):
                found[name] = Found(name, deployment, instrument, rule.delivery, priority)
    yield from (found[name] for name in sorted(found))


def descriptions(raw: Path, paths: Iterable[str]) -> dict[str, tuple[Path, ...]]:
    """Files beside raw files that say how these are read, by the path of each raw file that has any."""
    by_folder: dict[str, list[str]] = {}
    for path in paths:
        by_folder.setdefault(os.path.dirname(path), []).append(path)
    # A folder is listed once: to ask for each of its files would take as long as all else that a run looks at.
    held = [folder for folder in by_folder if _holds_description(os.path.join(raw, folder))]
    found = {path: ingest.descriptions(raw / path) for folder in held for path in by_folder[folder]}
    return {path: files for path, files in found.items() if files}


def _holds_description(folder: str) -> bool:
    try:
        return any(ingest.is_description(name) for name in os.listdir(folder))
    except OSError:  # reading its files says why
        return False


@dataclass(frozen=True)
class Identity:
    """A raw file's bytes, by digest, and the signs by which it is seen to be unchanged."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    sha256: str


def known(raw: Path, path: str, index: Index) -> Identity | None:
    """Identity of a file that has not changed since it was last hashed, by (size, mtime, ctime, inode); else None."""
    before = index.raw.get(path)
    if before is None:
        return None
    try:
        now = signs(os.path.join(raw, path))
    except OSError:  # gone since it was found, or not to be reached: hashing it says so
        return None
    if now != (before.size, before.mtime_ns, before.ctime_ns, before.inode):
        return None
    return Identity(*now, before.sha256)


def signs(file: Path | str) -> tuple[int, int, int, int]:
    """Size, time of writing, time of any change, inode: a file is unchanged while these are."""
    status = os.stat(file)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def identify_each(files: Iterable[Path]) -> Iterator[tuple[Path, Identity | str]]:
    """Hash files one after the other."""
    return ((file, identify(file)) for file in files)


def identify(file: Path) -> Identity | str:
    """Hash a file; where it cannot be read, say why instead: other files go on."""
    try:
        str(file).encode()  # the index and every file's provenance name it in UTF-8
        return _identify(file)
    except UnicodeEncodeError:
        return "its name is not UTF-8: rename it, then run again"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}; mend its permissions or its disk, then run again"


def _identify(file: Path) -> Identity:
    with file.open("rb") as handle:
        status = os.fstat(handle.fileno())
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    return Identity(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, digest)
