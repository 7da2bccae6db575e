"""Large arrays in memory that the system gives in large pages."""

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

PAGE_BYTES = 2 * 1024 * 1024
"""A large page of x86 and ARM under Linux."""

_LARGEST_REUSED = 32 * 1024 * 1024 - 8192
"""Bytes of the largest array that glibc learns from: it wants less than 32 MiB, with a page before the array."""


@cache
def reuse() -> None:
    """Let the C library keep up to 64 MiB of what arrays gave back for the next file; without effect but under glibc.

    It gives the end of its memory back to the system once that is twice as large as the largest array that it ever got
    back, and takes 32 MiB for the most. A file of 21 MB and 25 MB of values from it lay just above, so that each file
    paid its page faults anew: 5 ms of 42. Here it gets such an array back, of which no page was ever touched.
    """
    np.empty(_LARGEST_REUSED, np.uint8)


def empty(shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """As `numpy.empty`, but large arrays begin with a large page and own their last one to its end.

    NumPy asks for large pages from 4 MiB on, but the parts before the first and behind the last of them come in pages
    of 4 KiB, at 2 microseconds each the first time they are touched. 5 MB: 0.8 ms where `numpy.empty` takes 1.8 ms;
    13 MB 1.8 ms, before 3.0 ms. In place of them up to 2 MiB behind the array's end stay unused.
    """
    kind, form = np.dtype(dtype), (shape,) if isinstance(shape, int) else shape
    size = math.prod(form) * kind.itemsize
    if size < PAGE_BYTES:
        return np.empty(form, kind)
    room = np.empty((-(-size // PAGE_BYTES) + 1) * PAGE_BYTES, np.uint8)
    first = -room.ctypes.data % PAGE_BYTES
    return room[first : first + size].view(kind).reshape(form)


_ALIGNMENT = 64


def together(*wanted: tuple[int | tuple[int, ...], DTypeLike]) -> list[NDArray[Any]]:
    """Arrays in one piece of memory, as `empty` gives it, which stays as long as any of them is held.

    Each would begin with a large page of its own and leave up to 2 MiB of its last one unused.

    Parameters
    ----------
    *wanted
        Shape and type of each.
    """
    forms = [((shape,) if isinstance(shape, int) else shape, np.dtype(kind)) for shape, kind in wanted]
    sizes = [math.prod(shape) * kind.itemsize for shape, kind in forms]
    starts = np.cumsum([0, *(-(-size // _ALIGNMENT) * _ALIGNMENT for size in sizes)]).tolist()
    room = empty(starts[-1], np.uint8)
    return [
        room[start : start + size].view(kind).reshape(shape)
        for (shape, kind), size, start in zip(forms, sizes, starts[:-1], strict=True)
    ]
