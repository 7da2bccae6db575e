"""Sunburst SAMI2 pH and pCO2: telemetered records in files of a mooring's inductive modem.

A status header of `#` lines (`#UIMM Status`), then `Record[330]:*57E70AD028E8...56` and the like, each a record of the
SAMI2 with its own checksum. Further records of one `Record` stand in lines of their own, `*` first; digits may go on in
the next line. Newer instruments put `:` and a digit in place of `*`. The instrument's clock is the time; the header's
numbers are the modem's own.

Held against two published pH files of an OOI mooring; those of pCO2 are edited, and of the newer mark none was found.

References
----------
Sunburst Sensors, SAMI2 user manual: record formats. OOI's cgsn-parsers, parse_imm_phsen (the newer mark).
"""

import re

import numpy as np

from ingest.chemistry.sami_lines import Digits, SamiLines, is_record, to_dataset
from ingest.reader import Reader
from ingest.text import Block, Bytes, Lines
from ingest.textual.dcl import Verdict
from ingest.textual.forms import SPACES, Where, characters, digits, find, form, hex_pairs, literal

_PREFIX = rb"Record\[\d{1,9}\]:"
_MARK = rb"(?:\*|:\d)"
_STATUS = re.compile(rb"^#(?:UIMM Status|(?:Begin|End) UIMM Data)", re.MULTILINE)
_START = re.compile(rb"^" + _PREFIX + _MARK + rb"([0-9A-Fa-f]{14,})[ \r]*$", re.MULTILINE)
# One of the two is there whichever byte of a record is damaged: mark and identity, or length and type.
_MARKED = re.compile(rb"^(?:" + _PREFIX + rb")?" + _MARK + rb"[0-9A-Fa-f]{2}", re.MULTILINE)
_KIND = re.compile(
    rb"^(?!(?:" + _PREFIX + rb")?7F7F)[^\n]{3,22}(?:270[45]|E70A|0711|1[24][89A-F][0-9A-F])[0-9A-F]{8}", re.MULTILINE
)
"""An ADCP's records start with 7F7F."""

_PAIRS = (hex_pairs(), characters(SPACES))
_NUMBERED = (literal(b"Record["), digits(1, 9), literal(b"]:"))
_NEWER = (literal(b":"), digits(1, 1))
_FORMS = (
    (True, form(*_NUMBERED, literal(b"*"), *_PAIRS)),
    (True, form(literal(b"*"), *_PAIRS)),
    (True, form(*_NUMBERED, *_NEWER, *_PAIRS)),
    (True, form(*_NEWER, *_PAIRS)),
    (False, form(*_PAIRS)),
)
"""Whether a record starts in a line, and the line."""
_HEADER = re.compile(rb"#[\x20-\x7e]*")


def sniff(head: bytes, name: str) -> bool:
    """Claim the start of a record that a modem numbered, or a modem's status with the mark or the kind of a record."""
    if any(is_record(match[1].decode()) for match in _START.finditer(head)):
        return True
    return _STATUS.search(head) is not None and bool(_MARKED.search(head) or _KIND.search(head))


def _find(block: Block, buffer: Bytes, lines: Lines) -> Digits:
    start, stop, opens = np.zeros_like(lines.start), np.zeros_like(lines.start), np.zeros(lines.start.size, dtype=bool)
    left = np.flatnonzero(lines.stop > lines.start)
    for first, wanted in _FORMS:
        found = find(buffer, lines.start[left], lines.stop[left], wanted, Where.WHOLE)
        rows = left[found.row]
        start[rows], stop[rows], opens[rows] = found.text_start[0], found.text_stop[0], first
        left = np.delete(left, found.row)
    return Digits(start, stop, opens, np.ones(lines.start.size, dtype=bool), {})


def _judge(line: bytes) -> Verdict | None:
    if _HEADER.fullmatch(line.rstrip()):
        return None
    return (False, "not a line of a SAMI2 record") if line.strip() else (True, "blank line")


_LINES = SamiLines(_find, _judge)

READER = Reader(
    name="sami2_imodem",
    version=1,
    sniff=sniff,
    parse=_LINES.parse,
    finish=_LINES.finish,
    to_dataset=to_dataset,
    lines=True,
    views=True,
    instruments=("Sunburst SAMI2 pH and pCO2: telemetered records in files of an inductive modem",),
)
