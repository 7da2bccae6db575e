"""Sheets of fluid samples: header rows Parameter, Unit, Method, Precision, Lab, Detection limit, then a row a sample.

The layouts are those of OOI's samplers (RASFL, OSMOI, PPSDN; FLOBN, which has a column of times for each place, stands
in `ingest.textual.timed_sheet`) and the template in `sample_data/fluid_samples.md`, which adds
pressures, volumes, detection limits and rows tagged `Blank` or `Standard`. Time is the start of sampling; its
order of day and month is what the Unit row says. A cell such as `<0.5` or `bdl` has no value: NaN, and its limit in
`<name>_below_detection` (the number in the cell, else the Detection limit row). Quantities are per mass of fluid.

Sheets are small: they are read at the end of the file, in plain Python. There is no checksum.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from ingest.dataset import assemble
from ingest.ledger import Span
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.textual.columns import Columns, Foreign, arrange
from ingest.textual.timed_sheet import Places, datasets, is_timed_sheet, read_timed_sheet
from ingest.timecode import Times, from_fields

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
_MISSING = re.compile(r"(?:nan|n/?a|-|null|none)?", re.IGNORECASE)
_BELOW = re.compile(r"(?:<\s*(\d*\.?\d+)|bdl|b\.d\.l\.?|n\.?d\.?|below detection(?: limit)?)", re.IGNORECASE)


@dataclass(frozen=True)
class Sheet:
    """Header rows by their tag, and columns."""

    header: Mapping[str, Sequence[str]]
    columns: Columns


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
    lines = rest.splitlines(keepends=True)
    starts = np.concatenate(([0], np.cumsum([len(line) for line in lines]))).astype(np.int64)
    delimiter = next((one for one in ",;\t" if lines and one.encode() in lines[0]), ",")
    rows = [_cells(line, delimiter) for line in lines]
    tags = [_tag(row) for row in rows]
    stop = next((place for place, tag in enumerate(tags) if tag not in _HEADER), len(rows))
    header = {tag: row[1:] for tag, row in zip(tags[:stop], rows[:stop], strict=True)}
    sheet = _sheet(header)
    width, good, skipped, rejected = len(header.get("parameter", ())) + 1, [], [], []
    times: list[Times] = []
    ends: list[int] = []
    line_end = lines[0][len(lines[0].rstrip(b"\r\n")) :] if lines else b""
    for place in range(stop, len(rows)):
        span = int(starts[place]), len(lines[place])
        evident = _evident(rows[place])
        whole = len(rows[place]) == width and (evident or lines[place].endswith(line_end))
        ends.append(len(lines[place].rstrip(b"\r\n")) if evident else len(lines[place]))
        time = _time(rows[place], header) if whole and tags[place] in _KINDS else None
        if not any(cell.strip() for cell in rows[place]):
            skipped.append(Span(*span, "blank line"))
        elif time is None or not _readable(rows[place][1:], sheet):
            rejected.append(Span(*span, _fault(rows[place], tags[place], width, whole)))
        else:
            good.append(place)
            times.append(time)
    batch = _batch([rows[place] for place in good], times, sheet)
    length = np.array([ends[place - stop] for place in good], dtype=np.int32)
    found = {STREAM: Batch(starts[good] + offset, length, batch)} if good else {}
    lost = sum(span.length for span in (*skipped, *rejected))
    return Records(found, len(rest) - lost, tuple(skipped), tuple(rejected)), len(rest), sheet


def _evident(row: Sequence[str]) -> bool:
    """Whether a row is seen to be whole without its line end: its last cell is the name of a file, to its suffix.

    The last row of a sheet may lack its line end (corpus ppsdn_gendata_example.csv). A number may have been cut.
    """
    return bool(row) and re.search(r"\.(?:fa|fna|gz|zip|txt|csv|html)$", row[-1].strip()) is not None


def _cells(line: bytes, delimiter: str) -> list[str]:
    text = line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").rstrip("\r\n").replace("\0", "")
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return []


def _tag(row: Sequence[str]) -> str:
    # `Precision (+-1s)`: the sign is in another encoding in every file.
    return re.sub(r"s?\s*(\(.*)?$", "", row[0].strip().lower()) if row else ""


def _sheet(header: Mapping[str, Sequence[str]]) -> Sheet:
    names, units = header.get("parameter", ()), header.get("unit", ())
    foreign = [_foreign(name, units[place] if place < len(units) else "") for place, name in enumerate(names)]
    return Sheet(header, arrange(foreign))


def _foreign(name: str, unit: str) -> Foreign:
    word = name.strip().lower()
    ours = f"{_CONTENTS[word]}_content" if word in _CONTENTS else _OTHERS.get(word)
    return Foreign(name.strip(), "" if _MISSING.fullmatch(unit.strip()) else unit.strip(), ours)


def _time(row: Sequence[str], header: Mapping[str, Sequence[str]], wanted: str = "start time") -> Any:
    """Time of one cell by the order that the Unit row gives; None where it is none."""
    names = [name.strip().lower() for name in header.get("parameter", ())]
    units = header.get("unit", ())
    if wanted not in names or names.index(wanted) >= len(units):
        return None
    place = names.index(wanted)
    numbers = [int(part) for part in re.findall(r"\d{1,4}", row[place + 1])]
    order = [letter for letter in dict.fromkeys(units[place].lower().split(" ")[0]) if letter in "ymd"]
    if sorted(order) != ["d", "m", "y"] or not 4 <= len(numbers) <= 6:
        return None
    date = dict(zip(order, numbers, strict=False))
    year = date["y"] + (0 if date["y"] > 99 else 2000 if date["y"] < 80 else 1900)
    hour, minute, second = [*numbers[3:], 0, 0][:3]
    time, valid = from_fields(([year], [date["m"]], [date["d"]]), ([hour], [minute], [second]))
    return time[0] if valid[0] else None


def _value(cell: str, limit: str) -> tuple[float, float] | None:
    """Value and limit of a cell; None where it is neither a number nor missing."""
    text = cell.strip()
    if _MISSING.fullmatch(text):
        return float("nan"), float("nan")
    below = _BELOW.fullmatch(text)
    if below:
        stated = below[1] or limit.strip().removeprefix("<")
        return float("nan"), float(stated) if re.fullmatch(r"\d*\.?\d+", stated) else float("nan")
    return (float(text), float("nan")) if re.fullmatch(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d{1,2})?", text) else None


def _limit(sheet: Sheet, place: int) -> str:
    limits = sheet.header.get("detection limit", ())
    return limits[place] if place < len(limits) else ""


def _readable(cells: Sequence[str], sheet: Sheet) -> bool:
    return all(_value(cells[place], _limit(sheet, place)) is not None for place in sheet.columns.named)


def _fault(row: Sequence[str], tag: str, width: int, whole: bool) -> str:
    if tag not in _KINDS:
        return f"row tagged {tag[:40]!r}: Sample, Blank or Standard was expected"
    if len(row) != width:
        return f"row of {len(row)} cells, {width} were expected"
    if not whole:
        return "row cut, or the last without a line end: end it with one"
    return "row with a cell that is no number, or a start that is no time"


def _batch(rows: Sequence[Sequence[str]], times: Sequence[Any], sheet: Sheet) -> Mapping[str, Any]:
    shape = (len(rows), len(sheet.columns.foreign))
    value, limit = np.full(shape, np.nan), np.full(shape, np.nan)
    for line, row in enumerate(rows):
        for place in sheet.columns.named:
            value[line, place], limit[line, place] = _value(row[place + 1], _limit(sheet, place)) or (np.nan, np.nan)
    stops = [_time(row, sheet.header, "stop time") for row in rows]
    start = np.array(times, dtype="datetime64[us]")
    stop = np.array([np.datetime64("NaT") if one is None else one for one in stops], dtype="datetime64[us]")
    seconds = np.where(np.isnat(stop), np.nan, (stop - start).astype(np.int64) / 1e6)
    kind = np.array([_KINDS[_tag(row)] for row in rows], dtype=np.uint8)
    return {"time": start, "seconds": seconds, "kind": kind, "value": value, "limit": limit}


def to_dataset(records: Records, state: Sheet | Places, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values per mass in the vocabulary's units, limits beside. See `Reader.to_dataset`."""
    if not isinstance(state, Sheet):
        return datasets(records, state)
    batch = records.batches[STREAM]
    columns = batch.columns
    variables = {"sample_kind": columns["kind"], "sampling_duration": columns["seconds"]}
    for place, (name, factor, offset) in state.columns.named.items():
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
            if place < len(row) and not _MISSING.fullmatch(row[place].strip())
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
