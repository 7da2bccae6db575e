"""Names, times and numbers of NetCDF files after CF, as IMOS and OceanSITES write them.

References
----------
CF conventions 1.11 (4.4 time coordinate, 8.1 packed data). IMOS NetCDF conventions 1.4; OceanSITES data format
reference manual 1.4: parameter codes and quality flags.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest import pages
from ingest.errors import DecodeError
from ingest.timecode import Times, from_fields

STANDARD_NAMES: Mapping[str, str] = {
    "sea_water_temperature": "temperature",
    "sea_water_electrical_conductivity": "conductivity",
    "sea_water_conductivity": "conductivity",  # no CF name, written by real files (OS_wb2_9_201114_3216_P.nc)
    "sea_water_practical_salinity": "practical_salinity",
    "sea_water_salinity": "practical_salinity",
    "sea_water_pressure_due_to_sea_water": "pressure",
    "sea_water_pressure": "absolute_pressure",
    "depth": "depth",
    "mole_concentration_of_dissolved_molecular_oxygen_in_sea_water": "oxygen_concentration",
    "moles_of_oxygen_per_unit_mass_in_sea_water": "oxygen_content",
    "fractional_saturation_of_oxygen_in_sea_water": "oxygen_saturation",
    "sea_water_turbidity": "turbidity",
    "mass_concentration_of_chlorophyll_in_sea_water": "chlorophyll_concentration",
    "mass_concentration_of_chlorophyll_a_in_sea_water": "chlorophyll_concentration",
    "eastward_sea_water_velocity": "eastward_velocity",
    "northward_sea_water_velocity": "northward_velocity",
    "upward_sea_water_velocity": "upward_velocity",
    "sea_water_speed": "current_speed",
    "sea_water_velocity_to_direction": "current_direction",
    "direction_of_sea_water_velocity": "current_direction",
    "speed_of_sound_in_sea_water": "sound_speed",
    "sea_water_density": "density",
    "sea_water_potential_temperature": "potential_temperature",
    "sea_water_sigma_theta": "sigma_theta",
    "sea_water_ph_reported_on_total_scale": "ph_internal",
    "latitude": "latitude",
    "longitude": "longitude",
}

CODES: Mapping[str, str] = {
    "TEMP": "temperature", "CNDC": "conductivity", "PSAL": "practical_salinity", "PRES_REL": "pressure",
    "PRES": "absolute_pressure", "DEPTH": "depth", "DOX": "oxygen_concentration", "DOX1": "oxygen_concentration",
    "DOXY": "oxygen_concentration", "DOX2": "oxygen_content", "DOXS": "oxygen_saturation", "TURB": "turbidity",
    "CPHL": "chlorophyll_concentration", "CHLF": "chlorophyll_concentration", "CHLU": "chlorophyll_concentration",
    "FLU2": "chlorophyll_fluorescence", "UCUR": "eastward_velocity", "VCUR": "northward_velocity",
    "WCUR": "upward_velocity", "CSPD": "current_speed", "CDIR": "current_direction", "SSPD": "sound_speed",
    "LATITUDE": "latitude", "LONGITUDE": "longitude", "LAT": "latitude", "LON": "longitude",
    "HEADING": "heading", "PITCH": "pitch", "ROLL": "roll",
}  # fmt: skip

_STATISTIC = re.compile(r"_(min|max|std|count|mean|median|number|sd)$", re.IGNORECASE)
FLAGS_OF = re.compile(r"(.+?)_(?:quality_control|QC|qc|flag)$")

_UNIT_US = {"day": 86_400e6, "hour": 3600e6, "minute": 60e6, "second": 1e6, "millisecond": 1e3, "microsecond": 1.0}
_SHORT = {"d": "day", "h": "hour", "hr": "hour", "min": "minute", "s": "second", "sec": "second", "ms": "millisecond"}
_SINCE = re.compile(
    r"\s*(\w+?)s?\s+since\s+(\d{1,4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d*)?)?)?"
    r"\s*(?:Z|UTC|GMT|([+-])(\d\d):?(\d\d))?\s*",
    re.IGNORECASE,
)
_CALENDARS = ("standard", "gregorian", "proleptic_gregorian")


def vocabulary_name(name: str, standard_name: str) -> str | None:
    """Our name of a variable, by its standard name or its code; None for statistics and what is not known."""
    if _STATISTIC.search(name) or FLAGS_OF.fullmatch(name):
        return None
    return STANDARD_NAMES.get(standard_name.strip()) or CODES.get(name.upper())


def to_times(values: NDArray[Any], units: str, calendar: str) -> Times:
    """Times of a CF time coordinate; NaT where there is none.

    Floats of days are good to a microsecond at best and are rounded to the millisecond.

    Raises
    ------
    DecodeError
        The unit or the calendar is not one of an instrument's clock.
    """
    match = _SINCE.fullmatch(units)
    if match is None or calendar.lower() not in _CALENDARS:
        raise DecodeError(f"time is in {units!r} of calendar {calendar!r}: a unit since a date was expected")
    word = match[1].lower()
    scale = _UNIT_US.get(_SHORT.get(word, word))
    year, month, day, hour, minute, second = (int(match[place] or 0) for place in range(2, 8))
    epoch, valid = from_fields(([year], [month], [day]), ([hour], [minute], [second]))
    if scale is None or not valid[0]:
        raise DecodeError(f"time is in {units!r}: a unit since a date was expected")
    zone = (int(match[9]) * 60 + int(match[10])) * (-1 if match[8] == "-" else 1) if match[8] else 0
    start = epoch - np.timedelta64(zone, "m")
    times: Times = pages.empty(values.shape, "datetime64[us]")
    for first in range(0, len(values), _BLOCK):
        times[first : first + _BLOCK] = start + _microseconds(values[first : first + _BLOCK], scale)
    return times


def _microseconds(values: NDArray[Any], scale: float) -> NDArray[np.timedelta64]:
    with np.errstate(invalid="ignore", over="ignore"):  # a damaged number may be any: too large is left out
        elapsed = values.astype(np.float64) * scale
        if values.dtype.kind in "iu":
            whole = values.astype(np.int64) * int(scale)
        else:
            step = 1000.0 if scale > 1e6 else 1.0
            whole = (np.rint(elapsed / step) * step).astype(np.int64)
    # Within a thousand years of the epoch; anything else is a fill value or damage.
    good = np.isfinite(elapsed) & (np.abs(elapsed) < 1000 * 365.25 * 86_400e6)
    return np.where(good, whole.astype("timedelta64[us]"), np.timedelta64("NaT", "us"))


def physical(raw: NDArray[Any], attributes: Mapping[str, Any]) -> NDArray[np.float64]:
    """Unpack stored numbers: missing ones to NaN, then scale and offset.

    Raises
    ------
    DecodeError
        The scale or the offset is no finite number.
    """
    missing = [one for name in ("_FillValue", "missing_value") for one in _numbers(attributes.get(name, ()))]
    linear = _constant(attributes, "scale_factor", 1.0), _constant(attributes, "add_offset", 0.0)
    values: NDArray[np.float64] = pages.empty(raw.shape, np.float64)
    stored, unpacked = raw.reshape(-1), values.reshape(-1)
    sizes = np.empty(min(raw.size, _BLOCK), np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # numbers may be any, signalling NaN among them
        for start in range(0, raw.size, _BLOCK):
            _unpack(stored[start : start + _BLOCK], unpacked[start : start + _BLOCK], missing, linear, sizes)
    return values


_LARGEST = 9.9e36
"""NetCDF's own fill values are above it; so that no conversion of units makes an infinite number of one below."""

