"""Every checksum again: raw files against what was decoded, files of the store against what was written."""

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

from lander import engine, files, store
from lander import index as index_module
from lander.deployment import ArchiveConfig
from lander.engine import Progress
from lander.errors import StoreError
from lander.pipeline import STORE_NAME
from lander.store import Entry

_RAW_REMEDY = "restore it from a backup, or, if the change is meant, run `lander run`"
_STORE_REMEDY = "delete it and run `lander run`, which makes it again"


@dataclass
class Verification:
    """What was found.

    Attributes
    ----------
    raw, files
        How many raw files and files of the store are whole.
    damaged
        By file: what is wrong with it and what to do.
    """

    raw: int = 0
    files: int = 0
    damaged: dict[str, str] = field(default_factory=dict)


def verify(config: ArchiveConfig, *, workers: int = 1, progress: Progress = engine.quiet) -> Verification:
    """Read every raw file and every file of the store and compare digests. Nothing is changed.

    Parameters
    ----------
    config
        The archive.
    workers
        Local processes.
    progress
        Told how far it is.
    """
    root = config.root / STORE_NAME
    index = index_module.load(root)
    found = Verification()
    with engine.executor(workers) as pool:
        raw = [(config.raw / path, row.sha256) for path, row in sorted(index.raw.items())]
        found.raw = _gather(found, pool, "verify raw", raw, progress)
        entries = [(root, entry) for _, entry in sorted(index.files.items())]
        results = engine.each(pool, "verify store", _check_file, entries, progress)
        found.files = _sort(found, ((entry.path, fault) for (_, entry), fault in results))
    return found


def _gather(found: Verification, pool: Executor, stage: str, raw: list[tuple[Path, str]], progress: Progress) -> int:
    results = engine.each(pool, stage, _check_raw, raw, progress)
    return _sort(found, ((str(path), fault) for (path, _), fault in results))


def _sort(found: Verification, results: Iterable[tuple[str, str | None]]) -> int:
    whole = 0
    for name, fault in results:
        if fault is None:
            whole += 1
        else:
            found.damaged[name] = fault
    return whole


def _check_raw(item: tuple[Path, str]) -> str | None:
    path, sha256 = item
    try:
        now = files.file_digest(path)
    except FileNotFoundError:
        return f"missing; {_RAW_REMEDY}"
    except OSError as error:
        return f"cannot be read: {error.strerror}; {_RAW_REMEDY}"
    return None if now == sha256 else f"sha256 is {now[:16]}..., it was {sha256[:16]}... when decoded; {_RAW_REMEDY}"


def _check_file(item: tuple[Path, Entry]) -> str | None:
    root, entry = item
    try:
        if files.file_digest(root / entry.path) != entry.sha256:
            return f"its bytes are not those that were written; {_STORE_REMEDY}"
        store.read_entry(root, entry.path, whole=True)
    except FileNotFoundError:
        return "missing; run `lander run`, which makes it again"
    except (OSError, StoreError) as error:
        return f"cannot be read: {error}; {_STORE_REMEDY}"
    return None
