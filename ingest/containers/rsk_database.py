"""What an RBR .rsk database holds beside its samples: its version, channels, settings, events and damage.

References
----------
RBR Ltd, RSK file format (schema 1.x and 2.x). SQLite, Database File Format 1.2 (header) and 1.3 (pages).
"""

import json
import re
import sqlite3
from collections.abc import Sequence
from typing import Any

from ingest.errors import DecodeError
from ingest.ledger import Span
from ingest.textual.columns import Columns, Foreign, arrange, rbr_column

_HIDDEN = 0x01
"""Bit of `channelStatus`: a channel that serves others, such as the temperature inside a pressure sensor."""

_MOST_EVENTS = 1000
_COEFFICIENT = re.compile(r"[cxn]\d+")


def table_columns(database: sqlite3.Connection, table: str) -> list[str]:
    """Names of a table's columns; empty where there is no such table."""
    return [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]


def rows_of(database: sqlite3.Connection, table: str, limit: int = _MOST_EVENTS) -> list[dict[str, Any]]:
    """First rows of a table by column name; none where there is no such table or where it is damaged."""
    names = table_columns(database, table)
    try:
        found = database.execute(f'SELECT * FROM "{table}" LIMIT {limit}').fetchall() if names else []
    except (sqlite3.Error, ValueError):
        return []  # the check of the whole database names its damaged pages
    return [dict(zip(names, row, strict=True)) for row in found]


def channels(database: sqlite3.Connection, table: str) -> Columns:
    """Name the `channelNN` columns of a table of samples.

    NN is the channel's order in `instrumentChannels` where that table is; else its place among the channels by
    `channelID`.

    Raises
    ------
    DecodeError
        The database does not say what its columns are.
    """
    known = sorted(rows_of(database, "channels"), key=lambda row: row.get("channelID") or 0)
    if not known:
        raise DecodeError("the database has no list of channels")
    placed = {number: row for number, row in enumerate(known, 1)}
    hidden: set[int] = set()
    by_identity = {row.get("channelID"): row for row in known}
    for row in rows_of(database, "instrumentChannels"):
        order = row.get("channelOrder")
        if isinstance(order, int) and row.get("channelID") in by_identity:
            placed[order] = by_identity[row["channelID"]]
            if isinstance(row.get("channelStatus"), int) and row["channelStatus"] & _HIDDEN:
                hidden.add(order)
    return arrange([_column(name, placed, hidden) for name in sample_columns(database, table)])


def sample_columns(database: sqlite3.Connection, table: str) -> list[str]:
    """Columns of a table of samples that hold values."""
    return [name for name in table_columns(database, table) if re.fullmatch(r"channel\d+", name)]


def _column(name: str, placed: dict[int, dict[str, Any]], hidden: set[int]) -> Foreign:
    order = int(name.removeprefix("channel"))
    row = placed.get(order)
    if row is None:
        return Foreign(name, "", None)
    label = str(row.get("longName") or row.get("shortName") or name)
    found = rbr_column(label, str(row.get("unitsPlainText") or row.get("units") or ""))
    if order in hidden:
        # A hidden temperature is one of the inside of a sensor, whatever it is called.
        return Foreign(f"{label} (hidden)", found.units, found.name if found.name != "temperature" else None)
    return found


def version(database: sqlite3.Connection) -> tuple[str, str]:
    """Version of the schema and type of the database; the last row counts, as converted files have several.

    Raises
    ------
    DecodeError
        This is another kind of database.
    """
    rows = rows_of(database, "dbInfo")
    if not rows:
        raise DecodeError("the database has no dbInfo: not an RSK file, or damaged")
    return str(rows[-1].get("version")), str(rows[-1].get("type"))


