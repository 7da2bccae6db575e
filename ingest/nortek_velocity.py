"""What the velocities of all Nortek instruments have in common."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

AWAY = "positive away from the transducer, along each beam"


def bit(words: NDArray[Any], place: int) -> NDArray[np.bool_]:
    """Whether a bit is set in each word."""
    found: NDArray[np.bool_] = (words >> place & 1) > 0
    return found
