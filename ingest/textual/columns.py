"""Columns that a file names in its own words: to the vocabulary's names and units, or kept side by side as they are."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest import vocabulary
from ingest.units import conversion

UNMAPPED = "unmapped_columns"
"""Variable and attribute of columns that the vocabulary has no name for; its second dimension is `unmapped_column`."""


class Foreign(NamedTuple):
    """A column in a file's own words, and the vocabulary's name for it where one is known."""

    label: str
    units: str
    name: str | None


class Columns(NamedTuple):
    """Where each column of a table goes.

    `named`: number of the column -> name, factor, offset. `unmapped`: the other columns, in order.
    """

    named: Mapping[int, tuple[str, float, float]]
    unmapped: tuple[int, ...]
    foreign: tuple[Foreign, ...]

    @property
    def attributes(self) -> dict[str, str]:
        """What every column was called in the file, and what the unmapped ones are."""
        words = [f"{column.label} [{column.units}]" if column.units else column.label for column in self.foreign]
        found = {"columns": "; ".join(f"{name} = {words[place]}" for place, (name, _, _) in self.named.items())}
        if self.unmapped:
            found[UNMAPPED] = "; ".join(words[place] for place in self.unmapped)
        return {name: text for name, text in found.items() if text}


def arrange(columns: Sequence[Foreign]) -> Columns:
    """Give each column its name; the second of one quantity `<name>_2`, where the vocabulary has it.

    A column of unknown unit, or a third of one quantity, stays unmapped: nothing is guessed.
    """
    named: dict[int, tuple[str, float, float]] = {}
    taken: set[str] = set()
    for place, column in enumerate(columns):
        for name in (column.name, f"{column.name}_2"):
            if column.name is None or name is None or name in taken or name not in vocabulary.table():
                continue
            scale = conversion(column.units, vocabulary.lookup(name).units)
            if scale is not None:
                named[place] = (name, *scale)
                taken.add(name)
            break
    unmapped = tuple(place for place in range(len(columns)) if place not in named)
    return Columns(named, unmapped, tuple(columns))


Variables = dict[str, NDArray[Any] | tuple[tuple[str, ...], NDArray[Any]]]


def to_variables(columns: Columns, values: NDArray[np.float64]) -> Variables:
    """Values of a table, shape (n, columns), as variables in the vocabulary's units; infinities are no values: NaN."""
    return of_columns(columns, [_finite(values[:, place]) for place in range(values.shape[1])])


def of_columns(
    columns: Columns, values: Sequence[NDArray[np.float64]] | Mapping[int, NDArray[np.float64]]
) -> Variables:
    """Values by number of the column, each of shape (n,) without infinities, as variables in the vocabulary's units.

    A column that needs no conversion is handed on as it is, not copied.
    """
    found: Variables = {}
    for place, (name, factor, offset) in columns.named.items():
        value = values[place]
        found[name] = value if (factor, offset) == (1.0, 0.0) else _scaled(value, factor, offset)
    if columns.unmapped:
        kept = np.empty((len(values[columns.unmapped[0]]), len(columns.unmapped)), dtype=np.float32)
        # By blocks that stay in the processor's cache: a column of a wide table is written in steps.
        for start in range(0, len(kept), _BLOCK):
            for place, source in enumerate(columns.unmapped):
                # Numbers beyond float32 come from damage only: the nearest it can hold stands out as well.
                kept[start : start + _BLOCK, place] = values[source][start : start + _BLOCK].clip(-_FLOAT32, _FLOAT32)
        found[UNMAPPED] = (("unmapped_column",), kept)
    return found


def _finite(value: NDArray[np.float64]) -> NDArray[np.float64]:
    copy = value.copy()
    copy[np.isinf(copy)] = np.nan
    return copy


_BLOCK = 16_384
_FLOAT32 = float(np.finfo(np.float32).max)


def _scaled(value: NDArray[np.float64], factor: float, offset: float) -> NDArray[np.float64]:
    # Dividing by ten gives the float nearest to the decimal number, multiplying by 0.1 does not.
    inverse = round(1 / factor) if 0 < factor < 1 else 0
    scaled = value / inverse if inverse and abs(factor * inverse - 1) < 1e-12 else value * factor
    return scaled + offset if offset else scaled


_RBR_WORDS = (
    (r"sea pressure", "pressure"),
    (r"(bpr )?pressure temperature|bpr\|?temperature|pressure sensor temperature", "pressure_sensor_temperature"),
    (r"(bpr )?pressure", "absolute_pressure"),
    (r"cond(uctivity|\.)? cell temperature", "conductivity_cell_temperature"),
    (r"(dissolved o2|dissolved oxygen|oxygen|optode|o2).* temperature", "oxygen_sensor_temperature"),
    (r"(marine )?temperature", "temperature"),
    (r"conductivity", "conductivity"),
    (r"salinity", "practical_salinity"),
    (r"depth", "depth"),
    (r"speed of sound", "sound_speed"),
    (r"(dissolved o2|dissolved oxygen|o2 concentration|oxygen concentration)( concentration)?", "oxygen"),
    (r"(dissolved o2|o2|oxygen).*saturation", "oxygen_air_saturation"),
    (r"chlorophyll( a)?|chl a", "chlorophyll_concentration"),
    (r"turbidity", "turbidity"),
    (r"par", "downwelling_par"),
)


def rbr_column(label: str, units: str) -> Foreign:
    """Name a channel by the words of RBR's Ruskin.

    What its loggers measure is pressure with air; `Sea pressure` is derived from it. Oxygen is what the sensor reports,
    at the salinity that the logger was told.
    """
    words = re.sub(r"\d+$", "", label.strip().lower().replace("₂", "2").replace("_", " ")).strip()
    for pattern, name in _RBR_WORDS:
        if re.fullmatch(pattern, words):
            if name == "oxygen" and conversion(units, "percent") is not None:
                return Foreign(label, units, "oxygen_air_saturation")
            return Foreign(label, units, "oxygen_concentration_uncompensated" if name == "oxygen" else name)
    return Foreign(label, units, None)
