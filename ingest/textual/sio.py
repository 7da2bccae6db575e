r"""Blocks of the Scripps (SIO) mooring controller that carry instruments' own output.

`\x01 FL 1236501 _ 002C u 51F0BEE2 _ 22 _ 07A9 \x02 data \x03`: two letters for the instrument, the controller, the
length of the data in hexadecimal, a letter, POSIX seconds of the controller's clock, number of the block, checksum.

The checksum is the CRC of ITU-T X.25 (polynomial 0x1021, bits reflected, start and end inverted) over the data alone.
Seen to hold for every block of the files at hand; it does not cover the header, so a changed digit of the time is not
found.
"""

import binascii
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest import pages
from ingest.ledger import NO_SPANS, Span, Spans
from ingest.reader import Batch, Parsed, Records
from ingest.text import Bytes, Places
from ingest.textual.fields import flat, pick

HEADER = re.compile(
    rb"\x01([A-Z]{2})(\d{7})_([0-9A-Fa-f]{4})([A-Za-z])([0-9A-Fa-f]{8})_([0-9A-Fa-f]{2})_([0-9A-Fa-f]{4})\x02"
)
HEADER_BYTES = 33
_END = 0x03
_NO_BLOCK, _BETWEEN = "no block starts here", "between blocks"
_OTHER, _EMPTY, _FILLED = range(3)  # blocks of other instruments and damaged ones, those without a record, with one
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Rows(NamedTuple):
    """Records of one stream inside the data of blocks, in order.

    Number of the block, first byte and byte after the last of each, shape (n,), columns of shape (n, ...), and what is
    wanted of the block's header beside them: `seconds`, `controller`.
    """

    block: Places
    start: Places
    stop: Places
    columns: Mapping[str, NDArray[Any]]
    header: tuple[str, ...] = ("seconds",)


Decode = Callable[[Bytes, Places, Places], Mapping[str, Rows]]
"""From bytes and the bounds of the data of blocks in them to records by stream; what lies between and around records is
damage, but for white space. Before the first and behind the last only what `DAMAGED` names is: there stands noise."""

DAMAGED = ""
"""In place of a stream: what has the form of a record and is none."""


@dataclass(frozen=True)
class Gap:
    """What stands between blocks: the reason, once something other than white space was seen."""

    reason: str | None = None


def checksum(data: bytes) -> int:
    """CRC of ITU-T X.25, as the block's header gives it."""
    # The library's CRC has the same polynomial with the bits the other way round.
    turned = binascii.crc_hqx(data.translate(_REVERSED), 0xFFFF)
    return int(f"{turned:016b}"[::-1], 2) ^ 0xFFFF


def holds(head: bytes, letters: bytes) -> list[bytes]:
    """Data of the whole blocks of an instrument in the head of a file; for sniffing.

    None where another instrument has more of them, or as many and the first: one optode's block among those of an ECO
    was seen in a real file.
    """
    if HEADER.search(head) is None:
        return []
    from ingest.compiled import sealed
    from ingest.textual.block_kernels import GOOD, find_blocks

    found, _ = find_blocks(sealed(np.frombuffer(head, dtype=np.uint8)), True)
    good = found[1:3, found[0] == GOOD].T.tolist()
    wanted = letters.split()
    counts = Counter(b"" if (one := head[start + 1 : start + 3]) in wanted else one for start, _ in good)
    if counts and counts.most_common(1)[0][0]:
        return []
    return [head[start + HEADER_BYTES : stop] for start, stop in good if head[start + 1 : start + 3] in wanted]


