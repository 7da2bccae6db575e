"""Sea-Bird SBE 52-MP profiler CTD: lines of four numbers below a line for each profile.

` 20.5914,  4.1870,  161.06,   2693.0`: conductivity in mmho/cm (a tenth of a S/m), temperature, pressure and the
frequency of the oxygen sensor. Samples carry no time; they are numbered by `scan`. The lines of each profile's header
(`*** Starting profile number 3 ***`, a date, positions) tell nothing of the single sample and are accepted as they are.

There is no checksum: a flipped digit gives another value, and nothing in the format can tell.

References
----------
Sea-Bird Scientific, SBE 52-MP manual: output in converted engineering units.
"""

import re
from collections.abc import Mapping

import numpy as np
import xarray as xr

from ingest.dataset import assemble
from ingest.reader import Calibration, Reader, Records
from ingest.text import Bytes, Lines, group_alike
from ingest.textual.dcl import Verdict
from ingest.textual.fields import pick, read_table
from ingest.textual.logger_lines import Found, independent

STREAM = "samples"
_COMMA = 44
_DECIMALS = (4, 4, 2, 1)  # of the four values: a line cut in its last number has fewer
_HEADER = re.compile(
    rb"\*[\x20-\x7e]*|\d\d/\d\d/\d{4} \d\d:\d\d:\d\d|[A-Z]+\d?:[\x20-\x7e]*"
)


def sniff(head: bytes, name: str) -> bool:
    """Claim a file whose first line names the model."""
    return re.match(rb"\* Sea-Bird SBE ?52[ -]?MP Data File", head) is not None


def _find(buffer: Bytes, lines: Lines) -> Found:
    table = read_table(buffer, (lines.start, lines.stop), _COMMA, len(_DECIMALS), blanks=True)
    good = table.numeric.copy()
    for decimals, wanted in zip(table.decimals, _DECIMALS, strict=True):
        good &= decimals == wanted
    others = lines.stop > lines.start
    others[table.row] = False
    described: list[int] = []
    rows = np.flatnonzero(others)
    for group in group_alike(buffer, lines.start[rows], lines.stop[rows]):
        first = rows[group[0]]
        if _HEADER.fullmatch(buffer[lines.start[first] : lines.stop[first]].tobytes()):
            described += rows[group].tolist()
    faults = {"values without the decimals of a sample": table.row[table.numeric & ~good]}
    held = pick(good)
    return Found({STREAM: (table.row[held], {"value": table.value[:, held].T})}, faults, described)


def _judge(line: bytes) -> Verdict:
    return (True, "blank line") if not line.strip() else (False, "not a sample of four numbers")


def to_dataset(records: Records, state: None, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values as the instrument computed them; its calibration is inside. See `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    conductivity, temperature, pressure, oxygen = batch.columns["value"].T
    variables = {
        "conductivity": conductivity * 0.1,
        "temperature": temperature,
        "pressure": pressure,
        "oxygen_frequency": oxygen,
    }
    return {STREAM: assemble(batch, variables, None, {"instrument_model": "Sea-Bird SBE 52-MP"})}


_PARSE, _FINISH = independent(_find, _judge)
READER = Reader(
    name="sbe52mp_text",
    version=1,
    sniff=sniff,
    parse=_PARSE,
    finish=_FINISH,
    to_dataset=to_dataset,
    instruments=("Sea-Bird SBE 52-MP: profiles as text",),
)
