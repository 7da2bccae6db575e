"""Machine code for kernels: one place that says how they are compiled."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

Given = ParamSpec("Given")
Result = TypeVar("Result")


def compiled(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Compile a function on plain arrays on its first call; the machine code is kept on disk for the next process.

    No fast mathematics: results must not hang on where a block begins.
    """
    return cast(Callable[Given, Result], numba.njit(cache=True, nogil=True)(function))
