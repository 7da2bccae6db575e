"""How profiles of SonTek ADP and PC-ADP files are told from anything else.

A profile's header states its own 80 bytes, beams and cells, not the length of the whole: a pulse-coherent ADP has 36
bytes more, and nothing but the checksum at either place tells which it is.

References
----------
SonTek, ADP manual, version 7.10, pages 82 to 96: profile header, checksum (bytes summed from 0xA596 on). Lengths and
checksum seen to hold in corpus oce_adp_sontek.adp.
"""

from ingest.binary.checksums import Eights, byte_sum, word
from ingest.compiled import compiled
from ingest.framing import Found, FrameRule, Walked
from ingest.sontek.frames import FIRST_SUM, note_lost, starts
from ingest.text import Bytes

PROFILE = 0x10
HEADER_BYTES = 80
COHERENT_BYTES = 36
CHECKSUM_BYTES = 2
PLAIN, COHERENT = 0, 1
"""Kinds of profiles."""

_TOLD = 32  # bytes of a header up to the number of cells
_MOST_BEAMS, _MOST_CELLS = 4, 512


@compiled
def _form(buffer: Bytes, numbers: Eights, at: int, size: int) -> int:
    """Length times 256 plus kind of the profile at `at`, of `size` bytes if it is plain; 0 where no checksum holds."""
    total, summed = FIRST_SUM, at
    for kind in range(2):
        end = at + size + kind * COHERENT_BYTES
        if end + CHECKSUM_BYTES > buffer.size:
            break
        total, summed = total + byte_sum(numbers, summed, end), end
        if total & 0xFFFF == word(buffer, end):
            return (end + CHECKSUM_BYTES - at) << 8 | kind
    return 0


@compiled
def _size(buffer: Bytes, at: int) -> int:
    """Bytes of a plain profile before its checksum; 0 where the header cannot be one."""
    beams, cells = int(buffer[at + 26]), word(buffer, at + 30)
    if 0 < beams <= _MOST_BEAMS and 0 < cells <= _MOST_CELLS:
        return HEADER_BYTES + 4 * beams * cells
    return 0


@compiled
def walk(buffer: Bytes, numbers: Eights, at: int, last: bool, found: Found, faults: Found) -> Walked:
    """Find profiles of either kind; see `ingest.framing.Walk`."""
    frames = damaged = 0
    while at < buffer.size and frames < len(found) and damaged < len(faults):
        left = buffer.size - at
        begins = starts(buffer, at, PROFILE, HEADER_BYTES)
        size = _size(buffer, at) if left >= _TOLD and begins else 0
        form = _form(buffer, numbers, at, size) if size else 0
        if form:
            found[frames, 0], found[frames, 1], found[frames, 2] = at, form, 1
            frames += 1
            at += form >> 8
            continue
        needed = size + COHERENT_BYTES + CHECKSUM_BYTES if size else _TOLD
        if begins:
            if needed > left and not last:
                return at, frames, damaged, at + needed
            damaged = note_lost(left, at, _TOLD, needed, faults, damaged)
            if _TOLD <= left >= needed:
                faults[damaged - 1, 3], faults[damaged - 1, 4] = word(buffer, at + 30), buffer[at + 26]
        at += 1
    return at, frames, damaged, 0


RULE = FrameRule(walk, "no profile of {0} cells and {1} beams: neither the checksum of an ADP nor of a PC-ADP holds")
