"""`store/index.json`: what the store holds, read at once; rebuildable from the files, which are the truth."""

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lander import clock, digests, files, store
from lander.errors import StoreError
from lander.store import Entry

INDEX_NAME = "index.json"
CHECKPOINT_NAME = ".checkpoint.json"
INDEX_VERSION = 2

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RawFile:
    """A raw file as last decoded.

    Attributes
    ----------
    path
        Below the archive's raw folder.
    size, mtime_ns, ctime_ns, inode
        Unchanged while these four are.
    sha256
        Of its bytes.
    deployment, instrument, priority
        Whose file it is, and its rank where files disagree (lower wins).
    reader
        Name and version of the reader that claimed it; empty where none did.
    recipe
        Digest of bytes, reader, calibration and clock: what its samples hang on.
    streams
        By stream: {"variables": {name: dims}, "step": seconds, "months": {"2016-09": {"n": 8640, "last": us since 1970,
        "digest": "..."}}}.
    ledger
        The account of its bytes: totals, spans, expected records.
    failure
        Why it gave nothing, where it did not.
    """

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    sha256: str
    deployment: str
    instrument: str
    priority: int
    reader: str = ""
    recipe: str = ""
    streams: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ledger: Mapping[str, Any] = field(default_factory=dict)
    failure: str | None = None


@dataclass
class Index:
    """The store's files and the raw files behind them, by path."""

    files: dict[str, Entry] = field(default_factory=dict)
    raw: dict[str, RawFile] = field(default_factory=dict)

    def digest(self, reference: str) -> str:
        """Digest of `path#variable` or of an edge, `path#variable@head4`; "absent" where there is no such content."""
        path, _, wanted = reference.partition("#")
        variable, _, edge = wanted.partition("@")
        entry = self.files.get(path)
        content = None if entry is None else entry.digests.get(variable)
        return "absent" if content is None else digests.part(content, edge)


def load(root: Path) -> Index:
    """Read the index of a store; where it is missing or damaged, make it anew from the files.

    What the index knew of raw files is lost with it: they are decoded again.
    """
    index = _read(root / INDEX_NAME)
    return rebuild(root) if index is None else index


def resume(root: Path) -> tuple[Index, bool]:
    """Read the index to go on from, and whether the run before did not end: then its checkpoint counts."""
    checkpoint = root / CHECKPOINT_NAME
    begun = checkpoint.exists()
    index = _read(checkpoint) if begun and checkpoint.stat().st_size else None
    index = index or _read(root / INDEX_NAME)
    return rebuild(root, whole=True) if index is None else index, begun


def begin(root: Path) -> None:
    """Say that a run is about to change files: should it be killed, the next one knows that it did not end."""
    with files.writing(root / CHECKPOINT_NAME):
        (root / CHECKPOINT_NAME).touch()


def commit(root: Path, index: Index, seal: Mapping[str, Any] | None = None) -> None:
    """Write the index in one step: from then on readers see what it says.

    Parameters
    ----------
    root
        The store.
    index
        What it holds.
    seal
        What `read_seal` gives until the next commit.
    """
    _save(root, index, INDEX_NAME, seal)
    (root / CHECKPOINT_NAME).unlink(missing_ok=True)


def checkpoint(root: Path, index: Index) -> None:
    """Write down how far a run is, for the next one should this one be killed; readers do not see it."""
    _save(root, index, CHECKPOINT_NAME, None)


def read_seal(root: Path) -> Mapping[str, Any] | None:
    """What a finished run left to tell by that there is nothing to do; None where none did, or the index is damaged.

    Read without the rest of the index, which takes seconds for tens of thousands of files.
    """
    if (root / CHECKPOINT_NAME).exists():
        return None
    try:
        text = _checked((root / INDEX_NAME).read_bytes())
        seal = json.loads(text[: text.index(b"\n")].removeprefix(b'"seal":').removesuffix(b","))
    except (OSError, ValueError):
        return None
    return seal if isinstance(seal, dict) else None


