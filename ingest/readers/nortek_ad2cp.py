"""Nortek Signature profilers, AD2CP binary: every kind of record, several plans in one file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.binary.matrices import rows
from ingest.binary.pieces import Stretch, joined, kept
from ingest.compiled import sealed
from ingest.framing import Frames, Search, find_frames
from ingest.ledger import Span
from ingest.nortek.ad2cp_dataset import dataset_of
from ingest.nortek.ad2cp_framing import RULE, promises
from ingest.nortek.ad2cp_layout import STREAMS, STRING, Columns, Group, Layout, groups
from ingest.nortek.clock import counted_times
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.text import Block, Bytes, Places
from ingest.timecode import Times

Text = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Stream:
    """What is known about a stream: its records' layout, and configuration and status when the first of them came."""

    name: str
    layout: Layout
    text: Text
    status: int = 0


Beat = tuple[tuple[int | None, int], ...]
"""Ensemble number, where there is one, and time in microseconds of the last records of a stream, two at most."""


@dataclass(frozen=True)
class State:
    """Where the search stands, and what the file has said so far."""

    search: Search = field(default_factory=Search)
    wanted: int = 0
    streams: tuple[Stream, ...] = ()
    text: Text = ()
    beats: tuple[tuple[str, Beat], ...] = ()


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with a record whose header is sound in its first bytes."""
    known = np.zeros(256, bool)
    known[[*STREAMS, STRING]] = True
    return promises(np.frombuffer(head, np.uint8), known)


def parse(block: Block, offset: int, state: Any) -> Parsed:
    """Take the whole records from a block."""
    return _parse(block, offset, state or State(), last=False)


def finish(rest: Block, offset: int, state: Any) -> Parsed:
    """Take what is left at the end of the file."""
    return _parse(rest, offset, state or State(), last=True)


class Piece(NamedTuple):
    """Records of one layout from one block, in file order."""

    layout: Layout
    offset: Places
    length: NDArray[np.int32]
    columns: Columns


def _parse(block: Block, offset: int, state: State, *, last: bool) -> Parsed:
    if not last and len(block) < state.wanted:
        return Records(), 0, state
    framing = find_frames(block, offset, state.search, RULE, last=last)
    buffer = np.frombuffer(block, np.uint8)
    accepted, strings, skipped, rejected = 0, [], list(framing.skipped), list(framing.rejected)
    pieces: list[Piece] = []
    for frames in framing.frames:
        if frames.kind == STRING:
            strings += [(offset + at, bytes(block[at : at + frames.length])) for at in frames.start.tolist()]
            accepted += frames.length * frames.start.size
        elif frames.kind in STREAMS:
            found, bad = _pieces(buffer, frames, offset)
            pieces += found
            rejected += bad
        else:
            skipped += _unknown(frames, offset)
    pieces.sort(key=lambda piece: int(piece.offset[0]))
    strings.sort()
    streams = _streams(state, pieces, strings)
    batches, beats, impossible = _batches(streams, pieces, dict(state.beats))
    rejected += impossible
    accepted += sum(int(batch.length.sum(dtype=np.int64)) for batch in batches.values())
    text = _text(strings[-1][1]) if strings else state.text
    records = Records(batches, accepted, tuple(sorted(skipped)), tuple(sorted(rejected)))
    return records, framing.consumed, State(framing.search, framing.wanted, streams, text, tuple(beats.items()))


def _unknown(frames: Frames, offset: int) -> list[Span]:
    reason = f"record of a kind that is not known, 0x{frames.kind:02x}"
    return [Span(offset + at, frames.length, reason) for at in frames.start.tolist()]


def _pieces(buffer: Bytes, frames: Frames, offset: int) -> tuple[list[Piece], list[Span]]:
    pieces, rejected = [], []
    for group in groups(rows(buffer, frames.start, frames.length)):
        where = frames.start[group.rows] + offset
        if group.layout is None:
            rejected += [Span(int(place), frames.length, group.reason) for place in where]
        else:
            pieces.append(_piece(group, group.layout, where, frames.length))
    return pieces, rejected


def _piece(group: Group, layout: Layout, where: Places, size: int) -> Piece:
    return Piece(layout, where.astype(np.int64), np.full(where.size, size, np.int32), group.columns)


def _streams(state: State, pieces: Iterable[Piece], strings: list[tuple[int, bytes]]) -> tuple[Stream, ...]:
    """Streams in order of first appearance, those of one record id numbered."""
    streams = list(state.streams)
    for piece in pieces:
        if any(stream.layout == piece.layout for stream in streams):
            continue
        same = sum(stream.layout.record == piece.layout.record for stream in streams)
        name = STREAMS[piece.layout.record] + (f"_{same + 1}" if same else "")
        before = [content for place, content in strings if place < piece.offset[0]]
        text = _text(before[-1]) if before else state.text
        status = int(piece.columns["status"][0]) if "status" in piece.columns else 0
        streams.append(Stream(name, piece.layout, text, status))
    return tuple(streams)


@lru_cache(maxsize=8)
def _text(record: bytes) -> Text:
    """Values of a configuration string by command and name; of a command that comes often, the first of each name."""
    found: dict[str, str] = {}
    for line in record[record[1] + 1 :].decode("latin-1").splitlines():
        command, _, rest = line.partition(",")
        for item in rest.split(","):
            name, equals, value = item.partition("=")
            if equals:
                found.setdefault(f"{command}.{name}", value.strip().strip('"'))
    return tuple(found.items())


def _batches(
    streams: Iterable[Stream], pieces: list[Piece], beats: dict[str, Beat]
) -> tuple[dict[str, Batch], dict[str, Beat], list[Span]]:
    batches, rejected = {}, []
    for stream in streams:
        own = [piece for piece in pieces if piece.layout == stream.layout]
        if not own:
            continue
        offset, length, columns = joined([Stretch(*piece[1:]) for piece in own])
        time, reckoned, possible = _clock(columns, beats, stream.name)
        columns = {name: values for name, values in columns.items() if name != "clock"}
        dated = Stretch(offset, length, columns | {"time": time, "clock_reckoned": reckoned})
        dated, bad = kept(dated, possible, _IMPOSSIBLE)
        rejected += bad
        if dated.offset.size:
            batches[stream.name] = Batch(*dated)
    return batches, beats, rejected


_IMPOSSIBLE = "impossible clock, and no two records of the stream before it to reckon the time from"


def _clock(
    columns: Columns, beats: dict[str, Beat], stream: str
) -> tuple[Times, NDArray[np.uint8], NDArray[np.bool_]]:
    """Time of each record, whether it was reckoned, and whether there is any.

    A record whose clock is no time of the calendar (seen in Sig1000_BadTime01.ad2cp) is sound otherwise: its time goes
    on from the two good ones before it, by ensemble number where there is one.
    """
    beat = beats.get(stream, ())
    clock = sealed(columns["clock"].reshape(-1))
    micro, good = counted_times(clock, np.arange(0, clock.size, columns["clock"].shape[1]), 0)
    numbers = columns["ensemble"].astype(np.int64) if "ensemble" in columns else None
    possible, after = np.ones(micro.size, bool), 0
    for row in np.flatnonzero(~good).tolist():
        beat = _beat(beat, numbers, micro, slice(after, row))
        possible[row], after = len(beat) > 1, row + 1
        if possible[row]:
            micro[row] = _next(beat, None if numbers is None else int(numbers[row]))
            beat = _beat(beat, numbers, micro, slice(row, after))
    beats[stream] = _beat(beat, numbers, micro, slice(after, None))
    return micro.view("datetime64[us]"), (~good).astype(np.uint8), possible


def _beat(before: Beat, numbers: Places | None, micro: Places, rows: slice) -> Beat:
    """Add rows to the history, of which the last two records are enough."""
    times = micro[rows][-2:].tolist()
    counted = [None] * len(times) if numbers is None else numbers[rows][-2:].tolist()
    return (*before, *zip(counted, times, strict=True))[-2:]


def _next(beat: Beat, number: int | None) -> int:
    (first_number, first), (second_number, second) = beat
    if number is not None and first_number is not None and second_number is not None and second_number > first_number:
        return second + (second - first) * (number - second_number) // (second_number - first_number)
    return second + (second - first)


def to_dataset(records: Records, state: Any, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Give velocities in the frame the instrument stored them in, without rotation; counts as counts."""
    streams = {stream.name: stream for stream in state.streams}
    return {
        name: dataset_of(batch, streams[name].layout, dict(streams[name].text), streams[name].status)
        for name, batch in records.batches.items()
    }


READER = Reader(
    name="nortek_ad2cp",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    checksummed=True,
    views=True,
    instruments=("Nortek Signature 55, 100, 250, 500, 1000", "Nortek AD2CP in general"),
)
