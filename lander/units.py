"""Times, quantities with units, and names as people write them, turned into plain values or refused with a reason."""

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np


class UnfitError(ValueError):
    """A value that cannot be used.

    Parameters
    ----------
    expected
        What should stand there, in words.
    suggestion
        The nearest right value, where there is one.
    found
        What is wrong, where showing the value is not enough.
    """

    def __init__(self, expected: str, suggestion: str | None = None, found: str | None = None) -> None:
        super().__init__(f"expected {expected}")
        self.expected = expected
        self.suggestion = suggestion
        self.found = found


def nearest(word: str, right: Iterable[str]) -> str | None:
    """Return the right word most like this one, capitals and blanks aside, or None if none is near."""
    by_key = {_key(candidate): candidate for candidate in right}
    match = difflib.get_close_matches(_key(word), by_key, n=1, cutoff=0.55)
    return by_key[match[0]] if match else None


def _key(word: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word.strip())
    return re.sub(r"[\s_-]+", "_", words).lower()


_TIME = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})[Tt ]+(?P<minute>\d{2}:\d{2})(?P<second>:\d{2}(?:\.\d{1,6})?)?"
    r" *(?P<zone>[Zz]|UTC|[+-]\d{2}(?::?\d{2})?)?"
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME_WORDS = "a date and time in UTC such as 2016-09-08T04:30:00Z"


def time_of(value: object) -> np.datetime64:
    """Read an ISO 8601 time; without an offset it is UTC, any other offset is converted.

    Parameters
    ----------
    value
        Text such as "2016-09-08T04:30:00Z" or "2016-09-08 12:30+08:00". A date alone is refused, for midnight would
        be made up.

    Returns
    -------
    datetime64[us]
        Naive, in UTC.
    """
    if not isinstance(value, str):
        raise UnfitError(_TIME_WORDS)
    text = value.strip()
    match = _TIME.fullmatch(text)
    if match is None:
        suggestion = f"{text}T00:00:00Z" if _DATE.fullmatch(text) else None
        raise UnfitError(_TIME_WORDS, suggestion)
    try:
        local = np.datetime64(f"{match['date']}T{match['minute']}{match['second'] or ''}", "us")
    except ValueError as error:
        raise UnfitError(f"{_TIME_WORDS}; there is no such day or time of day") from error
    if not 1970 <= int(match["date"][:4]) <= 2099:
        raise UnfitError("a year from 1970 to 2099")
    return local - _offset(match["zone"])


