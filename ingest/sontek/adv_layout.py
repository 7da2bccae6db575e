"""SonTek ADV: the configuration at a file's start, burst headers, and the fields of samples.

References
----------
SonTek, ADVField Operation Manual, September 2001, pages 98 to 105. The step of velocity and the unit of the rate are
not in it: see `Layout.velocity_step` and `RATES_PER_HERTZ`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ingest.binary.matrices import Place, alike, fields, packed, rows, take
from ingest.binary.pieces import Columns
from ingest.sontek import adv_framing as framing
from ingest.text import Bytes, Places

CONFIGURATION_BYTES = 441
RATES_PER_HERTZ = 100
"""Steps of the sampling rate in 1 Hz: page 97 and the files that oce reads say 0.01 Hz, page 103 says 0.1 Hz."""

_PROBE, _DEPLOYMENT = 24, 188
_MODELS = {0: "SonTek ADV, 10 MHz, 5 cm", 1: "SonTek ADV, 10 MHz, 10 cm", 2: "SonTek ADVOcean"}
_SAME = slice(26, 34)  # range of velocity, rate, samples, coordinates, what is recorded
_WIDEST_RANGE = 4

HEADER = fields(
    number=("<u4", 14), year=("<u2", 18), day=("u1", 20), month=("u1", 21), minute=("u1", 22), hour=("u1", 23),
    hundredths=("u1", 24), second=("u1", 25), sound_speed=("<u2", 34), probe_boundary=("<i2", 36),
    volume_boundary=("<i2", 38),
)  # fmt: skip


@dataclass(frozen=True)
class Configuration:
    """What a file says before its first burst, without checksum; pressure in nanobar and picobar a count, microbar."""

    model: str
    firmware: str
    serial: str
    orientation: int
    compass: bool
    thermometer: bool
    pressure: bool
    pressure_scale: int
    pressure_offset: int
    pressure_square: int
    compass_offset: int
    matrix: tuple[float, ...]


def configuration(head: bytes) -> Configuration | None:
    """Read the configuration that a recorded file starts with."""
    if len(head) < CONFIGURATION_BYTES or head[_DEPLOYMENT : _DEPLOYMENT + 2] != b"\x12\x01":
        return None
    serial = head[_PROBE + 10 : _PROBE + 16].split(b"\0")[0]
    if head[2] not in _MODELS or max(head[3], head[_PROBE + 18]) > 3 or max(head[4:8]) > 1 or not serial.isalnum():
        return None
    scale, offset = np.frombuffer(head, "<i4", 2, 8).tolist()
    square, turned = (int(np.frombuffer(head, "<i2", 1, place)[0]) for place in (21, 16))
    return Configuration(
        model=_MODELS[head[2]],
        firmware=f"{head[0] / 10:.1f}",
        serial=serial.decode("ascii"),
        orientation=head[3],
        compass=head[4] == 1,
        thermometer=head[6] == 1,
        pressure=head[7] == 1,
        pressure_scale=scale,
        pressure_offset=offset,
        pressure_square=square,
        compass_offset=turned,
        matrix=tuple(np.frombuffer(head, "<f4", 9, _PROBE + 120).tolist()),
    )


@dataclass(frozen=True)
class Layout:
    """What the samples of one stream have in common."""

    velocity_range: int
    rate: int
    coordinates: int
    recorded: int

    @property
    def velocity_step(self) -> float:
        """Metres a second in a count: 0.1 mm/s (page 105), in the widest range 0.2 mm/s.

        That is what oce reads, and an ADVOcean's 5 m/s do not fit into 16 bits otherwise.
        """
        return 2e-4 if self.velocity_range == _WIDEST_RANGE else 1e-4

    @property
    def places(self) -> Mapping[str, Place]:
        """Where the fields of a sample lie (page 104)."""
        byte, short = np.dtype(np.uint8), np.dtype("<i2")
        shape = (3,) if self.recorded & framing.BEAMS else ()
        parts: list[tuple[str, np.dtype[Any], tuple[int, ...], int]] = [
            ("velocity", short, (3,), 0), ("amplitude", byte, shape, 0), ("correlation", byte, shape, 0),
            ("attitude", short, (3,), framing.COMPASS), ("temperature", short, (), framing.SENSORS),
            ("pressure", np.dtype("<u2"), (), framing.SENSORS), ("analog", np.dtype("<u2"), (2,), framing.ANALOG),
            ("external_pressure", byte, (3,), framing.PRESSURE),
        ]  # fmt: skip
        found: dict[str, Place] = {}
        start = 0
        for name, kind, form, bit in parts:
            if bit and not self.recorded & bit:
                continue
            found[name] = Place(start, kind, form)
            start += kind.itemsize * int(np.prod(form))
        return found


def groups(buffer: Bytes, start: Places, length: int) -> Iterator[tuple[Layout, Places, int, Columns]]:
    """Bursts of one length by layout: row numbers, samples of each, and header fields, each of shape (n,)."""
    headers = packed(rows(buffer, start, HEADER.itemsize))
    for same in alike(headers[:, _SAME]):
        part = take(headers, same)
        rate, samples = np.frombuffer(part[0, 28:32].tobytes(), "<u2").tolist()
        layout = Layout(int(part[0, 26]), rate, int(part[0, 32]), int(part[0, 33]))
        header = part.view(HEADER)[:, 0]
        yield layout, same, samples, {name: header[name] for name in HEADER.names or ()}
