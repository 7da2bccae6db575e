"""When an instrument samples: its clock's ticks, and the runs of samples that end up in its files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .clock import Clock

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Timeline:
    """Samples of one instrument, regular on its own clock.

    Attributes
    ----------
    clock
        The instrument's.
    start
        UTC of the start of the deployment, when the clock was set.
    interval, first
        Seconds on the clock between samples, and until the first.
    """

    clock: Clock
    start: np.datetime64
    interval: float
    first: float = 0.0

    @property
    def count(self) -> int:
        """Samples that a deployment without gaps gives."""
        return self.sample_at(self.clock.duration)

    def sample_at(self, seconds: float) -> int:
        """Return the number of the first sample at or after a true time; one past the last at the end."""
        seconds = min(seconds, self.clock.duration)
        return max(0, int(np.ceil((self.clock.ticks(seconds) - self.first) / self.interval - 1e-9)))

    def ticks(self, first: int, last: int) -> Floats:
        """Seconds that the oscillator has counted at samples `first` to `last`."""
        return self.first + self.interval * np.arange(first, last, dtype=np.float64)

    def true_seconds(self, first: int, last: int) -> Floats:
        """True time since the start of samples `first` to `last`."""
        return self.clock.true_seconds(self.ticks(first, last))

    def utc(self, seconds: Floats) -> NDArray[np.int64]:
        """True seconds since the start as microseconds since 1970."""
        origin = int(self.start.astype("datetime64[us]").astype(np.int64))
        return np.rint(seconds * 1e6).astype(np.int64) + origin

    def reading(self, first: int, last: int) -> NDArray[np.int64]:
        """What the clock says at samples `first` to `last`: microseconds since 1970."""
        ticks = self.ticks(first, last)
        return self.utc(ticks + self.clock.jump(self.clock.true_seconds(ticks)) + self.clock.ahead)


@dataclass(frozen=True)
class Chunk:
    """Samples `first` to `last`, written one after the other; `copy_of` is the duplicate fault's id, 0 for none."""

    first: int
    last: int
    copy_of: int = 0
    power_on: bool = False
    power_off: bool = False


def schedule(count: int, block: int, gaps: Sequence[tuple[int, int]],
             duplicates: Sequence[tuple[int, int, int]]) -> Iterator[Chunk]:  # fmt: skip
    """Divide an instrument's samples into chunks, in the order in which they are written.

    Parameters
    ----------
    count
        Samples without gaps.
    block
        Chunks end at its multiples.
    gaps
        First sample and the one after the last of those not taken.
    duplicates
        The same of those written twice, and the fault's id: the copy follows the original.
    """
    for low, high in _kept(count, gaps):
        repeated = [(max(a, low), min(b, high), number) for a, b, number in duplicates if a < high and b > low]
        edges = {low, high, *range(-(-low // block) * block, high, block), *(b for _, b, _ in repeated)}
        ordered = sorted(edges)
        for first, last in pairwise(ordered):
            yield Chunk(first, last, 0, first == low, last == high)
            for a, b, number in repeated:
                if b == last:
                    yield from (Chunk(c, min(c + block, b), number) for c in range(a, b, block))


def _kept(count: int, gaps: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    at = 0
    for low, high in sorted(gaps):
        if low > at:
            yield at, min(low, count)
        at = max(at, high)
    if at < count:
        yield at, count
