"""Sea-Bird SBE 16plus V2 CTDs in real time: converted values in lines of a logger.

`2013/11/23 00:00:25.236 # 13.7971,  4.01241,    6.536,  33.4881, 1501.145, 23 Nov 2013 00:00:21,  25.0608, ...`:
temperature, conductivity and pressure, then what the instrument was told to add, before or after its own clock, which
is the time here; the logger's stamp is kept as its offset. What the further values are nobody writes down: two before
the clock are salinity and sound speed, and the one behind it then density; three whole numbers are counts of an
optical sensor; a single one is salinity where it agrees with temperature and conductivity, else oxygen of an optode.
Others are kept in `unmapped_columns`. All lines of a file have the layout of most of its first lines.

There is no checksum: a flipped digit gives another value, and nothing in the format can tell.

References
----------
Sea-Bird Scientific, SBE 16plus V2 manual: output formats, converted engineering units in decimal form.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gsw
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.dataset import assemble
from ingest.reader import Calibration, Reader, Records
from ingest.sea_bird.clock import PATTERN, read_dates
from ingest.text import Bytes, Lines
from ingest.textual.dcl import STAMP, TAG, Verdict, is_silent, known_noise, read_stamps
from ingest.textual.fields import Table, numbers, pick, read_table
from ingest.textual.logger_lines import ByHead, Found

STREAM = "samples"
UNMAPPED = "unmapped_columns"
_NUMBER = rb" *-?\d{1,6}(?:\.\d{1,6})?"
_VALUES = _NUMBER + rb"(?:," + _NUMBER + rb"){2,8}"
_PAYLOAD = rb"[ #]*+(" + _VALUES + rb"), *" + PATTERN + rb"((?:," + _NUMBER + rb"){0,6})"
_ANY_LINE = re.compile(rb"^" + STAMP + TAG + _PAYLOAD + rb" *\r?$", re.MULTILINE)
_NOISE_BEFORE = re.compile(STAMP + TAG + rb".+?" + _PAYLOAD + rb"\s*", re.DOTALL)
_CUT = re.compile(STAMP + TAG + rb"[ #]*-?\d+\.\d*,[-#\d., :A-Za-z]*")
_COMMA, _HASH, _SPACE = 44, 35, 32
_AGREES = 0.05  # practical salinity: outputs are rounded, and the instrument's is averaged


@dataclass(frozen=True)
class State:
    """Layout of a line: how many values before and after the clock, what each is, and decimals of each."""

    before: int
    after: int
    names: tuple[str | None, ...]
    decimals: tuple[int, ...] = ()


_TAGS = frozenset({b"ctdbp"})


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with at least one whole record in its head, or a silent log."""
    return is_silent(head, _TAGS) or _first(head) >= 0


def _first(block: bytes) -> int:
    found = _ANY_LINE.search(block)
    return -1 if found is None else found.start()


def _recognise(head: bytes) -> State:
    """Take the layout that most lines of the head have, so that one damaged line does not decide for the file."""
    lines = [(_numbers(match[8]), _numbers(match[9])) for match in _ANY_LINE.finditer(head)]
    (before, after), _ = Counter((len(first), len(second)) for first, second in lines).most_common(1)[0]
    alike = [(*first, *second) for first, second in lines if (len(first), len(second)) == (before, after)]
    seen = (Counter(len(text.partition(b".")[2]) for text in texts) for texts in zip(*alike, strict=True))
    decimals = tuple(one.most_common(1)[0][0] for one in seen)
    return State(before, after, _names(alike, before, after), decimals)


def _numbers(text: bytes) -> list[bytes]:
    return [part.strip() for part in text.split(b",") if part.strip()]


def _names(lines: list[tuple[bytes, ...]], before: int, after: int) -> tuple[str | None, ...]:
    water = ("temperature", "conductivity", "pressure")
    further: tuple[str | None, ...] = (None,) * (before - 3)
    behind: tuple[str | None, ...] = (None,) * after
    whole = all(b"." not in text for line in lines for text in line[3:before])
    if before == 4:
        further = ("practical_salinity" if _is_salinity(lines) else "oxygen_concentration_uncompensated",)
    elif before == 6 and whole:
        further = ("optical_counts_0", "optical_counts_1", "optical_counts_2")
    elif before in (5, 6) and _is_salinity(lines):
        further = ("practical_salinity", "sound_speed", "sigma_t")[: before - 3]
        behind = ("sigma_t", *behind[1:]) if before == 5 and after else behind
    return (*water, *further, *behind)


