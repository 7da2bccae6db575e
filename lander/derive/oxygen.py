"""Dissolved oxygen from what an optode reports, compensated for the salinity and pressure around it."""

from collections.abc import Mapping

import numpy as np

from lander.derived import Derived, Floats, Values

# Garcia and Gordon (1992), table 1, combined fit: what Aanderaa's firmware and manual use, so that taking the internal
# setting out and the true salinity in leaves no difference of two fits behind.
_B = (-6.24097e-3, -6.93498e-3, -6.90358e-3, -4.29155e-3)
_C0 = -3.11680e-7

PRESSURE_PER_1000_DBAR = 0.032
"""Loss of response of the foil, for a reported concentration (Uchida et al. 2008). The route from phase has other
coefficients on phase and concentration (Bittig et al. 2015); a mixture is 1.2 % wrong at 1,130 dbar."""


def salinity_factor(temperature: Floats, salinity: Floats, internal_salinity: float) -> Floats:
    """Ratio of the solubility at this salinity to that at the optode's internal setting.

    Parameters
    ----------
    temperature : ndarray of float64, shape (n,)
        Degrees Celsius.
    salinity : ndarray of float64, shape (n,)
        Practical salinity of the water.
    internal_salinity
        The optode's own setting.

    References
    ----------
    Aanderaa TD 269, "Salinity compensation of data"; Garcia and Gordon (1992), equation 8 and table 1.
    """
    scaled = np.log((298.15 - temperature) / (273.15 + temperature))
    slope = _B[0] + scaled * (_B[1] + scaled * (_B[2] + scaled * _B[3]))
    factor: Floats = np.exp((salinity - internal_salinity) * slope + _C0 * (salinity**2 - internal_salinity**2))
    return factor


def pressure_factor(pressure: Floats) -> Floats:
    """Gain that makes up for the foil's loss of response under pressure.

    Parameters
    ----------
    pressure : ndarray of float64, shape (n,)
        Sea pressure, dbar.

    References
    ----------
    Uchida et al. (2008), J. Atmos. Oceanic Technol. 25, 2271-2281, 3.2 % per 1000 dbar; Aanderaa TD 269,
    "Depth compensation of data".
    """
    return 1.0 + PRESSURE_PER_1000_DBAR * pressure / 1000.0


def _kernel(values: Values, settings: Mapping[str, float]) -> Floats:
    reported = values["oxygen_concentration_uncompensated"]
    by_salinity = salinity_factor(values["temperature"], values["practical_salinity"], settings["internal_salinity"])
    return reported * by_salinity * pressure_factor(values["pressure"])


DERIVED = Derived(
    name="oxygen_concentration",
    version=1,
    inputs=("oxygen_concentration_uncompensated",),
    matched=("temperature", "practical_salinity", "pressure"),
    settings=("internal_salinity",),
    kernel=_kernel,
    method="reported concentration times salinity factor (Garcia and Gordon 1992, combined fit, from the optode's "
    "internal salinity) times pressure factor 1 + 0.032 p/1000 (Uchida et al. 2008)",
    references=(
        "Aanderaa TD 269, salinity and depth compensation",
        "Garcia and Gordon (1992), Limnol. Oceanogr. 37, 1307-1312, table 1",
        "Uchida et al. (2008), J. Atmos. Oceanic Technol. 25, 2271-2281",
    ),
)
