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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.aanderaa_columns import aanderaa_column
from ingest.columns import arrange, to_variables
from ingest.dataset import assemble
from ingest.ledger import Span
from ingest.reader import HEAD_BYTES, Batch, Calibration, Parsed, Reader, Records
from ingest.seaguard_record import Form, Layout, parse_tags, split

LONGEST = 262_144
"""Bytes of the longest record, and of the longest stretch between two that is looked at as one."""

_OPEN, _CLOSE = re.compile(rb"<Data(?=[\s>])"), b"</Data>"
_TAG_BYTES = len(_CLOSE)
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


@dataclass(frozen=True)
class _Row:
    start: int
    stop: int
    layout: Layout
    time: int
    number: int
    values: list[float]


def sniff(head: bytes, name: str) -> bool:
    """Claim XML of Aanderaa's schema, or its elements without it."""
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    known = b"aadi.no/RTOutSchema" in head or (b"<SensorData" in head and b"<Parameters" in head)
    return start.startswith((b"<?xml", b"<Device")) and b"<Device" in head and known


def parse(block: bytes, offset: int, state: State | None) -> Parsed:
    """Documents to records; see `Reader.parse`."""
    return _parse(block, offset, state, final=False)


def finish(rest: bytes, offset: int, state: State | None) -> Parsed:
    """Last record; see `Reader.finish`."""
    return _parse(rest, offset, state, final=True)


def _parse(block: bytes, offset: int, state: State | None, final: bool) -> Parsed:
    if state is None:
        if len(block) < HEAD_BYTES and not final:
            return Records(), 0, None
        state = _survey(block[:HEAD_BYTES])
    rows: list[_Row] = []
    rejected: list[Span] = []
    consumed = accepted = 0
    for start, stop, is_record in _stretches(block, final):
        consumed = stop
        found = _read(block, start, stop) if is_record else _around(block, start, stop)
        if isinstance(found, _Row):
            rows.append(found)
            accepted += stop - start
        else:
            rejected += [Span(offset + span.offset, span.length, span.reason) for span in found]
            accepted += stop - start - sum(span.length for span in found)
    batches, layouts = _batches(rows, offset, state)
    return Records(batches, accepted, (), tuple(rejected)), consumed, replace(state, layouts=layouts)


def _stretches(block: bytes, final: bool) -> Iterator[tuple[int, int, bool]]:
    """Bounds of records, whole or cut, and of what lies between them; what is not known to its end yet is left."""
    at = 0
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


def _end(block: bytes, start: int, inside: int, final: bool) -> int:
    """Where a record ends, or the next begins before its end; -1 where more bytes are needed."""
    limit = start + LONGEST
    close = block.find(_CLOSE, inside, limit)
    following = _OPEN.search(block, inside, limit if close < 0 else close)
    if following is not None:
        return following.start()
    if close >= 0:
        return close + _TAG_BYTES
    return min(limit, len(block)) if final or len(block) > limit + _TAG_BYTES else -1


def _around(block: bytes, start: int, stop: int) -> list[Span]:
    """What between two records belongs to no document."""
    match = _AROUND.match(block, start, stop)
    known = start if match is None else match.end()
    return [Span(known, stop - known, "bytes between records that are no tags around them")] if known < stop else []


def _read(block: bytes, start: int, stop: int) -> _Row | list[Span]:
    """Read one record; the reason, where it is none."""
    if not block.endswith(_CLOSE, start, stop):
        return [Span(start, stop - start, "record without its end")]
    tags, texts = split(block[start:stop])
    form = parse_tags(tags)
    row = _row(form, texts, start, stop)
    return [Span(start, stop - start, row)] if isinstance(row, str) else row


def _row(form: Form, texts: list[bytes], start: int, stop: int) -> _Row | str:
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
        return _Row(start, stop, form.layout, _microseconds(time), int(number), values)
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
    for start, stop, is_record in _stretches(head, final=False):
        found = _read(head, start, stop) if is_record else []
        if isinstance(found, _Row):
            counts[found.layout] += 1
    main = counts.most_common(1)[0][0] if counts else None
    return State({"instrument_model": "Aanderaa SeaGuard or SmartGuard", **attributes}, main)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _batches(rows: list[_Row], offset: int, state: State) -> tuple[dict[str, Batch], Mapping[str, Layout]]:
    by_layout: dict[Layout, list[_Row]] = {}
    for row in rows:
        by_layout.setdefault(row.layout, []).append(row)
    batches: dict[str, Batch] = {}
    layouts = dict(state.layouts)
    for layout, some in by_layout.items():
        stream = "samples" if layout == state.main else f"samples_{zlib.crc32(repr(layout).encode())}"
        layouts[stream] = layout
        start = np.array([row.start for row in some], dtype=np.int64)
        length = np.array([row.stop - row.start for row in some], dtype=np.int32)
        columns: dict[str, NDArray[Any]] = {
            "time": np.array([row.time for row in some], dtype=np.int64),
            "number": np.array([row.number for row in some], dtype=np.int32),
            "value": np.array([row.values for row in some], dtype=np.float64),
        }
        batches[stream] = Batch(start + offset, length, columns)
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
    instruments=("Aanderaa SeaGuard and SmartGuard: XML of the real-time output (not yet seen on a real file)",),
)
