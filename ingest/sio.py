r"""Blocks of the Scripps (SIO) mooring controller that carry instruments' own output.

`\x01 FL 1236501 _ 002C u 51F0BEE2 _ 22 _ 07A9 \x02 data \x03`: two letters for the instrument, the controller, the
length of the data in hexadecimal, a letter, POSIX seconds of the controller's clock, number of the block, checksum.

The checksum is the CRC of ITU-T X.25 (polynomial 0x1021, bits reflected, start and end inverted) over the data alone.
Seen to hold for every block of the files at hand; it does not cover the header, so a changed digit of the time is not
found. Blocks come a few an hour, so that they are taken one by one.
"""

import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ingest.ledger import Span
from ingest.reader import Batch, Parsed, Records

HEADER = re.compile(
    rb"\x01([A-Z]{2})(\d{7})_([0-9A-Fa-f]{4})([A-Za-z])([0-9A-Fa-f]{8})_([0-9A-Fa-f]{2})_([0-9A-Fa-f]{4})\x02"
)
HEADER_BYTES = 33
_END = 0x03
_NO_BLOCK = "no block starts here"
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Row(NamedTuple):
    """A record inside a block's data: its stream, its first byte and the byte after its last, its values by name."""

    stream: str
    start: int
    stop: int
    values: Mapping[str, object]


Decode = Callable[[bytes], Sequence[Row]]
"""From a block's data to its records, in order; what lies between and around them is damage, but for white space."""


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
    """Data of the whole blocks of an instrument in the head of a file; for sniffing."""
    found = []
    at = 0
    while match := HEADER.search(head, at):
        verdict = _judge(head, match)
        at = match.start() + 1
        if isinstance(verdict, bytes):
            at = match.end() + len(verdict) + 1
            if match[1] in letters.split():
                found.append(verdict)
    return found


def _judge(block: bytes, match: re.Match[bytes]) -> bytes | str | None:
    """Return the data of a block; a reason, if it is damaged; None, if it ends beyond the bytes at hand."""
    stop = match.end() + int(match[3], 16)
    if stop >= len(block):
        return None
    data = block[match.end() : stop]
    if block[stop] != _END:
        return f"block without its end after {len(data)} bytes of data"
    if checksum(data) != int(match[7], 16):
        return f"checksum of the block is {checksum(data):04X}, its header says {match[7].decode()}"
    return data


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
    account = _Account(offset, gap)
    rows: dict[str, list[tuple[int, int, Mapping[str, object]]]] = {}
    at = 0
    while at < len(block):
        match = HEADER.search(block, at)
        start = match.start() if match else _surely_none(block, at, final)
        account.between(block, at, start)
        at = start
        if match is None:
            break
        verdict = _judge(block, match)
        if verdict is None and not final:
            break
        if isinstance(verdict, bytes):
            at = match.end() + len(verdict) + 1
            _take(account, rows, match, at, decode(verdict) if match[1] in letters.split() else None)
        else:
            account.blame(verdict or "block cut by the end of the file")
            account.between(block, start, start + 1)
            at = start + 1
    batches = {stream: _batch(held) for stream, held in rows.items()}
    records = Records(batches, account.accepted, tuple(account.skipped), tuple(account.rejected))
    return records, at, Gap(account.reason)


def _surely_none(block: bytes, at: int, final: bool) -> int:
    """First byte at which a header may start that ends beyond the bytes at hand."""
    if final:
        return len(block)
    tail = max(at, len(block) - HEADER_BYTES + 1)
    found = block.find(b"\x01", tail)
    return len(block) if found < 0 else found


class _Account:
    """Collects the account of the bytes, in file order."""

    def __init__(self, offset: int, gap: Gap) -> None:
        self.offset = offset
        self.reason = gap.reason
        self.accepted = 0
        self.skipped: list[Span] = []
        self.rejected: list[Span] = []

    def blame(self, reason: str) -> None:
        """Say why the bytes from here to the next block are lost."""
        self.reason = reason

    def between(self, block: bytes, start: int, stop: int) -> None:
        """Enter bytes outside blocks: white space behind a block is skipped, anything else rejected."""
        if self.reason is None:
            rest = block[start:stop].lstrip(b"\r\n\t \x00")
            blank = stop - start - len(rest)
            if blank:
                self.skipped.append(Span(self.offset + start, blank, "between blocks"))
            if not rest:
                return
            start, self.reason = start + blank, _NO_BLOCK
        if stop > start:
            self.rejected.append(Span(self.offset + start, stop - start, self.reason))


def _take(
    account: _Account,
    rows: dict[str, list[tuple[int, int, Mapping[str, object]]]],
    match: re.Match[bytes],
    stop: int,
    decoded: Sequence[Row] | None,
) -> None:
    """Enter a good block: its records, and what of it holds none."""
    start = account.offset + match.start()
    account.reason = None
    if decoded is None:
        reason = f"block of another instrument ({match[1].decode()})"
        account.skipped.append(Span(start, stop - match.start(), reason))
        return
    if not decoded:
        account.rejected.append(Span(start, stop - match.start(), "block without a record"))
        return
    header = {"controller": int(match[2]), "seconds": int(match[5], 16), "block_number": int(match[6], 16)}
    data = account.offset + match.end()
    lost = 0
    for number, row in enumerate(decoded):
        first = start if number == 0 else data + row.start
        last = account.offset + stop if number == len(decoded) - 1 else data + row.stop
        rows.setdefault(row.stream, []).append((first, last - first, {**header, **row.values}))
        if number:
            lost += _lose(account, data + decoded[number - 1].stop, data + row.start)
    account.accepted += stop - match.start() - lost


def _lose(account: _Account, start: int, stop: int) -> int:
    """Enter what stands between two records of a block beyond a line end."""
    if stop - start <= len(b"\r\n"):
        return 0
    account.rejected.append(Span(start, stop - start, "not a record"))
    return stop - start


def _batch(rows: Sequence[tuple[int, int, Mapping[str, object]]]) -> Batch:
    columns = {name: np.array([values[name] for _, _, values in rows]) for name in rows[0][2]}
    offset = np.array([offset for offset, _, _ in rows], dtype=np.int64)
    return Batch(offset, np.array([length for _, length, _ in rows], dtype=np.int32), columns)