_BLOCK = 16_384
"""Values unpacked at once: what is needed in between stays in the processor's cache."""


def _numbers(given: Any) -> list[Any]:
    """Numbers that a stored one can be equal to: NaN is equal to none, and missing as it is."""
    return [one for one in np.atleast_1d(np.asarray(given)) if one.dtype.kind in "fiu" and not np.isnan(one)]


def _unpack(
    raw: NDArray[Any],
    values: NDArray[np.float64],
    missing: list[Any],
    linear: tuple[float, float],
    sizes: NDArray[np.float64],
) -> None:
    scale, offset = linear
    values[:] = raw
    for one in missing:
        values[raw == one] = np.nan
    if raw.dtype.kind == "f":
        _leave_out_large(values, sizes)
    if scale != 1.0:
        values *= scale
    values += offset  # of zero as well: it makes -0 a 0
    if scale != 1.0 or offset != 0.0:  # else nothing has grown, and no integer of 64 bits is so large
        _leave_out_large(values, sizes)


def _leave_out_large(values: NDArray[np.float64], sizes: NDArray[np.float64]) -> None:
    """Make NaN of what is too large; `sizes` is room for as many numbers."""
    values[np.abs(values, out=sizes[: values.size]) > _LARGEST] = np.nan


def _constant(attributes: Mapping[str, Any], name: str, default: float) -> float:
    given = np.asarray(attributes.get(name, default))
    if given.size != 1 or given.dtype.kind not in "fiu" or not np.isfinite(given.item()):
        raise DecodeError(f"{name} is {given.tolist()!r}: one finite number was expected")
    return float(given.item())