def _offset(zone: str | None) -> np.timedelta64:
    if zone is None or zone.upper() in {"Z", "UTC"}:
        return np.timedelta64(0, "us")
    digits = zone[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if minutes > 14 * 60 or int(digits[2:]) > 59:
        raise UnfitError("an offset from UTC of at most 14 hours, such as +08:00")
    return np.timedelta64((minutes if zone[0] == "+" else -minutes) * 60_000_000, "us")


class Unit(NamedTuple):
    """What one unit is worth: `value * factor + shift` in the kind's own unit."""

    kind: str
    factor: float
    shift: float = 0.0


# Molar volume of oxygen 22.3916 L (44.6596 umol per mL) and molar mass 31.9988 g: SCOR WG 142, Bittig et al. (2018),
# doi 10.13155/45915, and IUPAC atomic weights.
_OXYGEN_PER_ML = 44.6596
_OXYGEN_PER_MG = 1000.0 / 31.9988

_SPELLINGS: Mapping[str, tuple[Unit, str]] = {
    # the vocabulary's spelling first, then what else people write for it
    "s": (Unit("time", 1.0), "sec second seconds"),
    "ms": (Unit("time", 1e-3), "millisecond milliseconds"),
    "min": (Unit("time", 60.0), "mins minute minutes"),
    "h": (Unit("time", 3600.0), "hr hour hours"),
    "d": (Unit("time", 86400.0), "day days"),
    "m": (Unit("length", 1.0), "meter meters metre metres"),
    "cm": (Unit("length", 1e-2), "centimeter centimeters centimetre centimetres"),
    "mm": (Unit("length", 1e-3), "millimeter millimeters millimetre millimetres"),
    "km": (Unit("length", 1e3), "kilometer kilometers kilometre kilometres"),
    "degree_Celsius": (Unit("temperature", 1.0), "degC deg_C °C Celsius celsius degrees_Celsius"),
    "K": (Unit("temperature", 1.0, -273.15), "kelvin Kelvin"),
    "dbar": (Unit("pressure", 1.0), "decibar decibars"),
    "bar": (Unit("pressure", 10.0), "bars"),
    "mbar": (Unit("pressure", 1e-2), "hPa"),
    "Pa": (Unit("pressure", 1e-4), "pascal"),
    "kPa": (Unit("pressure", 0.1), ""),
    "MPa": (Unit("pressure", 100.0), ""),
    "S m-1": (Unit("conductivity", 1.0), "S/m"),
    "mS cm-1": (Unit("conductivity", 0.1), "mS/cm"),
    "uS cm-1": (Unit("conductivity", 1e-4), "uS/cm"),
    "1": (Unit("ratio", 1.0), "psu PSU PSS-78 pss78 practical"),
    "percent": (Unit("percent", 1.0), "% pct"),
    "umol L-1": (Unit("concentration", 1.0), "umol/L umol/l uM micromolar mmol/m3 mmol/m^3"),
    "mmol m-3": (Unit("concentration", 1.0), ""),
    "nmol L-1": (Unit("concentration", 1e-3), "nmol/L nmol/l nM"),
    "mol m-3": (Unit("concentration", 1e3), "mol/m3 mmol/L mmol/l mM"),
    "mL L-1": (Unit("oxygen", _OXYGEN_PER_ML), "mL/L ml/l ml/L"),
    "mg L-1": (Unit("oxygen", _OXYGEN_PER_MG), "mg/L mg/l"),
    "umol kg-1": (Unit("content", 1.0), "umol/kg"),
    "m s-1": (Unit("velocity", 1.0), "m/s"),
    "cm s-1": (Unit("velocity", 1e-2), "cm/s"),
    "mm s-1": (Unit("velocity", 1e-3), "mm/s"),
    "degree": (Unit("angle", 1.0), "deg degrees °"),
    "mV": (Unit("voltage", 1.0), "millivolt millivolts"),
    "V": (Unit("voltage", 1e3), "volt volts"),
    "uatm": (Unit("gas pressure", 1.0), "microatm"),
    "NTU": (Unit("turbidity", 1.0), "ntu"),
    "ug L-1": (Unit("mass concentration", 1.0), "ug/L ug/l mg/m3"),
    "mg m-3": (Unit("mass concentration", 1.0), ""),
}
_UNITS: Mapping[str, Unit] = {
    word: unit for name, (unit, others) in _SPELLINGS.items() for word in (name, *others.split())
}


def _plain(units: str) -> str:
    """Write micro and exponents in one way: µmol·L⁻¹ becomes umol L-1."""
    text = units.strip().replace("µ", "u").replace("μ", "u").replace("⁻¹", "-1").replace("⁻³", "-3").replace("·", " ")
    return re.sub(r"\s+", " ", text)


_QUANTITY = re.compile(r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<units>\D.*)")


def quantity(value: object, units: str) -> float:
    """Read a quantity that is a plain number in `units`, or text with its own units such as "6 h".

    Parameters
    ----------
    value
        As found in the file.
    units
        Units of the result, such as "s" or "m".
    """
    if isinstance(value, bool):
        raise UnfitError(f"a number ({units}), not a yes or no")
    if isinstance(value, int | float):
        return _finite(float(value), f"a finite number ({units})")
    match = _QUANTITY.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        example = {"s": '"90 s", "6 h"', "m": '"1.5 m", "80 cm"'}.get(units, f'"1.5 {units}"')
        raise UnfitError(f"a number ({units}) or one with units such as {example}")
    return convert(float(match["number"]), match["units"], units)


def convert(value: float, units: str, target: str, *, oxygen: bool = False, difference: bool = False) -> float:
    """Convert a value between units of one kind.

    Parameters
    ----------
    value
        In `units`.
    units
        As people write them: "mS/cm", "degC", "µmol/L".
    target
        Units of the result.
    oxygen
        Whether it is dissolved oxygen, for which mL/L and mg/L have a meaning as umol/L.
    difference
        Whether the value is a difference or an uncertainty, for which the zero of the scale does not count.

    Raises
    ------
    UnfitError
        The units are not known, or not of the target's kind.
    """
    written = _plain(units)
    if written == _plain(target):
        return _finite(value, f"a finite number ({target})")
    goal = _UNITS.get(_plain(target))
    kind = goal.kind if goal else ""
    right = [word for word, unit in _UNITS.items() if unit.kind == kind or (oxygen and unit.kind == "oxygen")]
    unit = _UNITS.get(written)
    if goal is None or unit is None or written not in right:
        problem = "unknown unit" if unit is None else "unit of another quantity"
        listed = ", ".join(word for word in _SPELLINGS if word in right) or target
        raise UnfitError(f"one of the units {listed}", nearest(written, right or [target]), f"{problem} {units!r}")
    scaled = value * unit.factor + (0.0 if difference else unit.shift)
    return _finite((scaled - (0.0 if difference else goal.shift)) / goal.factor, f"a finite number ({target})")


def _finite(value: float, expected: str) -> float:
    if not math.isfinite(value):
        raise UnfitError(expected)
    return value
