"""Where the fields of a Nortek AD2CP record lie, and which records are laid out alike.

References
----------
Nortek, Integrators Guide AD2CP, N3015-007: header, string, burst and average data (versions 2 and 3), bottom track,
echosounder, raw echosounder.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.binary.gathered import gathered
from ingest.binary.matrices import Place, alike, alike_at, bytes_of, column, fields, take

Rows = NDArray[np.uint8]
Columns = dict[str, NDArray[Any]]

STRING = 0xA0
STREAMS = {
    0x15: "burst",
    0x16: "average",
    0x17: "bottom_track",
    0x18: "interleaved_burst",
    0x1A: "burst_altimeter",
    0x1B: "velocity_log_bottom_track",
    0x1C: "echosounder",
    0x1D: "velocity_log_water_track",
    0x1E: "altimeter",
    0x1F: "average_altimeter",
    0x23: "raw_echosounder",
    0x24: "raw_echosounder_transmit",
}
"""Name of the stream of each record id; a further layout of the same id gets a number behind it."""

_TRACKS = (0x17, 0x1B, 0x1D)
_RAW_ECHOSOUNDERS = (0x23, 0x24)
ECHOSOUNDER = 0x1C


_SENSORS = {
    "sound_speed": ("<u2", 16), "temperature": ("<i2", 18), "pressure": ("<u4", 20), "heading": ("<u2", 24),
    "pitch": ("<i2", 26), "roll": ("<i2", 28),
}  # fmt: skip

VERSION_3 = fields(
    settings=("(8,)u1", 0), clock=("(8,)u1", 8), **_SENSORS, beams=("<u2", 30),
    cell_size=("<u2", 32), blanking=("<u2", 34), nominal_correlation=("u1", 36), pressure_sensor_temperature=("u1", 37),
    battery=("<u2", 38), magnetometer=("(3,)<i2", 40), accelerometer=("(3,)<i2", 46), ambiguity=("<u2", 52),
    transmit_energy=("<u2", 56), exponent=("i1", 58), power=("i1", 59), clock_temperature=("<i2", 62),
    error=("<u2", 64), status=("<u4", 68), ensemble=("<u4", 72),
)  # fmt: skip
"""Burst, average, altimeter and echosounder data: angles and temperatures in 0.01 degree, pressure in mbar."""

VERSION_2 = fields(
    settings=("(8,)u1", 0), clock=("(8,)u1", 8), **_SENSORS, error=("<u2", 30),
    short_status=("<u2", 32), beams=("<u2", 34), cell_size=("<u2", 36), blanking=("<u2", 38), battery=("<u2", 42),
    magnetometer=("(3,)<i2", 44), accelerometer=("(3,)<i2", 50), ambiguity=("<u2", 56), transmit_energy=("<u2", 60),
    exponent=("i1", 62), power=("i1", 63),
)  # fmt: skip

TRACK = fields(
    settings=("(8,)u1", 0), clock=("(8,)u1", 8), **_SENSORS, beams=("<u2", 30),
    cell_size=("<u2", 32), blanking=("<u2", 34), nominal_correlation=("u1", 36), battery=("<u2", 38),
    magnetometer=("(3,)<i2", 40), accelerometer=("(3,)<i2", 46), ambiguity=("<u4", 52), transmit_energy=("<u2", 58),
    exponent=("i1", 60), power=("i1", 61), clock_temperature=("<i2", 64), error=("<u4", 66), status=("<u4", 70),
    ensemble=("<u4", 74),
)  # fmt: skip
"""Bottom track and water track."""

RAW_ECHOSOUNDER = fields(
    settings=("(2,)u1", 0), clock=("(8,)u1", 2), error=("<u2", 10), status=("<u4", 12),
    serial=("<u4", 16), samples=("<u4", 20), first_sample=("<u4", 24), sampling_frequency=("<f4", 28),
)  # fmt: skip

_LEAST = {VERSION_3: 76, VERSION_2: 68, TRACK: 78, RAW_ECHOSOUNDER: 32}
_BLANKING_IN_CENTIMETRES = 1 << 1
FRAMES = ("earth", "instrument", "beam")


@dataclass(frozen=True)
class Layout:
    """What records of one stream have in common: equal layouts, one stream.

    Attributes
    ----------
    record
        Record id.
    settings
        What the records say about themselves, by name.
    places
        Columns by name.
    """

    record: int
    settings: tuple[tuple[str, int | float], ...]
    places: tuple[tuple[str, Place], ...]

    @cached_property
    def of(self) -> Mapping[str, int | float]:
        """Settings by name."""
        return dict(self.settings)

    @property
    def frame(self) -> str:
        """Coordinate system of the velocities; empty where there is none."""
        return FRAMES[int(self.of["frame"])] if self.of.get("frame", 3) < len(FRAMES) else ""


class Group(NamedTuple):
    """Rows laid out alike: which of the matrix, and their columns, or why they cannot be used."""

    rows: NDArray[np.intp]
    layout: Layout | None
    columns: Columns
    reason: str


def groups(matrix: Rows) -> Iterator[Group]:
    """Sort records of one length by layout.

    Parameters
    ----------
    matrix : ndarray of uint8, shape (n, length), rows contiguous
        Whole records, from sync byte to the end of their data.

    Yields
    ------
    Group
        Rows ascending; columns are views into the matrix where all its rows are alike.
    """
    yield from _sorted(matrix, np.arange(len(matrix)))


def _sorted(matrix: Rows, rows: NDArray[np.intp]) -> Iterator[Group]:
    """Sort by what counts in records of the first one's kind: mostly all are, which one look at each tells."""
    kind = _kind_of(matrix)
    for inner in alike_at(matrix, _counted(*kind)):
        part = take(matrix, inner)
        if _kind_of(part) == kind:
            yield from _by_settings(part, rows[inner])
        else:
            yield from _sorted(part, rows[inner])


