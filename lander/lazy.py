"""Series over years that are read only where they are looked at: arrays over month files, and a time index over their
first and last times that is never built.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import xarray as xr
from dask.base import tokenize
from numpy.typing import NDArray
from xarray.core.indexing import IndexSelResult

from lander import store
from lander.errors import LanderError, RequestError
from lander.store import Entry, Table, Version


@dataclass(frozen=True)
class Segment:
    """One month's rows of a series.

    Attributes
    ----------
    root
        The store.
    version
        The file that holds them, as it was when the archive was opened.
    n
        How many.
    first, last
        Their first and last time, us since 1970 UTC.
    """

    root: Path
    version: Version
    n: int
    first: int
    last: int

    def chunk_rows(self, row_shape: tuple[int, ...] = ()) -> int:
        """Rows of a stored chunk of a variable with rows of this shape."""
        days = max(1, -(-(self.last - self.first) // store.DAY_US))
        return store.chunk_shape((self.n, *row_shape), -(-self.n // days))[0]

    def time(self, row: int) -> int:
        """Time of a row (us since 1970 UTC)."""
        number, within = divmod(row, self.chunk_rows())
        return int(_times(self, number)[within])

    def search(self, time_us: int, side: Literal["left", "right"]) -> int:
        """Row before which a time would be put in, as `numpy.searchsorted` counts; reads two or three chunks of times.

        The first guess takes the samples as evenly spread, which in most months hits the right chunk.
        """
        rows = self.chunk_rows()
        low, high = 0, -(-self.n // rows) - 1
        share = (time_us - self.first) / max(self.last - self.first, 1)
        guess = min(max(int(share * self.n) // rows, low), high)
        while low <= high:
            chunk = _times(self, guess)
            place = int(np.searchsorted(chunk, time_us, side))
            if 0 < place < len(chunk):
                return guess * rows + place
            low, high = (guess + 1, high) if place else (low, guess - 1)
            guess = min(max(guess + 1 if place else guess - 1, low), high)
        return min(low * rows, self.n)


def segment_of(root: Path, entry: Entry) -> Segment:
    """A file's rows as a segment; it must hold some."""
    if entry.first is None or entry.last is None:
        raise LanderError(f"{entry.path}: holds no samples")
    return Segment(root, entry.version, entry.n, entry.first, entry.last)


@lru_cache(maxsize=64)
def _times(segment: Segment, number: int) -> NDArray[np.int64]:
    """Times of one stored chunk of a file; the last few chunks' are kept."""
    rows = segment.chunk_rows()
    wanted = slice(number * rows, (number + 1) * rows)
    return store.read_version(segment.root, segment.version, ["time"], wanted)["time"].data


