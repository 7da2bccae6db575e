"""Databases and containers with their records several times over: what repeating bytes cannot do."""

import sqlite3
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import netCDF4
import numpy as np

SPC_HEADER = 512
SPC_SUBFILES = 24
"""Bytes of the header of a new SPC file, and where in it the number of subfiles stands."""

# What Ruskin writes besides and the peer asks for.
_PEER_TABLES = """
    ALTER TABLE deployments ADD COLUMN instrumentID INTEGER;
    UPDATE deployments SET instrumentID = 1;
    CREATE TABLE epochs (deploymentID INTEGER PRIMARY KEY, startTime long, endTime long);
    CREATE TABLE schedules (scheduleID INTEGER PRIMARY KEY, instrumentID INTEGER, mode TEXT, gate TEXT);
    INSERT INTO schedules VALUES (1, 1, 'continuous', 'none');
    CREATE TABLE continuous (continuousID INTEGER PRIMARY KEY, scheduleID INTEGER, samplingPeriod long);
    INSERT INTO continuous VALUES (1, 1, 500);
"""


def rsk(content: bytes, times: int) -> bytes:
    """An RSK database whose samples follow each other `times` times, each time later than all before."""
    database = sqlite3.connect(":memory:")
    database.deserialize(content)
    columns = [row[1] for row in database.execute("PRAGMA table_info(data)")]
    others = ", ".join(name for name in columns if name != "tstamp")
    first, last, count = database.execute("SELECT min(tstamp), max(tstamp), count(*) FROM data").fetchone()
    span = last - first + max(1, round((last - first) / (count - 1)))
    rows = database.execute(f"SELECT tstamp, {others} FROM data ORDER BY tstamp").fetchall()
    marks = ", ".join("?" for _ in columns)
    for number in range(1, times):
        later = [(row[0] + number * span, *row[1:]) for row in rows]
        database.executemany(f"INSERT INTO data (tstamp, {others}) VALUES ({marks})", later)
    tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
    if "epochs" not in tables:
        database.executescript(_PEER_TABLES)
        database.execute("INSERT INTO epochs VALUES (1, ?, ?)", (first, last + (times - 1) * span))
    database.execute("UPDATE deployments SET sampleSize = ?", (count * times,))
    database.commit()
    grown = database.serialize()
    database.close()
    return grown


def spc(content: bytes, times: int) -> bytes:
    """A new SPC file of many subfiles with all of them `times` times."""
    (subfiles,) = struct.unpack_from("<I", content, SPC_SUBFILES)
    head = bytearray(content[:SPC_HEADER])
    struct.pack_into("<I", head, SPC_SUBFILES, subfiles * times)
    return bytes(head) + content[SPC_HEADER:] * times


def mat(content: bytes, times: int) -> bytes:
    """Ruskin's MATLAB export with its samples and their times `times` times, one channel, compressed as Ruskin does.

    The bytes themselves are repeated: to write hundreds of thousands of cells from Python takes minutes.

    References
    ----------
    MathWorks, MAT-File Format, Level 5: elements, compressed elements, structures and cells.
    """
    order = ">" if content[126:128] == b"MI" else "<"
    kind, size = struct.unpack_from(order + "II", content, 128)
    assert kind == _COMPRESSED
    assert 136 + size == len(content), "one variable"
    matrix = zlib.decompress(content[136:])
    *_, lengths, names = _elements(matrix, order, 8, 5)
    width = struct.unpack_from(order + "I", matrix, lengths[1])[0]
    fields = [name.rstrip(b"\0") for name in _split(matrix[names[1] : names[2]], width)]
    start = names[3]
    values = [matrix[one[0] : one[3]] for one in _elements(matrix, order, start, len(fields))]
    grown = [
        _taller(value, order, times) if name in (b"sampletimes", b"data") else value
        for name, value in zip(fields, values, strict=True)
    ]
    body = matrix[8:start] + b"".join(grown)
    packed = zlib.compress(struct.pack(order + "II", _MATRIX, len(body)) + body)
    return content[:128] + struct.pack(order + "II", _COMPRESSED, len(packed)) + packed


_MATRIX, _COMPRESSED = 14, 15


def _split(values: bytes, width: int) -> list[bytes]:
    return [values[start : start + width] for start in range(0, len(values), width)]


def _elements(buffer: bytes, order: str, start: int, count: int) -> Iterator[tuple[int, int, int, int]]:
    """Of so many elements: where the tag starts, where the data start and end, where the next one starts."""
    for _ in range(count):
        kind, size = struct.unpack_from(order + "II", buffer, start)
        if kind >> 16:  # a small element: its size shares the first four bytes with its type
            data, size, following = start + 4, kind >> 16, start + 8
        else:
            data, following = start + 8, start + 8 + -(-size // 8) * 8
        yield start, data, data + size, following
        start = following


def _taller(matrix: bytes, order: str, times: int) -> bytes:
    """A column of cells or of numbers with its rows `times` times."""
    _, dimensions, name = _elements(matrix, order, 8, 3)
    rows, columns = struct.unpack_from(order + "ii", matrix, dimensions[1])
    assert columns == 1
    head = bytearray(matrix[: name[3]])
    struct.pack_into(order + "i", head, dimensions[1], rows * times)
    rest = matrix[name[3] :]
    kind, size = struct.unpack_from(order + "II", rest)
    if kind == _MATRIX:
        rest = rest * times
    else:
        assert size == 8 * rows
        rest = struct.pack(order + "II", kind, size * times) + rest[8:] * times
    struct.pack_into(order + "I", head, 4, len(head) - 8 + len(rest))
    return bytes(head) + rest


def netcdf(content: bytes, times: int) -> bytes:
    """The same NetCDF file, packed as it was, with everything along TIME `times` times."""
    source = netCDF4.Dataset("source.nc", memory=content)
    target = netCDF4.Dataset("target.nc", "w", format=source.data_model, memory=len(content) * times)
    source.set_auto_maskandscale(False)
    for name, dimension in source.dimensions.items():
        target.createDimension(name, len(dimension) * (times if name == "TIME" else 1))
    target.setncatts({name: source.getncattr(name) for name in source.ncattrs()})
    for name, variable in source.variables.items():
        _copy(variable, target, name, times)
    source.close()
    return bytes(target.close())


def _copy(variable: Any, target: Any, name: str, times: int) -> None:
    filters = variable.filters() or {}
    attributes = {key: variable.getncattr(key) for key in variable.ncattrs()}
    packing = {"zlib": filters.get("zlib", False), "complevel": filters.get("complevel", 0)}
    copy = target.createVariable(
        name, variable.dtype, variable.dimensions, fill_value=attributes.pop("_FillValue", None), **packing,
        shuffle=filters.get("shuffle", False),
    )  # fmt: skip
    copy.set_auto_maskandscale(False)
    copy.setncatts(attributes)
    values = variable[...]
    along = variable.dimensions.index("TIME") if "TIME" in variable.dimensions else None
    copy[...] = values if along is None else np.concatenate([values] * times, axis=along)
