"""Nortek's classic instruments (Vector, Aquadopp, Aquadopp HR, AWAC), from files and from loggers' streams.

One reader for all: they share one framing, a record's id tells what it is, and files without configuration records do
not name their instrument.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.binary.checksums import eights
from ingest.binary.matrices import Place, column
from ingest.binary.pieces import Columns, Stretch, joined, kept
from ingest.binary.runs import Runs
from ingest.framing import Framing, Search, find_frames, sound_frames
from ingest.ledger import Span
from ingest.nortek.classic import (
    ATTITUDE,
    CONFIGURATIONS,
    DATA_START,
    NOT_DECODED,
    PLACES,
    RECORD_BYTES,
    RULE,
    SAMPLE,
    STREAMS,
    SYSTEM,
    USER,
    Item,
    data_items,
)
from ingest.nortek.classic_dataset import dataset_of
from ingest.nortek.classic_settings import Settings
from ingest.nortek.fields import field_columns
from ingest.nortek.kinds import Kind, places_of, stamps_of
from ingest.nortek.vector_clock import MOST_WAITING, Clock, counted_period, sample_times
from ingest.nortek.vector_samples import Resolution, sample_columns
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.text import Block, Places
from ingest.timecode import Times

IMPOSSIBLE_CLOCK = "impossible clock"
NO_CLOCK = "no record with a time stands before it"


@dataclass(frozen=True)
class Layout:
    """What records of one stream have in common: id, coordinate system, what follows their fixed fields."""

    kind: int
    frame: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Stream:
    """A stream's name, its layout, and configuration and status when the first of its records came."""

    name: str
    layout: Layout
    settings: Settings
    status: int = 0


@dataclass(frozen=True)
class State:
    """Where the search stands, and what the file has said so far."""

    search: Search = field(default_factory=Search)
    wanted: int = 0
    settings: Settings = field(default_factory=Settings)
    streams: tuple[Stream, ...] = ()
    clock: Clock = field(default_factory=Clock)
    tenths: bool | None = None


_NO_SAMPLES = Runs(RECORD_BYTES[SAMPLE], np.empty(0, np.int64), np.empty(0, np.int64))
_BEHIND = np.iinfo(np.int64).max

