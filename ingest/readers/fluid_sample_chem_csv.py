"""Sheets of fluid samples: header rows Parameter, Unit, Method, Precision, Lab, Detection limit, then a row a sample.

The layouts are those of OOI's samplers (RASFL, OSMOI, PPSDN; FLOBN, which has a column of times for each place, stands
in `ingest.textual.timed_sheet`) and the template in `sample_data/fluid_samples.md`, which adds
pressures, volumes, detection limits and rows tagged `Blank` or `Standard`. Time is the start of sampling; its
order of day and month is what the Unit row says. A cell such as `<0.5` or `bdl` has no value: NaN, and its limit in
`<name>_below_detection` (the number in the cell, else the Detection limit row). Quantities are per mass of fluid.

A sheet is read at the end of the file: rows of plain cells in one compiled pass, the others one by one. There is no
checksum.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.dataset import assemble
from ingest.ledger import Span
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.text import Bytes, Lines, Places
from ingest.textual.columns import Columns, Foreign, arrange
from ingest.textual.fields import pick
from ingest.textual.sample_cells import MISSING, Clock, clock_of, forms_of, moment_of, text_of, value_of
from ingest.textual.sheet_rows import Cells, are_usual, bound_rows, judge_cells, read_cells, read_times
from ingest.textual.timed_sheet import Places as TimedPlaces
from ingest.textual.timed_sheet import datasets, is_timed_sheet, read_timed_sheet
from ingest.timecode import Times

STREAM = "fluid_samples"
_HEADER = ("parameter", "unit", "method", "precision", "lab", "detection limit")
_KINDS = {"sample": 0, "blank": 1, "standard": 2}
_CONTENTS = {
    "h2s": "hydrogen_sulfide", "si": "silicon", "ammonia": "ammonia", "nh4": "ammonia", "chloride": "chloride",
    "cl": "chloride", "sulfate": "sulfate", "so4": "sulfate", "na": "sodium", "k": "potassium", "mg": "magnesium",
    "ca": "calcium", "bromide": "bromide", "br": "bromide", "fe": "iron", "mn": "manganese", "li": "lithium",
    "sr": "strontium", "b": "boron", "rb": "rubidium", "cs": "cesium", "ba": "barium", "co": "cobalt", "ni": "nickel",
    "cu": "copper", "zn": "zinc", "mo": "molybdenum", "ag": "silver", "cd": "cadmium", "ti": "titanium",
    "al": "aluminum", "pb": "lead", "v": "vanadium", "u": "uranium", "y": "yttrium", "gd": "gadolinium",
    "ch4": "methane", "methane": "methane", "dic": "dissolved_inorganic_carbon", "co2": "carbon_dioxide",
}  # fmt: skip
_OTHERS = {
    "port": "sampler_port", "lat": "latitude", "lon": "longitude", "depth": "depth", "t": "fluid_temperature",
    "temperature": "fluid_temperature", "ph25_c": "ph_at_25_degree_celsius", "alkalinity": "total_alkalinity",
    "pressure at sampling": "sampling_pressure", "pressure at opening": "opening_pressure",
    "volume": "sample_volume", "volume pumped": "sample_volume", "sample volume": "sample_volume",
    "gas volume": "extracted_gas_volume",
}  # fmt: skip
_NO_LIMIT = ("sampler_port", "latitude", "longitude", "depth")


@dataclass(frozen=True)
class Sheet:
    """Header rows by their tag, columns, what separates cells, and how rows end."""

    header: Mapping[str, Sequence[str]]
    columns: Columns
    delimiter: str
    line_end: bytes

    @property
    def width(self) -> int:
        """Cells of a row."""
        return len(self.header.get("parameter", ())) + 1


class Samples(NamedTuple):
    """Samples of a sheet, each array of shape (n,), but values and limits (n, named columns).

    `place` numbers their rows; `evident` rows are whole without a line end; NaT where no `stop` is known.
    """

    place: Places
    evident: NDArray[np.bool_]
    kind: NDArray[np.uint8]
    start: Times
    stop: Times
    value: NDArray[np.float64]
    limit: NDArray[np.float64]


def sniff(head: bytes, name: str) -> bool:
    """Claim text whose first row is tagged Parameter and second Unit, or of a sheet with times for each place."""
    if is_timed_sheet(head):
        return True
    lines = head.removeprefix(b"\xef\xbb\xbf").splitlines()[:2]
    starts = [re.match(rb'"?(Parameter|Unit)s?"?[,;\t]', line, re.IGNORECASE) for line in lines]
    return [start[1].lower() for start in starts if start] == [b"parameter", b"unit"]


def parse(block: bytes, offset: int, state: Any) -> Parsed:
    """Wait for the whole sheet; see `Reader.parse`."""
    return Records(), 0, None


def finish(rest: bytes, offset: int, state: Any) -> Parsed:
    """Read the sheet; see `Reader.finish`."""
    if is_timed_sheet(rest):
        records, places = read_timed_sheet(rest, offset)
        return records, len(rest), places
    lines = bound_rows(rest)
    sheet, first = _begin(rest, lines)
    samples = _read_plain(rest, lines, first, sheet)
    left = np.arange(lines.start.size) >= first
    left[samples.place] = False
    others, skipped, rejected = _read_others(rest, lines, np.flatnonzero(left), sheet)
    if others.place.size:
        order = np.argsort(np.concatenate((samples.place, others.place)))
        parts: list[tuple[NDArray[Any], ...]] = [(*samples,), (*others,)]
        samples = Samples(*(np.concatenate(both)[order] for both in zip(*parts, strict=True)))
    lost = sum(span.length for span in (*skipped, *rejected))
    return Records(_batches(samples, lines, offset), len(rest) - lost, skipped, rejected), len(rest), sheet


def _begin(rest: bytes, lines: Lines) -> tuple[Sheet, int]:
    """Sheet as its header rows tell it, and the number of the first row after them."""
    head = rest[: int(lines.next[0])] if lines.next.size else b""
    delimiter = next((one for one in ",;\t" if one.encode() in head), ",")
    header: dict[str, Sequence[str]] = {}
    first = 0
    for start, stop in zip(lines.start.tolist(), lines.next.tolist(), strict=True):
        row = _cells(rest[start:stop], delimiter)
        if _tag(row) not in _HEADER:
            break
        header[_tag(row)] = row[1:]
        first += 1
    names, units = header.get("parameter", ()), header.get("unit", ())
    foreign = [_foreign(name, units[place] if place < len(units) else "") for place, name in enumerate(names)]
    return Sheet(header, arrange(foreign), delimiter, head[len(head.rstrip(b"\r\n")) :]), first


def _read_plain(rest: bytes, lines: Lines, first: int, sheet: Sheet) -> Samples:
    """Samples whose rows are as they should be, in one pass; every other row is left to `_read_others`."""
    start, stop = clock_of(sheet.header, "start time"), clock_of(sheet.header, "stop time")
    if start is None:
        return _samples((), sheet)
    buffer = np.frombuffer(rest, dtype=np.uint8)
    chosen = np.flatnonzero(are_usual(rest, lines))
    form, numbers = (ord(sheet.delimiter), sheet.width), [place + 1 for place in sheet.columns.named]
    texts = [0, sheet.width - 1, start.cell, *([stop.cell] if stop else ())]
    cells = read_cells(buffer, lines, chosen[np.searchsorted(chosen, first) :], form, numbers, texts)
    kind = judge_cells(buffer, cells.start[0], cells.stop[0], lambda text: _KINDS.get(_tag([text_of(text)]), -1))
    evident = _are_evident(buffer, cells.start[1], cells.stop[1])
    begun, ended = (_read_clock(rest, cells, number, clock) for number, clock in ((2, start), (3, stop)))
    limit = np.full(cells.value.shape, np.nan)
    good = (kind >= 0) & ~np.isnat(begun) & (evident | _ends_alike(buffer, lines, cells.row, sheet.line_end))
    good[_enter_odd(rest, cells, limit, sheet)] = False
    some = pick(good)
    kinds, value, below = kind[some].astype(np.uint8), cells.value[:, some].T, limit[:, some].T
    return Samples(cells.row[some], evident[some], kinds, begun[some], ended[some], value, below)


def _are_evident(buffer: Bytes, start: Places, stop: Places) -> NDArray[np.bool_]:
    """`_evident` for last cells; those that end with a digit need no look."""
    evident = np.zeros(start.size, dtype=bool)
    named = np.flatnonzero((stop > start) & ((buffer[stop - 1] < ord("0")) | (buffer[stop - 1] > ord("9"))))
    evident[named] = judge_cells(buffer, start[named], stop[named], lambda text: _evident([text_of(text)])) == 1
    return evident


def _ends_alike(buffer: Bytes, lines: Lines, rows: Places, line_end: bytes) -> NDArray[np.bool_]:
    """Where rows end as the first one does; a line feed may have a carriage return before it that the first lacks."""
    if not line_end:
        return np.ones(rows.size, dtype=bool)
    width = lines.next[rows] - lines.stop[rows]
    alike: NDArray[np.bool_] = (width >= len(line_end)) & (buffer[lines.next[rows] - 1] == line_end[-1])
    return alike


def _enter_odd(rest: bytes, cells: Cells, limit: NDArray[np.float64], sheet: Sheet) -> list[int]:
    """Enter values and limits of cells that are no plain numbers, each text once; which rows have one of no meaning."""
    stated = [_limit(sheet, place) for place in sheet.columns.named]
    known: dict[tuple[int, bytes], tuple[float, float] | None] = {}
    lost = []
    for row, number, low, high in cells.odd.T.tolist():
        key = number, rest[low:high]
        if key not in known:
            known[key] = value_of(text_of(key[1]), stated[number])
        found = known[key]
        if found is None:
            lost.append(row)
        else:
            cells.value[number, row], limit[number, row] = found
    return lost


def _read_clock(rest: bytes, cells: Cells, number: int, clock: Clock | None) -> Times:
    """Times of a column: those of the Unit row's form in one pass, others each text once; NaT for none."""
    if clock is None:
        return np.full(cells.row.size, "NaT", dtype="datetime64[us]")
    start, stop = cells.start[number], cells.stop[number]
    time = read_times(np.frombuffer(rest, dtype=np.uint8), start, stop, forms_of(clock))
    known: dict[bytes, Any] = {}
    for row in np.flatnonzero(np.isnat(time)).tolist():
        text = rest[start[row] : stop[row]]
        if text not in known:
            known[text] = moment_of(text_of(text), clock.order)
        time[row] = known[text]
    return time


