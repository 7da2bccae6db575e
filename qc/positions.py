"""Tests of positions, as functions: a lander's position is one number, so they are no checks of its plan."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qc.flags import FAIL, NOT_RUN, PASS, SUSPECT, Outcomes

Floats = NDArray[np.float64]
Ring = Sequence[tuple[float, float]]
"""Corners of a polygon, longitude and latitude in degrees."""

_EQUATOR, _FLATTENING = 6_378_137.0, 1 / 298.257223563
"""WGS 84: semi-major axis in metres."""

_SPHERE = 6_371_000.0
"""Mean radius of the Earth in metres, as of TEOS-10's `gsw_distance`."""


def location(
    longitude: Floats,
    latitude: Floats,
    box: tuple[float, float, float, float] = (-180.0, -90.0, 180.0, 90.0),
    longest_step: float | None = None,
    sphere: bool = False,
) -> Outcomes:
    """Test that positions lie on the globe, or in a box, and do not jump.

    Parameters
    ----------
    longitude, latitude : ndarray, shape (n,)
        Degrees; one of the two missing fails, both missing is not run.
    box
        West, south, east, north; a position on an edge is inside. Outside fails.
    longest_step
        Metres from the position before; more is suspect. None is no bound.
    sphere
        Measure steps on a sphere, up to 0.6 % off, rather than on WGS 84.
    """
    x, y = _pair(longitude, latitude)
    west, south, east, north = box
    inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    outcomes = np.where(inside, PASS, FAIL)
    if longest_step is not None and x.size:
        step = np.zeros(x.size)
        step[1:] = (distance_on_sphere if sphere else distance)(x[:-1], y[:-1], x[1:], y[1:])
        outcomes = np.where(inside & (step > longest_step), SUSPECT, outcomes)
    return np.where(np.isnan(x) & np.isnan(y), NOT_RUN, outcomes).astype(np.uint8)


def location_bounds(longitude: Floats, latitude: Floats, ring: Ring, inside_fails: bool = False) -> Outcomes:
    """Test positions against a polygon: outside of it fails, or inside where `inside_fails`.

    Raises
    ------
    ValueError
        Fewer than three corners, or longitudes and latitudes of different lengths.
    """
    x, y = _pair(longitude, latitude)
    if len(ring) < 3:
        raise ValueError(f"a polygon of {len(ring)} corners: expected at least 3")
    inside = within(x, y, ring)
    outcomes = np.where(inside == inside_fails, FAIL, PASS)
    return np.where(np.isnan(x) | np.isnan(y), NOT_RUN, outcomes).astype(np.uint8)


def location_on_land(longitude: Floats, latitude: Floats, land: Sequence[Ring] | None = None) -> Outcomes:
    """Fail positions inside any of the polygons of land; without polygons nothing is known and nothing is run."""
    x, y = _pair(longitude, latitude)
    if land is None:
        return np.full(x.size, NOT_RUN, np.uint8)
    ashore = np.zeros(x.size, bool)
    for ring in land:
        ashore |= within(x, y, ring)
    return np.where(np.isnan(x) | np.isnan(y), NOT_RUN, np.where(ashore, FAIL, PASS)).astype(np.uint8)


def speed(time: NDArray[np.int64], longitude: Floats, latitude: Floats, suspect: float, fail: float) -> Outcomes:
    """Test the speed from one position to the next.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds.
    longitude, latitude : ndarray, shape (n,)
        Degrees.
    suspect, fail
        Greatest speed, m/s. Not run are the first position, missing ones and ones at the same time as the one before.
    """
    x, y = _pair(longitude, latitude)
    if time.shape != x.shape:
        raise ValueError(f"{time.size} times for {x.size} positions")
    outcomes = np.zeros(x.size, np.uint8)
    if x.size > 1:
        seconds = np.diff(time) / 1e6
        metres = distance(x[:-1], y[:-1], x[1:], y[1:])
        known = (seconds > 0) & np.isfinite(metres)
        verdict = np.where(metres > fail * seconds, FAIL, np.where(metres > suspect * seconds, SUSPECT, PASS))
        outcomes[1:] = np.where(known, verdict, NOT_RUN)
    return outcomes


def within(x: Floats, y: Floats, ring: Ring) -> NDArray[np.bool_]:
    """Whether points lie in a polygon, by how often a ray to the east crosses its sides."""
    inside = np.zeros(x.size, bool)
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if y0 != y1:
            between = (y >= min(y0, y1)) & (y < max(y0, y1))
            inside ^= between & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    return inside


def distance(longitude0: Floats, latitude0: Floats, longitude1: Floats, latitude1: Floats) -> Floats:
    """Shortest way between points on WGS 84, in metres; NaN where a point is missing.

    Good to a millimetre but for points almost opposite to each other on the globe, where the series does not converge
    and the result may be off by some kilometres.

    References
    ----------
    .. [1] T. Vincenty, Survey Review 23 (176), 1975, 88-93: inverse formula, equations 13 to 20.
    """
    f, a = _FLATTENING, _EQUATOR
    u0, u1 = (np.arctan((1 - f) * np.tan(np.radians(latitude))) for latitude in (latitude0, latitude1))
    apart = np.radians(np.asarray(longitude1) - np.asarray(longitude0))
    bearing = apart
    for _ in range(12):
        east = np.cos(u1) * np.sin(bearing)
        north = np.cos(u0) * np.sin(u1) - np.sin(u0) * np.cos(u1) * np.cos(bearing)
        sine = np.hypot(east, north)
        cosine = np.sin(u0) * np.sin(u1) + np.cos(u0) * np.cos(u1) * np.cos(bearing)
        angle = np.arctan2(sine, cosine)
        azimuth = np.cos(u0) * np.cos(u1) * np.sin(bearing) / np.where(sine == 0, 1.0, sine)
        square = 1 - azimuth**2
        middle = cosine - 2 * np.sin(u0) * np.sin(u1) / np.where(square < 1e-15, np.inf, square)
        c = f / 16 * square * (4 + f * (4 - 3 * square))
        series = angle + c * sine * (middle + c * cosine * (2 * middle**2 - 1))
        bearing = apart + (1 - c) * f * azimuth * series
    k = square * (1 / (1 - f) ** 2 - 1)
    big = 1 + k / 16384 * (4096 + k * (-768 + k * (320 - 175 * k)))
    small = k / 1024 * (256 + k * (-128 + k * (74 - 47 * k)))
    third = small / 6 * middle * (4 * sine**2 - 3) * (4 * middle**2 - 3)
    change = small * sine * (middle + small / 4 * (cosine * (2 * middle**2 - 1) - third))
    metres: Floats = (1 - f) * a * big * (angle - change)
    return metres


def distance_on_sphere(longitude0: Floats, latitude0: Floats, longitude1: Floats, latitude1: Floats) -> Floats:
    """Shortest way between points on a sphere of the Earth's mean radius, in metres; NaN where a point is missing."""
    u0, u1 = np.radians(latitude0), np.radians(latitude1)
    north, east = np.sin((u1 - u0) / 2), np.sin(np.radians(np.asarray(longitude1) - np.asarray(longitude0)) / 2)
    half = np.clip(north**2 + np.cos(u0) * np.cos(u1) * east**2, 0.0, 1.0)
    metres: Floats = 2 * _SPHERE * np.arcsin(np.sqrt(half))
    return metres


def _pair(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
    x, y = np.asarray(longitude, np.float64), np.asarray(latitude, np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"longitudes of shape {x.shape} and latitudes of shape {y.shape}: expected one, alike")
    return x, y
