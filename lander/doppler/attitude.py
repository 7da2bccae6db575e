"""Rotation from an instrument's axes to east, north and up, by heading, pitch and roll."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def gimbal_pitch(pitch: Floats, roll: Floats) -> Floats:
    """Pitch as gimbals would show it, from what the tilt sensors of a Teledyne RDI instrument measure; degrees.

    References
    ----------
    Teledyne RD Instruments (2010), ADCP Coordinate Transformation, P/N 951-6079-00, equation 18.
    """
    shown: Floats = np.rad2deg(np.arctan(np.tan(np.deg2rad(pitch)) * np.cos(np.deg2rad(roll))))
    return shown


def teledyne(heading: Floats, pitch: Floats, roll: Floats, facing_up: NDArray[np.bool_]) -> Floats:
    """Rotation from X, Y, Z of a Teledyne RDI instrument to east, north, up.

    Parameters
    ----------
    heading, pitch, roll : ndarray of float64, shape (n,)
        As recorded, degrees; heading over the north that is wanted.
    facing_up : ndarray of bool, shape (n,)
        Whether the transducers look up: 180 degrees are then added to roll, which is that of the platform.

    Returns
    -------
    ndarray of float64, shape (3, 3, n)

    References
    ----------
    Teledyne RD Instruments (2010), 951-6079-00, section 5.6: the matrix M of heading, pitch and roll.
    """
    sin_p, cos_p = _sin_cos(gimbal_pitch(pitch, roll))
    sin_h, cos_h = _sin_cos(heading)
    sin_r, cos_r = _sin_cos(roll)
    sign = np.where(facing_up, -1.0, 1.0)
    sin_r, cos_r = sign * sin_r, sign * cos_r
    return np.array([
        [cos_h * cos_r + sin_h * sin_p * sin_r, sin_h * cos_p, cos_h * sin_r - sin_h * sin_p * cos_r],
        [cos_h * sin_p * sin_r - sin_h * cos_r, cos_h * cos_p, -sin_h * sin_r - cos_h * sin_p * cos_r],
        [-cos_p * sin_r, sin_p, cos_p * cos_r],
    ])  # fmt: skip


def nortek(heading: Floats, pitch: Floats, roll: Floats, facing_down: NDArray[np.bool_]) -> Floats:
    """Rotation from X, Y, Z of a Nortek instrument to east, north, up.

    Parameters
    ----------
    heading, pitch, roll : ndarray of float64, shape (n,)
        As recorded, degrees; heading of the X axis, over the north that is wanted.
    facing_down : ndarray of bool, shape (n,)
        Whether the status says that the instrument points down: Y and Z then change sign. The Vector "points up" in
        this sense when its cable end is up, and its probe down.

    Returns
    -------
    ndarray of float64, shape (3, 3, n)

    References
    ----------
    Nortek, Transform.m (coordinatetransforms): H and P; XYZ come from beams by the matrix of the head as it is, rows 2
    and 3 of it change sign for east, north and up only.
    """
    sin_h, cos_h = _sin_cos(heading - 90.0)
    sin_p, cos_p = _sin_cos(pitch)
    sin_r, cos_r = _sin_cos(roll)
    tilt = [
        [cos_p, -sin_p * sin_r, -cos_r * sin_p],
        [np.zeros_like(cos_p), cos_r, -sin_r],
        [sin_p, sin_r * cos_p, cos_p * cos_r],
    ]
    rotation = np.array([
        [cos_h * x + sin_h * y for x, y in zip(tilt[0], tilt[1], strict=True)],
        [cos_h * y - sin_h * x for x, y in zip(tilt[0], tilt[1], strict=True)],
        tilt[2],
    ])  # fmt: skip
    rotation[:, 1:] *= np.where(facing_down, -1.0, 1.0)
    return rotation


def levelled(heading: Floats) -> Floats:
    """Rotation from starboard, forward, up of a levelled platform to east, north, up; shape (3, 3, n)."""
    none = np.zeros_like(heading)
    return teledyne(heading, none, none, np.zeros(heading.shape, dtype=np.bool_))


def turned(rotation: Floats, angle: Floats) -> Floats:
    """A rotation to one north made one to another, which lies `angle` degrees counter-clockwise of it.

    Parameters
    ----------
    rotation : ndarray of float64, shape (3, 3, n)
        To magnetic east and north, say.
    angle : ndarray of float64, shape (n,) or ()
        Of the first north, clockwise from the second: the magnetic declination.
    """
    sin, cos = _sin_cos(np.asarray(angle, dtype=np.float64))
    east = cos * rotation[0] + sin * rotation[1]
    north = cos * rotation[1] - sin * rotation[0]
    return np.stack([east, north, np.array(rotation[2])])


def identity(count: int) -> Floats:
    """The rotation of what is east, north and up already; shape (3, 3, n)."""
    return np.repeat(np.eye(3)[:, :, np.newaxis], count, axis=2)


def rotate(rotation: Floats, components: tuple[Floats, Floats, Floats]) -> tuple[Floats, Floats, Floats]:
    """Turn vectors.

    Parameters
    ----------
    rotation : ndarray of float64, shape (3, 3, n)
    components : three ndarray of float64, each of shape (n,) or (n, cells)

    Returns
    -------
    East, north and up, shaped as the components. NaN in any gives NaN in all.
    """
    shape = (-1,) + (1,) * (components[0].ndim - 1)
    x, y, z = components
    east, north, up = (row[0].reshape(shape) * x + row[1].reshape(shape) * y + row[2].reshape(shape) * z
                       for row in rotation)  # fmt: skip
    return east, north, up


def _sin_cos(degrees: Floats) -> tuple[Floats, Floats]:
    radians = np.deg2rad(degrees)
    return np.sin(radians), np.cos(radians)
