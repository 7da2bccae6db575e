"""An immutable snapshot of an archive that can be cited, with checksums and what changed since the last one."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lander import __version__, catalog, files
from lander import index as index_module
from lander.config.identifiers import folder_name
from lander.config.validate import configuration_files
from lander.deployment import ArchiveConfig
from lander.errors import ConfigError, LanderError
from lander.index import Index
from lander.lock import held
from lander.pipeline import STORE_NAME
from lander.status import status
from lander.units import UnfitError

RELEASES_NAME = "releases"
RAW_NAME = Path("raw")
"""Where declarations of formats go in a release of an archive whose raw files lie outside of it."""

_MANIFEST = "release.json"


def release(config: ArchiveConfig, name: str) -> Path:
    """Make a release.

    Parameters
    ----------
    config
        The archive; its store must be up to date.
    name
        Of the release, such as "2026.1": a folder below `published/releases`.

    Returns
    -------
    Path
        Its folder: `store/` (hard links where the file system has them, else copies), the configuration with
        declarations of formats, `release.json`, `SHA256SUMS` and `CHANGELOG.md`.

    Raises
    ------
    ConfigError
        The name is taken or cannot name a folder.
    LanderError
        The store is not up to date.
    """
    target = _target(config, name)
    root = config.root / STORE_NAME
    with held(root):
        state = status(config)
        if not state.up_to_date:
            raise LanderError(f"the store is not up to date: run `lander run {config.root}` before a release")
        index = index_module.load(root)
        previous = _previous(target.parent)
        for left in target.parent.glob(".*.tmp"):  # of a release that was killed: the lock is held here
            shutil.rmtree(left, ignore_errors=True)
        building = target.with_name(f".{name}.{os.getpid()}.tmp")
        try:
            _fill(building, config, index, name, previous)
            os.replace(building, target)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return target


def _target(config: ArchiveConfig, name: str) -> Path:
    try:
        folder_name(name.replace(".", "-"))
    except UnfitError as error:
        raise ConfigError(f"{name!r} cannot name a release: expected {error}") from error
    target = config.root / "published" / RELEASES_NAME / name
    if target.exists():
        raise ConfigError(f"release {name!r} exists: a release never changes; choose another name")
    return target


def _previous(folder: Path) -> Mapping[str, Any] | None:
    """Manifest of the release made last."""
    manifests = [json.loads(path.read_text()) for path in folder.glob(f"*/{_MANIFEST}")]
    return max(manifests, key=lambda manifest: int(manifest["number"]), default=None)


def _fill(building: Path, config: ArchiveConfig, index: Index, name: str, previous: Mapping[str, Any] | None) -> None:
    root = config.root / STORE_NAME
    for name_in_store in index.files:
        _link(root / name_in_store, building / STORE_NAME / name_in_store)
    written = {name: config.root / name for name in configuration_files(config.root)}
    for name_of_file, path in (written | _declarations(config, index)).items():
        copy = building / name_of_file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    index_module.commit(building / STORE_NAME, index)
    shutil.rmtree(building / STORE_NAME / files.WORK_NAME, ignore_errors=True)
    manifest = _manifest(config, index, name, previous)
    (building / _MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    (building / "CHANGELOG.md").write_text(_changelog(manifest, previous))
    (building / "SHA256SUMS").write_text(_sums(building))


def _declarations(config: ArchiveConfig, index: Index) -> dict[str, Path]:
    """Files beside raw files that say how these are read, by their name in a release: without them none is decoded."""
    found = {one for each in catalog.descriptions(config.raw, index.raw).values() for one in each}
    root, raw = config.root.resolve(), config.raw.resolve()
    folder = raw.relative_to(root) if raw.is_relative_to(root) else RAW_NAME
    return {str(folder / one.relative_to(config.raw)): one for one in sorted(found)}


def _link(source: Path, target: Path) -> None:
    """Link a file of the store: a later run replaces it by rename, and never writes into it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(source, target)  # with its times, by which the index knows it


def _manifest(config: ArchiveConfig, index: Index, name: str, previous: Mapping[str, Any] | None) -> dict[str, Any]:
    files = {path: {"n": entry.n, "sha256": entry.sha256} for path, entry in sorted(index.files.items())}
    raw = {path: {"sha256": row.sha256, "size": row.size} for path, row in sorted(index.raw.items())}
    return {
        "release": name,
        "number": 1 if previous is None else int(previous["number"]) + 1,
        "previous": None if previous is None else previous["release"],
        "title": config.title,
        "institution": asdict(config.institution),
        "people": [asdict(person) for person in config.people],
        "licence": config.licence,
        "software": f"seafloor-lander {__version__}",
        "samples": sum(entry.n for entry in index.files.values() if entry.stage == "L1"),
        "files": files,
        "raw": raw,
    }


def _changelog(manifest: Mapping[str, Any], previous: Mapping[str, Any] | None) -> str:
    title = f"# {manifest['title']}, release {manifest['release']}\n\n"
    if previous is None:
        return f"{title}First release: {len(manifest['files'])} files, {manifest['samples']:,} samples in L1.\n"
    lines = [f"{title}Changes since release {previous['release']}.\n"]
    for what, key in (("raw files", "raw"), ("files of the store", "files")):
        old, new = previous[key], manifest[key]
        both = old.keys() & new.keys()
        groups = {
            "added": sorted(new.keys() - old.keys()),
            "removed": sorted(old.keys() - new.keys()),
            "changed": sorted(path for path in both if old[path]["sha256"] != new[path]["sha256"]),
        }
        for word, paths in groups.items():
            if not paths:
                continue
            lines.append(f"\n## {what} {word}: {len(paths)}\n")
            lines += [f"- `{path}`{_counts(old.get(path), new.get(path))}" for path in paths]
    return "\n".join(lines if len(lines) > 1 else [*lines, "Nothing changed."]) + "\n"


def _counts(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> str:
    numbers = [row["n"] for row in (old, new) if row is not None and "n" in row]
    return f" ({' -> '.join(f'{number:,}' for number in numbers)} samples)" if numbers else ""


def _sums(folder: Path) -> str:
    """One line a file, as `sha256sum --check` reads it."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return "".join(f"{files.file_digest(path)}  {path.relative_to(folder).as_posix()}\n" for path in paths)
