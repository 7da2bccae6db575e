"""Practical salinity from conductivity, temperature and pressure."""

from collections.abc import Mapping

import gsw
import numpy as np

from lander.derived import Derived, Floats, Values


def practical_salinity(conductivity: Floats, temperature: Floats, pressure: Floats) -> Floats:
    """Practical salinity on PSS-78, below 2 by the extension of Hill et al. (1986).

    Parameters
    ----------
    conductivity : ndarray of float64, shape (n,)
        S m-1.
    temperature : ndarray of float64, shape (n,)
        Degrees Celsius, ITS-90.
    pressure : ndarray of float64, shape (n,)
        Sea pressure, dbar.

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where an input is NaN or the conductivity is not positive.

    References
    ----------
    IOC, SCOR and IAPSO, 2010: TEOS-10 manual, appendix E; `gsw_SP_from_C` of GSW 3.
    """
    usable = np.where(conductivity > 0.0, conductivity, np.nan)
    salinity: Floats = np.asarray(gsw.SP_from_C(usable * 10.0, temperature, pressure), dtype=np.float64)
    return salinity


def _kernel(values: Values, settings: Mapping[str, float]) -> Floats:
    return practical_salinity(values["conductivity"], values["temperature"], values["pressure"])


DERIVED = Derived(
    name="practical_salinity",
    version=1,
    inputs=("conductivity", "temperature", "pressure"),
    kernel=_kernel,
    method="PSS-78 from conductivity, temperature (ITS-90) and sea pressure, gsw.SP_from_C",
    references=("IOC, SCOR and IAPSO (2010), TEOS-10 manual, appendix E",),
)
