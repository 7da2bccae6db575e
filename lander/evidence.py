"""The bytes behind a sample, and what the reader makes of them now."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import ingest
from lander.deployment import Instrument
from lander.errors import LanderError

_SHOWN_BYTES = 200
_KEPT_BYTES = 64 * 1024 * 1024
"""Files up to this size are decoded once and kept, for many questions about one file; larger ones are read up to the
record."""


def record(file: Path, offset: int, length: int) -> str:
    """Bytes of a record, as text where they are text, else in hexadecimal; of a database or an archive, its number."""
    try:
        with file.open("rb") as handle:
            handle.seek(offset)
            data = handle.read(length)
    except OSError as error:
        raise LanderError(f"{file}: the raw file cannot be read: {error.strerror}") from error
    if not _in_file_order(file):
        return f"record {offset} of a file that keeps its records in an order of its own"
    shown, more = data[:_SHOWN_BYTES], "" if length <= _SHOWN_BYTES else f" ... ({length} bytes)"
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in shown):
        return shown.decode("ascii").rstrip("\r\n") + more
    return shown.hex(" ") + more


def decoded(file: Path, instrument: Instrument, stream: str, offset: int) -> dict[str, Any]:
    """Scalar values that the reader gives for the record at an offset, decoded now, and the reader's name."""
    coefficients = instrument.calibration.coefficients
    frozen = "" if coefficients is None else json.dumps(coefficients, sort_keys=True, default=dict)
    status = file.stat()
    # Records of databases and of archives come in an order of their own: such a file is decoded whole.
    if status.st_size <= _KEPT_BYTES or not _in_file_order(file):
        reader, offsets, columns = _whole(file, status.st_mtime_ns, frozen, stream)
    else:
        reader, offsets, columns = _up_to(file, frozen, stream, offset)
    row = int(np.searchsorted(offsets, offset))
    if row >= len(offsets) or offsets[row] != offset:
        raise LanderError(
            f"{file}: no record at byte {offset} any more: the file changed; `lander run` brings the store up to date"
        )
    return {"reader": reader, **{name: values[row] for name, values in columns.items()}}


_Columns = tuple[str, NDArray[np.int64], Mapping[str, NDArray[Any]]]


def _in_file_order(file: Path) -> bool:
    with ingest.BlockDecoder(file) as pieces:
        return pieces.reader.whole is None and file.suffix.lower() not in (".gz", ".zip")


@lru_cache(maxsize=4)
def _whole(file: Path, mtime_ns: int, coefficients: str, stream: str) -> _Columns:
    found = ingest.decode(file, calibration=json.loads(coefficients) if coefficients else None)
    return (f"{found.reader} {found.reader_version}", *_columns(found.streams.get(stream, xr.Dataset())))


def _up_to(file: Path, coefficients: str, stream: str, offset: int) -> _Columns:
    calibration = json.loads(coefficients) if coefficients else None
    with ingest.BlockDecoder(file, calibration=calibration) as pieces:
        reader = f"{pieces.reader.name} {pieces.reader.version}"
        for streams in pieces:
            offsets, columns = _columns(streams.get(stream, xr.Dataset()))
            if len(offsets) and offsets[-1] >= offset:
                return reader, offsets, columns
    return reader, np.zeros(0, np.int64), {}


def _columns(dataset: xr.Dataset) -> tuple[NDArray[np.int64], Mapping[str, NDArray[Any]]]:
    if "source_offset" not in dataset.variables:
        return np.zeros(0, np.int64), {}
    offsets = dataset["source_offset"].values
    order = np.argsort(offsets, kind="stable")
    scalar = {str(name): dataset[name].values[order] for name in dataset.data_vars if dataset[name].dims == ("time",)}
    return offsets[order], scalar
