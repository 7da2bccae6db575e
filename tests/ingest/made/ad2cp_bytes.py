"""AD2CP records made here, byte for byte after N3015-007, for kinds that no real file at hand has."""

import struct

import numpy as np

VELOCITY, AMPLITUDE, CORRELATION, ECHO, PERCENT_GOOD, DEVIATIONS = (1 << bit for bit in (5, 6, 7, 11, 13, 14))
CENTIMETRES = 1 << 1
CLOCK = (123, 6, 14, 8, 3, 1, 5011)  # 2023-07-14 08:03:01.5011: years since 1900, months from 0, 100 microseconds


def checksum(data: bytes) -> int:
    words = np.frombuffer(data[: len(data) // 2 * 2], "<u2").astype(np.int64)
    return int(0xB58C + words.sum() + (data[-1] << 8 if len(data) % 2 else 0)) & 0xFFFF


def record(kind: int, data: bytes, *, wide: bool = False) -> bytes:
    size = struct.pack("<I" if wide else "<H", len(data))
    header = bytes([0xA5, 12 if wide else 10, kind, 0x10]) + size + struct.pack("<H", checksum(data))
    return header + struct.pack("<H", checksum(header)) + data


def text(content: str) -> bytes:
    return record(0xA0, b"\x10" + content.encode())


def clock(seconds: float, fields: tuple[int, ...] = CLOCK) -> bytes:
    moved = fields[5] * 10_000 + fields[6] + round(seconds * 10_000)
    return struct.pack("<6BH", *fields[:5], moved // 10_000, moved % 10_000)


SENSORS = struct.pack("<HhIHhh", 15123, -159, 1_120_450, 31964, -123, 456)


def version_3(
    configuration: int, beams: int, payload: bytes, *, number: int = 1, status: int = 0, exponent: int = -3,
    stamp: bytes | None = None, blanking: int = 500, frequency: int = 0,
) -> bytes:  # fmt: skip
    start = struct.pack("<BBHI", 3, 76, configuration | 15, 102977) + (stamp or clock(number - 1)) + SENSORS
    middle = struct.pack("<HHHBBH3h3hHHHbbhh", beams, 1000, blanking, 67, 150, 184, 10, -20, 30, 0, 0, 16384,
                         frequency or 4859, 0, 508, exponent, -6, 0, 1825)  # fmt: skip
    return start + middle + struct.pack("<HHII", 0, 0, status, number) + payload


def version_2(payload: bytes, *, number: int = 1) -> bytes:
    start = struct.pack("<BBIH", 2, 68, 102977, VELOCITY | AMPLITUDE | CORRELATION | 15) + clock(number - 1) + SENSORS
    return start + struct.pack("<HHHHHHH3h3hHHHbb4x", 3, 7, 4 << 12 | 2 << 10 | 2, 1000, 500, 4500, 184, 10, -20, 30,
                               0, 0, 16384, 4859, 0, 508, -4, -6) + payload  # fmt: skip


def raw_echosounder(samples: np.ndarray, *, number: int = 1) -> bytes:
    start = struct.pack("<BB", 1, 240) + clock(number - 1)
    start += struct.pack("<HIIIIf", 0, 0, 102977, len(samples), 4, 12500.0)
    return start + bytes(208) + samples.astype("<i4").tobytes()


def cells(velocity: np.ndarray) -> bytes:
    """Velocity, amplitude and correlation of one record, of shape (beams, cells)."""
    other = np.arange(velocity.size, dtype=np.uint8)
    return velocity.astype("<i2").tobytes() + (100 + other).tobytes() + (50 + other).tobytes()
