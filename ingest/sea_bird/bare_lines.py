"""Lines of Sea-Bird hexadecimal digits without a header: which files have them, and of what form they are."""

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from ingest.reader import Calibration
from ingest.sea_bird.bare_layouts import possible_samples
from ingest.textual.dcl import STAMP, TAG, known_noise

HEAD_DIGITS, TIME_DIGITS = 12, 8
"""Digits of temperature and conductivity, which come first in every sample, and of the time, which comes last."""

_ANY_LINE = re.compile(rb"^(" + STAMP + TAG + rb"[ \t]*)?([0-9A-F]{20,120})[ \t]*\r?$", re.MULTILINE)
_DIGITS = 9  # group of a match
_MOST = 0.8  # share of lines that have to be as they should: the rest may be damaged
_LONGEST_STEP = 7 * 86_400
_COUNTS = range(0x8000, 0x100000)  # of temperature; real samples have 100,000 in 30 and 750,000 in -2 degrees
_FREQUENCIES = range(1_000, 20_000)  # hertz; a cell in air has some 2,500 to 3,500, in the saltiest water 12,000
_CLOCKS = range(0x60000000)  # seconds since 2000, up to 2051; a clock that nobody set starts in 2000


@dataclass(frozen=True)
class Form:
    """Of the lines of a file.

    Attributes
    ----------
    digits
        Of a sample.
    stamped
        Whether a logger's stamp stands before it.
    beside
        What an .xmlcon beside the file tells, by sensor.
    """

    digits: int
    stamped: bool
    beside: Calibration = field(default_factory=dict)


def is_bare(head: bytes) -> bool:
    """Tell lines of one number of digits that are samples by their values, and of which no header says what they are.

    Numbers at random are a sample by their values in one of 150 lines; of several lines, the time has to go on.
    """
    if re.search(rb"^[*#]", head, re.MULTILINE):
        return False
    found = _alike(head)
    lines = sum(1 for line in head.split(b"\n") if line.strip() and known_noise(line.rstrip(b"\r")) is None)
    # The first and the last may be cut.
    if not found or len(found) < _MOST * (lines - 2) or not possible_samples(len(found[0])):
        return False
    seconds = [int(digits[-TIME_DIGITS:], 16) for digits in found]
    steps = [0 <= after - before <= _LONGEST_STEP for before, after in pairwise(seconds)]
    alike = sum(_is_sample(digits) for digits in found) >= _MOST * len(found)
    return alike and sum(steps) >= _MOST * len(steps) and len(set(seconds)) > min(1, len(steps))


def _is_sample(digits: bytes) -> bool:
    temperature, frequency = int(digits[: HEAD_DIGITS // 2], 16), int(digits[HEAD_DIGITS // 2 : HEAD_DIGITS], 16) // 256
    return temperature in _COUNTS and frequency in _FREQUENCIES and int(digits[-TIME_DIGITS:], 16) in _CLOCKS


def _alike(head: bytes) -> list[bytes]:
    """Digits of the lines that have as many of them, and a stamp or none, as most have."""
    lines = [(match[1] is not None, match[_DIGITS]) for match in _ANY_LINE.finditer(head)]
    if not lines:
        return []
    common, _ = Counter((stamped, len(digits)) for stamped, digits in lines).most_common(1)[0]
    return [digits for stamped, digits in lines if (stamped, len(digits)) == common]


def first_line(block: bytes) -> int:
    """Place of the first line that can be a sample, -1 without one."""
    found = _ANY_LINE.search(block)
    return -1 if found is None else found.start()


def recognise(head: bytes, beside: Calibration | None = None) -> Form:
    """Form that most lines of a head have, one of which can be a sample."""
    lines = ((match[1] is not None, len(match[_DIGITS])) for match in _ANY_LINE.finditer(head))
    (stamped, digits), _ = Counter(lines).most_common(1)[0]
    return Form(digits, stamped, beside or {})
