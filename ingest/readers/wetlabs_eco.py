r"""WET Labs / Sea-Bird ECO fluorometers and turbidity meters: lines of a logger.

`2014/01/01 00:00:11.292 12/31/13<TAB>23:59:45<TAB>700<TAB>221<TAB>695<TAB>143<TAB>460<TAB>84<TAB>554<CR><LF>`. The
logger's stamp is the time; the instrument's own clock, which no one sets at sea, is kept as its offset from it.
Channels differ with the model: the wavelength before each count tells which it is.

There is no checksum: a flipped digit gives another value, and nothing in the format can tell.

References
----------
WET Labs, ECO user manual: data format, device file.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ingest.chemistry import eco_layout
from ingest.dataset import assemble
from ingest.reader import Calibration, Reader, Records
from ingest.text import Bytes, Lines, Places
from ingest.textual.dcl import STAMP, TAG, Verdict, has_own_end, is_silent, known_noise, read_stamps
from ingest.textual.fields import pick, read_clock, read_table
from ingest.textual.logger_lines import ByHead, Found

STREAM = "samples"
_PAYLOAD = rb"\d\d/\d\d/\d\d\t\d\d:\d\d:\d\d((?:\t\d{3}\t\d{1,5})+)\t(\d{1,5})"
_ANY_LINE = re.compile(rb"^" + STAMP + TAG + _PAYLOAD + rb"\r?$", re.MULTILINE)
_CUT = re.compile(STAMP + TAG + rb"\d\d/\d\d/\d\d\t[\d:\t]*")
_NOISE_BEFORE = re.compile(STAMP + TAG + rb".+?" + _PAYLOAD, re.DOTALL)
_TAB = 9


@dataclass(frozen=True)
class State:
    """Wavelengths of the channels, and digits of the last count: those of most lines of the head."""

    wavelengths: eco_layout.Wavelengths
    last_digits: int


def _layout(match: re.Match[bytes]) -> eco_layout.Wavelengths:
    return tuple(int(one) for one in match[8].split(b"\t")[1::2])


_TAGS = frozenset({b"flort"})


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with at least one whole record of known wavelengths in its head, or a silent log."""
    return is_silent(head, _TAGS) or _first(head) >= 0


def _first(block: bytes) -> int:
    known = (match.start() for match in _ANY_LINE.finditer(block) if eco_layout.is_layout(_layout(match)))
    return next(known, -1)


def _recognise(head: bytes) -> State:
    seen = Counter((_layout(match), len(match[9])) for match in _ANY_LINE.finditer(head))
    return State(*next(one for one, _ in seen.most_common() if eco_layout.is_layout(one[0])))


def _find(buffer: Bytes, lines: Lines, state: State) -> Found:
    """Read every stamped line that has as many fields as the file's records."""
    stamped = read_stamps(buffer, lines)
    table = read_table(
        buffer, (stamped.payload, lines.stop), _TAB, 3 + 2 * len(state.wavelengths), texts=(0, 1)
    )
    row = table.row
    clock, fits = read_clock(buffer, table.start[0], table.stop[1], b"00/00/00\t00:00:00")
    own_time, own_valid = eco_layout.instrument_clock(clock)
    fits &= stamped.stamped[row]
    for place in range(2, len(table.value)):
        fits &= (table.decimals[place] == 0) & (table.value[place] >= 0) & (table.width[place] <= 5)
    ours = np.ones(row.size, dtype=bool)
    for place, wavelength in enumerate(state.wavelengths):
        ours &= table.value[2 + 2 * place] == wavelength
    ended = has_own_end(buffer, lines.where(row)) | (table.width[-1] == state.last_digits)
    good = fits & stamped.valid[row] & own_valid & ours & ended
    held = pick(good)
    chosen = row[held]
    columns = {
        "time": stamped.time[chosen],
        "instrument_clock_offset": (own_time[held] - stamped.time[chosen]).astype(np.int64),
        "thermistor": table.value[-1, held].astype(np.int64),
        "counts": table.value[3:-1:2, held].T.astype(np.int64),
    }
    faults: dict[str, Places] = {
        "stamp is not a time": row[fits & ~stamped.valid[row]],
        "instrument's clock is not a time": row[fits & ~own_valid],
        "record with other wavelengths than most": row[fits & ~ours],
        "line cut in its last count": row[fits & ~ended],
    }
    return Found({STREAM: (chosen, columns)}, faults)


def _judge(line: bytes) -> Verdict:
    """Whether a line that is no record is known noise, and what it is."""
    noise = known_noise(line)
    if noise is not None:
        return True, noise
    if _NOISE_BEFORE.fullmatch(line):
        return False, "record with noise before it"
    if _CUT.fullmatch(line):
        return False, "line cut, or of another model"
    return False, "not a record of an ECO"


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Raw counts, and engineering units where the device sheet is given; see `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    columns = batch.columns
    held = eco_layout.variables(columns["counts"].T, columns["thermistor"], state.wavelengths, calibration)
    held["instrument_clock_offset"] = columns["instrument_clock_offset"]
    return {STREAM: assemble(batch, held, columns["time"], eco_layout.attributes(state.wavelengths))}


_LINES = ByHead(_first, _recognise, _find, _judge)

READER = Reader(
    name="wetlabs_eco",
    version=2,
    sniff=sniff,
    parse=_LINES.parse,
    finish=_LINES.finish,
    to_dataset=to_dataset,
    lines=True,
    instruments=("WET Labs / Sea-Bird ECO fluorometers and turbidity meters: text in a logger's time-stamped lines",),
)
