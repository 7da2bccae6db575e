"""RBR loggers: text that Ruskin exports, older and newer.

The older is one file with a header of `Key=value` lines and columns between blanks.

`Channel[n].name` and `Channel[n].units` name the measured columns in their order. Columns behind them (depth, salinity)
are derived by Ruskin and have no unit in the file: they are kept beside, unnamed. Measured pressure includes air. Time
is the logger's clock, taken as UTC; `HostTime` and `LoggerTime`, two clocks at one moment, are attributes.

The newer is `<name>_data.txt`, columns between commas under a line of their names, with `<name>_metadata.txt` beside
it, whose JSON alone tells the units (`ingest.containers.ruskin_metadata`): without it no column can be named, and all
are kept unnamed.

Built from descriptions and headers that others published; not yet seen on a real file. There is no checksum.

References
----------
RBR Ltd, Ruskin user guide, "Export data"; headers quoted in the sources of the IMOS toolbox (XRParse.m) and of
petejan/imos-tools.
"""

import re
from collections.abc import Mapping

import xarray as xr

from ingest.containers import ruskin_metadata
from ingest.dataset import assemble
from ingest.declared.clock_format import compile_part, zone_of
from ingest.declared.declaration import Column, Declaration
from ingest.declared.lines import STREAM, State, parse_with_header, to_columns, variables_of
from ingest.reader import HEAD_BYTES, Beside, Calibration, Parsed, Reader, Records
from ingest.textual.columns import arrange, rbr_column

_COLUMNS = re.compile(rb"^[ \t]*Date & Time[ \t]+(\S[^\r\n]*)\r?\n", re.MULTILINE)
_PAIR = re.compile(rb"^([A-Za-z]\w*(?:\[\d+\]\.\w+)?)=+[ \t]*([^\r\n]*?)[ \t]*\r?$", re.MULTILINE)
_DATES = ("%d-%b-%Y", "%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y")
_CLOCKS = ("%H:%M:%S.%f", "%H:%M:%S", "%H:%M:%S.%fZ", "%H:%M:%SZ")
_ATTRIBUTES = {"Serial": "serial_number", "Firmware": "firmware", "HostVersion": "ruskin_version",
               "HostTime": "host_time", "LoggerTime": "logger_time", "LoggingSamplingPeriod": "sampling_period",
               "LoggingStartTime": "logging_start", "LoggingEndTime": "logging_end"}  # fmt: skip


def sniff(head: bytes, name: str) -> bool:
    """Claim Ruskin's header: model, serial number and channels, and the line of the columns; or the newer export."""
    if ruskin_metadata.is_table(head):
        return True
    keys = {match[1] for match in _PAIR.finditer(head)}
    return {b"Model", b"Serial"} <= keys and (b"NumberOfChannels" in keys or b"HostVersion" in keys) and bool(
        _COLUMNS.search(head)
    )


def parse(block: bytes, offset: int, state: State | None) -> Parsed:
    """Header, then lines to records; see `Reader.parse`."""
    return parse_with_header(block, offset, state, _describe, final=False)


def finish(rest: bytes, offset: int, state: State | None) -> Parsed:
    """Last lines; see `Reader.finish`."""
    return parse_with_header(rest, offset, state, _describe, final=True)


def _describe(head: bytes, final: bool) -> tuple[State, int] | None:
    """State and length of the header; the form of times is that of most lines at the start of the file."""
    if ruskin_metadata.is_table(head):
        unnamed = [(name, "") for name in ruskin_metadata.names(head)]
        return State(ruskin_metadata.declaration(unnamed, {}), header_left=1), 0
    found = _COLUMNS.search(head)
    if found is None or (len(head) < HEAD_BYTES and not final):
        return None
    told = {match[1].decode(): _text(match[2]) for match in _PAIR.finditer(head[: found.start()])}
    words = _text(found[1]).split()
    measured = [rbr_column(told.get(f"Channel[{place}].name", word), _unit(told.get(f"Channel[{place}].units", "")))
                for place, word in enumerate(words, 1)]  # fmt: skip
    columns = (Column("time", "date"), Column("time", "time"), *to_columns(arrange(measured)))
    rows = [line.split(None, 2) for line in head[found.end() :].splitlines()]
    first, second = ([row[place] for row in rows if len(row) == 3] for place in (0, 1))
    formats = _choose(_DATES, first), _choose(_CLOCKS, second)
    declared = Declaration(
        file="", columns=columns, delimiter=None, clock=tuple(map(compile_part, formats)), zone=zone_of("UTC"),
        attributes=_attributes(told),
    )  # fmt: skip
    promised = told.get("NumberOfSamples", "")
    return State(declared, promised=int(promised) if promised.isascii() and promised.isdigit() else None), found.end()


def _choose(formats: tuple[str, ...], words: list[bytes]) -> str:
    """Form that most of the words have."""
    patterns = {text: compile_part(text).pattern or re.compile(b"") for text in formats}
    return max(formats, key=lambda text: sum(patterns[text].fullmatch(word) is not None for word in words))


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:  # a degree sign of Windows
        return raw.decode("latin-1")


def _unit(text: str) -> str:
    """`dBar (deciBars)` to dBar."""
    return re.sub(r"\s*\(.*\)$", "", text)


def _attributes(told: Mapping[str, str]) -> dict[str, str]:
    found = {name: told[key] for key, name in _ATTRIBUTES.items() if told.get(key)}
    return {"instrument_model": f"RBR {told.get('Model', '')}".strip(), **found}


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values in the vocabulary's units; see `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    variables, columns = variables_of(batch, state.declared)
    attributes = {"instrument_model": "RBR", **columns.attributes, **state.declared.attributes}
    return {STREAM: assemble(batch, variables, batch.columns["time"], attributes)}


def expected(state: State) -> int | None:
    """Samples that the header promises."""
    return state.promised


READER = Reader(
    name="rbr_ruskin_text",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    expected=expected,
    lines=True,
    beside=Beside(
        ruskin_metadata.describe, ruskin_metadata.files, ruskin_metadata.is_metadata, ruskin_metadata.mistakes
    ),
    instruments=("RBR loggers: text export of Ruskin (not yet seen on a real file)",),
)
