"""Sunburst SAMI2 pH and pCO2: telemetered records in a logger's time-stamped lines.

`2014/05/07 01:05:33.702 *C22704CF8F37A3...57` is a whole pCO2 record; a pH record reaches the logger as some thirty
lines of 16 hexadecimal digits, each with its own stamp. The instrument's clock is the time; the logger's stamp of a
record's first line is kept as its offset.

References
----------
Sunburst Sensors, SAMI2 user manual: record formats.
"""

import re

import numpy as np

from ingest.chemistry.sami_lines import Digits, SamiLines, is_record, to_dataset
from ingest.reader import Reader
from ingest.text import Block, Bytes, Lines
from ingest.textual.dcl import STAMP, TAG, Verdict, is_silent, known_noise, read_stamps

_DIGITS = rb"[0-9A-Fa-f]"
_START = re.compile(rb"^" + STAMP + TAG + rb"\*(" + _DIGITS + rb"{14,})[ \r]*$", re.MULTILINE)
_LINE = re.compile(STAMP + TAG + rb"(\*?)((?:" + _DIGITS + rb"{2})+)\s*")
_STAMP = re.compile(STAMP)
_TAGS = frozenset({b"pco2w", b"phsen"})


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with the start of a record of a known type and of the length that its type has, or a silent log."""
    return is_silent(head, _TAGS) or any(is_record(match[8].decode()) for match in _START.finditer(head))


def _find(block: Block, buffer: Bytes, lines: Lines) -> Digits:
    from ingest.textual.block_kernels import bound_pairs

    stamps = read_stamps(buffer, lines)
    character = buffer[np.minimum(stamps.payload, max(buffer.size - 1, 0))]
    there = stamps.stamped & (stamps.payload < lines.stop)
    opens = there & (character == ord("*"))
    start, stop = bound_pairs(buffer, stamps.payload + opens, np.where(there, lines.stop, 0))
    for row in np.flatnonzero(there & ~stamps.tagged & (character == ord("["))).tolist():
        # A tag longer than a logger's.
        match = _LINE.fullmatch(block, int(lines.start[row]), int(lines.stop[row]))
        if match is not None:
            start[row], stop[row] = match.span(9)
            opens[row] = bool(match[8])
    return Digits(start, stop, opens, stamps.valid, {"stamp": stamps.time.astype(np.int64)})


def _judge(line: bytes) -> Verdict:
    noise = known_noise(line)
    if noise is None or _STAMP.search(line, 1):
        return False, "not a line of a SAMI2 record"
    return True, noise


_LINES = SamiLines(_find, _judge)

READER = Reader(
    name="sami2",
    version=3,
    sniff=sniff,
    parse=_LINES.parse,
    finish=_LINES.finish,
    to_dataset=to_dataset,
    lines=True,
    views=True,
    instruments=("Sunburst SAMI2 pH and pCO2: telemetered records in a logger's time-stamped lines",),
)
