"""How ensembles and waves packets of Teledyne RDI PD0 files are told from anything else.

References
----------
Teledyne RD Instruments, Workhorse Commands and Output Data Format, P/N 957-6156-00: header, checksum.
"""

from ingest.binary.checksums import Eights, byte_sum, word
from ingest.compiled import compiled
from ingest.framing import CHECKSUM, CUT, HEADER, HEADER_CUT, Found, FrameRule, Walked, end_of, note
from ingest.text import Bytes

SYNC, WAVES = 0x7F, 0x79
# 7F79 packets of the waves gauge have the same header and checksum (seen in corpus RDI_7f79_2.000).
HEADER_BYTES = 6
CHECKSUM_BYTES = 2


def possible(header: bytes) -> bool:
    """Whether a header can be one: two bytes name each data type, so it is not shorter than its table and these."""
    size, types = int.from_bytes(header[2:4], "little"), header[5]
    return types > 0 and size >= HEADER_BYTES + 4 * types


@compiled
def _follow(buffer: Bytes, numbers: Eights, at: int, found: Found, frames: int) -> int:
    """Enter good frames that follow each other from `at` on, and return how many frames there are then."""
    while frames < len(found) and at + HEADER_BYTES <= buffer.size and buffer[at] == SYNC:
        kind, size, types = buffer[at + 1], word(buffer, at + 2), buffer[at + 5]
        end = at + size
        if kind not in (SYNC, WAVES) or types == 0 or size < HEADER_BYTES + 4 * types or end + 2 > buffer.size:
            break
        if byte_sum(numbers, at, end) != word(buffer, end):
            break
        found[frames, 0], found[frames, 1], found[frames, 2] = at, (size + CHECKSUM_BYTES) << 8 | kind, 1
        frames, at = frames + 1, end + CHECKSUM_BYTES
    return frames


@compiled
def walk(buffer: Bytes, numbers: Eights, at: int, last: bool, found: Found, faults: Found) -> Walked:
    """Find ensembles and waves packets; see `ingest.framing.Walk`."""
    frames = damaged = 0
    while at < buffer.size and frames < len(found) and damaged < len(faults):
        left = buffer.size - at
        if buffer[at] != SYNC or (left > 1 and buffer[at + 1] not in (SYNC, WAVES)):
            at += 1
            continue
        followed = _follow(buffer, numbers, at, found, frames)
        if followed > frames:
            frames, at = followed, end_of(found, followed - 1)
            continue
        if left < HEADER_BYTES:
            if not last:
                return at, frames, damaged, at + HEADER_BYTES
            if left > 1:
                damaged = note(faults, damaged, at, left, HEADER_CUT)
            at += 1
            continue
        size, types = word(buffer, at + 2), buffer[at + 5]
        length = size + CHECKSUM_BYTES
        if types == 0 or size < HEADER_BYTES + 4 * types:
            damaged = note(faults, damaged, at, 1, HEADER)
            faults[damaged - 1, 3], faults[damaged - 1, 4] = size, types
        elif length > left:
            if not last:
                return at, frames, damaged, at + length
            damaged = note(faults, damaged, at, length, CUT)
        else:
            damaged = note(faults, damaged, at, length, CHECKSUM)
            faults[damaged - 1, 3], faults[damaged - 1, 4] = byte_sum(numbers, at, at + size), word(buffer, at + size)
        at += 1
    return at, frames, damaged, 0


RULE = FrameRule(walk, "impossible header: {0} bytes for {1} data types")
