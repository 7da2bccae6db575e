"""Aanderaa SeaGuard and SmartGuard: XML of the real-time output, `<Device>` documents one after the other in a file.

A record is one `<Data>` element: a time, and the parameters of every sensor. Documents around them, and the
instrument's description, count as accepted. Records are found by their tags and never depend on those before them, so
that damage costs the record it lies in. Most records of a file hold the same parameters: these are the stream
`samples`. Others, as of a second group of sensors, have streams of their own, named after what they hold. Parameters
that the vocabulary has no name for are kept beside. Cells of a profile, texts and arrays are left out.

Built from how others read such files; not yet seen on a real one. There is no checksum.

References
----------
Aanderaa TD 271 (AADI Real-Time Communication), schema http://www.aadi.no/RTOutSchema.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.chemistry.aanderaa_columns import aanderaa_column
from ingest.chemistry.seaguard_record import Form, Layout, parse_tags, split
from ingest.chemistry.seaguard_walk import Known, Walk, join
from ingest.dataset import assemble
from ingest.ledger import Span
from ingest.reader import HEAD_BYTES, Batch, Calibration, Parsed, Reader, Records
from ingest.text import Block, Bytes, group_alike
from ingest.textual.columns import arrange, to_variables

LONGEST = 262_144
"""Bytes of the longest record, and of the longest stretch between two that is looked at as one."""

_END = b"</Data>"
_OPEN, _CLOSE = re.compile(rb"<Data(?=[\s>])"), re.compile(_END)
_TAG_BYTES = len(_END)
_RECORD_TAGS = rb"(?:Data|SensorData|SystemData|Parameters|Point|Value)\b"
# Tags around records, with at most 200 bytes of text before each: a longer stretch is none of an instrument's.
_AROUND = re.compile(
    rb"(?:\s*(?:[^\s<>\x00-\x08][^<>\x00-\x08]{0,200})?<(?!/?" + _RECORD_TAGS + rb")[/?!]?[A-Za-z][^<>\x00-\x08]*>)*\s*"
)
_DEVICE = re.compile(rb"<Device\s([^<>]*)>")
_ATTRIBUTE = re.compile(rb"([A-Za-z]\w*)\s*=\s*[\"']([^\"']*)[\"']")
_TIME = re.compile(
    rb"\s*(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6})\d*)?(?:Z|([+-])(\d\d):(\d\d))?\s*"
)
_STRAY = "bytes between records that are no tags around them"
_EPOCH = datetime(1970, 1, 1)
_VALUES = re.compile(rb"[-+0-9.eENan\s;]*")
_KEPT = {"SerialNo": "serial_number", "ProdName": "product_name", "ProdNo": "product_number", "Descr": "description",
         "ID": "device"}  # fmt: skip


@dataclass(frozen=True)
class State:
    """Attributes of the device, the layout of most records, and the layout of every stream seen."""

    attributes: Mapping[str, str]
    main: Layout | None
    layouts: Mapping[str, Layout] = field(default_factory=dict)


class _Row(NamedTuple):
    start: int
    stop: int
    form: tuple[bytes, Form]
    time: int
    number: int
    values: list[float]


def sniff(head: bytes, name: str) -> bool:
    """Claim XML of Aanderaa's schema, or its elements without it."""
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    known = b"aadi.no/RTOutSchema" in head or (b"<SensorData" in head and b"<Parameters" in head)
    return start.startswith((b"<?xml", b"<Device")) and b"<Device" in head and known


def parse(block: Block, offset: int, state: State | None) -> Parsed:
    """Documents to records; see `Reader.parse`."""
    return _parse(block, offset, state, final=False)


def finish(rest: Block, offset: int, state: State | None) -> Parsed:
    """Last record; see `Reader.finish`."""
    return _parse(rest, offset, state, final=True)


