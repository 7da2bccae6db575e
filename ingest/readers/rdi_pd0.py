"""Teledyne RDI current profilers, PD0 binary: Workhorse family, and Sentinel V with its vertical beam."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.dataset import assemble
from ingest.framing import FrameRule, Framing, Run, Search, Sums, byte_sums, find_frames
from ingest.ledger import Span
from ingest.pd0_layout import CHECKSUM_BYTES, FACING_UP, HEADER_BYTES, Columns, Layout, groups
from ingest.reader import Batch, Calibration, Parsed, Reader, Records
from ingest.timecode import Times, from_fields

ENSEMBLE, WAVES = b"\x7f\x7f", b"\x7f\x79"
BAD_VELOCITY = -32768


@dataclass(frozen=True)
class State:
    """Where the search stands, and the layouts met so far in order of first appearance."""

    search: Search = field(default_factory=Search)
    layouts: tuple[Layout, ...] = ()


class Piece(NamedTuple):
    """Ensembles of one layout from one part of a block."""

    layout: Layout
    batch: Batch


def _length(header: bytes) -> int | str:
    size, types = int.from_bytes(header[2:4], "little"), header[5]
    # Two bytes name each data type, so that a header cannot be shorter than its table and these.
    if types == 0 or size < HEADER_BYTES + 4 * types:
        return f"impossible header: {size} bytes for {types} data types"
    return size + CHECKSUM_BYTES


def _sums(matrix: NDArray[np.uint8]) -> Sums:
    stated = np.ascontiguousarray(matrix[:, -CHECKSUM_BYTES:]).view("<u2")[:, 0]
    return byte_sums(matrix[:, :-CHECKSUM_BYTES]), stated


RULE = FrameRule(re.compile(b"\x7f[\x7f\x79]"), 2, HEADER_BYTES, _length, _sums)
# 7F79 packets of the waves gauge have the same header and checksum (seen in corpus RDI_7f79_2.000).


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with a sound ensemble or waves packet in its first bytes, or with the header of one at its start."""
    if any(_is_frame(head, run) for run in find_frames(head, 0, Search(), RULE, last=False).runs):
        return True
    if not head.startswith(ENSEMBLE) or len(head) < HEADER_BYTES + 2 or isinstance(_length(head[:HEADER_BYTES]), str):
        return False
    # Damaged or cut in its first ensemble: the fixed leader has to come first, right after the table.
    first = int.from_bytes(head[HEADER_BYTES : HEADER_BYTES + 2], "little")
    return first == HEADER_BYTES + 2 * head[5] and head[first : first + 2] == b"\0\0"[: len(head) - first]


def _is_frame(head: bytes, run: Run) -> bool:
    if head.startswith(WAVES, run.start):
        return True
    matrix = np.frombuffer(head, np.uint8, run.length, run.start).reshape(1, run.length)
    return all(group.layout is not None for group in groups(matrix))


def parse(block: bytes, offset: int, state: Any) -> Parsed:
    """Take the whole ensembles from a block."""
    return _parse(block, offset, state, last=False)


def finish(rest: bytes, offset: int, state: Any) -> Parsed:
    """Take what is left at the end of the file."""
    return _parse(rest, offset, state, last=True)


def _parse(block: bytes, offset: int, state: State | None, *, last: bool) -> Parsed:
    before = state or State()
    framing = find_frames(block, offset, before.search, RULE, last=last)
    ensembles = [run for run in framing.runs if block.startswith(ENSEMBLE, run.start)]
    pieces: list[Piece] = []
    rejected = list(framing.rejected)
    for runs in _by_header(block, ensembles):
        found, bad = _pieces(block, offset, runs)
        pieces += found
        rejected += bad
    pieces.sort(key=lambda piece: int(piece.batch.offset[0]))
    layouts = tuple(dict.fromkeys((*before.layouts, *(piece.layout for piece in pieces))))
    batches = {_stream(place): _merged(layout, pieces) for place, layout in enumerate(layouts)}
    records = Records(
        {stream: batch for stream, batch in batches.items() if batch is not None},
        sum(int(piece.batch.length.sum(dtype=np.int64)) for piece in pieces),
        _waves(framing, ensembles, offset),
        tuple(sorted(rejected)),
    )
    return records, framing.consumed, State(framing.search, layouts)


