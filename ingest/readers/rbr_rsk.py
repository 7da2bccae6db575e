"""RBR loggers: .rsk databases of Ruskin, schema 1.x and 2.x, opened read-only.

The samples lie in the table `data` (bursts of wave recorders also in `burstData`) in physical units, with the logger's
clock in milliseconds. `source_offset` is the row's number in its table (rowid). Measured pressure includes air and is
`absolute_pressure`; Ruskin's derived sea pressure is `pressure`. The air pressure that Ruskin took, calibrations,
events and errors are attributes.

A database has no order of bytes: of a damaged one, the rows before and behind the damage are given, and the ledger
names the pages that SQLite finds damaged. A changed byte inside a value is not found.

References
----------
RBR Ltd, RSK file format.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.containers.rsk_database import (
    attributes,
    bytes_missing,
    channels,
    damage,
    page_bytes,
    promised,
    sample_columns,
    table_columns,
    version,
)
from ingest.dataset import assemble
from ingest.errors import DecodeError
from ingest.ledger import Span
from ingest.reader import Batch, Calibration, Reader, Records, Source, Wholly, not_in_blocks
from ingest.textual.columns import Columns, to_variables

MAGIC = b"SQLite format 3\0"
STREAMS = {"data": "samples", "burstData": "bursts"}
_ROWS_HELD, _FETCHES = 256, 256
"""Rows that are objects of Python at once, which stay in the processor's cache, and how often as many make a block."""

_CACHE_KIB = 32_768
"""Pages that SQLite keeps, so that it does not read those twice that it has checked."""

_HEADER_BYTES = 100
_MOST_HELD = 2 * 1024**3
_MOST_MISSING, _ANY_MISSING = 4, 64 * 1024**2  # times what is there, and in any case
_PAGES_BYTES = slice(28, 32)
_JOURNAL_BYTES = slice(18, 20)  # 1 for a rollback journal, 2 for a write-ahead log
_UNREADABLE = (sqlite3.Error, OverflowError, ValueError, TypeError, MemoryError)
"""What sqlite3 raises on damaged pages, where even names of columns may be no text, and conversion of values.

On some lists of tables whose rows say that they have gigabytes, SQLite is out of memory, without a word.
"""


@dataclass(frozen=True)
class State:
    """Channels by stream, attributes of all, and how many samples the logger said it had."""

    columns: Mapping[str, Columns]
    attributes: Mapping[str, Any]
    promised: int | None


def sniff(head: bytes, name: str) -> bool:
    """Claim an SQLite database with the tables of an RSK file."""
    return head.startswith(MAGIC) and (b"dbInfo" in head or b"instrumentChannels" in head) and b"channels" in head


