r"""Aanderaa oxygen optodes 4330, 4831 and 4835 in blocks of the SIO mooring controller.

The data of a block are power-on noise, then the optode's own line of tab-separated values. The controller's time is the
only clock. The block's checksum covers the line, not the block's header. A phase can be negative for one record, as in
DOS15908_1st7.DAT: it is kept as it is.

References
----------
Aanderaa Data Instruments, TD 269 Operating Manual Oxygen Optode 4330, 4831, 4835: output of all parameters.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import xarray as xr

from ingest.dataset import assemble
from ingest.reader import HEAD_BYTES, Calibration, Parsed, Reader, Records
from ingest.readers.aanderaa_optode import MODELS, VARIABLES
from ingest.text import Bytes, Places
from ingest.textual.forms import Where, digits, find, form, literal, number
from ingest.textual.sio import Gap, Rows, holds, parse_blocks
from ingest.timecode import from_seconds

STREAM = "samples"
_LETTERS = b"DO"
_LINE = re.compile(rb"(\d{4})\t(\d{1,6})" + rb"\t(-?\d{1,9}(?:\.\d{1,6})?)" * len(VARIABLES) + rb"(?=[\r\n]|$)")
_FORM = form(digits(4, 4), literal(b"\t"), digits(1, 6), *(literal(b"\t"), number(9, 6)) * len(VARIABLES))


@dataclass(frozen=True)
class State:
    """Which optode the file is of, by most blocks of its head, and what stands between blocks."""

    model: int
    serial: int
    gap: Gap


@lru_cache(maxsize=1)  # asked for by `sniff`, then by `parse`
def _optodes(head: bytes) -> Counter[tuple[int, int]]:
    found = [match for data in holds(head, _LETTERS) for match in _LINE.finditer(data)]
    return Counter((int(match[1]), int(match[2])) for match in found if int(match[1]) in MODELS)


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with at least one whole block with a line of a known model in its head."""
    return bool(_optodes(head))


def parse(block: bytes, offset: int, state: State | None) -> Parsed:
    """Blocks to records; see `Reader.parse`. Waits for the file's first 64 KiB to see which optode it is of."""
    if state is None and len(block) < HEAD_BYTES:
        return Records(), 0, None
    return _parse(block, offset, state, final=False)


def finish(rest: bytes, offset: int, state: State | None) -> Parsed:
    """Last blocks; see `Reader.finish`."""
    return _parse(rest, offset, state, final=True)


def _parse(block: bytes, offset: int, state: State | None, final: bool) -> Parsed:
    if state is None:
        seen = _optodes(block[:HEAD_BYTES]).most_common(1)
        state = State(*(seen[0][0] if seen else (0, 0)), Gap())
    optode = (state.model, state.serial)
    records, consumed, gap = parse_blocks(
        block, offset, state.gap, _LETTERS, lambda *data: _rows(data, optode), final=final
    )
    return records, consumed, State(*optode, gap)


def _rows(data: tuple[Bytes, Places, Places], optode: tuple[int, int]) -> dict[str, Rows]:
    found = find(*data, _FORM, Where.LINE_END)
    found = found.where((found.value[0] == optode[0]) & (found.value[1] == optode[1]))
    columns = dict(zip(VARIABLES, found.value[2:], strict=True))
    return {STREAM: Rows(found.row, found.start, found.stop, columns)}


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values as the optode reports them; its calibration is inside the instrument. See `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    variables = {name: batch.columns[name] for name in VARIABLES}
    attributes = {"instrument_model": f"Aanderaa optode {state.model}", "serial_number": str(state.serial)}
    time = from_seconds(batch.columns["seconds"], "1970-01-01")
    return {STREAM: assemble(batch, variables, time, attributes)}


READER = Reader(
    name="aanderaa_optode_sio",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    instruments=("Aanderaa oxygen optode 4330, 4831, 4835: blocks of an SIO mooring controller",),
)