def _by_header(block: bytes, runs: Iterable[Run]) -> Iterable[list[Run]]:
    """Runs whose ensembles have the same size and number of data types, together."""
    kinds: dict[bytes, list[Run]] = {}
    for run in runs:
        kinds.setdefault(block[run.start : run.start + HEADER_BYTES], []).append(run)
    return kinds.values()


def _waves(framing: Framing, ensembles: list[Run], offset: int) -> tuple[Span, ...]:
    waves = sorted(set(framing.runs) - set(ensembles))
    return tuple(Span(offset + run.start, run.frames * run.length, "waves packet (7F79)") for run in waves)


def _pieces(block: bytes, offset: int, runs: list[Run]) -> tuple[list[Piece], list[Span]]:
    length = runs[0].length
    parts = [np.frombuffer(block, np.uint8, run.frames * length, run.start).reshape(-1, length) for run in runs]
    matrix = parts[0] if len(parts) == 1 else np.concatenate(parts)
    places = np.concatenate([offset + run.start + length * np.arange(run.frames, dtype=np.int64) for run in runs])
    pieces, rejected = [], []
    for group in groups(matrix):
        where = places[group.rows]
        if group.layout is None:
            rejected += [Span(int(place), length, group.reason) for place in where]
            continue
        times, valid = _clock(group.columns)
        columns = _dated(group.columns, times)
        if not valid.all():
            clocks = group.columns["clock"]
            rejected += [Span(int(where[row]), length, _no_time(clocks[row])) for row in np.flatnonzero(~valid)]
            columns, where = {name: values[valid] for name, values in columns.items()}, where[valid]
        if where.size:
            batch = Batch(where, np.full(where.size, length, np.int32), columns)
            pieces.append(Piece(_first_kept(group.layout, columns), batch))
    return pieces, rejected


def _first_kept(layout: Layout, columns: Columns) -> Layout:
    return replace(layout, facing_up=bool(columns["facing_up"][0] & FACING_UP))


def _dated(columns: Columns, times: Times) -> Columns:
    kept = {name: values for name, values in columns.items() if name not in ("clock", "century_clock")}
    return {"time": times, **kept}


def _clock(columns: Columns) -> tuple[Times, NDArray[np.bool_]]:
    """Time of each ensemble: from the clock with century where it is there and valid, else from the other."""
    fields = columns["clock"].astype(np.int64)
    # Two digits of the year: those of the instrument's lifetime, 1980 to 2079.
    year = fields[:, 0] + np.where(fields[:, 0] < 80, 2000, 1900)
    times, valid = _from_clock(year, fields)
    if "century_clock" in columns:
        fields = columns["century_clock"].astype(np.int64)
        newer, newer_valid = _from_clock(100 * fields[:, 0] + fields[:, 1], fields[:, 1:])
        times, valid = np.where(newer_valid, newer, times), newer_valid | valid
    return times, valid


def _from_clock(year: NDArray[np.int64], fields: NDArray[np.int64]) -> tuple[Times, NDArray[np.bool_]]:
    _, month, day, hour, minute, second, hundredths = fields.T
    times, valid = from_fields((year, month, day), (hour, minute, second), hundredths * 10_000)
    # Both clocks are believed for the years that two digits can tell; firmware may leave the century empty.
    return times, valid & (year >= 1980) & (year < 2080)


def _no_time(clock: NDArray[np.uint8]) -> str:
    year, month, day, hour, minute, second, hundredths = clock.tolist()
    return f"impossible clock {year:02}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{hundredths:02}"


