"""Sunburst SAMI2 pH and pCO2: coefficients and the published equations from raw counts.

Salinity comes from another instrument, and the blank of pCO2 from a blank record: both must be given.

References
----------
Clayton and Byrne (1993), Deep-Sea Research I 40, 2115-2129: pH of sea water from m-cresol purple.
Seidel, DeGrandpre and Dickson (2008), Marine Chemistry 109, 18-28: the SAMI-pH, extrapolation to no indicator.
DeGrandpre, Hammar, Smith and Sayles (1995), Limnology and Oceanography 40, 969-975: the SAMI-CO2.
OOI Data Product Specifications 1341-00510 (pH) and 1341-00490 (pCO2): the maker's constants, worked examples.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ingest.errors import CalibrationError

Values = NDArray[np.float64]

ZERO_CELSIUS = 273.15
_REFERENCE_TEMPERATURE = 24.788  # degrees Celsius, of the absorptivities on the reagent's sheet
_SKIPPED, _FITTED = 5, 8  # of 23 measurements: the flush at the start, and how many points a line is fitted to


@dataclass(frozen=True)
class _Coefficients:
    @classmethod
    def from_mapping(cls, given: Mapping[str, float | str]) -> Self:
        """Take coefficients by name, in any case; further entries are left.

        Raises
        ------
        CalibrationError
            One is missing or is no finite number.
        """
        by_name = {name.lower(): value for name, value in given.items()}
        missing = [field.name for field in fields(cls) if field.name not in by_name]
        if missing:
            raise CalibrationError(f"SAMI2 calibration lacks {', '.join(missing)}: take all from the maker's sheet")
        return cls(**{field.name: _number(by_name[field.name], field.name) for field in fields(cls)})


def _number(value: float | str, name: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not np.isfinite(number):
        raise CalibrationError(f"SAMI2 calibration: {name} is {value!r}, a finite number was expected")
    return number


@dataclass(frozen=True)
class IndicatorCoefficients(_Coefficients):
    """Molar absorptivities of the indicator's two forms at 434 and 578 nm, for one bag of reagent.

    The sheet calls them Ea434, Eb434, Ea578, Eb578; the recovered text Cal1 to Cal4.
    """

    ea434: float
    eb434: float
    ea578: float
    eb578: float


@dataclass(frozen=True)
class CarbonDioxideCoefficients(_Coefficients):
    """Temperature of calibration (`calt`, degrees Celsius) and the three constants of the response."""

    calt: float
    cala: float
    calb: float
    calc: float


def thermistor_temperature(counts: ArrayLike, bits: int = 12) -> Values:
    """Temperature of the sample from thermistor counts, degrees Celsius, shape (n,).

    `bits` are those of the instrument's converter: 12, or 14 in newer ones. Counts that are no resistance give NaN.
    """
    raw = np.asarray(counts, dtype=np.float64)
    with np.errstate(all="ignore"):
        log = np.log(raw / (2.0**bits - raw) * 17400.0)
        # Of no resistance, or an endless one, the polynomial is infinite, and its inverse would pass for absolute zero.
        polynomial = _finite(0.0010183 + 0.000241 * log + 0.00000015 * log**3)
        return _finite(1.0 / polynomial - ZERO_CELSIUS)


def battery_voltage(counts: ArrayLike, bits: int = 12) -> Values:
    """Voltage of the battery from counts, shape (n,); `bits` as for the thermistor."""
    return np.asarray(counts, dtype=np.float64) * (3.0 / 4000.0 if bits == 14 else 15.0 / 4096.0)


def ph_total(
    reference: NDArray[Any],
    light: NDArray[Any],
    temperature: Values,
    salinity: ArrayLike,
    coefficients: IndicatorCoefficients,
) -> Values:
    """PH on the total scale, from the light measurements of a record.

    The absorbances of 23 measurements, taken while the indicator is flushed out, each give a pH and an amount of
    indicator. Of the last 18 the eight neighbours that lie best on a line in time are chosen, and their pH is
    extrapolated to no indicator.

    Parameters
    ----------
    reference : integers, shape (n, 4, 4)
        Blanks: reference and light at 434 nm, reference and light at 578 nm.
    light : integers, shape (n, 23, 4)
        Measurements, the same four signals.
    temperature : ndarray of float64, shape (n,)
        Of the sample at the end of the measurement, degrees Celsius.
    salinity : shape (n,) or one number
        Practical salinity.

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where a signal is not positive. The maker's correction for impure indicator above 8.2 is not applied: see
        `correct_impurity`.

    References
    ----------
    Clayton and Byrne (1993), equation 5: pK = 1245.69/T + 3.8275 + 0.0021 (35 - S), and absorptivity ratios e1, e2, e3.
    Seidel et al. (2008), section 2.3.
    """
    celsius = np.asarray(temperature, dtype=np.float64)[:, None]
    psal = np.broadcast_to(np.asarray(salinity, dtype=np.float64).reshape(-1, 1), celsius.shape)
    with np.errstate(all="ignore"):
        at434, at578 = _absorbances(reference.astype(np.float64), light.astype(np.float64))
        warmer = celsius - _REFERENCE_TEMPERATURE
        a434, a578 = coefficients.ea434 - 26.0 * warmer, coefficients.ea578 + warmer
        b434, b578 = coefficients.eb434 + 12.0 * warmer, coefficients.eb578 - 71.0 * warmer
        ratio = at578 / at434
        pk = 1245.69 / (celsius + ZERO_CELSIUS) + 3.8275 + 0.0021 * (35.0 - psal)
        points = pk + np.log10((ratio - a578 / a434) / (b578 / a434 - ratio * b434 / a434))
        determinant = a434 * b578 - b434 * a578
        indicator = (at434 * b578 - at578 * b434 + at578 * a434 - at434 * a578) / determinant
        return _finite(_extrapolate(points[:, _SKIPPED:], indicator[:, _SKIPPED:]))


def _absorbances(reference: Values, light: Values) -> tuple[Values, Values]:
    """Absorbance over that of the blanks at 434 and at 578 nm, both of shape (n, 23)."""
    blank434 = (reference[:, :, 1] / reference[:, :, 0]).mean(axis=1, keepdims=True)
    blank578 = (reference[:, :, 3] / reference[:, :, 2]).mean(axis=1, keepdims=True)
    at434 = np.log10(blank434) - np.log10(light[:, :, 1] / light[:, :, 0])
    at578 = np.log10(blank578) - np.log10(light[:, :, 3] / light[:, :, 2])
    return at434, at578


def _extrapolate(points: Values, indicator: Values) -> Values:
    """PH at no indicator, from the run of neighbouring points with the best line in time, shape (n,)."""
    windows = np.lib.stride_tricks.sliding_window_view(points, _FITTED, axis=1)
    order = np.arange(_FITTED, dtype=np.float64)
    _, squared = _line(np.broadcast_to(order, windows.shape), windows)
    # The first of equals; a run that holds no number is never the best.
    best = np.argmax(np.where(np.isfinite(squared), squared, -1.0), axis=1)
    chosen = best[:, None] + np.arange(_FITTED)
    y, x = np.take_along_axis(points, chosen, axis=1), np.take_along_axis(indicator, chosen, axis=1)
    slope, _ = _line(x, y)
    at_no_indicator: Values = y.mean(axis=-1) - slope * x.mean(axis=-1)
    return at_no_indicator


def _line(x: Values, y: Values) -> tuple[Values, Values]:
    """Slope of the least-squares line along the last axis, and the square of the correlation."""
    from_x, from_y = x - x.mean(axis=-1, keepdims=True), y - y.mean(axis=-1, keepdims=True)
    xy, xx, yy = (from_x * from_y).sum(axis=-1), (from_x**2).sum(axis=-1), (from_y**2).sum(axis=-1)
    return xy / xx, xy**2 / (xx * yy)


def correct_impurity(ph: Values, slope: float, offset: float) -> Values:
    """Correct pH above 8.2 for impure indicator by the slope and offset on the reagent's sheet, shape (n,)."""
    return np.where(ph >= 8.2, ph * slope + offset, ph)


