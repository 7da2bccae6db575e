"""Which samples lines of Sea-Bird hexadecimal digits without a header can be, and which they are by a calibration."""

import itertools
import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from ingest.errors import CalibrationError
from ingest.reader import Calibration
from ingest.sea_bird.header import Header
from ingest.sea_bird.hex_layouts import Layout, layouts

INSTRUMENT = "instrument"
"""Name among the sensors of a calibration under which the instrument itself is told."""

_MICROCATS = ("SBE37SM", "SBE37SMP-ODO")
_SEACAT = "SBE16plus"
_VOLTAGES = tuple(f"volt {channel}" for channel in range(6))
_SERIAL = ("sbe38", "wetlabs", "gtd", "optode", "sbe63")  # a SEACAT has one connector for them
_TOLD = ("model", "channels", "serialnumber", "externalvoltagechannels")
_EXPECTED = (
    "give as `instrument`, beside the coefficients of each of its sensors, its MODEL, such as 'SBE 16plus V2', and as "
    "CHANNELS what is switched on, such as 'volt 0, volt 1, optode'; or give the .xmlcon"
)


class Sample(NamedTuple):
    """A sample that lines can be: the header that would tell so, and its fields."""

    header: Header
    layout: Layout

    @property
    def words(self) -> str:
        """The family of its instruments and its fields."""
        return f"{self.header.device}: {' '.join(field.name for field in self.layout.fields)}"


@cache
def possible_samples(digits: int) -> tuple[Sample, ...]:
    """Every sample of so many digits that ends in a time: moored MicroCATs and SEACATs."""
    headers = [Header(device=device) for device in _MICROCATS]
    for count, serial in itertools.product(range(len(_VOLTAGES) + 1), (None, *_SERIAL)):
        headers += _seacats(frozenset((*_VOLTAGES[:count], *([serial] if serial else []))))
    return _of(headers, digits)


def _seacats(channels: frozenset[str]) -> list[Header]:
    return [Header(device=_SEACAT, channels=channels, quartz=quartz, moored=True) for quartz in (False, True)]


def _of(headers: list[Header], digits: int) -> tuple[Sample, ...]:
    found = (Sample(header, layout) for header in headers for layout in layouts(header) if layout.digits == digits)
    # Without a pressure sensor there is no kind of it.
    return tuple({one.words: one for one in found}.values())


def told_instrument(given: Calibration) -> Mapping[str, str]:
    """What a calibration tells of the instrument itself, by names in lower case.

    Raises
    ------
    CalibrationError
        A name is not known, or the model is missing.
    """
    told = {name.lower(): str(value) for name, value in given.get(INSTRUMENT, {}).items()}
    unknown = [name for name in told if name not in _TOLD]
    if unknown:
        raise CalibrationError(f"instrument has {', '.join(unknown).upper()}: {_EXPECTED}")
    if "model" not in told:
        raise CalibrationError(f"nothing says which instrument wrote the lines, without a header: {_EXPECTED}")
    return told


def told_sample(digits: int, given: Calibration) -> Sample:
    """The sample that a calibration leaves of all possible ones.

    Parameters
    ----------
    digits
        Of a sample.
    given
        Coefficients by sensor in lower case, and the `instrument`.

    Raises
    ------
    CalibrationError
        Not one sample is left: the calibration says too little, or is of another instrument.
    """
    told = told_instrument(given)
    pressure = {name.lower() for name in given.get("pressure", {})}
    kind = next((field for name, field in _KINDS if name in pressure), None)
    left = [one for one in _samples(digits, told) if kind is None or one.layout.has(kind)]
    if len(left) == 1:
        return left[0]
    words = f"lines of {digits} digits, and a sample of {told['model']!r} with these sensors"
    if not left:
        raise CalibrationError(f"{words} has another number of them: {_EXPECTED}")
    raise CalibrationError(f"{words} can be {' or '.join(one.words for one in left)}: {_EXPECTED}")


_KINDS = (("pc1", "quartz_frequency"), ("pa0", "pressure"))
"""First coefficient of each kind of pressure sensor, and the field it has in a sample."""


def _samples(digits: int, told: Mapping[str, str]) -> tuple[Sample, ...]:
    """What an instrument can write with what is switched on, where that is told."""
    letters = re.sub(r"[^A-Z0-9]", "", told["model"].upper())
    possible = possible_samples(digits)
    if re.match(r"SBE37|HYDROCAT", letters):
        return tuple(one for one in possible if one.header.device in _MICROCATS)
    if not re.match(r"SBE1[69]PLUS", letters):
        raise CalibrationError(f"MODEL is {told['model']!r}; an SBE 37, HydroCAT, SBE 16plus or 19plus was expected")
    if "channels" in told:
        return _of(_seacats(_named(told["channels"])), digits)
    count = told.get("externalvoltagechannels")
    seacats = (one for one in possible if one.header.device == _SEACAT)
    return tuple(one for one in seacats if count in (None, str(len(one.header.channels & set(_VOLTAGES)))))


def _named(channels: str) -> frozenset[str]:
    names = frozenset(name.strip().lower() for name in channels.split(",") if name.strip())
    unknown = sorted(names - {*_VOLTAGES, *_SERIAL})
    if unknown:
        known = ", ".join((_VOLTAGES[0], f"... {_VOLTAGES[-1]}", *_SERIAL))
        raise CalibrationError(f"CHANNELS has {', '.join(unknown)}; {known} were expected")
    return names
