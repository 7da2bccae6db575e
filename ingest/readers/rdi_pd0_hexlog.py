"""Teledyne RDI PD0 as hexadecimal text in the lines of a logger, one ensemble wrapped over several lines.

Every line that holds nothing but hexadecimal digits after the logger's stamp and tag is a piece of the stream of PD0
bytes; the reader of PD0 takes it from there. The first lines of an ensemble may be tagged as the logger's own messages
are. Time is the ensemble's; the stamp of its first line minus that time is `logger_clock_offset`.

A record reaches from the start of its first line to its last digit. The ensemble's checksum does not cover the
stamps: a changed stamp is found only where it is no time.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.ledger import Span
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.readers import rdi_pd0
from ingest.text import Bytes, Lines, Places, group_alike, split_lines
from ingest.textual.dcl import STAMP, TAG, Stamped, is_silent, known_noise, read_stamps
from ingest.vocabulary import lookup

_FIRST_LINE = re.compile(rb"^(?:" + STAMP + TAG + rb")?[ \t]*(7[fF]7[fF][0-9A-Fa-f]{24,})[ \t]*\r?$", re.MULTILINE)
_BLANKS = b" \t"


@dataclass(frozen=True)
class State:
    """Bytes of PD0 so far, and where the reader of PD0 stands."""

    count: int = 0
    pd0: Any = None


class Text(NamedTuple):
    """Lines of a block: `data` are the numbers of those that hold PD0, `first` and `stop` the place of their digits.

    The digits of a line are even in number. `before` counts the PD0 bytes before each of them, and after the last: of
    shape (len(data) + 1,).
    """

    lines: Lines
    data: Places
    first: Places
    stop: Places
    before: Places

    def start_of(self, byte: Places) -> Places:
        """Place in the block where a PD0 byte starts: the line's start for the first of a line."""
        row = np.searchsorted(self.before, byte, side="right") - 1
        inside = byte - self.before[row]
        return np.where(inside == 0, self.lines.start[self.data[row]], self.first[row] + 2 * inside)

    def end_of(self, byte: Places, *, line_end: bool) -> Places:
        """Place in the block behind the PD0 byte before `byte`; behind its line's end for the last, where wanted."""
        row = np.searchsorted(self.before, byte, side="left") - 1
        inside = byte - self.before[row]
        last = byte == self.before[row + 1]
        return np.where(last & line_end, self.lines.next[self.data[row]], self.first[row] + 2 * inside)


_TAGS = frozenset({b"adcpt"})


def sniff(head: bytes, name: str) -> bool:
    """Claim text with a line that starts as an ensemble does: header and table of data types; or a silent log."""
    starts = (bytes.fromhex(_even(match[8]).decode()) for match in _FIRST_LINE.finditer(head))
    return is_silent(head, _TAGS) or any(_is_header(start) for start in starts)


