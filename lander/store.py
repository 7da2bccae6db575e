"""The only module that knows how the store's files are laid out.

One NetCDF-4 file holds one stream (or product) of one calendar month at one level. Files appear by rename only: a
reader sees the old one or the new one, never half of either. Only zlib is used, so that bare h5py and stock ncdump
open every file.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import netCDF4
import numpy as np
from numpy.typing import NDArray
from xarray.backends.netCDF4_ import NETCDF4_PYTHON_LOCK

from lander import digests, files, open_files, packing
from lander.errors import StoreError

LAYOUT_VERSION = 1
"""Raised when the same content would be laid out in other bytes."""

DAY_US = 86_400_000_000

TIME_ATTRIBUTES: dict[str, Any] = {
    "standard_name": "time",
    "long_name": "Time, UTC",
    "units": "microseconds since 1970-01-01 00:00:00",
    "calendar": "proleptic_gregorian",
    "axis": "T",
}

_MIN_CHUNK, _MAX_CHUNK = 16_384, 262_144


@dataclass(frozen=True)
class Column:
    """One variable of a file, as stored: integers in steps, not yet physical values.

    Attributes
    ----------
    data : ndarray
    dims
        As many names as `data` has dimensions.
    attributes
        CF attributes, `scale_factor` and `_FillValue` among them.
    """

    data: NDArray[Any]
    dims: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def values(self) -> NDArray[Any]:
        """Physical values; see `lander.packing.unpack`."""
        return packing.unpack(self.data, self.attributes)


@dataclass(frozen=True)
class Table:
    """The content of a file: its variables and global attributes."""

    columns: Mapping[str, Column]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]


@dataclass(frozen=True)
class Recipe:
    """What a file was made from: the digest of inputs, configuration part and stage version."""

    stage: str
    version: int
    digest: str


class Version(NamedTuple):
    """A file of the store as it was at one moment: path below the store, size, time of writing."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class Entry:
    """What the index knows of a file.

    Attributes
    ----------
    n
        Samples.
    first, last
        Time of the first and last sample (us since 1970), None for an empty or timeless file.
    recipe
        Digest of what it was made from.
    digests
        Of the content by variable, by stretches of the month (`lander.digests`). None of products, which nothing is
        made from; the files themselves carry theirs.
    size, mtime_ns
        Of the file, to see that it is still the one that was written.
    sha256
        Of the file's bytes, against bit rot.
    """

    path: str
    stage: str
    n: int
    first: int | None
    last: int | None
    recipe: str
    digests: Mapping[str, str]
    size: int
    mtime_ns: int
    sha256: str

    @property
    def version(self) -> Version:
        """The file as it was written."""
        return Version(self.path, self.size, self.mtime_ns)


def month_path(parts: Sequence[str], month: str) -> str:
    """Path of a month's file below the store: `month_path(("F", "D1", "ctd", "samples", "L1"), "2016-09")`."""
    return "/".join((*parts, f"{month}.nc"))


def time_column(time: NDArray[np.int64]) -> Column:
    """Time (us since 1970 UTC) as a column."""
    return Column(time, ("time",), TIME_ATTRIBUTES)


def write(root: Path, path: str, table: Table, recipe: Recipe) -> Entry:
    """Write a file of the store and return its index entry.

    Parameters
    ----------
    root
        The store's folder.
    path
        Below it.
    table
        Content; the record dimension is the first one of the column `time`, or `scan`.
    recipe
        What the content was made from.

    Raises
    ------
    StoreError
        The file cannot be written; an older one of the same name stays whole.
    """
    content = content_digests(table)
    target = root / path
    attributes = {
        **table.attributes,
        "stage": recipe.stage,
        "stage_version": np.int32(recipe.version),
        "layout_version": np.int32(LAYOUT_VERSION),
        "recipe_digest": recipe.digest,
        "content_digests": json.dumps(content, sort_keys=True, separators=(",", ":")),
    }
    with files.appearing(target, root / files.WORK_NAME) as temporary:
        _write_netcdf(temporary, Table(table.columns, attributes))
        files.keep_previous(root, path)
    return _entry(root, path, table, recipe, content)