def parse_blocks(block: bytes, offset: int, gap: Gap, letters: bytes, decode: Decode, *, final: bool) -> Parsed:
    """Find blocks and decode those of one instrument.

    Parameters
    ----------
    block, offset
        Bytes of the file, and where in it they start.
    gap
        As the bytes before left it.
    letters
        The instrument's two letters, or several pairs with blanks between; blocks of others are skipped.
    decode
        From data to records. The first record of a block holds the block's header, as its time comes from
        there; the last one holds its end, without which a block is not whole.
    final
        Whether the file ends with these bytes.
    """
    from ingest.compiled import sealed
    from ingest.textual.block_kernels import GOOD, find_blocks, read_headers

    buffer = sealed(np.frombuffer(block, dtype=np.uint8))
    found, cut = find_blocks(buffer, final)
    numbers = read_headers(buffer, found[1])
    wanted = np.array([int.from_bytes(pair, "big") for pair in letters.split()])
    good = found[0] == GOOD
    ours = pick(good & np.isin(numbers[0], wanted))
    start, stop = found[1, ours], found[2, ours]
    streams = {name: rows for name, rows in decode(buffer, start + HEADER_BYTES, stop).items() if rows.block.size}
    damaged = streams.pop(DAMAGED, None)
    header = dict(zip(("controller", "seconds"), numbers[1:, ours], strict=True))
    places = _Places(offset, start, stop + 1, streams, damaged)
    batches = {stream: _batch(rows, places, header, number) for number, (stream, rows) in enumerate(streams.items())}
    account = _Account(offset, gap)
    state = np.full(good.size, _OTHER, dtype=np.int8)
    state[ours] = np.where(places.filled, _FILLED, _EMPTY)
    at = _outside(account, block, found, state)
    end = cut if cut >= 0 else _surely_none(block, at, final)
    account.between(block, at, end)
    accepted = int((places.stop - places.start).sum(where=places.filled)) - sum(span.length for span in places.lost)
    rejected = sorted((*account.rejected, *places.lost)) if places.lost else account.rejected
    skipped = Spans.joined((Spans.of(account.skipped), account.blanks)).in_order()
    return Records(batches, accepted, skipped, tuple(rejected)), end, Gap(account.reason)


def _surely_none(block: bytes, at: int, final: bool) -> int:
    """First byte at which a header may start that ends beyond the bytes at hand."""
    if final:
        return len(block)
    tail = max(at, len(block) - HEADER_BYTES + 1)
    found = block.find(b"\x01", tail)
    return len(block) if found < 0 else found


def _outside(account: "_Account", block: bytes, found: Places, state: NDArray[np.int8]) -> int:
    """Enter all but blocks with records; return the byte after the last block."""
    verdict, start, stop = found[0], found[1], np.where(found[0] == 0, found[2] + 1, found[1] + 1)
    before = np.concatenate(([0], stop[:-1]))
    # Between two whole blocks nothing or white space is the rule.
    plain = (state == _FILLED) & (found[4] == start - before) & np.append(account.reason is None, verdict == 0)[:-1]
    blank = np.flatnonzero(plain & (found[4] > 0))
    account.skip_blanks(before[blank], found[4, blank])
    silent = plain | ((state == _FILLED) & (before == start))
    for row in np.flatnonzero(~silent).tolist():
        if row and verdict[row - 1] == 0:
            account.reason = None
        first, last = int(start[row]), int(stop[row])
        account.between(block, int(before[row]), first)
        account.reason = None if verdict[row] == 0 else _blame(block, found[:, row].tolist())
        if verdict[row]:
            account.between(block, first, last)
        elif state[row] != _FILLED:
            account.without_record(block, first, last, wanted=bool(state[row] == _EMPTY))
    if verdict.size and verdict[-1] == 0:
        account.reason = None
    return int(stop[-1]) if stop.size else 0


def _blame(block: bytes, found: list[int]) -> str:
    """Say why a block is none."""
    from ingest.textual.block_kernels import NO_END, WRONG_SUM

    verdict, start, stop, computed, _ = found
    if verdict == NO_END:
        return f"block without its end after {stop - start - HEADER_BYTES} bytes of data"
    if verdict == WRONG_SUM:
        given = block[start + HEADER_BYTES - 5 : start + HEADER_BYTES - 1].decode()
        return f"checksum of the block is {computed:04X}, its header says {given}"
    return "block cut by the end of the file"


