r"""Aanderaa oxygen optodes 4330, 4831 and 4835: tab-separated text, each line stamped by a logger.

`2015/03/30 00:00:15.376 4831<TAB>379<TAB>354.255 ... 448.6<CR><LF>`: the logger's stamp is the only clock. A tag such
as `[dosta1:DLOGP4]:` may follow the stamp, before messages of the logger and before the first data after power-on.

There is no checksum: a flipped digit gives another value, and nothing in the format can tell.

References
----------
Aanderaa Data Instruments, TD 269 Operating Manual Oxygen Optode 4330, 4831, 4835: output of all parameters.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import xarray as xr

from ingest.dataset import assemble
from ingest.reader import Calibration, Reader, Records
from ingest.text import Bytes, Lines, Places
from ingest.textual.dcl import STAMP, TAG, Verdict, has_own_end, is_silent, known_noise, read_stamps
from ingest.textual.fields import pick, read_table
from ingest.textual.logger_lines import ByHead, Found

STREAM = "samples"
MODELS = (4330, 4831, 4835)
VARIABLES = (
    "oxygen_concentration_uncompensated",
    "oxygen_air_saturation",
    "optode_temperature",
    "calibrated_phase",
    "temperature_compensated_phase",
    "blue_phase",
    "red_phase",
    "blue_amplitude",
    "red_amplitude",
    "raw_temperature",
)
"""Values of a line, in order, after model and serial number."""

_MODEL, _SERIAL, _NUMBER = rb"(\d{4})", rb"(\d{1,6})", rb"(-?\d{1,9}(?:\.\d{1,6})?)"
_VALUES = _MODEL + rb"\t" + _SERIAL + (rb"\t" + _NUMBER) * len(VARIABLES)
_ANY_LINE = re.compile(rb"^" + STAMP + TAG + _VALUES + rb"\r?$", re.MULTILINE)
_TAB = 9


@dataclass(frozen=True)
class State:
    """Which optode the file is of, and how many decimals its last value has: what most of the first lines say."""

    model: int
    serial: int
    last_decimals: int


_TAGS = frozenset({b"dosta"})


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with at least one whole record of a known model in its head, or a silent log."""
    return is_silent(head, _TAGS) or _first(head) >= 0


def _first(block: bytes) -> int:
    known = (match.start() for match in _ANY_LINE.finditer(block) if int(match[8]) in MODELS)
    return next(known, -1)


def _recognise(head: bytes) -> State:
    """Take the optode that most records of the head name, so that one damaged digit does not decide for the file."""
    seen = [match for match in _ANY_LINE.finditer(head) if int(match[8]) in MODELS]
    (model, serial), _ = Counter((int(match[8]), int(match[9])) for match in seen).most_common(1)[0]
    return State(model, serial, Counter(_decimals(match[match.re.groups]) for match in seen).most_common(1)[0][0])


def _decimals(number: bytes) -> int:
    return len(number.partition(b".")[2])


def _find(buffer: Bytes, lines: Lines, state: State) -> Found:
    """Read every stamped line that has as many fields as a record."""
    stamped = read_stamps(buffer, lines)
    table = read_table(buffer, (stamped.payload, lines.stop), _TAB, len(VARIABLES) + 2)
    row = table.row
    fits = stamped.stamped[row] & table.numeric & (table.width[0] == 4) & (table.width[1] <= 6)
    # Digits in the right number: what a sign, a point or a lost digit makes of model and serial is no optode's.
    for place in (0, 1):
        fits &= (table.decimals[place] == 0) & (table.value[place] >= 0)
    for place in range(2, len(VARIABLES) + 2):
        fits &= (table.width[place] <= _WIDEST_VALUE) & (table.decimals[place] <= 6)
    valid = stamped.valid[row]
    ours = (table.value[0] == (state.model or -1)) & (table.value[1] == (state.serial or -1))
    whole = has_own_end(buffer, lines.where(row)) | (table.decimals[-1] == state.last_decimals)
    good = pick(fits & valid & ours & whole)
    columns = {name: table.value[place + 2, good] for place, name in enumerate(VARIABLES)}
    faults: dict[str, Places] = {
        "stamp is not a time": row[fits & ~valid],
        f"record of another optode than {state.model} serial {state.serial}": row[fits & ~ours],
        "line cut in its last value": row[fits & ~whole],
    }
    return Found({STREAM: (row[good], {"time": stamped.time[row[good]], **columns})}, faults)


_WIDEST_VALUE = 17
_NOISE_BEFORE_RECORD = re.compile(STAMP + TAG + rb".+?" + _VALUES, re.DOTALL)
_CUT = re.compile(STAMP + TAG + rb"\d{4}(\t[-.\d]*)*")


def _judge(line: bytes) -> Verdict:
    """Whether a line without the form of a record is known noise, and what it is."""
    noise = known_noise(line)
    if noise is not None:
        return True, noise
    if _NOISE_BEFORE_RECORD.fullmatch(line):
        # Seen in 20150330.dosta1.log line 2. Where the noise ends nobody can tell: it may have eaten digits.
        return False, "record with noise before it"
    if _CUT.fullmatch(line):
        return False, f"line with {line.count(bytes([9])) + 1} of {len(VARIABLES) + 2} fields"
    return False, "not a record of an optode"


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values as the optode reports them; its calibration is inside the instrument. See `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    variables = {name: batch.columns[name] for name in VARIABLES}
    attributes = {"instrument_model": f"Aanderaa optode {state.model}", "serial_number": str(state.serial)}
    return {STREAM: assemble(batch, variables, batch.columns["time"], attributes)}


_LINES = ByHead(_first, _recognise, _find, _judge)

READER = Reader(
    name="aanderaa_optode",
    version=2,
    sniff=sniff,
    parse=_LINES.parse,
    finish=_LINES.finish,
    to_dataset=to_dataset,
    lines=True,
    instruments=("Aanderaa oxygen optode 4330, 4831, 4835: text in a logger's time-stamped lines",),
)
