"""Raw counts of Sea-Bird .hex samples to engineering units, with the coefficients of the header or of the user."""

from collections.abc import Mapping
from typing import Any

import gsw
import numpy as np
from numpy.typing import NDArray

from ingest.calibration import sea_bird, sea_bird_ph
from ingest.errors import CalibrationError
from ingest.reader import Calibration
from ingest.sea_bird import hex_voltages as sea_bird_hex_voltages
from ingest.sea_bird.header import Header
from ingest.sea_bird.hex_layouts import family

Columns = Mapping[str, NDArray[Any]]
Variables = dict[str, NDArray[Any]]

VOLTS_PER_COUNT = 1.0 / 13_107.0  # SBE 16plus V2 manual: of external voltages and compensation voltages
SENSORS = ("temperature", "conductivity", "pressure", "ph", "oxygen")


def convert(raw: Columns, header: Header, given: Calibration) -> Variables:
    """Turn the fields of samples into variables of the vocabulary.

    Parameters
    ----------
    raw
        Counts by field name, each of shape (n,).
    header
        Of the file.
    given
        Coefficients by sensor in lower case: the user's, else the header's.

    Raises
    ------
    CalibrationError
        Coefficients of a sensor are missing or are no numbers.
    """
    variables: Variables = {}
    if "temperature" in raw:
        variables |= _water(raw, header, given)
    channels = _channels(raw)
    variables |= channels
    variables |= sea_bird_hex_voltages.convert(channels, sea_bird_hex_voltages.sensors_of(tuple(raw), given), variables)
    if "oxygen_phase" in raw:
        variables |= _oxygen(raw, given)
    if "ph_external" in raw:
        variables |= _ph(raw, header, given, variables)
    return variables


def counts_of(raw: Columns) -> Variables:
    """Raw values of an instrument whose coefficients nobody gave: counts, and the cell's frequency in hertz."""
    names = {"temperature": "temperature_counts", "pressure": "pressure_counts"}
    names |= {"pressure_temperature": "pressure_temperature_counts"}
    variables = {name: raw[field] for field, name in names.items() if field in raw}
    if "conductivity" in raw:
        variables["conductivity_frequency"] = raw["conductivity"] / 256.0
    return variables


def _water(raw: Columns, header: Header, given: Calibration) -> Variables:
    seacat = family(header) == "SEACAT"
    variables: Variables = {"temperature": _temperature(raw, given, seacat)}
    if "pressure" in raw:
        variables |= _strain(raw, given, seacat)
    if "quartz_frequency" in raw:
        variables |= _quartz(raw, given)
    if "conductivity" in raw:
        pressure = variables["pressure"] if "pressure" in variables else _reference_pressure(header, given)
        variables["conductivity"] = _conductivity(raw, given, variables["temperature"], pressure, seacat)
    return variables


def _temperature(raw: Columns, given: Calibration, seacat: bool) -> NDArray[np.float64]:
    own = given.get("temperature", {})
    coefficients = sea_bird.TemperatureCoefficients.from_mapping(own, "temperature")
    counts = raw["temperature"]
    if not seacat:
        return sea_bird.temperature(counts, coefficients)
    resistance = sea_bird.seacat_temperature_resistance(counts)
    return sea_bird.temperature(resistance, coefficients) + _own(own, "toffset", 0.0)


def _strain(raw: Columns, given: Calibration, seacat: bool) -> Variables:
    own = {name.lower(): value for name, value in given.get("pressure", {}).items()}
    coefficients = sea_bird.StrainPressureCoefficients.from_mapping(own, "pressure")
    compensation = raw["pressure_temperature"] * (VOLTS_PER_COUNT if seacat else 1.0)
    inside = sea_bird.pressure_sensor_temperature(compensation, coefficients)
    pressure = sea_bird.strain_pressure(raw["pressure"], inside, coefficients)
    return {"pressure": pressure, "pressure_sensor_temperature": inside}


