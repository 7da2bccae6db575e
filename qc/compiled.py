"""Machine code for kernels: one place that says how they are compiled."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
from numba.core.caching import FunctionCache

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

    No fast mathematics: results must not hang on where a block begins.
    """
    kernel = numba.njit(nogil=True)(function)
    kernel._cache = _Cache(function)  # as `cache=True` does, with the wider key
    return cast(Callable[Given, Result], kernel)
