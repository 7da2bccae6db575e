"""Lines of delimited text to records and their account, as a declaration says: of a file beside, or made of a header.

What a reader of a format with a header has to say is what its header declares; the rest is here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ingest import vocabulary
from ingest.declared.declaration import Column, Declaration
from ingest.declared.table import Table, read_columns, read_table
from ingest.ledger import Span
from ingest.reader import HEAD_BYTES, Batch, Parsed, Records
from ingest.text import LINE_FEED, Bytes, Lines, Places, matrix, split_lines
from ingest.textual.columns import Columns, Foreign, Variables, of_columns
from ingest.textual.dcl import Verdict, account, reasons_by_line

STREAM = "samples"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NONE_YET = -1
_LAST_LINE = "last line without a line end, which may be cut: end it with one if it is whole"


@dataclass(frozen=True)
class State:
    """The declaration, how many header lines are still to come, and how the first record ends: see `Table.tail`.

    `promised` is how many records the file itself says it holds.
    """

    declared: Declaration
    header_left: int = 0
    tail: int = _NONE_YET
    promised: int | None = None


Describe = Callable[[bytes, bool], tuple[State, int] | None]
"""`describe(start of the file, whether that is all of it) -> (state, bytes of the header)`; None without a header."""


def parse_with_header(block: bytes, offset: int, state: State | None, describe: Describe, *, final: bool) -> Parsed:
    """Read the header of a file, then its lines; see `Reader.parse`. A file without header is rejected as a whole."""
    if state is not None and not state.declared.columns:
        return _lost(block, offset, state)
    if state is not None:
        return parse_lines(block, offset, state, final=final)
    found = describe(block[:HEAD_BYTES], final)
    if found is None:
        at_end = final or len(block) >= HEAD_BYTES
        return _lost(block, offset, State(Declaration("", ()))) if at_end else (Records(), 0, None)
    start = found[1]
    records, consumed, following = parse_lines(block[start:], offset + start, found[0], final=final)
    entered = replace(records, accepted=records.accepted + start)
    return entered, consumed + start, following


def _lost(block: bytes, offset: int, state: State) -> Parsed:
    lost = (Span(offset, len(block), "no header that tells the columns"),) if block else ()
    return Records(rejected=lost), len(block), state


def parse_lines(block: bytes, offset: int, state: State, *, final: bool) -> Parsed:
    """Read whole lines; see `Reader.parse`, and `Reader.finish` where the file ends with the block (`final`)."""
    buffer = np.frombuffer(block, dtype=np.uint8)
    lines, consumed = split_lines(buffer, final)
    if not lines.start.size:
        return Records(), consumed, state
    every = lines
    if offset == 0 and block.startswith(_BYTE_ORDER_MARK):
        lines = lines._replace(start=np.concatenate(([len(_BYTE_ORDER_MARK)], lines.start[1:])))
    header = min(state.header_left, lines.start.size)
    rows = np.arange(header, lines.start.size)
    table = read_table(buffer, lines, rows[~_commented(buffer, lines, state.declared)[header:]], state.declared)
    first = int(table.tail[0]) if state.tail == _NONE_YET and table.tail.size else state.tail
    whole = _seen_whole(table, first, state.declared)
    alone = state.tail == _NONE_YET and table.rows.size == 1
    cut = _cut_last(buffer, lines, table, bool(whole[-1:].all()) and not alone) if final else table.rows[:0]
    kept = slice(table.rows.size - cut.size)
    good = table.rows[kept]
    taken = np.zeros(lines.start.size, dtype=bool)
    taken[:header] = True
    taken[good] = True
    reasons = reasons_by_line({_LAST_LINE: cut, **table.faults})
    columns: dict[str, Any] = {"value": table.value.T[kept]}
    columns |= {} if table.time is None else {"time": table.time[kept]}
    length = np.where(whole[kept], lines.stop[good], lines.next[good]) - lines.start[good]
    batch = Batch(offset + lines.start[good], length.astype(np.int32), columns)
    accepted, skipped, rejected = account(
        block, offset, every, taken,
        lambda row, line: (False, reasons[row]) if row in reasons else _judge(line, state.declared),
    )  # fmt: skip
    following = replace(state, header_left=state.header_left - header, tail=first)
    return Records({STREAM: batch}, accepted, skipped, rejected), consumed, following


def _commented(buffer: Bytes, lines: Lines, declared: Declaration) -> Any:
    """Whether each line starts with the sign of a comment."""
    sign = declared.comment
    found = np.zeros(lines.start.size, dtype=bool)
    if sign:
        rows = np.flatnonzero(lines.stop - lines.start >= len(sign))
        found[rows] = (matrix(buffer, lines.start[rows], len(sign)) == np.frombuffer(sign, np.uint8)).all(axis=1)
    return found


def _seen_whole(table: Table, first: int, declared: Declaration) -> Any:
    """Which records end as the first of the file does, so that they are seen to be whole without a line end."""
    numeric = declared.columns[-1].kind in ("name", "other")
    # The end of a whole number shows nothing: a digit may be missing.
    return (table.tail == first) & ((table.tail > 0) | (not numeric))


def _cut_last(buffer: Bytes, lines: Lines, table: Table, whole: bool) -> Places:
    """Number of the last line if it has no line end and is not seen to be whole; else none."""
    last = lines.start.size - 1
    ended = last < 0 or buffer[int(lines.next[last]) - 1] == LINE_FEED
    return table.rows[:0] if ended or whole or not table.rows.size or table.rows[-1] != last else table.rows[-1:]


def _judge(line: bytes, declared: Declaration) -> Verdict:
    """Whether a line without a record is known noise, and what it is."""
    text = line.removeprefix(_BYTE_ORDER_MARK)
    if not text.strip():
        return True, "blank line"
    if declared.comment and text.startswith(declared.comment):
        return True, "comment"
    wanted = len(declared.columns)
    delimiter = None if declared.delimiter is None else bytes([declared.delimiter])
    count = len(text.split(delimiter)) if declared.quote is None else 0
    return False, f"line of {count} fields, {wanted} were declared" if count else f"line without the {wanted} fields"


def variables_of(batch: Batch, declared: Declaration) -> tuple[Variables, Columns]:
    """Values of records under the vocabulary's names, in its units, and what the file calls them."""
    columns = _arrange(declared.columns)
    variables: Variables = {}
    values = dict(zip(read_columns(declared), batch.columns["value"].T, strict=True))
    for name, value in of_columns(columns, values).items():
        dtype = "" if isinstance(value, tuple) else _count_type(name)
        variables[name] = np.asarray(value).astype(dtype) if dtype else value
    return variables, columns


def to_columns(columns: Columns) -> list[Column]:
    """Columns that a header names in its own words, as a declaration has them."""
    named = {place: Column("name", name, columns.foreign[place].units, factor, offset)
             for place, (name, factor, offset) in columns.named.items()}  # fmt: skip
    plain = [Column("other", foreign.label, foreign.units) for foreign in columns.foreign]
    return [named.get(place, column) for place, column in enumerate(plain)]


def _count_type(name: str) -> str:
    variable = vocabulary.lookup(name)
    return variable.dtype if variable.step is None and not variable.dtype.startswith("float") else ""


def _arrange(declared: tuple[Column, ...]) -> Columns:
    foreign = tuple(Foreign(one.label, one.units, one.label if one.kind == "name" else None) for one in declared)
    named = {
        place: (one.label, one.factor, one.offset) for place, one in enumerate(declared) if one.kind == "name"
    }  # fmt: skip
    return Columns(named, tuple(place for place, one in enumerate(declared) if one.kind == "other"), foreign)
