"""Teledyne RDI PD0: raw fields of ensembles to engineering units."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.binary.velocities import metres_per_second
from ingest.dataset import assemble
from ingest.rdi.pd0_layout import FACING_UP, Layout
from ingest.reader import Batch

# Our name, column, divisor from the raw integer to the vocabulary's unit.
_SCALED = (
    ("heading", "heading", 100.0),
    ("pitch", "pitch", 100.0),
    ("roll", "roll", 100.0),
    ("transducer_temperature", "temperature", 100.0),
    ("transducer_depth", "depth", 10.0),
    ("salinity_setting", "salinity", 1.0),
    ("sound_speed", "sound_speed", 1.0),
    ("pressure", "pressure", 1000.0),
    ("pressure_standard_deviation", "pressure_deviation", 1000.0),
    ("heading_standard_deviation", "heading_deviation", 1.0),
    ("pitch_standard_deviation", "pitch_deviation", 10.0),
    ("roll_standard_deviation", "roll_deviation", 10.0),
    ("vertical_beam_time_offset", "vertical_delay", 1000.0),
    ("first_cell_distance", "first_cell", 100.0),
)

# Our name, column, dimensions after time. Counts and words stay integers.
_COUNTED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("built_in_test_result", "built_in_test", ()),
    ("error_status_word", "error_status", ()),
    ("adc_counts", "adc_channel", ("adc_channel",)),
    ("correlation_magnitude", "correlation", ("cell", "beam")),
    ("echo_intensity", "echo", ("cell", "beam")),
    ("percent_good", "percent_good", ("cell", "beam")),
    ("bottom_track_correlation", "bottom_correlation", ("beam",)),
    ("bottom_track_echo_intensity", "bottom_echo", ("beam",)),
    ("bottom_track_percent_good", "bottom_percent_good", ("beam",)),
    ("vertical_beam_correlation_magnitude", "vertical_correlation", ("vertical_cell",)),
    ("vertical_beam_echo_intensity", "vertical_echo", ("vertical_cell",)),
    ("vertical_beam_percent_good", "vertical_percent_good", ("vertical_cell",)),
)

_EARTH = ("eastward_velocity", "northward_velocity", "upward_velocity", "error_velocity")

_PERCENT_GOOD = (
    "along `beam`: percent of pings solved with three beams; rejected for error velocity; with more than one beam "
    "bad; solved with four beams"
)
_SIGNS = {
    "beam": "positive toward the transducer",
    "instrument": "along `axis`: X, Y, Z of the instrument and error velocity",
    "ship": "along `axis`: starboard, forward, mast and error velocity",
    "earth": "along `axis`: east, north, up and error velocity",
}

Variables = dict[str, NDArray[Any] | tuple[tuple[str, ...], NDArray[Any]]]


def dataset_of(batch: Batch, layout: Layout) -> xr.Dataset:
    """Turn ensembles of one layout into a Dataset.

    Velocities stay in the frame in which the instrument stored them, in m s-1 as float32, which holds each of their
    65,536 steps to its nearest seven digits; they are NaN where the instrument says bad. Counts and words stay
    integers; the counts may be read-only views of the file's bytes.
    """
    columns = batch.columns
    variables: Variables = _velocities(columns, layout.frame) | _per_ensemble(columns)
    for name, column, dimensions in _COUNTED:
        if column in columns:
            # Bytes stay views of the file's block, read-only: copying them costs a tenth of the whole decoding.
            variables[name] = (dimensions, columns[column].astype(_native(columns[column].dtype), copy=False))
    dataset = assemble(batch, variables, columns["time"], _attributes(layout), _coordinates(layout))
    for name, comment in _comments(layout).items():
        if name in dataset.variables:
            dataset.variables[name].attrs["comment"] = comment
    return dataset


def _native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    # The store packs signed integers: words of 16 and 32 bits keep their value in the next wider one.
    wider: Mapping[str, np.dtype[Any]] = {"u2": np.dtype(np.int32), "u4": np.dtype(np.int64)}
    return wider.get(dtype.str[1:], dtype)


_STEPS = np.array([1000.0])  # in a metre per second


def _velocities(columns: Mapping[str, NDArray[Any]], frame: str) -> Variables:
    found: Variables = {}
    component = "beam" if frame == "beam" else "axis"
    if "velocity" in columns and frame == "earth" and columns["velocity"].shape[2] == len(_EARTH):
        components = metres_per_second(columns["velocity"], _STEPS, apart=2)
        found |= {name: (("cell",), values) for name, values in zip(_EARTH, components, strict=True)}
    elif "velocity" in columns:
        found[f"{frame}_velocity"] = (("cell", component), metres_per_second(columns["velocity"], _STEPS))
    if "vertical_velocity" in columns:
        found["vertical_beam_velocity"] = (("vertical_cell",), metres_per_second(columns["vertical_velocity"], _STEPS))
    if "bottom_velocity" in columns:
        found["bottom_track_velocity"] = ((component,), metres_per_second(columns["bottom_velocity"], _STEPS))
        centimetres = columns["bottom_range_low"].astype(np.float64)
        if "bottom_range_high" in columns:
            centimetres += 65536.0 * columns["bottom_range_high"]
        # Zero is the instrument's word for no bottom found.
        found["bottom_track_range"] = (("beam",), np.where(centimetres > 0, centimetres / 100.0, np.nan))
    return found


def _per_ensemble(columns: Mapping[str, NDArray[Any]]) -> Variables:
    number = columns["ensemble_number"].astype(np.int32)
    wait = columns["preping_wait"].astype(np.float64)
    found: Variables = {
        "ensemble_number": number + (columns["ensemble_number_high"].astype(np.int32) << 16),
        "facing_up": ((columns["facing_up"] & FACING_UP) > 0).astype(np.uint8),
        "minimum_preping_wait": (6000.0 * wait[:, 0] + 100.0 * wait[:, 1] + wait[:, 2]) / 100.0,
    }
    for name, column, divisor in _SCALED:
        if column in columns:
            found[name] = columns[column] / divisor
    return found


def _coordinates(layout: Layout) -> dict[str, xr.Variable]:
    fixed, vertical = layout.fixed, layout.vertical_leader
    beams = np.arange(1, fixed["beams"] + 1, dtype=np.int8)
    coordinates = {
        "beam": xr.Variable("beam", beams, {"long_name": "Number of the beam"}),
        "cell_distance": _distances("cell", fixed, layout.first["first_cell"]),
    }
    if layout.frame != "beam":
        coordinates["axis"] = xr.Variable("axis", beams, {"long_name": _SIGNS[layout.frame]})
    if "vertical_first_cell" in layout.first:
        first = layout.first["vertical_first_cell"]
        coordinates["vertical_cell_distance"] = _distances("vertical_cell", vertical, first)
    return coordinates


def _distances(dimension: str, leader: Mapping[str, int], first_cell: int) -> xr.Variable:
    centimetres = first_cell + leader["cell_size"] * np.arange(leader["cells"])
    attributes = {"units": "m", "long_name": "Distance of the cell's centre from the transducer, along the vertical"}
    return xr.Variable(dimension, centimetres / 100.0, attributes)


def _comments(layout: Layout) -> dict[str, str]:
    """What a variable means in the coordinate system of this stream."""
    earth = layout.frame == "earth"
    comments = {
        "percent_good": _PERCENT_GOOD if layout.frame != "beam" else "percent of pings accepted in each beam",
        "bottom_track_velocity": f"of the instrument over ground; {_SIGNS[layout.frame]}",
        f"{layout.frame}_velocity": _SIGNS[layout.frame],
        "vertical_beam_velocity": _SIGNS["beam"],
    }
    if earth and not layout.fixed["heading_bias"]:
        magnetic = "north is the compass's: the instrument was told no declination (heading bias 0)"
        comments |= {"eastward_velocity": magnetic, "northward_velocity": magnetic}
    return comments


_MODELS = {
    8: "Workhorse", 16: "Workhorse", 50: "Workhorse", 51: "Workhorse", 52: "Workhorse",
    47: "Sentinel V", 66: "Sentinel V",
}  # fmt: skip
# By firmware version: those of which a real file was seen here (16, 47, 50, 51) and their sisters.

_CONVEX, _SOUND_SPEED = 1 << 3, 1 << 6
_TRANSFORM = ("bin_mapping_by_instrument", "three_beam_solutions_by_instrument", "tilts_used_by_instrument")
"""Bits 0 to 2 of the coordinate transform byte (EX command): 1 for yes."""

_FREQUENCIES = (75, 150, 300, 600, 1200, 2400, 38)
_HEAD_ANGLES = (15, 20, 30)
_SENSORS = ("speed of sound", "depth", "heading", "pitch", "roll", "salinity", "temperature")


def _attributes(layout: Layout) -> dict[str, Any]:
    fixed = layout.fixed
    attributes: dict[str, Any] = {
        "instrument_model": "Teledyne RDI " + _MODELS.get(fixed["firmware_version"], "current profiler (PD0)"),
        "firmware": f"{fixed['firmware_version']}.{fixed['firmware_revision']:02}",
        "orientation": "up" if layout.first["facing_up"] & FACING_UP else "down",
        "coordinate_system": layout.frame,
        "attitude_convention": "teledyne_rdi",
        "beam_pattern": "convex" if fixed["system_configuration"] & _CONVEX else "concave",
        **{name: int(fixed["coordinates"] >> bit & 1) for bit, name in enumerate(_TRANSFORM)},
        "pings_per_ensemble": fixed["pings"],
        "profiling_mode": fixed["mode"],
        "cell_size_m": fixed["cell_size"] / 100,
        "blank_distance_m": fixed["blank"] / 100,
        "first_cell_m": layout.first["first_cell"] / 100,
        "transmit_pulse_m": layout.first["transmit_pulse"] / 100,
        "heading_alignment_degree": fixed["heading_alignment"] / 100,
        "heading_bias_degree": fixed["heading_bias"] / 100,
        "heading_bias_comment": "declination is already applied" if fixed["heading_bias"] else "none was applied",
        "heading_reference": "true" if fixed["heading_bias"] else "magnetic",
        "sound_speed_source": "measured" if fixed["sensor_source"] & _SOUND_SPEED else "fixed",
        "sensors_used": ", ".join(_sensors(fixed["sensor_source"])),
        "ensemble_time": "start",
        "ensemble_time_evidence": "first ping of the ensemble: Teledyne RDI, Sentinel V operation manual (2017-09), "
        "TE command, page 230; P/N 957-6156-00, variable leader",
    }
    interval = fixed["ping_minutes"] * 60 + fixed["ping_seconds"] + fixed["ping_hundredths"] / 100
    if interval and fixed["pings"]:  # zero: it pings as fast as it can, which is nowhere told
        attributes["seconds_between_pings"] = interval
        attributes["averaging_interval_seconds"] = fixed["pings"] * interval
    frequency, angle = fixed["system_configuration"] & 7, fixed["beam_angle"]
    if frequency < len(_FREQUENCIES):
        attributes["frequency_kHz"] = _FREQUENCIES[frequency]
    head_angle = fixed["system_configuration"] >> 8 & 3
    if angle or head_angle < len(_HEAD_ANGLES):
        attributes["beam_angle_degree"] = angle or _HEAD_ANGLES[head_angle]
    if fixed["serial"]:
        # Zero stands in files of firmware that does not write it (seen in corpus oce_adp_rdi.000).
        attributes["serial_number"] = str(fixed["serial"])
    if layout.vertical_leader:
        attributes["vertical_beam_cell_size_m"] = layout.vertical_leader["cell_size"] / 100
    return attributes


def _sensors(source: int) -> list[str]:
    """What the instrument took from its own sensors instead of manual settings: bits 6 to 0."""
    return [name for bit, name in zip(range(6, -1, -1), _SENSORS, strict=True) if source >> bit & 1]