def _read_others(
    rest: bytes, lines: Lines, places: Places, sheet: Sheet
) -> tuple[Samples, tuple[Span, ...], tuple[Span, ...]]:
    """Samples of single rows, and what was skipped and rejected."""
    found, skipped, rejected = [], [], []
    start, stop = clock_of(sheet.header, "start time"), clock_of(sheet.header, "stop time")
    for place in places.tolist():
        begin, end = int(lines.start[place]), int(lines.next[place])
        line = rest[begin:end]
        row = _cells(line, sheet.delimiter)
        tag, evident = _tag(row), _evident(row)
        whole = len(row) == sheet.width and (evident or line.endswith(sheet.line_end))
        time = moment_of(row[start.cell], start.order) if start and whole and tag in _KINDS else None
        values = [value_of(row[at + 1], _limit(sheet, at)) for at in sheet.columns.named] if time is not None else []
        if not any(cell.strip() for cell in row):
            skipped.append(Span(begin, end - begin, "blank line"))
        elif time is None or None in values:
            rejected.append(Span(begin, end - begin, _fault(row, tag, sheet.width, whole)))
        else:
            ended = moment_of(row[stop.cell], stop.order) if stop else None
            found.append((place, evident, _KINDS[tag], time, ended, values))
    return _samples(found, sheet), tuple(skipped), tuple(rejected)