def attributes(database: sqlite3.Connection) -> dict[str, Any]:
    """Settings, air pressure, calibration, events and errors, as attributes of a Dataset."""
    instrument = (rows_of(database, "instruments", 1) or [{}])[0]
    deployment = (rows_of(database, "deployments", 1) or [{}])[0]
    schedule = (rows_of(database, "schedules", 1) or [{}])[0]
    number, kind = version(database)
    found = {
        "instrument_model": f"RBR {instrument['model']}" if instrument.get("model") else None,
        "serial_number": instrument.get("serialID") or deployment.get("serialID"),
        "firmware": deployment.get("firmwareVersion") or instrument.get("firmwareVersion"),
        "rsk_version": f"{number} {kind}",
        "ruskin_version": (rows_of(database, "appSettings", 1) or [{}])[0].get("ruskinVersion"),
        "sampling_period_ms": schedule.get("samplingPeriod"),
        "sampling_mode": schedule.get("mode"),
        "logger_time_drift_ms": deployment.get("loggerTimeDrift"),
        "time_of_download_ms": deployment.get("timeOfDownload"),
        "air_pressure_dbar": _air_pressure(database),
        "calibrations": _as_text([_calibration(row) for row in rows_of(database, "calibrations")]),
        "events": _as_text(rows_of(database, "events")),
        "errors": _as_text(rows_of(database, "errors")),
    }
    return {name: value for name, value in found.items() if value is not None}


def _air_pressure(database: sqlite3.Connection) -> float | None:
    """Air pressure that Ruskin took off, dbar: a column in 1.x, a key in 2.x."""
    values = [row.get("atmosphere") for row in rows_of(database, "parameters")]
    values += [row.get("value") for row in rows_of(database, "parameterKeys") if row.get("key") == "ATMOSPHERE"]
    try:
        return float([value for value in values if value is not None][-1])
    except (IndexError, TypeError, ValueError):
        return None


def _calibration(row: dict[str, Any]) -> dict[str, Any]:
    kept = ("channelOrder", "type", "tstamp", "equation")
    return {name: value for name, value in row.items() if value is not None and (name in kept or _is_number(name))}


def _is_number(name: str) -> bool:
    return _COEFFICIENT.fullmatch(name) is not None


def _as_text(rows: Sequence[dict[str, Any]]) -> str | None:
    return json.dumps(rows, default=str) if rows else None


def promised(database: sqlite3.Connection) -> int | None:
    """Samples that the logger said it had, where there is one deployment."""
    sizes = [row.get("sampleSize") for row in rows_of(database, "deployments")]
    return sizes[0] if len(sizes) == 1 and isinstance(sizes[0], int) and sizes[0] > 0 else None


def page_bytes(header: bytes | bytearray) -> int:
    """Bytes of a page, by the first 100 bytes of a database: a power of two."""
    page_size = int.from_bytes(header[16:18], "big")
    return 65536 if page_size == 1 else max(512, page_size)


def _length(header: bytes) -> tuple[int, int]:
    return page_bytes(header), int.from_bytes(header[28:32], "big")


def bytes_missing(header: bytes, size: int) -> int:
    """How much shorter a database file is than its header says."""
    page_size, pages = _length(header)
    return max(0, page_size * pages - size)


def damage(database: sqlite3.Connection, header: bytes, size: int) -> tuple[Span, ...]:
    """Pages that SQLite's own check finds damaged, as spans of the file, at most one a page."""
    page_size, pages = _length(header)
    reasons: dict[int, str] = {}
    try:
        found = [str(row[0]) for row in database.execute("PRAGMA quick_check(100)")]
    except (sqlite3.Error, ValueError) as error:
        found = [str(error)]
    for text in "\n".join(found).splitlines():
        # A page that names another one beyond the end of a cut file is sound itself.
        named = re.search(r"\binvalid page number (\d+)", text) or re.search(r"\b[Pp]age (\d+)", text)
        if text not in ("ok", "") and not text.startswith("***"):
            reasons.setdefault(int(named[1]) if named else 1, f"database: {text.strip()[:120]}")
    if pages * page_size > size:
        reasons.setdefault(max(1, size // page_size), f"database: cut off, {pages * page_size} bytes by its header")
    starts = {page: (page - 1) * page_size for page in reasons}
    return tuple(
        Span(starts[page], min(page_size, size - starts[page]), reasons[page])
        for page in sorted(reasons)
        if 0 <= starts[page] < size
    )