def _by_settings(matrix: Rows, rows: NDArray[np.intp]) -> Iterator[Group]:
    header, record = int(matrix[0, 1]), int(matrix[0, 2])
    fields = _known(record, int(matrix[0, header]), matrix.shape[1] - header)
    if isinstance(fields, str):
        yield Group(rows, None, {}, f"record 0x{record:02x}: {fields}")
        return
    for inner in _by_raw_altimeter(matrix[:, header:], fields, record):
        data = take(matrix, inner)[:, header:]
        first = data[0].tobytes()
        settings = _settings(first, fields, record)
        places = _places(settings, first, fields, record)
        if isinstance(places, str):
            yield Group(rows[inner], None, {}, f"record 0x{record:02x}: {places}")
            continue
        if "altimeter_spacing" in places:
            spacing = places.pop("altimeter_spacing").start
            settings["altimeter_spacing"] = int.from_bytes(first[spacing : spacing + 2], "little") / 10_000
        layout = Layout(record, tuple(settings.items()), tuple(places.items()))
        yield Group(rows[inner], layout, _columns(data, places, _LEAST[fields]), "")


def _known(record: int, version: int, length: int) -> np.dtype[Any] | str:
    """The fixed fields of a record with so many bytes of data, or why there are none."""
    fields = _fields_of(record, version)
    if isinstance(fields, str) or length >= _LEAST[fields]:
        return fields
    return f"its data have {length} bytes, {_LEAST[fields]} are needed"


def _fields_of(record: int, version: int) -> np.dtype[Any] | str:
    if record in _RAW_ECHOSOUNDERS:
        return RAW_ECHOSOUNDER
    if record in _TRACKS:
        return TRACK if version == 1 else f"version {version} of its data is not known, only 1"
    known = {2: VERSION_2, 3: VERSION_3}
    return known.get(version, f"version {version} of its data is not known, only 2 and 3")


_ALTIMETER, _RAW_ALTIMETER, _SURFACE, _ECHO, _ATTITUDE = 1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12
_VELOCITY, _AMPLITUDE, _CORRELATION, _PERCENT_GOOD, _DEVIATIONS = 1 << 5, 1 << 6, 1 << 7, 1 << 13, 1 << 14
_TRACK_DISTANCE, _TRACK_MERIT, _TRACK_ATTITUDE = 1 << 8, 1 << 9, 1 << 10


def _by_raw_altimeter(data: Rows, fields: np.dtype[Any], record: int) -> Iterator[NDArray[np.intp]]:
    """Row numbers by what tells one layout from another and has no fixed place."""
    raw = _raw_altimeter(data[0].tobytes(), fields, record)
    if raw is None or raw + 6 > data.shape[1]:
        yield np.arange(len(data))
    else:
        yield from alike(data[:, raw : raw + 6])


