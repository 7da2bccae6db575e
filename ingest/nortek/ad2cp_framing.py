"""How records of Nortek AD2CP files are told from anything else.

References
----------
Nortek, Integrators Guide AD2CP, N3015-007: header, checksums.
"""

import re

import numpy as np
from numpy.typing import NDArray

from ingest.binary.checksums import Eights, word, word_sum
from ingest.compiled import compiled
from ingest.framing import CHECKSUM, CUT, HEADER, HEADER_CUT, Found, FrameRule, Walked, end_of, note
from ingest.text import Bytes

SYNC, FAMILY = 0xA5, 0x10
HEADER_BYTES = 10
WIDE_HEADER_BYTES = 12  # a data size of 32 bits, seen with raw echosounder records
FIRST_SUM = 0xB58C
MOST_BYTES = 4 * 1024 * 1024  # a raw echosounder record has tens of kB; a bound keeps memory in bounds


@compiled
def stated_bytes(buffer: Bytes, at: int) -> int:
    """Length that the header at `at` claims; negative where its own checksum does not hold, or it cannot be."""
    header: int = buffer[at + 1]
    total, last = FIRST_SUM, at + header - 2
    for place in range(at, last, 2):
        total += word(buffer, place)
    length = header + word(buffer, at + 4)
    if header == WIDE_HEADER_BYTES:
        length += word(buffer, at + 6) << 16
    holds = total & 0xFFFF == word(buffer, last) and WIDE_HEADER_BYTES < length <= MOST_BYTES
    return length if holds else -min(length, MOST_BYTES)


@compiled
def data_sums(buffer: Bytes, numbers: Eights, at: int, length: int) -> tuple[int, int]:
    """Checksum of the data after the header, which has its own: as computed, as stated."""
    first, stop = at + buffer[at + 1], at + length
    odd = (stop - first) & 1
    total = FIRST_SUM + word_sum(numbers, first, stop - odd)
    if odd:
        total += buffer[stop - 1] << 8
    return total & 0xFFFF, word(buffer, first - 4)


@compiled
def _follow(buffer: Bytes, numbers: Eights, at: int, found: Found, frames: int) -> int:
    """Enter good records that follow each other from `at` on, and return how many records there are then."""
    while frames < len(found) and at + WIDE_HEADER_BYTES <= buffer.size and buffer[at] == SYNC:
        if buffer[at + 3] != FAMILY or buffer[at + 1] not in (HEADER_BYTES, WIDE_HEADER_BYTES):
            break
        size = stated_bytes(buffer, at)
        if size < 0 or at + size > buffer.size:
            break
        computed, stated = data_sums(buffer, numbers, at, size)
        if computed != stated:
            break
        found[frames, 0], found[frames, 1], found[frames, 2] = at, size << 8 | buffer[at + 2], 1
        frames, at = frames + 1, at + size
    return frames


@compiled
def walk(buffer: Bytes, numbers: Eights, at: int, last: bool, found: Found, faults: Found) -> Walked:
    """Find records; see `ingest.framing.Walk`."""
    frames = damaged = 0
    while at < buffer.size and frames < len(found) and damaged < len(faults):
        left = buffer.size - at
        if buffer[at] != SYNC or (left > 3 and buffer[at + 3] != FAMILY):
            at += 1
            continue
        followed = _follow(buffer, numbers, at, found, frames)
        if followed > frames:
            frames, at = followed, end_of(found, followed - 1)
            continue
        if left < WIDE_HEADER_BYTES:
            if not last:
                return at, frames, damaged, at + WIDE_HEADER_BYTES
            damaged = note(faults, damaged, at, left, HEADER_CUT)
        elif buffer[at + 1] in (HEADER_BYTES, WIDE_HEADER_BYTES):
            size = stated_bytes(buffer, at)
            if size > left and not last:
                return at, frames, damaged, at + size
            fault = HEADER if size < 0 else CUT if size > left else CHECKSUM
            damaged = note(faults, damaged, at, abs(size), fault)
            if fault == CHECKSUM:
                faults[damaged - 1, 3], faults[damaged - 1, 4] = data_sums(buffer, numbers, at, size)
        at += 1
    return at, frames, damaged, 0


@compiled
def promises(buffer: Bytes, known: NDArray[np.bool_]) -> bool:
    """Whether a sound header stands anywhere, of a record whose id is `known`, shape (256,)."""
    for at in range(buffer.size - WIDE_HEADER_BYTES + 1):
        if buffer[at] == SYNC and buffer[at + 3] == FAMILY and known[buffer[at + 2]]:
            header = buffer[at + 1]
            if header in (HEADER_BYTES, WIDE_HEADER_BYTES) and stated_bytes(buffer, at) > 0:
                return True
    return False


_TEXT = re.compile(rb"\x00?[\t\r\n\x20-\x7e]{16}")
RULE = FrameRule(walk, "checksum of the header does not hold", "text between records", _TEXT, 17)