def _samples(found: Sequence[tuple[Any, ...]], sheet: Sheet) -> Samples:
    place, evident, kind, start, stop, values = zip(*found, strict=True) if found else ((),) * 6
    begun, ended = (np.array(time, dtype="datetime64[us]") for time in (start, stop))
    pairs = np.array(values, dtype=np.float64).reshape(len(found), len(sheet.columns.named), 2)
    row, kinds = np.array(place, dtype=np.int64), np.array(kind, dtype=np.uint8)
    return Samples(row, np.array(evident, dtype=bool), kinds, begun, ended, pairs[..., 0], pairs[..., 1])


def _batches(samples: Samples, lines: Lines, offset: int) -> dict[str, Batch]:
    if not samples.place.size:
        return {}
    start = lines.start[samples.place]
    stop = np.where(samples.evident, lines.stop[samples.place], lines.next[samples.place])
    seconds = np.where(np.isnat(samples.stop), np.nan, (samples.stop - samples.start).astype(np.int64) / 1e6)
    columns = {
        "time": samples.start, "seconds": seconds, "kind": samples.kind, "value": samples.value, "limit": samples.limit,
    }  # fmt: skip
    return {STREAM: Batch(start + offset, (stop - start).astype(np.int32), columns)}


def _evident(row: Sequence[str]) -> bool:
    """Whether a row is seen to be whole without its line end: its last cell is the name of a file, to its suffix.

    The last row of a sheet may lack its line end (corpus ppsdn_gendata_example.csv). A number may have been cut.
    """
    return bool(row) and re.search(r"\.(?:fa|fna|gz|zip|txt|csv|html)$", row[-1].strip()) is not None