def _kind_of(matrix: Rows) -> tuple[int, int, int, int]:
    """Size of the header, record id, version of the data, and their bytes as far as they matter, of the first row."""
    header = int(matrix[0, 1])
    return header, int(matrix[0, 2]), int(matrix[0, header]), min(matrix.shape[1] - header, max(_LEAST.values()))


@lru_cache(maxsize=256)
def _counted(header: int, record: int, version: int, length: int) -> Rows:
    """The bits by which records of a kind are told apart, in the first bytes of each."""
    fields = _known(record, version, length)
    counted = np.zeros(2, np.uint8) if isinstance(fields, str) else _identity(fields, record)
    counted = np.concatenate([np.zeros(header, np.uint8), counted[:length]])
    counted[[1, 2]] = counted[header : header + 2] = 0xFF  # the kind; the version, and where the data start
    return counted


def _identity(fields: np.dtype[Any], record: int) -> Rows:
    assert fields.fields is not None
    counted = np.zeros(_LEAST[fields], np.uint8)
    if fields is RAW_ECHOSOUNDER:
        counted[[0, 1, *range(16, 32)]] = 0xFF
        return counted
    counted[:8] = 0xFF
    for name in ("beams", "cell_size", "blanking", *(["ambiguity"] if record == ECHOSOUNDER else [])):
        counted[fields.fields[name][1] :][:2] = 0xFF
    if "status" in fields.fields:
        counted[fields.fields["status"][1]] = _BLANKING_IN_CENTIMETRES
    return counted


def _configuration(data: bytes, fields: np.dtype[Any]) -> tuple[int, int]:
    """Configuration word and serial number; version 2 of the data has them the other way round."""
    first = 6 if fields is VERSION_2 else 2
    serial = 2 if fields is VERSION_2 else 4
    return int.from_bytes(data[first : first + 2], "little"), int.from_bytes(data[serial : serial + 4], "little")


def _settings(data: bytes, fields: np.dtype[Any], record: int) -> dict[str, int | float]:
    row = np.frombuffer(data.ljust(fields.itemsize, b"\0"), fields, 1)[0]
    if fields is RAW_ECHOSOUNDER:
        return {
            "version": data[0], "serial": int(row["serial"]), "samples": int(row["samples"]),
            "first_sample": int(row["first_sample"]), "sampling_frequency": float(row["sampling_frequency"]),
        }  # fmt: skip
    configuration, serial = _configuration(data, fields)
    # Version 2 has the blanking in millimetres; later ones say so, bit by bit.
    centimetres = "status" in row.dtype.names and int(row["status"]) & _BLANKING_IN_CENTIMETRES
    word = int(row["beams"])
    settings: dict[str, int | float] = {
        "version": data[0], "configuration": configuration, "serial": serial,
        "cell_size": int(row["cell_size"]) / 1000, "blanking": int(row["blanking"]) / (100 if centimetres else 1000),
    }  # fmt: skip
    if record == ECHOSOUNDER:
        settings |= {"cells": word, "beams": 1, "frequency": int(row["ambiguity"])}
    else:
        settings |= {"cells": word & 0x3FF, "beams": word >> 12, "frame": word >> 10 & 3}
    return settings


def _places(settings: Mapping[str, int | float], data: bytes, fields: np.dtype[Any], record: int
            ) -> dict[str, Place] | str:  # fmt: skip
    assert fields.fields is not None
    places = {
        name: Place(entry[1], entry[0].base, entry[0].shape)
        for name, entry in fields.fields.items()
        if name not in ("settings", "serial", "beams", "cell_size", "blanking", "samples", "first_sample",
                        "sampling_frequency")
    }  # fmt: skip
    start = data[1]
    for name, format_, shape in _data_of(settings, data, fields, record):
        places[name] = Place(start, np.dtype(format_), shape)
        start += places[name].dtype.itemsize * math.prod(shape)
    if start > len(data):
        return f"its configuration asks for {start} bytes of data, {len(data)} are there"
    if data[1] < _LEAST[fields]:
        return f"its data start at byte {data[1]}, inside the {_LEAST[fields]} bytes before them"
    return places


