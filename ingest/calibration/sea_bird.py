"""Sea-Bird sensors: coefficients and the equations from raw counts to engineering units.

References
----------
Sea-Bird Scientific, SBE 37-SM MicroCAT product manual, revision 043, and the calibration sheets it explains;
Application Note 42 (ITS-90 temperature); Application Note 73 (psia to decibars); Application Note 27Druck (pressure
offset).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ingest.errors import CalibrationError

Values = NDArray[np.float64]

DECIBAR_PER_PSI = 0.689476  # Application Note 73, February 2014: the maker's own digits
AIR_PRESSURE_PSI = 14.7  # the same note: what the maker subtracts to give sea pressure
ZERO_CELSIUS = 273.15


@dataclass(frozen=True)
class Coefficients:
    """Coefficients of one sensor; fields are the maker's names in lower case."""

    @classmethod
    def from_mapping(cls, given: Mapping[str, float | str], sensor: str) -> Self:
        """Take coefficients by the maker's names, in any case; further entries (dates, serial numbers) are left.

        Raises
        ------
        CalibrationError
            One is missing or is no finite number.
        """
        by_name = {name.lower(): value for name, value in given.items()}
        missing = [field.name.upper() for field in fields(cls) if field.name not in by_name]
        if missing:
            raise CalibrationError(
                f"{sensor} calibration lacks {', '.join(missing)}: give all its coefficients in the configuration"
            )
        return cls(**{field.name: _number(by_name[field.name], field.name, sensor) for field in fields(cls)})


