"""How bursts of a SonTek ADV's recorder are told from anything else.

A burst is one piece under one checksum: a header of 60 bytes, samples whose size follows from what the header says is
recorded, statistics and the answer of a CTD or LISST where those are on, and a checksum. Nothing is said of how long
that answer is: the length at which the checksum holds is right.

References
----------
SonTek, ADVField Operation Manual, September 2001, pages 98 to 105. It says 0x10 of the second byte; files have 0x11
(oce, R/adv.sontek.R). Two bursts of one such file are 473 942 bytes apart: 60, 21 540 samples of 22, and 2.
"""

from ingest.binary.checksums import Eights, byte_sum, word
from ingest.compiled import compiled
from ingest.framing import Found, FrameRule, Walked
from ingest.sontek.frames import FIRST_SUM, note_lost, starts
from ingest.text import Bytes

BURST = 0x11
HEADER_BYTES = 60
CHECKSUM_BYTES = 2

BEAMS, COMPASS, SENSORS, STATISTICS, ANALOG, PRESSURE, OTHER = 1, 2, 4, 16, 32, 64, 128
"""Bits of what is recorded."""

_STATISTICS_BYTES = 36
_ANSWERS = (0, 4, 16, 80)  # bytes of a CTD's (the manual's table, and its four numbers as long integers) or a LISST's
_MOST_SAMPLES = 32_000  # page 37


@compiled
def sample_bytes(recorded: int) -> int:
    """Bytes of a sample: velocity, echo and correlation of three beams or of their mean, and what is installed."""
    size = 6 + (6 if recorded & BEAMS else 2)
    size += 6 if recorded & COMPASS else 0
    size += 4 if recorded & SENSORS else 0
    size += 4 if recorded & ANALOG else 0
    size += 3 if recorded & PRESSURE else 0
    return size


@compiled
def _size(buffer: Bytes, at: int) -> int:
    """Bytes of a burst before any answer of another instrument; 0 where the header cannot be one."""
    rate, samples, recorded = word(buffer, at + 28), word(buffer, at + 30), int(buffer[at + 33])
    if rate == 0 or samples == 0 or samples > _MOST_SAMPLES:
        return 0
    return HEADER_BYTES + samples * sample_bytes(recorded) + (_STATISTICS_BYTES if recorded & STATISTICS else 0)


@compiled
def _length(buffer: Bytes, numbers: Eights, at: int, size: int) -> int:
    """Bytes of the burst at `at` with its checksum; 0 where it holds nowhere."""
    total, summed = FIRST_SUM, at
    for answer in _ANSWERS:
        end = at + size + answer
        if end + CHECKSUM_BYTES > buffer.size or (answer and not buffer[at + 33] & OTHER):
            break
        for place in range(summed, end) if answer and answer < 8 else range(0):
            total += int(buffer[place])
        if not (answer and answer < 8):
            total += byte_sum(numbers, summed, end)
        summed = end
        if total & 0xFFFF == word(buffer, end):
            return end + CHECKSUM_BYTES - at
    return 0


@compiled
def walk(buffer: Bytes, numbers: Eights, at: int, last: bool, found: Found, faults: Found) -> Walked:
    """Find bursts; see `ingest.framing.Walk`."""
    frames = damaged = 0
    while at < buffer.size and frames < len(found) and damaged < len(faults):
        if not starts(buffer, at, BURST, HEADER_BYTES):
            at += 1
            continue
        left = buffer.size - at
        size = _size(buffer, at) if left >= HEADER_BYTES else 0
        length = _length(buffer, numbers, at, size) if size else 0
        if length:
            found[frames, 0], found[frames, 1], found[frames, 2] = at, length << 8, 1
            frames += 1
            at += length
            continue
        needed = HEADER_BYTES
        if size:
            needed = size + CHECKSUM_BYTES + (_ANSWERS[-1] if buffer[at + 33] & OTHER else 0)
        if needed > left and not last:
            return at, frames, damaged, at + needed
        damaged = note_lost(left, at, HEADER_BYTES, needed, faults, damaged)
        if HEADER_BYTES <= left >= needed:
            faults[damaged - 1, 3], faults[damaged - 1, 4] = word(buffer, at + 30), buffer[at + 33]
        at += 1
    return at, frames, damaged, 0


RULE = FrameRule(walk, "no burst of {0} samples with what code {1} records: its checksum holds nowhere")