Item = tuple[str, str, tuple[int, ...]]


def _data_of(settings: Mapping[str, int | float], data: bytes, fields: np.dtype[Any], record: int) -> Iterator[Item]:
    """Name, format and shape of what follows the fixed fields."""
    if fields is RAW_ECHOSOUNDER:
        yield "samples", "<i4", (int(settings["samples"]), 2)
        return
    configuration = int(settings["configuration"])
    beams, cells = int(settings["beams"]), int(settings["cells"])
    if fields is TRACK:
        yield from _wanted(configuration, (
            (_VELOCITY, "track_velocity", "<i4", (beams,)),
            (_TRACK_DISTANCE, "track_distance", "<i4", (beams,)),
            (_TRACK_MERIT, "track_merit", "<u2", (beams,)),
        ))  # fmt: skip
        yield from _attitude(configuration & _TRACK_ATTITUDE)
        return
    yield from _wanted(configuration, _before_samples(beams, cells))
    if fields is VERSION_2:
        return
    if configuration & _RAW_ALTIMETER:
        yield from (("altimeter_count", "<u4", ()), ("altimeter_spacing", "<u2", ()))
        yield "altimeter_samples", "<i2", (_altimeter_count(data, fields, record),)
    if configuration & _ECHO:
        yield "echo", "<i2", (cells,)
    yield from _attitude(configuration & _ATTITUDE)
    yield from _wanted(configuration, (
        (_PERCENT_GOOD, "percent_good", "u1", (cells,)),
        (_DEVIATIONS, "deviations", "<u2", (4,)),
    ))  # fmt: skip


Optional = tuple[int, str, str, tuple[int, ...]]


def _wanted(configuration: int, items: tuple[Optional, ...]) -> Iterator[Item]:
    return ((name, format_, shape) for bit, name, format_, shape in items if configuration & bit)


def _before_samples(beams: int, cells: int) -> tuple[Optional, ...]:
    return (
        (_VELOCITY, "velocity", "<i2", (beams, cells)),
        (_AMPLITUDE, "amplitude", "u1", (beams, cells)),
        (_CORRELATION, "correlation", "u1", (beams, cells)),
        (_ALTIMETER, "altimeter_distance", "<f4", ()),
        (_ALTIMETER, "altimeter_quality", "<u2", ()),
        (_ALTIMETER, "altimeter_status", "<u2", ()),
        (_SURFACE, "surface_distance", "<f4", ()),
        (_SURFACE, "surface_quality", "<u2", ()),
        (_SURFACE, "surface_time_offset", "<i2", ()),
        (_SURFACE, "surface_pressure", "<f4", ()),
        (_SURFACE, "surface_spare", "u1", (8,)),
    )


def _attitude(asked: int) -> Iterator[Item]:
    if asked:
        yield from (("rotation", "<f4", (3, 3)), ("quaternion", "<f4", (4,)), ("angular_rate", "<f4", (3,)))


def _raw_altimeter(data: bytes, fields: np.dtype[Any], record: int) -> int | None:
    """Where the number of raw altimeter samples stands in the data; None without any."""
    if fields is not VERSION_3 or record == ECHOSOUNDER:
        return None
    settings = _settings(data, fields, record)
    configuration = int(settings["configuration"])
    if not configuration & _RAW_ALTIMETER:
        return None
    before = _wanted(configuration, _before_samples(int(settings["beams"]), int(settings["cells"])))
    return data[1] + sum(np.dtype(format_).itemsize * math.prod(shape) for _, format_, shape in before)


def _altimeter_count(data: bytes, fields: np.dtype[Any], record: int) -> int:
    place = _raw_altimeter(data, fields, record)
    assert place is not None
    return int.from_bytes(data[place : place + 4], "little")


def _columns(data: Rows, places: Mapping[str, Place], fixed: int) -> Columns:
    """Give the fields of every row, each of shape (n, *shape): copies of the short ones at the start, else views."""
    span, stride = bytes_of(data, data.shape[1])
    at_start = {name: place for name, place in places.items() if place.start < fixed}
    near = gathered(span, np.arange(len(data)) * stride, at_start)
    return {name: near[name] if name in near else column(data, place) for name, place in places.items()}
