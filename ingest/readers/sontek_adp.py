"""SonTek ADP and pulse-coherent PC-ADP current profilers: binary files of the recorder and of the real-time software.

Profiles with a CTD, GPS or bottom track appended by the real-time software are of another length, which no real file at
hand shows: they are rejected.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from ingest.framing import Frames, Search, find_frames, sound_frames
from ingest.ledger import Span
from ingest.pieces import Stretch, joined, kept
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.sontek_dataset import dataset_of
from ingest.sontek_framing import RULE
from ingest.sontek_layout import CONFIGURATION_BYTES, Configuration, Layout, configuration, groups
from ingest.text import Bytes
from ingest.timecode import from_fields

_CLOCK = ("year", "day", "month", "minute", "hour", "hundredths", "second")


@dataclass(frozen=True)
class State:
    """Where the search stands, what the file's configuration says, and the layouts in order of first appearance."""

    search: Search = field(default_factory=Search)
    wanted: int = 0
    told: Configuration | None = None
    layouts: tuple[Layout, ...] = ()


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with a sound profile in its first bytes, or with the configuration of an ADP at its start."""
    return bool(sound_frames(head, RULE)) or configuration(head) is not None


def parse(block: bytes, offset: int, state: Any) -> Parsed:
    """Take the whole profiles from a block."""
    if state is None and len(block) < CONFIGURATION_BYTES:
        return Records(), 0, None
    return _parse(block, offset, state, last=False)


def finish(rest: bytes, offset: int, state: Any) -> Parsed:
    """Take what is left at the end of the file."""
    return _parse(rest, offset, state, last=True)


def _parse(block: bytes, offset: int, state: State | None, *, last: bool) -> Parsed:
    told = configuration(block) if state is None else state.told
    before = State(told=told) if state is None else state
    if not last and len(block) < before.wanted:
        return Records(), 0, before
    described = CONFIGURATION_BYTES if state is None and told is not None else 0
    body, start = (block[described:], offset + described) if described else (block, offset)
    framing = find_frames(body, start, before.search, RULE, last=last)
    buffer = np.frombuffer(body, np.uint8)
    pieces: list[tuple[Layout, Stretch]] = []
    rejected = list(framing.rejected)
    for frames in framing.frames:
        found, bad = _pieces(buffer, frames, start)
        pieces += found
        rejected += bad
    pieces.sort(key=lambda piece: int(piece[1].offset[0]))
    layouts = tuple(dict.fromkeys((*before.layouts, *(layout for layout, _ in pieces))))
    batches = {}
    for place, layout in enumerate(layouts):
        own = [stretch for one, stretch in pieces if one == layout]
        if own:
            batches[_stream(place)] = Batch(*joined(own))
    accepted = described + sum(int(batch.length.sum(dtype=np.int64)) for batch in batches.values())
    records = Records(batches, accepted, framing.skipped, tuple(sorted(rejected)))
    return records, described + framing.consumed, State(framing.search, framing.wanted, told, layouts)


def _stream(place: int) -> str:
    return "profile" if place == 0 else f"profile_{place + 1}"


def _pieces(buffer: Bytes, frames: Frames, offset: int) -> tuple[list[tuple[Layout, Stretch]], list[Span]]:
    pieces, rejected = [], []
    for layout, same, columns in groups(buffer, frames.start, frames.length, frames.kind):
        year, day, month, minute, hour, hundredths, second = (columns.pop(name) for name in _CLOCK)
        time, valid = from_fields((year, month, day), (hour, minute, second), hundredths.astype(np.int64) * 10_000)
        places = frames.start[same] + offset
        stretch = Stretch(places, np.full(same.size, frames.length, np.int32), {"time": time, **columns})
        good, bad = kept(stretch, valid & (hundredths < 100), "impossible clock")
        rejected += bad
        if good.offset.size:
            pieces.append((layout, good))
    return pieces, rejected


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Velocities in the frame in which the instrument stored them; see `Reader.to_dataset`."""
    layouts = {_stream(place): layout for place, layout in enumerate(state.layouts)}
    return {stream: dataset_of(batch, layouts[stream], state.told) for stream, batch in records.batches.items()}


READER = Reader(
    name="sontek_adp",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    checksummed=True,
    instruments=("SonTek ADP", "SonTek PC-ADP, pulse coherent"),
)
