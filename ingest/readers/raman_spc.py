"""Spectra in Thermo Galactic SPC files: new and old headers, one spectrum or many, shared or own x axes.

The x axis is a coordinate named for what it is: `raman_shift` (cm-1), `wavenumber` (cm-1), `wavelength` (nm or um), or
`spectral_axis` where the file does not say. It may run downward. Spectra with x of their own are streams by their
number of points, with x as a variable. A date that is none leaves the spectra without a clock, on dimension `scan`.

Not yet seen on a spectrometer in the deep sea: these are laboratory spectra in the same container. There is no
checksum.

References
----------
Thermo Galactic, "A Brief Guide to SPC File Format".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from ingest.containers import spc_layout
from ingest.containers.spc_layout import HEADER_BYTES, SUBFILE_BYTES, Header
from ingest.dataset import Values, assemble
from ingest.ledger import Span
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.text import Block
from ingest.timecode import Times, from_fields

STREAM = "spectra"
_HEADER_WAIT = 512
_LONGEST_FILE_HELD = 16 * 1024 * 1024
"""Up to here a file's log, which stands at its end, is waited for: it may name the laser line."""

_MICROSECONDS = {4: 1e6, 5: 60e6}  # in a unit of z, for the z types in which subfiles follow in time
_KEPT_IN_LOG = 2_000


@dataclass(frozen=True)
class State:
    """The main header, the shared x axis as stored, attributes, and how many subfiles were read; None: no header."""

    header: Header | None
    x: bytes
    attributes: Mapping[str, str]
    read: int = 0


def sniff(head: bytes, name: str) -> bool:
    """Claim a main header whose numbers a spectrum can have."""
    return spc_layout.read_header(head) is not None


def parse(block: Block, offset: int, state: State | None) -> Parsed:
    """Header, then subfiles; see `Reader.parse`."""
    if state is None:
        header = spc_layout.read_header(block) if len(block) >= _HEADER_WAIT else None
        if header is None and len(block) < _HEADER_WAIT:
            return Records(), 0, None
        if header is not None and len(block) < _bytes_wanted(header):
            return Records(), 0, None
    return _parse(block, offset, state, final=False)


def finish(rest: Block, offset: int, state: State | None) -> Parsed:
    """Last subfiles and log; see `Reader.finish`."""
    return _parse(rest, offset, state, final=True)


def _bytes_wanted(header: Header) -> int:
    before = HEADER_BYTES[header.version] + header.x_bytes
    # A log at the end makes it worth to wait for the whole of a file that is not too long.
    held = header.log_offset + _KEPT_IN_LOG if before <= header.log_offset <= _LONGEST_FILE_HELD else before
    return max(before, held)


def _parse(block: Block, offset: int, state: State | None, final: bool) -> Parsed:
    if state is not None:
        records, consumed, state = _parse_subfiles(block, offset, state, final)
        return records, consumed, state
    header = spc_layout.read_header(block)
    start = HEADER_BYTES[header.version] + header.x_bytes if header else 0
    if header is None or len(block) < start:
        reason = "header cut" if header is None else "x axis cut"
        return _lose(block, offset, 0, reason), len(block), State(None, b"", {})
    stored = bytes(block[start - header.x_bytes : start])
    state = State(header, stored, _attributes(header, block))
    records, consumed, state = _parse_subfiles(memoryview(block)[start:], offset + start, state, final)
    return replace(records, accepted=records.accepted + start), consumed + start, state


def _lose(block: Block, offset: int, at: int, reason: str) -> Records:
    return Records(rejected=(Span(offset + at, len(block) - at, reason),) if len(block) > at else ())


def _attributes(header: Header, block: Block) -> dict[str, str]:
    # No more of the log than was waited for, so that attributes do not depend on how much is at hand.
    log = block[header.log_offset : header.log_offset + _KEPT_IN_LOG] if header.log_offset else b""
    pairs = spc_layout.read_log(bytes(log) if header.log_offset <= _LONGEST_FILE_HELD else b"", header.order)
    laser = {name: pairs[name] for name in ("EXCIT_LINE", "RAMANFREQ") if name in pairs}
    told = {
        "comment": header.comment,
        "date_as_stored": "-".join(map(str, header.date)),
        "spectral_axis_units": _axis(header)[1],
        "log": "; ".join(f"{name}={value}" for name, value in pairs.items()),
        "laser_line": "; ".join(f"{name}={value}" for name, value in laser.items()),
    }
    return {name: value for name, value in told.items() if value}


def _axis(header: Header) -> tuple[str, str]:
    return spc_layout.AXES.get(header.x_type, ("spectral_axis", "1"))


