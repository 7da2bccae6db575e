"""Tells in a moment that a run has nothing to do: what the last one saw, against what is there now.

A run that left nothing open seals its index: with a digest of the configuration and the software, and the signs (size,
times, inode) of every raw file, of every description beside one, and of every file of the store. While all of these
stand, planning every file anew can come to no other end. Any doubt, and the run plans.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import ingest
import lander
import qc
from lander import catalog, derived, engine, product
from lander import index as index_module
from lander.deployment import ArchiveConfig
from lander.index import Index
from lander.intake import Intake


def make(config: ArchiveConfig, index: Index, seen: Intake) -> dict[str, Any] | None:
    """Seal of a run that ended with this index; None where it left something to try again."""
    if seen.unreadable:
        return None
    raw = {path: [row.size, row.mtime_ns, row.ctime_ns, row.inode] for path, row in index.raw.items()}
    for path in seen.refused:
        raw[path] = list(catalog.signs(config.raw / path))
    return {
        "key": _key(config),
        "raw": raw,
        "beside": _beside(config, raw),
        "files": {path: [entry.size, entry.mtime_ns] for path, entry in index.files.items()},
        "failed": {path: row.failure for path, row in index.raw.items() if row.failure} | seen.refused,
    }


def holds(config: ArchiveConfig, root: Path, seal: Mapping[str, Any]) -> bool:
    """Whether all is as it was when the seal was made."""
    if seal.get("key") != _key(config):
        return False
    try:
        found = {one.path for one in catalog.find(config)}
        raw = str(config.raw)
        return (
            found == seal["raw"].keys()
            and all(list(catalog.signs(f"{raw}/{path}")) == signs for path, signs in seal["raw"].items())
            and _beside(config, found) == seal["beside"]
            and all(_signs(f"{root}/{path}") == signs for path, signs in seal["files"].items())
        )
    except OSError:
        return False


def _beside(config: ArchiveConfig, raw: Iterable[str]) -> dict[str, list[int]]:
    """Signs of the files that say how raw files are read."""
    files = {str(one) for each in catalog.descriptions(config.raw, raw).values() for one in each}
    return {os.path.relpath(one, config.raw): list(catalog.signs(one)) for one in sorted(files)}


def _signs(path: str) -> list[int]:
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns]


def _key(config: ArchiveConfig) -> str:
    plugins = [
        [f"{one.name} {one.version}" for one in folder.discover().values()] for folder in (ingest, derived, product)
    ]
    return engine.digest_of([repr(replace(config, root=Path())), plugins, index_module.INDEX_VERSION, _software()])


@cache
def _software() -> list[list[Any]]:
    """Size and time of every module: a version that somebody forgot to raise must not hide behind a seal."""
    folders = [Path(path) for package in (ingest, qc, lander) for path in package.__path__]
    files = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in files]
