"""Machine code for kernels on text: one place that says how they are compiled.

The same few lines as in `qc/compiled.py`: `ingest` and `qc` do not know each other, and a module above both would be
one that both hang on.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Given = ParamSpec("Given")
Result = TypeVar("Result")


def compiled(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Compile a function on plain arrays on its first call; the machine code is kept on disk for the next process.

    No fast mathematics: numbers are those of `float(text)`, bit for bit.
    """
    return cast(Callable[Given, Result], numba.njit(cache=True, nogil=True)(function))


def sealed(buffer: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give the same bytes as a contiguous array that cannot be written.

    Bytes of a file come as such an array, those of a test mostly not: each kind would be compiled for itself.
    """
    view = np.ascontiguousarray(buffer, dtype=np.uint8)[:]
    view.flags.writeable = False
    return view
