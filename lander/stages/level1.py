"""Parts -> L1: the samples of one stream and month from all its raw files, once each, in order, with their origin."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest import vocabulary
from lander import clock, store
from lander.engine import Task
from lander.errors import AgainError, LanderError
from lander.merge import Conflicts, Merged, Part, merge, missing_value
from lander.packing import FILL
from lander.stages.parts import Piece, read_parts
from lander.store import Column, Entry, Recipe, Table

STAGE = "L1"
VERSION = 1

_FILE = ("source",)


def build(root: Path, task: Task, recipe: Recipe) -> Entry:
    """Merge the parts of one month and write its L1 file."""
    params = task.params
    rows = params["parts"]
    loaded = [_load(root, row, params["stream"], params["month"]) for row in rows]
    parts = [
        _part(number, row["priority"], pieces) for number, (row, pieces) in enumerate(zip(rows, loaded, strict=True))
    ]
    merged = merge(parts)
    first = loaded[0][0]
    columns = {
        **_along(merged, first),
        **_fixed(rows, loaded),
        **_origin(rows, merged.skipped),
        **_conflicts(merged.conflicts),
        **_knots(params["clock_knots"]),
    }
    return store.write(root, task.output, Table(columns, _attributes(params, first)), recipe)


def _load(root: Path, row: Mapping[str, Any], stream: str, month: str) -> list[Piece]:
    pieces = list(read_parts(root, row["recipe"], stream, month))
    if not pieces:
        raise AgainError(f"{row['path']}: its decoded samples of {month} are gone from the work folder; run again")
    return pieces


def _part(number: int, priority: int, pieces: Sequence[Piece]) -> Part:
    names = [name for name in pieces[0].along if name not in ("time", "source_offset", "source_length")]

    def joined(name: str) -> NDArray[Any]:
        return np.concatenate([_column(piece, name, pieces) for piece in pieces])

    return Part(
        number,
        priority,
        joined("time"),
        joined("source_offset"),
        joined("source_length"),
        {name: joined(name) for name in names},
    )


def _column(piece: Piece, name: str, pieces: Sequence[Piece]) -> NDArray[Any]:
    """A piece's column; missing values where this piece of the file does not carry it."""
    if name in piece.along:
        return piece.along[name]
    model = next(other.along[name] for other in pieces if name in other.along)
    return np.full((len(piece.along["time"]), *model.shape[1:]), missing_value(model.dtype), model.dtype)


def _along(merged: Merged, first: Piece) -> dict[str, Column]:
    columns = {"time": store.time_column(merged.time)}
    for name, data in merged.variables.items():
        if name == "time_qc":
            columns[name] = Column(data, ("time",), _TIME_QC_ATTRIBUTES)
        else:
            columns[name] = Column(data, first.dims[name], encoding(name))
    columns["source_file"] = Column(merged.source_file, ("time",), {"long_name": "Row of source_file_name and _sha256"})
    columns["source_offset"] = Column(
        merged.source_offset, ("time",), {"long_name": "First byte of the record in its file"}
    )
    columns["source_length"] = Column(merged.source_length, ("time",), {"long_name": "Bytes of the record in its file"})
    return columns


_TIME_QC_ATTRIBUTES = {
    "long_name": "How far the correction of the clock can be trusted",
    "flag_values": np.array(clock.TIME_QC_VALUES, dtype=np.int8),
    "flag_meanings": clock.TIME_QC_MEANINGS,
}


def encoding(name: str) -> dict[str, Any]:
    """CF attributes and packing of a vocabulary variable in the store."""
    variable = vocabulary.lookup(name)
    attributes: dict[str, Any] = dict(variable.attributes)
    if variable.step is not None:
        attributes |= {"scale_factor": variable.step, "_FillValue": FILL}
    elif variable.dtype == "float32":
        attributes["_FillValue"] = np.float32(np.nan)
    return attributes


def _fixed(rows: Sequence[Mapping[str, Any]], loaded: Sequence[Sequence[Piece]]) -> dict[str, Column]:
    """Columns without time, such as the distance of cells: one and the same in all files."""
    columns: dict[str, Column] = {}
    origin: dict[str, str] = {}
    for row, pieces in zip(rows, loaded, strict=True):
        for name, data in pieces[0].fixed.items():
            known = columns.setdefault(name, Column(data, pieces[0].dims[name], _fixed_attributes(name)))
            other = origin.setdefault(name, row["path"])
            if not np.array_equal(known.data, data) and not _same_cells(name, known.data, data):
                raise LanderError(
                    f"{row['path']}: {name} differs from that of {other}: the instrument was set up anew; "
                    "name it as a second instrument in the deployment file, with the raw files of its own"
                )
    return columns


def _same_cells(name: str, known: NDArray[Any], data: NDArray[Any]) -> bool:
    """Whether distances differ as firmware lets the first cell follow the speed of sound: below a tenth of a cell."""
    if not name.endswith("cell_distance") or known.shape != data.shape or known.size < 2:
        return False
    return bool(np.abs(data - known).max() < 0.1 * abs(known[1] - known[0]))


def _fixed_attributes(name: str) -> dict[str, Any]:
    return encoding(name) if name in vocabulary.table() else {}


def _origin(rows: Sequence[Mapping[str, Any]], skipped: Mapping[int, int]) -> dict[str, Column]:
    lost = np.array([skipped.get(number, 0) for number in range(len(rows))], dtype=np.int32)
    return {
        "source_file_name": Column(np.array([row["path"] for row in rows], dtype=object), _FILE),
        "source_file_sha256": Column(np.array([row["sha256"] for row in rows], dtype=object), _FILE),
        "source_identical_skipped": Column(lost, _FILE, {"long_name": "Samples that a file of better rank holds too"}),
    }


def _conflicts(conflicts: Conflicts) -> dict[str, Column]:
    if not len(conflicts):
        return {}
    names = [" ".join(conflicts.variables(row)) for row in range(len(conflicts))]
    dims = ("conflict",)
    return {
        "conflict_time": Column(conflicts.time, dims, store.TIME_ATTRIBUTES),
        "conflict_kept_file": Column(conflicts.kept_file.astype(np.int16), dims),
        "conflict_dropped_file": Column(conflicts.dropped_file.astype(np.int16), dims),
        "conflict_dropped_offset": Column(conflicts.dropped_offset, dims),
        "conflict_variables": Column(np.array(names, dtype=object), dims),
    }


def _knots(knots: Sequence[Sequence[int]]) -> dict[str, Column]:
    if not knots[0]:
        return {}
    attributes = {"units": store.TIME_ATTRIBUTES["units"], "calendar": store.TIME_ATTRIBUTES["calendar"]}
    names = ("clock_knot_instrument", "clock_knot_utc")
    words = ("Instrument clock at the clock checks", "UTC at the clock checks")
    return {
        name: Column(np.array(values, dtype=np.int64), ("clock_knot",), {**attributes, "long_name": text})
        for name, values, text in zip(names, knots, words, strict=True)
    }


def _attributes(params: Mapping[str, Any], first: Piece) -> dict[str, Any]:
    return {
        "Conventions": "CF-1.11",
        **{name: value for name, value in sorted(first.attributes.items())},
        "processing_level": "L1",
        "site": params["site"],
        "deployment": params["deployment"],
        "instrument": params["instrument"],
        "stream": params["stream"],
        "configured_model": params["model"],
        "configured_serial_number": params["serial"],
    }
