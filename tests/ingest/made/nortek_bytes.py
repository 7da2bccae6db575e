"""Nortek classic records made here, byte for byte after PSI00-0101, for kinds that no real file at hand has."""

import struct

import numpy as np

CLOCK = (2014, 10, 7, 19, 30, 0)


def record(kind: int, body: bytes) -> bytes:
    """A record with size word; `body` follows it."""
    start = struct.pack("<BBH", 0xA5, kind, (len(body) + 6) // 2) + body
    return start + _checksum(start)


def _checksum(data: bytes) -> bytes:
    total = 0xB58C + int(np.frombuffer(data, "<u2").astype(np.int64).sum())
    return struct.pack("<H", total & 0xFFFF)


def clock(seconds: int, year: int = CLOCK[0]) -> bytes:
    """Binary coded decimals in the order of the instrument."""
    minute, second = divmod(CLOCK[4] * 60 + seconds, 60)
    fields = (minute, second, CLOCK[2], CLOCK[3], year % 100, CLOCK[1])
    return bytes(field // 10 << 4 | field % 10 for field in fields)


def user(*, period: int = 64, frame: int = 0, beams: int = 3, cells: int = 1, tenths: bool = False) -> bytes:
    """User configuration; `period` in 1/512 s."""
    body = bytearray(506)
    for first, value in ((16, period), (18, beams), (32, frame), (34, cells), (58, tenths << 4)):
        struct.pack_into("<H", body, first - 4, value)
    return record(0x00, bytes(body))


def hardware(serial: str = "VEC 9062") -> bytes:
    return record(0x05, serial.encode().ljust(14) + bytes(24) + b"3.34")


def system(seconds: int, status: int = 0, **options: int) -> bytes:
    values = struct.pack("<HHhhhhBBH", 121, 15023, 3473, 220, -1, 1391, 0, status, 9)
    return record(0x11, clock(seconds, **options) + values)


def burst_header(seconds: int, count: int) -> bytes:
    return record(0x12, clock(seconds) + struct.pack("<H4B4B20x", count, 71, 97, 96, 0, 22, 12, 20, 0))


def sample(counter: int, velocity: tuple[int, int, int] = (1, -2, 300), pressure: int = 70_000) -> bytes:
    start = struct.pack("<BBBBBBHH", 0xA5, 0x10, 1, counter & 0xFF, pressure >> 16, 2, pressure & 0xFFFF, 5)
    start += struct.pack("<3h6B", *velocity, 50, 51, 52, 90, 91, 92)
    return start + _checksum(start)


def attitude(kind: int, floats: np.ndarray, counter: int = 0) -> bytes:
    return record(0x71, bytes([counter, kind]) + floats.astype("<f4").tobytes() + struct.pack("<IH", 62_500, 0))


def sensors(seconds: int, status: int = 0) -> bytes:
    return clock(seconds) + struct.pack("<HHHHhhhBBHh", 3, 5, 123, 15287, 2002, 254, -288, 1, status, 200, 2272)


def current(seconds: int, status: int = 0, kind: int = 0x01) -> bytes:
    return record(kind, sensors(seconds, status) + struct.pack("<3h3Bx", 591, 996, -1002, 19, 18, 17))


def profile(kind: int, seconds: int, velocity: np.ndarray) -> bytes:
    """Profile of an AWAC (0x20) or an Aquadopp (0x21), `velocity` of shape (beams, cells)."""
    amplitude = (np.arange(velocity.size) % 200).astype(np.uint8).tobytes()
    body = sensors(seconds) + bytes(88 if kind == 0x20 else 0) + velocity.astype("<i2").tobytes() + amplitude
    return record(kind, body + bytes(len(body) % 2))


def wave_header(seconds: int, count: int) -> bytes:
    values = (count, 9, 123, 15287, 2002, 25, -28, 9000, 9500, 2272, 44, *range(1, 9))
    return record(0x31, clock(seconds) + struct.pack("<HHHHHhhHHhH4B4H14x", *values))


def wave(kind: int = 0x30) -> bytes:
    return record(kind, struct.pack("<HHH3hH4B", 9123, 8123, 7, 10, -20, 30, 8125, 61, 62, 63, 99))
