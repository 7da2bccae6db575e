"""The blueprint of a simulated instrument, and how instruments are found."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import instruments as _folder
from .events import Pulse
from .noise import white
from .site import Nature

Floats = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]

BLOCK = 65_536
"""Samples that are made at a time."""


@dataclass(frozen=True)
class View:
    """What an instrument meets at samples `first` to `last`.

    Attributes
    ----------
    nature
        The surroundings.
    instrument
        Name of its noise, which keeps that of instruments apart.
    first, last
        Numbers of the samples, counted from the start of the deployment.
    seconds : ndarray, shape (last - first,)
        True time of each since the start.
    pulses
        Events by field, as this instrument's sensors see them.
    """

    nature: Nature
    instrument: str
    first: int
    last: int
    seconds: Floats
    pulses: Mapping[str, tuple[Pulse, ...]]

    @property
    def in_air(self) -> NDArray[np.bool_]:
        """Whether the instrument is on deck."""
        return self.nature.depth(self.seconds) <= 0

    def field(self, name: str) -> Floats:
        """One quantity of nature with its events, shape (n,)."""
        value = self.nature.field(name, self.seconds)
        for pulse in self.pulses.get(name, ()):
            value = value + pulse.contribution(self.seconds)
        return value

    def noise(self, name: str, width: int = 1) -> NDArray[np.float32]:
        """White noise of unit variance, shape (n, width), or (n,) for width 1."""
        values = white(self.nature.seed, f"{self.instrument}/{name}", self.first, self.last, width)
        return values[:, 0] if width == 1 else values


@dataclass(frozen=True)
class Sensor:
    """One variable of an instrument.

    Attributes
    ----------
    noise
        Standard deviation of its own noise, in the variable's unit.
    fields
        Quantities of nature whose events show in it.
    raw
        Raw columns that stand still when the sensor is stuck; the first one carries the last-bit noise.
    """

    noise: float
    fields: tuple[str, ...]
    raw: tuple[str, ...] = ()


@dataclass(frozen=True)
class Encoded:
    """Bytes of consecutive records: record i ends before byte `ends[i]`."""

    data: NDArray[np.uint8]
    ends: NDArray[np.int64]


@dataclass(frozen=True)
class FileHead:
    """What the header of a file may say: `start` and `end` are of the deployment, `count` the records of the file."""

    start: np.datetime64
    end: np.datetime64
    interval: float
    count: int


@dataclass(frozen=True)
class Format:
    """How an instrument writes.

    Attributes
    ----------
    to_raw
        `to_raw(columns, view) -> raw columns`: readings to counts.
    stamp
        `stamp(clock, view) -> clock`: microseconds since 1970 of the instrument's clock as far as the format holds it.
    encode
        `encode(raw, stamps, view) -> Encoded`.
    name
        `name(deployment, day) -> file name`; `day` is None where one file holds everything.
    header
        `header(FileHead) -> bytes` at the start of each file.
    daily
        Whether a new file begins every midnight of the instrument's clock anyway.
    cuts_at_midnight
        Whether a file that is split at midnight cuts a record in two.
    power_on, power_off
        `(encoded, stamp, view) -> encoded`: messages around a run of records; `power_on` glues noise to the first one.
    seal
        `seal(path, FileHead)` makes a database of the records that were written to `path`; None where a file is done
        with its last record. `count` of the head is what the instrument took, also where a cut lost some of it.
    copies_apart
        Whether duplicates go to a file of their own, as a format does that holds every time once.
    """

    to_raw: Callable[[Columns, View], dict[str, NDArray[Any]]]
    stamp: Callable[[NDArray[np.int64], View], NDArray[np.int64]]
    encode: Callable[[Columns, NDArray[np.int64], View], Encoded]
    name: Callable[[str, np.datetime64 | None], str]
    header: Callable[[FileHead], bytes] = lambda head: b""
    daily: bool = False
    cuts_at_midnight: bool = True
    power_on: Callable[[Encoded, int, View], Encoded] | None = None
    power_off: Callable[[Encoded, int, View], Encoded] | None = None
    seal: Callable[[Path, FileHead], None] | None = None
    copies_apart: bool = False


@dataclass(frozen=True)
class Instrument:
    """One simulated instrument.

    Attributes
    ----------
    name, model, serial
        As the deployment file states them.
    sensors
        By variable, as scenarios name it.
    clean
        `clean(view) -> columns`: readings without faults, noise included: every sensor's variable, shape (n, ...), and
        further columns that `to_raw` needs (name with a leading underscore) or the truth keeps.
    drift
        Seconds a year that its clock gains.
    ahead
        Seconds by which its clock is set ahead of UTC.
    standard
        Whether it is aboard where a scenario does not say which instruments are.
    noise_name
        Name of its noise, where that is not its own.
    response
        By field of nature, seconds to 63 % of a step.
    first
        Seconds on its clock of the first sample.
    interval
        `interval(period) -> seconds` between samples, from the scenario's period.
    block
        Samples made at a time.
    format
        How it writes; None where there is only truth.
    pattern
        Glob of its files in its folder.
    decoded
        What a decoder or the derivation calls a column of the truth, where that is another name.
    also
        Further variables that a decoder finds in its files, of those that another instrument may have as well.
    configuration
        Further keys of its part of the deployment file.
    """

    name: str
    model: str
    serial: str
    sensors: Mapping[str, Sensor]
    clean: Callable[[View], dict[str, NDArray[Any]]]
    drift: float
    ahead: float = 0.0
    standard: bool = False
    noise_name: str = ""
    response: Mapping[str, float] = field(default_factory=dict)
    first: float = 0.0
    interval: Callable[[float], float] = lambda period: period
    block: int = BLOCK
    format: Format | None = None
    pattern: str = "*"
    decoded: Mapping[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()
    configuration: Mapping[str, Any] = field(default_factory=dict)

    @property
    def gives(self) -> tuple[str, ...]:
        """Names of its variables as decoded or derived."""
        names = [self.decoded.get(name, name) for name in self.sensors]
        return tuple(dict.fromkeys([*names, *self.decoded.values(), *self.also]))


@cache
def discover() -> Mapping[str, Instrument]:
    """Every instrument in `instruments/`, by its name in an archive: one module, one `INSTRUMENT`."""
    found: dict[str, Instrument] = {}
    for module_info in sorted(pkgutil.iter_modules(_folder.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{_folder.__name__}.{module_info.name}")
        instrument = getattr(module, "INSTRUMENT", None)
        if instrument is None:
            continue
        if instrument.name in found:
            raise TypeError(f"two modules of sample_data/instruments claim {instrument.name!r}")
        found[instrument.name] = instrument
    return found
