"""How files of SonTek instruments are read: a configuration, then records of one kind; the frame of their readers."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
import xarray as xr

from ingest.binary.pieces import Stretch, joined
from ingest.framing import FrameRule, Frames, Search, find_frames
from ingest.ledger import Span
from ingest.reader import Batch, Calibration, Parsed, Records
from ingest.text import Block, Bytes

Layout = TypeVar("Layout", bound=Hashable)
Configuration = TypeVar("Configuration")


@dataclass(frozen=True)
class State(Generic[Layout, Configuration]):
    """Where the search stands, what the file's configuration says, and the layouts in order of first appearance."""

    search: Search = field(default_factory=Search)
    wanted: int = 0
    told: Configuration | None = None
    layouts: tuple[Layout, ...] = ()


@dataclass(frozen=True)
class Form(Generic[Layout, Configuration]):
    """What one instrument's files hold.

    Attributes
    ----------
    stream
        Name of the stream of the first layout; later ones are numbered.
    rule
        How its records are found.
    configuration, configuration_bytes
        Reads what a file may start with; None where it starts with something else.
    pieces
        `pieces(buffer, frames, offset)`: records of the frames by layout, and those that cannot be used.
    dataset
        `dataset(batch, layout, configuration)`: records of one layout.
    """

    stream: str
    rule: FrameRule
    configuration: Callable[[bytes], Configuration | None]
    configuration_bytes: int
    pieces: Callable[[Bytes, Frames, int], tuple[list[tuple[Layout, Stretch]], list[Span]]]
    dataset: Callable[[Batch, Layout, Configuration | None], xr.Dataset]

    def parse(self, block: Block, offset: int, state: Any) -> Parsed:
        """Take the whole records from a block; see `Reader.parse`."""
        if state is None and len(block) < self.configuration_bytes:
            return Records(), 0, None
        return self._parse(block, offset, state, last=False)

    def finish(self, rest: Block, offset: int, state: Any) -> Parsed:
        """Take what is left at the end of the file; see `Reader.finish`."""
        return self._parse(rest, offset, state, last=True)

    def _parse(
        self, block: Block, offset: int, state: State[Layout, Configuration] | None, *, last: bool
    ) -> Parsed:
        told = self.configuration(bytes(block[: self.configuration_bytes])) if state is None else state.told
        before = State[Layout, Configuration](told=told) if state is None else state
        if not last and len(block) < before.wanted:
            return Records(), 0, before
        described = self.configuration_bytes if state is None and told is not None else 0
        body, start = memoryview(block)[described:], offset + described
        framing = find_frames(body, start, before.search, self.rule, last=last)
        buffer = np.frombuffer(body, np.uint8)
        pieces: list[tuple[Layout, Stretch]] = []
        rejected = list(framing.rejected)
        for frames in framing.frames:
            found, bad = self.pieces(buffer, frames, start)
            pieces += found
            rejected += bad
        pieces.sort(key=lambda piece: int(piece[1].offset[0]))
        layouts = tuple(dict.fromkeys((*before.layouts, *(layout for layout, _ in pieces))))
        batches = {}
        for place, layout in enumerate(layouts):
            own = [stretch for one, stretch in pieces if one == layout]
            if own:
                batches[self._name(place)] = Batch(*joined(own))
        accepted = described + sum(int(batch.length.sum(dtype=np.int64)) for batch in batches.values())
        records = Records(batches, accepted, framing.skipped, tuple(sorted(rejected)))
        return records, described + framing.consumed, State(framing.search, framing.wanted, told, layouts)

    def _name(self, place: int) -> str:
        return self.stream if place == 0 else f"{self.stream}_{place + 1}"

    def to_dataset(self, records: Records, state: Any, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
        """Velocities in the frame in which the instrument stored them; see `Reader.to_dataset`."""
        layouts = {self._name(place): layout for place, layout in enumerate(state.layouts)}
        return {name: self.dataset(batch, layouts[name], state.told) for name, batch in records.batches.items()}
