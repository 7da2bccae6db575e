"""Records of one length as runs of such as follow each other: first byte and number, in place of a place for each.

A Vector's 840,000 samples of 20 MB are 26,000 runs between records of other kinds, an Aquadopp's 340,000 records a few
thousand: a list of all their places was written, sorted and read again, half of the search for them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ingest import pages
from ingest.compiled import compiled
from ingest.text import Places


@dataclass(frozen=True)
class Runs:
    """Runs in file order.

    Attributes
    ----------
    length
        Bytes of a record.
    first : ndarray of int64, shape (n,)
        First byte of each run, in the block.
    count : ndarray of int64, shape (n,)
        Its records, at least one.
    """

    length: int
    first: Places
    count: Places

    @cached_property
    def size(self) -> int:
        """How many records there are in all."""
        return int(self.count.sum())

    @cached_property
    def start(self) -> Places:
        """First byte of each record, ascending."""
        found: Places = pages.empty(self.size, np.int64)
        _spread(self.first, self.count, self.length, found)
        return found

    def between(self, first: int, stop: int) -> "Runs":
        """Records that start within a part of the block."""
        return self._before(stop)._from(first)

    def _whole(self, at: int) -> tuple[int, int]:
        """Runs that start before a byte, and the records of the last of them that do."""
        runs = int(np.searchsorted(self.first, at))
        within = min(int(self.count[runs - 1]), -((int(self.first[runs - 1]) - at) // self.length)) if runs else 0
        return runs, within

    def _before(self, at: int) -> "Runs":
        runs, within = self._whole(at)
        if not runs or within == self.count[runs - 1]:
            return self if runs == self.first.size else Runs(self.length, self.first[:runs], self.count[:runs])
        return Runs(self.length, self.first[:runs], np.append(self.count[: runs - 1], within))

    def _from(self, at: int) -> "Runs":
        runs, within = self._whole(at)
        if not runs:
            return self
        left = int(self.count[runs - 1]) - within
        if not left:
            return Runs(self.length, self.first[runs:], self.count[runs:])
        opening = self.first[runs - 1] + within * self.length
        return Runs(self.length, np.append(opening, self.first[runs:]), np.append(left, self.count[runs:]))


@compiled
def _spread(first: Places, count: Places, length: int, found: Places) -> None:
    row = np.uint64(0)
    for run in range(first.size):
        place = first[run]
        for _ in range(count[run]):
            found[row] = place
            row += np.uint64(1)
            place += length
