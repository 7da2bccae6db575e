"""Sea-Bird SeaFET and SeapHOx V2: from raw counts to pH on the total scale, and the state of the housing.

References
----------
Sea-Bird Scientific, Application Note 99: calculating pH from the Deep SeapHOx and SeaFET V2; Johnson et al. (2017),
Processing BGC-Argo pH data at the DAC level; Dickson et al. (2007), Guide to best practices for ocean CO2 measurements;
Khoo et al. (1977), Analytical Chemistry 49, 29-34; Millero (1983), Chemical Oceanography 8, 1-88.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ingest.calibration.sea_bird import ZERO_CELSIUS, Coefficients, finite

Values = NDArray[np.float64]

GAS_CONSTANT = 8.3144621  # J mol-1 K-1, the maker's own digits
FARADAY = 96485.365  # C mol-1
CONVERTER_VOLTS = 2.5  # reference of the 24-bit converter; half its range is zero


@dataclass(frozen=True)
class ThermistorCoefficients(Coefficients):
    """Thermistor at the pH sensor, calibration format TEMP2."""

    tdfa0: float
    tdfa1: float
    tdfa2: float
    tdfa3: float


@dataclass(frozen=True)
class InternalCoefficients(Coefficients):
    """Internal reference, calibration format PH1."""

    kdf0: float
    kdf2: float


@dataclass(frozen=True)
class ExternalCoefficients(Coefficients):
    """External reference, calibration format PH1; the pressure response is apart (`pressure_response`)."""

    k0: float
    k2: float


def pressure_response(given: Mapping[str, float | str]) -> tuple[float, ...]:
    """Coefficients F1, F2 ... of the response to pressure in decibars; none for a sensor without."""
    by_name = {name.lower(): value for name, value in given.items()}
    names = [f"f{order}" for order in range(1, 10)]
    return tuple(float(by_name.get(name, 0.0)) for name in names) if any(name in by_name for name in names) else ()


def electrode_volts(counts: ArrayLike) -> Values:
    """Volts from the counts of the 24-bit converter, shape (n,)."""
    return (np.asarray(counts, dtype=np.float64) / 2.0**23 - 1.0) * CONVERTER_VOLTS


def sensor_temperature(counts: ArrayLike, coefficients: ThermistorCoefficients) -> Values:
    """Degrees Celsius from the counts of the thermistor; NaN where the equation has no value, shape (n,)."""
    with np.errstate(all="ignore"):
        log = np.log(np.asarray(counts, dtype=np.float64))
        c = coefficients
        polynomial = finite(c.tdfa0 + log * (c.tdfa1 + log * (c.tdfa2 + log * c.tdfa3)))
        return finite(1.0 / polynomial - ZERO_CELSIUS)


def internal_ph(volts: Values, temperature: Values, coefficients: InternalCoefficients) -> Values:
    """PH on the total scale against the internal reference; volts and degrees Celsius of shape (n,)."""
    with np.errstate(all="ignore"):
        return finite((volts - coefficients.kdf0 - coefficients.kdf2 * temperature) / _nernst(temperature))


def external_ph(
    volts: Values,
    water: tuple[Values, ArrayLike, ArrayLike],
    coefficients: ExternalCoefficients,
    response: tuple[float, ...] = (),
) -> Values:
    """PH on the total scale against the external reference, which the chloride of the water sets.

    Parameters
    ----------
    volts : ndarray of float64, shape (n,)
        Of the external reference.
    water
        Temperature (degrees Celsius), practical salinity and sea pressure (decibars), each of shape (n,) or one number.
    response
        Coefficients of the sensor's response to pressure.

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where the equations have no value.
    """
    temperature, salinity, pressure = (np.asarray(part, dtype=np.float64) for part in water)
    with np.errstate(all="ignore"):
        bar = pressure / 10.0
        kelvin = temperature + ZERO_CELSIUS
        powers = sum((one * pressure ** (order + 1) for order, one in enumerate(response)), np.zeros_like(pressure))
        potential = (volts - coefficients.k0 - coefficients.k2 * temperature - powers) / _nernst(temperature)
        chloride = 0.99889 / 35.453 * salinity / 1.80655 / (1.0 - 1.005e-3 * salinity)
        sulfate = 0.14 / 96.062 * salinity / 1.80655
        activity = 2.0 * _log_activity(temperature, salinity, bar)
        water_mass = np.log10(1.0 - 1.005e-3 * salinity)
        bound = np.log10(1.0 + sulfate / _bisulfate_constant(kelvin, salinity, bar))
        return finite(potential + np.log10(chloride) + activity - water_mass - bound)


def _nernst(temperature: Values) -> Values:
    slope: Values = (temperature + ZERO_CELSIUS) * (GAS_CONSTANT * math.log(10.0) / FARADAY)
    return slope


def _ionic_strength(salinity: Values) -> Values:
    return 19.924 * salinity / (1000.0 - 1.005 * salinity)


def _log_activity(temperature: Values, salinity: Values, bar: Values) -> Values:
    """Decimal logarithm of the activity coefficient of HCl (Khoo et al. 1977), with pressure (Johnson et al. 2017)."""
    strength = _ionic_strength(salinity)
    root = np.sqrt(strength)
    slope = 3.4286e-6 * temperature**2 + 6.7524e-4 * temperature + 0.49172143
    at_surface = -slope * root / (1.0 + 1.394 * root) + (0.08885 - 1.11e-4 * temperature) * strength
    volume = 17.85 + 0.1044 * temperature - 1.316e-3 * temperature**2
    kelvin = temperature + ZERO_CELSIUS
    deeper: Values = at_surface + volume * bar / (np.log(10.0) * GAS_CONSTANT * kelvin * 10.0) / 2.0
    return deeper


def _bisulfate_constant(kelvin: Values, salinity: Values, bar: Values) -> Values:
    """Dissociation constant of HSO4- (Dickson et al. 2007), with pressure (Millero 1983)."""
    strength = _ionic_strength(salinity)
    log = np.log(kelvin)
    exponent = -4276.1 / kelvin + 141.328 - 23.093 * log
    exponent = exponent + (-13856.0 / kelvin + 324.57 - 47.986 * log) * np.sqrt(strength)
    exponent = exponent + (35474.0 / kelvin - 771.54 + 114.723 * log) * strength
    exponent = exponent - 2698.0 / kelvin * strength**1.5 + 1776.0 / kelvin * strength**2
    temperature = kelvin - ZERO_CELSIUS
    volume = -18.03 + 0.0466 * temperature + 3.16e-4 * temperature**2
    compressibility = (-4.53 + 0.09 * temperature) / 1000.0
    squeezed = (-volume * bar + 0.5 * compressibility * bar**2) / (GAS_CONSTANT * kelvin * 10.0)
    constant: Values = (1.0 - 1.005e-3 * salinity) * np.exp(exponent + squeezed)
    return constant


def housing_temperature(counts: ArrayLike) -> Values:
    """Degrees Celsius inside the housing, from 12-bit counts, shape (n,)."""
    return np.asarray(counts, dtype=np.float64) / 2.0**12 * 175.72 - 46.85


def housing_humidity(counts: ArrayLike, temperature: Values) -> Values:
    """Relative humidity inside the housing in percent, from 12-bit counts, corrected to its temperature, shape (n,)."""
    raw = np.asarray(counts, dtype=np.float64) / 2.0**12 * 125.0 - 6.0
    corrected = np.where((raw >= 0.0) & (raw < 119.0), raw - 0.15 * (25.0 - temperature), raw)
    return np.clip(corrected, 0.0, 100.0)