def _cells(line: bytes, delimiter: str) -> list[str]:
    text = text_of(line.removeprefix(b"\xef\xbb\xbf")).rstrip("\r\n").replace("\0", "")
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return []


def _tag(row: Sequence[str]) -> str:
    # `Precision (+-1s)`: the sign is in another encoding in every file.
    return re.sub(r"s?\s*(\(.*)?$", "", row[0].strip().lower()) if row else ""


def _foreign(name: str, unit: str) -> Foreign:
    word = name.strip().lower()
    ours = f"{_CONTENTS[word]}_content" if word in _CONTENTS else _OTHERS.get(word)
    return Foreign(name.strip(), "" if MISSING.fullmatch(unit.strip()) else unit.strip(), ours)


def _limit(sheet: Sheet, place: int) -> str:
    limits = sheet.header.get("detection limit", ())
    return limits[place] if place < len(limits) else ""


def _fault(row: Sequence[str], tag: str, width: int, whole: bool) -> str:
    if tag not in _KINDS:
        return f"row tagged {tag[:40]!r}: Sample, Blank or Standard was expected"
    if len(row) != width:
        return f"row of {len(row)} cells, {width} were expected"
    if not whole:
        return "row cut, or the last without a line end: end it with one"
    return "row with a cell that is no number, or a start that is no time"


def to_dataset(
    records: Records, state: Sheet | TimedPlaces, calibration: Calibration | None
) -> Mapping[str, xr.Dataset]:
    """Values per mass in the vocabulary's units, limits beside. See `Reader.to_dataset`."""
    if not isinstance(state, Sheet):
        return datasets(records, state)
    batch = records.batches[STREAM]
    columns = batch.columns
    variables = {"sample_kind": columns["kind"], "sampling_duration": columns["seconds"]}
    for place, (name, factor, offset) in enumerate(state.columns.named.values()):
        value = columns["value"][:, place] * factor + offset
        # Sheets count depth upward from the surface, -1520 m.
        variables[name] = np.abs(value) if name == "depth" else value
        if name == "sampler_port":
            # An integer cannot be missing: -1 says that the sheet names none.
            variables[name] = np.where(np.isfinite(value), value, -1).astype(np.int32)
        if name not in _NO_LIMIT:
            variables[f"{name}_below_detection"] = columns["limit"][:, place] * factor + offset
    dataset = assemble(batch, variables, columns["time"], _attributes(state))
    dataset.variables["sample_kind"].attrs["flag_meanings"] = "sample blank standard"
    return {STREAM: dataset}


def _attributes(sheet: Sheet) -> dict[str, str]:
    found = dict(sheet.columns.attributes)
    for tag in ("method", "precision", "lab"):
        row = sheet.header.get(tag, ())
        told = [
            f"{name}: {row[place].strip()}"
            for place, (name, _, _) in sheet.columns.named.items()
            if place < len(row) and not MISSING.fullmatch(row[place].strip())
        ]
        if told:
            found[tag] = "; ".join(told)
    found.pop("unmapped_columns", None)
    texts = [sheet.columns.foreign[place].label for place in sheet.columns.unmapped]
    return found | ({"text_columns_not_held": "; ".join(texts)} if texts else {})


def known_contents() -> tuple[str, ...]:
    """Names of quantities per mass that sheets may hold."""
    return tuple(sorted({f"{word}_content" for word in _CONTENTS.values()}))


READER = Reader(
    name="fluid_sample_chem_csv",
    version=2,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    instruments=("Fluid samplers (RASFL, OSMOI, PPSDN, FLOBN, pressure-retaining): sheets of laboratory results",),
)
