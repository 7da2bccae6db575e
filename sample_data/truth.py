"""The truth beside the raw files: columns that are written as they come and read without loading."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BufferedWriter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HEADER_BYTES = 128


@dataclass(frozen=True)
class Truth:
    """What a perfect observer knows of a simulated deployment.

    Attributes
    ----------
    summary
        Content of `truth.json`.
    columns
        By instrument, then by column: memory-mapped arrays with one row for each sample taken.
    """

    summary: Mapping[str, Any]
    columns: Mapping[str, Mapping[str, NDArray[Any]]]


def read_truth(out: Path) -> Truth:
    """Open the truth of the archive in `out`."""
    folder = out / "truth"
    summary = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    columns = {
        name: {path.stem: np.load(path, mmap_mode="r") for path in sorted((folder / name).glob("*.npy"))}
        for name in summary["instruments"]
    }
    return Truth(summary, columns)


@dataclass
class _Column:
    file: BufferedWriter
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    rows: int = 0


@dataclass
class TruthColumns:
    """Writes the columns of one instrument; the length goes into each header at the end."""

    folder: Path
    _open: dict[str, _Column] = field(default_factory=dict)

    def append(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Add rows; every call brings the same columns."""
        for name, values in columns.items():
            if name not in self._open:
                file = (self.folder / f"{name}.npy").open("wb")
                file.write(bytes(_HEADER_BYTES))
                self._open[name] = _Column(file, values.dtype, values.shape[1:])
            column = self._open[name]
            column.file.write(np.ascontiguousarray(values, dtype=column.dtype).data)
            column.rows += len(values)

    def close(self) -> None:
        """Write the headers and close."""
        for column in self._open.values():
            column.file.seek(0)
            column.file.write(_npy_header(column.dtype, (column.rows, *column.shape)))
            column.file.close()


def _npy_header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """Header of format 1.0, padded to a fixed length so that it can be written when the number of rows is known."""
    text = repr({"descr": dtype.str, "fortran_order": False, "shape": shape}).encode("latin-1")
    return b"\x93NUMPY\x01\x00" + (_HEADER_BYTES - 10).to_bytes(2, "little") + text.ljust(_HEADER_BYTES - 11) + b"\n"
