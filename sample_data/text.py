"""Text of many numbers at once: matrices of characters in which 0 stands for nothing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Characters = NDArray[np.uint8]

_ZERO, _MINUS = 48, 45
_WIDTH = 8


def literal(text: str, rows: int) -> Characters:
    """Return the same text on every row, shape (rows, len(text))."""
    return np.broadcast_to(np.frombuffer(text.encode("ascii"), dtype=np.uint8), (rows, len(text)))


def digits(values: NDArray[np.int64], width: int) -> Characters:
    """Whole numbers with leading zeros, shape (n, width)."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int32)
    return (np.asarray(values, dtype=np.int32)[:, None] // powers % 10 + _ZERO).astype(np.uint8)


def fixed(values: NDArray[np.int64], decimals: int, point: str = ".") -> Characters:
    """Decimal numbers without padding.

    Parameters
    ----------
    values : ndarray of int64, shape (n,)
        In units of the last decimal.
    decimals
        At least 0; with 0 there is no point.
    point
        Decimal sign.

    Returns
    -------
    ndarray of uint8, shape (n, w)
        Characters, 0 where the number is shorter.
    """
    if np.any(np.abs(values) >= 10**_WIDTH):
        raise ValueError(f"a value of {int(np.abs(values).max())} has more than {_WIDTH} digits")
    size = np.abs(values).astype(np.int32)
    out = np.zeros((len(size), _WIDTH + 2), dtype=np.uint8)
    column = out.shape[1] - 1
    rest = size
    for place in range(_WIDTH):
        if place == decimals and decimals:
            out[:, column] = ord(point)
            column -= 1
        following = rest // 10
        character = (rest - following * 10 + _ZERO).astype(np.uint8)
        out[:, column] = character if place <= decimals else np.where(rest > 0, character, 0)
        column -= 1
        rest = following
        if place >= decimals and not rest.any():
            break
    out[:, column] = np.where(values < 0, _MINUS, 0)
    return out[:, column:]


def join(parts: Sequence[Characters]) -> tuple[Characters, NDArray[np.int64]]:
    """Set columns side by side and leave out the nothing.

    Returns
    -------
    data : ndarray of uint8
        All rows, one after the other.
    ends : ndarray of int64, shape (n,)
        Where each row ends in `data`.
    """
    matrix = np.concatenate(parts, axis=1)
    there = matrix != 0
    return matrix[there], np.cumsum(np.count_nonzero(there, axis=1), dtype=np.int64)
