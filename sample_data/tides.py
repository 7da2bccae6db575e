"""Tides of the north-eastern South China Sea as a sum of constituents."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PHASE_ORIGIN = np.datetime64("2000-01-01T00:00:00", "us")


class Constituent(NamedTuple):
    """One tidal line.

    `degrees_per_hour` is its angular speed; `elevation` in m, `east` and `north` in m/s, `warming` in K are
    amplitudes; `lag` is the phase behind a cosine at `PHASE_ORIGIN`, in degrees.
    """

    name: str
    degrees_per_hour: float
    elevation: float
    east: float
    north: float
    warming: float
    lag: float


CONSTITUENTS = (
    Constituent("M2", 28.9841042, 0.220, 0.040, 0.028, 0.050, 281.0),
    Constituent("S2", 30.0000000, 0.080, 0.014, 0.010, 0.018, 314.0),
    Constituent("N2", 28.4397295, 0.045, 0.008, 0.006, 0.010, 263.0),
    Constituent("K2", 30.0821373, 0.022, 0.004, 0.003, 0.005, 311.0),
    Constituent("K1", 15.0410686, 0.280, 0.050, 0.036, 0.045, 297.0),
    Constituent("O1", 13.9430356, 0.250, 0.045, 0.032, 0.038, 252.0),
    Constituent("P1", 14.9589314, 0.092, 0.016, 0.012, 0.014, 294.0),
    Constituent("Q1", 13.3986609, 0.048, 0.008, 0.006, 0.007, 230.0),
)
"""Speeds are exact; amplitudes are rounded, typical of the region and of no station; lags are invented.

K1 and O1 of some 0.25 to 0.3 m with M2 near 0.2 m are what tide models of this sea give between the Luzon Strait and
Dongsha [1]_ [2]_; N2, K2, P1 and Q1 follow from M2, S2, K1 and O1 by their ratios in the equilibrium tide. Tidal
currents of some cm/s are barotropic values over the slope [2]_; a vertical excursion of the internal tide of some tens
of metres in a gradient near 3 mK/m at 1,100 m gives the warming. No nodal corrections.

References
----------
.. [1] Fang, G., Kwok, Y.-K., Yu, K., and Zhu, Y. (1999), Numerical simulation of principal tidal constituents in the
   South China Sea, Gulf of Tonkin and Gulf of Thailand, Continental Shelf Research 19, 845-869.
.. [2] Beardsley, R. C., et al. (2004), Barotropic tide in the northeast South China Sea, IEEE Journal of Oceanic
   Engineering 29(4), 1075-1086.
"""


def tide(seconds: Floats, start: np.datetime64, quantity: str) -> Floats:
    """Sum of all constituents.

    Parameters
    ----------
    seconds : ndarray, shape (n,)
        Since `start`.
    start
        UTC.
    quantity
        Which amplitude: "elevation", "east", "north" or "warming".

    Returns
    -------
    ndarray, shape (n,)
        In the unit of the amplitude.
    """
    hours = (seconds + (start - PHASE_ORIGIN) / np.timedelta64(1, "s")) / 3600.0
    # Currents run a quarter of a period ahead along one axis and turn; the internal tide has a phase of its own.
    turn = {"elevation": 0.0, "east": 35.0, "north": 110.0, "warming": 160.0}[quantity]
    total = np.zeros_like(hours)
    for line in CONSTITUENTS:
        angle = np.deg2rad(line.degrees_per_hour * hours - line.lag - turn)
        total += getattr(line, quantity) * np.cos(angle)
    return total
