"""Sea-Bird SeapHOx V2: records in the lines of a logger.

`2024/08/10 00:33:58.804 DSPHOX02056,2024-08-10T00:33:50,  11937, 0000,  9.4181,...`: the logger's stamp, then a record
as `ingest.sea_bird.seaphox_lines` describes it. The instrument's clock is the time: it stamps the measurement, the
logger the line some seconds later, which is kept as the offset of its clock. What the instrument acknowledges
(`<Executed/>`) and the logger's messages are noise.

No real file is at hand. Built after the logs of the Ocean Observatories Initiative's coastal moorings, whose first is
that line. There is no checksum: a flipped digit gives another value, and nothing in the format can tell.
"""

import re
from collections.abc import Mapping

import numpy as np
import xarray as xr

from ingest.reader import Calibration, Reader, Records
from ingest.sea_bird.seaphox_lines import STREAM, Instrument, any_line, dataset, find_records, first_line, instrument
from ingest.text import Bytes, Lines, Places
from ingest.textual.dcl import STAMP, TAG, Verdict, is_silent, known_noise, read_stamps
from ingest.textual.logger_lines import ByHead, Found

_BEFORE = STAMP + TAG
_ANY_LINE = any_line(_BEFORE)
_TAGS = frozenset({b"cphox", b"phox", b"seaphox"})
_DIALOGUE = re.compile(_BEFORE + rb"\s*(?:SL|S>[\x20-\x7e]*|<Execut(?:ed|ing)/>)\s*")
_PART = re.compile(rb"SPHOX|\d{4}-\d\d-\d\dT|(?:,\s*-?\d+\.\d+){3}")


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with at least one whole record in its head, or a silent log."""
    return is_silent(head, _TAGS) or _first(head) >= 0


def _first(block: bytes) -> int:
    return first_line(block, _ANY_LINE)


def _recognise(head: bytes) -> Instrument:
    return instrument(head, _BEFORE)


def _find(buffer: Bytes, lines: Lines, known: Instrument) -> Found:
    stamped = read_stamps(buffer, lines)
    found = find_records(buffer, stamped.payload, lines.stop, known.layout)
    good = found.valid & stamped.valid[found.row]
    row, columns = found.where(good)
    columns["logger_clock_offset"] = (stamped.time[row] - columns["time"]).astype(np.int64)
    faults: dict[str, Places] = {
        "record without the logger's stamp": found.row[~stamped.stamped[found.row]],
        "stamp is not a time": found.row[~stamped.valid[found.row]],
        "instrument's clock is not a time": found.row[~found.valid],
    }
    return Found({STREAM: (row, columns)}, faults)


def _judge(line: bytes) -> Verdict:
    if _DIALOGUE.fullmatch(line):
        return True, "terminal dialogue"
    noise = None if _PART.search(line) else known_noise(line)
    return (True, noise) if noise is not None else (False, "not a whole record of a SeapHOx")


def to_dataset(records: Records, state: Instrument, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values as the instrument computed them; its calibration is inside. See `Reader.to_dataset`."""
    return {STREAM: dataset(records.batches[STREAM], state, further=("logger_clock_offset",))}


_LINES = ByHead(_first, _recognise, _find, _judge)

READER = Reader(
    name="seaphox_dcl",
    version=1,
    sniff=sniff,
    parse=_LINES.parse,
    finish=_LINES.finish,
    to_dataset=to_dataset,
    lines=True,
    instruments=("Sea-Bird SeapHOx V2: text in a logger's time-stamped lines",),
)
