"""Aanderaa SeaGuard and SmartGuard: text that the maker's software exports, columns between tabs.

Up to ten lines stand before the line of the columns, which has `Time tag (Gmt)` and names such as `East(cm/s)`. A
column without a unit in its name is kept beside, unnamed. Times are UTC, day first, with a year of two or four digits.

Built from how others read such files; not yet seen on a real file. There is no checksum.

References
----------
NOAA-PMEL/EcoFOCI_Moorings (header on the second line, `%d.%m.%y %H:%M:%S`), IMOS toolbox (aanderaa parser: names).
"""

import re
from collections.abc import Mapping

import xarray as xr

from ingest.chemistry.aanderaa_columns import aanderaa_column
from ingest.dataset import assemble
from ingest.declared.clock_format import compile_part, zone_of
from ingest.declared.declaration import Column, Declaration
from ingest.declared.lines import STREAM, State, parse_with_header, to_columns, variables_of
from ingest.reader import HEAD_BYTES, Calibration, Parsed, Reader, Records
from ingest.textual.columns import Foreign, arrange

_COLUMNS = re.compile(rb"\A((?:[^\r\n]*\r?\n){0,10}?)([^\r\n]*\bTime tag \(Gmt\)[^\r\n]*)\r?\n", re.IGNORECASE)
_UNIT = re.compile(r"(.*?)\s*[\[(]([^\[\]()]*)[\])]")
_TIME = "time tag (gmt)"
_FORMATS = ("%d.%m.%y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%y %H:%M", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S",
            "%Y-%m-%d %H:%M:%S")  # fmt: skip
_NUMBER_OF_RECORD = re.compile(r"(record|measurement)( ?(number|nr\.?|no\.?))?", re.IGNORECASE)


def sniff(head: bytes, name: str) -> bool:
    """Claim a line of columns with Aanderaa's time tag, between tabs."""
    found = _COLUMNS.match(head)
    return found is not None and b"\t" in found[2]


def parse(block: bytes, offset: int, state: State | None) -> Parsed:
    """Header, then lines to records; see `Reader.parse`."""
    return parse_with_header(block, offset, state, _describe, final=False)


def finish(rest: bytes, offset: int, state: State | None) -> Parsed:
    """Last lines; see `Reader.finish`."""
    return parse_with_header(rest, offset, state, _describe, final=True)


def _describe(head: bytes, final: bool) -> tuple[State, int] | None:
    """State and length of the header; the form of times is that of most lines at the start of the file."""
    found = _COLUMNS.match(head)
    if found is None or (len(head) < HEAD_BYTES and not final):
        return None
    words = [word.strip().strip('"') for word in _text(found[2]).split("\t")]
    at = [word.lower() for word in words].index(_TIME)
    foreign = [_foreign(word) for word in words]
    columns = to_columns(arrange(foreign))
    for place, word in enumerate(words):
        if place == at or not word or _NUMBER_OF_RECORD.fullmatch(word):
            columns[place] = Column("time" if place == at else "ignore", word)
    rows = [line.split(b"\t") for line in head[found.end() :].splitlines()]
    part = compile_part(_choose([row[at].strip() for row in rows if len(row) == len(words)]))
    preamble = " | ".join(line.strip() for line in _text(found[1]).splitlines() if line.strip())
    attributes = {"instrument_model": "Aanderaa SeaGuard or SmartGuard"}
    attributes |= {"export_header": preamble} if preamble else {}
    declared = Declaration("", tuple(columns), delimiter=9, clock=(part,), zone=zone_of("UTC"), attributes=attributes)
    return State(declared), found.end()


def _foreign(word: str) -> Foreign:
    match = _UNIT.fullmatch(word)
    return aanderaa_column("", match[1], match[2]) if match else Foreign(word, "", None)


def _choose(words: list[bytes]) -> str:
    """Form that most of the times have."""
    patterns = {text: compile_part(text).pattern or re.compile(b"") for text in _FORMATS}
    return max(_FORMATS, key=lambda text: sum(patterns[text].fullmatch(word) is not None for word in words))


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values in the vocabulary's units; see `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    variables, columns = variables_of(batch, state.declared)
    attributes = {**columns.attributes, **state.declared.attributes}
    return {STREAM: assemble(batch, variables, batch.columns["time"], attributes)}


READER = Reader(
    name="seaguard_text",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    instruments=("Aanderaa SeaGuard and SmartGuard: text export (not yet seen on a real file)",),
)
