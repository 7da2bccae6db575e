"""Speed of sound of the water itself, to correct velocities that were computed with another."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def sound_speed(temperature: Floats, salinity: Floats, pressure: Floats, latitude: float, longitude: float) -> Floats:
    """Speed of sound in sea water, m s-1.

    Parameters
    ----------
    temperature, salinity, pressure : ndarray of float64, shape (n,)
        Degrees Celsius (ITS-90), practical salinity, sea pressure in dbar.
    latitude, longitude
        Degrees north and east, for absolute salinity.

    References
    ----------
    IOC, SCOR and IAPSO (2010), TEOS-10 manual, 2.17; `gsw.sound_speed` of GSW 3.
    """
    import gsw

    absolute = gsw.SA_from_SP(salinity, pressure, longitude, latitude)
    conservative = gsw.CT_from_t(absolute, temperature, pressure)
    return np.asarray(gsw.sound_speed(absolute, conservative, pressure), dtype=np.float64)


def ratio(true: Floats, used: Floats) -> Floats:
    """Factor of all components of the velocity: true speed of sound over the one that the instrument computed with.

    NaN where either is missing or the instrument's is no speed of sound (not above 0).

    References
    ----------
    Teledyne RD Instruments (2011), Acoustic Doppler Current Profiler: Principles of Operation, P/N 951-6069-00,
    section on speed of sound corrections: V_corrected = V_uncorrected (C_real / C_ADCP).
    """
    usable = np.where(used > 0.0, used, np.nan)
    return true / usable
