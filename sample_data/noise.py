"""Noise that is the same for one seed wherever a computation starts: any stretch can be made without the one before."""

import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BLOCK = 65_536
"""Random numbers of one generator; the generator's key is (seed, stream, number of the block)."""

_NODES = 1_024
_OCTAVES = 14
# Mean over one interval of the sum of squared cubic B-spline weights: 151/315.
_SPLINE_POWER = 151.0 / 315.0


def stream_number(name: str) -> int:
    """Return a fixed number for a stream of noise, from its name."""
    return zlib.crc32(name.encode())


def _generator(seed: int, stream: str, block: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, stream_number(stream), block))))


@lru_cache(maxsize=64)
def _white_block(seed: int, stream: str, block: int, rows: int, width: int) -> NDArray[np.float32]:
    values = _generator(seed, stream, block).standard_normal((rows, width), dtype=np.float32)
    values.setflags(write=False)
    return values


def white(seed: int, stream: str, start: int, stop: int, width: int = 1) -> NDArray[np.float32]:
    """Gaussian white noise of unit variance for samples `start` to `stop`.

    Returns
    -------
    ndarray of float32, shape (stop - start, width)
    """
    rows = max(1, BLOCK // width)
    pieces = []
    for block in range(start // rows, -(-stop // rows)):
        first = block * rows
        values = _white_block(seed, stream, block, rows, width)
        pieces.append(values[max(start - first, 0) : stop - first])
    return np.concatenate(pieces) if pieces else np.empty((0, width), np.float32)


def uniform(seed: int, stream: str, count: int) -> Floats:
    """`count` numbers in [0, 1), for choices that are made once for a deployment."""
    return _generator(seed, stream, 0).random(count)


@lru_cache(maxsize=256)
def _node_block(seed: int, stream: str, block: int) -> Floats:
    values = _generator(seed, stream, block).standard_normal(_NODES)
    values.setflags(write=False)
    return values


def _nodes(seed: int, stream: str, first: int, last: int) -> Floats:
    blocks = range(first // _NODES, last // _NODES + 1)
    values = np.concatenate([_node_block(seed, stream, block) for block in blocks])
    return np.asarray(values[first - blocks[0] * _NODES : last + 1 - blocks[0] * _NODES])


def _octave(seed: int, stream: str, position: Floats) -> Floats:
    cell = np.floor(position).astype(np.int64)
    nodes = _nodes(seed, stream, int(cell[0]), int(cell[-1]) + 3)
    where = cell - cell[0]
    u: Floats = position - cell
    v = 1.0 - u
    value: Floats = (
        v**3 * nodes[where]
        + (3 * u**3 - 6 * u**2 + 4) * nodes[where + 1]
        + (3 * v**3 - 6 * v**2 + 4) * nodes[where + 2]
        + u**3 * nodes[where + 3]
    )
    return value / (6.0 * float(np.sqrt(_SPLINE_POWER)))


def red(seed: int, stream: str, seconds: Floats, shortest: float = 120.0) -> Floats:
    """Red noise of unit variance.

    Fourteen octaves of independent Gaussian nodes, joined by cubic B-splines; the nodes of octave j lie
    `shortest` x 2^j apart and its variance is in proportion to 2^j. The spectrum falls with the square of frequency
    between 1/(2 `shortest`) and one cycle in 2^14 `shortest` (23 days for 120 s), is flat below and has nothing above:
    that of an Ornstein-Uhlenbeck process with a time scale of about four days, but open at any point in time.

    Parameters
    ----------
    seed, stream
        Name the noise.
    seconds : ndarray, shape (n,), ascending, not negative
        Where it is wanted.
    shortest
        Seconds between the nodes of the fastest octave.

    Returns
    -------
    ndarray, shape (n,)
    """
    total = np.zeros_like(seconds)
    if not len(seconds):
        return total
    power = 2.0 ** np.arange(_OCTAVES)
    for octave, share in enumerate(power / power.sum()):
        position = seconds / (shortest * 2.0**octave)
        total += np.sqrt(share) * _octave(seed, f"{stream}/{octave}", position)
    return total
