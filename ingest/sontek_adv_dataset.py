"""SonTek ADV: raw fields of samples to engineering units."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest import pages
from ingest.compiled import compiled
from ingest.dataset import assemble
from ingest.matrices import Place, column
from ingest.pieces import Columns
from ingest.reader import Batch
from ingest.sontek_adv_layout import RATES_PER_HERTZ, Configuration, Layout
from ingest.sontek_dataset import Variables
from ingest.text import Bytes

_FRAMES = {0: "beam", 1: "instrument", 2: "earth"}
_ORIENTATIONS = {0: "down", 1: "up", 2: "side"}
_EARTH = ("eastward_velocity", "northward_velocity", "upward_velocity")
_BEAM_COMMENT = "along the beams of the probe, as recorded: the manual does not say which direction is positive"


def dataset_of(batch: Batch, layout: Layout, told: Configuration | None) -> xr.Dataset:
    """Turn samples of one layout into a Dataset, velocities in the frame in which they were stored.

    Parameters
    ----------
    batch
        The bytes of each sample (`raw`), `time`, and what `burst_variables` gives.
    layout
        Of all of them.
    told
        The file's configuration; what it says is not installed has no variable.
    """
    raw = batch.columns["raw"]
    variables: Variables = _velocity(raw, layout)
    variables |= {name: values for name, values in batch.columns.items() if name not in ("raw", "time")}
    variables |= _sensors(raw, layout, told)
    dataset = assemble(batch, variables, batch.columns["time"], _attributes(layout, told), _coordinates(layout))
    if "unreferenced_velocity" in dataset.variables and layout.coordinates == 0:
        dataset.variables["unreferenced_velocity"].attrs["comment"] = _BEAM_COMMENT
    return dataset


def burst_variables(header: Columns) -> Columns:
    """What the headers of bursts say, in the vocabulary's units: once a burst, before it is given to each sample."""
    found = {"burst_number": header["number"].astype(np.int64), "sound_speed": header["sound_speed"] / 10.0}
    for name in ("probe", "volume"):
        steps = header[f"{name}_boundary"]  # 0.1 mm; negative where no boundary was found
        found[f"{name}_boundary_distance"] = np.where(steps < 0, np.nan, steps / 10_000)
    return found


def _velocity(raw: Bytes, layout: Layout) -> Variables:
    places = layout.places
    metres = _values(raw, places["velocity"], factor=layout.velocity_step)
    echo, correlation = column(raw, places["amplitude"]), column(raw, places["correlation"])
    found: Variables
    if echo.ndim == 2:
        found = {"echo_intensity": (("beam",), echo), "correlation_percent": (("beam",), correlation)}
    else:
        found = {"mean_echo_intensity": echo, "mean_correlation": correlation}
    if layout.coordinates == 2:
        return found | {name: metres[:, place] for place, name in enumerate(_EARTH)}
    name = "instrument_velocity" if layout.coordinates == 1 else "unreferenced_velocity"
    return found | {name: (("axis" if layout.coordinates == 1 else "component",), metres)}


def _sensors(raw: Bytes, layout: Layout, told: Configuration | None) -> Variables:
    places = layout.places
    found: Variables = {}
    if "attitude" in places and (told is None or told.compass):
        degrees = _values(raw, places["attitude"], divisor=10.0)
        found |= {name: degrees[:, place] for place, name in enumerate(("heading", "pitch", "roll"))}
    if "temperature" in places and (told is None or told.thermometer):
        found["transducer_temperature"] = _values(raw, places["temperature"], divisor=100.0)[:, 0]
    if "pressure" in places:
        counts = pages.empty(len(raw), np.int32)
        counts[...] = column(raw, places["pressure"])
        found["pressure_counts"] = counts
        if told is not None and told.pressure:
            decibars = np.multiply(counts, told.pressure_square * 1e-11, out=pages.empty(len(raw), np.float64))
            decibars += told.pressure_scale * 1e-8
            decibars *= counts
            decibars += told.pressure_offset * 1e-5
            found["pressure"] = decibars
    if "analog" in places:
        analog = column(raw, places["analog"]).astype(np.int32)
        found |= {f"analog_input_{place + 1}": analog[:, place] for place in range(2)}
    if "external_pressure" in places:
        low, middle, high = column(raw, places["external_pressure"]).astype(np.int32).T
        found["external_pressure_counts"] = low + (middle << 8) + (high << 16)
    return found


def _values(raw: Bytes, place: Place, *, factor: float = 1.0, divisor: float = 1.0) -> NDArray[np.float64]:
    """Signed 16-bit counts of a field, times the factor or by the divisor, shape (n, count)."""
    values = pages.empty((len(raw), place.size // 2), np.float64)
    _scale(raw, place.start, values, factor, divisor)
    return values


@compiled
def _scale(raw: Bytes, start: int, values: NDArray[np.float64], factor: float, divisor: float) -> None:
    # Unsigned places: no look at whether each counts from the end, which took a quarter of the time.
    held, at, skip = raw.reshape(-1), np.uint64(start), np.uint64(raw.shape[1] - 2 * values.shape[1])
    for row in range(values.shape[0]):
        for part in range(values.shape[1]):
            count = np.int16(held[at] | held[at + _ONE] << 8)
            values[row, part] = np.divide(count * factor, divisor)
            at += _TWO
        at += skip


_ONE, _TWO = np.uint64(1), np.uint64(2)


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