def _write_netcdf(path: Path, table: Table) -> None:
    with NETCDF4_PYTHON_LOCK, netCDF4.Dataset(path, "w", format="NETCDF4") as file:
        for name, size in _dimensions(table).items():
            file.createDimension(name, size)
        rows_per_day = _rows_per_day(table)
        for name, column in table.columns.items():
            _write_column(file, name, column, rows_per_day)
        file.setncatts(dict(table.attributes))


def _write_column(file: Any, name: str, column: Column, rows_per_day: int) -> None:
    attributes = dict(column.attributes)
    fill = attributes.pop("_FillValue", False)
    if column.data.dtype.kind in "OU":
        variable = file.createVariable(name, str, column.dims)
        for index, text in enumerate(column.data):
            variable[index] = str(text)
    else:
        variable = file.createVariable(
            name, column.data.dtype, column.dims, fill_value=fill, **_storage(column, rows_per_day)
        )
        variable.set_auto_maskandscale(False)
        if column.data.size:
            variable[...] = column.data
    variable.setncatts(attributes)


def _storage(column: Column, rows_per_day: int) -> dict[str, Any]:
    """Chunks of a day within bounds; shuffle for integers only: it makes decimal-rounded floats larger."""
    if column.data.size < 64 or not column.dims:
        return {"contiguous": True} if column.data.size else {}
    return {
        "zlib": True,
        "complevel": 1,
        "shuffle": column.data.dtype.kind in "iu",
        "chunksizes": chunk_shape(column.data.shape, rows_per_day),
    }


