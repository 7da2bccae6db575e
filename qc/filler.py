"""The blueprint of a gap filler, and how fillers are found."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Series:
    """One variable's samples that may be trusted, in time order.

    Attributes
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC.
    value : ndarray of float64, shape (n,)
        Finite.
    """

    time: NDArray[np.int64]
    value: NDArray[np.float64]


@dataclass(frozen=True)
class Filled:
    """Values put where none was measured.

    Attributes
    ----------
    value : ndarray of float64, shape (m,)
        NaN where the method declines.
    uncertainty : ndarray of float64, shape (m,)
        One standard deviation, units of the value.
    """

    value: NDArray[np.float64]
    uncertainty: NDArray[np.float64]


@dataclass(frozen=True)
class Filler:
    """One way to fill gaps.

    Attributes
    ----------
    name
        Name of the method; also the module's.
    code
        Its number in `<var>_fill_method`, never used again for another method.
    learn
        `learn(series, largest_gap_seconds) -> summary`: what one part of the record teaches, as a dict of arrays and
        numbers that JSON can hold. A first pass over the whole record.
    merge
        `merge(summaries) -> summary`: the parts' summaries, in time order, as one; the same for any parts.
    predict
        `predict(series, at, summary) -> Filled`: values at the times `at` (int64 us, ascending, inside gaps of
        `series`), which reaches over the gap to both sides.
    version
        Raised when the same gaps would be filled with other values.
    """

    name: str
    code: int
    learn: Callable[[Series, float], dict[str, Any]]
    merge: Callable[[list[dict[str, Any]]], dict[str, Any]]
    predict: Callable[[Series, NDArray[np.int64], Mapping[str, Any]], Filled]
    version: int = 1


@cache
def discover() -> Mapping[str, Filler]:
    """Every filler in `qc/fill`, by name: one module, one `FILLER`.

    Raises
    ------
    TypeError
        Two fillers share a code, or a module's name is not its filler's.
    """
    # Not `import qc.fill`: the attribute `qc.fill` is the function that users call.
    folder = importlib.import_module("qc.fill")
    found: dict[str, Filler] = {}
    for module_info in sorted(pkgutil.iter_modules(folder.__path__), key=lambda info: info.name):
        filler = getattr(importlib.import_module(f"{folder.__name__}.{module_info.name}"), "FILLER", None)
        if filler is None:
            continue
        if filler.name != module_info.name:
            raise TypeError(f"filler {filler.name!r} lies in qc/fill/{module_info.name}.py: name both alike")
        if any(other.code == filler.code for other in found.values()):
            raise TypeError(f"filler {filler.name!r}: code {filler.code} is taken")
        found[filler.name] = filler
    return found
