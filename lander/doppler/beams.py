"""Velocities along beams to velocities along the axes of the instrument, also where one beam of four is missing."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FOUR_BEAMS, THREE_BEAMS, NO_SOLUTION = 4, 3, 0
"""Values of `velocity_solution`."""

SOLUTION_VALUES = (NO_SOLUTION, THREE_BEAMS, FOUR_BEAMS)
SOLUTION_MEANINGS = "none three_beams four_beams"


@dataclass(frozen=True)
class Beams:
    """How the beams of an instrument stand.

    Attributes
    ----------
    matrix : ndarray of float64, shape (k, k)
        From k beams, in the sign in which the instrument reports them, to X, Y, Z and, with four beams, a fourth
        component: the error velocity, or a second estimate of Z.
    closure : ndarray of float64, shape (k,), or None
        Weights with which the velocities of four beams add up to zero where all see the same water; None for three
        beams, which have nothing to spare.
    error : ndarray of float64, shape (k,), or None
        Weights of the error velocity: the closure, scaled so that its noise is that of a horizontal component.
    second_estimate
        Whether the fourth component is a second estimate of Z.
    """

    matrix: Floats
    closure: Floats | None = None
    error: Floats | None = None
    second_estimate: bool = False

    @property
    def directions(self) -> Floats:
        """Unit vectors along which the beams' velocities count as positive, in X, Y, Z; shape (k, 3)."""
        inverse = np.asarray(np.linalg.inv(self.matrix), dtype=np.float64)
        if self.second_estimate:  # both estimates of Z together are one axis
            return np.column_stack([inverse[:, :2], inverse[:, 2] + inverse[:, 3]])
        return inverse[:, :3]


def janus(angle: float, *, convex: bool = True) -> Beams:
    """Beams of a Teledyne RDI instrument, positive toward the transducer: to X, Y, Z and error velocity.

    Parameters
    ----------
    angle
        Of the beams from the instrument's axis, degrees.
    convex
        Whether the transducers look apart (all newer ones), or at each other (concave).

    References
    ----------
    Teledyne RD Instruments (2010), ADCP Coordinate Transformation, P/N 951-6079-00: a, b, c and d of beams to
    instrument. The error velocity has d = a / sqrt(2), so that its variance is that of X and Y.
    """
    theta, c = np.deg2rad(angle), 1.0 if convex else -1.0
    a, b = 1.0 / (2.0 * np.sin(theta)), 1.0 / (4.0 * np.cos(theta))
    d = a / np.sqrt(2.0)
    matrix = np.array([[c * a, -c * a, 0.0, 0.0], [0.0, 0.0, -c * a, c * a], [b, b, b, b], [d, d, -d, -d]])
    return Beams(matrix, matrix[3], matrix[3])


def nortek(matrix: Floats) -> Beams:
    """Beams of a Nortek instrument, positive away from the transducer: to X, Y, Z, or to X, Y, Z1, Z2.

    Parameters
    ----------
    matrix : ndarray of float64, shape (3, 3) or (4, 4)
        The instrument's own transformation matrix, as its file gives it.

    References
    ----------
    Nortek, System Integrator Manual PSI00-0101, head configuration; Nortek N3015-007, GETXFAVG and GETXFBURST. The
    error velocity is that of 951-6079-00 (see `janus`), from the two estimates of the vertical velocity.
    """
    if len(matrix) == 3:
        return Beams(matrix)
    closure = matrix[2] - matrix[3]
    # Z1 - Z2 = (b1 + b3 - b2 - b4) / (2 cos), while X = (b1 - b3) / (2 sin): scaled to the noise of X, and turned to
    # beams that count as positive toward the transducer.
    scale = float(np.sqrt(np.sum(matrix[0] ** 2) / np.sum(closure**2)))
    return Beams(matrix, closure, -closure * scale, second_estimate=True)


class Solved(NamedTuple):
    """Velocities along all beams, and from how many each was solved.

    Attributes
    ----------
    beams : ndarray of float64, shape (..., k)
    solution : ndarray of uint8, shape (...)
        4, 3 or 0: see `SOLUTION_VALUES`.
    """

    beams: Floats
    solution: NDArray[np.uint8]


def solve(velocity: Floats, beams: Beams) -> Solved:
    """Put in one missing beam of four, so that the error velocity is zero.

    Parameters
    ----------
    velocity : ndarray of float64, shape (..., k)
        Along each beam; NaN where missing.
    beams
        Of the instrument.

    Returns
    -------
    Solved
        With two beams missing, or one of three, there is no solution, and what is missing stays NaN.

    References
    ----------
    Teledyne RD Instruments (2010), 951-6079-00: three-beam solutions.
    """
    missing = np.isnan(velocity)
    count = missing.sum(axis=-1)
    if beams.closure is None:
        return Solved(velocity, np.where(count == 0, THREE_BEAMS, NO_SOLUTION).astype(np.uint8))
    solution = np.select([count == 0, count == 1], [FOUR_BEAMS, THREE_BEAMS], NO_SOLUTION).astype(np.uint8)
    if not (count == 1).any():
        return Solved(velocity, solution)
    solved = velocity.copy()
    present = np.where(missing, 0.0, velocity)
    total = sum(beams.closure[beam] * present[..., beam] for beam in range(velocity.shape[-1]))
    for beam in range(velocity.shape[-1]):
        alone = missing[..., beam] & (count == 1)
        solved[..., beam] = np.where(alone, -total / beams.closure[beam], solved[..., beam])
    return Solved(solved, solution)


def to_instrument(velocity: Floats, beams: Beams) -> Floats:
    """Velocities along beams to components along the instrument's axes, shape (..., k) to (..., k)."""
    return np.stack([_weighted(velocity, row) for row in beams.matrix], axis=-1)


def error_velocity(velocity: Floats, beams: Beams, solution: NDArray[np.uint8]) -> Floats:
    """What four beams disagree by; NaN where there were not four: a three-beam solution has none.

    Parameters
    ----------
    velocity : ndarray of float64, shape (..., k)
        Along each beam.
    solution : ndarray of uint8, shape (...)
        From `solve`.
    """
    if beams.error is None:
        return np.full(velocity.shape[:-1], np.nan)
    return np.where(solution == FOUR_BEAMS, _weighted(velocity, beams.error), np.nan)


def _weighted(velocity: Floats, weights: Floats) -> Floats:
    # A sum in a fixed order, one product at a time: the same bits for any number of rows.
    total: Floats = weights[0] * velocity[..., 0]
    for beam in range(1, len(weights)):
        total = total + weights[beam] * velocity[..., beam]
    return total
