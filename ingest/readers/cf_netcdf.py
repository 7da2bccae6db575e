"""Moored time series in NetCDF after CF, as IMOS and OceanSITES publish them: files of others, with their flags.

Variables are named by their standard name, else by the code of IMOS and OceanSITES, and brought to the vocabulary's
units; others along time are kept in `unmapped_columns`. The flags of a variable are `<name>_source_qc`, as the file
gives them, with their meanings as attributes: they are the publisher's word, not this project's. Nothing is masked by
them.

`source_offset` is the number of the sample, from 0. NetCDF-4 finds damage in its structure only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.apart import Apart, EndedError
from ingest.containers.hdf5_heaps import check_heaps
from ingest.containers.netcdf_classic import bytes_needed
from ingest.containers.netcdf_names import FLAGS_OF, physical, to_times, vocabulary_name
from ingest.dataset import assemble
from ingest.errors import DecodeError
from ingest.reader import Batch, Calibration, Reader, Records, Source, Wholly, not_in_blocks
from ingest.textual.columns import Columns, Foreign, arrange, of_columns

STREAM = "samples"
_HEADER_BYTES = 16 * 1024 * 1024  # of a classic file: more than any has
_CLASSIC = b"CDF"
_MOST_HELD = 2 * 1024**3
_PATIENCE, _SLOWEST = 120.0, 500_000
"""Seconds for any file, and bytes a second: IMOS files are read at more than ten times that on one busy core."""

SIGNATURES = (b"\x89HDF\r\n\x1a\n", b"CDF\x01", b"CDF\x02", b"CDF\x05")
_TEXTS = (
    "title", "institution", "Conventions", "site_code", "platform_code", "deployment_code", "instrument",
    "instrument_serial_number", "data_mode", "file_version", "id", "principal_investigator", "license", "citation",
    "time_deployment_start", "time_deployment_end", "date_created",
)  # fmt: skip

_LIBRARY = Apart(Path(__file__).parents[1] / "containers" / "netcdf_library.py")


@dataclass(frozen=True)
class Field:
    """A variable of the file: name, dimensions, stored numbers and attributes."""

    name: str
    dimensions: tuple[str, ...]
    raw: NDArray[Any]
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class State:
    """Where variables go, flags by our name, levels of profiles, and attributes."""

    columns: Columns
    flags: Mapping[str, Mapping[str, Any]]
    wide: Mapping[str, tuple[tuple[str, ...], str]]
    coordinates: Mapping[str, xr.Variable]
    attributes: Mapping[str, Any]


def sniff(head: bytes, name: str) -> bool:
    """Claim NetCDF of any version by its signature."""
    return head.startswith(SIGNATURES)


def whole(source: Source) -> Iterator[Wholly]:
    """All samples at once; see `Reader.whole`."""
    fields, texts = _load(source)
    clock = _clock(fields)
    units, calendar = (str(clock.attributes.get(name, "")) for name in ("units", "calendar"))
    times = to_times(clock.raw, units, calendar or "standard")
    held = np.flatnonzero(~np.isnat(times))
    along = [one for one in fields if one.dimensions[:1] == clock.dimensions and one is not clock and _numeric(one)]
    state, values = _arrange(along, fields, clock, texts)
    told = {"time_units": units} | ({"rows_without_time": len(times) - len(held)} if len(held) < len(times) else {})
    state = replace(state, attributes={**state.attributes, **told})
    if len(held) < len(times):
        times, values = times[held], {name: array[held] for name, array in values.items()}
    columns = {"time": times, **values}
    yield Records({STREAM: Batch(held.astype(np.int64), np.ones(held.size, np.int32), columns)}), state


def _load(source: Source) -> tuple[list[Field], Mapping[str, Any]]:
    classic = source.head(len(_CLASSIC)) == _CLASSIC
    if classic:
        needed = bytes_needed(source.head(_HEADER_BYTES))
        if needed is None or needed > source.size:
            raise DecodeError(f"the NetCDF file is cut or damaged: {source.size} of {needed or 'unknown'} bytes")
    # HDF5 keeps a damaged file open that it could not open, and gives what it knows of that one for a good one that
    # takes its place under the same inode: it gets bytes, no path.
    in_place = source.path is not None and (classic or source.size > _MOST_HELD)
    content = None if in_place else source.content()
    check_heaps(content or b"")
    path = None if source.path is None else str(source.path.absolute())
    request = {"name": source.name, "size": source.size, "path": path, "content": content}
    try:
        answer = _LIBRARY.ask(request, _PATIENCE + source.size / _SLOWEST)
    except EndedError as error:
        raise DecodeError(f"the NetCDF file is damaged: the library that read it {error}") from error
    if "refused" in answer:
        raise DecodeError(answer["refused"])
    return [Field(*one) for one in answer["variables"]], answer["texts"]


def _numeric(field: Field) -> bool:
    return field.raw.dtype.kind in "fiu"


def _clock(fields: list[Field]) -> Field:
    clocks = [one for one in fields if one.attributes.get("standard_name") == "time" or one.name.upper() == "TIME"]
    clocks = [one for one in clocks if len(one.dimensions) == 1 and _numeric(one) and "units" in one.attributes]
    if len(clocks) != 1:
        raise DecodeError(f"the NetCDF file has {len(clocks)} time coordinates of one dimension, 1 was expected")
    return clocks[0]


def _arrange(
    along: list[Field], fields: list[Field], clock: Field, texts: Mapping[str, Any]
) -> tuple[State, Mapping[str, NDArray[Any]]]:
    single = [one for one in along if all(size == 1 for size in one.raw.shape[1:])]
    flags = {match[1]: one for one in single if (match := FLAGS_OF.fullmatch(one.name))}
    # Those with a standard name first: `DOX1` before `DOX`, which says the same in another unit.
    single.sort(key=lambda one: "standard_name" not in one.attributes)
    measured = [one for one in single if one not in flags.values()]
    columns = arrange([_foreign(one) for one in measured])
    ours = {measured[place].name: name for place, (name, _, _) in columns.named.items()}
    spare = [one for source, one in flags.items() if source not in ours]
    columns = arrange([*columns.foreign, *(Foreign(one.name, "1", None) for one in spare)])
    count = len(clock.raw)
    kept = {f"{ours[source]}_source_qc": one for source, one in flags.items() if source in ours}
    table = enumerate((*measured, *spare))
    values = {f"value_{place}": physical(one.raw.reshape(count), one.attributes) for place, one in table}
    values |= {name: one.raw.reshape(count).astype(np.int8, copy=False) for name, one in kept.items()}
    wide, levels, profiles = _profiles([one for one in along if one not in single], fields, set(ours.values()))
    attributes = {**_texts(texts), **_scalars(fields, clock), **columns.attributes}
    meanings = {name: _flag_attributes(one) for name, one in kept.items()}
    return State(columns, meanings, wide, levels, attributes), {**values, **profiles}


def _foreign(field: Field) -> Foreign:
    standard_name = str(field.attributes.get("standard_name", ""))
    name = vocabulary_name(field.name, standard_name)
    # Positions without a unit are in degrees (OS_wb2_9_201114_3216_P.nc).
    default = "degree" if name in ("latitude", "longitude") else ""
    return Foreign(field.name, str(field.attributes.get("units", default)), name)


def _profiles(
    fields: list[Field], every: list[Field], taken: set[str]
) -> tuple[dict[str, tuple[tuple[str, ...], str]], dict[str, xr.Variable], dict[str, NDArray[Any]]]:
    """Variables with further dimensions, in the vocabulary's units, and the levels along these."""
    wide: dict[str, tuple[tuple[str, ...], str]] = {}
    levels: dict[str, xr.Variable] = {}
    values: dict[str, NDArray[Any]] = {}
    sizes: dict[str, int] = {}
    for field in fields:
        named = arrange([_foreign(field)]).named
        if not named or named[0][0] in taken or named[0][0] in wide:
            continue
        name, factor, offset = named[0]
        dimensions = tuple(f"{dimension.lower()}_level" for dimension in field.dimensions[1:])
        for ours, size in zip(dimensions, field.raw.shape[1:], strict=True):
            if sizes.setdefault(ours, size) != size:
                raise DecodeError(f"{field.name} has {size} values along {ours}, others {sizes[ours]}")
        wide[name] = (dimensions, field.name)
        values[name] = physical(field.raw, field.attributes) * factor + offset
        for dimension, ours in zip(field.dimensions[1:], dimensions, strict=True):
            for one in every:
                if one.name == dimension and _numeric(one) and one.dimensions == (dimension,):
                    units = {"units": str(one.attributes.get("units", "1"))}
                    levels[ours] = xr.Variable(ours, physical(one.raw, one.attributes), units)
    return wide, levels, values