def chunk_shape(shape: tuple[int, ...], rows_per_day: int) -> tuple[int, ...]:
    """A day of rows, at least 16,384 and at most 262,144 elements where the array has as many."""
    width = int(np.prod(shape[1:], dtype=np.int64))
    rows = max(rows_per_day, -(-_MIN_CHUNK // width))
    rows = max(1, min(rows, _MAX_CHUNK // width, shape[0]))
    return (rows, *shape[1:])


def _rows_per_day(table: Table) -> int:
    time = table.columns.get("time")
    if time is None or time.data.size < 2:
        return _MIN_CHUNK
    days = max(1, -(-int(time.data[-1] - time.data[0]) // DAY_US))
    return max(1, -(-time.data.size // days))


def _dimensions(table: Table) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for name, column in table.columns.items():
        for dimension, size in zip(column.dims, column.data.shape, strict=True):
            if sizes.setdefault(dimension, size) != size:
                raise StoreError(f"variable {name!r} has {size} along {dimension!r}, others have {sizes[dimension]}")
    return sizes


def content_digests(table: Table) -> dict[str, str]:
    """Digest of every variable; of those along time by stretches of the month (`lander.digests`)."""
    time = table.columns.get("time")
    cuts = None
    if time is not None and time.data.size:
        cuts = digests.cuts_of(time.data, month_bounds(month_of(int(time.data[0]))))
    found = {}
    for name, column in table.columns.items():
        about = f"{name}|{column.data.dtype.str}|{column.dims}|{column.data.shape[1:]}|{_step(column)}"
        along = cuts if column.dims[:1] == ("time",) else None
        found[name] = digests.of_rows(about, column.data, along) if along else digests.of_whole(about, column.data)
    return found


def _step(column: Column) -> str:
    step = column.attributes.get("scale_factor")
    return "" if step is None else repr(float(step))


def _entry(root: Path, path: str, table: Table, recipe: Recipe, content: Mapping[str, str]) -> Entry:
    status = os.stat(root / path)
    time = table.columns.get("time")
    first = last = None
    if time is not None and time.data.size:
        first, last = int(time.data[0]), int(time.data[-1])
    n = len(time.data) if time is not None else max(_dimensions(table).values(), default=0)
    signs = (status.st_size, status.st_mtime_ns, files.file_digest(root / path))
    return Entry(path, recipe.stage, n, first, last, recipe.digest, _indexed(recipe.stage, content), *signs)


def _indexed(stage: str, content: Mapping[str, str]) -> Mapping[str, str]:
    """Digests that something else hangs on: nothing is made from products, half the index of a large archive."""
    return {} if stage == "L3" else content


def read(path: Path, names: Sequence[str] | None = None, rows: slice = slice(None)) -> Table:
    """Read variables of a file, as stored.

    Parameters
    ----------
    path
        A file of the store.
    names
        Which variables; None for all. A name the file does not have is left out.
    rows
        Which records, along `time` or `scan`; other dimensions are read whole.

    Raises
    ------
    StoreError
        The file is missing or damaged.
    """
    with _named(path), NETCDF4_PYTHON_LOCK, open_files.opened(path) as file:
        return _read_table(file, names, rows)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say which file could not be read, and what to do."""
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(f"{path}: missing from the store; `lander run` makes it again") from error
    except (OSError, RuntimeError) as error:
        raise StoreError(f"{path}: damaged ({error}); delete it and `lander run` makes it again") from error


def _read_table(file: Any, names: Sequence[str] | None, rows: slice) -> Table:
    chosen = list(file.variables) if names is None else [name for name in names if name in file.variables]
    columns = {name: _read_column(file.variables[name], rows) for name in chosen}
    return Table(columns, {name: file.getncattr(name) for name in file.ncattrs()})


def _read_column(variable: Any, rows: slice) -> Column:
    attributes = {name: variable.getncattr(name) for name in variable.ncattrs()}
    variable.set_auto_maskandscale(False)
    key = rows if variable.dimensions[:1] in (("time",), ("scan",)) else Ellipsis
    return Column(np.asarray(variable[key]), variable.dimensions, attributes)


def read_version(root: Path, version: Version, names: Sequence[str] | None = None, rows: slice = slice(None)) -> Table:
    """Read the very file that an index meant, also while a run replaces it; arguments as for `read`.

    Raises
    ------
    StoreError
        The file is damaged, or the store was renewed since the index was read.
    """
    while True:
        path = files.locate(root, *version)
        failure = None
        try:
            with _named(path), NETCDF4_PYTHON_LOCK:
                table = _read_table(open_files.kept_open(path), names, rows)
        except StoreError as error:
            failure = error
        # It may have been replaced or removed between the look and the read: then the one that was meant is the
        # previous one now.
        if files.locate(root, *version) == path:
            if failure is not None:
                raise failure
            return table


def read_entry(root: Path, path: str, *, whole: bool = False) -> Entry:
    """Make the index entry of a file anew from the file itself.

    Parameters
    ----------
    root
        The store.
    path
        Below it.
    whole
        Read all of it, and compare its content with the digests that it carries.

    Raises
    ------
    StoreError
        The file is damaged or not of this store.
    """
    table = read(root / path, None if whole else ["time"])
    if "time" not in table.columns:
        table = read(root / path)  # without time, its largest dimension is the number of records
    attributes = table.attributes
    try:
        recipe = Recipe(attributes["stage"], int(attributes["stage_version"]), attributes["recipe_digest"])
        content = json.loads(attributes["content_digests"])
    except (KeyError, ValueError) as error:
        raise StoreError(f"{path}: carries no digests: not a file of this store") from error
    if whole and content_digests(table) != content:
        raise StoreError(f"{path}: its content is not what was written; `lander run` makes it again")
    return _entry(root, path, table, recipe, content)


def month_of(time_us: int) -> str:
    """Calendar month (UTC) of a time: "2016-09"."""
    return str(np.datetime64(time_us, "us").astype("datetime64[M]"))


def month_bounds(month: str) -> tuple[int, int]:
    """First microsecond of a month and of the next one."""
    start = np.datetime64(month, "M")
    low, high = (int(one.astype("datetime64[us]").astype(np.int64)) for one in (start, start + 1))
    return low, high
