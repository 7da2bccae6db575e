"""Writes PD0 ensembles byte by byte from the manual's tables, for tests: shares nothing with the reader."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

START = datetime(2017, 5, 24, 11, 50, 13, 400_000)
EARTH, INSTRUMENT, BEAM = 0x1F, 0x0F, 0x07


@dataclass(frozen=True)
class Ensemble:
    number: int = 1
    time: datetime = START
    cells: int = 5
    cell_size: int = 100
    coordinates: int = EARTH
    heading_bias: int = 0
    pressure: int = 1_130_250
    pitch: int = -152
    velocity: Sequence[Sequence[int]] | None = None
    bottom_track: bool = False
    percent_good: bool = True
    century: bool = True
    facing_up: bool = True
    first_cell: int = 209
    extra: bytes = b""  # a further data type, identity included


def wanted_velocity(ensemble: Ensemble) -> NDArray[np.int64]:
    """Velocities in mm s-1, shape (cells, 4)."""
    if ensemble.velocity is not None:
        return np.array(ensemble.velocity)
    return (np.arange(4 * ensemble.cells).reshape(-1, 4) * 7 + ensemble.number) % 900 - 400


def fixed_leader(e: Ensemble) -> bytes:
    configuration = 0x4143 | (0x80 if e.facing_up else 0)  # 600 kHz, convex, 20 degrees
    part = struct.pack("<HBBHBBBBHHHBBBBH", 0, 51, 41, configuration, 0, 6, 4, e.cells, 45, e.cell_size, 88, 1, 64, 5,
                       0, 2000)  # fmt: skip
    part += struct.pack("<BBBBhhBBHHBBBBH", 0, 1, 0, e.coordinates, 0, e.heading_bias, 0x7D, 0x3D, e.first_cell, 118, 1,
                        5, 50, 0, 24)  # fmt: skip
    return part + struct.pack("<8sHBBIB", b"\0" * 8, 0, 255, 0, 18655, 20)


def variable_leader(e: Ensemble) -> bytes:
    t = e.time
    hundredths = t.microsecond // 10_000
    part = struct.pack("<HH7B", 0x80, e.number & 0xFFFF, t.year % 100, t.month, t.day, t.hour, t.minute, t.second,
                       hundredths)  # fmt: skip
    part += struct.pack("<BHHHHhhHh", e.number >> 16, 0, 1480, 12, 19538, e.pitch, -128, 35, 729)
    part += struct.pack("<3B3B8BIHiI", 1, 2, 50, 3, 11, 12, *range(10, 18), 0x01000002, 0, e.pressure, 88)
    century = (t.year // 100, t.year % 100, t.month, t.day, t.hour, t.minute, t.second, hundredths)
    return part + struct.pack("<B8B", 0, *(century if e.century else [0] * 8))


def bottom_track(e: Ensemble) -> bytes:
    part = struct.pack("<HHHBBBBHI", 0x0600, 1, 0, 220, 30, 0, 5, 1000, 0)
    part += struct.pack("<4H4h", 1000, 0, 65535, 7, 123, -45, 7, -32768)
    part += struct.pack("<4B4B4B", 200, 201, 202, 203, 90, 90, 90, 90, 0, 1, 2, 3)
    part += struct.pack("<HHH4h4B4B4B", 0, 0, 0, *([0] * 4), *([0] * 12))
    return part + struct.pack("<H4BB4B4B", 80, 10, 11, 12, 13, 1, 0, 0, 1, 0, 0, 0, 0, 0)


def data_types(e: Ensemble) -> list[bytes]:
    velocity = wanted_velocity(e)
    counts = np.arange(4 * e.cells, dtype=np.uint8)
    parts = [fixed_leader(e), variable_leader(e), b"\x00\x01" + velocity.astype("<i2").tobytes()]
    parts += [b"\x00\x02" + (counts + 60).tobytes(), b"\x00\x03" + (counts + 100).tobytes()]
    if e.percent_good:
        parts.append(b"\x00\x04" + (counts % 101).tobytes())
    if e.bottom_track:
        parts.append(bottom_track(e))
    return parts + ([e.extra] if e.extra else [])


def framed(parts: Sequence[bytes], sync: bytes = b"\x7f\x7f") -> bytes:
    """Header, data types, two reserved bytes and checksum."""
    start = 6 + 2 * len(parts)
    offsets = [start + sum(map(len, parts[:index])) for index in range(len(parts))]
    size = start + sum(map(len, parts)) + 2
    body = sync + struct.pack(f"<HBB{len(parts)}H", size, 0, len(parts), *offsets) + b"".join(parts) + b"\0\0"
    return body + struct.pack("<H", sum(body) & 0xFFFF)


def to_bytes(e: Ensemble) -> bytes:
    return framed(data_types(e))


def waves_packet(size: int = 70) -> bytes:
    return framed([b"\x03\x02" + bytes(range(size))], b"\x7f\x79")


def series(count: int, seconds: float = 1.5, **fields: object) -> list[Ensemble]:
    """Ensembles numbered from 1, a fixed time apart."""
    step = timedelta(seconds=seconds)
    return [Ensemble(number=n + 1, time=START + n * step, **fields) for n in range(count)]  # type: ignore[arg-type]


def long_file(bytes_wanted: int, cells: int = 60) -> tuple[bytes, NDArray[np.int64]]:
    """Build a large file quickly: one ensemble repeated, with rising clock and number and other velocities.

    Returns
    -------
    bytes of the file, and its velocities in mm s-1, shape (ensembles, cells, 4).
    """
    model = to_bytes(Ensemble(cells=cells, coordinates=EARTH))
    count = -(-bytes_wanted // len(model))
    rows = np.tile(np.frombuffer(model, np.uint8), (count, 1))
    leader = model.index(b"\x80\x00", 18)
    number = np.arange(1, count + 1)
    rows[:, leader + 2], rows[:, leader + 3], rows[:, leader + 11] = number & 255, number >> 8 & 255, number >> 16
    seconds = 60 * np.arange(count)
    day = np.datetime64("2016-09-08") + seconds // 86400
    months = day.astype("M8[M]")
    year = months.astype("M8[Y]").astype(int) + 1970
    month, date = months.astype(int) % 12 + 1, (day - months.astype("M8[D]")).astype(int) + 1
    clock = [year % 100, month, date, seconds // 3600 % 24, seconds // 60 % 60, seconds % 60, 0 * seconds]
    for index, values in enumerate(clock):
        rows[:, leader + 4 + index] = values
        rows[:, leader + 58 + index] = values
    rows[:, leader + 57] = year // 100
    velocity = np.random.default_rng(1).integers(-800, 800, (count, cells, 4))
    velocity[::9, -3:] = -32768
    start = leader + 65 + 2
    rows[:, start : start + 8 * cells] = velocity.astype("<i2").reshape(count, -1).view(np.uint8)
    sums = rows[:, :-2].sum(axis=1, dtype=np.uint16)
    rows[:, -2], rows[:, -1] = sums & 255, sums >> 8
    return rows.tobytes(), velocity


def written(ensembles: list[Ensemble]) -> bytes:
    """Ensembles one after the other."""
    return b"".join(map(to_bytes, ensembles))
