"""What the velocities of all Nortek instruments have in common."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

BAD_VELOCITY = -32768
AWAY = "positive away from the transducer, along each beam"


_VALUES_AT_ONCE = 1 << 16  # as many fit into the cache: half the time of whole arrays


def metres_per_second(
    raw: NDArray[np.int16], divisor: NDArray[np.float64], *, apart: bool = False
) -> NDArray[np.float32]:
    """Convert raw velocities, NaN where the instrument says bad.

    Parameters
    ----------
    raw : ndarray of int16, shape (n, ...)
        Velocities, often a view with gaps.
    divisor : ndarray of float64, shape (n,) or (1,)
        Steps in a metre per second, of each record or of all: 1000 or 10000. Dividing gives the float nearest to the
        decimal number, multiplying by 0.001 does not.
    apart
        Whether to bring the second axis to the front, so that each component is an array of its own.

    Returns
    -------
    ndarray of float32, shape (n, ...)
    """
    metres = np.empty((raw.shape[1], len(raw), *raw.shape[2:]) if apart else raw.shape, np.float32)
    target = np.moveaxis(metres, 0, 1) if apart else metres
    steps = divisor.astype(np.float32).reshape(-1, *(1 for _ in raw.shape[1:]))
    rows = max(1, _VALUES_AT_ONCE // max(1, int(np.prod(raw.shape[1:]))))
    for first in range(0, len(raw), rows):
        counts = np.ascontiguousarray(raw[first : first + rows])
        part = np.divide(counts, steps if len(steps) == 1 else steps[first : first + rows], dtype=np.float32)
        if counts.size and counts.min() == BAD_VELOCITY:
            part[counts == BAD_VELOCITY] = np.nan
        target[first : first + rows] = part
    return metres


def bit(words: NDArray[Any], place: int) -> NDArray[np.bool_]:
    """Whether a bit is set in each word."""
    found: NDArray[np.bool_] = (words >> place & 1) > 0
    return found