def _stream(place: int) -> str:
    return "profile" if place == 0 else f"profile_{place + 1}"


def _merged(layout: Layout, pieces: list[Piece]) -> Batch | None:
    batches = [piece.batch for piece in pieces if piece.layout == layout]
    if len(batches) < 2:
        return batches[0] if batches else None
    offset = np.concatenate([batch.offset for batch in batches])
    order = np.argsort(offset)
    length = np.concatenate([batch.length for batch in batches])
    columns = {name: np.concatenate([batch.columns[name] for batch in batches])[order] for name in batches[0].columns}
    return Batch(offset[order], length[order], columns)


# Our name, column, divisor from the raw integer to the vocabulary's unit.
_SCALED = (
    ("heading", "heading", 100.0),
    ("pitch", "pitch", 100.0),
    ("roll", "roll", 100.0),
    ("transducer_temperature", "temperature", 100.0),
    ("transducer_depth", "depth", 10.0),
    ("salinity_setting", "salinity", 1.0),
    ("sound_speed", "sound_speed", 1.0),
    ("pressure", "pressure", 1000.0),
    ("pressure_standard_deviation", "pressure_deviation", 1000.0),
    ("heading_standard_deviation", "heading_deviation", 1.0),
    ("pitch_standard_deviation", "pitch_deviation", 10.0),
    ("roll_standard_deviation", "roll_deviation", 10.0),
    ("vertical_beam_time_offset", "vertical_delay", 1000.0),
)

# Our name, column, dimensions after time. Counts and words stay integers.
_COUNTED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("built_in_test_result", "built_in_test", ()),
    ("error_status_word", "error_status", ()),
    ("adc_counts", "adc_channel", ("adc_channel",)),
    ("correlation_magnitude", "correlation", ("cell", "beam")),
    ("echo_intensity", "echo", ("cell", "beam")),
    ("percent_good", "percent_good", ("cell", "beam")),
    ("bottom_track_correlation", "bottom_correlation", ("beam",)),
    ("bottom_track_echo_intensity", "bottom_echo", ("beam",)),
    ("bottom_track_percent_good", "bottom_percent_good", ("beam",)),
    ("vertical_beam_correlation_magnitude", "vertical_correlation", ("vertical_cell",)),
    ("vertical_beam_echo_intensity", "vertical_echo", ("vertical_cell",)),
    ("vertical_beam_percent_good", "vertical_percent_good", ("vertical_cell",)),
)

_EARTH = ("eastward_velocity", "northward_velocity", "upward_velocity", "error_velocity")

_PERCENT_GOOD = (
    "along `beam`: percent of pings solved with three beams; rejected for error velocity; with more than one beam "
    "bad; solved with four beams"
)
_SIGNS = {
    "beam": "positive toward the transducer",
    "instrument": "along `axis`: X, Y, Z of the instrument and error velocity",
    "ship": "along `axis`: starboard, forward, mast and error velocity",
    "earth": "along `axis`: east, north, up and error velocity",
}

Variables = dict[str, NDArray[Any] | tuple[tuple[str, ...], NDArray[Any]]]


