"""Month files to the Datasets that people get: series over years, with filled values, and rows of products."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr

from ingest import vocabulary
from lander import lazy, store
from lander.doppler import cells
from lander.errors import LanderError
from lander.inventory import Stream
from lander.merge import missing_value
from lander.source import Source
from qc.flags import FILLED, flag_attributes


def _segments(source: Source, variable: str, streams: Sequence[Stream]) -> list[tuple[lazy.Segment, str, int]]:
    """Months of a series with the path of the flags and the number of the deployment."""
    rows = []
    for number, stream in enumerate(streams):
        for month in stream.months:
            entry = source.index.files.get(stream.path(stream.level_of(variable), month))
            if entry is not None and entry.n:
                rows.append((lazy.segment_of(source.store, entry), stream.path("L2", month), number))
    rows.sort(key=lambda row: (row[0].first, row[2]))
    for (before, _, one), (after, _, other) in pairwise(rows):
        if after.first < before.last and one != other:
            names = f"{streams[one].deployment.id} and {streams[other].deployment.id}"
            raise LanderError(f"deployments {names} overlap in time: name one with `deployment=`")
    return rows


def assemble(source: Source, variable: str, streams: Sequence[Stream]) -> xr.Dataset:
    """A variable's series over the streams of one site, dask-backed; see `Archive.series`."""
    rows = _segments(source, variable, streams)
    if not rows:
        raise LanderError(f"the store holds no {variable} yet; `lander run {source.config.root}` makes it")
    segments = [segment for segment, _, _ in rows]
    values = [segment.version for segment in segments]
    flags = [source.version(path) for _, path, _ in rows]
    model = source.read(values[0].path, [variable], slice(0, 1))[variable]
    row_shape, dims, dtype = model.data.shape[1:], model.dims, model.values().dtype
    time = lazy.dask_rows(segments, values, "time", (), np.dtype("datetime64[us]"), np.datetime64("NaT"))
    data = lazy.dask_rows(segments, values, variable, row_shape, dtype, missing_value(dtype))
    quality = lazy.dask_rows(segments, flags, f"{variable}_qc", row_shape, np.dtype(np.int8), 0)
    number = lazy.dask_constants(segments, [row[2] for row in rows])
    about_time = {"standard_name": "time", "long_name": "Time, UTC"} | _stamps(streams)
    coordinates = xr.Coordinates(
        {"time": xr.Variable("time", time, about_time), **_cells(source, dims, streams)},
        indexes={"time": lazy.SegmentIndex(segments, time)},
    )
    attributes = {**vocabulary.lookup(variable).attributes, "ancillary_variables": f"{variable}_qc"}
    variables = {
        variable: xr.Variable(dims, data, attributes),
        f"{variable}_qc": xr.Variable(dims, quality, flag_attributes(vocabulary.lookup(variable).long_name)),
        "deployment": xr.Variable("time", number, {"long_name": "Number into the attribute deployments"}),
    }
    return xr.Dataset(variables, coordinates, _series_attributes(source, streams))


def _stamps(streams: Sequence[Stream]) -> dict[str, str]:
    """What the times of an ensemble stand for, where the files tell and all deployments agree."""
    names = ("ensemble_time", "averaging_interval_seconds")
    found = {name: {str(stream.attributes.get(name, "")) for stream in streams} for name in names}
    return {name: said.pop() for name, said in found.items() if len(said) == 1 and "" not in said}


def _cells(source: Source, dims: Sequence[str], streams: Sequence[Stream]) -> dict[str, xr.Variable]:
    """Where the cells of a profile lie: from the transducers, and above the seafloor where that is known.

    Of several deployments only what is the same in all: heights differ from one to the next.
    """
    if "cell" not in dims or not all("cell_distance" in stream.fixed for stream in streams):
        return {}
    distances, heights = [], []
    for stream in streams:
        path = stream.path("L1", stream.months[0])
        distance = np.asarray(source.read(path, ["cell_distance"])["cell_distance"].values(), dtype=np.float64)
        distances.append(distance)
        if stream.stands is not None:
            heights.append(
                cells.height_above_seafloor(stream.stands["height"], distance, up=stream.stands["up"])
            )
    found: dict[str, xr.Variable] = {}
    if all(np.array_equal(one, distances[0]) for one in distances):
        about = {"units": "m", "long_name": "Distance of the middle of the cell from the transducers"}
        found["cell_distance"] = xr.Variable("cell", distances[0], about)
    if len(heights) == len(streams) and all(np.array_equal(one, heights[0]) for one in heights):
        about = vocabulary.lookup("height_above_seafloor").attributes
        found["height_above_seafloor"] = xr.Variable("cell", heights[0], about)
    return found


def _series_attributes(source: Source, streams: Sequence[Stream]) -> dict[str, Any]:
    return {
        "title": source.config.title,
        "institution": source.config.institution.name,
        "license": source.config.licence,
        "site": streams[0].deployment.site,
        "deployments": [stream.deployment.id for stream in streams],
        "instruments": [f"{one.instrument.name} ({one.instrument.model} {one.instrument.serial})" for one in streams],
    }