def _quartz(raw: Columns, given: Calibration) -> Variables:
    own = {"pt5": 0.0} | {name.lower(): value for name, value in given.get("pressure", {}).items()}
    coefficients = sea_bird.QuartzPressureCoefficients.from_mapping(own, "pressure")
    inside = sea_bird.quartz_sensor_temperature(raw["quartz_temperature"] * VOLTS_PER_COUNT)
    pressure = sea_bird.quartz_pressure(raw["quartz_frequency"] / 256.0, inside, coefficients)
    return {"pressure": pressure, "pressure_sensor_temperature": inside}


def _conductivity(
    raw: Columns,
    given: Calibration,
    temperature: NDArray[np.float64],
    pressure: NDArray[np.float64] | float,
    seacat: bool,
) -> NDArray[np.float64]:
    own: Mapping[str, float | str] = {name.lower(): value for name, value in given.get("conductivity", {}).items()}
    # The cell of a SEACAT has no term for the temperature of the Wien bridge: its calibration sheet names no WBOTC.
    if seacat:
        own = {"wbotc": 0.0, **own}
    coefficients = sea_bird.ConductivityCoefficients.from_mapping(own, "conductivity")
    # The instrument counts the cell's frequency in 1/256 Hz.
    frequency = raw["conductivity"] / 256.0
    return sea_bird.conductivity(frequency, temperature, pressure, coefficients) * _own(own, "cslope", 1.0)


def _own(given: Mapping[str, float | str], name: str, otherwise: float) -> float:
    """Return a correction that the user of the instrument may have set, such as an offset or a slope."""
    value = {key.lower(): one for key, one in given.items()}.get(name, otherwise)
    try:
        return float(value)
    except ValueError:
        raise CalibrationError(f"{name.upper()} is {value!r}, a number was expected") from None


def _reference_pressure(header: Header, given: Calibration) -> float:
    """Decibars for the conductivity cell's compression on an instrument without a pressure sensor."""
    by_name = {name.lower(): value for name, value in given.get("conductivity", {}).items()}
    value = by_name.get("reference_pressure", header.reference_pressure)
    try:
        return float(value if value is not None else "none")
    except ValueError:
        raise CalibrationError(
            f"no pressure sensor, and the reference pressure is {value!r}: conductivity needs the pressure of the "
            "deployment; give it in decibars as conductivity coefficient reference_pressure in the configuration"
        ) from None


def _channels(raw: Columns) -> Variables:
    """External voltages, serial sensors and positions of a SEACAT: SBE 16plus V2 and 19plus V2 manuals."""
    variables: Variables = {
        f"external_voltage_{n}": raw[f"volt_{n}"] * VOLTS_PER_COUNT for n in range(6) if f"volt_{n}" in raw
    }
    scales = {
        # field: variable, factor, offset
        "reference_temperature": ("reference_temperature", 1e-5, -10.0),
        "gas_pressure": ("dissolved_gas_pressure", 1e-4, 0.0),
        "gas_temperature": ("dissolved_gas_temperature", 1e-4, -10.0),
        "optode_oxygen": ("oxygen_concentration_uncompensated", 1e-4, -10.0),
    }
    for field, (name, factor, offset) in scales.items():
        if field in raw:
            variables[name] = raw[field] * factor + offset
    for channel in range(3):
        if f"wetlabs_{channel}" in raw:
            variables[f"optical_counts_{channel}"] = raw[f"wetlabs_{channel}"]
    if "latitude" in raw:
        variables |= _position(raw)
    return variables


def _position(raw: Columns) -> Variables:
    """Degrees from counts of 1/50000; bits 7 and 6 of the last byte say south and west."""
    south, west = raw["position_signs"] & 0x80, raw["position_signs"] & 0x40
    latitude, longitude = raw["latitude"] / 50_000.0, raw["longitude"] / 50_000.0
    return {"latitude": np.where(south, -latitude, latitude), "longitude": np.where(west, -longitude, longitude)}


