"""Frames of binary formats: sync bytes, size and checksum, found in one compiled pass over a block.

A format's own `walk` goes through the bytes and says where frames are and what only looked like one; here the bytes
between frames are told apart as text and damage. What is decided about a byte depends on the file alone, never on the
block.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.binary.checksums import Eights, eights
from ingest.binary.runs import Runs
from ingest.compiled import compiled
from ingest.ledger import Span
from ingest.text import Block, Bytes, Places

NO_SYNC = "no frame starts here"
"""Reason given for bytes after a frame that do not begin another."""

HEADER_CUT, CUT, CHECKSUM, HEADER = range(4)
"""What is wrong with something that looks like a frame: the file ends in its header, or before its end; its checksum
does not hold; its header cannot be."""

Found = NDArray[np.int64]
Walked = tuple[int, int, int, int]
Walk = Callable[[Bytes, Eights, int, bool, Found, Found], Walked]
"""`walk(buffer, numbers, at, last, found, faults) -> (at, frames, damaged, wanted)`: compiled.

It goes from byte `at` of the block to its end, to the first frame that needs more bytes than are there (unless `last`),
or until one of the arrays is full: `found`, rows of first byte and form of a good frame (its length times 256 plus a
byte that tells its kind) and of how many such frames follow each other there, at least 1; and `faults`, rows of first
byte, claimed length, fault and two numbers about it. After a good frame it goes on behind it, else at the next byte. It
returns where it stopped, how many rows it wrote, and how long the block has to be for the waiting frame; 0 where none
waits.
"""


@dataclass(frozen=True)
class FrameRule:
    """How the frames of one format are told from anything else.

    Attributes
    ----------
    walk
        Finds them.
    impossible
        What is wrong with an impossible header, with places {0} and {1} for the two numbers that `walk` gives.
    noise
        What text between frames is, for the ledger.
    text, text_bytes
        How such a text starts, and how many bytes that takes at most; all printable characters after it belong to it.
        Without it, all that is no frame is damage.
    """

    walk: Walk
    impossible: str = ""
    noise: str = ""
    text: re.Pattern[bytes] | None = None
    text_bytes: int = 1


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


class Frames(NamedTuple):
    """Good frames of one kind and length."""

    kind: int
    runs: Runs

    @property
    def length(self) -> int:
        """Bytes of a frame."""
        return self.runs.length

    @property
    def start(self) -> Places:
        """Their first bytes in the block, ascending."""
        return self.runs.start


@dataclass(frozen=True)
class Framing:
    """What a block holds: good frames, text, damage, and the bytes to come again with the next block.

    `wanted` is how long the block has to be for anything new to be found in it.
    """

    frames: tuple[Frames, ...]
    skipped: tuple[Span, ...]
    rejected: tuple[Span, ...]
    consumed: int
    search: Search
    wanted: int


def find_frames(block: Block, offset: int, search: Search, rule: FrameRule, *, last: bool) -> Framing:
    """Find every frame that is whole and whose checksum holds.

    Of frames that overlap the first counts. Between frames, text is noise and the rest is damage, as is all that a
    damaged frame claims, but for the good frames in it.

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
        Places of frames count from the block's start, those of spans from the file's.
    """
    found, damage, limit, wanted = _walked(block, rule, last=last)
    frames = tuple(_sorted(found))
    if sum(one.length * one.runs.size for one in frames) == limit:
        return Framing(frames, (), (), limit, Search() if frames else search, max(0, wanted - limit))
    seams = _Seams(block, offset, rule, damage, last)
    pieces, consumed, after = seams.between(found[:, 0], found[:, 0] + (found[:, 1] >> 8) * found[:, 2], limit, search)
    skipped: list[Span] = []
    rejected: list[Span] = []
    for first, stop, found_as in pieces:
        reason = rule.noise if found_as.noise else found_as.reason or NO_SYNC
        (skipped if found_as.noise else rejected).append(Span(offset + first, stop - first, reason))
    return Framing(frames, tuple(skipped), tuple(rejected), consumed, after, max(0, wanted - consumed))


def sound_frames(head: Block, rule: FrameRule) -> tuple[Frames, ...]:
    """Good frames in the first bytes of a file, whatever stands between them."""
    return tuple(_sorted(_walked(head, rule, last=False)[0]))


_DAMAGE = Search(NO_SYNC)


class _Damage(NamedTuple):
    start: int
    length: int
    reason: str


_FIRST_FRAMES, _MOST_FAULTS = 1 << 16, 4096


def _walked(block: Block, rule: FrameRule, *, last: bool) -> tuple[Found, list[_Damage], int, int]:
    """Frames, damage by first byte, where the walk stopped, and how long the block has to be to go on; 0 at its end."""
    buffer, numbers = np.frombuffer(block, np.uint8), eights(block)
    found = np.empty((min(_FIRST_FRAMES, buffer.size // 8 + 1), 3), np.int64)
    faults = np.empty((_MOST_FAULTS, 5), np.int64)
    damage: list[_Damage] = []
    frames, at, full = 0, 0, True
    while full:
        at, more, damaged, wanted = rule.walk(buffer, numbers, at, last, found[frames:], faults)
        frames += more
        full = wanted == 0 and (frames == len(found) or damaged == _MOST_FAULTS)
        damage += [_damage(row, buffer.size, rule) for row in faults[:damaged].tolist()]
        if full and frames == len(found):
            # As many as there will be if they go on like this, and some more.
            room = np.empty((frames + 1024 + (buffer.size - at) * frames // max(1, at) * 9 // 8, 3), np.int64)
            room[:frames] = found
            found = room
    return found[:frames], damage, at, wanted


def _damage(row: list[int], size: int, rule: FrameRule) -> _Damage:
    start, length, fault, first, second = row
    reason = {
        HEADER_CUT: f"cut off by the end of the file: {size - start} bytes of a header",
        CUT: f"cut off by the end of the file: {size - start} of {length} bytes",
        CHECKSUM: f"checksum is 0x{first:04x}, record says 0x{second:04x}",
    }
    return _Damage(start, length, reason.get(fault) or rule.impossible.format(first, second))


@compiled
def end_of(found: Found, row: int) -> int:
    """First byte after the frames of a row that a walk wrote."""
    end: int = found[row, 0] + (found[row, 1] >> 8) * found[row, 2]
    return end


@compiled
def note(faults: Found, row: int, start: int, length: int, fault: int) -> int:
    """Write down something that looks like a frame and is none; returns the next row."""
    faults[row, 0], faults[row, 1], faults[row, 2] = start, length, fault
    faults[row, 3] = faults[row, 4] = 0
    return row + 1


def _sorted(found: Found) -> Iterator[Frames]:
    """Frames by form, in order of the forms' first appearance."""
    if not len(found):
        return
    forms, rows, first, count = _by_form(found)
    for one, stop, many in zip(forms.tolist(), np.cumsum(rows).tolist(), rows.tolist(), strict=True):
        yield Frames(one & 0xFF, Runs(one >> 8, first[stop - many : stop], count[stop - many : stop]))


