"""Teledyne RDI current profilers, PD0 binary: Workhorse family, and Sentinel V with its vertical beam."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.framing import Frames, Search, find_frames
from ingest.ledger import Span
from ingest.matrices import Place, field_of, small_fields
from ingest.pd0_dataset import dataset_of
from ingest.pd0_framing import HEADER_BYTES, RULE, SYNC, possible
from ingest.pd0_layout import FACING_UP, Layout, groups, stream_name
from ingest.pieces import Columns
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.text import Bytes, Places
from ingest.timecode import Times, from_fields

_ENSEMBLE = b"\x7f\x7f"


@dataclass(frozen=True)
class State:
    """Where the search stands, and the layouts met so far in order of first appearance."""

    search: Search = field(default_factory=Search)
    layouts: tuple[Layout, ...] = ()


class Piece(NamedTuple):
    """Ensembles of one layout and length: first bytes in the block, small fields, and places of the large ones."""

    layout: Layout
    start: Places
    length: int
    columns: Columns
    large: Mapping[str, Place]


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with a sound ensemble or waves packet in its first bytes, or with the header of one at its start."""
    buffer = np.frombuffer(head, np.uint8)
    if any(_is_frame(buffer, frames) for frames in find_frames(head, 0, Search(), RULE, last=False).frames):
        return True
    if not head.startswith(_ENSEMBLE) or len(head) < HEADER_BYTES + 2 or not possible(head[:HEADER_BYTES]):
        return False
    # Damaged or cut in its first ensemble: the fixed leader has to come first, right after the table.
    first = int.from_bytes(head[HEADER_BYTES : HEADER_BYTES + 2], "little")
    return first == HEADER_BYTES + 2 * head[5] and head[first : first + 2] == b"\0\0"[: len(head) - first]


def _is_frame(buffer: Bytes, frames: Frames) -> bool:
    return frames.kind != SYNC or any(group.layout is not None for group in groups(buffer, frames.start, frames.length))


def parse(block: bytes, offset: int, state: Any) -> Parsed:
    """Take the whole ensembles from a block."""
    return _parse(block, offset, state, last=False)


def finish(rest: bytes, offset: int, state: Any) -> Parsed:
    """Take what is left at the end of the file."""
    return _parse(rest, offset, state, last=True)


def _parse(block: bytes, offset: int, state: State | None, *, last: bool) -> Parsed:
    before = state or State()
    framing = find_frames(block, offset, before.search, RULE, last=last)
    buffer = np.frombuffer(block, np.uint8)
    pieces: list[Piece] = []
    skipped: list[Span] = []
    rejected = list(framing.rejected)
    for frames in framing.frames:
        if frames.kind == SYNC:
            found, bad = _pieces(buffer, frames, offset)
            pieces += found
            rejected += bad
        else:
            skipped += [Span(offset + at, frames.length, "waves packet (7F79)") for at in frames.start.tolist()]
    pieces.sort(key=lambda piece: int(piece.start[0]))
    layouts = tuple(dict.fromkeys((*before.layouts, *(piece.layout for piece in pieces))))
    alike = ([piece for piece in pieces if piece.layout == layout] for layout in layouts)
    batches = {stream_name(place): _merged(buffer, offset, own) for place, own in enumerate(alike) if own}
    records = Records(
        batches,
        sum(piece.length * piece.start.size for piece in pieces),
        tuple(sorted(skipped)),
        tuple(sorted(rejected)),
    )
    return records, framing.consumed, State(framing.search, layouts)


def _pieces(buffer: Bytes, frames: Frames, offset: int) -> tuple[list[Piece], list[Span]]:
    pieces, rejected, length = [], [], frames.length
    for group in groups(buffer, frames.start, length):
        start = frames.start if group.rows.size == frames.start.size else frames.start[group.rows]
        if group.layout is None:
            rejected += [Span(place + offset, length, group.reason) for place in start.tolist()]
            continue
        columns = small_fields(buffer, start, group.small)
        times, valid = _clock(columns)
        clocks = columns.pop("clock")
        columns = {"time": times, **{name: values for name, values in columns.items() if name != "century_clock"}}
        if not valid.all():
            bad = np.flatnonzero(~valid)
            rejected += [Span(int(start[row]) + offset, length, _no_time(clocks[row])) for row in bad]
            columns, start = {name: values[valid] for name, values in columns.items()}, start[valid]
        if start.size:
            layout = replace(group.layout, facing_up=bool(columns["facing_up"][0] & FACING_UP))
            pieces.append(Piece(layout, start, length, columns, group.large))
    return pieces, rejected


def _clock(columns: Columns) -> tuple[Times, NDArray[np.bool_]]:
    """Time of each ensemble: from the clock with century where it is there and valid, else from the other."""
    if "century_clock" not in columns:
        return _two_digit_clock(columns["clock"])
    fields = columns["century_clock"].astype(np.int64)
    times, valid = _from_clock(100 * fields[:, 0] + fields[:, 1], fields[:, 1:])
    if not valid.all():
        times[~valid], valid[~valid] = _two_digit_clock(columns["clock"][~valid])
    return times, valid


def _two_digit_clock(clock: NDArray[np.uint8]) -> tuple[Times, NDArray[np.bool_]]:
    fields = clock.astype(np.int64)
    # Two digits of the year: those of the instrument's lifetime, 1980 to 2079.
    return _from_clock(fields[:, 0] + np.where(fields[:, 0] < 80, 2000, 1900), fields)


def _from_clock(year: NDArray[np.int64], fields: NDArray[np.int64]) -> tuple[Times, NDArray[np.bool_]]:
    _, month, day, hour, minute, second, hundredths = fields.T
    times, valid = from_fields((year, month, day), (hour, minute, second), hundredths * 10_000)
    # Both clocks are believed for the years that two digits can tell; firmware may leave the century empty.
    return times, valid & (year >= 1980) & (year < 2080)


def _no_time(clock: NDArray[np.uint8]) -> str:
    year, month, day, hour, minute, second, hundredths = clock.tolist()
    return f"impossible clock {year:02}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{hundredths:02}"


def _merged(buffer: Bytes, offset: int, pieces: Sequence[Piece]) -> Batch:
    """Put pieces of one layout together, in file order; large fields are copied once, or not at all."""
    first = pieces[0]
    start, columns = first.start, first.columns
    length = np.full(start.size, first.length, np.int32)
    places = {name: start + place.start for name, place in first.large.items()}
    if len(pieces) > 1:
        start = np.concatenate([piece.start for piece in pieces])
        order = np.argsort(start)
        start = start[order]
        length = np.repeat([piece.length for piece in pieces], [piece.start.size for piece in pieces])[order]
        columns = {name: np.concatenate([piece.columns[name] for piece in pieces])[order] for name in columns}
        places = {
            name: np.concatenate([piece.start + piece.large[name].start for piece in pieces])[order]
            for name in first.large
        }
    large = {name: field_of(buffer, places[name], place._replace(start=0)) for name, place in first.large.items()}
    return Batch(start + offset, length.astype(np.int32, copy=False), {**columns, **large})


def to_dataset(records: Records, state: Any, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Give velocities in the frame the instrument stored them in, without rotation; counts as counts."""
    streams = {stream_name(place): layout for place, layout in enumerate(state.layouts)}
    return {stream: dataset_of(batch, streams[stream]) for stream, batch in records.batches.items()}


READER = Reader(
    name="rdi_pd0",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    checksummed=True,
    instruments=("Teledyne RDI Workhorse Sentinel, Monitor, Mariner", "Teledyne RDI Sentinel V"),
)