_NEXT = 64  # a logger's stamp may stand between a record and the next


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with a sound record in its first bytes; of samples, which state no size, two that follow each other.

    A SonTek profile has the same first two bytes as a sample, and among many one checksum holds by chance (seen in
    corpus oce_adp_sontek.adp).
    """
    found = sound_frames(head, RULE)
    if any(frames.kind != SAMPLE for frames in found):
        return True
    return any((np.diff(frames.start) <= RECORD_BYTES[SAMPLE] + _NEXT).any() for frames in found)


def parse(block: Block, offset: int, state: Any) -> Parsed:
    """Take the whole records from a block."""
    return _parse(block, offset, state or State(), last=False)


def finish(rest: Block, offset: int, state: Any) -> Parsed:
    """Take what is left at the end of the file."""
    return _parse(rest, offset, state or State(), last=True)


def _parse(block: Block, offset: int, state: State, *, last: bool) -> Parsed:
    if not last and len(block) < state.wanted:
        return Records(), 0, state
    framing = find_frames(block, offset, state.search, RULE, last=last)
    kinds = [Kind(*frames, block) for frames in framing.frames]
    period, hold = _period(kinds, state, last=last)
    if hold is not None:
        framing, kinds = _before(framing, kinds, offset, hold)
    accepted = sum(kind.length * kind.runs.size for kind in kinds if kind.kind in CONFIGURATIONS)
    skipped = [*framing.skipped, *_not_decoded(kinds, offset)]
    rejected = list(framing.rejected)
    epochs = _epochs(kinds, state.settings)
    streams = state.streams
    pieces: list[tuple[Layout, Stretch]] = []
    after = replace(state, clock=replace(state.clock, period=period))
    for settings, held in epochs:
        found, bad, after = _pieces(held, offset, replace(after, settings=settings))
        pieces += found
        rejected += bad
        streams = _streams(streams, found, settings)
    batches = {}
    for stream in streams:
        own = [stretch for layout, stretch in pieces if layout == stream.layout]
        if own:
            batches[stream.name] = Batch(*joined(own))
            accepted += sum(int(stretch.length[0]) * stretch.length.size for stretch in own)
    records = Records(batches, accepted, tuple(sorted(skipped)), tuple(sorted(rejected)))
    after = replace(after, search=framing.search, wanted=framing.wanted, streams=streams)
    return records, framing.consumed, after


def _not_decoded(kinds: Iterable[Kind], offset: int) -> list[Span]:
    return [
        Span(offset + int(place), kind.length, f"record of a kind that is not decoded, 0x{kind.kind:02x}")
        for kind in kinds
        if kind.kind in NOT_DECODED
        for place in kind.start
    ]


def _period(kinds: list[Kind], state: State, *, last: bool) -> tuple[int | None, int | None]:
    """Period of samples before the user's configuration, and the place from which to wait for more to count it."""
    if state.clock.period is not None or state.settings.user:
        return state.clock.period, None
    told = places_of(kinds, USER)[:1]
    if told.size:
        kinds, last = [kind.between(0, int(told[0])) for kind in kinds], True
    stamps = stamps_of(kinds)
    if not stamps.place.size:
        return None, None
    # Samples before the first stamp have no time, and may have gone with another block: they do not count.
    places = places_of(kinds, SAMPLE)
    places = places[np.searchsorted(places, stamps.place[0]) :][: MOST_WAITING + 1]
    period = counted_period(places, stamps, last=last)
    if period is not None:
        return period, None
    first = np.searchsorted(stamps.place, places[0]) if places.size else stamps.place.size
    return None, int(stamps.place[max(0, int(first) - 1)])


def _before(framing: Framing, kinds: list[Kind], offset: int, hold: int) -> tuple[Framing, list[Kind]]:
    """What stands before a record from which on the block comes again."""
    held = [kind for kind in (kind.between(0, hold) for kind in kinds) if kind.runs.size]
    skipped, rejected = (
        tuple(span for span in spans if span.offset < offset + hold) for spans in (framing.skipped, framing.rejected)
    )
    wanted = framing.consumed + framing.wanted - hold + 1
    return Framing(framing.frames, skipped, rejected, hold, Search(), wanted), held


def _epochs(kinds: list[Kind], settings: Settings) -> list[tuple[Settings, list[Kind]]]:
    """Configurations in force one after the other, each with the records that it describes, if there are any."""
    told = sorted(
        (int(place), row.tobytes()) for kind in kinds if kind.kind in CONFIGURATIONS
        for place, row in zip(kind.start, kind.matrix, strict=True)
    )  # fmt: skip
    data = [kind for kind in kinds if kind.kind in STREAMS]
    edges = [0, *(place for place, _ in told), _BEHIND]
    epochs = []
    for place, (_, record) in enumerate([(0, b""), *told]):
        settings = settings.with_record(record) if record else settings
        held = [kind.between(edges[place], edges[place + 1]) for kind in data]
        epochs.append((settings, [kind for kind in held if kind.runs.size]))
    return epochs


Found = tuple[list[tuple[Layout, Stretch]], list[Span], State]