def _checked(content: bytes) -> bytes:
    """What stands after the first line, which holds its digest."""
    head, _, text = content.partition(b"\n")
    if head != _head(text):
        raise ValueError("its digest is not that of its content")
    return text


def _head(text: bytes) -> bytes:
    return b'{"digest":"%s",' % hashlib.sha256(text).hexdigest().encode()


def _read(path: Path) -> Index | None:
    try:
        content = json.loads(b"{" + _checked(path.read_bytes()))
        if content["version"] != INDEX_VERSION:
            return None
        rows = {name: Entry(path=name, **fields) for name, fields in content["files"].items()}
        return Index(rows, {name: RawFile(path=name, **fields) for name, fields in content["raw"].items()})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _log.warning("%s is damaged (%s): it is made anew from the files of the store", path, error)
        return None


def rebuild(root: Path, *, whole: bool = False) -> Index:
    """Read every file of a store and index it; damaged ones are left out, so that they are made again.

    Parameters
    ----------
    root
        The store.
    whole
        Read all of every file and compare it with its digests, as a run must before it builds on them.
    """
    index = Index()
    for name in paths_on_disk(root):
        try:
            index.files[name] = store.read_entry(root, name, whole=whole)
        except StoreError:
            continue
    index.raw = _raw_files(root, [name for name, entry in index.files.items() if entry.stage == "L1"])
    return index


def _raw_files(root: Path, paths: Iterable[str]) -> dict[str, RawFile]:
    """What L1 files tell of the raw files behind them: enough to read the store by, and to decode them again."""
    found: dict[str, RawFile] = {}
    for path in paths:
        try:
            _, deployment, instrument, stream, _, name = path.split("/")
        except ValueError:  # not laid by a run
            continue
        month, table = name.removesuffix(".nc"), store.read(root / path)
        origin, content = table["source_file"].data, _content(table)
        pairs = zip(table["source_file_name"].data, table["source_file_sha256"].data, strict=True)
        for number, (file, sha256) in enumerate(pairs):
            row = found.setdefault(
                str(file), RawFile(str(file), -1, 0, 0, 0, str(sha256), deployment, instrument, priority=0)
            )
            times = table["time"].data[origin == number]
            if not times.size:
                continue
            part = {"n": len(times), "last": int(times[-1]), "digest": ""}
            known = row.streams.get(stream, {**content, "months": {}})
            streams = {**row.streams, stream: {**known, "months": {**known["months"], month: part}}}
            found[str(file)] = replace(row, streams=streams)
    return found


def _content(table: store.Table) -> dict[str, Any]:
    """Variables of a stream with their dimensions, and its sampling interval, as decoding would tell them."""
    variables = {name: list(column.dims) for name, column in table.columns.items()}
    return {"variables": variables, "step": clock.median_step(table["time"].data)}


def paths_on_disk(root: Path) -> list[str]:
    """Files that lie in a store, whether the index knows them or not."""
    names = (path.relative_to(root).as_posix() for path in root.rglob("*.nc"))
    return sorted(name for name in names if not name.startswith("."))


def _save(root: Path, index: Index, name: str, seal: Mapping[str, Any] | None) -> None:
    rest = {
        "version": INDEX_VERSION,
        "files": {path: _fields(entry) for path, entry in sorted(index.files.items())},
        "raw": {path: _fields(raw) for path, raw in sorted(index.raw.items())},
    }
    text = f'"seal":{_json(seal)},\n{_json(rest)[1:]}'.encode()
    with files.appearing(root / name, root / files.WORK_NAME) as temporary:
        temporary.write_bytes(_head(text) + b"\n" + text)


def _json(content: Any) -> str:
    return json.dumps(content, separators=(",", ":"), sort_keys=True)


def _fields(row: Entry | RawFile) -> dict[str, Any]:
    fields = dict(vars(row))
    del fields["path"]
    return fields


def intact(root: Path, entry: Entry) -> bool:
    """Whether a file is still the one that was written, by size and modification time."""
    try:
        status = os.stat(root / entry.path)
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (entry.size, entry.mtime_ns)
