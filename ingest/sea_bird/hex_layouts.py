"""Which fields a sample of a Sea-Bird .hex upload has, by model and by what its header says is switched on."""

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from ingest.sea_bird.header import Header


class Field(NamedTuple):
    """One field of a sample: its name and its bytes (two digits each), most significant first."""

    name: str
    size: int


class Layout(NamedTuple):
    """The fields of a sample, in order."""

    fields: tuple[Field, ...]

    @property
    def digits(self) -> int:
        """Hexadecimal digits of a sample."""
        return 2 * sum(field.size for field in self.fields)

    def has(self, name: str) -> bool:
        """Whether a sample has a field of this name."""
        return any(field.name == name for field in self.fields)


Fields = tuple[Field, ...]

_TEMPERATURE, _CONDUCTIVITY = Field("temperature", 3), Field("conductivity", 3)
_STRAIN = (Field("pressure", 3), Field("pressure_temperature", 2))
_QUARTZ = (Field("quartz_frequency", 3), Field("quartz_temperature", 2))
_OXYGEN = (Field("oxygen_phase", 3), Field("oxygen_thermistor", 3))
_SECONDS = (Field("seconds", 4),)
_POSITION = (Field("latitude", 3), Field("longitude", 3), Field("position_signs", 1))
_POSITION_TIME = (Field("position_seconds", 4),)

_SERIAL_CHANNELS = {
    "sbe38": (Field("reference_temperature", 3),),
    "wetlabs": (Field("wetlabs_0", 2), Field("wetlabs_1", 2), Field("wetlabs_2", 2)),
    "gtd": (Field("gas_pressure", 4), Field("gas_temperature", 3)),
    "optode": (Field("optode_oxygen", 3),),
    "sbe63": _OXYGEN,
}
"""What a SEACAT adds to a sample for each serial sensor, in the manual's order."""

_SEAFET_INTERNAL = (Field("ph_internal", 3), Field("ph_thermistor", 3))
_SEAFET_END = (
    Field("ph_counter_volts", 3),
    Field("ph_substrate_current", 3),
    Field("ph_counter_current", 3),
    Field("housing", 3),
    *_SECONDS,
    Field("error_flags", 2),
)

_MODELS = (
    # pattern of the letters and digits of the device's name, family
    (r"SBE37(SM|SMP|SI|SIP|IM|IMP)(ODO)?(RS232|RS485)?", "SBE37"),
    (r"HYDROCAT(ODO)?(RS232|RS485|SDI12)?", "SBE37"),
    (r"SBE39PLUS(IM)?", "SBE39PLUS"),
    (r"SBE1[69]PLUS(V2|IM)*", "SEACAT"),
    (r"SEAFET2|SEAFETV2", "SEAFET"),
    (r"SEAPHOX2|SEAPHOXV2", "SEAPHOX"),
)


def family(header: Header) -> str | None:
    """Return the family whose layouts a device such as SBE37SM-RS232 has, or None for one that is not known."""
    letters = re.sub(r"[^A-Z0-9]", "", (header.device or "").upper())
    return next((name for pattern, name in _MODELS if re.fullmatch(pattern, letters)), None)


def layouts(header: Header) -> tuple[Layout, ...]:
    """Every layout that samples can have by the header; where it leaves several, the first sample decides."""
    name = family(header)
    if name is None:
        return ()
    found = tuple(dict.fromkeys(Layout(fields) for fields in _FAMILIES[name](header)))
    length = header.sample_bytes
    # The header counts the bytes of a sample in the memory: the same as in the upload, without appended positions.
    fitting = tuple(layout for layout in found if length is not None and layout.digits == 2 * length)
    return fitting or found


def _switched(header: Header, name: str) -> bool:
    return name in header.channels


def _sbe37(header: Header) -> Iterator[Fields]:
    """SBE 37-SM manual, revision 043, "raw hex upload"; the HydroCAT has the same samples.

    Seen in SBE37SM-RS232_03716125_2017_11_16.hex: SampleLength 15. Without a pressure sensor its five bytes are
    missing; with an oxygen sensor six bytes stand before them.
    """
    oxygen = _OXYGEN if "ODO" in (header.device or "").upper() else ()
    for pressure in _installed(header):
        yield (_TEMPERATURE, _CONDUCTIVITY, *oxygen, *pressure, *_SECONDS)


def _installed(header: Header) -> tuple[Fields, ...]:
    if header.pressure_installed is None:
        return (_STRAIN, ())
    return (_STRAIN,) if header.pressure_installed else ((),)


def _sbe39plus(header: Header) -> Iterator[Fields]:
    """SBE 39plus manual: the time comes first. Seen in SBE39plus.hex."""
    for pressure in _installed(header):
        yield (*_SECONDS, _TEMPERATURE, *pressure)


def _seacat(header: Header) -> Iterator[Fields]:
    """SBE 16plus V2 and 19plus V2 manuals, raw hexadecimal output. Seen in 19plus_V2.hex, data1_endurance.log."""
    volts = tuple(Field(f"volt_{n}", 2) for n in range(6) if _switched(header, f"volt {n}"))
    serial = tuple(itertools.chain(*(added for name, added in _SERIAL_CHANNELS.items() if _switched(header, name))))
    pressures = (_QUARTZ,) if header.quartz else (_STRAIN, ())
    times = {None: (_SECONDS, ()), True: (_SECONDS,), False: ((),)}[header.moored]
    positions: tuple[Fields, ...] = ((), _POSITION, _POSITION + _POSITION_TIME) if header.position_appended else ((),)
    for pressure, time, position in itertools.product(pressures, times, positions):
        yield (_TEMPERATURE, _CONDUCTIVITY, *pressure, *volts, *serial, *position, *time)


def _seafet(header: Header) -> Iterator[Fields]:
    """SeaFET V2 and SeapHOx V2 manual, hexadecimal output; deep ones lack the internal reference. Seen: SeaFET2.hex."""
    for internal in (_SEAFET_INTERNAL, ()):
        yield (Field("ph_external", 3), *internal, *_SEAFET_END)


def _seaphox(header: Header) -> Iterator[Fields]:
    for fields in _seafet(header):
        yield (_TEMPERATURE, _CONDUCTIVITY, *_STRAIN, *_OXYGEN, *fields)


_FAMILIES = {
    "SBE37": _sbe37,
    "SBE39PLUS": _sbe39plus,
    "SEACAT": _seacat,
    "SEAFET": _seafet,
    "SEAPHOX": _seaphox,
}
