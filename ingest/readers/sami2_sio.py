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

import xarray as xr

from ingest import sami_layout
from ingest.reader import Calibration, Parsed, Reader, Records
from ingest.sio import Gap, Row, holds, parse_blocks

_LETTERS = b"PH"
_RECORD = re.compile(rb"\*((?:[0-9A-Fa-f]{2})+)")


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with a whole block of a SAMI2, a good record in it or not."""
    return any(re.search(rb"\*[0-9A-F]{4}(04|05|0A|11)", data) for data in holds(head, _LETTERS))


def parse(block: bytes, offset: int, state: Gap | None) -> Parsed:
    """Blocks to records; see `Reader.parse`."""
    return _parse(block, offset, state, final=False)


def finish(rest: bytes, offset: int, state: Gap | None) -> Parsed:
    """Last blocks; see `Reader.finish`."""
    return _parse(rest, offset, state, final=True)


def _parse(block: bytes, offset: int, state: Gap | None, final: bool) -> Parsed:
    return parse_blocks(block, offset, state or Gap(), _LETTERS, _rows, final=final)


def _rows(data: bytes) -> list[Row]:
    rows = []
    for match in _RECORD.finditer(data):
        wanted = sami_layout.digits_of(match[1].decode())
        record = sami_layout.from_hex(match[1].decode()) if wanted == len(match[1]) else "cut"
        if not isinstance(record, str):
            values = {**record.values, "record_seconds": record.seconds}
            rows.append(Row(record.stream, *match.span(), values))
    return rows


def to_dataset(records: Records, state: Gap, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Raw counts, and with a calibration pCO2 and pH; see `sami_layout.dataset`.

    Blocks are read apart from each other: blanks of pCO2 come from the calibration only.
    """
    streams = {}
    for stream, batch in records.batches.items():
        columns = {name: values for name, values in batch.columns.items() if name not in ("controller", "block_number")}
        columns["stamp"] = columns["seconds"] * 1_000_000
        columns["seconds"] = columns.pop("record_seconds")
        attributes = {"instrument_model": "Sunburst SAMI2"}
        streams[stream] = sami_layout.dataset(stream, replace(batch, columns=columns), attributes, calibration)
    return streams


READER = Reader(
    name="sami2_sio",
    version=2,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    instruments=("Sunburst SAMI2 pH and pCO2: blocks of an SIO mooring controller",),
)
