"""Where the fields of a Teledyne RDI PD0 ensemble lie, and which ensembles are laid out alike.

References
----------
Teledyne RD Instruments, Workhorse Commands and Output Data Format, P/N 957-6156-00: header, fixed leader, variable
leader, velocity, correlation, echo, percent good, bottom track. Sentinel V output format guide: vertical beam.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ingest.binary.checksums import eights
from ingest.binary.matrices import Place, agree, alike, fields, rows, take
from ingest.binary.pieces import Columns
from ingest.rdi.pd0_framing import CHECKSUM_BYTES, HEADER_BYTES
from ingest.text import Bytes, Places

Rows = Bytes

FIXED_LEADER, VARIABLE_LEADER = 0x0000, 0x0080
VELOCITY, CORRELATION, ECHO, PERCENT_GOOD = 0x0100, 0x0200, 0x0300, 0x0400
BOTTOM_TRACK = 0x0600
VERTICAL_LEADER, VERTICAL_VELOCITY = 0x0F01, 0x0A00
VERTICAL_CORRELATION, VERTICAL_ECHO, VERTICAL_PERCENT_GOOD = 0x0B00, 0x0C00, 0x0D00


FIXED = fields(
    firmware_version=("u1", 2), firmware_revision=("u1", 3), system_configuration=("<u2", 4), beams=("u1", 8),
    cells=("u1", 9), pings=("<u2", 10), cell_size=("<u2", 12), blank=("<u2", 14), mode=("u1", 16),
    ping_minutes=("u1", 22), ping_seconds=("u1", 23), ping_hundredths=("u1", 24), coordinates=("u1", 25),
    heading_alignment=("<i2", 26), heading_bias=("<i2", 28), sensor_source=("u1", 30),
    serial=("<u4", 54), beam_angle=("u1", 58),
)  # fmt: skip
"""Fixed leader: lengths in cm, angles in 0.01 degree."""

FIXED_OF_ENSEMBLE = fields(facing_up=("u1", 4), first_cell=("<u2", 32), transmit_pulse=("<u2", 34))
"""What of the fixed leader may change from ensemble to ensemble: orientation, and lengths in cm."""

FIXED_BYTES = 59
_FIXED_LEAST = 42  # firmware of the broadband generation ends here: no serial number, no beam angle

# The bytes of the fixed leader that say what the values mean. The rest (sensors available, thresholds, lags) may change
# from ensemble to ensemble without making the values another quantity. So do the distance of the first cell and the
# length of the transmitted pulse, which firmware works out anew from the speed of sound: a Workhorse of firmware 16.21
# that went into colder water had twelve values within 0.1 m in 500 ensembles.
_SETTINGS = np.zeros(FIXED_BYTES, np.uint8)
for _first, _stop in ((2, 6), (8, 17), (22, 31), (54, 59)):
    _SETTINGS[_first:_stop] = 0xFF
FACING_UP = 0x80
_SETTINGS[4] &= 0xFF ^ FACING_UP  # flickers on an instrument that lies on its side; kept for each ensemble instead

VARIABLE = fields(
    ensemble_number=("<u2", 2), clock=("(7,)u1", 4), ensemble_number_high=("u1", 11), built_in_test=("<u2", 12),
    sound_speed=("<u2", 14), depth=("<u2", 16), heading=("<u2", 18), pitch=("<i2", 20), roll=("<i2", 22),
    salinity=("<u2", 24), temperature=("<i2", 26), preping_wait=("(3,)u1", 28), heading_deviation=("u1", 31),
    pitch_deviation=("u1", 32), roll_deviation=("u1", 33), adc_channel=("(8,)u1", 34), error_status=("<u4", 42),
    pressure=("<i4", 48), pressure_deviation=("<u4", 52), century_clock=("(8,)u1", 57),
)  # fmt: skip
"""Variable leader. Pressure is signed: just below the surface air it is negative (seen in corpus oce_adp_rdi.000)."""

_VARIABLE_LEAST = 34

BOTTOM = fields(
    bottom_range_low=("(4,)<u2", 16), bottom_velocity=("(4,)<i2", 24), bottom_correlation=("(4,)u1", 32),
    bottom_echo=("(4,)u1", 36), bottom_percent_good=("(4,)u1", 40), bottom_range_high=("(4,)u1", 77),
)  # fmt: skip
"""Bottom track of the four beams; range in cm, its third byte in newer firmware only."""

_BOTTOM_LEAST = 44

VERTICAL = fields(cells=("<u2", 2), pings=("<u2", 4), cell_size=("<u2", 6))
"""Leader of the vertical beam: lengths in cm."""

_VERTICAL_BYTES = 8

# How long after the ensemble's time the vertical beam pings, ms. Not a setting: 242 and 250 in corpus sentinelv_b5.pd0.
VERTICAL_OF_ENSEMBLE = fields(vertical_first_cell=("<u2", 8), vertical_delay=("<u2", 30))
FRAMES = ("beam", "instrument", "ship", "earth")
"""Coordinate systems by bits 3 and 4 of the coordinate transform byte."""


@dataclass(frozen=True)
class Layout:
    """What ensembles of one stream have in common: equal layouts, one stream.

    Attributes
    ----------
    settings
        Fixed leader, bytes that do not count set to zero.
    vertical
        Leader of the vertical beam; empty without one.
    columns
        Names and shapes of what each ensemble holds.
    first
        What the first ensemble holds of that which may change: `FIRST` by name.
    """

    settings: bytes
    vertical: bytes
    columns: tuple[tuple[str, tuple[int, ...]], ...]
    first: Mapping[str, int] = field(compare=False, default_factory=dict)

    @cached_property
    def fixed(self) -> Mapping[str, int]:
        """Fixed leader by field name."""
        return _unpack(self.settings, FIXED)

    @cached_property
    def vertical_leader(self) -> Mapping[str, int]:
        """Leader of the vertical beam by field name; empty without one."""
        return _unpack(self.vertical, VERTICAL) if self.vertical else {}

    @property
    def frame(self) -> str:
        """Coordinate system of the velocities."""
        return FRAMES[(self.fixed["coordinates"] >> 3) & 3]


FIRST = ("facing_up", "first_cell", "transmit_pulse", "vertical_first_cell")
"""Columns of which a layout keeps the first ensemble's value: the orientation's byte, and lengths in cm."""


def first_of(columns: Columns) -> Mapping[str, int]:
    """Return the first ensemble's value of the columns in `FIRST`."""
    return {name: int(columns[name][0]) for name in FIRST if name in columns}


