"""Velocities of all current profilers: counts of 16 bits to metres per second, in one compiled pass."""


import numpy as np
from numpy.typing import NDArray

from ingest import pages
from ingest.binary.matrices import bytes_of
from ingest.binary.prefetch import AHEAD, ask_for
from ingest.compiled import compiled
from ingest.text import Bytes

BAD_VELOCITY = -32768
_BAD = np.float32(np.nan)


def metres_per_second(
    raw: NDArray[np.int16], steps: NDArray[np.float64], *, apart: int | None = None
) -> NDArray[np.float32]:
    """Convert raw velocities, NaN where the instrument says bad.

    Parameters
    ----------
    raw : ndarray of int16, shape (n, ...)
        Velocities, mostly a view into the bytes of a file; those of one record lie together.
    steps : ndarray of float64, shape (n,) or (1,)
        Steps in a metre per second, of each record or of all: 1000 or 10000. Dividing gives the float nearest to the
        decimal number, multiplying by 0.001 does not.
    apart
        An axis to bring to the front, so that each component is an array of its own: 1, or 2 of three.

    Returns
    -------
    ndarray of float32, shape (n, ...)
    """
    count = int(np.prod(raw.shape[1:]))
    parts = 1 if apart is None else raw.shape[apart]
    rest = raw.shape[1:] if apart is None else raw.shape[1:apart] + raw.shape[apart + 1 :]
    metres = pages.empty((parts, len(raw), count // parts if parts else 0), np.float32)
    if metres.size:
        span, stride = bytes_of(raw, 2 * count)
        # A damaged exponent may ask for steps beyond all numbers, and for less than one step in a kilometre per second.
        known = np.where((steps >= 1e-3) & (steps <= 1e9), steps, np.nan).astype(np.float32)
        if parts > 1 and parts == count:
            _one_each(span, stride, known, metres.reshape(parts, len(raw)))
        elif apart == 2:
            _take_turns(span, stride, known, metres)
        elif parts == 1 and stride == 2 * count and known.size == 1:
            _side_by_side(span, stride, known, metres.reshape(1, 1, metres.size))
        else:
            _side_by_side(span, stride, known, metres)
    return metres.reshape(len(raw), *rest) if apart is None else metres.reshape(parts, len(raw), *rest)


@compiled
def _side_by_side(span: Bytes, stride: int, steps: NDArray[np.float32], metres: NDArray[np.float32]) -> None:
    """Fill `metres`, shape (parts, n, size), from records that hold one part behind the other."""
    parts, records, size = metres.shape
    for row in range(records):
        step = steps[row if steps.size > 1 else 0]
        if row + AHEAD < records:
            ask_for(span, (row + AHEAD) * stride, (row + AHEAD) * stride + 2 * parts * size)
        for part in range(parts):
            counts = span[row * stride + 2 * part * size : row * stride + 2 * (part + 1) * size]
            for place in range(size):
                metres[part, row, place] = _metres(counts[2 * place], counts[2 * place + 1], step)


@compiled
def _one_each(span: Bytes, stride: int, steps: NDArray[np.float32], metres: NDArray[np.float32]) -> None:
    """Fill `metres`, shape (parts, n), from records of one number for each part."""
    parts, records = metres.shape
    for part in range(parts):
        for row in range(records):
            at = np.uint64(row * stride + 2 * part)
            step = steps[row if steps.size > 1 else 0]
            metres[part, row] = _metres(span[at], span[at + np.uint64(1)], step)


@compiled
def _take_turns(span: Bytes, stride: int, steps: NDArray[np.float32], metres: NDArray[np.float32]) -> None:
    """Fill `metres`, shape (parts, n, size), from records whose parts take turns."""
    parts, records, size = metres.shape
    values = np.empty(parts * size, np.float32)
    for row in range(records):
        counts, step = span[row * stride : row * stride + 2 * values.size], steps[row if steps.size > 1 else 0]
        for place in range(values.size):
            values[place] = _metres(counts[2 * place], counts[2 * place + 1], step)
        for part in range(parts):
            for place in range(size):
                metres[part, row, place] = values[place * parts + part]


@compiled
def _metres(low: int, high: int, step: float) -> np.float32:
    count = np.int16(low | high << 8)
    # Not the operator `/`, which looks for a step of zero each time.
    return _BAD if count == BAD_VELOCITY else np.float32(np.divide(np.float32(count), step))