def _is_salinity(lines: list[tuple[bytes, ...]]) -> bool:
    """Whether the fourth value is what temperature, conductivity and pressure make it, in most lines."""
    values = np.array([[float(text) for text in line[:4]] for line in lines]).T
    with np.errstate(all="ignore"):
        salinity = gsw.SP_from_C(values[1] * 10.0, values[0], values[2])
    return float(np.mean(np.abs(values[3] - salinity) < _AGREES)) > 0.5


def _find(buffer: Bytes, lines: Lines, state: State) -> Found:
    stamped = read_stamps(buffer, lines)
    table = read_table(
        buffer,
        (stamped.payload, lines.stop),
        _COMMA,
        state.before + 1 + state.after,
        texts=(0, state.before),
        blanks=True,
    )
    row = table.row
    # A `#` before the first value may be missing or doubled.
    start = table.start[0].copy()
    for _ in range(4):
        first = buffer[np.minimum(start, buffer.size - 1)] if start.size else buffer[:0]
        start += (start < table.stop[0]) & ((first == _HASH) | (first == _SPACE))
    read = numbers(buffer, start, table.stop[0])
    time, fits, valid = read_dates(buffer, table.start[1], table.stop[1])
    fits &= stamped.stamped[row] & table.numeric & read.valid
    table.value[0], table.decimals[0] = read.value, read.decimals
    table.width[0] = np.clip(table.stop[0] - start, 0, 255)
    places = [place for place in range(len(table.value)) if place != state.before]
    whole = _whole(table, places, state)
    good = fits & valid & stamped.valid[row] & whole
    held = pick(good)
    columns = {
        "time": time[held],
        "logger_clock_offset": (stamped.time[row[held]] - time[held]).astype(np.int64),
        "value": table.value[places][:, held].T,
    }
    faults = {
        "stamp is not a time": row[fits & ~stamped.valid[row]],
        "instrument's clock is not a time": row[fits & ~valid],
        "value that lost digits": row[fits & ~whole],
    }
    return Found({STREAM: (row[good], columns)}, faults)


def _whole(table: Table, places: list[int], state: State) -> NDArray[np.bool_]:
    """Whether every value has the decimals it has in most lines, and a digit before the point.

    The instrument prints a fixed number of decimals. `.62187` for 3.62187 and `6` for 6.847 were seen in real logs.
    """
    whole = np.ones(table.row.size, dtype=np.bool_)
    for place, decimals in zip(places, state.decimals, strict=False):
        least = decimals + (2 if decimals else 1) + (table.value[place] < 0)
        whole &= (table.decimals[place] == decimals) & (table.width[place] >= least)
    return whole


def _judge(line: bytes) -> Verdict:
    if re.fullmatch(STAMP + TAG + _PAYLOAD + rb"\s*", line):
        return False, "record of another layout than most"
    if _NOISE_BEFORE.fullmatch(line):
        return False, "record with noise before it"
    if _CUT.fullmatch(line):
        return False, "line with too few fields"
    noise = known_noise(line)
    return (True, noise) if noise is not None else (False, "not a record of a CTD")


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values as the instrument computed them; its calibration is inside. See `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    value = batch.columns["value"].T
    named = [(place, name) for place, name in enumerate(state.names) if name is not None]
    variables: dict[str, Any] = {
        name: value[place].astype(np.int32 if name.startswith("optical_counts") else np.float64)
        for place, name in named
    }
    variables["logger_clock_offset"] = batch.columns["logger_clock_offset"]
    attributes = {"instrument_model": "Sea-Bird SBE 16plus V2"}
    unmapped = [place for place, name in enumerate(state.names) if name is None]
    if unmapped:
        variables[UNMAPPED] = (("unmapped_column",), np.ascontiguousarray(value[unmapped].T))
        attributes[UNMAPPED] = "; ".join(f"value {place + 1} of the line, not named in the file" for place in unmapped)
    return {STREAM: assemble(batch, variables, batch.columns["time"], attributes)}


_LINES = ByHead(_first, _recognise, _find, _judge)

READER = Reader(
    name="sbe16plus_dcl",
    version=2,
    sniff=sniff,
    parse=_LINES.parse,
    finish=_LINES.finish,
    to_dataset=to_dataset,
    lines=True,
    instruments=("Sea-Bird SBE 16plus V2: converted values in a logger's time-stamped lines",),
)
