"""SonTek ADV: raw fields of samples to engineering units."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest import pages
from ingest.binary.pieces import Columns
from ingest.dataset import assemble
from ingest.reader import Batch
from ingest.sontek.adp_dataset import Variables
from ingest.sontek.adv_layout import RATES_PER_HERTZ, Configuration, Layout

_FRAMES = {0: "beam", 1: "instrument", 2: "earth"}
_ORIENTATIONS = {0: "down", 1: "up", 2: "side"}
_EARTH = ("eastward_velocity", "northward_velocity", "upward_velocity")
_BEAM_COMMENT = "along the beams of the probe, as recorded: the manual does not say which direction is positive"


def dataset_of(batch: Batch, layout: Layout, told: Configuration | None) -> xr.Dataset:
    """Turn samples of one layout into a Dataset, velocities in the frame in which they were stored.

    Parameters
    ----------
    batch
        What `sontek_adv_samples.values_of` and `burst_variables` give, and `time`.
    layout
        Of all of them.
    told
        The file's configuration; what it says is not installed has no variable.
    """
    variables: Variables = _velocity(batch.columns, layout)
    variables |= {name: batch.columns[name] for name in BURST_VARIABLES}
    variables |= _sensors(batch.columns, told)
    dataset = assemble(batch, variables, batch.columns["time"], _attributes(layout, told), _coordinates(layout))
    if "unreferenced_velocity" in dataset.variables and layout.coordinates == 0:
        dataset.variables["unreferenced_velocity"].attrs["comment"] = _BEAM_COMMENT
    return dataset


BURST_VARIABLES = ("burst_number", "sound_speed", "probe_boundary_distance", "volume_boundary_distance")


def burst_variables(header: Columns) -> Columns:
    """What the headers of bursts say, in the vocabulary's units: once a burst, before it is given to each sample."""
    found = {"burst_number": header["number"].astype(np.int64), "sound_speed": header["sound_speed"] / 10.0}
    for name in ("probe", "volume"):
        steps = header[f"{name}_boundary"]  # 0.1 mm; negative where no boundary was found
        found[f"{name}_boundary_distance"] = np.where(steps < 0, np.nan, steps / 10_000)
    return found


def _velocity(columns: Mapping[str, NDArray[Any]], layout: Layout) -> Variables:
    metres, echo, correlation = columns["velocity"], columns["amplitude"], columns["correlation"]
    found: Variables
    if echo.ndim == 2:
        found = {"echo_intensity": (("beam",), echo), "correlation_percent": (("beam",), correlation)}
    else:
        found = {"mean_echo_intensity": echo, "mean_correlation": correlation}
    if layout.coordinates == 2:
        return found | {name: metres[:, place] for place, name in enumerate(_EARTH)}
    name = "instrument_velocity" if layout.coordinates == 1 else "unreferenced_velocity"
    return found | {name: (("axis" if layout.coordinates == 1 else "component",), metres)}


def _sensors(columns: Mapping[str, NDArray[Any]], told: Configuration | None) -> Variables:
    found: Variables = {}
    if "attitude" in columns and (told is None or told.compass):
        found |= {name: columns["attitude"][:, place] for place, name in enumerate(("heading", "pitch", "roll"))}
    if "temperature" in columns and (told is None or told.thermometer):
        found["transducer_temperature"] = columns["temperature"]
    if "pressure" in columns:
        counts = found["pressure_counts"] = columns["pressure"]
        if told is not None and told.pressure:
            decibars = np.multiply(counts, told.pressure_square * 1e-11, out=pages.empty(len(counts), np.float64))
            decibars += told.pressure_scale * 1e-8
            decibars *= counts
            decibars += told.pressure_offset * 1e-5
            found["pressure"] = decibars
    if "analog" in columns:
        found |= {f"analog_input_{place + 1}": columns["analog"][:, place] for place in range(2)}
    if "external_pressure" in columns:
        low, middle, high = columns["external_pressure"].astype(np.int32).T
        found["external_pressure_counts"] = low + (middle << 8) + (high << 16)
    return found


def _coordinates(layout: Layout) -> dict[str, xr.Variable]:
    numbers = np.arange(1, 4, dtype=np.int8)
    found = {"beam": xr.Variable("beam", numbers, {"long_name": "Number of the receiver"})}
    if layout.coordinates == 1:
        found["axis"] = xr.Variable("axis", numbers, {"long_name": "X, Y, Z of the instrument"})
    elif layout.coordinates != 2:
        found["component"] = xr.Variable("component", numbers, {"long_name": "Number of the component"})
    return found


def _attributes(layout: Layout, told: Configuration | None) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "instrument_model": "SonTek ADV" if told is None else told.model,
        "coordinate_system": _FRAMES.get(layout.coordinates, f"code {layout.coordinates}"),
        "sampling_rate_hertz": layout.rate / RATES_PER_HERTZ,
        "velocity_range_code": layout.velocity_range,
        "velocity_step_m_s": layout.velocity_step,
        "time_of_samples": "the burst's clock and the sampling rate",
    }
    if told is not None:
        attributes |= {
            "serial_number": told.serial,
            "firmware": told.firmware,
            "orientation": _ORIENTATIONS.get(told.orientation, f"code {told.orientation}"),
            "compass_offset_degree": told.compass_offset,
            "transformation_matrix": " ".join(f"{value:.4f}" for value in told.matrix),
        }
    return attributes
