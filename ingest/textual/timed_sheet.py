"""Sheets of fluid samples whose places have a column of times each: those of OOI's benthic flow samplers (FLOBN).

Header rows `Core Data Product-Parameter`, `Descriptive Name`, `Units`, `Format`, `Significant Digits`, then rows whose
first cell is empty. A column whose unit is a form of time, as `yyyy/mm/dd hh`, starts a place (a coil, a position, a
direction of flow): what follows was sampled there at that time, so each place is a stream. What a column is stands in
the Descriptive Name row, `FLOBN-C Upper Coil Boron Concentration`. Rows go on for one place where another has ended.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.dataset import assemble
from ingest.ledger import Span
from ingest.reader import Batch, Records
from ingest.text import LINE_FEED, Lines
from ingest.text import Places as RowNumbers
from ingest.textual.columns import Columns, Foreign, arrange
from ingest.textual.sheet_rows import are_usual, bound_rows, form_of, judge_cells, read_cells, read_times
from ingest.timecode import Times, from_fields

_FIRST = b"Core Data Product-Parameter"
_HEADER = ("core data product-parameter", "descriptive name", "units", "format", "significant digits")
_SKIPPED = "***skip first line of file***"
_TIME_UNIT = re.compile(r"yyyy/mm/dd hh(?::mm)?")
_TIME = re.compile(r"(\d{4})/(\d\d?)/(\d\d?) (\d\d?)(?::(\d\d))?")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_HOURS = ((0, 4, 4), "/", (1, 1, 2), "/", (2, 1, 2), " ", (3, 1, 2))
_MINUTES = (*_HOURS, ":", (4, 2, 2))
_MISSING = ("", "nan")
_PLACE = re.compile(r"^FLOBN-\w+\s+(.*?)\s*(?:Sample\s+)?Time(?:stamp)?\s*$", re.IGNORECASE)
_QUANTITIES = (
    (r"percent \(%\) tracer", "tracer_fraction"),
    (r"flow rate", "benthic_flow_rate"),
    (r"ambient temperature", "temperature"),
)


class Place(NamedTuple):
    """Where one place's samples stand: column of their times, their other columns, and what these are."""

    time: int
    columns: tuple[int, ...]
    named: Columns


Places = Mapping[str, Place]


class Sheet(NamedTuple):
    """What separates cells, cells of a row, and places."""

    delimiter: str
    width: int
    places: Places


class Samples(NamedTuple):
    """Samples at one place: numbers of their rows, shape (n,), times, and values, shape (n, columns)."""

    row: RowNumbers
    time: Times
    value: NDArray[np.float64]


def is_timed_sheet(head: bytes) -> bool:
    """Whether text starts with the first header row of such a sheet."""
    return head.removeprefix(b"\xef\xbb\xbf").startswith((_FIRST + b",", _FIRST + b";", b'"' + _FIRST))


def read_timed_sheet(rest: bytes, offset: int) -> tuple[Records, Places]:
    """Read all of a sheet: a stream for each place, a row that cannot be read rejected whole."""
    lines = bound_rows(rest)
    bounds = zip(lines.start.tolist()[: len(_HEADER)], lines.next.tolist(), strict=False)
    head = [rest[start:stop] for start, stop in bounds]
    delimiter = ";" if head and head[0].count(b";") > head[0].count(b",") else ","
    rows = [_cells(line, delimiter) for line in head]
    header = {row[0].strip().lower(): row for row in rows if row and row[0].strip().lower() in _HEADER}
    sheet = Sheet(delimiter, len(header.get("units", ())), _places(header))
    taken, plain = _read_plain(rest, lines, len(header), sheet)
    left = np.arange(lines.start.size) >= len(header)
    left[taken] = False
    others, skipped, rejected = _read_others(rest, lines, np.flatnonzero(left), sheet)
    batches = {}
    for name in sheet.places:
        samples = [some[name] for some in (plain, others) if name in some]
        if any(some.row.size for some in samples):
            row, time, value = (np.concatenate(parts) for parts in zip(*samples, strict=True))
            order = np.argsort(row)
            start, stop = lines.start[row[order]], lines.next[row[order]]
            columns = {"time": time[order], "value": value[order]}
            batches[name] = Batch(offset + start, (stop - start).astype(np.int32), columns)
    spans = [tuple(span._replace(offset=offset + span.offset) for span in some) for some in (skipped, rejected)]
    lost = sum(span.length for some in spans for span in some)
    return Records(batches, len(rest) - lost, *spans), sheet.places


def _read_plain(rest: bytes, lines: Lines, first: int, sheet: Sheet) -> tuple[RowNumbers, dict[str, Samples]]:
    """Rows that are as they should be, in one pass, and their samples; every other row is left to `_read_others`."""
    if not sheet.places:
        return np.zeros(0, dtype=np.int64), {}
    buffer = np.frombuffer(rest, dtype=np.uint8)
    chosen = np.flatnonzero(are_usual(rest, lines) & (buffer[lines.next - 1] == LINE_FEED))
    numbers = [at for place in sheet.places.values() for at in place.columns]
    texts = [0, *(place.time for place in sheet.places.values())]
    form = ord(sheet.delimiter), sheet.width
    cells = read_cells(buffer, lines, chosen[np.searchsorted(chosen, first) :], form, numbers, texts)
    forms = [form_of(pieces, (1, 9999)) for pieces in (_HOURS, _MINUTES)]
    good, some = cells.start[0] == cells.stop[0], np.zeros(cells.row.size, dtype=bool)
    good[cells.odd[0]] = False
    found: dict[str, tuple[Times, NDArray[np.float64]]] = {}
    for number, (name, place) in enumerate(sheet.places.items(), 1):
        start, stop = cells.start[number], cells.stop[number]
        time = read_times(buffer, start, stop, forms)
        value = cells.value[[numbers.index(at) for at in place.columns]].T
        none = np.flatnonzero(np.isnat(time))
        absent = judge_cells(buffer, start[none], stop[none], lambda text: text.decode("latin-1").lower() in _MISSING)
        good[none] &= (absent == 1) & np.isnan(value[none]).all(axis=1)
        some |= ~np.isnat(time)
        found[name] = time, value
    # A row without any sample may be blank, or else.
    good &= some
    samples = {}
    for name, (time, value) in found.items():
        held = np.flatnonzero(good & ~np.isnat(time))
        samples[name] = Samples(cells.row[held], time[held], value[held])
    return cells.row[good], samples


