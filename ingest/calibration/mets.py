"""Franatech METS methane sensors, logged as two voltages: coefficients and equations.

References
----------
Franatech, METS calibration sheet; the same equations with named coefficients in RBR, Logger command reference,
"corr_metsmeth" and "corr_metstemp", from where the names here are taken:
C = exp(c0 ln((c1 + c2 exp(-Vt/c3)) (1/Vm - 1/(c4 + c5 exp(-Vt/c6))))), T = t0 + t1 Vt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ingest.errors import CalibrationError
from ingest.units import conversion, spellings

Values = NDArray[np.float64]

METHANE_VOLTAGE, TEMPERATURE_VOLTAGE = "methane_sensor_voltage", "methane_sensor_temperature_voltage"
_UNITS = "umol L-1"


@dataclass(frozen=True)
class MetsCoefficients:
    """Coefficients of one sensor: `c0` to `c6` of methane, `t0` and `t1` of temperature."""

    c0: float
    c1: float
    c2: float
    c3: float
    c4: float
    c5: float
    c6: float
    t0: float
    t1: float

    @classmethod
    def from_mapping(cls, given: Mapping[str, float | str]) -> "MetsCoefficients":
        """Take coefficients by name, in any case; further entries (dates, serial numbers) are left.

        Raises
        ------
        CalibrationError
            One is missing or is no finite number, or one that divides is zero.
        """
        by_name = {name.lower(): value for name, value in given.items()}
        missing = [field.name for field in fields(cls) if field.name not in by_name]
        if missing:
            raise CalibrationError(
                f"methane calibration lacks {', '.join(missing)}: take all nine from the sensor's calibration sheet"
            )
        numbers = {field.name: _number(by_name[field.name], field.name) for field in fields(cls)}
        zero = [name for name in ("c3", "c6") if numbers[name] == 0]
        if zero:
            raise CalibrationError(f"methane calibration: {' and '.join(zero)} must not be 0")
        return cls(**numbers)


def _number(value: float | str, name: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not np.isfinite(number):
        raise CalibrationError(f"methane calibration: {name} is {value!r}, a finite number was expected")
    return number


def methane_concentration(methane_voltage: ArrayLike, temperature_voltage: ArrayLike, c: MetsCoefficients) -> Values:
    """Concentration of methane from the sensor's two voltages.

    Parameters
    ----------
    methane_voltage, temperature_voltage : float64, shape (n,)
        Volts of the two outputs.

    Returns
    -------
    ndarray of float64, shape (n,)
        In the unit of the calibration sheet, umol/L as a rule; NaN where the voltages lie outside what the equation
        holds for, that is where the methane voltage is not between 0 and that of no methane.
    """
    methane = np.asarray(methane_voltage, dtype=np.float64)
    temperature = np.asarray(temperature_voltage, dtype=np.float64)
    with np.errstate(all="ignore"):
        without_methane = c.c4 + c.c5 * np.exp(-temperature / c.c6)
        product = (c.c1 + c.c2 * np.exp(-temperature / c.c3)) * (1.0 / methane - 1.0 / without_methane)
        concentration = np.exp(c.c0 * np.log(product))
    return np.where((product > 0) & (methane > 0) & np.isfinite(concentration), concentration, np.nan)


def temperature(temperature_voltage: ArrayLike, c: MetsCoefficients) -> Values:
    """Temperature at the sensor, degrees Celsius, from its temperature voltage, shape (n,)."""
    return c.t0 + c.t1 * np.asarray(temperature_voltage, dtype=np.float64)


def convert(
    methane_voltage: ArrayLike, temperature_voltage: ArrayLike, sheet: Mapping[str, float | str]
) -> dict[str, Values]:
    """Give concentration and temperature under the vocabulary's names, in its units.

    Parameters
    ----------
    methane_voltage, temperature_voltage : float64, shape (n,)
        Volts of the two outputs.
    sheet
        Coefficients by name; `units` is the sheet's unit of concentration, umol/L where it is not given.

    Raises
    ------
    CalibrationError
        A coefficient is missing or no number, or the unit is not known.
    """
    units = str(sheet.get("units", _UNITS))
    scale = conversion(units, _UNITS)
    if scale is None:
        known = ", ".join(spellings(_UNITS))
        raise CalibrationError(f"methane calibration: unit {units!r} is not known; expected one of {known}")
    coefficients = MetsCoefficients.from_mapping(sheet)
    concentration = methane_concentration(methane_voltage, temperature_voltage, coefficients)
    return {
        "methane_concentration": concentration * scale[0],
        "methane_sensor_temperature": temperature(temperature_voltage, coefficients),
    }
