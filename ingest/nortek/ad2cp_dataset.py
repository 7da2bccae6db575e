"""Nortek AD2CP: raw fields of records to engineering units."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.binary.velocities import metres_per_second
from ingest.dataset import assemble
from ingest.nortek.ad2cp_layout import ECHOSOUNDER, Layout
from ingest.nortek.velocity import AWAY, finite_of, scaled
from ingest.reader import Batch

STANDARD_GRAVITY = 9.80665
_ONE_GRAVITY = 16384  # counts of the accelerometer
_SENSORS = ("pressure", "temperature", "compass", "tilt")

# Our name, column, divisor from the raw integer to the vocabulary's unit.
_SCALED = (
    ("sound_speed", "sound_speed", 10.0),
    ("transducer_temperature", "temperature", 100.0),
    ("pressure", "pressure", 1000.0),
    ("heading", "heading", 100.0),
    ("pitch", "pitch", 100.0),
    ("roll", "roll", 100.0),
    ("battery_voltage", "battery", 10.0),
    ("nominal_correlation", "nominal_correlation", 1.0),
    ("transmit_power", "power", 1.0),
    ("clock_temperature", "clock_temperature", 100.0),
    ("altimeter_distance", "altimeter_distance", 1.0),
    ("altimeter_quality", "altimeter_quality", 100.0),
    ("surface_tracking_distance", "surface_distance", 1.0),
    ("surface_tracking_quality", "surface_quality", 100.0),
    ("surface_tracking_time_offset", "surface_time_offset", 10_000.0),
    ("surface_tracking_pressure", "surface_pressure", 1.0),
)

# Our name, column, dimensions after time, factor; kept as float32, which holds 16 bits to the last.
_ARRAYS: tuple[tuple[str, str, tuple[str, ...], float], ...] = (
    ("magnetic_field", "magnetometer", ("axis",), 0.1),
    ("acceleration", "accelerometer", ("axis",), STANDARD_GRAVITY / _ONE_GRAVITY),
    ("altimeter_echo", "altimeter_samples", ("altimeter_sample",), 1 / 256),
    ("echosounder_backscatter", "echo", ("cell",), 0.01),
    ("rotation_matrix", "rotation", ("row", "column"), 1.0),
    ("quaternion", "quaternion", ("quaternion_component",), 1.0),
    ("angular_rate", "angular_rate", ("axis",), 1.0),
)

# Our name, column, dimensions after time. Counts and words stay integers.
_COUNTED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("error_status_word", "error", ()),
    ("status_word", "status", ()),
    ("status_word", "short_status", ()),
    ("transmit_energy", "transmit_energy", ()),
    ("altimeter_status", "altimeter_status", ()),
    ("percent_good", "percent_good", ("cell",)),
    ("bottom_track_figure_of_merit", "track_merit", ("beam",)),
    ("clock_reckoned", "clock_reckoned", ()),
)

_DEVIATIONS = (
    # The last stands in mbar and is not negative: read with a sign, a descending profiler has -3 m (Sig100_avg.ad2cp).
    ("pitch_standard_deviation", 100.0),
    ("roll_standard_deviation", 100.0),
    ("heading_standard_deviation", 100.0),
    ("pressure_standard_deviation", 1000.0),
)
_EARTH = ("eastward_velocity", "northward_velocity", "upward_velocity", "second_upward_velocity")
_FULL_SCALE = 2.0**31

Variables = dict[str, NDArray[Any] | tuple[tuple[str, ...], NDArray[Any]]]


def dataset_of(batch: Batch, layout: Layout, text: Mapping[str, str], status: int = 0) -> xr.Dataset:
    """Turn records of one layout into a Dataset.

    Velocities stay in the frame in which the instrument stored them, as float32; they are NaN where it says bad.
    Amplitudes stay counts of half a decibel and may be read-only views of the file's bytes.

    Parameters
    ----------
    batch
        Records.
    layout
        Where their fields lie.
    text
        Configuration that was in force when the first such record came: `{"GETPLAN.SA": "35.0", "ID.SN": ...}`.
    status
        Status word of the first such record.
    """
    columns = batch.columns
    variables = _per_record(columns) | _counts(columns) | _velocities(columns, layout) | _tracks(columns, layout)
    variables |= _others(columns, layout)
    looks = _LOOKS.get(status >> _ORIENTATION & 7) if "status" in columns else None
    attributes = _attributes(layout, text) | ({"orientation": looks} if looks else {})
    dataset = assemble(batch, variables, columns["time"], attributes, _coordinates(layout))
    for name, comment in (("echo_intensity", "one count is 0.5 dB"), ("outward_beam_velocity", AWAY)):
        if name in dataset.variables:
            dataset.variables[name].attrs["comment"] = comment
    return dataset


# Bits 25 to 27 of the status word say how the instrument stood when it last looked: its Z axis, from the head on, up or
# down. It may also lie on its side, or take its attitude from an AHRS at each moment: then nothing is said here.
_ORIENTATION = 25
_LOOKS = {4: "up", 5: "down"}


def _per_record(columns: Mapping[str, NDArray[Any]]) -> Variables:
    found: Variables = {**scaled(columns, _SCALED)}
    if "pressure_sensor_temperature" in columns:
        found["pressure_sensor_temperature"] = columns["pressure_sensor_temperature"] / 5.0 - 4.0
    for name, column, dimensions, factor in _ARRAYS:
        if column in columns:
            found[name] = (dimensions, finite_of(columns[column], factor))
    return found


def _counts(columns: Mapping[str, NDArray[Any]]) -> Variables:
    found: Variables = {
        name: (dimensions, _wider(columns[column])) for name, column, dimensions in _COUNTED if column in columns
    }
    if "ensemble" in columns:
        found["ensemble_number"] = columns["ensemble"].astype(np.int32)
    return found


def _wider(values: NDArray[Any]) -> NDArray[Any]:
    # The store packs signed integers: words of 16 and 32 bits keep their value in the next wider one.
    wider: Mapping[str, np.dtype[Any]] = {"u2": np.dtype(np.int32), "u4": np.dtype(np.int64)}
    return values.astype(wider.get(values.dtype.str[1:], values.dtype), copy=False)


def _velocities(columns: Mapping[str, NDArray[Any]], layout: Layout) -> Variables:
    found: Variables = {}
    if "velocity" in columns:
        raw, divisor = columns["velocity"], _divisor(columns["exponent"])
        if layout.frame == "earth" and raw.shape[1] <= len(_EARTH):
            parts = metres_per_second(raw, divisor, apart=1)
            found |= {name: (("cell",), part) for name, part in zip(_EARTH, parts, strict=False)}
        else:
            values = np.swapaxes(metres_per_second(raw, divisor), 1, 2)
            component = "beam" if layout.frame == "beam" else "component"
            found[_velocity_name(layout)] = (("cell", component), values)
    for name, column in (("echo_intensity", "amplitude"), ("correlation_percent", "correlation")):
        if column in columns:
            found[name] = (("cell", "beam"), np.swapaxes(columns[column], 1, 2))
    return found


def _velocity_name(layout: Layout) -> str:
    names = {"beam": "outward_beam_velocity", "instrument": "instrument_velocity"}
    return names.get(layout.frame, "unreferenced_velocity")


def _divisor(exponent: NDArray[np.int8]) -> NDArray[np.float64]:
    """What the raw velocities of each record are divided by, shape (n,) or (1,): 1000 for an exponent of -3."""
    if exponent.size and (exponent == exponent[0]).all():
        exponent = exponent[:1]
    divisor: NDArray[np.float64] = 10.0 ** -exponent.astype(np.float64)
    return divisor


def _tracks(columns: Mapping[str, NDArray[Any]], layout: Layout) -> Variables:
    found: Variables = {}
    if "track_velocity" in columns:
        component = "beam" if layout.frame == "beam" else "component"
        velocity = columns["track_velocity"] / _divisor(columns["exponent"])[:, np.newaxis]
        found["bottom_track_velocity"] = ((component,), velocity)
    if "track_distance" in columns:
        millimetres = columns["track_distance"].astype(np.float64)
        # Without bottom the distance is negative (seen in corpus Sig500_dp_ice.ad2cp: -959).
        found["bottom_track_range"] = (("beam",), np.where(millimetres > 0, millimetres / 1000, np.nan))
    return found


def _others(columns: Mapping[str, NDArray[Any]], layout: Layout) -> Variables:
    found: Variables = {}
    if "deviations" in columns:
        raw = columns["deviations"]
        found |= {name: raw[:, place] / divisor for place, (name, divisor) in enumerate(_DEVIATIONS)}
    if "samples" in columns:
        samples = (columns["samples"] / _FULL_SCALE).astype(np.float32)
        found["raw_echo_sample"] = (("echo_sample", "part"), samples)
    if "ambiguity" in columns and layout.record != ECHOSOUNDER and "exponent" in columns:
        found["ambiguity_velocity"] = columns["ambiguity"] / _divisor(columns["exponent"])
    return found


def _coordinates(layout: Layout) -> dict[str, xr.Variable]:
    """Distance of the middle of each cell from the transducer."""
    cells = int(layout.of.get("cells", 0))
    held = {name for name, _ in layout.places}
    if not cells or not held & {"velocity", "amplitude", "correlation", "echo"}:
        return {}
    size, blanking = layout.of["cell_size"], layout.of["blanking"]
    # N3015-007: the first cell's middle is one cell's size beyond the blanking; echosounders count from its edge alike.
    distance = blanking + size * np.arange(1, cells + 1)
    attributes = {"units": "m", "long_name": "Distance of the middle of the cell from the transducer"}
    return {"cell_distance": xr.Variable("cell", distance, attributes)}


_AVERAGES = (0x16, 0x1F)
_PING_TIME = {"ensemble_time": "ping", "ensemble_time_evidence": "Nortek N3015-007: a record is one ping"}
_AVERAGE_TIME = {
    "ensemble_time": "end",
    "ensemble_time_evidence": "reckoned, as Nortek N3015-007 does not say: averages of 360 pings a second apart are "
    "stamped one second before the full six minutes, with their last ping (seen in corpus Sig100_avg.ad2cp); others "
    "take it for the first (aodn/imos-toolbox, issue 522)",
}


_SETTINGS = {
    "cell_size_m": "cell_size", "blank_distance_m": "blanking", "frequency_kHz": "frequency",
    "sampling_frequency_Hz": "sampling_frequency", "first_sample": "first_sample",
}  # fmt: skip


def _attributes(layout: Layout, text: Mapping[str, str]) -> dict[str, Any]:
    of = layout.of
    attributes: dict[str, Any] = {
        "instrument_model": "Nortek " + text.get("ID.STR", "AD2CP"),
        "serial_number": str(of["serial"]),
        "data_version": int(of["version"]),
        **(_AVERAGE_TIME if layout.record in _AVERAGES else _PING_TIME),
    }
    if layout.frame:
        attributes |= {"coordinate_system": layout.frame, "attitude_convention": "nortek_ad2cp"}
    if "configuration" in of:
        valid = [name for bit, name in enumerate(_SENSORS) if int(of["configuration"]) >> bit & 1]
        attributes["sensors_valid"] = ", ".join(valid)
    attributes |= {ours: of[theirs] for ours, theirs in _SETTINGS.items() if theirs in of}
    if "altimeter_samples" in dict(layout.places):
        attributes["altimeter_sample_count"] = dict(layout.places)["altimeter_samples"].shape[0]
        attributes["altimeter_sample_spacing_m"] = of["altimeter_spacing"]
    return attributes | _from_text(layout, text)


# Our name, key in the configuration's text, what the text stands for.
_TEXTS: tuple[tuple[str, str, type], ...] = (
    ("firmware", "GETHW.FW", str),
    ("declination_degree", "GETUSER.DECL", float),
    ("pressure_offset_dbar", "GETUSER.POFF", float),
    ("salinity_setting", "GETPLAN.SA", float),
    ("sound_speed_setting", "GETPLAN.SV", float),
    ("beam_angle_degree", "BEAMCFGLIST.THETA", float),
    ("head_frequency_kHz", "BOARDSENSGET.HF", float),
)


def _from_text(layout: Layout, text: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, key, kind in _TEXTS:
        if key in text and (kind is str or _NUMBER.fullmatch(text[key])):
            found[name] = kind(text[key])
    if "declination_degree" in found:
        found["declination_comment"] = "headings include it" if found["declination_degree"] else "none was applied"
        found["heading_reference"] = "true" if found["declination_degree"] else "magnetic"
    interval = text.get("GETAVG.AI", "")
    if layout.record in _AVERAGES and _NUMBER.fullmatch(interval):
        found["averaging_interval_seconds"] = float(interval)
    if "sound_speed_setting" in found:
        found["sound_speed_source"] = "fixed" if found["sound_speed_setting"] else "measured"
    matrix = [text.get(f"GETXF{_PLANS.get(layout.record, 'BURST')}.M{row}{column}") for row, column in _ELEMENTS]
    kept = [element for element in matrix if element is not None]
    if layout.frame and len(kept) in (9, 16):
        found["beam_to_instrument_matrix"] = " ".join(kept)
    return found


_PLANS = {0x16: "AVG"}
_ELEMENTS = [(row, column) for row in range(1, 5) for column in range(1, 5)]
_NUMBER = re.compile(r"[-+]?\d+(\.\d*)?([eE][-+]?\d+)?")