def _even(digits: bytes) -> bytes:
    return digits[: len(digits) // 2 * 2]


def _is_header(start: bytes) -> bool:
    types = start[5]
    first = int.from_bytes(start[6:8], "little")
    # The fixed leader comes first, right after the table of data types.
    return types > 0 and first == 6 + 2 * types and start[first : first + 2] == b"\0\0"[: max(0, len(start) - first)]


def parse(block: bytes, offset: int, state: State | None) -> Parsed:
    """Take the whole ensembles from a block; see `Reader.parse`."""
    return _parse(block, offset, state or State(), last=False)


def finish(rest: bytes, offset: int, state: State | None) -> Parsed:
    """Take what is left at the end of the file; see `Reader.finish`."""
    return _parse(rest, offset, state or State(), last=True)


def _parse(block: bytes, offset: int, state: State, *, last: bool) -> Parsed:
    buffer = np.frombuffer(block, dtype=np.uint8)
    lines, available = split_lines(buffer, last)
    stamped = read_stamps(buffer, lines)
    text = _data_lines(buffer, lines, stamped)
    binary = _binary(buffer, text)
    step = rdi_pd0.finish if last else rdi_pd0.parse
    records, taken, pd0 = step(binary, state.count, state.pd0)
    consumed = available if taken == len(binary) else int(text.start_of(np.array([taken]))[0])
    batches = {name: _placed(batch, text, stamped, offset, state.count) for name, batch in records.batches.items()}
    skipped, rejected = _other_lines(buffer, offset, text, consumed)
    skipped += _spans(records.skipped, text, offset, state.count)
    rejected += _spans(records.rejected, text, offset, state.count)
    lost = sum(span.length for span in (*skipped, *rejected))
    found = Records(batches, consumed - lost, tuple(sorted(skipped)), tuple(sorted(rejected)))
    return found, consumed, State(state.count + taken, pd0)


def _data_lines(buffer: Bytes, lines: Lines, stamped: Stamped) -> Text:
    from ingest.compiled import sealed
    from ingest.textual.text_kernels import are_hex

    first, stop = stamped.payload.copy(), lines.stop.copy()
    for blank in _BLANKS:
        inside = np.minimum(first, max(buffer.size - 1, 0))
        first += (first < stop) & (buffer[inside] == blank) if buffer.size else 0
        stop -= (first < stop) & (buffer[np.maximum(stop - 1, 0)] == blank) if buffer.size else 0
    pure = are_hex(sealed(buffer), first, stop) & (stop - first >= 2)
    # A stamp that is no time makes the line damage: its digits may be damaged as well.
    data = np.flatnonzero(pure & (stamped.valid | ~stamped.stamped))
    first, stop = first[data], stop[data] - (stop[data] - first[data]) % 2
    before = np.concatenate(([0], np.cumsum((stop - first) // 2)))
    return Text(lines, data, first, stop, before)


def _binary(buffer: Bytes, text: Text) -> bytes:
    from ingest.compiled import sealed
    from ingest.textual.text_kernels import join_hex

    return join_hex(sealed(buffer), text.first, text.stop).tobytes()


def _placed(batch: Batch, text: Text, stamped: Stamped, offset: int, count: int) -> Batch:
    """Give the same records with their places in the text, and the logger's time of their first line."""
    first = batch.offset - count
    start = text.start_of(first)
    length = (text.end_of(first + batch.length, line_end=False) - start).astype(np.int32)
    line = text.data[np.searchsorted(text.before, first, side="right") - 1]
    logger = np.where(stamped.valid[line], stamped.time[line], np.datetime64("NaT", "us"))
    return Batch(offset + start, length, {**batch.columns, "logger_time": logger})


def _other_lines(buffer: Bytes, offset: int, text: Text, consumed: int) -> tuple[list[Span], list[Span]]:
    """Lines without PD0 that lie before the end of what is consumed."""
    lines = text.lines
    other = np.ones(lines.start.size, dtype=bool)
    other[text.data] = False
    skipped: list[Span] = []
    rejected: list[Span] = []
    rows = np.flatnonzero(other & (lines.next <= consumed))
    for group in group_alike(buffer, lines.start[rows], lines.stop[rows]):
        alike = rows[group]
        noise = known_noise(buffer[lines.start[alike[0]] : lines.stop[alike[0]]].tobytes())
        reason = noise or "no line of hexadecimal digits"
        start, length = (offset + lines.start[alike]).tolist(), (lines.next - lines.start)[alike].tolist()
        spans = skipped if noise else rejected
        spans += [Span(*place, reason) for place in zip(start, length, strict=True)]
    return skipped, rejected


def _spans(spans: Sequence[Span], text: Text, offset: int, count: int) -> list[Span]:
    """Spans of PD0 bytes as spans of the text, line by line: other lines may lie between."""
    return [piece for span in spans for piece in _pieces(span, text, offset, count)]


def _pieces(span: Span, text: Text, offset: int, count: int) -> Iterator[Span]:
    first, end = span.offset - count, span.offset - count + span.length
    rows = range(int(np.searchsorted(text.before, first, side="right")) - 1, len(text.data))
    pieces: list[tuple[int, int]] = []
    for row in rows:
        low, high = max(first, int(text.before[row])), min(end, int(text.before[row + 1]))
        if low >= high:
            break
        edges = np.array([low]), np.array([high])
        start, stop = int(text.start_of(edges[0])[0]), int(text.end_of(edges[1], line_end=True)[0])
        if pieces and pieces[-1][1] == start:
            pieces[-1] = (pieces[-1][0], stop)
        else:
            pieces.append((start, stop))
    for start, stop in pieces:
        yield Span(offset + start, stop - start, span.reason)


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Ensembles as the reader of PD0 gives them, with the logger's stamp. See `Reader.to_dataset`."""
    found = dict(rdi_pd0.to_dataset(records, state.pd0, calibration))
    for stream, dataset in found.items():
        logger = records.batches[stream].columns["logger_time"]
        if not np.isnat(logger).any():
            offset: NDArray[np.int64] = (logger - dataset["time"].values).astype(np.int64)
            name = "logger_clock_offset"
            found[stream] = dataset.assign({name: ("time", offset, lookup(name).attributes)})
    return found


READER = Reader(
    name="rdi_pd0_hexlog",
    version=2,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    lines=True,
    instruments=("Teledyne RDI current profilers: PD0 as hexadecimal text in a logger's time-stamped lines",),
)
