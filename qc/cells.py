"""What a record is like around each sample: medians over cells of fixed time, so that blocks change nothing."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qc.check import Halo
from qc.compiled import compiled

_FROM_DIFFERENCES = 1.048
"""Standard deviation of white noise over the median of its absolute first differences: 1 / (sqrt(2) 0.6745)."""


class Surroundings(NamedTuple):
    """Of the cells around each sample's own, each of shape (n,); NaN where nothing is known.

    level : median of the cells' medians; spread : robust standard deviation of them around it; noise : robust standard
    deviation of the samples against their neighbours, median of the cells'; still : share of samples that equal the one
    before, the same way: large where the resolution is no finer than the noise.
    """

    level: NDArray[np.float64]
    spread: NDArray[np.float64]
    noise: NDArray[np.float64]
    still: NDArray[np.float64]


def surroundings_halo(cell_seconds: float, cells: int) -> Halo:
    """What must lie around a sample so that all cells that count are whole."""
    reach = (cells + 1) * cell_seconds
    return Halo(reach, reach, 1, 1)


def surroundings(
    time: NDArray[np.int64], value: NDArray[np.float64], cell_seconds: float, cells: int
) -> Surroundings:
    """Level, spread and noise of the record around each sample.

    Time is cut into cells counted from 1970; a sample is compared with its own cell and `cells` on both sides, as far
    as the record goes.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds.
    value : ndarray of float64, shape (n,)
        NaN and infinities are left out.
    cell_seconds
        Length of a cell.
    cells
        How many count on each side.
    """
    edges = cell_edges(time, cell_seconds)
    around = around_cells(time[edges[:-1]], in_cells(value, edges), cell_seconds, cells)
    return Surroundings(*(np.repeat(one, np.diff(edges)) for one in around))


def cell_edges(time: NDArray[np.int64], cell_seconds: float) -> NDArray[np.int64]:
    """First sample of each cell that holds any, and the number of samples: one more than there are cells."""
    edges: NDArray[np.int64] = _edges(time, _width(cell_seconds))
    return edges


class Cells(NamedTuple):
    """Of the finite samples of each cell: median, median of the differences between neighbours, share of zeros."""

    median: NDArray[np.float64]
    difference: NDArray[np.float64]
    still: NDArray[np.float64]


def in_cells(value: NDArray[np.float64], edges: NDArray[np.int64]) -> Cells:
    """What each cell holds; NaN where it has no samples enough.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
    edges : ndarray of int64, shape (cells + 1,)
        From `cell_edges`.
    """
    return Cells(*_in_cells(value, edges))


def around_cells(
    first: NDArray[np.int64], held: Cells, cell_seconds: float, cells: int
) -> Surroundings:
    """Surroundings of each cell, from a time in each and what they hold."""
    number = first // _width(cell_seconds)
    level = _around(number, held.median, cells)
    spread = 1.4826 * _around_level(number, held.median, level, cells)
    noise = _FROM_DIFFERENCES * _around(number, held.difference, cells)
    return Surroundings(level, spread, noise, _around(number, held.still, cells))


def _width(cell_seconds: float) -> int:
    return max(1, round(cell_seconds * 1e6))


@compiled
def _edges(time: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    count = 0
    for i in range(time.size):
        if i == 0 or time[i] // width != time[i - 1] // width:
            count += 1
    edges = np.empty(count + 1, np.int64)
    count = 0
    for i in range(time.size):
        if i == 0 or time[i] // width != time[i - 1] // width:
            edges[count] = i
            count += 1
    edges[count] = time.size
    return edges


@compiled
def _in_cells(
    value: NDArray[np.float64], edges: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    count = edges.size - 1
    medians, noises, stills = np.full(count, np.nan), np.full(count, np.nan), np.full(count, np.nan)
    for k in range(count):
        part = value[edges[k] : edges[k + 1]]
        part = part[np.isfinite(part)]
        if part.size:
            medians[k] = np.median(part)
        if part.size > 1:
            differences = np.abs(np.diff(part))
            noises[k] = np.median(differences)
            stills[k] = np.mean(differences == 0)
    return medians, noises, stills


@compiled
def _around(number: NDArray[np.int64], of: NDArray[np.float64], cells: int) -> NDArray[np.float64]:
    """Median of the cells near each."""
    return _around_level(number, of, np.full(number.size, np.nan), cells)


@compiled
def _around_level(
    number: NDArray[np.int64], of: NDArray[np.float64], level: NDArray[np.float64], cells: int
) -> NDArray[np.float64]:
    """Median of the distances of the cells near each from its level; of their own values where there is none."""
    count = number.size
    found = np.full(count, np.nan)
    first, last = 0, 0
    for k in range(count):
        while number[first] < number[k] - cells:
            first += 1
        last = max(last, k + 1)
        while last < count and number[last] <= number[k] + cells:
            last += 1
        near = of[first:last]
        near = near[np.isfinite(near)]
        if near.size:
            found[k] = np.median(near) if np.isnan(level[k]) else np.median(np.abs(near - level[k]))
    return found
