"""What the velocities of all Nortek instruments have in common."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BAD_VELOCITY = -32768
AWAY = "positive away from the transducer, along each beam"


def metres_per_second(raw: NDArray[np.int16], divisor: NDArray[np.float64]) -> NDArray[np.float32]:
    """Convert raw velocities, NaN where the instrument says bad.

    Parameters
    ----------
    raw : ndarray of int16, shape (n, ...)
        Velocities, often a view with gaps.
    divisor : ndarray of float64, shape (n,) or (1,)
        Steps in a metre per second, of each record or of all: 1000 or 10000. Dividing gives the float nearest to the
        decimal number, multiplying by 0.001 does not.

    Returns
    -------
    ndarray of float32, shape (n, ...)
    """
    metres = np.empty(raw.shape, np.float32)
    steps = divisor.astype(np.float32).reshape(-1, *(1 for _ in raw.shape[1:]))
    # NumPy converts and divides through buffers that stay in the cache: half the time of two passes.
    np.divide(raw, steps, out=metres, dtype=np.float32)
    bad = raw == BAD_VELOCITY
    if bad.any():
        metres[bad] = np.nan
    return metres


def bit(words: NDArray[Any], place: int) -> NDArray[np.bool_]:
    """Whether a bit is set in each word."""
    found: NDArray[np.bool_] = (words >> place & 1) > 0
    return found
