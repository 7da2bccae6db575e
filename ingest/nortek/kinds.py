"""Records of a classic Nortek file by id and length, and those among them that carry the time of others."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ingest.binary.matrices import rows
from ingest.binary.runs import Runs
from ingest.nortek.classic import BURST_HEADER, CLOCK, SYSTEM
from ingest.nortek.clock import Flags, decimal_times
from ingest.nortek.vector_clock import Stamps
from ingest.text import Block, Bytes, Places
from ingest.timecode import Times


@dataclass(frozen=True)
class Kind:
    """Records of one id and length: where they stand in the block, and the block."""

    kind: int
    runs: Runs
    block: Block

    @property
    def length(self) -> int:
        """Bytes of a record."""
        return self.runs.length

    @property
    def start(self) -> Places:
        """First bytes of the records in the block, ascending."""
        return self.runs.start

    @property
    def buffer(self) -> Bytes:
        """The block as an array."""
        return np.frombuffer(self.block, np.uint8)

    @cached_property
    def matrix(self) -> Bytes:
        """Their bytes, shape (n, length)."""
        return rows(self.buffer, self.start, self.length)

    @cached_property
    def times(self) -> tuple[Times, Flags]:
        """Times of records that have a clock, and which of them are one, each of shape (n,)."""
        return decimal_times(self.buffer, self.start, CLOCK)

    def between(self, first: int, stop: int) -> "Kind":
        """Those that start within a part of the block."""
        held = self.runs.between(first, stop)
        return self if held is self.runs else replace(self, runs=held)


def places_of(kinds: Iterable[Kind], wanted: int) -> Places:
    """Where records of one id start, ascending."""
    own = [kind.start for kind in kinds if kind.kind == wanted]
    return own[0] if len(own) == 1 else np.sort(np.concatenate([np.empty(0, np.int64), *own]))


def stamps_of(kinds: Iterable[Kind]) -> Stamps:
    """Records with a time in file order; those with an impossible one are left out."""
    stamped = [kind for kind in kinds if kind.kind in (SYSTEM, BURST_HEADER)]
    parts = [(kind, *kind.times) for kind in stamped]
    if not parts:
        return Stamps(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, bool))
    place = np.concatenate([kind.start[valid] for kind, _, valid in parts])
    order = np.argsort(place, kind="stable")
    time = np.concatenate([time[valid] for _, time, valid in parts]).astype(np.int64) * 1000
    restart = np.concatenate([np.full(int(valid.sum()), kind.kind == BURST_HEADER) for kind, _, valid in parts])
    return Stamps(place[order], time[order], restart[order])
