"""Nortek classic: raw fields of records to engineering units."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.binary.velocities import metres_per_second
from ingest.dataset import assemble
from ingest.nortek.classic import ATTITUDE, SAMPLE
from ingest.nortek.classic_settings import Settings
from ingest.nortek.velocity import AWAY, bit, finite_of
from ingest.reader import Batch

_EARTH = ("eastward_velocity", "northward_velocity", "upward_velocity")
_IN_FRAME = {"beam": "outward_beam_velocity", "instrument": "instrument_velocity", "": "unreferenced_velocity"}
_PROFILES, _CURRENT = (0x20, 0x21, 0x2A), 0x01
_HIGH_RESOLUTION = 0x2A
_LOOKS_DOWN = 1
"""Bit of the status word: how the instrument stood, by its own tilt sensor."""
_WAVES = (0x30, 0x36)
_TENTHS_OF_STATUS = 1  # bit of the status byte: velocities count 0.1 mm/s

# Our name, column: already in the vocabulary's unit.
_MEASURED = (
    ("battery_voltage", "battery"),
    ("sound_speed", "sound_speed"),
    ("heading", "heading"),
    ("pitch", "pitch"),
    ("roll", "roll"),
    ("transducer_temperature", "temperature"),
    ("lowest_pressure", "lowest"),
    ("highest_pressure", "highest"),
    ("surface_distance", "distance"),
    ("second_surface_distance", "second_distance"),
)

# Our name, column, dimensions after time. Counts and words stay integers.
_COUNTED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("error_status_word", "error", ()),
    ("status_word", "status", ()),
    ("analog_input_1", "analog_1", ()),
    ("analog_input_2", "analog_2", ()),
    ("sample_counter", "counter", ()),
    ("ensemble_number", "ensemble", ()),
    ("expected_records", "records", ()),
    ("cell_number", "cell", ()),
    ("noise_amplitude", "noise", ("beam",)),
    ("noise_correlation", "noise_correlation", ("beam",)),
    ("processing_magnitude", "magnitude", ("beam",)),
    ("processing_distance", "processing_distance", ("beam",)),
    ("blanking_counts", "blanking", ()),
    ("cell_size_counts", "cell_size", ()),
    ("first_sample", "first_sample", ()),
    ("probe_check_amplitude", "check", ("beam", "sample")),
    ("surface_quality", "quality", ()),
    ("attitude_timer", "timer", ()),
)

STANDARD_GRAVITY = 9.80665
_MICROTESLA_PER_GAUSS = 100.0

# Our name, column, dimensions after time, factor: as the attitude sensor of the Vector gives them.
_ATTITUDE: tuple[tuple[str, str, tuple[str, ...], float], ...] = (
    ("acceleration", "acceleration", ("axis",), STANDARD_GRAVITY),
    ("velocity_increment", "velocity_increment", ("axis",), STANDARD_GRAVITY),
    ("angular_rate", "angular_rate", ("axis",), float(np.rad2deg(1.0))),
    ("angular_increment", "angular_increment", ("axis",), float(np.rad2deg(1.0))),
    ("magnetic_field", "magnetic_field", ("axis",), _MICROTESLA_PER_GAUSS),
    ("rotation_matrix", "rotation", ("row", "column"), 1.0),
)

Variables = dict[str, NDArray[Any] | tuple[tuple[str, ...], NDArray[Any]]]


def dataset_of(batch: Batch, kind: int, frame: str, settings: Settings, status: int = 0) -> xr.Dataset:
    """Turn records of one layout into a Dataset.

    Velocities stay in the frame in which the instrument stored them, as float32. Amplitudes stay counts and may be
    read-only views of the file's bytes.

    Parameters
    ----------
    batch
        Records.
    kind
        Record id.
    frame
        Coordinate system of velocities; empty where the file does not tell.
    settings
        Configuration that was in force when the first such record came.
    status
        Status word of that record.
    """
    columns = dict(batch.columns)
    if "noise" in columns and "magnitude" not in columns:
        columns["noise"] = columns["noise"][:, :3]
    variables: Variables = {name: columns[column] for name, column in _MEASURED if column in columns}
    for name, column, dimensions in _COUNTED:
        if column in columns:
            variables[name] = (dimensions, _signed(columns[column]))
    if "pressure" in columns:
        variables["pressure"] = columns["pressure"]
    variables |= _velocities(columns, kind, frame, settings)
    if kind == ATTITUDE:
        variables |= _attitude(columns)
    cells = settings.cells(kind == _HIGH_RESOLUTION) if kind in _PROFILES else None
    coordinates = _coordinates(cells, columns["velocity"].shape[2]) if cells else {}
    attributes = _attributes(kind, settings)
    if kind in _PROFILES:
        attributes["orientation"] = "down" if status & _LOOKS_DOWN else "up"
    if cells:
        attributes |= {"cell_size_m": cells[0], "blank_distance_m": cells[1]}
    dataset = assemble(batch, variables, columns.get("time"), attributes, coordinates)
    if "outward_beam_velocity" in dataset.variables:
        dataset.variables["outward_beam_velocity"].attrs["comment"] = AWAY
    return dataset


def _coordinates(cells: tuple[float, float], count: int) -> dict[str, xr.Variable]:
    """Distance of the middle of each cell: the first one's lies a cell's size beyond the blanking, as Nortek counts."""
    size, blanking = cells
    attributes = {"units": "m", "long_name": "Distance of the middle of the cell from the transducer, vertically"}
    return {"cell_distance": xr.Variable("cell", blanking + size * np.arange(1, count + 1), attributes)}


def _signed(values: NDArray[Any]) -> NDArray[Any]:
    # The store packs signed integers: words of 16 and 32 bits keep their value in the next wider one.
    wider: Mapping[str, np.dtype[Any]] = {"u2": np.dtype(np.int32), "u4": np.dtype(np.int64)}
    return values.astype(wider.get(values.dtype.str[1:], values.dtype), copy=False)


def _velocities(columns: Mapping[str, NDArray[Any]], kind: int, frame: str, settings: Settings) -> Variables:
    found: Variables = {}
    profile = kind in _PROFILES
    cells: tuple[str, ...] = ("cell",) if profile else ()
    if "velocity" in columns:
        if frame == "earth" and columns["velocity"].shape[1] == len(_EARTH):
            parts = _metres(columns, kind, settings, apart=1)
            found |= {name: (cells, part) for name, part in zip(_EARTH, parts, strict=True)}
        else:
            values = _metres(columns, kind, settings)
            component = "beam" if frame == "beam" else "axis"
            found[_IN_FRAME.get(frame, "unreferenced_velocity")] = (
                (*cells, component), np.swapaxes(values, 1, 2) if profile else values
            )  # fmt: skip
    for name, column in (("echo_intensity", "amplitude"), ("correlation_percent", "correlation")):
        if column in columns:
            values = columns[column]
            found[name] = ((*cells, "beam"), np.swapaxes(values, 1, 2) if profile else values)
    return found


def _metres(
    columns: Mapping[str, NDArray[Any]], kind: int, settings: Settings, *, apart: int | None = None
) -> NDArray[np.float32]:
    """Velocities in m/s; see `metres_per_second`. Those of single records come so, but for waves."""
    raw = columns["velocity"]
    if raw.dtype == np.float32:
        return raw if apart is None else np.ascontiguousarray(raw.T)
    return metres_per_second(raw, _divisor(columns, kind, settings), apart=apart)


def _divisor(columns: Mapping[str, NDArray[Any]], kind: int, settings: Settings) -> NDArray[np.float64]:
    """Steps in a metre per second of each record, shape (n,) or (1,)."""
    tenths = np.array([settings.tenths]) if kind in _WAVES else bit(columns["status"], _TENTHS_OF_STATUS)
    if tenths.size and (tenths == tenths[0]).all():
        tenths = tenths[:1]
    return np.where(tenths, 10_000.0, 1000.0)


def _attitude(columns: Mapping[str, NDArray[Any]]) -> Variables:
    return {
        name: (dimensions, finite_of(columns[column], factor))
        for name, column, dimensions, factor in _ATTITUDE
        if column in columns
    }


_SAMPLE_TIME = {
    "ensemble_time": "reckoned",
    "ensemble_time_evidence": "samples carry no time: those after a system record are of its second, at their rate",
}
_RECORD_TIME = {
    "ensemble_time": "start",
    "ensemble_time_evidence": "the first ping, as told to and taken by IMOS (aodn/imos-toolbox, issue 522); in the "
    "files seen here a record is one second or less, which does not tell start from end",
}


def _attributes(kind: int, settings: Settings) -> dict[str, Any]:
    # The instrument knows no declination: its headings are the compass's.
    known = {"attitude_convention": "nortek_classic", "heading_reference": "magnetic"}
    attributes = {**known, **settings.attributes, **(_SAMPLE_TIME if kind in (SAMPLE, ATTITUDE) else _RECORD_TIME)}
    attributes.setdefault("instrument_model", "Nortek classic")
    if kind in (*_PROFILES, _CURRENT) and "average_interval" in attributes:
        attributes["averaging_interval_seconds"] = float(attributes["average_interval"])
    if settings.sample_period is not None and kind in (SAMPLE, ATTITUDE):
        attributes["sampling_rate_Hz"] = 1e9 / settings.sample_period
    return attributes
