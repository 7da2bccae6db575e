"""SonTek ADV velocimeters (ADVField, ADVOcean, Hydra): files of the recorder, `.adr`.

Each burst is under one checksum, so that a damaged one is lost as a whole. Statistics of a burst and the answer of a
CTD or LISST are not decoded. Built from the manual; not yet seen on a real file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.framing import Frames, Search, find_frames, sound_frames
from ingest.ledger import Span
from ingest.pieces import Stretch, joined
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.sontek_adv_dataset import dataset_of
from ingest.sontek_adv_framing import BURST, HEADER_BYTES, RULE, SYNC, sample_bytes
from ingest.sontek_adv_layout import (
    CONFIGURATION_BYTES,
    RATES_PER_HERTZ,
    Configuration,
    Layout,
    configuration,
    groups,
)
from ingest.text import Bytes
from ingest.timecode import from_fields

_SECOND = 1_000_000


@dataclass(frozen=True)
class State:
    """Where the search stands, what the file's configuration says, and the layouts in order of first appearance."""

    search: Search = field(default_factory=Search)
    wanted: int = 0
    told: Configuration | None = None
    layouts: tuple[Layout, ...] = ()


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with a sound burst in its first bytes, or with the configuration of an ADV at its start."""
    if configuration(head) is not None:
        return True
    return bytes((SYNC, BURST, HEADER_BYTES, 0)) in head and bool(sound_frames(head, RULE))


def parse(block: bytes, offset: int, state: Any) -> Parsed:
    """Take the whole bursts from a block."""
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
    found = find_frames(body, start, before.search, RULE, last=last)
    buffer = np.frombuffer(body, np.uint8)
    pieces: list[tuple[Layout, Stretch]] = []
    rejected = list(found.rejected)
    for frames in found.frames:
        more, bad = _pieces(buffer, frames, start)
        pieces += more
        rejected += bad
    pieces.sort(key=lambda piece: int(piece[1].offset[0]))
    layouts = tuple(dict.fromkeys((*before.layouts, *(layout for layout, _ in pieces))))
    batches = {}
    for place, layout in enumerate(layouts):
        own = [stretch for one, stretch in pieces if one == layout]
        if own:
            batches[_stream(place)] = Batch(*joined(own))
    accepted = described + sum(int(batch.length.sum(dtype=np.int64)) for batch in batches.values())
    records = Records(batches, accepted, found.skipped, tuple(sorted(rejected)))
    return records, described + found.consumed, State(found.search, found.wanted, told, layouts)


def _stream(place: int) -> str:
    return "samples" if place == 0 else f"samples_{place + 1}"


def _pieces(buffer: Bytes, frames: Frames, offset: int) -> tuple[list[tuple[Layout, Stretch]], list[Span]]:
    pieces, rejected = [], []
    for layout, same, samples, header, columns in groups(buffer, frames.start, frames.length):
        day = header.pop("year"), header.pop("month"), header.pop("day")
        clock = header.pop("hour"), header.pop("minute"), header.pop("second")
        hundredths = header.pop("hundredths").astype(np.int64)
        time, valid = from_fields(day, clock, hundredths * 10_000)
        good = valid & (hundredths < 100)
        places = frames.start[same] + offset
        rejected += [Span(at, frames.length, "impossible clock") for at in places[~good].tolist()]
        if not good.any():
            continue
        spread = {name: np.repeat(values[good], samples) for name, values in header.items()}
        flat = {name: values[good].reshape(-1, *values.shape[2:]) for name, values in columns.items()}
        times = (time[good][:, None] + _after(samples, layout.rate)).reshape(-1)
        start, length = _records(places[good], samples, sample_bytes(layout.recorded), frames.length)
        pieces.append((layout, Stretch(start, length, {"time": times, **spread, **flat})))
    return pieces, rejected


def _after(samples: int, rate: int) -> NDArray[np.timedelta64]:
    """Time of each sample after the burst's, to the microsecond: the clock is that of the first sample (page 97)."""
    return ((np.arange(samples) * _SECOND * RATES_PER_HERTZ + rate // 2) // rate).astype("timedelta64[us]")


def _records(
    burst: NDArray[np.int64], samples: int, size: int, length: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """First bytes and lengths of samples: the first of a burst holds its header, the last one its end."""
    first = HEADER_BYTES + size * np.arange(samples + 1)
    first[0], first[-1] = 0, length
    start = (burst[:, None] + first[:-1]).reshape(-1)
    return start, np.tile(np.diff(first).astype(np.int32), burst.size)


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Velocities in the frame in which the instrument stored them; see `Reader.to_dataset`."""
    layouts = {_stream(place): layout for place, layout in enumerate(state.layouts)}
    return {stream: dataset_of(batch, layouts[stream], state.told) for stream, batch in records.batches.items()}


READER = Reader(
    name="sontek_adv",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    checksummed=True,
    instruments=("SonTek ADVField, ADVOcean, Hydra: files of the recorder (not yet seen on a real file)",),
)