def with_fill(source: Source, variable: str, streams: Sequence[Stream], dataset: xr.Dataset) -> xr.Dataset:
    """The series with its filled values merged in, read into memory; see `Archive.series`."""
    loaded = dataset.load()
    if loaded[variable].ndim != 1:
        raise LanderError(f"{variable} has more dimensions than time: filled values exist for scalar series only")
    time = loaded["time"].values.astype("datetime64[us]").astype(np.int64)
    if not time.size:
        return loaded.drop_indexes("time").assign({f"{variable}_uncertainty": ("time", np.zeros(0))})
    table = _fill_rows(source, variable, streams, int(time[0]), int(time[-1]))
    value, flags, sigma = (
        loaded[variable].values.copy(),
        loaded[f"{variable}_qc"].values.copy(),
        np.full(time.size, np.nan),
    )
    number = loaded["deployment"].values
    place = np.minimum(np.searchsorted(time, table["time"]), time.size - 1)
    same = time[place] == table["time"]
    value[place[same]], flags[place[same]] = table["value"][same], FILLED
    sigma[place[same]] = table["uncertainty"][same]
    extra = {name: column[~same] for name, column in table.items()}
    order = np.argsort(np.concatenate([time, extra["time"]]), kind="stable")

    def merged(old: Any, new: Any) -> Any:
        return np.concatenate([old, new])[order]

    attributes = {name: loaded[name].attrs for name in (variable, f"{variable}_qc", "deployment")}
    columns = {
        variable: merged(value, extra["value"]),
        f"{variable}_qc": merged(flags, np.full(extra["time"].size, FILLED, np.int8)),
        "deployment": merged(number, extra["deployment"]),
    }
    filled = {name: ("time", data, attributes[name]) for name, data in columns.items()}
    sigma_attributes = {"units": attributes[variable]["units"], "long_name": f"1 sigma of filled {variable}"}
    filled[f"{variable}_uncertainty"] = ("time", merged(sigma, extra["uncertainty"]), sigma_attributes)
    merged_time = merged(time, extra["time"]).astype("datetime64[us]")
    return xr.Dataset(filled, {"time": ("time", merged_time, loaded["time"].attrs)}, loaded.attrs)


def _fill_rows(source: Source, variable: str, streams: Sequence[Stream], first: int, last: int) -> dict[str, Any]:
    """Rows of the fill tables between two times."""
    names = {
        "time": f"{variable}_fill_time",
        "value": f"{variable}_filled",
        "uncertainty": f"{variable}_filled_uncertainty",
    }
    parts: dict[str, list[Any]] = {name: [np.zeros(0)] for name in ("value", "uncertainty")}
    parts |= {"time": [np.zeros(0, np.int64)], "deployment": [np.zeros(0, np.int16)]}
    for number, stream in enumerate(streams):
        for month in stream.months:
            entry = source.index.files.get(stream.path("L2", month))
            start, end = store.month_bounds(month)
            if entry is None or names["time"] not in entry.digests or end <= first or start > last:
                continue
            table = source.read(entry.path, list(names.values()))
            chosen = (table[names["time"]].data >= first) & (table[names["time"]].data <= last)
            for key, name in names.items():
                parts[key].append(table[name].values()[chosen])
            parts["deployment"].append(np.full(int(chosen.sum()), number, np.int16))
    return {key: np.concatenate(columns) for key, columns in parts.items()}


def alike(datasets: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Profiles made equally wide: of those with fewer cells the last are missing, and counted 0 times."""
    width = max((dataset.sizes.get("cell", 0) for dataset in datasets), default=0)
    return [_widened(dataset, width - dataset.sizes["cell"]) if "cell" in dataset.dims else dataset
            for dataset in datasets]  # fmt: skip


def _widened(dataset: xr.Dataset, more: int) -> xr.Dataset:
    if not more:
        return dataset
    counts = {name: 0 for name, variable in dataset.data_vars.items() if variable.dtype.kind in "iu"}
    return dataset.pad(cell=(0, more), constant_values=counts | {
        name: np.nan for name, variable in dataset.data_vars.items() if variable.dtype.kind == "f"
    })  # fmt: skip


def product_dataset(table: store.Table, low: int, high: int) -> xr.Dataset:
    """Rows of one product file between two times (us since 1970, both included)."""
    time = table["time"].data
    rows = slice(int(np.searchsorted(time, low)), int(np.searchsorted(time, high, "right")))
    names = table["deployment_name"].data
    variables: dict[str, Any] = {}
    for name, column in table.columns.items():
        if column.dims[:1] != ("time",) or name in ("time", "deployment"):
            continue
        attributes = {
            key: value for key, value in column.attributes.items() if key not in ("scale_factor", "_FillValue")
        }
        data = column.values()[rows]
        variables[name] = (column.dims, data.astype("datetime64[us]") if name == "time_bounds" else data, attributes)
    number = table["deployment"].data[rows]
    variables["deployment"] = ("time", names[number].astype(str), {"long_name": "Deployment"})
    if "cell_height_above_seafloor" in table.columns:
        heights = table["cell_height_above_seafloor"]
        variables["height_above_seafloor"] = (("time", "cell"), heights.data[number], dict(heights.attributes))
    kept = ("title", "site", "product", "variable")
    return xr.Dataset(
        variables, {"time": ("time", time[rows].astype("datetime64[us]"))}, {key: table.attributes[key] for key in kept}
    )
