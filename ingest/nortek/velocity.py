"""What the records of all Nortek instruments have in common."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

AWAY = "positive away from the transducer, along each beam"


def bit(words: NDArray[Any], place: int) -> NDArray[np.bool_]:
    """Whether a bit is set in each word."""
    found: NDArray[np.bool_] = (words >> place & 1) > 0
    return found


def scaled(columns: Mapping[str, NDArray[Any]], table: Iterable[tuple[str, str, float]]) -> dict[str, NDArray[Any]]:
    """Divide columns, each of shape (n,), by the steps in a unit.

    Parameters
    ----------
    columns
        Raw values.
    table
        Our name, name of the column, divisor; those that are not there are left out.
    """
    held = [(name, columns[column], divisor) for name, column, divisor in table if column in columns]
    # Whole numbers become float64 in one piece of memory: NumPy asks for large pages for it, for many short ones not.
    whole = [one for one in held if one[1].dtype.kind in "iu"]
    values = np.empty((len(whole), whole[0][1].size if whole else 0))
    found = {name: np.divide(raw, divisor, out=out) for (name, raw, divisor), out in zip(whole, values, strict=True)}
    with np.errstate(invalid="ignore", over="ignore"):
        return {name: found[name] if name in found else _numbers(raw / divisor) for name, raw, divisor in held}


def _numbers(values: NDArray[Any]) -> NDArray[Any]:
    """The values; NaN for floats of a file that are no finite number: they may be any bits, sound checksum or not."""
    return np.where(np.isfinite(values), values, np.float32(np.nan)) if values.dtype.kind == "f" else values


def finite_of(column: NDArray[Any], factor: float) -> NDArray[np.float32]:
    """Values of a field times a factor, NaN for those that are no finite number."""
    with np.errstate(invalid="ignore", over="ignore"):
        return _numbers((column * factor).astype(np.float32, copy=False))
