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
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest import pages
from ingest.calibration import sea_bird_modem
from ingest.dataset import assemble
from ingest.errors import CalibrationError
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.text import Bytes, Places, matrix
from ingest.textual.fields import flat, join_hex
from ingest.textual.forms import FILL, Matches, Where, characters, find, form, hex_run
from ingest.textual.sio import Gap, Rows, holds, parse_blocks
from ingest.timecode import from_seconds

CLOCKS, SAMPLES = "clocks", "samples"
_LETTERS = b"CO CT"
_SAMPLE_BYTES, _DIGITS_BYTES = 11, 22


class _Kind(NamedTuple):
    """Records of one width, and the bytes that each may end with."""

    width: int
    ends: tuple[int, int]


_NOTE, _PACKED = _Kind(6, (0x13, 0x0D)), _Kind(_SAMPLE_BYTES + 2, (0x0D, 0x0D))
_DIGITS = form(characters(FILL), hex_run(_DIGITS_BYTES), characters(FILL))
_BY_CONTROLLER = -1  # in place of a number that the record does not hold


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with at least one whole block of clock errors or samples in its head."""
    for data in holds(head, _LETTERS):
        rows = _rows(np.frombuffer(data, dtype=np.uint8), np.array([0]), np.array([len(data)]))
        if any(one.block.size for one in rows.values()):
            return True
    return False


def parse(block: bytes, offset: int, state: Gap | None) -> Parsed:
    """Blocks to records; see `Reader.parse`."""
    return parse_blocks(block, offset, state or Gap(), _LETTERS, _rows, final=False)


def finish(rest: bytes, offset: int, state: Gap | None) -> Parsed:
    """Last blocks; see `Reader.finish`."""
    return parse_blocks(rest, offset, state or Gap(), _LETTERS, _rows, final=True)


def _rows(buffer: Bytes, start: Places, stop: Places) -> dict[str, Rows]:
    """Records of the kind that reaches farthest from the start of the data; their ends stand at different places."""
    chains = {kind: _chain(buffer, start, stop, kind) for kind in (_NOTE, _PACKED)}
    reach = np.zeros((3, start.size), dtype=np.int64)
    reach[:2] = [np.where(count > 0, start + kind.width * count, 0) for kind, count in chains.items()]
    left = np.flatnonzero((reach[:2] < stop).all(axis=0))
    spelt = find(buffer, start[left], stop[left], _DIGITS, Where.CHAIN)
    spelt = spelt._replace(row=left[spelt.row])
    reach[2, spelt.row] = spelt.stop  # the last of a block is written last
    best = reach.argmax(axis=0)
    notes, packed = (
        _places(start, np.where(best == place, count, 0), kind) for place, (kind, count) in enumerate(chains.items())
    )
    return {
        CLOCKS: Rows(notes[0], notes[1], notes[2], _notes(buffer, notes[1])),
        SAMPLES: _sample_rows(buffer, packed, spelt.where(best[spelt.row] == 2)),
    }


def _chain(buffer: Bytes, start: Places, stop: Places, kind: _Kind) -> Places:
    """How many records of a kind follow each other from each start on."""
    from ingest.compiled import sealed
    from ingest.textual.block_kernels import chain_lengths

    return chain_lengths(sealed(buffer), flat(start), flat(stop), kind.width, kind.ends)


def _places(start: Places, count: Places, kind: _Kind) -> Places:
    """Block, first byte and byte after the last of the records of chains, shape (3, n)."""
    from ingest.textual.block_kernels import place_chains

    places: Places = pages.empty((3, int(count.sum())), np.int64)
    place_chains(flat(start), flat(count), kind.width, places)
    return places


def _notes(buffer: Bytes, first: Places) -> dict[str, Places]:
    from ingest.compiled import sealed
    from ingest.textual.block_kernels import read_notes

    values = pages.empty((2, first.size), np.int64)
    read_notes(sealed(buffer), flat(first), values)
    return {"number": values[0], "error": values[1]}


def _sample_rows(buffer: Bytes, packed: Places, spelt: Matches) -> Rows:
    """Samples of both kinds, in order."""
    row = np.concatenate((packed[0], spelt.row))
    first, last = np.concatenate((packed[1], spelt.start)), np.concatenate((packed[2], spelt.stop))
    digits = spelt.text_start[0] if spelt.row.size else spelt.start
    meant = join_hex(buffer, digits, digits + _DIGITS_BYTES)[0].reshape(-1, _SAMPLE_BYTES)
    data = np.concatenate((matrix(buffer, packed[1] + 1, _SAMPLE_BYTES), meant)).astype(np.int64)
    number = np.full(row.size, _BY_CONTROLLER)
    number[: packed[0].size] = buffer[packed[1]]
    order = np.argsort(first, kind="stable")
    samples = {"number": number[order], **{name: values[order] for name, values in _counts(data).items()}}
    return Rows(row[order], first[order], last[order], samples, ("controller", "seconds"))


def _counts(data: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """Numbers of samples without that of the MicroCAT, shape (n, 11)."""
    first, second, third, fourth, fifth, *rest = data.T
    return {
        "temperature": first << 12 | second << 4 | third >> 4,
        "conductivity": (third & 15) << 16 | fourth << 8 | fifth,
        "pressure": rest[0] | rest[1] << 8,
        "clock": rest[2] | rest[3] << 8 | rest[4] << 16 | rest[5] << 24,
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
