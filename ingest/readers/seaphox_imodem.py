"""Sea-Bird SeapHOx V2 files of a mooring's inductive modem: a status header and one record or a few, as text.

The dialogue around a record (`SL`, `S>`) is noise. What a record holds, `ingest.sea_bird.seaphox_lines` says; those in
the lines of a logger are of `seaphox_dcl`.

There is no checksum: a flipped digit gives another value, and nothing in the format can tell.
"""

import re
from collections.abc import Mapping

import numpy as np
import xarray as xr

from ingest.reader import HEAD_BYTES, Calibration, Parsed, Reader, Records
from ingest.sea_bird.seaphox_lines import STREAM, Instrument, any_line, dataset, find_records, first_line, instrument
from ingest.text import Bytes, Lines
from ingest.textual.dcl import STAMP, TAG, Verdict
from ingest.textual.logger_lines import Found, read_lines

_ANY_LINE, _LOGGED = any_line(b""), any_line(STAMP + TAG)


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with a whole record in its head, or a status header that a SeapHOx's dialogue follows."""
    if first_line(head, _ANY_LINE) >= 0:
        return first_line(head, _LOGGED) < 0
    status = re.search(rb"^#CTDBP Status", head, re.MULTILINE) and re.search(rb"^#Begin Data", head, re.MULTILINE)
    return status is not None and re.search(rb"^(SL\r?$|[A-Z]*SPHOX\d)", head, re.MULTILINE) is not None


def parse(block: bytes, offset: int, state: Instrument | None) -> Parsed:
    """Lines to records; see `Reader.parse`. Waits for the file's first 64 KiB, which mostly is all of it."""
    if state is None and len(block) < HEAD_BYTES:
        return Records(), 0, None
    return _parse(block, offset, state, final=False)


def finish(rest: bytes, offset: int, state: Instrument | None) -> Parsed:
    """Last lines, with or without line end; see `Reader.finish`."""
    return _parse(rest, offset, state, final=True)


def _parse(block: bytes, offset: int, state: Instrument | None, final: bool) -> Parsed:
    known = state or instrument(block[:HEAD_BYTES], b"")

    def find(buffer: Bytes, lines: Lines) -> Found:
        return _find(buffer, lines, known)

    records, consumed = read_lines(block, offset, find, _judge, final=final, digits_alike=True)
    return records, consumed, known


def _find(buffer: Bytes, lines: Lines, known: Instrument) -> Found:
    found = find_records(buffer, lines.start, lines.stop, known.layout)
    rest = np.ones(lines.start.size, dtype=bool)
    rest[found.row] = False
    headers = np.flatnonzero(rest & (lines.stop > lines.start))
    headers = headers[buffer[lines.start[headers]] == ord("#")]
    bounds = zip(lines.start[headers].tolist(), lines.stop[headers].tolist(), strict=True)
    described = [_HEADER.fullmatch(buffer[start:stop].tobytes().rstrip()) is not None for start, stop in bounds]
    faults = {"instrument's clock is not a time": found.row[~found.valid]}
    return Found({STREAM: found.where(found.valid)}, faults, headers[np.array(described, dtype=bool)].tolist())


_HEADER = re.compile(rb"#[\x20-\x7e]*")
_DIALOGUE = re.compile(rb"\s*(SL|S>[\x20-\x7e]*|<Execut(ed|ing)/>)?\s*")


def _judge(line: bytes) -> Verdict:
    return (True, "terminal dialogue") if _DIALOGUE.fullmatch(line) else (False, "not a whole record of a SeapHOx")


def to_dataset(records: Records, state: Instrument, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values as the instrument computed them; its calibration is inside. See `Reader.to_dataset`."""
    return {STREAM: dataset(records.batches[STREAM], state)}


READER = Reader(
    name="seaphox_imodem",
    version=2,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    lines=True,
    instruments=("Sea-Bird SeapHOx V2: records of an inductive modem, or as the instrument sends them",),
)
