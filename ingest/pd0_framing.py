"""How ensembles and waves packets of Teledyne RDI PD0 files are told from anything else.

References
----------
Teledyne RD Instruments, Workhorse Commands and Output Data Format, P/N 957-6156-00: header, checksum.
"""

from ingest.checksums import Eights, byte_sum, word
from ingest.compiled import compiled
from ingest.framing import CHECKSUM, CUT, HEADER, HEADER_CUT, Found, FrameRule, Walked, note
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
def walk(buffer: Bytes, numbers: Eights, at: int, last: bool, found: Found, faults: Found) -> Walked:
    """Find ensembles and waves packets; see `ingest.framing.Walk`."""
    frames = damaged = 0
    while at < buffer.size and frames < len(found) and damaged < len(faults):
        left = buffer.size - at
        if buffer[at] != SYNC or (left > 1 and buffer[at + 1] != SYNC and buffer[at + 1] != WAVES):
            at += 1
            continue
        if left < HEADER_BYTES:
            if not last:
                return at, frames, damaged, at + HEADER_BYTES
            if left > 1:
                damaged = note(faults, damaged, at, left, HEADER_CUT)
            at += 1
            continue
        size, types = word(buffer, at + 2), buffer[at + 5]
        end = at + size
        if types == 0 or size < HEADER_BYTES + 4 * types:
            damaged = note(faults, damaged, at, 1, HEADER)
            faults[damaged - 1, 3], faults[damaged - 1, 4] = size, types
        elif size + CHECKSUM_BYTES > left:
            if not last:
                return at, frames, damaged, end + CHECKSUM_BYTES
            damaged = note(faults, damaged, at, size + CHECKSUM_BYTES, CUT)
        else:
            stated = word(buffer, end)
            computed = byte_sum(numbers, at, end)
            if computed == stated:
                found[frames, 0], found[frames, 1] = at, (size + CHECKSUM_BYTES) << 8 | buffer[at + 1]
                frames += 1
                at = end + CHECKSUM_BYTES
                continue
            damaged = note(faults, damaged, at, size + CHECKSUM_BYTES, CHECKSUM)
            faults[damaged - 1, 3], faults[damaged - 1, 4] = computed, stated
        at += 1
    return at, frames, damaged, 0


RULE = FrameRule(walk, "impossible header: {0} bytes for {1} data types")