def stream_name(place: int) -> str:
    """Name the stream of the layout that appeared as number `place` in the file, counted from 0."""
    return "profile" if place == 0 else f"profile_{place + 1}"


def _unpack(raw: bytes, dtype: np.dtype[Any]) -> Mapping[str, int]:
    row = np.frombuffer(raw.ljust(dtype.itemsize, b"\0"), dtype, 1)[0]
    assert dtype.names is not None
    return {name: int(row[name]) for name in dtype.names}


class Group(NamedTuple):
    """Ensembles laid out alike: which of those given, and where their fields lie, or why they cannot be used.

    `small` are the fields of the leaders and of the bottom track, `large` those with a value for each cell.
    """

    rows: Places
    layout: Layout | None
    small: Mapping[str, Place]
    large: Mapping[str, Place]
    reason: str


def groups(buffer: Bytes, start: Places, length: int) -> Iterator[Group]:
    """Sort ensembles of one length by layout.

    Parameters
    ----------
    buffer
        The bytes in which they lie.
    start : ndarray of int64, shape (n,)
        Their first bytes.
    length
        Bytes of each, from sync word to checksum.

    Yields
    ------
    Group
        Rows ascending.
    """
    first = buffer[start[0] : start[0] + length]
    if agree(eights(buffer), start, _counted(first)[-1]):
        yield _group(first, np.arange(start.size))
        return
    yield from _sorted_out(rows(buffer, start, length), np.arange(start.size), 0)


def _sorted_out(matrix: Rows, chosen: Places, level: int) -> Iterator[Group]:
    counted = _counted(matrix[0])
    if level == len(counted):
        yield _group(matrix[0], chosen)
        return
    at = np.flatnonzero(counted[level])
    for same in alike(matrix[:, at] & counted[level][at]):
        yield from _sorted_out(take(matrix, same), chosen[same], level + 1)


def _counted(row: Rows) -> list[Rows]:
    """The bits of each byte of an ensemble in which others have to be like it.

    Each level tells what the bytes of the next are: number of data types, their places, what they are, settings.
    """
    types = np.zeros(len(row), np.uint8)
    types[HEADER_BYTES - 1] = 0xFF
    table = types.copy()
    table[HEADER_BYTES : HEADER_BYTES + 2 * int(row[5])] = 0xFF
    starts = _starts(row)
    if isinstance(starts, str):
        return [types, table]
    kinds = table.copy()
    kinds[starts] = kinds[np.array(starts) + 1] = 0xFF
    directory = _directory(row, starts)
    if _too_short(directory):
        return [types, table, kinds]
    settings = kinds.copy()
    start, stop = directory[FIXED_LEADER]
    settings[start : min(stop, start + FIXED_BYTES)] |= _SETTINGS[: stop - start]
    start, stop = directory.get(VERTICAL_LEADER, (0, 0))
    settings[start : min(stop, start + _VERTICAL_BYTES)] = 0xFF
    return [types, table, kinds, settings]


