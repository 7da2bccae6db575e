"""Properties of sea water, in the direction a simulator needs them: from the truth to what a sensor sees."""

import gsw
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SOLUBILITY_A = (2.00856, 3.22400, 3.99063, 4.80299, 0.978188, 1.71069)
SALINITY_B = (-6.24097e-3, -6.93498e-3, -6.90358e-3, -4.29155e-3)
SALINITY_C = -3.11680e-7
UMOL_PER_LITRE = 44.6596
"""Of oxygen, in one cm3 per dm3 at standard conditions (TD 269)."""


def conductivity(practical_salinity: Floats, temperature: Floats, pressure: Floats) -> Floats:
    """Conductivity in S/m from practical salinity, temperature (degC, ITS-90) and sea pressure (dbar), by PSS-78."""
    return np.asarray(gsw.C_from_SP(practical_salinity, temperature, pressure), dtype=np.float64) / 10.0


def _scaled_temperature(temperature: Floats) -> Floats:
    return np.log((298.15 - temperature) / (273.15 + temperature))


def oxygen_solubility(temperature: Floats) -> Floats:
    """Oxygen in umol/L of fresh water in equilibrium with moist air at 1 atm, from temperature in degC.

    References
    ----------
    Garcia, H. E., and Gordon, L. I. (1992), Oxygen solubility in seawater: better fitting equations, Limnology and
    Oceanography 37, 1307-1312, combined fit, as printed in Aanderaa TD 269.
    """
    ts = _scaled_temperature(temperature)
    logarithm = np.zeros_like(ts)
    for coefficient in reversed(_SOLUBILITY_A):
        logarithm = logarithm * ts + coefficient
    return UMOL_PER_LITRE * np.exp(logarithm)


def oxygen_factor(practical_salinity: Floats, temperature: Floats, pressure: Floats) -> Floats:
    """Factor from what an optode reports (internal salinity 0, no pressure effect) to the concentration in situ.

    Parameters
    ----------
    practical_salinity, temperature, pressure : ndarray, shape (n,)
        PSS-78; degC; dbar.

    Returns
    -------
    ndarray, shape (n,)
        Divide the true concentration by it to get the reported one.

    References
    ----------
    Salinity: Garcia and Gordon (1992), combined fit, as in Aanderaa TD 269. Pressure: Uchida, H., et al. (2008),
    In situ calibration of optode-based oxygen sensors, Journal of Atmospheric and Oceanic Technology 25, 2271-2281.
    """
    ts = _scaled_temperature(temperature)
    b = ((SALINITY_B[3] * ts + SALINITY_B[2]) * ts + SALINITY_B[1]) * ts + SALINITY_B[0]
    salinity_factor = np.exp(practical_salinity * b + SALINITY_C * practical_salinity**2)
    return np.asarray(salinity_factor * (1.0 + 0.032 * pressure / 1000.0), dtype=np.float64)


_BUNSEN_A = (-68.8862, 101.4956, 28.7314)
_BUNSEN_B = (-0.076146, 0.043970, -0.0068672)
_METHANE_LITRES = 22.36  # of a mole at 0 degC and 1 atm
_METHANE_VOLUME = 35.0  # cm3/mol in water, rounded
_GAS_CONSTANT = 83.14462618  # cm3 bar / (mol K)


def methane_solubility(practical_salinity: Floats, temperature: Floats, pressure: Floats) -> Floats:
    """Methane in nmol/L that a partial pressure of 1 uatm keeps dissolved.

    Parameters
    ----------
    practical_salinity, temperature, pressure : ndarray, shape (n,)
        PSS-78; degC; dbar. Under pressure the same concentration has a higher partial pressure.

    Returns
    -------
    ndarray, shape (n,)
        Divide a concentration by it to get its partial pressure.

    References
    ----------
    Wiesenburg, D. A., and Guinasso, N. L. (1979), Equilibrium solubilities of methane, carbon monoxide, and hydrogen
    in water and sea water, Journal of Chemical and Engineering Data 24, 356-360: Bunsen coefficient. Weiss, R. F.
    (1974), Carbon dioxide in water and seawater, Marine Chemistry 2, 203-215, equation 5: effect of pressure.
    """
    kelvin = temperature + 273.15
    a, b, hundreds = _BUNSEN_A, _BUNSEN_B, kelvin / 100.0
    logarithm = a[0] + a[1] / hundreds + a[2] * np.log(hundreds)
    logarithm = logarithm + practical_salinity * (b[0] + (b[1] + b[2] * hundreds) * hundreds)
    squeezed = np.exp(-_METHANE_VOLUME * pressure / 10.0 / (_GAS_CONSTANT * kelvin))
    return np.asarray(1000.0 * np.exp(logarithm) / _METHANE_LITRES * squeezed, dtype=np.float64)
