"""Records that are single lines of a logger or of a text file: from a table of fields to batches and an account.

What a reader of such a format has to say is which lines are records and what their fields mean; the rest is here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from ingest.ledger import Span
from ingest.reader import HEAD_BYTES, Batch, Parsed, Records
from ingest.text import Bytes, Lines, Places, group_alike, split_lines
from ingest.textual.dcl import Verdict, settle

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
    described: Sequence[int] | Places = ()


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
    return enter(block, offset, lines, find(buffer, lines), judge, digits_alike=digits_alike), consumed


def independent(
    find: Callable[[Bytes, Lines], Found], judge: Callable[[bytes], Verdict]
) -> tuple[Callable[[bytes, int, None], Parsed], Callable[[bytes, int, None], Parsed]]:
    """Make `Reader.parse` and `Reader.finish` of lines that hang on no others, and of which any digit is as good.

    Parameters are those of `read_lines`; nothing is carried from block to block.
    """

    def parse(block: bytes, offset: int, state: None) -> Parsed:
        records, consumed = read_lines(block, offset, find, judge, final=False, digits_alike=True)
        return records, consumed, None

    def finish(rest: bytes, offset: int, state: None) -> Parsed:
        records, consumed = read_lines(rest, offset, find, judge, final=True, digits_alike=True)
        return records, consumed, None

    return parse, finish


State = TypeVar("State")


@dataclass(frozen=True)
class ByHead(Generic[State]):
    """Lines of a layout that the first 64 KiB tell; of a log that is silent so long, those from its first record on.

    Attributes
    ----------
    first
        Place of the first line of a block that is a record, -1 without one.
    recognise
        What most records of a head have in common, the first line of which is one, or which starts the file.
    find
        As for `read_lines`, with what was recognised.
    judge
        As for `read_lines`; any digit is as good as another.
    """

    first: Callable[[bytes], int]
    recognise: Callable[[bytes], State]
    find: Callable[[Bytes, Lines, State], Found]
    judge: Callable[[bytes], Verdict]

    def parse(self, block: bytes, offset: int, state: State | None) -> Parsed:
        """Lines to records; see `Reader.parse`."""
        return self._go_on(block, offset, state, final=False)

    def finish(self, rest: bytes, offset: int, state: State | None) -> Parsed:
        """Last lines, with or without line end; see `Reader.finish`."""
        return self._go_on(rest, offset, state, final=True)

    def _go_on(self, block: bytes, offset: int, state: State | None, *, final: bool) -> Parsed:
        if state is not None:
            return self._read(block, offset, state, final=final)
        if len(block) < HEAD_BYTES and not final:
            return Records(), 0, None
        start = 0 if offset == 0 and self.first(block[:HEAD_BYTES]) >= 0 else self.first(block)
        if start == 0:
            return self._read(block, offset, self.recognise(block[:HEAD_BYTES]), final=final)
        silent, consumed = read_lines(
            block[:start] if start > 0 else block, offset, _no_record, self.judge, final=final, digits_alike=True
        )
        if start < 0 or not final:
            return silent, consumed, None
        records, _, known = self._go_on(block[start:], offset + start, None, final=True)
        return _together(silent, records), len(block), known

    def _read(self, block: bytes, offset: int, state: State, *, final: bool) -> Parsed:
        def find(buffer: Bytes, lines: Lines) -> Found:
            return self.find(buffer, lines, state)

        records, consumed = read_lines(block, offset, find, self.judge, final=final, digits_alike=True)
        return records, consumed, state


def _no_record(buffer: Bytes, lines: Lines) -> Found:
    return Found({})


def _together(silent: Records, records: Records) -> Records:
    skipped, rejected = (*silent.skipped, *records.skipped), (*silent.rejected, *records.rejected)
    return Records(records.batches, silent.accepted + records.accepted, skipped, rejected)


def enter(
    block: bytes,
    offset: int,
    lines: Lines,
    found: Found,
    judge: Callable[[bytes], Verdict],
    *,
    digits_alike: bool = False,
) -> Records:
    """Put what was found among all lines of a block into records, and every line into the account; see `read_lines`."""
    buffer = np.frombuffer(block, dtype=np.uint8)
    taken = np.zeros(lines.start.size, dtype=bool)
    taken[np.asarray(found.described, dtype=np.int64)] = True
    batches: dict[str, Batch] = {}
    for stream, (rows, columns) in found.records.items():
        taken[rows] = True
        length = (lines.stop - lines.start)[rows].astype(np.int32)
        batches[stream] = Batch(offset + lines.start[rows], length, columns)
    code = np.full(taken.size, -1, dtype=np.int64)
    verdicts: list[Verdict] = [(False, reason) for reason in found.faults]
    for number, rows in reversed(list(enumerate(found.faults.values()))):
        code[rows] = number
    for rows in _groups(buffer, lines, np.flatnonzero((code < 0) & ~taken & (lines.stop > lines.start)), digits_alike):
        verdict = judge(block[int(lines.start[rows[0]]) : int(lines.stop[rows[0]])])
        if verdict not in verdicts:
            verdicts.append(verdict)
        code[rows] = verdicts.index(verdict)
    accepted, skipped, rejected = settle(offset, lines, taken, code, verdicts)
    return Records(batches, accepted, skipped, rejected)


def _groups(buffer: Bytes, lines: Lines, rows: Places, digits_alike: bool) -> Iterable[Places]:
    """Lines of one verdict: a logger's messages repeat themselves all day."""
    if not digits_alike:
        return rows[:, None]
    return (rows[group] for group in group_alike(buffer, lines.start[rows], lines.stop[rows]))


def whole_file_lost(block: bytes, offset: int, reason: str) -> Records:
    """Account for a file of which nothing is known at its end."""
    return Records(rejected=(Span(offset, len(block), reason),) if block else ())
