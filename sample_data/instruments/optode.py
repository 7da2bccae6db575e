"""Aanderaa optode 4831 on a logger: one text file a day, each line with the logger's stamp."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import logger
from ..instrument import Columns, Encoded, Format, Instrument, Sensor, View
from ..seawater import oxygen_factor, oxygen_solubility
from ..text import fixed, join, literal

Floats = NDArray[np.float64]

MODEL, SERIAL = "4831", "999"
TAG = "[optode:DLOGP4]:"

_FIELDS = (
    ("concentration", 3), ("saturation", 3), ("temperature", 3), ("calibrated_phase", 3), ("phase", 3),
    ("blue_phase", 3), ("red_phase", 3), ("blue_amplitude", 1), ("red_amplitude", 1), ("thermistor", 1),
)  # fmt: skip


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


def encode(raw: Columns, stamps: NDArray[np.int64], view: View | None = None) -> Encoded:
    """Lines: stamp, blank, model, serial and ten numbers with tabs between; CR is the optode's, LF the logger's."""
    rows = len(stamps)
    parts = [logger.stamp_text(stamps), literal(f" {MODEL}\t{SERIAL}", rows)]
    for name, decimals in _FIELDS:
        parts += [literal("\t", rows), fixed(raw[name], decimals)]
    parts.append(literal("\r\n", rows))
    data, ends = join(parts)
    return Encoded(data, ends)


def power_on(encoded: Encoded, moment: int, view: View) -> Encoded:
    """Put the logger's message before the first line, and its tag and noise between the line's stamp and its data."""
    return logger.power_on(encoded, moment, view, TAG)


def power_off(encoded: Encoded, moment: int, view: View) -> Encoded:
    """Put the logger's message after the last line."""
    return logger.power_off(encoded, moment, TAG)


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
    standard=True,
    drift=-20.0,
    response={"oxygen": 25.0, "temperature": 10.0},
    first=0.4,
    format=Format(
        to_raw, logger.stamp, encode, file_name, daily=True, power_on=power_on, power_off=power_off,
    ),
    pattern="*.optode.log",
    decoded={
        "oxygen": "oxygen_concentration",
        "oxygen_uncompensated": "oxygen_concentration_uncompensated",
        "temperature": "optode_temperature",
    },
    configuration={"settings": {"internal_salinity": 0.0}},
)  # fmt: skip
