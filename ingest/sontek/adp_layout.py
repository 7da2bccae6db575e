"""SonTek ADP and PC-ADP: the configuration at a file's start, profile headers, and what profiles have in common.

References
----------
SonTek, ADP manual, version 7.10, pages 82 to 86; ADP Software Manual, version 6.42, pages 8, 16 and 17; the record that
a PC-ADP adds, as the maker gave it to the authors of oce (R/adp.sontek.R).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ingest.binary.matrices import Place, alike, column, fields, packed, rows
from ingest.binary.pieces import Columns
from ingest.sontek.adp_framing import COHERENT, COHERENT_BYTES, HEADER_BYTES
from ingest.text import Bytes, Places

CONFIGURATION_BYTES = 416
_STARTS = ((0, b"\x10\x02\x60\x00"), (96, b"\x11\x02\x40\x00"), (160, b"\x12\x02\x00\x01"))
_FREQUENCIES = (3000, 1500, 750, 500, 250)

HEADER = fields(
    serial=("S10", 4), number=("<u4", 14), year=("<u2", 18), day=("u1", 20), month=("u1", 21), minute=("u1", 22),
    hour=("u1", 23), hundredths=("u1", 24), second=("u1", 25), pings=("<u2", 38), heading=("<i2", 40),
    pitch=("<i2", 42), roll=("<i2", 44), temperature=("<i2", 46), pressure=("<u2", 48), heading_deviation=("u1", 50),
    pitch_deviation=("u1", 51), roll_deviation=("u1", 52), temperature_deviation=("u1", 53),
    pressure_deviation=("<u2", 54), sound_speed=("<u2", 56),
)  # fmt: skip
# The one field behind the deviations that can be a speed of sound, which the maker's software prints from the header
# (ADP Software Manual, page 16): 1589.4 m/s in corpus oce_adp_sontek.adp.
_SAME = slice(26, 38)  # beams, orientation, mode of temperature, coordinates, cells, cell size, blanking, averaging


@dataclass(frozen=True)
class Configuration:
    """What the blocks before the first profile say; they carry no checksum."""

    firmware: str
    serial: str
    frequency: int | None
    beam_angle: float
    compass: bool
    thermometer: bool
    pressure: bool
    matrix: tuple[float, ...]
    pressure_scale: int
    pressure_offset: int


def configuration(head: bytes) -> Configuration | None:
    """Read the configuration that a file may start with; pressure in nanobar a count and microbar."""
    if len(head) < CONFIGURATION_BYTES or any(head[at : at + 4] != start for at, start in _STARTS):
        return None
    kind = head[25]
    scale, offset = np.frombuffer(head, "<i4", 2, 70).tolist()
    return Configuration(
        firmware=f"{head[12] / 10:.1f}",
        serial=head[15:25].split(b"\0")[0].decode("ascii", "replace"),
        frequency=_FREQUENCIES[kind] if kind < len(_FREQUENCIES) else None,
        beam_angle=int.from_bytes(head[28:30], "little") / 10,
        compass=head[31] == 1,
        thermometer=head[33] == 1,
        pressure=head[34] == 1,
        matrix=tuple((np.frombuffer(head, "<i2", 9, 36) / 1024).tolist()),
        pressure_scale=scale,
        pressure_offset=offset,
    )


@dataclass(frozen=True)
class Layout:
    """What the profiles of one stream have in common; lengths in centimetres."""

    coherent: bool
    beams: int
    orientation: int
    measured_temperature: bool
    coordinates: int
    cells: int
    cell_size: int
    blanking: int
    averaging: int

    @property
    def places(self) -> Mapping[str, Place]:
        """Where the arrays of a profile lie."""
        start, shape = HEADER_BYTES, (self.beams, self.cells)
        found: dict[str, Place] = {}
        if self.coherent:
            words = ("range", "<u2", 96), ("resolving_velocity", "<i2", 104), ("resolving_correlation", "u1", 112)
            found |= {name: Place(at, np.dtype(kind), (self.beams,)) for name, kind, at in words}
            found["pulses"] = Place(80, np.dtype("<u2"), (8,))
            start += COHERENT_BYTES
        count = self.beams * self.cells
        found["velocity"] = Place(start, np.dtype("<i2"), shape)
        found["quality"] = Place(start + 2 * count, np.dtype(np.uint8), shape)
        found["amplitude"] = Place(start + 3 * count, np.dtype(np.uint8), shape)
        return found


def groups(buffer: Bytes, start: Places, length: int, kind: int) -> Iterator[tuple[Layout, Places, Columns]]:
    """Profiles of one kind and length by layout: row numbers, and raw columns, each of shape (n, ...)."""
    matrix = rows(buffer, start, length)
    # Side by side the headers stay in the cache while they are compared and their twenty fields are taken.
    headers = packed(matrix[:, : HEADER.itemsize])
    for same in alike(headers[:, _SAME]):
        all_of_them = same.size == len(matrix)
        part = matrix if all_of_them else matrix[same]
        layout = _layout(part[0], kind)
        header = (headers if all_of_them else headers[same]).view(HEADER)[:, 0]
        columns: dict[str, Any] = {name: header[name] for name in HEADER.names or ()}
        columns |= {name: column(part, place) for name, place in layout.places.items()}
        yield layout, same, columns


def _layout(row: Bytes, kind: int) -> Layout:
    cells, size, blanking, averaging = np.frombuffer(row[30:38].tobytes(), "<u2").tolist()
    beams, orientation, mode, coordinates = row[26:30].tolist()
    return Layout(
        kind == COHERENT, beams, orientation, mode == 1, coordinates, cells, size, blanking, averaging
    )
