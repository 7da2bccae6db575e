"""Records that are single lines of a logger or of a text file: from a table of fields to batches and an account.

What a reader of such a format has to say is which lines are records and what their fields mean; the rest is here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.dcl import Verdict, account, reasons_by_line
from ingest.ledger import Span
from ingest.reader import Batch, Records
from ingest.text import Bytes, Lines, Places, split_lines

Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Found:
    """What a reader found among the lines of a block.

    Attributes
    ----------
    records
        By stream: numbers of the lines that are its records, in order, and its columns, each of shape (n, ...).
    faults
        By reason: numbers of lines that have the form of a record and are none.
    described
        Numbers of lines that hold no record and tell about the file: a header's. They count as accepted.
    """

    records: Mapping[str, tuple[Places, Columns]]
    faults: Mapping[str, Places] = field(default_factory=dict)
    described: Sequence[int] = ()


def read_lines(
    block: bytes,
    offset: int,
    find: Callable[[Bytes, Lines], Found],
    judge: Callable[[bytes], Verdict],
    *,
    final: bool,
    digits_alike: bool = False,
) -> tuple[Records, int]:
    """Find the records of a block of lines and account for every byte.

    Parameters
    ----------
    block, offset
        The bytes, from the start of a line on, and where in the file they start.
    find
        Which lines are records.
    judge
        Whether a line that is no record and has no fault is known noise, and what it is.
    final
        Whether the file ends with the block.
    digits_alike
        Whether `judge` takes any digit for any other: then lines that differ in digits only are judged once.

    Returns
    -------
    records
        Batches by stream, and the account.
    consumed
        Bytes of whole lines.
    """
    buffer = np.frombuffer(block, dtype=np.uint8)
    lines, consumed = split_lines(buffer, final)
    found = find(buffer, lines)
    taken = np.zeros(lines.start.size, dtype=bool)
    taken[list(found.described)] = True
    batches: dict[str, Batch] = {}
    for stream, (rows, columns) in found.records.items():
        taken[rows] = True
        length = (lines.stop - lines.start)[rows].astype(np.int32)
        batches[stream] = Batch(offset + lines.start[rows], length, columns)
    reasons = reasons_by_line(found.faults)
    judged = remember(judge) if digits_alike else judge
    accepted, skipped, rejected = account(
        block, offset, lines, taken, lambda row, line: (False, reasons[row]) if row in reasons else judged(line)
    )
    return Records(batches, accepted, skipped, rejected), consumed


_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_MOST_REMEMBERED = 1000


def remember(judge: Callable[[bytes], Verdict]) -> Callable[[bytes], Verdict]:
    """Judge lines that differ in digits only once: a logger's messages repeat themselves all day."""
    verdicts: dict[bytes, Verdict] = {}

    def judged(line: bytes) -> Verdict:
        shape = line.translate(_ALIKE)
        verdict = verdicts.get(shape)
        if verdict is None:
            if len(verdicts) >= _MOST_REMEMBERED:
                verdicts.clear()
            verdict = verdicts[shape] = judge(line)
        return verdict

    return judged


def whole_file_lost(block: bytes, offset: int, reason: str) -> Records:
    """Account for a file of which nothing is known at its end."""
    return Records(rejected=(Span(offset, len(block), reason),) if block else ())
