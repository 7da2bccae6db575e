"""Frames of binary formats: sync word, size, checksum, searched in whole runs instead of one by one.

Well-formed files repeat frames of one length, so a run of them is checked as a matrix, one row a frame. Only where that
breaks off are single bytes looked at. What is decided about a byte depends on the file alone, never on the block.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.ledger import Span

NO_SYNC = "no frame starts here"
"""Reason given for bytes after a frame that do not begin another."""

Sums = tuple[NDArray[np.uint16], NDArray[np.uint16]]


@dataclass(frozen=True)
class FrameRule:
    """How the frames of one format are told from anything else.

    Attributes
    ----------
    sync
        Pattern of the first bytes of a frame; matches exactly `sync_bytes`.
    sync_bytes
        Length of the sync word.
    header_bytes
        How many bytes from the sync word on tell the length of the frame. Frames with equal headers are equally long.
    length
        `length(header) -> bytes of the whole frame`, checksum included; a reason, where the header is impossible.
    sums
        `sums(matrix) -> (computed, stated)`: checksums of frames, `matrix` of uint8 and shape (frames, length).
    """

    sync: re.Pattern[bytes]
    sync_bytes: int
    header_bytes: int
    length: Callable[[bytes], int | str]
    sums: Callable[[NDArray[np.uint8]], Sums]


class Run(NamedTuple):
    """Good frames of equal header, one after the other: first byte in the block, how many, bytes of each."""

    start: int
    frames: int
    length: int


@dataclass(frozen=True)
class Search:
    """Where the search stands between blocks.

    Attributes
    ----------
    reason
        Why the last byte belongs to no frame; None after a good frame and at the start.
    until
        Byte of the file where the frame that was found damaged claims to end: bad sync words before it belong to the
        same damage.
    """

    reason: str | None = None
    until: int = 0


@dataclass(frozen=True)
class Framing:
    """What a block holds: good frames, damage, and the bytes to come again with the next block."""

    runs: tuple[Run, ...]
    rejected: tuple[Span, ...]
    consumed: int
    search: Search


def find_frames(block: bytes, offset: int, search: Search, rule: FrameRule, *, last: bool) -> Framing:
    """Find every frame that is whole and whose checksum holds.

    After a bad sync word the search goes on at its next byte, so that a good frame inside the claimed extent of a
    damaged one is found.

    Parameters
    ----------
    block
        Bytes of the file.
    offset
        Byte of the file at which the block starts.
    search
        As the block before left it.
    rule
        The format.
    last
        Whether the file ends with this block: then all of it is consumed, and a frame without its end is cut.

    Returns
    -------
    Framing
        Offsets of runs count from the block's start, those of spans from the file's.
    """
    runs: list[Run] = []
    rejected: list[Span] = []
    at = 0
    while at < len(block):
        if rule.sync.match(block, at) is None:
            end, search = _pass_over(block, at, search, rule, last=last)
        else:
            verdict = _judge(block, at, rule, last=last)
            if verdict is None:
                break
            if isinstance(verdict, Run):
                runs.append(verdict)
                at, search = at + verdict.frames * verdict.length, Search()
                continue
            end, search = at + 1, _blame(search, offset + at, verdict)
        if end == at:
            break
        rejected.append(Span(offset + at, end - at, search.reason or NO_SYNC))
        at = end
    return Framing(tuple(runs), tuple(rejected), at, search)


class _Bad(NamedTuple):
    reason: str
    length: int  # what the frame claims


def _pass_over(block: bytes, at: int, search: Search, rule: FrameRule, *, last: bool) -> tuple[int, Search]:
    """Return where the next sync word is, or as far as surely none is."""
    after = search if search.reason else Search(NO_SYNC, 0)
    found = rule.sync.search(block, at)
    if found is not None:
        return found.start(), after
    # The start of a sync word may lie at the end of the block.
    return len(block) if last else max(at, len(block) - rule.sync_bytes + 1), after


def _blame(search: Search, position: int, bad: _Bad) -> Search:
    if search.reason is not None and position < search.until:
        return search
    return Search(bad.reason, position + bad.length)


def _judge(block: bytes, at: int, rule: FrameRule, *, last: bool) -> Run | _Bad | None:
    """Judge the frame whose sync word is at `at`; None where more bytes are needed."""
    available = len(block) - at
    if available < rule.header_bytes:
        return _Bad(f"cut off by the end of the file: {available} bytes of a header", available) if last else None
    length = rule.length(block[at : at + rule.header_bytes])
    if isinstance(length, str):
        return _Bad(length, 1)
    if available < length:
        reason = f"cut off by the end of the file: {available} of {length} bytes"
        return _Bad(reason, length) if last else None
    return _gallop(block, at, length, rule)


_FIRST_ROWS = 8
_MOST_BYTES = 512 * 1024  # a matrix of this size stays in the cache between comparing and summing


def _gallop(block: bytes, at: int, length: int, rule: FrameRule) -> Run | _Bad:
    """Check frames of one header in matrices that grow while all is well."""
    rows, good = _FIRST_ROWS, 0
    most = max(1, _MOST_BYTES // length)
    while True:
        start = at + good * length
        rows = min(rows, most, (len(block) - start) // length)
        if rows == 0:
            return Run(at, good, length)
        matrix = np.frombuffer(block, np.uint8, rows * length, start).reshape(rows, length)
        header = np.frombuffer(block, np.uint8, rule.header_bytes, at)
        alike = _leading((matrix[:, : rule.header_bytes] == header).all(axis=1))
        if alike == 0:
            return Run(at, good, length)
        computed, stated = rule.sums(matrix[:alike])
        sound = _leading(computed == stated)
        good += sound
        if good == 0:
            return _Bad(f"checksum is 0x{computed[0]:04x}, record says 0x{stated[0]:04x}", length)
        if sound < rows:
            return Run(at, good, length)
        rows *= 2


def _leading(holds: NDArray[np.bool_]) -> int:
    """How many hold before the first that does not."""
    return len(holds) if holds.all() else int(holds.argmin())


def byte_sums(matrix: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Sum the bytes of each row modulo 65536."""
    sums: NDArray[np.uint16] = matrix.sum(axis=1, dtype=np.uint16)
    return sums