def to_dataset(records: Records, state: Any, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Give velocities in the frame the instrument stored them in, without rotation; counts as counts."""
    streams = {_stream(place): layout for place, layout in enumerate(state.layouts)}
    return {stream: _dataset(batch, streams[stream]) for stream, batch in records.batches.items()}


def _dataset(batch: Batch, layout: Layout) -> xr.Dataset:
    columns = batch.columns
    variables: Variables = _velocities(columns, layout.frame) | _per_ensemble(columns)
    for name, column, dimensions in _COUNTED:
        if column in columns:
            variables[name] = (dimensions, columns[column].astype(_native(columns[column].dtype), order="C"))
    dataset = assemble(batch, variables, columns["time"], None, _coordinates(layout))
    _comment(dataset, layout)
    return dataset.assign_attrs(_attributes(layout))


def _native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    # The store packs signed integers: words of 16 and 32 bits keep their value in the next wider one.
    wider: Mapping[str, np.dtype[Any]] = {"u2": np.dtype(np.int32), "u4": np.dtype(np.int64)}
    return wider.get(dtype.str[1:], dtype)


def _velocity(raw: NDArray[np.int16]) -> NDArray[np.float64]:
    """Convert mm s-1 to m s-1, NaN where the instrument says bad."""
    counts = np.ascontiguousarray(raw)
    metres = counts.astype(np.float64)
    # Dividing gives the float nearest to the decimal number, multiplying by 0.001 does not.
    metres /= 1000.0
    np.putmask(metres, counts == BAD_VELOCITY, np.nan)
    return metres


def _velocities(columns: Mapping[str, NDArray[Any]], frame: str) -> Variables:
    found: Variables = {}
    component = "beam" if frame == "beam" else "axis"
    if "velocity" in columns and frame == "earth" and columns["velocity"].shape[2] == len(_EARTH):
        for index, name in enumerate(_EARTH):
            found[name] = (("cell",), _velocity(columns["velocity"][:, :, index]))
    elif "velocity" in columns:
        found[f"{frame}_velocity"] = (("cell", component), _velocity(columns["velocity"]))
    if "vertical_velocity" in columns:
        found["vertical_beam_velocity"] = (("vertical_cell",), _velocity(columns["vertical_velocity"]))
    if "bottom_velocity" in columns:
        found["bottom_track_velocity"] = ((component,), _velocity(columns["bottom_velocity"]))
        centimetres = columns["bottom_range_low"].astype(np.float64)
        if "bottom_range_high" in columns:
            centimetres += 65536.0 * columns["bottom_range_high"]
        # Zero is the instrument's word for no bottom found.
        found["bottom_track_range"] = (("beam",), np.where(centimetres > 0, centimetres / 100.0, np.nan))
    return found


def _per_ensemble(columns: Mapping[str, NDArray[Any]]) -> Variables:
    number = columns["ensemble_number"].astype(np.int32)
    wait = columns["preping_wait"].astype(np.float64)
    found: Variables = {
        "ensemble_number": number + (columns["ensemble_number_high"].astype(np.int32) << 16),
        "facing_up": ((columns["facing_up"] & FACING_UP) > 0).astype(np.uint8),
        "minimum_preping_wait": (6000.0 * wait[:, 0] + 100.0 * wait[:, 1] + wait[:, 2]) / 100.0,
    }
    for name, column, divisor in _SCALED:
        if column in columns:
            found[name] = columns[column] / divisor
    return found


def _coordinates(layout: Layout) -> dict[str, xr.Variable]:
    fixed, vertical = layout.fixed, layout.vertical_leader
    beams = np.arange(1, fixed["beams"] + 1, dtype=np.int8)
    coordinates = {
        "beam": xr.Variable("beam", beams, {"long_name": "Number of the beam"}),
        "cell_distance": _distances("cell", fixed),
    }
    if layout.frame != "beam":
        coordinates["axis"] = xr.Variable("axis", beams, {"long_name": _SIGNS[layout.frame]})
    if vertical:
        coordinates["vertical_cell_distance"] = _distances("vertical_cell", vertical)
    return coordinates


def _distances(dimension: str, leader: Mapping[str, int]) -> xr.Variable:
    centimetres = leader["first_cell"] + leader["cell_size"] * np.arange(leader["cells"])
    attributes = {"units": "m", "long_name": "Distance of the cell's centre from the transducer, along the vertical"}
    return xr.Variable(dimension, centimetres / 100.0, attributes)


def _comment(dataset: xr.Dataset, layout: Layout) -> None:
    """Say at each variable what depends on the coordinate system of this file."""
    earth = layout.frame == "earth"
    comments = {
        "percent_good": _PERCENT_GOOD if layout.frame != "beam" else "percent of pings accepted in each beam",
        "bottom_track_velocity": f"of the instrument over ground; {_SIGNS[layout.frame]}",
        f"{layout.frame}_velocity": _SIGNS[layout.frame],
        "vertical_beam_velocity": _SIGNS["beam"],
    }
    if earth and not layout.fixed["heading_bias"]:
        magnetic = "north is the compass's: the instrument was told no declination (heading bias 0)"
        comments |= {"eastward_velocity": magnetic, "northward_velocity": magnetic}
    for name, comment in comments.items():
        if name in dataset:
            dataset[name].attrs["comment"] = comment


_MODELS = {
    8: "Workhorse", 16: "Workhorse", 50: "Workhorse", 51: "Workhorse", 52: "Workhorse",
    47: "Sentinel V", 66: "Sentinel V",
}  # fmt: skip
# By firmware version: those of which a real file was seen here (16, 47, 50, 51) and their sisters.

_FREQUENCIES = (75, 150, 300, 600, 1200, 2400, 38)
_HEAD_ANGLES = (15, 20, 30)
_SENSORS = ("speed of sound", "depth", "heading", "pitch", "roll", "salinity", "temperature")


def _attributes(layout: Layout) -> dict[str, str | int | float]:
    fixed = layout.fixed
    attributes: dict[str, str | int | float] = {
        "instrument_model": "Teledyne RDI " + _MODELS.get(fixed["firmware_version"], "current profiler (PD0)"),
        "firmware": f"{fixed['firmware_version']}.{fixed['firmware_revision']:02}",
        "orientation": "up" if layout.facing_up else "down",
        "coordinate_system": layout.frame,
        "pings_per_ensemble": fixed["pings"],
        "profiling_mode": fixed["mode"],
        "cell_size_m": fixed["cell_size"] / 100,
        "blank_distance_m": fixed["blank"] / 100,
        "first_cell_m": fixed["first_cell"] / 100,
        "transmit_pulse_m": fixed["transmit_pulse"] / 100,
        "heading_alignment_degree": fixed["heading_alignment"] / 100,
        "heading_bias_degree": fixed["heading_bias"] / 100,
        "heading_bias_comment": "declination is already applied" if fixed["heading_bias"] else "none was applied",
        "sensors_used": ", ".join(_sensors(fixed["sensor_source"])),
        "ensemble_time": "start",
        "ensemble_time_evidence": "Teledyne RDI P/N 957-6156-00, variable leader: the real-time clock is read when "
        "the ensemble begins",
    }
    frequency, angle = fixed["system_configuration"] & 7, fixed["beam_angle"]
    if frequency < len(_FREQUENCIES):
        attributes["frequency_kHz"] = _FREQUENCIES[frequency]
    head_angle = fixed["system_configuration"] >> 8 & 3
    if angle or head_angle < len(_HEAD_ANGLES):
        attributes["beam_angle_degree"] = angle or _HEAD_ANGLES[head_angle]
    if fixed["serial"]:
        # Zero stands in files of firmware that does not write it (seen in corpus oce_adp_rdi.000).
        attributes["serial_number"] = str(fixed["serial"])
    if layout.vertical_leader:
        attributes["vertical_beam_cell_size_m"] = layout.vertical_leader["cell_size"] / 100
    return attributes


def _sensors(source: int) -> list[str]:
    """What the instrument took from its own sensors instead of manual settings: bits 6 to 0."""
    return [name for bit, name in zip(range(6, -1, -1), _SENSORS, strict=True) if source >> bit & 1]


READER = Reader(
    name="rdi_pd0",
    version=1,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    checksummed=True,
    instruments=("Teledyne RDI Workhorse Sentinel, Monitor, Mariner", "Teledyne RDI Sentinel V"),
)