def _parse(block: Block, offset: int, state: State | None, final: bool) -> Parsed:
    if state is None:
        if len(block) < HEAD_BYTES and not final:
            return Records(), 0, None
        state = _survey(bytes(block[:HEAD_BYTES]))
    buffer = np.frombuffer(block, dtype=np.uint8)
    slow = _Slow()
    walks: list[Walk] = []
    while not walks or slow.going:
        walks.append(slow.known.walk(buffer, slow.at, LONGEST))
        slow.go_on(block, walks[-1].at, final)
    walk = join(walks)
    for row in np.flatnonzero(walk.form < 0).tolist():
        slow.read(block, int(walk.start[row]), int(walk.stop[row]))
    spans = sorted((*slow.rejected, *_around(block, buffer, slow.gaps, walk)))
    rejected = tuple(Span(offset + start, length, reason) for start, length, reason in spans)
    batches, layouts = _batches(slow, walk, offset, state)
    accepted = slow.at - sum(span.length for span in rejected)
    return Records(batches, accepted, (), rejected), slow.at, replace(state, layouts=layouts)


class _Slow:
    """Reads record by record what no walk can: the first of every form, and what is no record or another way.

    `at` is where the next stretch begins, `going` whether a record was the last one read; forms are kept in `known`.
    """

    def __init__(self) -> None:
        self.at, self.going, self.known = 0, False, Known()
        self.rows: list[_Row] = []
        self.gaps: list[tuple[int, int]] = []
        self.rejected: list[Span] = []

    def go_on(self, block: Block, at: int, final: bool) -> None:
        """Take stretches up to the end of a record, or as far as they are at hand to their ends."""
        self.at, self.going = at, False
        for start, stop, is_record in _stretches(block, at, final):
            self.at = stop
            if not is_record:
                self.gaps.append((start, stop))
                continue
            row = self.read(block, start, stop)
            if row is not None:
                self.known = self.known.with_form(*row.form)
            self.going = True
            return

    def read(self, block: Block, start: int, stop: int) -> "_Row | None":
        """Read one record, or enter why it is none."""
        found = _read(block, start, stop)
        if isinstance(found, str):
            self.rejected.append(Span(start, stop - start, found))
            return None
        self.rows.append(found)
        return found


def _stretches(block: Block, at: int, final: bool) -> Iterator[tuple[int, int, bool]]:
    """Bounds of records, whole or cut, and of what lies between them; what is not known to its end yet is left."""
    while at < len(block):
        found = _OPEN.search(block, at)
        start = len(block) if found is None else found.start()
        if start - at > LONGEST and (found is not None or final or len(block) - at > LONGEST + _TAG_BYTES):
            start = at + LONGEST
            found = None
        elif found is None and not final:
            return
        if start > at:
            yield at, start, False
        at = start
        if found is None:
            continue
        stop = _end(block, at, found.end(), final)
        if stop < 0:
            return
        yield at, stop, True
        at = stop


def _end(block: Block, start: int, inside: int, final: bool) -> int:
    """Where a record ends, or the next begins before its end; -1 where more bytes are needed."""
    limit = start + LONGEST
    close = _CLOSE.search(block, inside, limit)
    following = _OPEN.search(block, inside, limit if close is None else close.start())
    if following is not None:
        return following.start()
    if close is not None:
        return close.end()
    return min(limit, len(block)) if final or len(block) > limit + _TAG_BYTES else -1


def _around(block: Block, buffer: Bytes, gaps: Sequence[tuple[int, int]], walk: Walk) -> Iterator[Span]:
    """What between two records belongs to no document; what differs in digits only is judged once."""
    start, stop = (np.array([gap[side] for gap in gaps], dtype=np.int64) for side in (0, 1))
    start, stop = np.concatenate((start, walk.before)), np.concatenate((stop, walk.start))
    start, stop = start[start < stop], stop[start < stop]
    for group in group_alike(buffer, start, stop):
        first, end = int(start[group[0]]), int(stop[group[0]])
        match = _AROUND.match(block, first, end)
        known = 0 if match is None else match.end() - first
        if known < end - first:
            for row in group.tolist():
                yield Span(int(start[row]) + known, end - first - known, _STRAY)


def _read(block: Block, start: int, stop: int) -> "_Row | str":
    """Read one record; the reason, where it is none."""
    record = bytes(block[start:stop])
    if not record.endswith(_END):
        return "record without its end"
    tags, texts = split(record)
    return _row((tags, parse_tags(tags)), texts, start, stop)