def _number(value: float | str, name: str, sensor: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise CalibrationError(f"{sensor} calibration: {name.upper()} is {value!r}, a finite number was expected")
    return number


@dataclass(frozen=True)
class TemperatureCoefficients(Coefficients):
    """ITS-90 thermistor, calibration format TEMP1."""

    a0: float
    a1: float
    a2: float
    a3: float


@dataclass(frozen=True)
class ConductivityCoefficients(Coefficients):
    """Wien-bridge conductivity cell, calibration format WBCOND0; S/m, degrees Celsius, decibars."""

    g: float
    h: float
    i: float
    j: float
    pcor: float
    tcor: float
    wbotc: float


@dataclass(frozen=True)
class StrainPressureCoefficients(Coefficients):
    """Strain-gauge pressure sensor with its own temperature, calibration format STRAIN0; psia, offset in decibars."""

    pa0: float
    pa1: float
    pa2: float
    ptca0: float
    ptca1: float
    ptca2: float
    ptcb0: float
    ptcb1: float
    ptcb2: float
    ptempa0: float
    ptempa1: float
    ptempa2: float
    poffset: float


def temperature(counts: ArrayLike, coefficients: TemperatureCoefficients) -> Values:
    """Temperature from the counts of an SBE 37 or 39.

    Parameters
    ----------
    counts : integers, shape (n,)
        Raw counts.

    Returns
    -------
    ndarray of float64, shape (n,)
        Degrees Celsius, ITS-90; NaN where the equation has no value, as for 0 counts.

    References
    ----------
    SBE 37-SM manual, calibration sheet "temperature": 1 / (a0 + a1 ln n + a2 ln^2 n + a3 ln^3 n) - 273.15.
    """
    with np.errstate(all="ignore"):
        log = np.log(np.asarray(counts, dtype=np.float64))
        c = coefficients
        # Of 0 counts the polynomial is infinite, and its inverse would pass for absolute zero.
        polynomial = finite(c.a0 + log * (c.a1 + log * (c.a2 + log * c.a3)))
        return finite(1.0 / polynomial - ZERO_CELSIUS)


def seacat_temperature_resistance(counts: ArrayLike) -> Values:
    """Thermistor resistance from the counts of a SEACAT 16plus or 19plus, to be given to `temperature`, shape (n,).

    References
    ----------
    SBE 16plus V2 manual, calibration sheet "temperature": mv = (n - 524288) / 1.6e7;
    r = (2.9e9 mv + 1.024e8) / (2.048e4 - 2e5 mv).
    """
    with np.errstate(all="ignore"):
        millivolt = (np.asarray(counts, dtype=np.float64) - 524_288.0) / 1.6e7
        return finite((millivolt * 2.9e9 + 1.024e8) / (2.048e4 - millivolt * 2e5))


@dataclass(frozen=True)
class QuartzPressureCoefficients(Coefficients):
    """Digiquartz pressure sensor, calibration format QUARTZ0; psia, offset in decibars. A SEACAT's header has no T5."""

    pc1: float
    pc2: float
    pc3: float
    pd1: float
    pd2: float
    pt1: float
    pt2: float
    pt3: float
    pt4: float
    pt5: float
    pslope: float
    poffset: float


def quartz_sensor_temperature(volts: Values) -> Values:
    """Temperature inside a SEACAT's Digiquartz, degrees Celsius, from its compensation voltage, shape (n,).

    References
    ----------
    SBE 16plus V2 manual, raw data format of the quartz pressure sensor: 23.7 (v + 9.7917) - 273.15.
    """
    return 23.7 * (volts + 9.7917) - ZERO_CELSIUS


def quartz_pressure(
    frequency: Values, sensor_temperature: Values, coefficients: QuartzPressureCoefficients
) -> Values:
    """Sea pressure from the frequency of a Digiquartz.

    Parameters
    ----------
    frequency : ndarray of float64, shape (n,)
        Hertz.
    sensor_temperature : ndarray of float64, shape (n,)
        Degrees Celsius.

    Returns
    -------
    ndarray of float64, shape (n,)
        Decibars, without the 14.7 psi of air that the maker assumes.

    References
    ----------
    SBE 16plus V2 manual, calibration sheet of the Digiquartz: with period T in microseconds, C = c1 + c2 u + c3 u^2,
    D = d1 + d2 u and T0 = t1 + t2 u + t3 u^2 + t4 u^3 + t5 u^4: psia = C (1 - T0^2/T^2) (1 - D (1 - T0^2/T^2)).
    Slope and offset act on decibars, as in the maker's own library (seabirdscientific 3.1, digiquartz).
    """
    with np.errstate(all="ignore"):
        u, c = sensor_temperature, coefficients
        ratio = (c.pt1 + u * (c.pt2 + u * (c.pt3 + u * (c.pt4 + u * c.pt5)))) * frequency / 1e6
        part = 1.0 - ratio * ratio
        psia = (c.pc1 + u * (c.pc2 + u * c.pc3)) * part * (1.0 - (c.pd1 + u * c.pd2) * part)
        return finite((psia - AIR_PRESSURE_PSI) * DECIBAR_PER_PSI * c.pslope + c.poffset)


def pressure_sensor_temperature(counts: ArrayLike, coefficients: StrainPressureCoefficients) -> Values:
    """Temperature inside a strain-gauge pressure sensor, degrees Celsius, from its counts, shape (n,)."""
    with np.errstate(all="ignore"):
        n = np.asarray(counts, dtype=np.float64)
        c = coefficients
        return finite(c.ptempa0 + n * (c.ptempa1 + n * c.ptempa2))


def strain_pressure(counts: ArrayLike, sensor_temperature: Values, coefficients: StrainPressureCoefficients) -> Values:
    """Sea pressure from the counts of a strain gauge.

    Parameters
    ----------
    counts : integers, shape (n,)
        Raw counts, the sensor's temperature effect included.
    sensor_temperature : ndarray of float64, shape (n,)
        Degrees Celsius, from `pressure_sensor_temperature`.

    Returns
    -------
    ndarray of float64, shape (n,)
        Decibars, without the 14.7 psi of air that the maker assumes, with the offset set in the instrument.

    References
    ----------
    SBE 37-SM manual, calibration sheet "pressure": x = n - ptca0 - ptca1 t - ptca2 t^2;
    y = x ptcb0 / (ptcb0 + ptcb1 t + ptcb2 t^2); psia = pa0 + pa1 y + pa2 y^2. To decibars: Application Note 73;
    offset in decibars, added: Application Note 27Druck.
    """
    with np.errstate(all="ignore"):
        t = sensor_temperature
        c = coefficients
        x = np.asarray(counts, dtype=np.float64) - c.ptca0 - t * (c.ptca1 + t * c.ptca2)
        y = x * c.ptcb0 / (c.ptcb0 + t * (c.ptcb1 + t * c.ptcb2))
        psia = c.pa0 + y * (c.pa1 + y * c.pa2)
        return finite((psia - AIR_PRESSURE_PSI) * DECIBAR_PER_PSI + c.poffset)


@dataclass(frozen=True)
class OxygenThermistorCoefficients(Coefficients):
    """Thermistor of an SBE 63 oxygen sensor."""

    ta0: float
    ta1: float
    ta2: float
    ta3: float


def oxygen_thermistor_temperature(volts: Values, coefficients: OxygenThermistorCoefficients) -> Values:
    """Degrees Celsius from the volts of an SBE 63's thermistor; NaN where the equation has no value, shape (n,).

    References
    ----------
    SBE 63 manual: L = ln(100000 v / (3.3 - v)); 1 / (ta0 + ta1 L + ta2 L^2 + ta3 L^3) - 273.15.
    """
    with np.errstate(all="ignore"):
        log = np.log(100_000.0 * volts / (3.3 - volts))
        c = coefficients
        polynomial = finite(c.ta0 + log * (c.ta1 + log * (c.ta2 + log * c.ta3)))
        return finite(1.0 / polynomial - ZERO_CELSIUS)


def conductivity(
    frequency: ArrayLike, temperature: Values, pressure: Values | float, coefficients: ConductivityCoefficients
) -> Values:
    """Conductivity from the frequency of an SBE 37 cell.

    Parameters
    ----------
    frequency : float64, shape (n,)
        Hertz.
    temperature : ndarray of float64, shape (n,)
        Degrees Celsius.
    pressure : ndarray of float64, shape (n,), or one number
        Decibars.

    Returns
    -------
    ndarray of float64, shape (n,)
        S/m.

    References
    ----------
    SBE 37-SM manual, calibration sheet "conductivity": f = Hz sqrt(1 + wbotc t) / 1000;
    (g + h f^2 + i f^3 + j f^4) / (1 + tcor t + pcor p).
    """
    with np.errstate(all="ignore"):
        c = coefficients
        f = np.asarray(frequency, dtype=np.float64) * np.sqrt(1.0 + c.wbotc * temperature) / 1000.0
        polynomial = c.g + f * f * (c.h + f * (c.i + f * c.j))
        return finite(polynomial / (1.0 + c.tcor * temperature + c.pcor * pressure))


def finite(values: Values) -> Values:
    """NaN for what is infinite: there is no value either way."""
    return np.where(np.isfinite(values), values, np.nan)
