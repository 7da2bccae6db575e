"""Pro-Oceanus CO2-Pro, in water and above it: lines of a logger.

`2014/02/17 00:58:14.840 #2014/02/17 01:00:12, M,44392,41900,358.77,40.1,11.275,22.920,1008,39.8,40.4,W`. The last
letter says whether gas from the water (W) or air (A) was measured; the two are streams of their own and never mixed.
The instrument's clock is the time: it sends its readings of air minutes late and all at once, so that the logger's
stamp, kept as its offset, would not do.

The instrument prints a fixed number of decimals, which most of a file's first lines tell: `358` for 358.77 and `692`
for 8.692 were seen among real lines. There is no checksum: a flipped digit gives another value, and nothing in the
format can tell.

References
----------
Pro-Oceanus, CO2-Pro Atmosphere user manual: output format.
"""

import re
from collections import Counter
from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.dataset import assemble
from ingest.reader import Calibration, Reader, Records
from ingest.text import Bytes, Lines, Places
from ingest.textual.dcl import STAMP, TAG, Verdict, is_silent, known_noise, read_stamps
from ingest.textual.fields import Table, pick, read_clock, read_table
from ingest.textual.logger_lines import ByHead, Found
from ingest.timecode import from_fields

WATER, AIR = "water", "air"
_LETTERS = {WATER: ord("W"), AIR: ord("A")}
VARIABLES = (
    "zero_counts",
    "current_counts",
    "carbon_dioxide_mole_fraction",
    "detector_block_temperature",
    "cell_water_vapour_pressure",
    "humidity_sensor_temperature",
    "gas_stream_pressure",
    "detector_temperature",
    "source_temperature",
)
"""Values of a line, in order, after date and `M`."""

_NUMBER = rb" *-?\d{1,9}(?:\.\d{1,6})?"
_PAYLOAD = rb"#\d{4}/\d\d/\d\d \d\d:\d\d:\d\d, *M((?:," + _NUMBER + rb"){%d}), *[AW]" % len(VARIABLES)
_ANY_LINE = re.compile(rb"^" + STAMP + TAG + _PAYLOAD + rb"[ \t]*\r?$", re.MULTILINE)
_NOISE_BEFORE = re.compile(STAMP + TAG + rb".+?" + _PAYLOAD + rb"\s*", re.DOTALL)
_CUT = re.compile(STAMP + TAG + rb"#\d{4}/\d\d/\d\d[ \d:,.M-]*")
_CLOCK = b"#0000/00/00 00:00:00"
_COMMA, _MEASURED = 44, ord("M")


_TAGS = frozenset({b"pco2a"})


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with at least one whole record in its head, or a silent log."""
    return is_silent(head, _TAGS) or _first(head) >= 0


def _first(block: bytes) -> int:
    found = _ANY_LINE.search(block)
    return -1 if found is None else found.start()


Decimals = tuple[int, ...]
"""Of each value, as most lines of the head have them."""


def _recognise(head: bytes) -> Decimals:
    texts = [match[8].split(b",")[1:] for match in _ANY_LINE.finditer(head)]
    seen = (Counter(len(text.partition(b".")[2]) for text in column) for column in zip(*texts, strict=True))
    return tuple(one.most_common(1)[0][0] for one in seen)


def _whole(table: Table, decimals: Decimals) -> NDArray[np.bool_]:
    """Whether every value has the decimals it has in most lines, and a digit before the point."""
    whole = np.ones(table.row.size, dtype=np.bool_)
    for place, count in enumerate(decimals, start=2):
        least = count + (2 if count else 1) + (table.value[place] < 0)
        whole &= (table.decimals[place] == count) & (table.width[place] >= least)
    return whole


def _find(buffer: Bytes, lines: Lines, decimals: Decimals) -> Found:
    """Read every stamped line of as many fields as a record has, and sort by the letter at its end."""
    stamped = read_stamps(buffer, lines)
    table = read_table(buffer, (stamped.payload, lines.stop), _COMMA, len(VARIABLES) + 3, texts=(0, 1, -1), blanks=True)
    row = table.row
    clock, fits = read_clock(buffer, table.start[0], table.stop[0], _CLOCK)
    time, valid = from_fields((clock[0], clock[1], clock[2]), (clock[3], clock[4], clock[5]))
    # An empty field may stand at the very end of the buffer.
    kind, letter = buffer[np.minimum(table.start[1:], max(buffer.size - 1, 0))] if row.size else table.start[1:]
    fits &= stamped.stamped[row] & table.numeric & (kind == _MEASURED)
    fits &= (table.width[1] == 1) & (table.width[-1] == 1)
    fits &= (table.decimals[2] == 0) & (table.decimals[3] == 0)
    fits &= (letter == _LETTERS[WATER]) | (letter == _LETTERS[AIR])
    whole = _whole(table, decimals)
    good = fits & stamped.valid[row] & valid & whole
    records = {}
    for stream, code in _LETTERS.items():
        here = pick(good & (letter == code))
        columns = {name: table.value[place + 2, here] for place, name in enumerate(VARIABLES)}
        offset = (stamped.time[row[here]] - time[here]).astype(np.int64)
        records[stream] = (row[here], {"time": time[here], "logger_clock_offset": offset, **columns})
    faults: dict[str, Places] = {
        "stamp is not a time": row[fits & ~stamped.valid[row]],
        "instrument's clock is not a time": row[fits & ~valid],
        "value that lost digits": row[fits & ~whole],
    }
    return Found(records, faults)


def _judge(line: bytes) -> Verdict:
    """Whether a line that is no record is known noise, and what it is."""
    if _NOISE_BEFORE.fullmatch(line):
        return False, "record with noise before it"
    if _CUT.fullmatch(line):
        return False, "line cut before the letter that says air or water"
    noise = known_noise(line)
    return (True, noise) if noise is not None else (False, "not a record of a CO2-Pro")


def to_dataset(records: Records, state: Decimals, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values as the instrument reports them; its calibration is inside. See `Reader.to_dataset`."""
    streams = {}
    for stream, batch in records.batches.items():
        held = {name: batch.columns[name] for name in (*VARIABLES, "logger_clock_offset")}
        for name in VARIABLES[:2]:
            held[name] = held[name].astype(np.int32)
        attributes = {"instrument_model": "Pro-Oceanus CO2-Pro", "medium": stream}
        streams[stream] = assemble(batch, held, batch.columns["time"], attributes)
    return streams


_LINES = ByHead(_first, _recognise, _find, _judge)

READER = Reader(
    name="pro_oceanus_co2",
    version=2,
    sniff=sniff,
    parse=_LINES.parse,
    finish=_LINES.finish,
    to_dataset=to_dataset,
    lines=True,
    instruments=("Pro-Oceanus CO2-Pro, water and air: text in a logger's time-stamped lines",),
)
