"""SonTek ADP profiles and ADV bursts made here, byte for byte after the manual, for what no real file at hand has."""

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


def adv_configuration(*, compass: bool = True, kind: int = 1) -> bytes:
    """The 441 bytes that a recorded file starts with: 2e7 nanobar and 300 picobar a count, less 1e6 microbar."""
    hardware = struct.pack("<BBBBBBBB", 71, 40, kind, 1, compass, 1, 1, 1)
    hardware += struct.pack("<iihBBBhB", 20_000_000, -1_000_000, -12, 0, 0, 0, 300, 0)
    probe = bytearray(b"\x11\x01".ljust(10, b"\0") + b"B373H\0" + struct.pack("<BBH", 3, 1, 3)).ljust(164, b"\0")
    probe[120:156] = struct.pack("<9f", 2.71, -1.409, -1.299, 0.071, 2.372, -2.442, 0.344, 0.344, 0.344)
    return hardware + bytes(probe) + b"\x12\x01".ljust(253, b"\0")


def adv_burst(
    number: int,
    velocity: np.ndarray,
    *,
    recorded: int = 0b111,
    coordinates: int = 1,
    velocity_range: int = 3,
    clock: tuple[int, ...] = (2008, 6, 25, 10, 0, 6, 50),
    answer: bytes = b"",
) -> bytes:
    """One burst at 8 Hz: `velocity`, shape (samples, 3), are raw; the clock ends with second and hundredth."""
    year, month, day, hour, minute, second, hundredth = clock
    content = struct.pack("<BBH10sIHBBBBBB", 0xA5, 0x11, 60, SERIAL, number, year, day, month, minute, hour, hundredth,
                          second)  # fmt: skip
    content += struct.pack("<BBHHBBHhh", velocity_range, 0, 800, len(velocity), coordinates, recorded, 14_873, 1500, -1)
    content += bytes(20)
    for row, three in enumerate(velocity.tolist()):
        content += struct.pack("<3h", *three)
        content += bytes((101, 102, 103, 91, 92, 93)) if recorded & 1 else bytes((111, 95))
        content += struct.pack("<3h", 1234, -15, 22) if recorded & 2 else b""
        content += struct.pack("<hH", 356 + row, 1000) if recorded & 4 else b""
        content += struct.pack("<2H", 500, 60_000) if recorded & 32 else b""
        content += b"\x01\x02\x03" if recorded & 64 else b""
    content += bytes(range(36)) if recorded & 16 else b""
    content += answer
    return content + struct.pack("<H", (0xA596 + sum(content)) & 0xFFFF)


def adv_velocity(number: int, samples: int) -> np.ndarray:
    """Raw velocities that differ from sample to sample, none of whose low bytes is that of a burst's start."""
    values = np.arange(samples * 3).reshape(samples, 3) * 8 - 400 + 8 * number
    return values * np.int64(1)


def adv_file(count: int = 12) -> bytes:
    """Recorded file with bursts of 20 samples, and other bytes between."""
    parts = [adv_configuration()]
    for number in range(count):
        clock = (2008, 6, 25, 10, number % 60, 6, 50)
        parts.append(adv_burst(number + 1, adv_velocity(number, 20), clock=clock))
        parts += [b"\xa5\x11\x3c"] if number == 5 else []
    return b"".join(parts)
