"""Physical values to what a file holds, and back: the vocabulary's step for every file, so that files aggregate."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest import vocabulary

FILL = np.int32(-(2**31))
"""`_FillValue` of every packed variable."""

_LIMIT = 2**31 - 1


def pack(name: str, values: NDArray[Any]) -> tuple[NDArray[Any], dict[str, Any]]:
    """Turn values of a vocabulary variable into what the store holds.

    Parameters
    ----------
    name
        Name in the vocabulary.
    values : ndarray, shape (n, ...)
        In the vocabulary's units; NaN where missing.

    Returns
    -------
    packed : ndarray of int32, another integer type or float32, same shape
    encoding
        `scale_factor` and `_FillValue`, where they apply.

    Notes
    -----
    `unpack(pack(x))` is within half a step of x. Values beyond 2**31 steps, and infinities, are kept as the nearest
    end of the range: far outside anything valid, so that quality control fails them, and never wrapped around.
    """
    variable = vocabulary.lookup(name)
    if variable.step is not None:
        return _to_steps(values, variable.step), {"scale_factor": variable.step, "_FillValue": FILL}
    if variable.dtype == "float32":
        return values.astype(np.float32), {"_FillValue": np.float32(np.nan)}
    return values.astype(variable.dtype), {}


def _to_steps(values: NDArray[Any], step: float) -> NDArray[np.int32]:
    scaled = values.astype(np.float64)
    # Dividing by the step, not multiplying by its inverse: decimal instrument values then fall on whole steps.
    np.divide(scaled, step, out=scaled)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -_LIMIT, _LIMIT, out=scaled)
    missing = np.isnan(scaled)
    if missing.any():
        scaled[missing] = FILL
    return scaled.astype(np.int32)


def unpack(packed: NDArray[Any], encoding: Mapping[str, Any]) -> NDArray[Any]:
    """Turn stored values into physical ones: float64 where a step or fill value is declared, else as stored."""
    step = encoding.get("scale_factor")
    if step is None:
        return packed.astype(np.float64) if packed.dtype == np.float32 else packed
    # Whole steps a unit: dividing by them gives the float64 nearest to the decimal number, 34.50158 and not
    # 34.501580000000004; a multiplication by the step, as other CF readers do, is at most one last place away.
    values: NDArray[np.float64] = packed / np.float64(round(1 / step)) if step < 1 else packed * np.float64(step)
    missing = packed == FILL
    if missing.any():
        values[missing] = np.nan
    return values
