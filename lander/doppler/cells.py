"""Where the cells of a profile lie: heights above the seafloor, and cells brought to one height by the tilt."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def height_above_seafloor(instrument_height: float, cell_distance: Floats, *, up: bool) -> Floats:
    """Height of the middle of each cell.

    Parameters
    ----------
    instrument_height
        Of the transducers above the seafloor, m.
    cell_distance : ndarray of float64, shape (cells,)
        From the transducers to the middle of each cell along the vertical of an upright instrument, m.
    up
        Whether the transducers look up; negative heights of one that looks down are cells below the seafloor.
    """
    return instrument_height + cell_distance if up else instrument_height - cell_distance


def mapped_cells(rotation: Floats, directions: Floats, cell_distance: Floats) -> NDArray[np.int64]:
    """For each beam and height, the cell that lies nearest to it under the tilt of the moment.

    Parameters
    ----------
    rotation : ndarray of float64, shape (3, 3, n)
        From the instrument's axes to east, north, up.
    directions : ndarray of float64, shape (beams, 3)
        Unit vectors along the beams, of either sign.
    cell_distance : ndarray of float64, shape (cells,)
        Of an upright instrument, equally spaced, m.

    Returns
    -------
    ndarray of int64, shape (n, cells, beams)
        Number of the cell to take, -1 where the beam has none within half a cell of that height.

    References
    ----------
    Teledyne RD Instruments (2010), ADCP Coordinate Transformation, P/N 951-6079-00: depth cell mapping.
    """
    count = len(cell_distance)
    upright = np.abs(directions[:, 2])
    vertical = np.abs(sum(rotation[2, axis][:, np.newaxis] * directions[:, axis] for axis in range(3)))
    stretch = np.asarray(vertical / upright)
    size = (cell_distance[-1] - cell_distance[0]) / (count - 1) if count > 1 else np.inf
    # A beam that points along the horizon, or an attitude that is missing, reaches no height.
    with np.errstate(divide="ignore", invalid="ignore"):
        wanted = (cell_distance[np.newaxis, :, np.newaxis] / stretch[:, np.newaxis, :] - cell_distance[0]) / size
    number = np.rint(np.where(np.isfinite(wanted), wanted, -1.0))
    return np.where((number >= 0) & (number < count), number, -1).astype(np.int64)


def take_cells(velocity: Floats, number: NDArray[np.int64]) -> Floats:
    """Velocities of the cells that `mapped_cells` names, NaN where it names none; shape (n, cells, beams)."""
    taken = np.take_along_axis(velocity, np.maximum(number, 0), axis=1)
    return np.where(number >= 0, taken, np.nan)
