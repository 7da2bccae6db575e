"""Frames of several kinds mixed in one file: found all at once by their sync byte, checked in matrices by length.

`ingest.framing` follows runs of equal frames. Where kinds alternate record by record that would be a step in Python for
each; here every sync byte is looked at together, and only overlaps and damage are gone through one by one. What is
decided about a byte depends on the file alone, never on the block.
"""

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.framing import NO_SYNC, Sums
from ingest.ledger import Span
from ingest.text import Bytes, Places


class Candidates(NamedTuple):
    """What may be frames: places of sync bytes in the block, ascending, and the length that each header claims.

    `sound` tells whether the header itself can be believed; what claims to be a frame with a damaged header is damage.
    """

    start: Places
    length: Places
    sound: NDArray[np.bool_]


@dataclass(frozen=True)
class MixedRule:
    """How the frames of one format are told from anything else.

    Attributes
    ----------
    sync
        First byte of every frame.
    header_bytes
        How many bytes from the sync byte on `candidates` looks at; no frame is shorter.
    candidates
        `candidates(buffer, syncs) -> Candidates` among sync bytes that have a whole header in the buffer. The length
        is bounded, so that memory is.
    sums
        `sums(matrix) -> (computed, stated)`: checksums of frames, `matrix` of uint8 and shape (frames, length).
    noise
        What text between frames is, for the ledger.
    further
        Place, counted from the sync byte, and value of one more byte that all frames share.
    text, text_bytes
        How such a text starts, and how many bytes that takes at most; all printable characters after it belong to it.
    """

    sync: int
    header_bytes: int
    candidates: Callable[[Bytes, Places], Candidates]
    sums: Callable[[Bytes], Sums]
    noise: str
    further: tuple[int, int] | None = None
    text: re.Pattern[bytes] = field(default=re.compile(rb"\x00?[\t\r\n\x20-\x7e]{16}"))
    text_bytes: int = 17


@dataclass(frozen=True)
class Search:
    """Where the search stands between blocks.

    Attributes
    ----------
    reason
        Why the last byte is damage; None after a frame.
    until
        Byte of the file where the frame that was found damaged claims to end: all up to there is that damage.
    noise
        Whether the last byte belongs to a text that may go on.
    """

    reason: str | None = None
    until: int = 0
    noise: bool = False


class Group(NamedTuple):
    """Good frames of one length, in file order: places in the block, and their bytes, of shape (frames, length)."""

    start: Places
    matrix: Bytes


@dataclass(frozen=True)
class MixedFraming:
    """What a block holds: good frames by length, text, damage, and the bytes to come again with the next block.

    `wanted` is how long the block has to be for anything new to be found in it.
    """

    groups: tuple[Group, ...]
    skipped: tuple[Span, ...]
    rejected: tuple[Span, ...]
    consumed: int
    search: Search
    wanted: int


_GOES_ON = re.compile(rb"[\t\r\n\x20-\x7e]*")
_LINE_ENDS = re.compile(rb"[\r\n]{1,4}")
_PRINTABLE_TO_THE_END = re.compile(rb"\x00?[\t\r\n\x20-\x7e]*\Z")


def find_mixed(block: bytes, offset: int, search: Search, rule: MixedRule, *, last: bool) -> MixedFraming:
    """Find every frame that is whole and whose checksum holds.

    Of frames that overlap the first counts. Between frames, text is noise and the rest is damage, as is all that a
    damaged frame claims.

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
    MixedFraming
        Places of groups count from the block's start, those of spans from the file's.
    """
    buffer = np.frombuffer(block, np.uint8)
    syncs = _syncs(buffer, rule)
    headed = syncs[: np.searchsorted(syncs, buffer.size - rule.header_bytes, side="right")]
    found = rule.candidates(buffer, headed)
    whole = found.sound & (found.start + found.length <= buffer.size)
    good, damage = _checked(buffer, found.start[whole], found.length[whole], rule)
    start, end = _apart(good)
    open_at = _first_open(found, whole, syncs[headed.size :], (start, end)) if not last else None
    limit = buffer.size if open_at is None else int(open_at[0])
    damage += _unusable(found, whole, syncs[headed.size :], buffer.size)
    kept = int(np.searchsorted(start, limit))
    seams = _Seams(block, offset, rule, sorted(damage), last)
    pieces, consumed, after = seams.between(start[:kept], end[:kept], limit, search)
    return MixedFraming(
        tuple(_cut(group, start[:kept], limit, apart=start.size == sum(group.start.size for group in good))
              for group in good),
        tuple(_span(piece, offset, rule.noise) for piece in pieces if piece.search.noise),
        tuple(_span(piece, offset, piece.search.reason or NO_SYNC) for piece in pieces if not piece.search.noise),
        consumed,
        after,
        0 if open_at is None else open_at[1] - consumed,
    )