def _group(row: Rows, chosen: Places) -> Group:
    """Say how ensembles are laid out that are like `row` in all that counts."""
    starts = _starts(row)
    if isinstance(starts, str):
        return Group(chosen, None, {}, {}, starts)
    directory = _directory(row, starts)
    reason = _too_short(directory)
    if reason:
        return Group(chosen, None, {}, {}, reason)
    start, stop = directory[FIXED_LEADER]
    fixed = row[start : min(stop, start + FIXED_BYTES)] & _SETTINGS[: stop - start]
    vertical = row[slice(*directory.get(VERTICAL_LEADER, (0, 0)))][:_VERTICAL_BYTES].tobytes()
    large = _large_places(directory, fixed.tobytes(), vertical)
    if isinstance(large, str):
        return Group(chosen, None, {}, {}, large)
    small = _leader_places(directory)
    shapes = tuple((name, place.shape) for name, place in (small | large).items())
    return Group(chosen, Layout(fixed.tobytes(), vertical, shapes), small, large, "")


def _too_short(directory: Mapping[int, tuple[int, int]]) -> str:
    for key, least in ((FIXED_LEADER, _FIXED_LEAST), (VARIABLE_LEADER, _VARIABLE_LEAST)):
        start, stop = directory.get(key, (0, 0))
        if stop - start < least:
            return f"data type 0x{key:04x} has {stop - start} bytes, at least {least} are needed"
    return ""


def _starts(row: Rows) -> list[int] | str:
    """First bytes of the data types, in order of their place."""
    count, end = int(row[5]), len(row) - CHECKSUM_BYTES
    table_end = HEADER_BYTES + 2 * count
    starts = row[HEADER_BYTES:table_end].view("<u2").astype(int).tolist()
    if min(starts) < table_end or max(starts) > end - 2:
        return f"header points to bytes {min(starts)} to {max(starts)}, data lie between {table_end} and {end}"
    return sorted(starts)


def _directory(row: Rows, starts: list[int]) -> dict[int, tuple[int, int]]:
    """First byte and end of each data type, by its identity; the first counts where one comes twice."""
    found: dict[int, tuple[int, int]] = {}
    for start, stop in zip(starts, [*starts[1:], len(row) - CHECKSUM_BYTES], strict=True):
        found.setdefault(int(row[start]) | int(row[start + 1]) << 8, (start, stop))
    return found


def _large_places(directory: Mapping[int, tuple[int, int]], settings: bytes, vertical: bytes) -> dict[str, Place] | str:
    fixed = _unpack(settings, FIXED)
    cells, beams = fixed["cells"], fixed["beams"]
    if not cells or not beams:
        return f"the fixed leader says {cells} cells and {beams} beams"
    wanted: dict[int, tuple[str, str, tuple[int, ...]]] = {
        VELOCITY: ("velocity", "<i2", (cells, beams)),
        CORRELATION: ("correlation", "u1", (cells, beams)),
        ECHO: ("echo", "u1", (cells, beams)),
        PERCENT_GOOD: ("percent_good", "u1", (cells, beams)),
    }
    if vertical:
        vertical_cells = (_unpack(vertical, VERTICAL)["cells"],)
        wanted |= {
            VERTICAL_VELOCITY: ("vertical_velocity", "<i2", vertical_cells),
            VERTICAL_CORRELATION: ("vertical_correlation", "u1", vertical_cells),
            VERTICAL_ECHO: ("vertical_echo", "u1", vertical_cells),
            VERTICAL_PERCENT_GOOD: ("vertical_percent_good", "u1", vertical_cells),
        }
    places: dict[str, Place] = {}
    for key, (name, format_, shape) in wanted.items():
        start, stop = directory.get(key, (0, 0))
        place = Place(start + 2, np.dtype(format_), shape)
        if stop and stop - start < 2 + place.size:
            values = " x ".join(map(str, shape))
            return f"{name} has {stop - start - 2} bytes, {place.size} are needed for {values} values"
        if stop:
            places[name] = place
    return places


def _leader_places(directory: Mapping[int, tuple[int, int]]) -> dict[str, Place]:
    start, stop = directory[VARIABLE_LEADER]
    fixed = directory[FIXED_LEADER][0]
    places = _places_within(FIXED_OF_ENSEMBLE, fixed, fixed + _FIXED_LEAST) | _places_within(VARIABLE, start, stop)
    start, stop = directory.get(BOTTOM_TRACK, (0, 0))
    if stop - start >= _BOTTOM_LEAST:
        places |= _places_within(BOTTOM, start, stop)
    if VERTICAL_LEADER in directory:
        places |= _places_within(VERTICAL_OF_ENSEMBLE, *directory[VERTICAL_LEADER])
    return places


def _places_within(dtype: np.dtype[Any], start: int, stop: int) -> dict[str, Place]:
    """Fields that a data type from `start` to `stop` is long enough to hold."""
    assert dtype.fields is not None
    fitting = {name: entry for name, entry in dtype.fields.items() if start + entry[1] + entry[0].itemsize <= stop}
    return {name: Place(start + entry[1], entry[0].base, entry[0].shape) for name, entry in fitting.items()}
