"""Fields of the samples of SonTek ADV bursts, brought from where they stand in a block into arrays of their own."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest import pages
from ingest.binary.matrices import Place
from ingest.binary.pieces import Columns
from ingest.compiled import compiled
from ingest.sontek.adv_layout import Layout
from ingest.text import Bytes, Places

Numbers = NDArray[np.float64]


class Samples(NamedTuple):
    """Samples of bursts of one layout: the block, first byte of each burst's first sample, how many, their size."""

    buffer: Bytes
    start: Places
    many: int
    size: int


def values_of(samples: Samples, layout: Layout) -> Columns:
    """Give the fields of every sample in the vocabulary's units, each of shape (n,) or (n, count); pressure as counts.

    Multiplied or divided as the steps are given, which gives the float nearest to the decimal number.
    """
    numbers = {
        "velocity": _numbers(layout.velocity_step, divides=False),
        "attitude": _numbers(10.0, divides=True),
        "temperature": _numbers(100.0, divides=True),
    }
    return {name: _values(samples, place, numbers.get(name)) for name, place in layout.places.items()}


def _values(samples: Samples, place: Place, numbers: Numbers | None) -> NDArray[Any]:
    """One field of all samples: as numbers where some are given for its counts, else as it is."""
    start, form, three = samples.start + place.start, (samples.many, samples.size), place.shape == (_THREE,)
    shape = (start.size * samples.many, *place.shape)
    if numbers is not None:
        values = pages.empty(shape, np.float64)
        (_three if three else _one)(samples.buffer, start, form, numbers, values.reshape(-1))
        return values
    if place.dtype == np.uint8:
        small = pages.empty(shape, np.uint8)
        (_three_bytes if three else _byte)(samples.buffer, start, form, small.reshape(-1))
        return small
    counts = pages.empty(shape, np.int32)
    for part in range(place.size // 2):
        _words(samples.buffer, start + 2 * part, form, counts.reshape(len(counts), -1)[:, part])
    return counts


_THREE = 3


@lru_cache(maxsize=8)
def _numbers(step: float, *, divides: bool) -> Numbers:
    """Every signed count of 16 bits times a step, or divided by it, by the count's bits."""
    counts = np.arange(1 << 16).astype(np.uint16).view(np.int16).astype(np.float64)
    return counts / step if divides else counts * step


# The loops below go through unsigned places, without a look at whether each counts from the end, and cut no array in
# parts, which for bursts of 20 samples took half the time.


@compiled
def _three(buffer: Bytes, start: Places, form: tuple[int, int], numbers: Numbers, values: Numbers) -> None:
    many, step, target = form[0], np.uint64(form[1]), np.uint64(0)
    for row in range(start.size):
        at = np.uint64(start[row])
        for _ in range(many):
            values[target] = numbers[_word(buffer, at)]
            values[target + _ONE] = numbers[_word(buffer, at + _TWO)]
            values[target + _TWO] = numbers[_word(buffer, at + _FOUR)]
            target += _PARTS
            at += step


@compiled
def _one(buffer: Bytes, start: Places, form: tuple[int, int], numbers: Numbers, values: Numbers) -> None:
    many, step, target = form[0], np.uint64(form[1]), np.uint64(0)
    for row in range(start.size):
        at = np.uint64(start[row])
        for _ in range(many):
            values[target] = numbers[_word(buffer, at)]
            target += _ONE
            at += step


_ONE, _TWO, _PARTS, _FOUR = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)


@compiled
def _word(buffer: Bytes, at: np.uint64) -> np.uint64:
    return np.uint64(buffer[at]) | np.uint64(buffer[at + _ONE]) << _EIGHT


_EIGHT = np.uint64(8)


@compiled
def _words(buffer: Bytes, start: Places, form: tuple[int, int], counts: NDArray[np.int32]) -> None:
    """Words of 16 bits, of which each sample has one."""
    many, step, target = form[0], np.uint64(form[1]), np.uint64(0)
    for row in range(start.size):
        at = np.uint64(start[row])
        for _ in range(many):
            counts[target] = _word(buffer, at)
            target += _ONE
            at += step


@compiled
def _three_bytes(buffer: Bytes, start: Places, form: tuple[int, int], values: Bytes) -> None:
    many, step, target = form[0], np.uint64(form[1]), np.uint64(0)
    for row in range(start.size):
        at = np.uint64(start[row])
        for _ in range(many):
            values[target] = buffer[at]
            values[target + _ONE] = buffer[at + _ONE]
            values[target + _TWO] = buffer[at + _TWO]
            target += _PARTS
            at += step


@compiled
def _byte(buffer: Bytes, start: Places, form: tuple[int, int], values: Bytes) -> None:
    many, step, target = form[0], np.uint64(form[1]), np.uint64(0)
    for row in range(start.size):
        at = np.uint64(start[row])
        for _ in range(many):
            values[target] = buffer[at]
            target += _ONE
            at += step
