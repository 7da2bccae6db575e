r"""Sea-Bird SBE 37-IM MicroCATs on the wire of an SIO mooring controller: blocks of samples and of clock errors.

Blocks `CO` hold what the controller noted about the clocks of the MicroCATs: for each, a byte with its number on the
wire, four with the seconds by which its clock is off (most significant first, signed), and 0x13 or 0x0D. The
controller's time is the time.

Blocks `CT` hold samples: telemetered, of 13 bytes (number, 20 bits of temperature, 20 of conductivity, then with the
bytes reversed 16 of pressure and 32 of the MicroCAT's own clock, 0x0D); recovered, of 22 hexadecimal digits of the same
without the number, which is then in the last two digits of the controller's.

The block's checksum covers its data, not its header. Up to a hundred records share one, so that a block stands or falls
as a whole: nothing tells which record of a damaged block is right. No real file with samples is at hand; blocks of that
kind that hold none, as in the real one, are rejected.

References
----------
Sea-Bird Scientific, SBE 37-IM manual, data formats; Ocean Observatories Initiative, interface of CTDMO-G through the
SIO controller.
"""

import re
from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.calibration import sea_bird_modem
from ingest.dataset import assemble
from ingest.errors import CalibrationError
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.sio import Gap, Row, holds, parse_blocks
from ingest.timecode import from_seconds

CLOCKS, SAMPLES = "clocks", "samples"
_LETTERS = b"CO CT"
_NOTE = re.compile(rb"(.)(.{4})[\x13\r]", re.DOTALL)
_PACKED = re.compile(rb"(.)(.{7})(.{4})\r", re.DOTALL)
_DIGITS = re.compile(rb"[\r\n ]*([0-9A-Fa-f]{22})(?![0-9A-Fa-f])[\r\n ]*")
_BY_CONTROLLER = -1  # in place of a number that the record does not hold


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with at least one whole block of clock errors or samples in its head."""
    return any(_rows(data) for data in holds(head, _LETTERS))


def parse(block: bytes, offset: int, state: Gap | None) -> Parsed:
    """Blocks to records; see `Reader.parse`."""
    return parse_blocks(block, offset, state or Gap(), _LETTERS, _rows, final=False)


def finish(rest: bytes, offset: int, state: Gap | None) -> Parsed:
    """Last blocks; see `Reader.finish`."""
    return parse_blocks(rest, offset, state or Gap(), _LETTERS, _rows, final=True)


def _rows(data: bytes) -> list[Row]:
    """Records of the kind that reaches farthest from the start of the data; their ends stand at different places."""
    return max((_in_line(data, kind) for kind in (_NOTE, _PACKED, _DIGITS)), key=_reach)


def _reach(rows: list[Row]) -> int:
    return rows[-1].stop if rows else 0


def _in_line(data: bytes, kind: re.Pattern[bytes]) -> list[Row]:
    rows: list[Row] = []
    at = 0
    while match := kind.match(data, at):
        rows.append(_row(match, kind))
        at = match.end()
    return rows


def _row(match: re.Match[bytes], kind: re.Pattern[bytes]) -> Row:
    if kind is _NOTE:
        values = {"number": match[1][0], "error": int.from_bytes(match[2], "big", signed=True)}
        return Row(CLOCKS, *match.span(), values)
    if kind is _PACKED:
        return Row(SAMPLES, *match.span(), _sample(match[1][0], (match[2] + match[3]).hex()))
    return Row(SAMPLES, *match.span(), _sample(_BY_CONTROLLER, match[1].decode()))


def _sample(number: int, digits: str) -> Mapping[str, int]:
    pressure, clock = bytes.fromhex(digits[10:14]), bytes.fromhex(digits[14:])
    return {
        "number": number,
        "temperature": int(digits[:5], 16),
        "conductivity": int(digits[5:10], 16),
        "pressure": int.from_bytes(pressure, "little"),
        "clock": int.from_bytes(clock, "little"),
    }


def to_dataset(records: Records, state: Gap, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Clock errors as the controller noted them, and samples in engineering units; see `Reader.to_dataset`.

    Pressure counts parts of the sensor's range, which the blocks do not state: it is given in psi as coefficient
    `PRANGE` of the sensor `pressure`, or of `pressure 16` for the MicroCAT of that number.
    """
    attributes = {"instrument_model": "Sea-Bird SBE 37-IM"}
    streams = {}
    if CLOCKS in records.batches:
        batch = records.batches[CLOCKS]
        held = {"inductive_id": batch.columns["number"], "instrument_clock_error": batch.columns["error"]}
        time = from_seconds(batch.columns["seconds"], "1970-01-01")
        streams[CLOCKS] = assemble(batch, held, time, attributes)
    if SAMPLES in records.batches:
        batch = records.batches[SAMPLES]
        time = from_seconds(batch.columns["clock"], "2000-01-01")
        streams[SAMPLES] = assemble(batch, _samples(batch, calibration), time, attributes)
    return streams


def _samples(batch: Batch, calibration: Calibration | None) -> dict[str, NDArray[np.generic]]:
    raw = batch.columns
    number = np.where(raw["number"] == _BY_CONTROLLER, raw["controller"] % 100, raw["number"])
    stamp = from_seconds(raw["seconds"], "1970-01-01") - from_seconds(raw["clock"], "2000-01-01")
    variables: dict[str, NDArray[np.generic]] = {
        "inductive_id": number,
        "temperature": sea_bird_modem.temperature(raw["temperature"]),
        "conductivity": sea_bird_modem.conductivity(raw["conductivity"]),
        "pressure_counts": raw["pressure"],
        "logger_clock_offset": stamp.astype(np.int64),
    }
    ranges = _ranges(calibration or {})
    if ranges:
        spans = np.array([ranges.get(one, ranges.get(None, np.nan)) for one in number.tolist()])
        variables["pressure"] = sea_bird_modem.pressure(raw["pressure"], spans)
    return variables


def _ranges(calibration: Calibration) -> dict[int | None, float]:
    """Ranges in psi by number on the wire; that of all others under None."""
    found: dict[int | None, float] = {}
    for sensor, given in calibration.items():
        match = re.fullmatch(r"pressure(?: (\d+))?", sensor.lower())
        stated = {name.upper(): value for name, value in given.items()}.get("PRANGE")
        if match is None or stated is None:
            continue
        try:
            found[int(match[1]) if match[1] else None] = float(stated)
        except ValueError:
            raise CalibrationError(f"{sensor} calibration: PRANGE is {stated!r}, psi were expected") from None
    return found


READER = Reader(
    name="sbe37im_sio",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    instruments=("Sea-Bird SBE 37-IM: samples and clock errors in blocks of an SIO mooring controller",),
)
