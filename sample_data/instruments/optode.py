"""Aanderaa optode 4831 on a logger: one text file a day, each line with the logger's stamp."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..instrument import Columns, Encoded, Format, Instrument, Sensor, View
from ..noise import uniform
from ..seawater import oxygen_factor, oxygen_solubility
from ..text import digits, fixed, join, literal

Floats = NDArray[np.float64]

MODEL, SERIAL = "4831", "999"
TAG = "[optode:DLOGP4]:"
LATENCY_MS = 40
"""A line is stamped up to this late: the logger looks at its ports in turn."""

_FIELDS = (
    ("concentration", 3), ("saturation", 3), ("temperature", 3), ("calibrated_phase", 3), ("phase", 3),
    ("blue_phase", 3), ("red_phase", 3), ("blue_amplitude", 1), ("red_amplitude", 1), ("thermistor", 1),
)  # fmt: skip
# Power-on noise as loggers record it: runs of '3', printable rubbish and bytes above 127.
_NOISE = np.frombuffer(b"333339;;7UUs\x9b\xb7\xb9\xdb\x93\xff\xf1\xfb\x99\x1b\xbb", dtype=np.uint8)


def phase_of(concentration: Floats, temperature: Floats) -> Floats:
    """Phase in degrees for a reported concentration (umol/L) at `temperature` (degC).

    A Stern-Volmer foil with invented constants: it makes the columns move together as a real foil's do.
    """
    quenching = 2.25e-3 + 9.0e-5 * temperature + 1.1e-6 * temperature**2
    return np.asarray((62.0 - 0.085 * temperature) / (1.0 + quenching * concentration))


def clean(view: View) -> dict[str, NDArray[Any]]:
    """Readings of a sound optode; in air it reports saturation at the temperature of the air."""
    temperature = view.field("temperature")
    air = view.in_air
    salinity, pressure = view.field("salinity"), view.field("pressure")
    factor = np.where(air, 1.0, oxygen_factor(salinity, temperature, pressure))
    oxygen = np.where(air, oxygen_solubility(temperature), view.field("oxygen"))
    oxygen = oxygen + INSTRUMENT.sensors["oxygen"].noise * view.noise("oxygen")
    return {
        "oxygen": oxygen,
        "temperature": temperature + INSTRUMENT.sensors["temperature"].noise * view.noise("temperature"),
        "oxygen_uncompensated": oxygen / factor,
        "_factor": factor,
    }


def to_raw(columns: Columns, view: View) -> dict[str, NDArray[Any]]:
    """Fields in units of their last digit, int64."""
    temperature = columns["temperature"]
    concentration = columns["oxygen"] / columns["_factor"]
    phase = phase_of(concentration, temperature)
    red_phase = 8.4 + 0.006 * view.noise("red_phase")
    values = {
        "concentration": concentration,
        "saturation": 100.0 * concentration / oxygen_solubility(temperature),
        "temperature": temperature,
        "calibrated_phase": phase,
        "phase": phase,
        "blue_phase": phase + red_phase,
        "red_phase": red_phase,
        "blue_amplitude": 738.0 + 0.7 * view.noise("blue_amplitude"),
        "red_amplitude": 795.0 + 0.7 * view.noise("red_amplitude"),
        "thermistor": 680.0 - 30.0 * temperature,
    }
    return {name: np.rint(values[name] * 10**decimals).astype(np.int64) for name, decimals in _FIELDS}


def stamp(clock: NDArray[np.int64], view: View) -> NDArray[np.int64]:
    """Milliseconds, with the logger's latency."""
    share = np.abs(view.noise("latency").astype(np.float64)) / 6.0
    return (clock // 1000 + (LATENCY_MS * np.clip(share, 0.0, 1.0)).astype(np.int64)) * 1000


def encode(raw: Columns, stamps: NDArray[np.int64], view: View | None = None) -> Encoded:
    """Lines: stamp, blank, model, serial and ten numbers with tabs between; CR is the optode's, LF the logger's."""
    rows = len(stamps)
    parts = [stamp_text(stamps), literal(f" {MODEL}\t{SERIAL}", rows)]
    for name, decimals in _FIELDS:
        parts += [literal("\t", rows), fixed(raw[name], decimals)]
    parts.append(literal("\r\n", rows))
    data, ends = join(parts)
    return Encoded(data, ends)


def stamp_text(stamps: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Characters of `YYYY/MM/DD HH:MM:SS.sss`, shape (n, 23), from microseconds since 1970."""
    moment = stamps.astype("datetime64[us]")
    days, which = np.unique(moment.astype("datetime64[D]"), return_inverse=True)
    text = np.array([str(day).replace("-", "/") for day in days], dtype="S10")
    rows = len(stamps)
    date = text.view(np.uint8).reshape(-1, 10)[which]
    milliseconds = stamps // 1000 % 86_400_000
    parts = [date, literal(" ", rows), digits(milliseconds // 3_600_000, 2), literal(":", rows),
             digits(milliseconds // 60_000 % 60, 2), literal(":", rows), digits(milliseconds // 1000 % 60, 2),
             literal(".", rows), digits(milliseconds % 1000, 3)]  # fmt: skip
    return np.concatenate(parts, axis=1)


def power_on(encoded: Encoded, moment: int, view: View) -> Encoded:
    """Put the logger's message before the first line, and its tag and noise between the line's stamp and its data."""
    line = encoded.data[: encoded.ends[0]].tobytes()
    draw = uniform(view.nature.seed, f"{view.instrument}/power/{view.first}", 64)
    rubbish = _NOISE[(draw[: 24 + int(32 * draw[63])] * len(_NOISE)).astype(int)].tobytes()
    message = _stamp(moment - 3_500_000) + f" {TAG}Instrument Started [Power On]\n".encode()
    # Seen in real logs: the first line after power-on has a tag, and noise up to its model number.
    return _replace_first(encoded, message + line[:24] + TAG.encode() + rubbish + line[24:])


def power_off(encoded: Encoded, moment: int, view: View) -> Encoded:
    """Put the logger's message after the last line."""
    message = np.frombuffer(_stamp(moment + 13_000) + f" {TAG}Instrument Stopped [Power Off]\n".encode(), np.uint8)
    ends = encoded.ends.copy()
    ends[-1] += len(message)
    return Encoded(np.concatenate([encoded.data, message]), ends)


def _stamp(moment: int) -> bytes:
    return stamp_text(np.array([moment], dtype=np.int64)).tobytes()


def _replace_first(encoded: Encoded, line: bytes) -> Encoded:
    longer = len(line) - int(encoded.ends[0])
    rest = encoded.data[encoded.ends[0] :]
    return Encoded(np.concatenate([np.frombuffer(line, np.uint8), rest]), encoded.ends + longer)


def file_name(deployment: str, day: np.datetime64 | None) -> str:
    """One file a day, whatever the deployment."""
    return f"{str(day).replace('-', '')}.optode.log"


INSTRUMENT = Instrument(
    name="optode",
    model="Aanderaa 4831",
    serial=SERIAL,
    sensors={
        "oxygen": Sensor(0.03, ("oxygen",), ("concentration", "saturation", "calibrated_phase", "phase", "blue_phase")),
        "temperature": Sensor(1.5e-3, ("temperature",), ("temperature", "thermistor")),
    },
    clean=clean,
    drift=-20.0,
    response={"oxygen": 25.0, "temperature": 10.0},
    first=0.4,
    format=Format(
        to_raw, stamp, encode, file_name, daily=True, power_on=power_on, power_off=power_off,
    ),
    pattern="*.optode.log",
    decoded={
        "oxygen": "oxygen_concentration",
        "oxygen_uncompensated": "oxygen_concentration_uncompensated",
        "temperature": "optode_temperature",
    },
    configuration={"settings": {"internal_salinity": 0.0}},
)  # fmt: skip