@dataclass(frozen=True)
class RowArray:
    """One variable over the files of a series, read when sliced: what dask takes as an array.

    Attributes
    ----------
    root
        The store.
    versions, counts
        The files (None where a month has none), and how many rows each has.
    name
        The variable; a file that lacks it gives `missing` for its rows.
    row_shape
        Shape of one row: () for a scalar series.
    dtype
        Of the values: float64 for packed ones, datetime64[us] for time, else as stored.
    missing
        Value of rows that no file has.
    """

    root: Path
    versions: tuple[Version | None, ...]
    counts: tuple[int, ...]
    name: str
    row_shape: tuple[int, ...]
    dtype: np.dtype[Any]
    missing: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows of all files, then the shape of a row."""
        return (sum(self.counts), *self.row_shape)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return 1 + len(self.row_shape)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        rows, *rest = key if isinstance(key, tuple) else (key,)
        if isinstance(rows, int | np.integer):
            return np.asarray(self[(slice(rows, rows + 1), *rest)][0])
        start, stop, step = rows.indices(self.shape[0])
        if step < 1:
            raise IndexError("rows of a series are read forwards")
        parts, begin = [], 0
        for version, count in zip(self.versions, self.counts, strict=True):
            low, high = max(start - begin, 0), min(stop - begin, count)
            if low < high:
                parts.append(self._read(version, slice(low, high)))
            begin += count
        whole = np.concatenate(parts) if parts else np.empty((0, *self.row_shape), self.dtype)
        return np.asarray(whole[(slice(None, None, step), *rest)])

    def _read(self, version: Version | None, rows: slice) -> NDArray[Any]:
        table = Table({}) if version is None else store.read_version(self.root, version, [self.name], rows)
        if version is None or self.name not in table.columns:
            return np.full((rows.stop - rows.start, *self.row_shape), self.missing, self.dtype)
        values = table[self.name].values()
        if values.shape[1:] != self.row_shape:
            raise LanderError(
                f"{version.path}: {self.name} has rows of shape {values.shape[1:]}, other files {self.row_shape}: "
                "name one deployment"
            )
        return values.view(self.dtype) if self.dtype.kind == "M" else values.astype(self.dtype, copy=False)


def chunks(segments: Sequence[Segment], row_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Rows by chunk: those of the files, so that no stored chunk is read twice."""
    sizes: list[int] = []
    for segment in segments:
        rows = segment.chunk_rows(row_shape)
        whole, rest = divmod(segment.n, rows)
        sizes += [rows] * whole + ([rest] if rest else [])
    return tuple(sizes)


def dask_rows(
    segments: Sequence[Segment],
    versions: Sequence[Version | None],
    name: str,
    row_shape: tuple[int, ...],
    dtype: np.dtype[Any],
    missing: Any,
) -> Any:
    """A variable of the files of a series as a dask array: one chunk a stored chunk, nothing read yet."""
    import dask.array as da

    counts = tuple(segment.n for segment in segments)
    rows = RowArray(segments[0].root, tuple(versions), counts, name, row_shape, dtype, missing)
    key = f"{name}-{tokenize(rows)}"
    return da.from_array(
        rows, (chunks(segments, row_shape), *row_shape), name=key, asarray=True, meta=np.empty((0,) * rows.ndim, dtype)
    )


def dask_constants(segments: Sequence[Segment], values: Sequence[int]) -> Any:
    """One small number a segment, along its rows."""
    import dask.array as da

    parts = [
        da.full(segment.n, value, dtype=np.int16, chunks=(chunks([segment], ()),))
        for segment, value in zip(segments, values, strict=True)
    ]
    return da.concatenate(parts)


