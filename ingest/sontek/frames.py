"""What the records of all SonTek instruments begin with, and what is said of one that is none."""

from ingest.compiled import compiled
from ingest.framing import CUT, HEADER, HEADER_CUT, Found, note
from ingest.text import Bytes

SYNC = 0xA5
FIRST_SUM = 0xA596
"""Checksums add up the bytes from this number on."""


@compiled
def starts(buffer: Bytes, at: int, kind: int, header_bytes: int) -> bool:
    """Whether the bytes from `at` on, as far as they are there, begin a record: A5, its kind, its header's length."""
    left = buffer.size - at
    return (
        buffer[at] == SYNC
        and (left < 2 or buffer[at + 1] == kind)
        and (left < 3 or buffer[at + 2] == header_bytes)
        and (left < 4 or buffer[at + 3] == 0)
    )


@compiled
def note_lost(left: int, at: int, least: int, needed: int, faults: Found, row: int) -> int:
    """Note what looks like a record and is none; a lone sync byte at the end of the file does not.

    Of `left` bytes at hand a header takes `least`, and the record itself `needed`. Returns the next row.
    """
    if left < least:
        return note(faults, row, at, left, HEADER_CUT) if left > 1 else row
    return note(faults, row, at, needed, CUT if needed > left else HEADER)
