"""Decoded samples on their way from raw files into months: a scratch folder that no run leaves behind.

A part is what one raw file gives one month of one stream. It is kept as the store packs it, in the pieces in which
the file was decoded, so that memory never holds more than a piece.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lander import clock, derived_group, files


@dataclass(frozen=True)
class Piece:
    """Packed samples of one stream; every array of `along` runs along time, those of `fixed` do not."""

    along: Mapping[str, NDArray[Any]]
    fixed: Mapping[str, NDArray[Any]]
    dims: Mapping[str, tuple[str, ...]]
    attributes: Mapping[str, Any]


@dataclass
class PartWriter:
    """Writes the pieces of one raw file, month by month, and digests what it writes."""

    folder: Path
    _count: int = 0
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)
    _last: dict[tuple[str, str], int] = field(default_factory=dict)
    _streams: dict[str, dict[str, Any]] = field(default_factory=dict)
    _digests: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def add(self, stream: str, piece: Piece) -> None:
        """Take one decoded piece, its times in any order."""
        time = piece.along["time"]
        if not time.size:
            return
        known = self._streams.setdefault(stream, {"variables": {}, "step": clock.median_step(time)})
        known["variables"] |= {name: list(dims) for name, dims in piece.dims.items()}
        _note_traits(known, piece)
        months = time.view("datetime64[us]").astype("datetime64[M]")
        for month in np.unique(months):
            rows: Any = slice(None) if months[0] == months[-1] == month and (months == month).all() else months == month
            chosen = {name: values[rows] for name, values in piece.along.items()}
            self._write(stream, str(month), Piece(chosen, piece.fixed, piece.dims, piece.attributes))
        self._count += 1

    def _write(self, stream: str, month: str, piece: Piece) -> None:
        folder = self.folder / stream / month
        folder.mkdir(parents=True, exist_ok=True)
        meta = {"dims": piece.dims, "attributes": dict(piece.attributes)}
        arrays = {f"along.{name}": values for name, values in piece.along.items()}
        arrays |= {f"fixed.{name}": values for name, values in piece.fixed.items()}
        np.savez(folder / f"{self._count:08d}.npz", allow_pickle=False, meta=np.array(json.dumps(meta)), **arrays)
        key = (stream, month)
        self._counts[key] = self._counts.get(key, 0) + len(piece.along["time"])
        self._last[key] = max(self._last.get(key, -(2**63)), int(piece.along["time"].max()))
        digests = self._digests.setdefault(key, {})
        for name, values in sorted(arrays.items()):
            head = f"{name}|{values.dtype.str}|{values.shape[1:]}|".encode()
            digests.setdefault(name, hashlib.sha256(head)).update(np.ascontiguousarray(values).view(np.uint8).data)

    def summary(self) -> dict[str, dict[str, Any]]:
        """By stream: variables with dimensions, seconds between samples, and by month number, last time, digest.

        Of variables with more dimensions than time also the shape of a record, and those attributes of the stream that
        a derived group asks for.
        """
        for (stream, month), n in sorted(self._counts.items()):
            whole = hashlib.sha256()
            for name, digest in sorted(self._digests[stream, month].items()):
                whole.update(name.encode() + digest.digest())
            row = {"n": n, "last": self._last[stream, month], "digest": whole.hexdigest()[:20]}
            self._streams[stream].setdefault("months", {})[month] = row
        return self._streams


def _note_traits(known: dict[str, Any], piece: Piece) -> None:
    """Keep what planning needs to know of a stream, where there is anything."""
    shapes = {name: list(values.shape[1:]) for name, values in piece.along.items() if values.ndim > 1}
    wanted = derived_group.attribute_names()
    attributes = {name: value for name, value in piece.attributes.items() if name in wanted}
    for key, found in (("shapes", shapes), ("attributes", attributes)):
        if found:
            known[key] = known.get(key, {}) | found


def work_folder(root: Path, recipe: str) -> Path:
    """Where the parts of one raw file lie."""
    return root / files.WORK_NAME / recipe


def read_parts(root: Path, recipe: str, stream: str, month: str) -> Iterator[Piece]:
    """Pieces of one raw file's part, in file order."""
    for path in sorted((work_folder(root, recipe) / stream / month).glob("*.npz")):
        with np.load(path, allow_pickle=False) as file:
            meta = json.loads(str(file["meta"]))
            along = {name[6:]: file[name] for name in file.files if name.startswith("along.")}
            fixed = {name[6:]: file[name] for name in file.files if name.startswith("fixed.")}
        dims = {name: tuple(names) for name, names in meta["dims"].items()}
        yield Piece(along, fixed, dims, meta["attributes"])