class _Account:
    """Collects the account of the bytes that hold no record, in file order."""

    def __init__(self, offset: int, gap: Gap) -> None:
        self.offset = offset
        self.reason = gap.reason
        self.skipped: list[Span] = []
        self.blanks = NO_SPANS
        self.rejected: list[Span] = []

    def between(self, block: bytes, start: int, stop: int) -> None:
        """Enter bytes outside blocks: white space behind a block is skipped, anything else rejected."""
        if self.reason is None:
            rest = block[start:stop].lstrip(b"\r\n\t \x00")
            blank = stop - start - len(rest)
            if blank:
                self.skipped.append(Span(self.offset + start, blank, _BETWEEN))
            if not rest:
                return
            start, self.reason = start + blank, _NO_BLOCK
        if stop > start:
            self.rejected.append(Span(self.offset + start, stop - start, self.reason))

    def skip_blanks(self, start: Places, length: Places) -> None:
        """Enter white space between blocks."""
        self.blanks = Spans(self.offset + start, length, np.zeros_like(start), (_BETWEEN,))

    def without_record(self, block: bytes, start: int, stop: int, *, wanted: bool) -> None:
        """Enter a good block of another instrument, or one of this instrument with no record in it."""
        if wanted:
            self.rejected.append(Span(self.offset + start, stop - start, "block without a record"))
        else:
            reason = f"block of another instrument ({block[start + 1 : start + 3].decode()})"
            self.skipped.append(Span(self.offset + start, stop - start, reason))


class _Places:
    """Bytes of the records of blocks, and of what lies between two of one block.

    Attributes
    ----------
    start, stop
        Bounds of the blocks, header and end included.
    filled : shape (blocks,)
        Which of them hold a record.
    offset, length
        Of every record of every stream, one stream after the other.
    lost
        What stands between two records of a block beyond a line end, and what is damaged before and behind them.
    """

    def __init__(
        self, offset: int, start: Places, stop: Places, streams: Mapping[str, Rows], damaged: Rows | None = None
    ) -> None:
        from ingest.textual.block_kernels import place_records

        rows = list(streams.values())
        self.bounds = np.cumsum([0, *(one.block.size for one in rows)])
        block, first, last = (_together(parts) for parts in (
            [one.block for one in rows], [one.start for one in rows], [one.stop for one in rows]))  # fmt: skip
        order = np.argsort(first, kind="stable") if len(rows) > 1 else slice(None)
        block, first, last = flat(block[order]), flat(first[order]), flat(last[order])
        placed = pages.empty(first.size, np.int64), pages.empty(first.size, np.int32)
        apart = place_records(block, first, last, np.stack((start, stop)), placed)
        self.lost = _between(offset, block, first, last) if apart else []
        if damaged is not None and block.size:
            self.lost += _cut_off(offset, (block, first, last), placed, damaged)
        placed[0][:] += offset
        self.offset, self.length = placed
        if len(rows) > 1:
            self.offset, self.length = np.empty_like(placed[0]), np.empty_like(placed[1])
            self.offset[order], self.length[order] = placed
        self.start, self.stop = start, stop
        self.filled = np.zeros(start.size, dtype=bool)
        self.filled[block] = True


def _cut_off(
    offset: int, records: tuple[Places, Places, Places], placed: tuple[Places, NDArray[np.int32]], bad: Rows
) -> list[Span]:
    """Spans of what is damaged before the first and behind the last record of a block.

    These records are taken back there: the damage and the block's header before it, or its end behind it, belong to
    no record.
    """
    block, first, last = records
    low = np.minimum(np.searchsorted(block, bad.block), block.size - 1)
    high = np.maximum(np.searchsorted(block, bad.block, side="right") - 1, 0)
    before = (block[low] == bad.block) & (bad.stop <= first[low])
    behind = (block[high] == bad.block) & (bad.start >= last[high])
    begin, length = placed
    end = begin + length
    begin[low[before]] = first[low[before]]
    end[high[behind]] = last[high[behind]]
    length[:] = end - begin
    some = before | behind
    bounds = zip(bad.start[some].tolist(), bad.stop[some].tolist(), strict=True)
    return [Span(offset + at, stop - at, "not a record") for at, stop in bounds]


def _together(parts: list[Places]) -> Places:
    return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, np.int64), *parts])


def _between(offset: int, block: Places, first: Places, last: Places) -> list[Span]:
    """What stands between two records of a block beyond a line end."""
    apart = np.flatnonzero((block[1:] == block[:-1]) & (first[1:] - last[:-1] > len(b"\r\n")))
    places, lengths = (offset + last[apart]).tolist(), (first[apart + 1] - last[apart]).tolist()
    return [Span(at, length, "not a record") for at, length in zip(places, lengths, strict=True)]


def _batch(rows: Rows, places: _Places, header: Mapping[str, Places], number: int) -> Batch:
    some = slice(places.bounds[number], places.bounds[number + 1])
    columns = {**{name: header[name][rows.block] for name in rows.header}, **rows.columns}
    return Batch(places.offset[some], places.length[some], columns)
