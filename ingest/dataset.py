"""How records become a Dataset, and Datasets of successive blocks one."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest import vocabulary
from ingest.reader import Batch

Values = NDArray[Any]


def assemble(
    batch: Batch,
    variables: Mapping[str, Values | tuple[tuple[str, ...], Values]],
    time: NDArray[np.datetime64] | None,
    attributes: Mapping[str, str] | None = None,
    coordinates: Mapping[str, xr.Variable] | None = None,
) -> xr.Dataset:
    """Put the decoded values of one batch into a Dataset of the house's layout.

    No index is built: with millions of samples a time index costs seconds that a decoder never needs.

    Parameters
    ----------
    batch
        The records, for their place in the file.
    variables
        By vocabulary name: an array of shape (n,), or a pair of the dimensions after the record dimension and an array
        of shape (n, ...). Units and names come from the vocabulary.
    time : ndarray of datetime64[us], shape (n,)
        The instrument's own clock; None for records without one, whose dimension is `scan`.
    attributes
        Of the Dataset: the same for every block of a file.
    coordinates
        Further coordinates without the record dimension, such as the distance of cells: the same for every block.

    Returns
    -------
    Dataset
        Dimension `time` or `scan`, with `source_offset` (int64) and `source_length` (int32) along it.
    """
    dimension = ("scan" if time is None else "time",)
    place = {
        "source_offset": _bare(dimension, batch.offset.astype(np.int64, copy=False), _OFFSET_ATTRIBUTES),
        "source_length": _bare(dimension, batch.length.astype(np.int32, copy=False), _LENGTH_ATTRIBUTES),
    }
    if time is not None:
        place["time"] = _bare(dimension, time.astype("datetime64[us]", copy=False), _TIME_ATTRIBUTES)
    data = {name: _variable(dimension, name, values) for name, values in variables.items()}
    return _indexless(data, {**place, **(coordinates or {})}, dict(attributes or {}))


def _indexless(
    data: Mapping[str, xr.Variable], coordinates: Mapping[str, xr.Variable], attributes: dict[str, Any]
) -> xr.Dataset:
    """Put variables together that are whole as they are.

    The public constructor merges and copies each of them three times over, which took 2 ms of 45 for three streams of
    30 variables; nothing is there to merge or to align here but the sizes, which are looked at.
    """
    variables = {**data, **coordinates}
    sizes: dict[Hashable, int] = {}
    for name, variable in variables.items():
        for dimension, size in zip(variable.dims, variable.shape, strict=True):
            if sizes.setdefault(dimension, size) != size:
                raise ValueError(f"{name!r} has {size} values along {dimension!r}, others {sizes[dimension]}")
    if _direct is None:
        return xr.Dataset(data, xr.Coordinates(coordinates, indexes={}), attributes)
    dataset: xr.Dataset = _direct(variables, set(coordinates), sizes, attributes, {})
    return dataset


_direct = getattr(xr.Dataset, "_construct_direct", None)
"""Not of xarray's public face: a release without it takes the public constructor, with the same result."""


_TIME_ATTRIBUTES = {"standard_name": "time", "long_name": "Time of the instrument's own clock, taken as UTC"}
_OFFSET_ATTRIBUTES = {"long_name": "First byte of the record in its file"}
_LENGTH_ATTRIBUTES = {"long_name": "Bytes of the record in its file"}


def _variable(dimension: tuple[str], name: str, values: Values | tuple[tuple[str, ...], Values]) -> xr.Variable:
    further, array = values if isinstance(values, tuple) else ((), values)
    dimensions, attributes = (*dimension, *further), vocabulary.lookup(name).attributes
    if array.dtype.kind in "iufb":
        return _bare(dimensions, array, attributes)
    return xr.Variable(dimensions, array, attributes)


def _bare(dimensions: tuple[str, ...], array: Values, attributes: Mapping[str, str]) -> xr.Variable:
    """Make a variable of an array that needs no conversion; of times the usual way goes through pandas."""
    return xr.Variable(dimensions, array, attributes, fastpath=True)


def record_dimension(dataset: xr.Dataset) -> str:
    """Name of the dimension along which records follow each other: `time`, or `scan` without a clock."""
    return "time" if "time" in dataset.dims else "scan"


def concatenate(pieces: Sequence[xr.Dataset]) -> xr.Dataset:
    """Join the Datasets of successive blocks along the record dimension, bit for bit.

    Parameters
    ----------
    pieces
        At least one, in file order, all with the same variables. What does not lie along the record dimension is the
        same in all of them.

    Raises
    ------
    RuntimeError
        The pieces disagree: a defect of the reader, since they come from one file.
    """
    if len(pieces) == 1:
        return pieces[0]
    dimension = record_dimension(pieces[0])
    for piece in pieces[1:]:
        if piece.variables.keys() != pieces[0].variables.keys():
            differing = sorted(piece.variables.keys() ^ pieces[0].variables.keys(), key=str)
            raise RuntimeError(f"blocks of one stream differ in their variables: {differing}")
    joined = {name: _join(name, [piece.variables[name] for piece in pieces], dimension) for name in pieces[0].variables}
    data = {name: variable for name, variable in joined.items() if name in pieces[0].data_vars}
    coordinates = {name: variable for name, variable in joined.items() if name not in data}
    return xr.Dataset(data, xr.Coordinates(coordinates, indexes={}), _merge_attributes(pieces))


def _join(name: Any, parts: Sequence[xr.Variable], dimension: str) -> xr.Variable:
    first = parts[0]
    if dimension in first.dims:
        return xr.Variable(first.dims, np.concatenate([part.values for part in parts]), first.attrs)
    if not all(_same(first, part) for part in parts[1:]):
        raise RuntimeError(f"blocks of one stream differ in {name!r}, which does not lie along {dimension!r}")
    return first


def _same(first: xr.Variable, other: xr.Variable) -> bool:
    return first.dims == other.dims and first.dtype == other.dtype and first.values.tobytes() == other.values.tobytes()


def _merge_attributes(pieces: Sequence[xr.Dataset]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for piece in pieces:
        for name, value in piece.attrs.items():
            if merged.setdefault(name, value) != value:
                raise RuntimeError(f"blocks of one stream differ in attribute {name!r}: {merged[name]!r}, {value!r}")
    return merged
