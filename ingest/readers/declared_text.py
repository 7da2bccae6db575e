"""Delimited text of any instrument, read as a YAML beside it declares: `<file>.format.yaml`, or `lander-format.yaml`.

A file that a declaration speaks for is read by this reader and no other, whatever it looks like. Times are given in
UTC, from the declared zone. Columns that the vocabulary has a name for come in its units; others are kept beside,
unnamed. Voltages of a Franatech METS become methane and temperature where its coefficients are given, in the
declaration or the deployment's configuration.

There is no checksum. A last line without line end counts where it ends as the first record does: with as many decimals,
or in a field of the same width. Else it may have been cut, and is rejected; of other records, too, only the line end
tells that the last number is whole, and belongs to them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ingest import declaration_files, vocabulary
from ingest.calibration import mets
from ingest.columns import Columns, Foreign, to_variables
from ingest.dataset import Values, assemble
from ingest.dcl import Verdict, account, reasons_by_line
from ingest.declaration import Column, Declaration
from ingest.declared_table import Table, read_table
from ingest.reader import Batch, Beside, Calibration, Parsed, Reader, Records
from ingest.text import LINE_FEED, Bytes, Lines, Places, matrix, split_lines

STREAM = "samples"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NONE_YET = -1
_LAST_LINE = "last line without a line end, which may be cut: end it with one if it is whole"


@dataclass(frozen=True)
class State:
    """The declaration, how many header lines are still to come, and how the first record ends: see `Table.tail`."""

    declared: Declaration
    header_left: int
    tail: int = _NONE_YET


def sniff(head: bytes, name: str) -> bool:
    """Claim nothing: only a declaration beside a file tells its format."""
    return False


def _describe(path: Path) -> State | None:
    """Declaration that speaks for a file, as the state to start with; see `Beside.describe`."""
    file = declaration_files.declaring(path)
    if file is None:
        return None
    declared = declaration_files.load(file)
    return State(declared, declared.header_lines)


def parse(block: bytes, offset: int, state: State) -> Parsed:
    """Lines to records; see `Reader.parse`."""
    return _parse(block, offset, state, final=False)


def finish(rest: bytes, offset: int, state: State) -> Parsed:
    """Last lines; see `Reader.finish`."""
    return _parse(rest, offset, state, final=True)


def _parse(block: bytes, offset: int, state: State, final: bool) -> Parsed:
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
    columns = {"value": table.value[kept]} | ({} if table.time is None else {"time": table.time[kept]})
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


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values in the vocabulary's units; see `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    columns = _arrange(state.declared.columns)
    variables: dict[str, Any] = {}
    for name, values in to_variables(columns, batch.columns["value"]).items():
        dtype = "" if isinstance(values, tuple) else _count_type(name)
        variables[name] = np.asarray(values).astype(dtype) if dtype else values
    sheet = {**state.declared.calibration, **(calibration or {})}.get("methane")
    attributes = {"format_declaration": state.declared.file, **columns.attributes, **state.declared.attributes}
    if sheet is not None:
        variables |= _methane(variables, sheet)
    if state.declared.zone_name:
        attributes["time_zone"] = f"{state.declared.zone_name} in the file, UTC here"
    return {STREAM: assemble(batch, variables, batch.columns.get("time"), attributes)}


def _count_type(name: str) -> str:
    variable = vocabulary.lookup(name)
    return variable.dtype if variable.step is None and not variable.dtype.startswith("float") else ""


def _arrange(declared: tuple[Column, ...]) -> Columns:
    foreign = tuple(Foreign(one.label, one.units, one.label if one.kind == "name" else None) for one in declared)
    named = {
        place: (one.label, one.factor, one.offset) for place, one in enumerate(declared) if one.kind == "name"
    }  # fmt: skip
    return Columns(named, tuple(place for place, one in enumerate(declared) if one.kind == "other"), foreign)


def _methane(variables: Mapping[str, Any], sheet: Mapping[str, float | str]) -> dict[str, Values]:
    """Methane and temperature of a METS from its two voltages, where both are there."""
    methane, temperature = (variables.get(name) for name in (mets.METHANE_VOLTAGE, mets.TEMPERATURE_VOLTAGE))
    if methane is None or temperature is None:
        return {}
    return mets.convert(methane, temperature, sheet)


READER = Reader(
    name="declared_text",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    instruments=("any text that a declaration beside it describes", "Franatech METS through a logger's voltages"),
    beside=Beside(
        _describe, declaration_files.deciding, declaration_files.is_declaration, declaration_files.mistakes_of
    ),
)