def whole(source: Source) -> Iterator[Wholly]:
    """Rows of the tables of samples, in the order of their times; see `Reader.whole`."""
    try:
        with closing(_open(source)) as database:
            yield from _read(database, source)
    except _UNREADABLE as error:
        raise DecodeError(f"the database cannot be read: {_said(error)}") from error


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _open(source: Source) -> sqlite3.Connection:
    missing = bytes_missing(source.head(_HEADER_BYTES), source.size)
    if source.path is not None and not missing:
        # Immutable: no lock, no journal and no write-ahead log is ever made beside the file.
        database = sqlite3.connect(f"{source.path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    else:
        if source.size > _MOST_HELD:
            raise DecodeError(f"{missing} bytes of the database are missing: too large to mend it in memory")
        held = bytearray(source.content())
        if missing:
            _mend(held, missing)
        held[_JOURNAL_BYTES] = b"\1\1"
        database = sqlite3.connect(":memory:")
        database.deserialize(held)
    database.text_factory = lambda raw: raw.decode("utf-8", "replace")
    database.execute("PRAGMA query_only = ON")
    database.execute("PRAGMA cell_size_check = ON")
    database.execute("PRAGMA temp_store = MEMORY")
    database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    return database


def _mend(held: bytearray, missing: int) -> None:
    """Make a cut database one that SQLite opens: it opens none that is shorter than its header says.

    Zeros stand in for what was cut off, and for the page that was cut, of which the first rows would seem whole. Where
    that is far more than there is, the header is damaged, or next to nothing is left: it is told how many pages there
    are, and opens a database whose tables all lie in these.
    """
    size, page = len(held), page_bytes(held)
    held[size - size % page :] = bytes(page if size % page else 0)
    if missing > min(max(_ANY_MISSING, _MOST_MISSING * size), _MOST_HELD - size):
        held[_PAGES_BYTES] = (len(held) // page).to_bytes(4, "big")
    else:
        held += bytes(size + missing - len(held))


def _read(database: sqlite3.Connection, source: Source) -> Iterator[Wholly]:
    found = damage(database, source.head(_HEADER_BYTES), source.size)
    version(database)
    held = [table for table in STREAMS if sample_columns(database, table)]
    if not held:
        raise DecodeError("the database has no table of samples: open it in Ruskin, which computes them, and save it")
    columns = {STREAMS[table]: channels(database, table) for table in held}
    state = State(columns, attributes(database), promised(database))
    yield Records(rejected=found), state
    doubts: list[str] = []
    for table in held:
        if "tstamp" not in table_columns(database, table):
            raise DecodeError(f"table {table!r} has no times")
        for rows in _rows(database, table, bool(found), doubts):
            yield Records({STREAMS[table]: _batch(rows)}), state
    if doubts and not found:
        # Damage that the check of single pages does not see; the database's header stands for all of it.
        yield Records(rejected=(Span(0, min(_HEADER_BYTES, source.size), f"database: {doubts[0]}"),)), state


def _batch(rows: NDArray[np.float64]) -> Batch:
    number = rows[:, 0].astype(np.int64)
    return Batch(number, np.ones(number.size, np.int32), {"time": rows[:, 1], "value": rows[:, 2:]})


def _rows(
    database: sqlite3.Connection, table: str, damaged: bool, doubts: list[str]
) -> Iterator[NDArray[np.float64]]:
    """Rows in order of time: number, time in ms and values, shape (n, 2 + channels).

    Rows need not lie in order of time: in corpus 060130_20150904_1159.rsk the second part of a download comes first.
    The table's own index gives that order without a sort. Where database or index are damaged, rows are taken in the
    order of their numbers, from both ends, and sorted here.
    """
    chosen = ", ".join(["rowid", "tstamp", *sample_columns(database, table)])
    last = -(2.0**63)
    try:
        indexed, rows_held = (_count(database, table, how) for how in ("", "NOT INDEXED"))
        if damaged or indexed != rows_held:
            raise sqlite3.DatabaseError(f"index of table {table} holds {indexed} of {rows_held} rows")
        cursor = database.execute(f'SELECT {chosen} FROM "{table}" ORDER BY tstamp')
        while fetched := [_table(rows) for rows in islice(iter(partial(cursor.fetchmany, _ROWS_HELD), []), _FETCHES)]:
            block = _timed(np.concatenate(fetched))
            last = max(last, float(block[-1, 1])) if len(block) else last
            yield block
    except _UNREADABLE as error:
        doubts.append(_said(error))
        saved = _from_both_ends(database, table, chosen)
        saved = saved[saved[:, 1] > last] if len(saved) else saved
        if len(saved):
            yield saved[np.argsort(saved[:, 1], kind="stable")]


def _count(database: sqlite3.Connection, table: str, how: str) -> int:
    return int(database.execute(f'SELECT count(*) FROM "{table}" {how}').fetchone()[0])


def _from_both_ends(database: sqlite3.Connection, table: str, chosen: str) -> NDArray[np.float64]:
    """Rows before the first damaged place, and behind the last."""
    blocks: dict[str, list[NDArray[np.float64]]] = {"ASC": [], "DESC": []}
    last = -(2**63)
    for order, found in blocks.items():
        wanted = f'SELECT {chosen} FROM "{table}" NOT INDEXED WHERE rowid > {last} ORDER BY rowid {order}'
        try:
            cursor = database.execute(wanted)
            while rows := cursor.fetchmany(1):
                found.append(_timed(_table(rows)))
                last = int(rows[0][0]) if order == "ASC" else last
        except _UNREADABLE:
            continue  # the damage: once from each side
    both = [*blocks["ASC"], *blocks["DESC"][::-1]]
    return np.concatenate(both) if both else np.zeros((0, 2))


def _table(rows: list[tuple[Any, ...]]) -> NDArray[np.float64]:
    """Rows as numbers; NULL is NaN."""
    try:
        return np.fromiter(chain.from_iterable(rows), np.float64, len(rows) * len(rows[0])).reshape(len(rows), -1)
    except (OverflowError, TypeError, ValueError):
        return np.array(rows, dtype=np.float64)  # of what else a damaged row may hold, or says what it cannot convert


def _timed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows with a time; the others are left out."""
    held = np.isfinite(values[:, 1]) & (np.abs(values[:, 1]) < 2**52)
    return values if held.all() else values[held]


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values as the logger or Ruskin computed them, in the vocabulary's units. See `Reader.to_dataset`."""
    found = {}
    for stream, batch in records.batches.items():
        columns = state.columns[stream]
        milliseconds = batch.columns["time"].astype(np.int64)
        time = (milliseconds * 1000).astype("datetime64[us]")
        described = {**state.attributes, **columns.attributes, "source_offset_meaning": "number of the row (rowid)"}
        found[stream] = assemble(batch, to_variables(columns, batch.columns["value"]), time, described)
    return found


def expected(state: State | None) -> int | None:
    """Return the samples that the logger said it had."""
    return state.promised if state else None


READER = Reader(
    name="rbr_rsk",
    version=1,
    sniff=sniff,
    parse=not_in_blocks,
    finish=not_in_blocks,
    to_dataset=to_dataset,
    expected=expected,
    instruments=("RBR loggers (RBRconcerto, RBRduo, RBRsolo, ...): .rsk of Ruskin, 1.x and 2.x",),
    whole=whole,
)
