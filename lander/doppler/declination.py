"""Magnetic declination at a place, at the date of each record, from the International Geomagnetic Reference Field."""

from datetime import datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MODEL = "IGRF-14"
FIRST, BEYOND = np.datetime64("1900-01-01", "us"), np.datetime64("2030-01-01", "us")
"""What the model covers."""

_MONTH = "datetime64[M]"


def declination(latitude: float, longitude: float, time: NDArray[np.int64]) -> Floats:
    """Angle of magnetic north from true north, clockwise; degrees.

    Parameters
    ----------
    latitude, longitude
        Degrees north and east (WGS 84). At sea level: 1,000 m below it changes less than 0.001 degree.
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC, from 1900 up to 2030.

    Returns
    -------
    ndarray of float64, shape (n,)
        From the field at the beginning of each month, linearly between: the same for a sample in whatever company,
        and within 0.0001 degree of the model at the very time, which itself is linear within five years.

    Raises
    ------
    ValueError
        A time lies outside the model.

    References
    ----------
    Alken et al. (2021), Earth Planets Space 73, 49 (IGRF-13), and IAGA (2024), IGRF-14: definitive up to 2020.
    Computed by ppigrf.
    """
    if not time.size:
        return np.zeros(time.shape)
    moments = time.astype("datetime64[us]")
    if moments.min() < FIRST or moments.max() >= BEYOND:
        raise ValueError(f"times from {moments.min()} to {moments.max()}: {MODEL} covers {FIRST} up to {BEYOND}")
    months = moments.astype(_MONTH)
    nodes = np.arange(months.min(), months.max() + 2)
    # One month at a time: a sum over several may differ from them in the last bit.
    angles = np.array([_at(latitude, longitude, month) for month in nodes.astype(np.int64).tolist()])
    at = nodes.astype("datetime64[us]").astype(np.int64)
    left = (months - nodes[0]).astype(np.int64)
    fraction = (time - at[left]) / (at[left + 1] - at[left])
    found: Floats = angles[left] + fraction * (angles[left + 1] - angles[left])
    return found


@lru_cache(maxsize=4096)
def _at(latitude: float, longitude: float, month: int) -> float:
    """At the beginning of a month, counted from January 1970; the last may be the end of the model itself."""
    # ppigrf takes a third of a second to import, and most archives hold no current meter.
    import ppigrf

    year, number = divmod(month, 12)
    east, north, _ = ppigrf.igrf(longitude, latitude, 0.0, datetime(1970 + year, number + 1, 1))
    return float(np.rad2deg(np.arctan2(east, north)).item())
