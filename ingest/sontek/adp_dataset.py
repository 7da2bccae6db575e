"""SonTek ADP and PC-ADP: raw fields of profiles to engineering units."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest import pages
from ingest.binary.matrices import bytes_of
from ingest.compiled import compiled
from ingest.dataset import assemble
from ingest.reader import Batch
from ingest.sontek.adp_layout import Configuration, Layout
from ingest.text import Bytes

Variables = dict[str, NDArray[Any] | tuple[tuple[str, ...], NDArray[Any]]]

BAD_VELOCITY, BAD_QUALITY = 9999, 255
"""What a PC-ADP writes where no pair of pulses correlates (seen in all cells of corpus oce_adp_sontek.adp, in air)."""

_NONE = np.float32(np.nan)

_FRAMES = {0: "beam", 1: "instrument", 2: "earth"}
_VELOCITIES = {0: "outward_beam_velocity", 1: "instrument_velocity"}
_ORIENTATIONS = {0: "down", 1: "up", 2: "side"}
_EARTH = ("eastward_velocity", "northward_velocity", "upward_velocity")
_SIGNS = {
    0: "positive away from the transducer, along each beam: the file's matrix makes upward velocity of positive beams",
    1: "along `axis`: X, Y, Z of the instrument",
}


def _metres(raw: NDArray[np.int16], quality: NDArray[np.uint8], layout: Layout) -> NDArray[np.float32]:
    """Velocities in m/s, cells by components; NaN where the instrument marks them."""
    count = layout.beams * layout.cells
    metres = pages.empty((len(raw), count), np.float32)
    counts, stride = bytes_of(raw, 2 * count)
    marks, spacing = bytes_of(quality, count)
    # The maker's unit is 1 mm/s, of a PC-ADP 0.1 mm/s.
    steps = np.float32(10_000 if layout.coherent else 1000)
    _divide(counts, stride, steps, metres)
    if layout.coherent:
        _mark(counts, stride, marks, spacing, metres)
    return np.swapaxes(metres.reshape(raw.shape), 1, 2)


@compiled
def _divide(counts: Bytes, stride: int, steps: np.float32, metres: NDArray[np.float32]) -> None:
    """Fill `metres`, shape (n, size), from 16-bit counts that lie `stride` bytes apart from record to record."""
    records, size = metres.shape
    for row in range(records):
        held = counts[row * stride : row * stride + 2 * size]
        for place in range(size):
            count = np.int16(held[2 * place] | held[2 * place + 1] << 8)
            metres[row, place] = np.float32(np.divide(np.float32(count), steps))


@compiled
def _mark(counts: Bytes, stride: int, marks: Bytes, spacing: int, metres: NDArray[np.float32]) -> None:
    """Leave out velocities where no pair of pulses correlates."""
    records, size = metres.shape
    low, high = BAD_VELOCITY & 0xFF, BAD_VELOCITY >> 8
    for row in range(records):
        held = counts[row * stride : row * stride + 2 * size]
        quality = marks[row * spacing : row * spacing + size]
        for place in range(size):
            bad = (held[2 * place] == low) & (held[2 * place + 1] == high) & (quality[place] == BAD_QUALITY)
            metres[row, place] = _NONE if bad else metres[row, place]


def dataset_of(batch: Batch, layout: Layout, told: Configuration | None) -> xr.Dataset:
    """Turn profiles of one layout into a Dataset, velocities in the frame in which they were stored.

    Parameters
    ----------
    batch
        Raw columns, with `time`.
    layout
        Of all of them.
    told
        The file's configuration; what it says is not installed has no variable.
    """
    columns = batch.columns
    variables = _cells(columns, layout) | _header(columns, layout, told)
    dataset = assemble(batch, variables, columns["time"], _attributes(layout, told), _coordinates(layout))
    for name, comment in _comments(layout, told).items():
        if name in dataset.variables:
            dataset.variables[name].attrs["comment"] = comment
    return dataset


def _cells(columns: Mapping[str, NDArray[Any]], layout: Layout) -> Variables:
    raw, quality = columns["velocity"], columns["quality"]
    metres = _metres(raw, quality, layout)
    component = "beam" if layout.coordinates == 0 else "axis"
    found: Variables = {"echo_intensity": (("cell", "beam"), np.swapaxes(columns["amplitude"], 1, 2))}
    if layout.coordinates == 2 and layout.beams == len(_EARTH):
        found |= {name: (("cell",), metres[:, :, place]) for place, name in enumerate(_EARTH)}
    else:
        name = _VELOCITIES.get(layout.coordinates, "unreferenced_velocity")
        found[name] = (("cell", component), metres)
    if layout.coherent:
        found["correlation_percent"] = (("cell", "beam"), np.swapaxes(quality, 1, 2))
        found["boundary_range"] = (("beam",), columns["range"] / 1000.0)
        found["resolving_velocity"] = (("beam",), columns["resolving_velocity"] / 1000.0)
        found["resolving_correlation"] = (("beam",), columns["resolving_correlation"])
    else:
        found["velocity_standard_deviation"] = (("cell", component), np.swapaxes(quality, 1, 2))
    return found


def _header(columns: Mapping[str, NDArray[Any]], layout: Layout, told: Configuration | None) -> Variables:
    found: Variables = {
        "ensemble_number": columns["number"].astype(np.int64),
        "pings_averaged": columns["pings"].astype(np.int32),
        "sound_speed": columns["sound_speed"] / 10.0,
        "pressure_counts": columns["pressure"].astype(np.int32),
    }
    if told is None or told.compass:
        for name in ("heading", "pitch", "roll"):
            found[name] = columns[name] / 10.0
            found[f"{name}_standard_deviation"] = columns[f"{name}_deviation"] / 10.0
    if told is None or told.thermometer:
        found["transducer_temperature"] = columns["temperature"] / 100.0
        found["transducer_temperature_standard_deviation"] = columns["temperature_deviation"] / 100.0
    # A PC-ADP stores the raw frequency of some sensors in place of counts.
    if told is not None and told.pressure and not layout.coherent:
        decibars = told.pressure_scale * 1e-8
        found["pressure"] = columns["pressure"] * decibars + told.pressure_offset * 1e-5
        found["pressure_standard_deviation"] = columns["pressure_deviation"] * decibars
    return found


def _coordinates(layout: Layout) -> dict[str, xr.Variable]:
    beams = np.arange(1, layout.beams + 1, dtype=np.int8)
    # ADP Software Manual, page 17: the middle of cell n is n cells beyond the blanking.
    distance = (layout.blanking + layout.cell_size * np.arange(1, layout.cells + 1)) / 100.0
    attributes = {"units": "m", "long_name": "Distance of the middle of the cell from the transducer, vertically"}
    found = {
        "beam": xr.Variable("beam", beams, {"long_name": "Number of the beam"}),
        "cell_distance": xr.Variable("cell", distance, attributes),
    }
    if layout.coordinates:
        axis = "east, north, up" if layout.coordinates == 2 else "X, Y, Z of the instrument"
        found["axis"] = xr.Variable("axis", beams, {"long_name": axis})
    return found


def _comments(layout: Layout, told: Configuration | None) -> dict[str, str]:
    magnetic = "north is the compass's: the files are never turned by a declination (ADP Software Manual, page 8)"
    comments = {
        "eastward_velocity": magnetic,
        "northward_velocity": magnetic,
        "echo_intensity": "one count is 0.43 dB",
        "correlation_percent": "255 where no pair of pulses correlates",
        "resolving_correlation": "255 where no pair of pulses correlates",
    }
    if layout.coordinates in _SIGNS:
        comments[_VELOCITIES[layout.coordinates]] = _SIGNS[layout.coordinates]
    if told is None:
        unsaid = "the file has no configuration: 0 where the sensor is not installed"
        comments |= dict.fromkeys(("heading", "pitch", "roll", "transducer_temperature"), unsaid)
    return comments


def _attributes(layout: Layout, told: Configuration | None) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "instrument_model": "SonTek PC-ADP" if layout.coherent else "SonTek ADP",
        "orientation": _ORIENTATIONS.get(layout.orientation, f"code {layout.orientation}"),
        "coordinate_system": _FRAMES.get(layout.coordinates, f"code {layout.coordinates}"),
        "cell_size_m": layout.cell_size / 100,
        "blank_distance_m": layout.blanking / 100,
        "temperature_of_sound_speed": "measured" if layout.measured_temperature else "as set",
        "ensemble_time": "start",
        "ensemble_time_evidence": "SonTek, ADP Software Manual, version 6.42, page 16: start of the averaging interval",
    }
    if layout.coherent:
        attributes["cell_size_comment"] = "in whole centimetres, rounded down by the instrument"
        # Profiles of corpus oce_adp_sontek.adp, whose header says 100, follow each other after 10 s.
        attributes["averaging_setting"] = layout.averaging
    else:
        attributes["averaging_seconds"] = layout.averaging
    if told is not None:
        attributes |= {
            "serial_number": told.serial,
            "firmware": told.firmware,
            "beam_angle_degree": told.beam_angle,
            "transformation_matrix": " ".join(f"{value:.4f}" for value in told.matrix),
        }
        attributes |= {} if told.frequency is None else {"frequency_kHz": told.frequency}
    return attributes