def _span(piece: "_Piece", offset: int, reason: str) -> Span:
    return Span(offset + piece.start, piece.stop - piece.start, reason)


def _syncs(buffer: Bytes, rule: MixedRule) -> Places:
    """Places of sync bytes, those too near to the end for a further byte included."""
    mask = buffer == rule.sync
    if rule.further is not None:
        place, value = rule.further
        mask[: max(0, buffer.size - place)] &= buffer[place:] == value
    return np.flatnonzero(mask)


class _Damage(NamedTuple):
    start: int
    length: int
    reason: str


def _checked(buffer: Bytes, start: Places, length: Places, rule: MixedRule) -> tuple[list[Group], list[_Damage]]:
    """Frames by length whose checksum holds, and those whose does not."""
    good, damage = [], []
    counts = np.bincount(length)
    sizes = np.flatnonzero(counts)
    # Most frames first: what is left to look through for rare lengths, many of them chance, is short.
    for size in sizes[np.argsort(-counts[sizes])].tolist():
        chosen = length == size
        places = start if chosen.all() else start[chosen]
        start, length = start[~chosen], length[~chosen]
        matrix = rows(buffer, places, size)
        computed, stated = rule.sums(matrix)
        holds = computed == stated
        if not holds.all():
            bad = np.flatnonzero(~holds)
            damage += [
                _Damage(place, size, f"checksum is 0x{one:04x}, record says 0x{other:04x}")
                for place, one, other in zip(
                    places[bad].tolist(), computed[bad].tolist(), stated[bad].tolist(), strict=True
                )
            ]
            places, matrix = places[holds], matrix[holds]
        good.append(Group(places, matrix))
    return good, damage


def rows(buffer: Bytes, start: Places, length: int) -> Bytes:
    """Stretches of equal length as the rows of a matrix: a view where they are evenly spaced, else a copy.

    Rows are contiguous in themselves, so that fields are views of them: `matrix[:, 4:8].view("<i2")`.
    """
    count = start.size
    if not count:
        return np.empty((0, length), np.uint8)
    first, stride = int(start[0]), int(start[1] - start[0]) if count > 1 else length
    if int(start[-1]) - first == (count - 1) * stride and (count < 3 or bool((np.diff(start) == stride).all())):
        return np.ndarray((count, length), np.uint8, buffer, first, (stride, 1))
    # Whole rows as items of one odd type: three times as fast as rows of bytes.
    anywhere: NDArray[np.void] = np.ndarray((buffer.size - length + 1,), f"V{length}", buffer, 0, (1,))
    return anywhere[start].view(np.uint8).reshape(count, length)


def _apart(groups: list[Group]) -> tuple[Places, Places]:
    """Starts and ends of the frames that do not begin inside another, ascending."""
    if not groups:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    start = np.concatenate([group.start for group in groups])
    end = np.concatenate([group.start + group.matrix.shape[1] for group in groups])
    order = np.argsort(start, kind="stable")
    start, end = start[order], end[order]
    clash = np.flatnonzero(start[1:] < end[:-1])
    if not clash.size:
        return start, end
    keep = np.ones(start.size, bool)
    reached = 0
    for place in range(int(clash[0]), start.size):
        keep[place] = start[place] >= reached
        reached = int(end[place]) if keep[place] else reached
    return start[keep], end[keep]


def _first_open(
    found: Candidates, whole: NDArray[np.bool_], headless: Places, frames: tuple[Places, Places]
) -> tuple[int, int] | None:
    """Find the first frame that may be one when more bytes come: its start, and where the block would have to end."""
    waiting = found.sound & ~whole
    start = np.concatenate([found.start[waiting], headless])
    needed = np.concatenate([found.start[waiting] + found.length[waiting], headless + 1])
    before = np.searchsorted(frames[0], start, side="right") - 1
    free = before < 0
    if frames[0].size:
        free |= frames[1][before] <= start
    if not free.any():
        return None
    first = int(np.flatnonzero(free)[0])
    return int(start[first]), int(needed[first])


