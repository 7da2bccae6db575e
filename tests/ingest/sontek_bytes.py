"""SonTek ADP profiles made here, byte for byte after the manual, for what no real file at hand has."""

import struct

import numpy as np

SERIAL = b"C123"


def profile(
    number: int,
    cells: np.ndarray,
    *,
    coherent: bool = False,
    coordinates: int = 2,
    clock: tuple[int, ...] = (2019, 3, 4, 5, 0, 6, 7),
    pressure: int = 1000,
) -> bytes:
    """One profile: `cells`, shape (beams, cells), are raw velocities; the clock ends with second and hundredth."""
    year, month, day, hour, minute, second, hundredth = clock
    beams, count = cells.shape
    header = struct.pack("<BBH10sIHBBBBBB", 0xA5, 0x10, 80, SERIAL, number, year, day, month, minute, hour, hundredth,
                         second)  # fmt: skip
    header += struct.pack("<BBBBHHHHH", beams, 1, 1, coordinates, count, 100, 40, 60, 58)
    header += struct.pack("<hhhhHBBBBHH", 1234, -15, 22, 356, pressure, 3, 2, 1, 4, 7, 14_873) + bytes(22)
    further = struct.pack("<8H4H4h4B", 510, 756, 170, 100, 1700, 227, 50, 1500, 1230, 1240, 1250, 0, 11, -12, 13, 0, 91,
                          92, 93, 0) if coherent else b""  # fmt: skip
    size = cells.size
    body = header + further + cells.astype("<i2").tobytes()
    quality = (np.arange(size) % 100).astype(np.uint8)
    body += quality.tobytes() + (200 - quality).tobytes()
    return body + struct.pack("<H", (0xA596 + sum(body)) & 0xFFFF)


def velocities(number: int, beams: int = 3, cells: int = 5) -> np.ndarray:
    """Raw velocities that differ from cell to cell and profile to profile."""
    return (np.arange(beams * cells).reshape(beams, cells) * 7 - 40 + number) * np.int64(1)


def configuration(*, compass: bool = True, pressure: bool = True) -> bytes:
    """The blocks that a recorded file starts with."""
    hardware = bytearray(struct.pack("<BBH", 0x10, 2, 96) + bytes(8) + bytes([75, 41]) + b"F" + SERIAL.ljust(10, b"\0"))
    hardware += bytes([2, 3, 1]) + struct.pack("<H", 250) + bytes([1, compass, 1, 1, pressure, 0])
    hardware += struct.pack("<9h", 1615, -808, -808, 0, -1399, 1399, 377, 377, 377) + bytes(14) + bytes(2)
    hardware += struct.pack("<ii", 20_000_000, -1_000_000)
    hardware = hardware.ljust(96, b"\0")
    return bytes(hardware) + struct.pack("<BBH", 0x11, 2, 64).ljust(64, b"\0") + b"\x12\x02\x00\x01".ljust(256, b"\0")


def adp_file(count: int = 60) -> bytes:
    """Recorded file of an ADP over earth, with other bytes between."""
    parts = [configuration()]
    for number in range(count):
        clock = (2019, 3, 4, 5, number % 60, 6, 7)
        parts.append(profile(number + 1, velocities(number), clock=clock))
        parts += [b"\xa5\x10\x50"] if number == 20 else []
    return b"".join(parts)
