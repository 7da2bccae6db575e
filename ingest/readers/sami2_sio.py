r"""Sunburst SAMI2 pH and pCO2: telemetered records in blocks of the SIO mooring controller.

The data of a block are noise, `*` and the hexadecimal digits of a record. The instrument's clock is the time, the
controller's is kept as its offset. The block's checksum covers the data as the controller got them: a digit garbled
before that, as in the first block of node59p1_1.phsen.dat, is found by the record's own checksum.

References
----------
Sunburst Sensors, SAMI2 user manual: record formats.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import xarray as xr

from ingest.chemistry import sami_layout
from ingest.reader import Calibration, Parsed, Reader, Records
from ingest.text import Bytes, Places, hex_fields
from ingest.textual.fields import join_hex
from ingest.textual.forms import Where, find, form, hex_pairs, literal
from ingest.textual.sio import DAMAGED, Gap, Rows, holds, parse_blocks

_LETTERS = b"PH"
_RECORD = form(literal(b"*"), hex_pairs(4))
_START = re.compile(rb"\*[0-9A-F]{2}(?:[0-9A-F]{2}(?:04|05|0A|11)|1[24][89A-F][0-9A-F])")


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with a whole block of a SAMI2, a good record in it or not."""
    return any(_START.search(data) for data in holds(head, _LETTERS))


def parse(block: bytes, offset: int, state: Gap | None) -> Parsed:
    """Blocks to records; see `Reader.parse`."""
    return _parse(block, offset, state, final=False)


def finish(rest: bytes, offset: int, state: Gap | None) -> Parsed:
    """Last blocks; see `Reader.finish`."""
    return _parse(rest, offset, state, final=True)


def _parse(block: bytes, offset: int, state: Gap | None, final: bool) -> Parsed:
    return parse_blocks(block, offset, state or Gap(), _LETTERS, _rows, final=final)


def _rows(buffer: Bytes, start: Places, stop: Places) -> dict[str, Rows]:
    every = find(buffer, start, stop, _RECORD, Where.ANYWHERE)
    first, last = every.text_start[0], every.text_stop[0]
    promised, kind = hex_fields(buffer, first + 2, (2, 2))[0]
    beyond = (last - first) // 2 - promised - 1
    with_battery = (beyond == sami_layout.uncounted(18, 0x80)) & (promised == 18) & (kind >= 0x80)
    found = every.where((beyond == 0) | with_battery)
    first, last = found.text_start[0], found.text_stop[0]
    data, edges = join_hex(buffer, first, last)
    streams = {}
    for stream, (rows, columns) in sami_layout.from_bytes(data, edges[:-1], edges[1:]).items():
        columns["record_seconds"] = columns.pop("seconds")
        streams[stream] = Rows(found.row[rows], found.start[rows], found.stop[rows], columns)
    good = np.concatenate([one.start for one in streams.values()]) if streams else np.empty(0, dtype=np.int64)
    bad = every.where(~np.isin(every.start, good))
    return {**streams, DAMAGED: Rows(bad.row, bad.start, bad.stop, {})}


def to_dataset(records: Records, state: Gap, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Raw counts, and with a calibration pCO2 and pH; see `sami_layout.dataset`.

    Blocks are read apart from each other: blanks of pCO2 come from the calibration only.
    """
    streams = {}
    for stream, batch in records.batches.items():
        columns = dict(batch.columns)
        columns["stamp"] = columns["seconds"] * 1_000_000
        columns["seconds"] = columns.pop("record_seconds")
        attributes = {"instrument_model": "Sunburst SAMI2"}
        streams[stream] = sami_layout.dataset(stream, replace(batch, columns=columns), attributes, calibration)
    return streams


READER = Reader(
    name="sami2_sio",
    version=4,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    instruments=("Sunburst SAMI2 pH and pCO2: blocks of an SIO mooring controller",),
)