def _unusable(found: Candidates, whole: NDArray[np.bool_], headless: Places, available: int) -> list[_Damage]:
    """Frames without end, where the file ends with the block, and those with a damaged header."""
    damage = [
        _Damage(place, available - place, f"cut off by the end of the file: {available - place} bytes of a header")
        for place in headless.tolist()
    ]
    for place in np.flatnonzero(~whole).tolist():
        start, length = int(found.start[place]), int(found.length[place])
        if found.sound[place]:
            reason = f"cut off by the end of the file: {available - start} of {length} bytes"
            damage.append(_Damage(start, length, reason))
        else:
            damage.append(_Damage(start, length, "checksum of the header does not hold"))
    return damage


def _cut(group: Group, accepted: Places, limit: int, *, apart: bool) -> Group:
    """Keep frames that are accepted; where none overlap these are all before the limit."""
    if apart:
        stop = int(np.searchsorted(group.start, limit))
        return group if stop == group.start.size else Group(group.start[:stop], group.matrix[:stop])
    where = np.searchsorted(accepted, group.start)
    inside = where < accepted.size
    inside[inside] = accepted[where[inside]] == group.start[inside]
    if inside.all():
        return group
    return Group(group.start[inside], group.matrix[inside])


@dataclass(frozen=True)
class _Seams:
    """What lies between frames, told apart as text and damage."""

    block: bytes
    offset: int
    rule: MixedRule
    damage: list[_Damage]
    last: bool

    def between(self, start: Places, end: Places, limit: int, search: Search) -> tuple[list["_Piece"], int, Search]:
        """Pieces between frames up to `limit`, bytes consumed, and where the search stands after them."""
        opening, closing = np.concatenate(([0], end)), np.concatenate((start, [limit]))
        pieces: list[_Piece] = []
        tail = limit
        for place in np.flatnonzero(closing > opening).tolist():
            # The last gap may go on in the next block, unless a frame that waits for its end stands behind it.
            closed = place < start.size or self.last or limit < len(self.block)
            first, stop = int(opening[place]), int(closing[place])
            found = self._gap(first, stop, search if place == 0 else Search(), closed=closed)
            pieces += found
            if place == start.size:
                tail = found[-1].stop if found else first
        if pieces and pieces[-1].stop == tail:
            return pieces, tail, pieces[-1].search
        return pieces, tail, Search() if start.size else search

    def _gap(self, at: int, stop: int, search: Search, *, closed: bool) -> list["_Piece"]:
        pieces: list[_Piece] = []
        if not closed:
            hold = stop - self.rule.text_bytes + 1
            sure = _PRINTABLE_TO_THE_END.search(self.block, max(at, hold), stop)
        known = bisect_left(self.damage, (at, 0, ""))
        while at < stop:
            while known < len(self.damage) and self.damage[known].start < at:
                known += 1
            piece = self._piece(at, stop, search, self.damage[known] if known < len(self.damage) else None)
            if not closed and sure is not None and not piece.search.noise and self.offset + at >= piece.search.until:
                # Printable characters at the end of the block may become text.
                piece = piece._replace(stop=min(piece.stop, sure.start()))
            if piece.stop <= at:
                break
            pieces.append(piece)
            at, search = piece.stop, piece.search
        return pieces

    def _piece(self, at: int, stop: int, search: Search, damage: _Damage | None) -> "_Piece":
        """Text or damage from `at` on, as far as it is surely the same."""
        if damage is not None and damage.start == at and self.offset + at >= search.until:
            search = Search(damage.reason, self.offset + at + damage.length)
        if self.offset + at < search.until:
            end = min(stop, search.until - self.offset)
            return _Piece(at, end, Search(search.reason, search.until))
        free = stop if damage is None or damage.start <= at else min(stop, damage.start)
        text = self._text(at, free, stop, search)
        if text > at:
            return _Piece(at, text, Search(search.reason, 0, noise=True))
        following = self.rule.text.search(self.block, at, free)
        return _Piece(at, following.start() if following else free, Search(search.reason or NO_SYNC))

    def _text(self, at: int, free: int, stop: int, search: Search) -> int:
        """Where the text that starts at `at` ends."""
        begins = self.rule.text.match(self.block, at, free)
        if begins is not None or search.noise:
            goes_on = _GOES_ON.match(self.block, at if begins is None else begins.end(), free)
            assert goes_on is not None
            return goes_on.end()
        fresh = search.reason is None
        line_ends = _LINE_ENDS.match(self.block, at, free) if fresh else None
        return line_ends.end() if line_ends is not None and line_ends.end() == stop else at


class _Piece(NamedTuple):
    """Text or damage: first byte in the block and the one after the last, and the search after it."""

    start: int
    stop: int
    search: Search
