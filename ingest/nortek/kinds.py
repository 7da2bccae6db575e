"""Records of a classic Nortek file by id and length, and those among them that carry the time of others."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ingest.binary.matrices import rows
from ingest.binary.runs import Runs
from ingest.compiled import compiled
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
    stamped = {
        kind.kind: _Stamped(kind.start, kind.times[0].view(np.int64), kind.times[1])
        for kind in kinds
        if kind.kind in (SYSTEM, BURST_HEADER)
    }
    systems, bursts = stamped.get(SYSTEM, _NO_STAMPS), stamped.get(BURST_HEADER, _NO_STAMPS)
    room = systems.place.size + bursts.place.size
    place, time, restart = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.bool_)
    count = _in_order(systems, bursts, place, time, restart)
    return Stamps(place[:count], time[:count], restart[:count])


class _Stamped(NamedTuple):
    """Records of one id that carry a time: place, microseconds, whether that is one; each of shape (n,)."""

    place: Places
    time: Places
    valid: Flags


_BEHIND = np.iinfo(np.int64).max
_NO_STAMPS = _Stamped(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.bool_))


@compiled
def _in_order(systems: _Stamped, bursts: _Stamped, place: Places, time: Places, restart: Flags) -> int:
    """Bring those with a time of both into file order, in nanoseconds; returns how many."""
    (system_place, system_time, system_valid), (burst_place, burst_time, burst_valid) = systems, bursts
    system, count = np.uint64(0), np.uint64(0)
    for burst in range(burst_place.size + 1):
        until = burst_place[burst] if burst < burst_place.size else _BEHIND
        while system < np.uint64(system_place.size) and system_place[system] < until:
            place[count], time[count], restart[count] = system_place[system], system_time[system] * 1000, False
            count += np.uint64(system_valid[system])
            system += np.uint64(1)
        if burst < burst_place.size:
            place[count], time[count], restart[count] = until, burst_time[burst] * 1000, True
            count += np.uint64(burst_valid[burst])
    return int(np.int64(count))
