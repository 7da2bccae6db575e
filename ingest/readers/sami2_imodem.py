"""Sunburst SAMI2 pH and pCO2: files of a mooring's inductive modem, a status header and telemetered records.

Lines that start with `#` are the modem's (`#UIMM Status`, `#Begin UIMM Data`, `#End UIMM Data, 3 samples written`).
Between them every record stands whole in a line, `*` and its hexadecimal digits; where one begins an entry of the
modem's memory, `Record[330]:` stands before it. The instrument's clock is the time; there is no other.

References
----------
Sunburst Sensors, SAMI2 user manual: record formats.
"""

import re
from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest import sami_layout
from ingest.dcl import Verdict
from ingest.fields import join_hex
from ingest.forms import SPACES, Where, characters, digits, find, form, hex_pairs, literal
from ingest.logger_lines import Found, read_lines
from ingest.reader import Calibration, Parsed, Reader, Records
from ingest.text import Bytes, Lines, Places, hex_fields

_BARE = form(literal(b"*"), hex_pairs(8), characters(SPACES))
_NUMBERED = form(literal(b"Record["), digits(1, 9), literal(b"]:*"), hex_pairs(8), characters(SPACES))
_STATUS = re.compile(rb"^#UIMM Status\s*$", re.MULTILINE)
_BEGIN = re.compile(rb"^#Begin UIMM Data\s*$", re.MULTILINE)
_ENTRY = rb"(?:Record\[\d{1,9}\]:)?"
_RECORD = re.compile(rb"^" + _ENTRY + rb"\*([0-9A-Fa-f]{4}(?:04|05|0[Aa]|11|[89A-Fa-f][0-9A-Fa-f])[0-9A-Fa-f]+)\s*$",
                     re.MULTILINE)  # fmt: skip
_FORM = re.compile(_ENTRY + rb"\*((?:[0-9A-Fa-f]{2})+)\s*")
_MODEM = re.compile(rb"#[\x20-\x7e]*\s*")


def sniff(head: bytes, name: str) -> bool:
    """Claim a file of an inductive modem with the start of a record of a known type, good or not."""
    return (_STATUS.search(head) or _BEGIN.search(head)) is not None and _RECORD.search(head) is not None


def parse(block: bytes, offset: int, state: sami_layout.Blank | None) -> Parsed:
    """Lines to records; see `Reader.parse`."""
    return _parse(block, offset, state or sami_layout.NO_BLANK, final=False)


def finish(rest: bytes, offset: int, state: sami_layout.Blank | None) -> Parsed:
    """Last lines, with or without line end; see `Reader.finish`."""
    return _parse(rest, offset, state or sami_layout.NO_BLANK, final=True)


def _parse(block: bytes, offset: int, before: sami_layout.Blank, final: bool) -> Parsed:
    after = [before]

    def find_records(buffer: Bytes, lines: Lines) -> Found:
        found, last = _find(buffer, lines, before)
        after.append(last)
        return found

    records, consumed = read_lines(block, offset, find_records, _judge, final=final)
    return records, consumed, after[-1]


def _find(buffer: Bytes, lines: Lines, before: sami_layout.Blank) -> tuple[Found, sami_layout.Blank]:
    parts = [find(buffer, lines.start, lines.stop, wanted, Where.WHOLE) for wanted in (_BARE, _NUMBERED)]
    row = np.concatenate([one.row for one in parts])
    order = np.argsort(row, kind="stable")
    row = row[order]
    first = np.concatenate([one.text_start[0] for one in parts])[order]
    last = np.concatenate([one.text_stop[0] for one in parts])[order]
    whole = _whole(buffer, first, last)
    lost = row[~whole]
    row, first, last = row[whole], first[whole], last[whole]
    data, edges = join_hex(buffer, first, last)
    streams = sami_layout.from_bytes(data, edges[:-1], edges[1:])
    blank = sami_layout.add_blanks(streams, before)
    records = {stream: (row[some], held) for stream, (some, held) in streams.items()}
    return Found(records, {"record of another length than it says": lost}, _described(buffer, lines)), blank


def _whole(buffer: Bytes, first: Places, last: Places) -> NDArray[np.bool_]:
    """Whether a record has the bytes that its own length says, or the battery that this may leave out."""
    promised, kind = hex_fields(buffer, first + 2, (2, 2))[0]
    beyond = (last - first) // 2 - promised - 1
    with_battery = (promised == 18) & (kind >= 0x80) & (beyond == sami_layout.uncounted(18, 0x80))
    whole: NDArray[np.bool_] = (beyond == 0) | with_battery
    return whole


def _described(buffer: Bytes, lines: Lines) -> list[int]:
    """Numbers of the modem's own lines."""
    rows = np.flatnonzero(lines.stop > lines.start)
    rows = rows[buffer[lines.start[rows]] == ord("#")]
    bounds = zip(rows.tolist(), lines.start[rows].tolist(), lines.stop[rows].tolist(), strict=True)
    return [row for row, start, stop in bounds if _MODEM.fullmatch(buffer[start:stop].tobytes())]


def _judge(line: bytes) -> Verdict:
    if not line.strip():
        return True, "blank line"
    written = _FORM.fullmatch(line)
    if written is None:
        return False, "not a line of a SAMI2 record"
    made = sami_layout.from_hex(written[1].decode())
    # Records that `from_bytes` leaves out are bad ones for `from_hex` too; it says why.
    return False, made if isinstance(made, str) else "not a record of a SAMI2"


def to_dataset(records: Records, state: sami_layout.Blank, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Raw counts, and with a calibration pCO2 and pH; see `sami_layout.dataset`."""
    attributes = {"instrument_model": "Sunburst SAMI2"}
    return {
        stream: sami_layout.dataset(stream, batch, attributes, calibration) for stream, batch in records.batches.items()
    }


READER = Reader(
    name="sami2_imodem",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    lines=True,
    instruments=("Sunburst SAMI2 pH and pCO2: files of an inductive modem",),
)