class SegmentIndex(xr.Index):
    """Selects times in a series by the first and last time of its months and, at the ends, by the month's times.

    Nothing is read when a series is opened; `sel` reads the times of at most two months.

    Parameters
    ----------
    segments
        The months of the series, in time order.
    time
        Their times as one dask array of datetime64[us].
    rows
        Which rows this index stands for; all, where None.
    """

    def __init__(self, segments: Sequence[Segment], time: Any, rows: range | None = None) -> None:
        self._segments = tuple(segments)
        self._all_times = time
        self._begins = (0, *accumulate(segment.n for segment in segments))
        self._rows = range(self._begins[-1]) if rows is None else rows

    @classmethod
    def from_variables(cls, variables: Mapping[Any, xr.Variable], *, options: Mapping[str, Any]) -> Self:
        """Not to be made from values: that is the work this index saves."""
        raise NotImplementedError("use `ds.drop_indexes('time').set_xindex('time')` for an ordinary index")

    def create_variables(self, variables: Mapping[Any, xr.Variable] | None = None) -> dict[Any, xr.Variable]:
        """The time coordinate of this index's rows, unread."""
        times_of_rows = self._all_times[self._rows.start : self._rows.stop]
        return {name: xr.Variable("time", times_of_rows, old.attrs) for name, old in (variables or {}).items()}

    def sel(self, labels: dict[Any, Any], method: str | None = None, tolerance: Any = None) -> IndexSelResult:
        """Rows of a time, or of a slice of times (both ends included, as in pandas)."""
        ((name, label),) = labels.items()
        if isinstance(label, slice):
            if label.step is not None:
                raise ValueError("a slice of times takes no step")
            low = 0 if label.start is None else self._position(_start(label.start), "left")
            high = len(self._rows) if label.stop is None else self._position(_stop(label.stop), "right")
            return IndexSelResult({name: slice(low, high)})
        return IndexSelResult({name: self._nearest(_start(label), method, tolerance)})

    def isel(self, indexers: Mapping[Any, Any]) -> "SegmentIndex | None":
        """Follow a slice of rows; any other selection gives the index up."""
        (rows,) = indexers.values()
        if isinstance(rows, slice):
            chosen = self._rows[rows]
            if chosen.step == 1:
                return SegmentIndex(self._segments, self._all_times, chosen)
        return None

    def equals(self, other: xr.Index, *, exclude: frozenset[Hashable] | None = None) -> bool:
        """Whether two indexes stand for the same rows of the same files."""
        return isinstance(other, SegmentIndex) and self._segments == other._segments and self._rows == other._rows

    def _position(self, time_us: int, side: Literal["left", "right"]) -> int:
        if side == "left":
            number = bisect_left([segment.last for segment in self._segments], time_us)
        else:
            number = bisect_right([segment.last for segment in self._segments], time_us)
        row = self._begins[number]
        if number < len(self._segments):
            segment = self._segments[number]
            if time_us >= segment.first:
                row += segment.search(time_us, side)
        return min(max(row - self._rows.start, 0), len(self._rows))

    def _nearest(self, time_us: int, method: str | None, tolerance: Any) -> int:
        after = self._position(time_us, "left")
        candidates = [row for row in (after - 1, after) if 0 <= row < len(self._rows)]
        distances = {row: abs(self._time(row) - time_us) for row in candidates}
        best = min(candidates, key=lambda row: distances[row], default=None)
        limit = np.inf if tolerance is None else np.timedelta64(tolerance).astype("timedelta64[us]").astype(np.int64)
        if best is None or (method is None and distances[best]) or distances[best] > limit:
            wanted = np.datetime64(time_us, "us")
            raise KeyError(f"no sample at {wanted}; `method='nearest'` takes the closest one")
        return best

    def _time(self, row: int) -> int:
        row += self._rows.start
        number = bisect_right(self._begins, row) - 1
        return self._segments[number].time(row - self._begins[number])


def _start(label: Any) -> int:
    return int(_moment(label).astype("datetime64[us]").astype(np.int64))


def _stop(label: Any) -> int:
    """End of the period that a text names: "2017-01" ends with January, as in pandas."""
    moment = _moment(label)
    if isinstance(label, str) and np.datetime_data(moment.dtype)[0] in ("Y", "M", "D", "h", "m", "s", "ms"):
        return int((moment + 1).astype("datetime64[us]").astype(np.int64)) - 1
    return int(moment.astype("datetime64[us]").astype(np.int64))


_OFFSET = re.compile(r"T.*[+-]\d\d(:?\d\d)?$")


def _moment(label: Any) -> np.datetime64:
    if isinstance(label, xr.DataArray):
        label = label.item() if label.dtype.kind != "M" else label.values
    plain = label.strip().removesuffix("Z").removesuffix("+00:00") if isinstance(label, str) else label
    try:
        moment = np.datetime64("NaT") if isinstance(plain, str) and _OFFSET.search(plain) else np.datetime64(plain)
    except ValueError:
        moment = np.datetime64("NaT")
    if np.isnat(moment):
        raise RequestError(f"{label!r} is no time: expected UTC in ISO 8601, such as 2016-10-01T06:00:00")
    return moment


def bound(label: Any, end: str) -> int:
    """Time that a label names as the start or end of a span, us since 1970; without one, before or after everything."""
    if label is None:
        return -(2**63) if end == "start" else 2**63 - 1
    return _start(label) if end == "start" else _stop(label)