def _parse_subfiles(block: Block, offset: int, state: State, final: bool) -> tuple[Records, int, State]:
    """Read whole subfiles, runs of equal length at once, then account for what follows the last."""
    header = state.header
    if header is None:
        return _lose(block, offset, 0, "header cut"), len(block), state
    batches: dict[str, list[Batch]] = {}
    at, read = 0, state.read
    while header.subfiles is None or read < header.subfiles:
        points = _points(block, at, header)
        size = header.subfile_dtype(points).itemsize if points is not None else 0
        most = (header.subfiles - read) if header.subfiles is not None else len(block)
        count = min(most, (len(block) - at) // size, 1 if header.own_x else len(block)) if size else 0
        if points is None or count == 0:
            break
        stream = f"{STREAM}_{points}_points" if header.own_x else STREAM
        batches.setdefault(stream, []).append(_batch(block, offset, at, header, (points, count)))
        at, read = at + count * size, read + count
    done = header.subfiles is not None and read >= header.subfiles
    found = {stream: _join(parts) for stream, parts in batches.items()}
    state = replace(state, read=read)
    if not (done or final):
        return Records(found, at), at, state
    skipped, rejected = _tail(len(block) - at, offset + at, header, done=done)
    return Records(found, at, skipped, rejected), len(block), state


def _points(block: Block, at: int, header: Header) -> int | None:
    """Points of the subfile that starts here; None where its header is not whole."""
    if not header.own_x:
        return header.points
    if len(block) - at < SUBFILE_BYTES:
        return None
    return int(np.frombuffer(block, dtype=header.subfile_dtype(0), count=1, offset=at)["points"][0])


def _batch(block: Block, offset: int, at: int, header: Header, shape: tuple[int, int]) -> Batch:
    points, count = shape
    layout = header.subfile_dtype(points)
    raw = np.frombuffer(block, dtype=layout, count=count, offset=at)
    starts = offset + at + np.arange(count, dtype=np.int64) * layout.itemsize
    names = ("exponent", "z", "y", "x") if header.own_x else ("exponent", "z", "y")
    # Numbers in the machine's order of bytes stay where they are.
    columns = {name: raw[name].astype(raw[name].dtype.newbyteorder("="), copy=False) for name in names}
    return Batch(starts, np.full(count, layout.itemsize, dtype=np.int32), columns)


def _join(parts: list[Batch]) -> Batch:
    if len(parts) == 1:
        return parts[0]
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns}
    offset = np.concatenate([part.offset for part in parts])
    return Batch(offset, np.concatenate([part.length for part in parts]), columns)


def _tail(size: int, offset: int, header: Header, *, done: bool) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Account for the bytes after the last subfile: a directory and the log, or a spectrum that is cut."""
    if not size:
        return (), ()
    if not done:
        return (), (Span(offset, size, "spectrum cut by the end of the file"),)
    if header.log_offset and header.log_offset < offset + size:
        before = max(0, header.log_offset - offset)
        directory = (Span(offset, before, "between the spectra and the log"),) if before else ()
        return (*directory, Span(offset + before, size - before, "log block")), ()
    reason = "directory of the spectra" if header.own_x else "after the last spectrum"
    return (Span(offset, size, reason),), ()


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Intensities over the x axis; see `Reader.to_dataset`."""
    header = state.header
    assert header is not None
    name, unit = _axis(header)
    streams = {}
    for stream, batch in records.batches.items():
        exponent = batch.columns["exponent"].astype(np.int64)
        if not header.flags & spc_layout.MULTIFILE:
            exponent = np.full(exponent.shape, header.exponent, dtype=np.int64)
        held: dict[str, Values | tuple[tuple[str, ...], Values]] = {}
        coordinates = {}
        dimension = name
        if header.own_x:
            dimension = "point"
            held[f"{name}_of_point"] = ((dimension,), spc_layout.finite(batch.columns["x"]))
        else:
            attributes = {"units": unit, "long_name": name.replace("_", " ").capitalize()}
            coordinates[name] = xr.Variable((name,), header.x(state.x), attributes)
        held["spectral_intensity"] = ((dimension,), spc_layout.unscale(batch.columns["y"], exponent, header))
        held["subfile_z"] = spc_layout.finite(batch.columns["z"])
        streams[stream] = assemble(batch, held, _time(batch, header), state.attributes, coordinates)
    return streams


def _time(batch: Batch, header: Header) -> Times | None:
    """Time of each subfile: the file's date, to which z is added where it is a time; None without a date."""
    year, month, day, hour, minute = header.date
    # Seen in DERt3_1.spc: a year of 116, which could be 2016 or a fault. No clock is made up from it.
    start, valid = from_fields(([year], [month], [day]), ([hour], [minute], [0]))
    if not valid[0] or not 1970 <= year < 2200:
        return None
    if header.z_type not in _MICROSECONDS:
        return np.full(batch.offset.size, start[0])
    scale = _MICROSECONDS[header.z_type]
    later = np.rint(np.nan_to_num(spc_layout.finite(batch.columns["z"]) * scale)).clip(-1e15, 1e15)
    result: Times = start[0] + later.astype(np.int64).astype("timedelta64[us]")
    return result


def expected(state: State | None) -> int | None:
    """Return how many spectra the header promises."""
    return state.header.subfiles if state and state.header else None


READER = Reader(
    name="raman_spc",
    version=2,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    expected=expected,
    views=True,
    instruments=("Raman and other spectrometers: Thermo Galactic SPC files, old and new",),
)
