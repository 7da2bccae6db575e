"""The blueprint of an exporter, how exporters are found, and what they are given."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from lander.errors import LanderError

Block = Mapping[str, NDArray[Any] | str]
"""A run of rows by column name: arrays of one length, or one text that holds for the whole run."""


class ExportError(LanderError):
    """A series cannot be written in the wanted format."""


@dataclass(frozen=True)
class ExportColumn:
    """One column of an export.

    Attributes
    ----------
    name
        Heads the column.
    kind
        "time": int64 microseconds since 1970-01-01 UTC. "number": floats, NaN where missing, or integers, none of
        which is missing. "flag": integer codes. "text": text.
    variable
        The vocabulary's name of what the column is about; empty for none.
    units, long_name, standard_name
        As in the store; empty where there is none.
    decimals
        Digits after the point: of a number, those of its storage step (`decimals_of`); of a time, of its seconds.
        None writes floats with as many digits as tell them apart.
    description
        What a reader must know besides: the meanings of flags, how a statistic was taken.
    step
        Storage step in `units`, as text, empty where there is none.
    sources
        Instruments the values come from.
    method
        How values that were not measured came about.
    """

    name: str
    kind: Literal["time", "number", "flag", "text"]
    variable: str = ""
    units: str = ""
    long_name: str = ""
    standard_name: str = ""
    decimals: int | None = None
    description: str = ""
    step: str = ""
    sources: tuple[str, ...] = ()
    method: str = ""


@dataclass(frozen=True)
class ExportSeries:
    """A series on its way out, in blocks, so that its length does not matter.

    Attributes
    ----------
    name
        Of the file, without folder and suffix, such as "site_f_temperature".
    columns
        In the order in which they are written.
    blocks
        In time order, at most some million rows each; read once.
    about
        What the configuration knows of the archive, in the order in which people should read it: "Title",
        "Institution", "Licence", "Position of d1" and so on. What it does not know is left out.
    """

    name: str
    columns: tuple[ExportColumn, ...]
    blocks: Iterable[Block]
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Exporter:
    """One format in which others get the data.

    Attributes
    ----------
    name
        Of the format; also the module's, and what `lander export --format` is given.
    version
        Raised when the same series would give other bytes.
    description
        One line for people.
    write
        `write(series, out) -> files`: writes into the existing folder `out`; the files appear complete or not at all.
    """

    name: str
    version: int
    description: str
    write: Callable[[ExportSeries, Path], list[Path]]


def decimals_of(step: float) -> int:
    """Digits after the point that a multiple of `step` needs: 5 for 1e-05, 2 for 0.25, 0 for 10."""
    exponent = Decimal(repr(float(step))).normalize().as_tuple().exponent
    if not isinstance(exponent, int):
        raise ExportError(f"the storage step is {step}; expected a positive number")
    return max(0, -exponent)


@cache
def discover() -> Mapping[str, Exporter]:
    """Every exporter in `lander/publish`, by name: one module, one `EXPORTER`.

    Raises
    ------
    TypeError
        A module's name is not its exporter's.
    """
    import lander.publish as folder

    found: dict[str, Exporter] = {}
    for module_info in sorted(pkgutil.iter_modules(folder.__path__), key=lambda info: info.name):
        exporter = getattr(importlib.import_module(f"{folder.__name__}.{module_info.name}"), "EXPORTER", None)
        if exporter is None:
            continue
        if exporter.name != module_info.name:
            raise TypeError(f"exporter {exporter.name!r} lies in lander/publish/{module_info.name}.py: name both alike")
        found[exporter.name] = exporter
    return found