def partial_pressure(
    light: NDArray[Any], blank: NDArray[Any], temperature: Values, coefficients: CarbonDioxideCoefficients
) -> Values:
    """Partial pressure of carbon dioxide, from the light measurements of a record and of the blank before it.

    Parameters
    ----------
    light, blank : integers, shape (n, 14)
        Measurements of the sample (record type 4) and the blank (type 5) that speaks of it; the 7th and 8th are the
        ratios at 434 and 620 nm.
    temperature : ndarray of float64, shape (n,)
        Of the sample, degrees Celsius.

    Returns
    -------
    ndarray of float64, shape (n,)
        Microatmospheres; NaN where the ratios allow none.

    References
    ----------
    DeGrandpre et al. (1995), equations 3 to 6; the maker's constants e1 = 0.0043, e2 = 2.136, e3 = 0.2105 and the
    temperature terms from OOI 1341-00490.
    """
    c = coefficients
    warmer = np.asarray(temperature, dtype=np.float64) - c.calt
    with np.errstate(all="ignore"):
        at434, at620 = (-np.log10(light[:, place] / blank[:, place]) for place in (6, 7))
        ratio = at620 / at434
        response = -np.log10((ratio - 0.0043) / (2.136 - 0.2105 * ratio))
        at_calibration = response + 0.008 * warmer
        slope = 0.0075778 - 0.0012389 * at_calibration - 0.00048757 * at_calibration**2
        root = np.sqrt(c.calb**2 - 4.0 * c.cala * (c.calc - (response + slope * warmer)))
        return _finite(10.0 ** ((root - c.calb) / (2.0 * c.cala)))


def _finite(values: Values) -> Values:
    finite: Values = np.where(np.isfinite(values), values, np.nan)
    return finite
