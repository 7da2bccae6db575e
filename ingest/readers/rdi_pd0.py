"""Teledyne RDI current profilers, PD0 binary: Workhorse family, and Sentinel V with its vertical beam."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.framing import Frames, Search, find_frames
from ingest.ledger import Span
from ingest.matrices import alike, rows
from ingest.pd0_dataset import dataset_of
from ingest.pd0_framing import HEADER_BYTES, RULE, SYNC, possible
from ingest.pd0_layout import Columns, Group, Layout, first_of, groups, stream_name
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.text import Bytes
from ingest.timecode import Times, from_fields

_ENSEMBLE = b"\x7f\x7f"


@dataclass(frozen=True)
class State:
    """Where the search stands, and the layouts met so far in order of first appearance."""

    search: Search = field(default_factory=Search)
    layouts: tuple[Layout, ...] = ()


class Piece(NamedTuple):
    """Ensembles of one layout from one part of a block."""

    layout: Layout
    batch: Batch


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
    return frames.kind != SYNC or any(group.layout is not None for group in _groups(buffer, frames))


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
    pieces.sort(key=lambda piece: int(piece.batch.offset[0]))
    layouts = tuple(dict.fromkeys((*before.layouts, *(piece.layout for piece in pieces))))
    batches = {stream_name(place): _merged(layout, pieces) for place, layout in enumerate(layouts)}
    records = Records(
        {stream: batch for stream, batch in batches.items() if batch is not None},
        sum(int(piece.batch.length.sum(dtype=np.int64)) for piece in pieces),
        tuple(sorted(skipped)),
        tuple(sorted(rejected)),
    )
    return records, framing.consumed, State(framing.search, layouts)


def _groups(buffer: Bytes, frames: Frames) -> Iterator[Group]:
    """Ensembles laid out alike, by the number of data types first; rows are those of `frames`."""
    matrix = rows(buffer, frames.start, frames.length)
    for same in alike(matrix[:, 5:HEADER_BYTES]):
        part = matrix if same.size == len(matrix) else matrix[same]
        for group in groups(part):
            yield group._replace(rows=same[group.rows])


def _pieces(buffer: Bytes, frames: Frames, offset: int) -> tuple[list[Piece], list[Span]]:
    pieces, rejected, length = [], [], frames.length
    for group in _groups(buffer, frames):
        where = frames.start[group.rows] + offset
        if group.layout is None:
            rejected += [Span(int(place), length, group.reason) for place in where]
            continue
        times, valid = _clock(group.columns)
        columns = _dated(group.columns, times)
        if not valid.all():
            clocks = group.columns["clock"]
            rejected += [Span(int(where[row]), length, _no_time(clocks[row])) for row in np.flatnonzero(~valid)]
            columns, where = {name: values[valid] for name, values in columns.items()}, where[valid]
        if where.size:
            batch = Batch(where, np.full(where.size, length, np.int32), columns)
            pieces.append(Piece(replace(group.layout, first=first_of(columns)), batch))
    return pieces, rejected


def _dated(columns: Columns, times: Times) -> Columns:
    kept = {name: values for name, values in columns.items() if name not in ("clock", "century_clock")}
    return {"time": times, **kept}


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


def _merged(layout: Layout, pieces: list[Piece]) -> Batch | None:
    batches = [piece.batch for piece in pieces if piece.layout == layout]
    if len(batches) < 2:
        return batches[0] if batches else None
    offset = np.concatenate([batch.offset for batch in batches])
    order = np.argsort(offset)
    length = np.concatenate([batch.length for batch in batches])
    columns = {name: np.concatenate([batch.columns[name] for batch in batches])[order] for name in batches[0].columns}
    return Batch(offset[order], length[order], columns)


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
    instruments=("Teledyne RDI Workhorse Sentinel, Monitor, Mariner", "Teledyne RDI Sentinel V"),
)