def _read_others(
    rest: bytes, lines: Lines, rows: RowNumbers, sheet: Sheet
) -> tuple[dict[str, Samples], list[Span], list[Span]]:
    """Samples of single rows, and what was skipped and rejected."""
    found: dict[str, list[tuple[int, Any, list[float]]]] = {name: [] for name in sheet.places}
    skipped, rejected = [], []
    for number in rows.tolist():
        start, stop = int(lines.start[number]), int(lines.next[number])
        row, span = _cells(rest[start:stop], sheet.delimiter), (start, stop - start)
        if not any(cell.strip() for cell in row):
            skipped.append(Span(*span, "blank line"))
        elif row[0].strip().lower() == _SKIPPED:
            skipped.append(Span(*span, "titles of another program"))
        else:
            whole = rest[stop - 1 : stop] == b"\n" and len(row) == sheet.width and not row[0].strip()
            samples = {name: _sample(row, place) for name, place in sheet.places.items()} if whole else {}
            if not samples or any(isinstance(one, str) for one in samples.values()):
                rejected.append(Span(*span, _fault(row, samples, sheet.width)))
                continue
            for name, sample in samples.items():
                if sample is not None:
                    found[name].append((number, *sample))
    return {name: _samples(some) for name, some in found.items() if some}, skipped, rejected


def _cells(line: bytes, delimiter: str) -> list[str]:
    raw = line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n").replace(b"\0", b"")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")  # the micro sign
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return []


def _places(header: Mapping[str, Sequence[str]]) -> Places:
    units, words = header.get("units", ()), header.get("descriptive name", ())
    times = [at for at, unit in enumerate(units) if _TIME_UNIT.fullmatch(unit.strip().lower())]
    # Damage may leave no row of units, or none that names a time.
    if len(units) != len(words) or not times:
        return {}
    places: dict[str, Place] = {}
    for time, stop in zip(times, [*times[1:], len(units)], strict=True):
        match = _PLACE.match(words[time].strip())
        name = re.sub(r"\W+", "_", match[1].lower()).strip("_") if match else ""
        # The text before the next place's time is its samples' identity.
        columns = tuple(at for at in range(time + 1, stop) if units[at].strip().lower() != "na")
        named = arrange([_foreign(words[at].strip(), units[at].strip()) for at in columns])
        places.setdefault(name or "samples", Place(time, columns, named))
    return places


def _foreign(words: str, unit: str) -> Foreign:
    lower = words.lower()
    name = next((name for pattern, name in _QUANTITIES if re.search(pattern + "$", lower)), None)
    match = re.search(r"(\w+) concentration$", lower)
    return Foreign(words, unit, f"{match[1]}_concentration" if match and name is None else name)


Sample = tuple[Any, list[float]]


def _sample(row: Sequence[str], place: Place) -> Sample | str | None:
    """Time and values of a row at one place; None where it has none there, a reason where it cannot be read."""
    cells = [row[at].strip() for at in place.columns]
    text = row[place.time].strip()
    if text.lower() in _MISSING:
        return None if all(cell.lower() in _MISSING for cell in cells) else "values without a time"
    match = _TIME.fullmatch(text)
    if match is None:
        return "a time that is none"
    year, month, day, hour, minute = (int(group or 0) for group in match.groups())
    time, valid = from_fields(([year], [month], [day]), ([hour], [minute], [0]))
    if not valid[0]:
        return "a time that is none"
    if not all(cell.lower() in _MISSING or _NUMBER.fullmatch(cell) for cell in cells):
        return "a cell that is no number"
    return time[0], [float("nan") if cell.lower() in _MISSING else float(cell) for cell in cells]


def _fault(row: Sequence[str], samples: Mapping[str, Sample | str | None], width: int) -> str:
    told = next((one for one in samples.values() if isinstance(one, str)), None)
    if told is not None:
        return f"row with {told}"
    return f"row of {len(row)} cells, {width} were expected" if len(row) != width else "row cut, or without a line end"


def _samples(found: Sequence[tuple[int, Any, list[float]]]) -> Samples:
    rows = np.array([number for number, _, _ in found], dtype=np.int64)
    time = np.array([time for _, time, _ in found], dtype="datetime64[us]")
    values = np.array([values for _, _, values in found], dtype=np.float64).reshape(len(found), -1)
    return Samples(rows, time, values)


def datasets(records: Records, places: Places) -> Mapping[str, xr.Dataset]:
    """Give each place's values in the vocabulary's units."""
    found = {}
    for name, batch in records.batches.items():
        columns, value = places[name].named, batch.columns["value"]
        variables = {ours: value[:, at] * factor + offset for at, (ours, factor, offset) in columns.named.items()}
        attributes = dict(columns.attributes)
        found[name] = assemble(batch, variables, batch.columns["time"], attributes)
    return found
