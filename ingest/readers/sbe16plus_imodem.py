"""Sea-Bird SBE 16plus-IM CTDs: files of a mooring's inductive modem, a status of `#` lines and converted values.

`50059,23.8673,-0.00001,0.003,1.6306,3.6780,1.8025,4.0166,04Aug201506:00:03`: serial number, temperature, conductivity
(S/m), pressure, as many external voltages as the instrument was told to sample, and its own clock, which is the time.

There is no checksum: a flipped digit gives another value, and nothing in the format can tell.

References
----------
Sea-Bird Scientific, SBE 16plus-IM V2 manual: output formats, converted engineering units in decimal form.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.dataset import assemble
from ingest.reader import Calibration, Reader, Records
from ingest.sea_bird.clock import WIDTH, read_dates
from ingest.text import Bytes, Lines, Places, matrix
from ingest.textual.dcl import Verdict
from ingest.textual.fields import Table, read_table
from ingest.textual.logger_lines import ByHead, Found
from ingest.timecode import Times

STREAM = "samples"
WATER = ("temperature", "conductivity", "pressure")
_DECIMALS = (4, 5, 3)  # fixed by the firmware: one with fewer is cut, one with others is another value
_VOLTAGE_DECIMALS = 4
_PARTS = ((0, 2), (2, 5), (5, 9), (9, 17))  # of 04Aug201506:00:03
_DATE = rb"\d\d[A-Z][a-z]{2}\d{4}\d\d:\d\d:\d\d"
_VALUES = b"".join(rb", *-?\d{1,5}\.\d{%d}" % decimals for decimals in _DECIMALS)
_RECORD = rb"(\d{1,8})" + _VALUES + rb"((?:, *-?\d{1,2}\.\d{4}){0,6}), *" + _DATE
_ANY_LINE = re.compile(rb"^" + _RECORD + rb"[ \t]*\r?$", re.MULTILINE)
_STATUS = re.compile(rb"^#SBE 16plus-IM\b", re.MULTILINE)
_BEGIN = re.compile(rb"^#Begin Data", re.MULTILINE)
_RECORDED = re.compile(rb"^##?SamplesRecorded = *(\d{1,9})", re.MULTILINE)
_TOLD = re.compile(rb"#[\x20-\x7e]*")
_COMMA = 44


@dataclass(frozen=True)
class State:
    """Serial number and number of voltages of most records of the head, and the samples that the status states."""

    serial_number: bytes
    voltages: int
    samples: int | None


def sniff(head: bytes, name: str) -> bool:
    """Claim the status of a 16plus-IM, with a record behind it or none."""
    return _STATUS.search(head) is not None and _BEGIN.search(head) is not None


def _first(block: bytes) -> int:
    found = _ANY_LINE.search(block)
    return -1 if found is None else found.start()


def _recognise(head: bytes) -> State:
    seen = Counter((match[1], match[2].count(b",")) for match in _ANY_LINE.finditer(head))
    samples = _RECORDED.search(head)
    return State(*seen.most_common(1)[0][0], int(samples[1]) if samples else None)


def _find(buffer: Bytes, lines: Lines, state: State) -> Found:
    count = 2 + len(WATER) + state.voltages
    table = read_table(buffer, (lines.start, lines.stop), _COMMA, count, texts=(0, -1), blanks=True)
    row = table.row
    time, dated, valid = _dates(buffer, table.start[1], table.stop[1])
    ours = _is_serial(buffer, table, state.serial_number)
    fits = dated & table.numeric & ours
    decimals = (*_DECIMALS, *[_VOLTAGE_DECIMALS] * state.voltages)
    whole = np.ones(row.size, dtype=bool)
    for place, wanted in enumerate(decimals, start=1):
        least = wanted + 2 + (table.value[place] < 0)
        whole &= (table.decimals[place] == wanted) & (table.width[place] >= least)
    good = fits & valid & whole
    columns = {"time": time[good], "value": table.value[1:-1][:, good].T}
    faults: dict[str, Places] = {
        "instrument's clock is not a time": row[fits & ~valid],
        "value that lost digits": row[fits & ~whole],
    }
    return Found({STREAM: (row[good], columns)}, faults, _described(buffer, lines))


def _dates(buffer: Bytes, start: Places, stop: Places) -> tuple[Times, NDArray[np.bool_], NDArray[np.bool_]]:
    """Dates as `read_dates` gives them, which this instrument prints without blanks."""
    long = stop - start == _PARTS[-1][1]
    spread = np.full((int(long.sum()), WIDTH), ord(" "), dtype=np.uint8)
    text = matrix(buffer, start[long], _PARTS[-1][1])
    for number, (first, last) in enumerate(_PARTS):
        spread[:, first + number : last + number] = text[:, first:last]
    places = np.arange(spread.shape[0], dtype=np.int64) * WIDTH
    time = np.zeros(start.size, dtype="datetime64[us]")
    fits, valid = np.zeros(start.size, dtype=bool), np.zeros(start.size, dtype=bool)
    time[long], fits[long], valid[long] = read_dates(spread.ravel(), places, places + WIDTH)
    return time, fits, valid


def _is_serial(buffer: Bytes, table: Table, serial: bytes) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = table.stop[0] - table.start[0] == len(serial)
    same[same] = (matrix(buffer, table.start[0][same], len(serial)) == np.frombuffer(serial, np.uint8)).all(axis=1)
    return same


def _described(buffer: Bytes, lines: Lines) -> list[int]:
    """Numbers of the lines of the status."""
    rows = np.flatnonzero(lines.stop > lines.start)
    rows = rows[buffer[lines.start[rows]] == ord("#")]
    bounds = zip(rows.tolist(), lines.start[rows].tolist(), lines.stop[rows].tolist(), strict=True)
    return [row for row, start, stop in bounds if _TOLD.fullmatch(buffer[start:stop].tobytes())]


def _judge(line: bytes) -> Verdict:
    if not line.strip():
        return True, "blank line"
    if _TOLD.fullmatch(line.rstrip()):
        return True, "status without a record"
    return False, "not a record of a 16plus-IM, or one of another layout than most"


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values as the instrument computed them; its calibration is inside. See `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    names = (*WATER, *(f"external_voltage_{number}" for number in range(state.voltages)))
    variables = {name: np.ascontiguousarray(batch.columns["value"][:, place]) for place, name in enumerate(names)}
    attributes = {"instrument_model": "Sea-Bird SBE 16plus-IM V2", "serial_number": state.serial_number.decode()}
    return {STREAM: assemble(batch, variables, batch.columns["time"], attributes)}


def expected(state: State | None) -> int | None:
    """Return the samples that the status states."""
    return state.samples if state else None


_LINES = ByHead(_first, _recognise, _find, _judge)

READER = Reader(
    name="sbe16plus_imodem",
    version=1,
    sniff=sniff,
    parse=_LINES.parse,
    finish=_LINES.finish,
    to_dataset=to_dataset,
    expected=expected,
    lines=True,
    instruments=("Sea-Bird SBE 16plus-IM V2: files of an inductive modem",),
)