def _texts(texts: Mapping[str, Any]) -> dict[str, Any]:
    return {f"file_{name.lower()}": str(texts[name]) for name in _TEXTS if str(texts.get(name, "")).strip()}


def _scalars(fields: list[Field], clock: Field) -> dict[str, Any]:
    """Positions, depths and names that do not change with time."""
    found: dict[str, Any] = {}
    for field in fields:
        if field.dimensions[:1] == clock.dimensions or field.name == clock.name:
            continue
        if field.raw.size == 1 and _numeric(field):
            found[f"file_variable_{field.name.lower()}"] = float(physical(field.raw.reshape(1), field.attributes)[0])
        elif field.raw.size <= 1000:
            words = "; ".join(str(one) for one in field.raw.ravel().tolist())
            found[f"file_variable_{field.name.lower()}"] = words
    return {name: value for name, value in found.items() if isinstance(value, str) or np.isfinite(value)}


def _flag_attributes(field: Field) -> dict[str, Any]:
    kept = ("flag_meanings", "quality_control_conventions", "quality_control_set", "Conventions", "conventions")
    found = {name.lower(): str(field.attributes[name]) for name in kept if name in field.attributes}
    return {**found, "source_variable": field.name}


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values in the vocabulary's units, flags as the file has them. See `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    table = [batch.columns[f"value_{place}"] for place in range(len(state.columns.foreign))]
    variables = of_columns(state.columns, table)
    variables |= {name: batch.columns[name] for name in state.flags}
    variables |= {name: (dimensions, batch.columns[name]) for name, (dimensions, _) in state.wide.items()}
    attributes = {**state.attributes, "source_offset_meaning": "number of the sample, from 0"}
    dataset = assemble(batch, variables, batch.columns["time"], attributes, state.coordinates)
    for name, meanings in state.flags.items():
        dataset.variables[name].attrs.update(meanings)
    return {STREAM: dataset}


READER = Reader(
    name="cf_netcdf",
    version=2,
    sniff=sniff,
    parse=not_in_blocks,
    finish=not_in_blocks,
    to_dataset=to_dataset,
    instruments=("Moored time series in NetCDF (CF): IMOS, OceanSITES",),
    whole=whole,
)