def _pieces(kinds: list[Kind], offset: int, state: State) -> Found:
    """Records of one epoch by layout, with their times."""
    state = replace(state, clock=_with_period(state.clock, state.settings))
    if not kinds:
        return [], [], state
    timed, after = _timed(kinds, state)
    pieces: list[tuple[Layout, Stretch]] = []
    rejected: list[Span] = []
    for kind in kinds:
        for chosen, items in _by_items(kind, state.settings.beams):
            own = slice(None) if chosen is None else chosen
            where = kind.start[own] + offset if offset else kind.start[own]
            size = np.broadcast_to(np.int32(kind.length), where.shape)
            if isinstance(items, str):
                rejected += [Span(int(place), kind.length, f"record 0x{kind.kind:02x}: {items}") for place in where]
                continue
            frame = _frame(kind.kind, items, state.settings)
            columns = timed.columns if kind.kind == SAMPLE else _columns(kind, own, items, frame)
            columns, good, reason = _dated(kind, own, columns, timed)
            stretch, bad = kept(Stretch(where, size, columns), good, reason)
            rejected += bad
            if stretch.offset.size:
                pieces.append((Layout(kind.kind, frame, items), stretch))
    pieces.sort(key=lambda piece: int(piece[1].offset[0]))
    return pieces, rejected, after


def _by_items(kind: Kind, beams: int) -> list[tuple[Places | None, tuple[Item, ...] | str]]:
    """Rows by what follows their fixed fields; None for all of them."""
    tell = {0x2A: (34, 36), 0x07: (4, 6), ATTITUDE: (5, 6)}.get(kind.kind)
    if tell is None:
        row = np.frombuffer(kind.block, np.uint8, kind.length, kind.runs.first[0])
        return [(None, data_items(kind.kind, row, beams))]
    first, stop = tell
    shown = kind.matrix[:, first] if stop - first == 1 else kind.matrix[:, first:stop].view("<u2")[:, 0]
    if (shown == shown[0]).all():
        return [(None, data_items(kind.kind, kind.matrix[0], beams))]
    _, rows_of, inverse = np.unique(shown, return_index=True, return_inverse=True)
    return [
        (np.flatnonzero(inverse.reshape(-1) == place), data_items(kind.kind, kind.matrix[row], beams))
        for place, row in enumerate(rows_of.tolist())
    ]


def _columns(kind: Kind, own: Places | slice, items: tuple[Item, ...], frame: str) -> Columns:
    fixed = {name: place for name, place in PLACES[kind.kind].items() if name != "clock"}
    # Velocities of waves go by the configuration in force when the stream began, as they have no status.
    columns = field_columns(kind.buffer, kind.start[own], fixed, speed="status" in fixed, apart=frame == "earth")
    start = DATA_START.get(kind.kind, 0)
    for name, format_, shape in items:
        columns[name] = column(kind.matrix[own], Place(start, np.dtype(format_), shape))
        start += columns[name].itemsize * int(np.prod(shape))
    return columns


class Timed(NamedTuple):
    """Samples of an epoch: runs, columns, times, how many at the start have none, and the time before the first."""

    runs: Runs
    columns: Columns
    time: Times
    undated: int
    before: int | None


def _with_period(clock: Clock, settings: Settings) -> Clock:
    """Take over the period of the configuration in force."""
    if settings.sample_period is not None:
        return replace(clock, period=settings.sample_period)
    # A user's configuration that does not tell, and no samples came before it to count.
    return replace(clock, period=0) if settings.user and clock.period is None else clock


def _timed(kinds: list[Kind], state: State) -> tuple[Timed, State]:
    clock = state.clock
    samples = [kind for kind in kinds if kind.kind == SAMPLE]
    stamps = stamps_of(kinds)
    runs = samples[0].runs if samples else _NO_SAMPLES
    resolution, last_tenths = _resolution(kinds, state)
    columns = sample_columns(eights(samples[0].block if samples else b""), runs, resolution)
    before = None if clock.period is None else _reached(clock)
    known = 0 if clock.stamp is not None else int(stamps.place[0]) if stamps.place.size else _BEHIND
    dated = runs.between(known, _BEHIND)
    undated = runs.size - dated.size
    time = np.zeros(undated if clock.period is not None else runs.size, np.int64)
    if clock.period is not None:
        found, clock = sample_times(clock, dated, columns["counter"][undated:], stamps)
        time = np.concatenate([time, found]) if undated else found
    timed = Timed(runs, columns, time.view("datetime64[us]"), undated, before)
    return timed, replace(state, clock=clock, tenths=last_tenths)


