"""What the channels of a WET Labs ECO measure, by the wavelength that stands before each count.

Both the logger's lines and the SIO blocks carry the instrument's own line: `MM/DD/YY<TAB>HH:MM:SS<TAB>700<TAB>counts
<TAB>695<TAB>counts<TAB>460<TAB>counts<TAB>thermistor`, with one pair for each channel. Counts are raw: scale factor and
dark counts are on the device sheet, not in the file.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.calibration.eco_device import SATURATION_COUNTS, Channel, from_counts
from ingest.dataset import Values
from ingest.reader import Calibration
from ingest.timecode import Times, from_fields

FLUORESCENCE = {695: "chlorophyll", 460: "cdom", 570: "phycoerythrin"}
"""Emission wavelengths, nm."""

SCATTERING = (412, 440, 470, 488, 510, 532, 595, 650, 660, 676, 700, 715, 880)
_ENGINEERING = {
    "chlorophyll": "chlorophyll_concentration",
    "cdom": "cdom_concentration",
    "phycoerythrin": "phycoerythrin_concentration",
}

Wavelengths = tuple[int, ...]


def channel_name(wavelength: int) -> str | None:
    """Name of what a channel measures; None for a wavelength that no ECO channel has."""
    if wavelength in FLUORESCENCE:
        return FLUORESCENCE[wavelength]
    return f"backscatter_{wavelength}nm" if wavelength in SCATTERING else None


def is_layout(wavelengths: Sequence[int]) -> bool:
    """Whether these are channels of an ECO: all known, none twice."""
    names = [channel_name(wavelength) for wavelength in wavelengths]
    return bool(names) and None not in names and len(set(names)) == len(names)


def variables(
    counts: NDArray[np.int64], thermistor: NDArray[np.int64], wavelengths: Wavelengths, calibration: Calibration | None
) -> dict[str, Values]:
    """Raw counts of every channel, and what they mean where the calibration has scale and dark of the channel.

    Parameters
    ----------
    counts : integers, shape (channels, n)
        In the order of `wavelengths`.
    thermistor : integers, shape (n,)
        Raw counts.
    wavelengths
        Of the channels, nm.
    calibration
        By sensor, as `eco_device.read_device_sheet` gives it; `turbidity` speaks of the channel of 700 nm in NTU.
    """
    given = {sensor.lower(): values for sensor, values in (calibration or {}).items()}
    held: dict[str, Values] = {}
    for place, wavelength in enumerate(wavelengths):
        name = channel_name(wavelength) or ""
        held[f"{name}_counts"] = counts[place].astype(np.int32)
        if name in given:
            channel = Channel.from_mapping(given[name], name)
            held[_ENGINEERING.get(name, name)] = from_counts(counts[place], channel)
        if wavelength == 700 and "turbidity" in given:
            held["turbidity"] = from_counts(counts[place], Channel.from_mapping(given["turbidity"], "turbidity"))
    held["thermistor_counts"] = thermistor.astype(np.int32)
    return held


def attributes(wavelengths: Wavelengths) -> dict[str, str]:
    """Attributes of the Dataset: the model, and how far counts go."""
    named = {f"{channel_name(one)}_wavelength_nm": str(one) for one in wavelengths}
    return {"instrument_model": "WET Labs ECO", "saturation_counts": str(SATURATION_COUNTS), **named}


def full_year(year: int) -> int:
    """Year of a clock that counts with two digits: instruments of this family are from after 1990."""
    return year + (1900 if year >= 90 else 2000)


def instrument_clock(fields: NDArray[np.int64]) -> tuple[Times, NDArray[np.bool_]]:
    """Time of the instrument's own clock from month, day, two-digit year, hour, minute, second; shape (6, n)."""
    month, day, year, hour, minute, second = fields
    # As `full_year`, for many.
    return from_fields((year + np.where(year >= 90, 1900, 2000), month, day), (hour, minute, second))


