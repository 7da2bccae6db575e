"""L1 and L2 -> L3: one product of one variable and month, over all deployments of a site, never averaged together."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest import vocabulary
from lander import product as products
from lander import store
from lander.doppler import cells
from lander.engine import Task
from lander.packing import FILL
from lander.product import Observations
from lander.stages.rows import read_window
from lander.store import Column, Entry, Recipe, Table

STAGE = "L3"
VERSION = 1

MEAN_STEPS = 10
"""A mean is stored in tenths of the variable's step: it is finer than any of its samples."""


def build(root: Path, task: Task, recipe: Recipe) -> Entry:
    """Compute the rows of one product and write its file."""
    params = task.params
    product = products.discover()[params["product"]]
    made = [_rows(root, product, params, segment) for segment in params["segments"]]
    order, numbers = _in_order([table.time for table in made])
    columns = {
        "time": store.time_column(np.concatenate([table.time for table in made])[order]),
        "time_bounds": Column(
            np.concatenate([table.time_bounds for table in made])[order], ("time", "nv"), _time_units()
        ),
        "deployment": Column(numbers, ("time",), {"long_name": "Row of deployment_name"}),
        **_statistics(params["variable"], made, order),
        **_deployments(params["segments"]),
    }
    if "cell" in {dimension for column in columns.values() for dimension in column.dims}:
        columns |= _heights(root, params["segments"], next(c for c in columns.values() if "cell" in c.dims))
    columns["time"] = Column(columns["time"].data, ("time",), {**store.TIME_ATTRIBUTES, "bounds": "time_bounds"})
    attributes = {
        "Conventions": "CF-1.11",
        "title": product.title,
        "processing_level": "L3",
        "site": params["site"],
        "product": product.name,
        "variable": params["variable"],
    }
    return store.write(root, task.output, Table(columns, attributes), recipe)


def _rows(
    root: Path, product: products.Product, params: Mapping[str, Any], segment: Mapping[str, Any]
) -> products.Table:
    variable, reach = params["variable"], product.rule.reach_us
    values = read_window(root, segment["values"], [variable], reach)
    flags = read_window(root, segment["flags"], [f"{variable}_qc"], reach)
    attributes = vocabulary.lookup(variable).attributes
    if variable in values.columns and f"{variable}_qc" in flags.columns:
        observations = {variable: Observations(values.values(variable), flags.values(f"{variable}_qc"), attributes)}
    else:  # this month of the instrument lacks the variable
        shape = (0, 1) if "profile" in segment else (0,)
        observations = {variable: Observations(np.zeros(shape), np.zeros(shape, np.int8), attributes)}
        values = read_window(root, {}, [], reach)
    start, end = store.month_bounds(params["month"])
    return products.compute(product, values.time, observations, start, end)


def _in_order(times: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
    """Order of all rows by (time, deployment), and each row's deployment number."""
    numbers = np.concatenate([np.full(len(time), number, np.int16) for number, time in enumerate(times)])
    order = np.argsort(np.concatenate(times), kind="stable")
    return order, numbers[order]


def _statistics(variable: str, made: Sequence[products.Table], order: NDArray[np.int64]) -> dict[str, Column]:
    columns = {}
    for name, model in made[0].columns.items():
        data = _stacked([table.columns[name].values for table in made])[order]
        packed, packing_attributes = _pack(variable, name, data)
        dims = ("time", "cell")[: data.ndim]
        columns[name] = Column(packed, dims, {**model.attributes, **packing_attributes})
    return columns


def _stacked(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Rows one after the other; of profiles with fewer cells the last are missing, and counted 0 times."""
    if all(part.ndim == 1 for part in parts):
        return np.concatenate(parts)
    wide = [part.reshape(len(part), -1) for part in parts]
    width = max(part.shape[1] for part in wide)
    empty = np.nan if wide[0].dtype.kind == "f" else 0
    return np.concatenate([np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=empty) for part in wide])


def _pack(variable: str, name: str, data: NDArray[Any]) -> tuple[NDArray[Any], dict[str, Any]]:
    step = vocabulary.lookup(variable).step
    if data.dtype.kind != "f":
        return data, {}
    if step is None:
        return data.astype(np.float64), {"_FillValue": np.nan}
    fine = step / MEAN_STEPS if name.endswith("_mean") else step
    scaled = np.clip(np.rint(data / fine), -(2**31) + 1, 2**31 - 1)
    return np.where(np.isnan(scaled), FILL, scaled).astype(np.int32), {"scale_factor": fine, "_FillValue": FILL}


def _deployments(segments: Sequence[Mapping[str, Any]]) -> dict[str, Column]:
    def numbers(key: str) -> NDArray[np.float64]:
        return np.array([np.nan if row[key] is None else row[key] for row in segments], dtype=np.float64)

    dims = ("deployment_number",)
    return {
        "deployment_name": Column(np.array([row["deployment"] for row in segments], dtype=object), dims),
        "instrument_name": Column(np.array([row["instrument"] for row in segments], dtype=object), dims),
        "latitude": Column(numbers("latitude"), dims, {"standard_name": "latitude", "units": "degrees_north"}),
        "longitude": Column(numbers("longitude"), dims, {"standard_name": "longitude", "units": "degrees_east"}),
        "height_above_seafloor": Column(
            numbers("height_above_seafloor"), dims, {"standard_name": "height_above_sea_floor", "units": "m"}
        ),
    }


def _heights(root: Path, segments: Sequence[Mapping[str, Any]], model: Column) -> dict[str, Column]:
    """Heights of the cells of each deployment, as far as its configuration and files tell them."""
    width = model.data.shape[1]
    rows = np.full((len(segments), width), np.nan)
    for number, segment in enumerate(segments):
        stands = segment["profile"]["stands"]
        if stands is not None:
            table = store.read(root / segment["profile"]["measured"], ["cell_distance"])
            distance = np.asarray(table["cell_distance"].values(), dtype=np.float64)
            heights = cells.height_above_seafloor(stands["height"], distance, up=stands["up"])
            rows[number, : len(heights)] = heights
    attributes = {"standard_name": "height_above_sea_floor", "units": "m", "long_name": "Height of each cell"}
    return {"cell_height_above_seafloor": Column(rows, ("deployment_number", "cell"), attributes)}


def _time_units() -> dict[str, Any]:
    return {name: store.TIME_ATTRIBUTES[name] for name in ("units", "calendar")}