def _row(known: tuple[bytes, Form], texts: list[bytes], start: int, stop: int) -> _Row | str:
    _, form = known
    if form.fault:
        return form.fault
    time = _TIME.fullmatch(texts[form.time])
    number = texts[form.number].strip() if form.number >= 0 else b"0"
    if time is None or not (number.isdigit() and len(number) < 10):
        return "record whose time or number is none"
    words = [texts[point.place] for point in form.points]
    if _VALUES.fullmatch(b";".join(words)) is None:
        return "record with a value that is no number"
    try:
        values = [float(word) if word else np.nan for word in words]
        return _Row(start, stop, known, _microseconds(time), int(number), values)
    except (ValueError, OverflowError):
        return "record with a time or a value that is none"


def _microseconds(time: re.Match[bytes]) -> int:
    """Since 1970, UTC; raises ValueError for what is no time."""
    year, month, day, hour, minute, second = map(int, time.groups()[:6])
    moment = datetime(year, month, day, hour, minute, second, int((time[7] or b"").ljust(6, b"0")))
    east = timedelta(hours=int(time[9]), minutes=int(time[10])) if time[8] else timedelta()
    return (moment - _EPOCH + (east if time[8] == b"-" else -east)) // timedelta(microseconds=1)


def _survey(head: bytes) -> State:
    """Describe the device, and what most of the first records hold."""
    device = _DEVICE.search(head)
    told = {} if device is None else {key.decode(): _text(value) for key, value in _ATTRIBUTE.findall(device[1])}
    attributes = {name: told[key] for key, name in _KEPT.items() if told.get(key)}
    counts: Counter[Layout] = Counter()
    for start, stop, is_record in _stretches(head, 0, final=False):
        found = _read(head, start, stop) if is_record else ""
        if isinstance(found, _Row):
            counts[found.form[1].layout] += 1
    main = counts.most_common(1)[0][0] if counts else None
    return State({"instrument_model": "Aanderaa SeaGuard or SmartGuard", **attributes}, main)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _batches(slow: _Slow, walk: Walk, offset: int, state: State) -> tuple[dict[str, Batch], Mapping[str, Layout]]:
    """Records by layout, in order, whichever way they were read."""
    parts: dict[Layout, list[tuple[NDArray[Any], ...]]] = {}
    by_layout: dict[Layout, list[_Row]] = {}
    for row in slow.rows:
        by_layout.setdefault(row.form[1].layout, []).append(row)
    for layout, some in by_layout.items():
        whole = np.array([(row.start, row.stop, row.time, row.number) for row in some], dtype=np.int64)
        parts[layout] = [(*whole.T, np.array([row.values for row in some], dtype=np.float64))]
    for number, form in enumerate(slow.known.forms.values()):
        rows = np.flatnonzero(walk.form == number)
        whole = np.array([walk.start[rows], walk.stop[rows], walk.time[rows], walk.number[rows]])
        parts.setdefault(form.layout, []).append((*whole, walk.values(rows, len(form.points))))
    batches: dict[str, Batch] = {}
    layouts = dict(state.layouts)
    for layout, those in parts.items():
        stream = "samples" if layout == state.main else f"samples_{zlib.crc32(repr(layout).encode())}"
        layouts[stream] = layout
        first, last, time, numbers, value = (np.concatenate(columns) for columns in zip(*those, strict=True))
        order = np.argsort(first)
        columns = {"time": time[order], "number": numbers[order].astype(np.int32), "value": value[order]}
        batches[stream] = Batch(first[order] + offset, (last - first)[order].astype(np.int32), columns)
    return batches, layouts


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values in the vocabulary's units; see `Reader.to_dataset`."""
    found = {}
    for stream, batch in records.batches.items():
        numbered, points = state.layouts[stream]
        columns = arrange([aanderaa_column(sensor, parameter, units) for sensor, _, parameter, units in points])
        variables = to_variables(columns, batch.columns["value"])
        if numbered:
            variables["sample_number"] = batch.columns["number"]
        sensors = dict.fromkeys(f"{sensor} ({serial})" if serial else sensor for sensor, serial, _, _ in points)
        attributes = {**state.attributes, **columns.attributes, "sensors": "; ".join(sensors)}
        found[stream] = assemble(batch, variables, batch.columns["time"].astype("datetime64[us]"), attributes)
    return found


READER = Reader(
    name="seaguard_xml",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    views=True,
    instruments=("Aanderaa SeaGuard and SmartGuard: XML of the real-time output (not yet seen on a real file)",),
)