_FIRST_FORMS = 16


def _by_form(found: Found) -> tuple[Places, Places, Places, Places]:
    """Forms, how many rows have each, and the rows' first bytes and counts: those of one form behind the other."""
    forms = np.empty((2, _FIRST_FORMS), np.int64)
    known = _tell(found, forms)
    while known > forms.shape[1]:
        forms = np.empty((2, 4 * forms.shape[1]), np.int64)
        known = _tell(found, forms)
    first, count = np.empty((2, len(found)), np.int64)
    form, rows = forms[:, :known]
    _put_together(found, form, np.cumsum(rows) - rows, first, count)
    return form, rows, first, count


@compiled
def _tell(found: Found, forms: Found) -> int:
    """Write down forms in order of their first appearance, and their rows; returns how many, too many if no room."""
    form, rows = forms
    known = 0
    for row in range(len(found)):
        place = np.uint64(0)
        while place < np.uint64(known) and form[place] != found[row, 1]:
            place += np.uint64(1)
        if place == np.uint64(known):
            if known == form.size:
                return known + 1
            form[place], rows[place] = found[row, 1], 0
            known += 1
        rows[place] += 1
    return known


@compiled
def _put_together(found: Found, form: Places, free: Places, first: Places, count: Places) -> None:
    for row in range(len(found)):
        place = np.uint64(0)
        while form[place] != found[row, 1]:
            place += np.uint64(1)
        target = np.uint64(free[place])
        first[target], count[target] = found[row, 0], found[row, 2]
        free[place] += 1


_GOES_ON = re.compile(rb"[\t\r\n\x20-\x7e]*")
_LINE_ENDS = re.compile(rb"[\r\n]{1,4}")
_PRINTABLE_TO_THE_END = re.compile(rb"\x00?[\t\r\n\x20-\x7e]*\Z")


@dataclass(frozen=True)
class _Seams:
    """What lies between frames, told apart as text and damage."""

    block: Block
    offset: int
    rule: FrameRule
    damage: list[_Damage]
    last: bool

    def between(self, start: Places, end: Places, limit: int, search: Search) -> tuple[list["_Piece"], int, Search]:
        """Pieces between frames up to `limit`, bytes consumed, and where the search stands after them."""
        opening, closing = np.concatenate(([0], end)), np.concatenate((start, [limit]))
        pieces: list[_Piece] = []
        tail = limit
        plain = self.rule.text is None and not self.damage
        gaps = np.flatnonzero(closing > opening)
        for place, first, stop in zip(gaps.tolist(), opening[gaps].tolist(), closing[gaps].tolist(), strict=True):
            # The last gap may go on in the next block, unless a frame that waits for its end stands behind it.
            closed = place < start.size or self.last or limit < len(self.block)
            if plain and 0 < place < start.size:
                pieces.append(_Piece(first, stop, _DAMAGE))
                continue
            found = self._gap(first, stop, search if place == 0 else Search(), closed=closed)
            pieces += found
            if place == start.size:
                tail = found[-1].stop if found else first
        if pieces and pieces[-1].stop == tail:
            return pieces, tail, pieces[-1].search
        return pieces, tail, Search() if start.size else search

    def _gap(self, at: int, stop: int, search: Search, *, closed: bool) -> list["_Piece"]:
        pieces: list[_Piece] = []
        hold = stop - self.rule.text_bytes + 1
        told = closed or self.rule.text is None
        sure = None if told else _PRINTABLE_TO_THE_END.search(self.block, max(at, hold), stop)
        known = bisect_left(self.damage, (at, 0, ""))
        while at < stop:
            while known < len(self.damage) and self.damage[known].start < at:
                known += 1
            piece = self._piece(at, stop, search, self.damage[known] if known < len(self.damage) else None)
            if sure is not None and not piece.search.noise and self.offset + at >= piece.search.until:
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
        following = self.rule.text.search(self.block, at, free) if self.rule.text else None
        return _Piece(at, following.start() if following else free, Search(search.reason or NO_SYNC))

    def _text(self, at: int, free: int, stop: int, search: Search) -> int:
        """Where the text that starts at `at` ends."""
        if self.rule.text is None:
            return at
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
