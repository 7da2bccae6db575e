"""Sensors on the external voltages of a Sea-Bird CTD: coefficients and the equations from volts to what is measured.

References
----------
Sea-Bird Scientific, Application Note 64 (SBE 43 oxygen; appendix A: solubility), Application Notes 61 and 62 (WET Labs
fluorometers and ECO sensors: scale factor and dark voltage), Application Note 91 (C-Star), Application Note 18-1 (SBE
18 pH), Application Note 95 (altimeters), Application Note 11General (PAR sensors); Seasave manual, "Calibration
Coefficients for Voltage Sensors".
"""

from dataclasses import dataclass

import numpy as np

from ingest.calibration.sea_bird import ZERO_CELSIUS, Coefficients, Values

MICROMOLE_PER_MILLILITRE = 44.66  # Application Note 64, as in converted files

# Application Note 64, appendix A: Garcia and Gordon (1992), ml/l, after Benson and Krause.
_SOLUBILITY_T = (2.00907, 3.22014, 4.0501, 4.94457, -0.256847, 3.88767)
_SOLUBILITY_S = (-0.00624523, -0.00737614, -0.010341, -0.00817083)
_SOLUBILITY_SS = -4.88682e-07


@dataclass(frozen=True)
class OxygenCoefficients(Coefficients):
    """SBE 43, equation of 2007 and later; ml/l, volts."""

    soc: float
    offset: float
    a: float
    b: float
    c: float
    e: float


@dataclass(frozen=True)
class FluorometerCoefficients(Coefficients):
    """WET Labs ECO or WETStar fluorometer: units a volt, dark voltage."""

    scalefactor: float
    vblank: float


@dataclass(frozen=True)
class TurbidityCoefficients(Coefficients):
    """WET Labs ECO-NTU: units a volt, dark voltage."""

    scalefactor: float
    darkvoltage: float


@dataclass(frozen=True)
class TransmissometerCoefficients(Coefficients):
    """WET Labs C-Star: percent a volt, percent, metres."""

    m: float
    b: float
    pathlength: float


@dataclass(frozen=True)
class PhCoefficients(Coefficients):
    """SBE 18."""

    slope: float
    offset: float


@dataclass(frozen=True)
class AltimeterCoefficients(Coefficients):
    """Altimeter of 300 m over its voltage; volts of full scale by the maker's factor, metres."""

    scalefactor: float
    offset: float


@dataclass(frozen=True)
class ParCoefficients(Coefficients):
    """Biospherical, LI-COR or Chelsea sensor of photosynthetically active radiation."""

    m: float
    b: float
    calibrationconstant: float
    multiplier: float
    offset: float


def oxygen_solubility(temperature: Values, salinity: Values) -> Values:
    """Oxygen in ml/l that water holds against moist air at one atmosphere, shape (n,).

    References
    ----------
    Application Note 64, appendix A.
    """
    with np.errstate(all="ignore"):
        scaled = np.log((298.15 - temperature) / (ZERO_CELSIUS + temperature))
        exponent = np.polynomial.polynomial.polyval(scaled, _SOLUBILITY_T)
        exponent = exponent + salinity * np.polynomial.polynomial.polyval(scaled, _SOLUBILITY_S)
        solubility: Values = np.exp(exponent + _SOLUBILITY_SS * salinity * salinity)
        return solubility


def oxygen(volts: Values, water: tuple[Values, Values, Values | float], coefficients: OxygenCoefficients) -> Values:
    """Dissolved oxygen from the voltage of an SBE 43.

    Without the corrections for hysteresis and response time: these look at samples before and after.

    Parameters
    ----------
    volts : ndarray of float64, shape (n,)
    water
        Temperature in degrees Celsius, practical salinity, and sea pressure in decibars, of the same samples.

    Returns
    -------
    ndarray of float64, shape (n,)
        ml/l.

    References
    ----------
    Application Note 64: soc (v + offset) solubility (1 + a t + b t^2 + c t^3) exp(e p / kelvin).
    """
    temperature, salinity, pressure = water
    c = coefficients
    with np.errstate(all="ignore"):
        slope = 1.0 + temperature * (c.a + temperature * (c.b + temperature * c.c))
        depth = np.exp(c.e * pressure / (temperature + ZERO_CELSIUS))
        found: Values = c.soc * (volts + c.offset) * oxygen_solubility(temperature, salinity) * slope * depth
        return found


def fluorescence(volts: Values, coefficients: FluorometerCoefficients) -> Values:
    """Concentration in the unit of the scale factor: scale factor (v - dark), shape (n,)."""
    return coefficients.scalefactor * (volts - coefficients.vblank)


def turbidity(volts: Values, coefficients: TurbidityCoefficients) -> Values:
    """Nephelometric units: scale factor (v - dark), shape (n,)."""
    return coefficients.scalefactor * (volts - coefficients.darkvoltage)


def transmission(volts: Values, coefficients: TransmissometerCoefficients) -> Values:
    """Percent of light over the path: m v + b, shape (n,); Application Note 91."""
    return coefficients.m * volts + coefficients.b


def attenuation(percent: Values, coefficients: TransmissometerCoefficients) -> Values:
    """Beam attenuation in 1/m: -ln(transmission) / path, NaN without light, shape (n,); Application Note 91."""
    with np.errstate(all="ignore"):
        found = -np.log(percent / 100.0) / coefficients.pathlength
        return np.where(np.isfinite(found), found, np.nan)


def ph(volts: Values, temperature: Values, coefficients: PhCoefficients) -> Values:
    """NBS pH from the voltage of an SBE 18: 7 + (v - offset) / (1.98416e-4 kelvin slope), shape (n,); note 18-1."""
    with np.errstate(all="ignore"):
        found: Values = 7.0 + (volts - coefficients.offset) / (
            1.98416e-4 * (temperature + ZERO_CELSIUS) * coefficients.slope
        )
        return found


def height(volts: Values, coefficients: AltimeterCoefficients) -> Values:
    """Metres above the seafloor: 300 v / scale factor + offset, shape (n,); Application Note 95."""
    with np.errstate(all="ignore"):
        return 300.0 * volts / coefficients.scalefactor + coefficients.offset


def par(volts: Values, coefficients: ParCoefficients) -> Values:
    """Radiation in the unit of its multiplier: multiplier 1e9 10^((v - b) / m) / constant + offset, shape (n,).

    References
    ----------
    Application Note 11General.
    """
    c = coefficients
    with np.errstate(all="ignore"):
        found: Values = c.multiplier * 1e9 * 10.0 ** ((volts - c.b) / c.m) / c.calibrationconstant + c.offset
        return found
