"""What the beams of a profiler say of a cell."""

import numpy as np
from numpy.typing import NDArray

from qc.flags import FAIL, NOT_RUN, PASS, SUSPECT, Outcomes


def fewest_pass(
    value: NDArray[np.float64], source: NDArray[np.float64], beams: int, least: tuple[float, float]
) -> Outcomes:
    """Judge cells by whether enough beams reach a level.

    Parameters
    ----------
    value : ndarray of float64, shape (n,), (n, cell) or (n, cell, beam)
        What is judged; NaN is not run.
    source : ndarray of float64, shape (n,), (n, cell) or (n, cell, beam)
        What the beams saw; NaN is no beam.
    beams
        How many must reach a level.
    least
        Levels below which a cell is suspect, and fails.
    """
    per_beam = source if source.ndim == 3 else source[..., np.newaxis]
    needed = min(beams, per_beam.shape[-1])
    # Sorted ascending with NaN first: the needed-th from the end is the level that so many beams reach.
    ranked = np.sort(np.where(np.isnan(per_beam), -np.inf, per_beam), axis=-1)
    reached = ranked[..., per_beam.shape[-1] - needed]
    reached = reached.reshape(reached.shape + (1,) * (value.ndim - reached.ndim))
    verdict = np.where(reached < least[1], FAIL, np.where(reached < least[0], SUSPECT, PASS))
    known = ~np.isnan(value) & (reached > -np.inf)
    return np.where(known, verdict, NOT_RUN).astype(np.uint8)