def _oxygen(raw: Columns, given: Calibration) -> Variables:
    """Phase delay and thermistor of an SBE 63, in microseconds and volts (SBE 37-SMP-ODO manual, raw hex)."""
    variables: Variables = {
        "oxygen_phase_delay": raw["oxygen_phase"] / 100_000.0 - 10.0,
        "oxygen_sensor_voltage": raw["oxygen_thermistor"] / 1_000_000.0 - 1.0,
    }
    own = {name.lower(): value for name, value in given.get("oxygen", {}).items()}
    if "ta0" in own:
        coefficients = sea_bird.OxygenThermistorCoefficients.from_mapping(own, "oxygen")
        volts = variables["oxygen_sensor_voltage"]
        variables["oxygen_sensor_temperature"] = sea_bird.oxygen_thermistor_temperature(volts, coefficients)
    return variables


def _ph(raw: Columns, header: Header, given: Calibration, water: Variables) -> Variables:
    """PH on the total scale; a SeaFET takes the salinity it was told, a SeapHOx the one it measures."""
    own = given.get("ph", {})
    external = sea_bird_ph.electrode_volts(raw["ph_external"])
    variables: Variables = {"ph_external_voltage": external}
    temperature = water.get("temperature")
    if "ph_internal" in raw:
        thermistor = given.get("temperature", {}) if temperature is None else given.get("ph temperature", own)
        if temperature is None or "tdfa0" in {name.lower() for name in thermistor}:
            coefficients = sea_bird_ph.ThermistorCoefficients.from_mapping(thermistor, "pH temperature")
            temperature = sea_bird_ph.sensor_temperature(raw["ph_thermistor"], coefficients)
            variables["ph_sensor_temperature"] = temperature
        internal = sea_bird_ph.electrode_volts(raw["ph_internal"])
        variables["ph_internal_voltage"] = internal
        reference = sea_bird_ph.InternalCoefficients.from_mapping(own, "pH")
        variables["ph_internal"] = sea_bird_ph.internal_ph(internal, temperature, reference)
    if temperature is not None:
        variables["ph_external"] = _external(external, temperature, header, own, water)
    return variables | _housing(raw)


def _external(
    volts: NDArray[np.float64],
    temperature: NDArray[np.float64],
    header: Header,
    own: Mapping[str, float | str],
    water: Variables,
) -> NDArray[np.float64]:
    salinity: Any = {name.lower(): value for name, value in own.items()}.get("reference_salinity")
    pressure: NDArray[np.float64] | float = water.get("pressure", 0.0)
    if salinity is None and "conductivity" in water:
        with np.errstate(all="ignore"):
            salinity = gsw.SP_from_C(water["conductivity"] * 10.0, water["temperature"], pressure)
    elif salinity is None:
        salinity = header.reference_salinity
    if salinity is None or isinstance(salinity, str):
        salinity = _own({"reference_salinity": "none" if salinity is None else salinity}, "reference_salinity", 0.0)
    coefficients = sea_bird_ph.ExternalCoefficients.from_mapping(own, "pH")
    response = sea_bird_ph.pressure_response(own)
    return sea_bird_ph.external_ph(volts, (temperature, salinity, pressure), coefficients, response)


def _housing(raw: Columns) -> Variables:
    """Electrode checks as counts, temperature and humidity inside (two fields of 12 bits), error flags."""
    inside = sea_bird_ph.housing_temperature(raw["housing"] & 0xFFF)
    return {
        "ph_counter_voltage_counts": raw["ph_counter_volts"],
        "ph_substrate_current_counts": raw["ph_substrate_current"],
        "ph_counter_current_counts": raw["ph_counter_current"],
        "internal_temperature": inside,
        "internal_relative_humidity": sea_bird_ph.housing_humidity(raw["housing"] >> 12, inside),
        "sample_error_flags": raw["error_flags"],
    }
