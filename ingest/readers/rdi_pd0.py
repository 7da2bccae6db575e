"""Teledyne RDI current profilers, PD0 binary: Workhorse family, and Sentinel V with its vertical beam."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.binary.matrices import Place, column, rows, small_fields
from ingest.binary.pieces import Columns
from ingest.framing import Frames, Search, find_frames, sound_frames
from ingest.ledger import Span
from ingest.rdi.pd0_clock import read_clocks
from ingest.rdi.pd0_dataset import dataset_of
from ingest.rdi.pd0_framing import HEADER_BYTES, RULE, SYNC, possible
from ingest.rdi.pd0_layout import Layout, first_of, groups, stream_name
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.text import Block, Bytes, Places

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
    if any(_is_frame(buffer, frames) for frames in sound_frames(head, RULE)):
        return True
    if not head.startswith(_ENSEMBLE) or len(head) < HEADER_BYTES + 2 or not possible(head[:HEADER_BYTES]):
        return False
    # Damaged or cut in its first ensemble: the fixed leader has to come first, right after the table.
    first = int.from_bytes(head[HEADER_BYTES : HEADER_BYTES + 2], "little")
    return first == HEADER_BYTES + 2 * head[5] and head[first : first + 2] == b"\0\0"[: len(head) - first]


def _is_frame(buffer: Bytes, frames: Frames) -> bool:
    return frames.kind != SYNC or any(group.layout is not None for group in groups(buffer, frames.start, frames.length))


def parse(block: Block, offset: int, state: Any) -> Parsed:
    """Take the whole ensembles from a block."""
    return _parse(block, offset, state, last=False)


def finish(rest: Block, offset: int, state: Any) -> Parsed:
    """Take what is left at the end of the file."""
    return _parse(rest, offset, state, last=True)


def _parse(block: Block, offset: int, state: State | None, *, last: bool) -> Parsed:
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
        clocks = columns.pop("clock")
        times, valid = read_clocks(clocks, columns.pop("century_clock", None))
        columns["time"] = times
        if not valid.all():
            bad = np.flatnonzero(~valid)
            rejected += [Span(int(start[row]) + offset, length, _no_time(clocks[row])) for row in bad]
            columns, start = {name: values[valid] for name, values in columns.items()}, start[valid]
        if start.size:
            layout = replace(group.layout, first=first_of(columns))
            pieces.append(Piece(layout, start, length, columns, group.large))
    return pieces, rejected


def _no_time(clock: NDArray[np.uint8]) -> str:
    year, month, day, hour, minute, second, hundredths = clock.tolist()
    return f"impossible clock {year:02}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{hundredths:02}"


def _merged(buffer: Bytes, offset: int, pieces: Sequence[Piece]) -> Batch:
    """Put pieces of one layout together, in file order."""
    start, columns = pieces[0].start, pieces[0].columns
    length = np.full(start.size, pieces[0].length, np.int32)
    order: Places | slice = slice(None)
    if len(pieces) > 1:
        start = np.concatenate([piece.start for piece in pieces])
        order = np.argsort(start)
        start = start[order]
        counts = [piece.start.size for piece in pieces]
        length = np.repeat(np.array([piece.length for piece in pieces], np.int32), counts)[order]
        columns = {name: np.concatenate([piece.columns[name] for piece in pieces])[order] for name in columns}
    return Batch(start + offset, length, columns | _large_fields(buffer, pieces, order))


def _large_fields(buffer: Bytes, pieces: Sequence[Piece], order: Places | slice) -> Columns:
    """Views of the block where ensembles are evenly spaced; else copied once, all of an ensemble together."""
    found: Columns = {}
    layouts = [piece.large for piece in pieces]
    apart = [{name: place.start - min(large.values()).start for name, place in large.items()} for large in layouts]
    together = [tuple(layouts[0])] if all(one == apart[0] for one in apart) else [(name,) for name in layouts[0]]
    for names in together if layouts[0] else []:
        firsts = [min(large[name].start for name in names) for large in layouts]
        places = {name: place._replace(start=place.start - firsts[0]) for name, place in layouts[0].items()}
        where = np.concatenate([piece.start + first for piece, first in zip(pieces, firsts, strict=True)])[order]
        matrix = rows(buffer, where, max(places[name].stop for name in names))
        found |= {name: column(matrix, places[name]) for name in names}
    return found


def to_dataset(records: Records, state: Any, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Give velocities in the frame the instrument stored them in, without rotation; counts as counts."""
    streams = {stream_name(place): layout for place, layout in enumerate(state.layouts)}
    return {stream: dataset_of(batch, streams[stream]) for stream, batch in records.batches.items()}


READER = Reader(
    name="rdi_pd0",
    version=2,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    checksummed=True,
    views=True,
    instruments=("Teledyne RDI Workhorse Sentinel, Monitor, Mariner", "Teledyne RDI Sentinel V"),
)
