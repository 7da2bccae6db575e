"""Records of a SeapHOx V2 as text, in files of a modem and in the lines of a logger.

`DSPHOX02054,2024-05-08T14:00:01,825,0000,22.2267,7.9556,-0.999736,0.602,30.6078,4.45320,4.898,6.8,22.2`: prefix and
serial number, the instrument's clock, number of the sample, error flags in hexadecimal; then the values of its
`Layout`, blanks before them or not. Conductivity is in S/m (4.4532 with a salinity of 30.6 at 22 degrees), oxygen in
ml/l.

References
----------
Sea-Bird Scientific, SeaFET V2 and SeapHOx V2 manual: output formats.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.dataset import Values, assemble
from ingest.reader import Batch
from ingest.sea_bird.names import MICROMOLE_PER_MILLILITRE
from ingest.text import Bytes, Places, matrix
from ingest.textual.fields import pick
from ingest.textual.forms import (
    BLANK,
    SPACES,
    UPPER,
    Form,
    Where,
    characters,
    digits,
    find,
    fixed,
    form,
    hex_value,
    literal,
    word,
)
from ingest.timecode import Times, from_fields

STREAM = "samples"

_NAME = b"SPHOX"
_HEAD = rb"[A-Z]*SPHOX(?P<serial>\d{3,8}),\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d, *\d{1,9}, *[0-9A-Fa-f]{4}"
_CLOCK = [item for sign in b"--T::" for item in (literal(bytes([sign])), digits(2, 2))]
_HEAD_VALUES = 9
"""Numbers before the values: serial number, six of the clock, number of the sample, error flags."""


@dataclass(frozen=True)
class Layout:
    """What follows the error flags.

    Attributes
    ----------
    variables
        Names of the values, in order.
    decimals
        Digits behind the point of each, fixed by the firmware; a line cut in its last number has fewer.
    """

    variables: tuple[str, ...]
    decimals: tuple[int, ...]

    @property
    def pattern(self) -> bytes:
        """A record as a regular expression; its one group `serial` is the serial number."""
        return _HEAD + b"".join(rb", *-?\d{1,6}\.\d{%d}" % one for one in self.decimals)

    @cached_property
    def form(self) -> Form:
        """The same for `find`, with blanks behind it."""
        values = [part for one in self.decimals for part in (literal(b","), fixed(6, one))]
        return form(
            word(UPPER, len(_NAME)), digits(3, 8), literal(b","), digits(4, 4), *_CLOCK, literal(b","),
            characters(BLANK), digits(1, 9), literal(b","), characters(BLANK), hex_value(4), *values,
            characters(SPACES),
        )  # fmt: skip


_WATER = {"pressure": 3, "practical_salinity": 4, "conductivity": 5, "oxygen_concentration": 3}
_HOUSING = {"internal_relative_humidity": 1, "internal_temperature": 1}
_DEEP = {"temperature": 4, "ph_external": 4, "ph_external_voltage": 6} | _WATER | _HOUSING
_SHALLOW = {
    "temperature": 4, "ph_external": 4, "ph_internal": 4, "ph_external_voltage": 6, "ph_internal_voltage": 6,
    "ph_sensor_temperature": 4,
} | _WATER | _HOUSING  # fmt: skip
DEEP, SHALLOW = (Layout(tuple(one), tuple(one.values())) for one in (_DEEP, _SHALLOW))
LAYOUTS = (DEEP, SHALLOW)
"""Deep ones lack the internal reference electrode, and with it three values."""


@dataclass(frozen=True)
class Instrument:
    """Which SeapHOx a file is of."""

    serial_number: str | None
    layout: Layout = DEEP


def any_line(before: bytes) -> re.Pattern[bytes]:
    """Pattern of a whole line with a record of any layout behind `before`."""
    records = b"|".join(layout.pattern.replace(b"?P<serial>", b"?:") for layout in LAYOUTS)
    return re.compile(rb"^" + before + rb"(?:" + records + rb")\s*$", re.MULTILINE)


def first_line(text: bytes, line: re.Pattern[bytes]) -> int:
    """Place of the first line of a pattern of `any_line`, -1 without one."""
    # Most files are of other instruments: the pattern alone takes 0.7 ms for 64 KiB.
    found = line.search(text) if _NAME in text else None
    return found.start() if found else -1


def instrument(head: bytes, before: bytes) -> Instrument:
    """The SeapHOx of most records of a head; serial number of the first of these."""
    found: Counter[Layout] = Counter()
    serial: dict[Layout, str] = {}
    for layout in LAYOUTS:
        line = re.compile(rb"^" + before + layout.pattern + rb"\s*$", re.MULTILINE)
        for match in line.finditer(head):
            found[layout] += 1
            serial.setdefault(layout, match["serial"].decode())
    if not found:
        return Instrument(None)
    layout = found.most_common(1)[0][0]
    return Instrument(serial[layout], layout)


class Matched(NamedTuple):
    """Stretches that are records: their numbers, the instrument's clock and whether it is a time, and values."""

    row: Places
    time: Times
    valid: NDArray[np.bool_]
    columns: Mapping[str, NDArray[Any]]

    def where(self, chosen: NDArray[np.bool_]) -> tuple[Places, dict[str, NDArray[Any]]]:
        """Numbers and columns of some of them, the clock among the columns."""
        some = pick(chosen)
        return self.row[some], {"time": self.time[some], **{name: one[some] for name, one in self.columns.items()}}


def find_records(buffer: Bytes, start: Places, stop: Places, layout: Layout) -> Matched:
    """Find the stretches that are a record and nothing else."""
    found = find(buffer, start, stop, layout.form, Where.WHOLE)
    name = matrix(buffer, found.text_stop[0] - len(_NAME), len(_NAME))
    found = found.where((name == np.frombuffer(_NAME, dtype=np.uint8)).all(axis=1))
    year, month, day, hour, minute, second, number_of, flags = found.value[1:_HEAD_VALUES].astype(np.int64)
    time, valid = from_fields((year, month, day), (hour, minute, second))
    columns: dict[str, NDArray[Any]] = dict(zip(layout.variables, found.value[_HEAD_VALUES:], strict=True))
    columns["sample_number"], columns["sample_error_flags"] = number_of, flags.astype(np.int32)
    return Matched(found.row, time, valid, columns)


def dataset(batch: Batch, known: Instrument, *, further: tuple[str, ...] = ()) -> xr.Dataset:
    """Values as the instrument computed them; its calibration is inside. `further` names columns of the logger's."""
    columns = batch.columns
    variables: dict[str, Values | tuple[tuple[str, ...], Values]] = {
        name: columns[name] for name in (*known.layout.variables, "sample_number", "sample_error_flags", *further)
    }
    variables["oxygen_concentration"] = columns["oxygen_concentration"] * MICROMOLE_PER_MILLILITRE
    attributes = {"instrument_model": "Sea-Bird SeapHOx V2"}
    if known.serial_number:
        attributes["serial_number"] = known.serial_number
    return assemble(batch, variables, columns["time"], attributes)
