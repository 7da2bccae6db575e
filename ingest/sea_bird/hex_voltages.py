"""What the sensors on a SEACAT's external voltages measure, where their coefficients are given.

Volts stay beside every converted value. What cannot be converted stays volts, and an attribute says why.

References
----------
Sea-Bird Electronics, SBE 19plus V2 manual, revision 006, page 80: voltage 0 of an .xmlcon is the first voltage in the
data, voltage 1 the second, whichever channels of the end cap they are wired to.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import gsw
import numpy as np
from numpy.typing import NDArray

from ingest import vocabulary
from ingest.calibration import sea_bird_voltages as equations
from ingest.errors import CalibrationError
from ingest.reader import Calibration

Variables = dict[str, NDArray[Any]]
Given = Mapping[str, float | str]


class Sensor(NamedTuple):
    """A sensor on one voltage: the channel it is wired to, its kind, and what is given of it by names in lower case.

    `coefficients` is a reason, in words, where it stays volts.
    """

    channel: int
    kind: str
    given: Given
    coefficients: Any | str

    @property
    def name(self) -> str:
        """Of the volts."""
        return f"external_voltage_{self.channel}"


class _Kind(NamedTuple):
    """What a kind of sensor measures, its coefficients, and `convert(volts, water, coefficients)`."""

    variables: tuple[str, ...]
    coefficients: Callable[[Given, str], Any]
    convert: Callable[[NDArray[np.float64], Variables, Any], tuple[NDArray[np.float64], ...]]
    needs: tuple[str, ...] = ()


def _oxygen(volts: NDArray[np.float64], water: Variables, found: Any) -> tuple[NDArray[np.float64], ...]:
    pressure = water.get("pressure", np.zeros(1))
    with np.errstate(all="ignore"):
        salinity = gsw.SP_from_C(water["conductivity"] * 10.0, water["temperature"], pressure)
    millilitres = equations.oxygen(volts, (water["temperature"], salinity, pressure), found)
    return (millilitres * equations.MICROMOLE_PER_MILLILITRE,)


def _transmission(volts: NDArray[np.float64], water: Variables, found: Any) -> tuple[NDArray[np.float64], ...]:
    percent = equations.transmission(volts, found)
    return percent, equations.attenuation(percent, found)


def _linear(equation: Callable[..., NDArray[np.float64]]) -> Callable[..., tuple[NDArray[np.float64], ...]]:
    return lambda volts, water, found: (equation(volts, found),)


_FLUOROMETER = equations.FluorometerCoefficients.from_mapping
_KINDS: Mapping[str, _Kind] = {
    "oxygen": _Kind(("oxygen_concentration",), equations.OxygenCoefficients.from_mapping, _oxygen,
                    ("temperature", "conductivity")),
    "chlorophyll": _Kind(("chlorophyll_concentration",), _FLUOROMETER, _linear(equations.fluorescence)),
    "cdom": _Kind(("cdom_concentration",), _FLUOROMETER, _linear(equations.fluorescence)),
    "turbidity": _Kind(("turbidity",), equations.TurbidityCoefficients.from_mapping, _linear(equations.turbidity)),
    "transmissometer": _Kind(("beam_transmission", "beam_attenuation"),
                             equations.TransmissometerCoefficients.from_mapping, _transmission),
    "altimeter": _Kind(("altimeter_height",), equations.AltimeterCoefficients.from_mapping, _linear(equations.height)),
    "par": _Kind(("par_as_calibrated",), equations.ParCoefficients.from_mapping, _linear(equations.par)),
    "ph": _Kind(("ph_nbs",), equations.PhCoefficients.from_mapping,
                lambda volts, water, found: (equations.ph(volts, water["temperature"], found),), ("temperature",)),
}  # fmt: skip


def sensors_of(fields: tuple[str, ...], given: Calibration) -> tuple[Sensor, ...]:
    """Tell what sits on each voltage of the data.

    Parameters
    ----------
    fields
        Names of the sample's fields; `volt_4` is the voltage on channel 4.
    given
        Coefficients by sensor in lower case: `voltage 0` is the first voltage in the data, with its kind as `SENSOR`.

    Returns
    -------
    tuple
        Those of which something is said.
    """
    channels = sorted(int(field.removeprefix("volt_")) for field in fields if field.startswith("volt_"))
    matches = {re.fullmatch(r"voltage (\d)", name): values for name, values in given.items()}
    described = {int(match[1]): values for match, values in matches.items() if match}
    surplus = sorted(place for place in described if place >= len(channels))
    found = []
    for place, channel in enumerate(channels[: max(described, default=-1) + 1]):
        if place not in described:
            continue
        own = {name.lower(): value for name, value in described[place].items()}
        kind = str(own.get("sensor", "sensor of a kind that is not named")).strip()
        reason = f"voltage {surplus[0]} is described as well, and the data have {len(channels)}" if surplus else None
        found.append(Sensor(channel, kind, own, reason or _coefficients(kind, own)))
    return tuple(found)


def _coefficients(kind: str, given: Given) -> Any | str:
    if kind not in _KINDS:
        return "no equation for it"
    try:
        return _KINDS[kind].coefficients(given, kind)
    except CalibrationError as error:
        return error.message


def convert(raw: Mapping[str, NDArray[Any]], sensors: tuple[Sensor, ...], water: Variables) -> Variables:
    """Values of the sensors in the vocabulary's units.

    Parameters
    ----------
    raw
        Volts by their names, each of shape (n,).
    sensors
        As `sensors_of` gives them.
    water
        Temperature, conductivity and pressure of the same samples.
    """
    variables: Variables = {}
    for sensor, names in _names(sensors, frozenset(water)):
        if isinstance(names, str):
            continue
        values = _KINDS[sensor.kind].convert(raw[sensor.name], water, sensor.coefficients)
        variables |= dict(zip(names, values, strict=True))
    return variables


def notes(sensors: tuple[Sensor, ...], water: frozenset[str]) -> dict[str, str]:
    """Attributes: by voltage, which sensor it is of and what became of it."""
    told = {}
    for sensor, names in _names(sensors, water):
        whose = [f"serial {sensor.given['serialnumber']}"] if "serialnumber" in sensor.given else []
        whose += [f"calibrated {sensor.given['caldate']}"] if "caldate" in sensor.given else []
        became = f"volts only: {names}" if isinstance(names, str) else f"gives {' and '.join(names)}"
        told[f"{sensor.name}_sensor"] = ", ".join([sensor.kind, *whose]) + f"; {became}"
    if any(sensor.kind == "oxygen" and not isinstance(names, str) for sensor, names in _names(sensors, water)):
        told["oxygen_concentration_method"] = (
            "SBE 43, Application Note 64, with temperature, salinity and pressure of the same sample as "
            "decoded, before quality control judged them; without the corrections for hysteresis and response time"
        )
    return told


def _names(sensors: tuple[Sensor, ...], water: frozenset[str]) -> list[tuple[Sensor, tuple[str, ...] | str]]:
    """Names of what each sensor gives, or why it gives nothing; a second one of its kind has `_2`."""
    named: list[tuple[Sensor, tuple[str, ...] | str]] = []
    taken: set[str] = set()
    for sensor in sensors:
        if isinstance(sensor.coefficients, str):
            named.append((sensor, sensor.coefficients))
            continue
        kind = _KINDS[sensor.kind]
        missing = [name for name in kind.needs if name not in water]
        names = kind.variables
        if taken & set(names):
            names = tuple(f"{name}_2" for name in names)
        if missing:
            named.append((sensor, f"it needs {' and '.join(missing)}"))
        elif taken & set(names) or any(name not in vocabulary.table() for name in names):
            named.append((sensor, f"one more sensor of its kind than there are names for {kind.variables[0]}"))
        else:
            taken |= set(names)
            named.append((sensor, names))
    return named
