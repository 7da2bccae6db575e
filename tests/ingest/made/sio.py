"""Blocks of the SIO mooring controller made here, for records that no real file at hand has."""

from ingest.textual.sio import checksum

CONTROLLER = 1_236_916


def sio_block(letters: str, data: bytes, *, seconds: int = 0x51532100, number: int = 1) -> bytes:
    """One block: header, data, end."""
    header = f"\x01{letters}{CONTROLLER:07d}_{len(data):04X}u{seconds:08X}_{number:02X}_{checksum(data):04X}\x02"
    return header.encode() + data + b"\x03"


def packed_sample(number: int, counts: tuple[int, int, int], clock: int) -> bytes:
    """Sample of a 37-IM as it is telemetered: temperature and conductivity share five bytes."""
    temperature, conductivity, pressure = counts
    science = (temperature << 20 | conductivity).to_bytes(5, "big") + pressure.to_bytes(2, "little")
    return bytes([number]) + science + clock.to_bytes(4, "little") + b"\r"


def clock_note(number: int, error: int, end: bytes = b"\x13") -> bytes:
    """What the controller noted about one clock."""
    return bytes([number]) + error.to_bytes(4, "big", signed=True) + end


def microcat_file(blocks: int = 6) -> bytes:
    """Samples of three MicroCATs and the errors of their clocks, hour after hour."""
    parts = []
    for hour in range(blocks):
        seconds, clock = 0x51F0C096 + 3600 * hour, 428_040_001 + 3600 * hour
        samples = [packed_sample(n, (123_064 + hour, 363_095 + n, 26_865 - hour), clock) for n in (16, 58, 64)]
        parts.append(sio_block("CT", b"".join(samples), seconds=seconds, number=hour))
        notes = [clock_note(n, n - 40 - hour) for n in (16, 58, 64)]
        parts.append(sio_block("CO", b"".join(notes), seconds=seconds + 60, number=hour))
    return b"\r\n".join(parts)
