"""Machine code for kernels on text: one place that says how they are compiled.

The same few lines as in `qc/compiled.py`: `ingest` and `qc` do not know each other, and a module above both would be
one that both hang on.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
import numpy as np
from numba.core.caching import FunctionCache
from numpy.typing import NDArray

Given = ParamSpec("Given")
Result = TypeVar("Result")


_MODULES = (path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py")))
_SOURCES = hashlib.sha256(b"".join(text for text in _MODULES if b".compiled import" in text)).hexdigest()
"""Of all modules with kernels: numba's own cache looks at a kernel's file, not at those whose kernels it calls."""


class _Cache(FunctionCache):  # type: ignore[misc]
    """Machine code kept on disk, made anew when any module with kernels has changed."""

    def _index_key(self, *arguments: Any) -> tuple[Any, ...]:
        return (*super()._index_key(*arguments), _SOURCES)


def compiled(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Compile a function on plain arrays on its first call; the machine code is kept on disk for the next process.

    No fast mathematics: numbers are those of `float(text)`, bit for bit.
    """
    kernel = numba.njit(nogil=True)(function)
    kernel._cache = _Cache(function)  # as `cache=True` does, with the wider key
    return cast(Callable[Given, Result], kernel)


def sealed(buffer: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give the same bytes as a contiguous array that cannot be written.

    Bytes of a file come as such an array, those of a test mostly not: each kind would be compiled for itself.
    """
    view = np.ascontiguousarray(buffer, dtype=np.uint8)[:]
    view.flags.writeable = False
    return view
