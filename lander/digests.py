"""Digests of what a file holds, variable by variable and by stretches of its month.

A month is cut 1, 4 and 13 days from both ends. A neighbour that looks so far across the edge hangs on those stretches
only, so that a change in the middle of one month does not remake the next.
"""

import hashlib
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

EDGE_DAYS = (1, 4, 13)

_DAY_US = 86_400_000_000
_PIECES = 2 * len(EDGE_DAYS) + 1
_LENGTH = 12


def cuts_of(time: NDArray[np.int64], month: tuple[int, int]) -> tuple[int, ...]:
    """Rows at which the stretches of a month begin, and the number of rows: one more than there are stretches.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC, ascending.
    month
        First microsecond of the month and of the next one.
    """
    start, end = month
    heads = [start + days * _DAY_US for days in EDGE_DAYS]
    tails = [end - days * _DAY_US for days in reversed(EDGE_DAYS)]
    return (0, *np.searchsorted(time, [*heads, *tails]).tolist(), len(time))


def of_rows(about: str, data: NDArray[Any], cuts: tuple[int, ...]) -> str:
    """Digest of a variable along time: those of its stretches, one after the other; each byte is hashed once.

    Parameters
    ----------
    about
        What else makes the content: name, type, dimensions, packing.
    data : ndarray, shape (n, ...)
    cuts
        From `cuts_of`.
    """
    return "".join(_digest(about, [data[low:high]]) for low, high in pairwise(cuts))


def of_whole(about: str, data: NDArray[Any]) -> str:
    """Digest of a variable that does not lie along time."""
    return _digest(about, [data])


def _digest(about: str, arrays: Iterable[NDArray[Any]]) -> str:
    digest = hashlib.sha256(about.encode())
    for array in arrays:
        if array.dtype.kind in "OU":
            digest.update("\x00".join(map(str, array)).encode())
        else:
            digest.update(np.ascontiguousarray(array).view(np.uint8).reshape(-1).data)
    return digest.hexdigest()[:_LENGTH]


def edge_for(halo_us: int, end: str) -> str:
    """Name of the smallest stretch that holds so much of a month's "head" or "tail"; "" for the whole month."""
    for days in EDGE_DAYS:
        if halo_us <= days * _DAY_US:
            return f"@{end}{days}"
    return ""


def part(digest: str, edge: str) -> str:
    """Digest of the stretches that an edge names, such as "head4"; of the whole for ""."""
    if not edge or len(digest) != _PIECES * _LENGTH:
        return digest
    count = _LENGTH * (EDGE_DAYS.index(int(edge[4:])) + 1)
    return digest[:count] if edge.startswith("head") else digest[-count:]