def _reached(clock: Clock) -> int | None:
    """Time of the last sample before, or the stamp after it."""
    assert clock.period is not None
    return clock.stamp if clock.lead is None or clock.fresh else clock.steps * clock.period + clock.lead


def _resolution(kinds: list[Kind], state: State) -> tuple[Resolution, bool | None]:
    """Whether velocities count 0.1 mm/s: the status of the last system record says so, before any the configuration."""
    system = [kind for kind in kinds if kind.kind == SYSTEM]
    before = state.settings.tenths if state.tenths is None else state.tenths
    if not system:
        return Resolution(before, np.empty(0, np.int64), np.empty(0, np.bool_)), state.tenths
    stated = (system[0].buffer[system[0].start + PLACES[SYSTEM]["status"].start] >> 1 & 1).astype(np.bool_)
    return Resolution(before, system[0].start, stated), bool(stated[-1])


def _dated(
    kind: Kind, own: Places | slice, columns: Columns, timed: Timed
) -> tuple[Columns, NDArray[np.bool_], str]:
    """Columns of records with their time, and which of them have none."""
    if kind.kind == SAMPLE:
        return columns | {"time": timed.time}, _after(timed), NO_CLOCK
    if kind.kind == ATTITUDE:
        before = np.searchsorted(timed.runs.start, kind.start[own])
        times = np.concatenate(([(timed.before or 0) // 1000], timed.time.astype(np.int64)))
        good = np.concatenate(([timed.before is not None], _after(timed)))
        columns["time"] = times[before].astype("datetime64[us]")
        return columns, good[before], NO_CLOCK
    if "clock" not in PLACES[kind.kind]:
        return columns, np.ones(kind.start[own].size, bool), ""
    time, valid = kind.times[0][own], kind.times[1][own]
    if "milliseconds" in columns:
        time = time + columns.pop("milliseconds").astype("timedelta64[ms]")
    return columns | {"time": time}, valid, IMPOSSIBLE_CLOCK


def _after(timed: Timed) -> NDArray[np.bool_]:
    """Which samples have a time."""
    dated = np.ones(timed.time.size, bool)
    dated[: timed.undated] = False
    return dated


_WITH_VELOCITY = (0x01, 0x80, 0x81, SAMPLE, 0x20, 0x21, 0x2A, 0x30)


def _frame(kind: int, items: tuple[Item, ...], settings: Settings) -> str:
    return settings.frame if kind in _WITH_VELOCITY else "earth" if kind == 0x36 else ""


def _streams(
    streams: tuple[Stream, ...], pieces: list[tuple[Layout, Stretch]], settings: Settings
) -> tuple[Stream, ...]:
    """Streams in order of first appearance, those of one record id numbered."""
    for layout, stretch in pieces:
        if all(stream.layout != layout for stream in streams):
            same = sum(stream.layout.kind == layout.kind for stream in streams)
            name = STREAMS[layout.kind] + (f"_{same + 1}" if same else "")
            status = int(stretch.columns["status"][0]) if "status" in stretch.columns else 0
            streams = (*streams, Stream(name, layout, settings, status))
    return streams


def to_dataset(records: Records, state: Any, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Give velocities in the frame the instrument stored them in, without rotation; counts as counts."""
    found = {}
    for stream in state.streams:
        if stream.name in records.batches:
            batch, layout = records.batches[stream.name], stream.layout
            found[stream.name] = dataset_of(batch, layout.kind, layout.frame, stream.settings, stream.status)
    return found


READER = Reader(
    name="nortek_classic",
    version=2,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    checksummed=True,
    views=True,
    instruments=("Nortek Vector", "Nortek Aquadopp", "Nortek Aquadopp HR Profiler", "Nortek AWAC"),
)
