"""The blueprint of a product, how products are found, and the statistics that all binned ones share."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lander import bins
from lander.bins import BinRule, Floats, Groups, Microseconds
from qc.flags import GOOD, PROBABLY_GOOD, Flags


@dataclass(frozen=True)
class Observations:
    """One variable's samples on the product's time axis.

    Attributes
    ----------
    value : ndarray of float64, shape (n,), or (n, cells) of a profile
        NaN where missing.
    flags : ndarray of int8, same shape
        OceanSITES codes.
    attributes
        Of the variable: units, long_name, standard_name where it has one.
    """

    value: Floats
    flags: Flags
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """One column of a product, shape (b,) or (b, cells), and its attributes."""

    values: NDArray[Any]
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """A product's rows.

    Attributes
    ----------
    time : ndarray of int64, shape (b,)
        Stamps, microseconds since 1970-01-01 UTC, ascending. Bins without any observation have no row.
    time_bounds : ndarray of int64, shape (b, 2)
        First moment of each bin and first moment after it.
    columns
        By name.
    """

    time: Microseconds
    time_bounds: Microseconds
    columns: Mapping[str, Column]


Kernel = Callable[[Microseconds, Mapping[str, Observations], BinRule], Table]


@dataclass(frozen=True)
class Product:
    """Something made from the quality-controlled series of one instrument.

    Attributes
    ----------
    name
        Name of the product; also the module's.
    version
        Raised when the same samples would give other rows.
    title
        One line for people.
    rule
        Its bins; `rule.reach_us` is what a month needs from the months beside it.
    kernel
        `kernel(time, observations, rule) -> Table`: time ascending, int64 microseconds, shape (n,).
    """

    name: str
    version: int
    title: str
    rule: BinRule
    kernel: Kernel


def compute(product: Product, time: Microseconds, observations: Mapping[str, Observations],
            start: int, end: int) -> Table:
    """Make the rows whose stamps lie in [start, end).

    Parameters
    ----------
    product
        What to make.
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC, ascending; reaching `product.rule.reach_us` over both ends, as far as
        there are samples.
    observations
        By variable name.
    start, end
        Microseconds since 1970-01-01 UTC, such as a month's.

    Returns
    -------
    Table
        The rows of neighbouring intervals make the whole record's, without a seam.
    """
    table = product.kernel(time, observations, product.rule)
    return take(table, slice(*np.searchsorted(table.time, [start, end]).tolist()))


def take(table: Table, rows: slice | NDArray[Any]) -> Table:
    """Choose rows of a table."""
    columns = {name: Column(column.values[rows], column.attributes) for name, column in table.columns.items()}
    return Table(table.time[rows], table.time_bounds[rows], columns)


def is_direction(name: str) -> bool:
    """Whether a variable is an angle on the circle, whose mean runs over north; pitch and roll are not."""
    return name == "heading" or name.endswith(("_direction", "_heading"))


def summarise(time: Microseconds, observations: Mapping[str, Observations], rule: BinRule) -> Table:
    """Kernel of binned products: `all_<variable>_*` from every observation, `good_<variable>_*` from flags 1 and 2.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC, ascending.
    observations
        By variable name, each of shape (n,), or (n, cells): each cell is binned by itself.
    rule
        Which bins.

    Returns
    -------
    Table
        min, mean, max (float64, NaN where nothing counted) and count (int32); directions have mean and count only.
    """
    groups = bins.group(rule, time)
    columns: dict[str, Column] = {}
    for name, seen in observations.items():
        good = (seen.flags == GOOD) | (seen.flags == PROBABLY_GOOD)
        columns |= _columns(f"all_{name}", "all observations", groups, seen, np.ones(good.shape, dtype=np.bool_))
        columns |= _columns(f"good_{name}", "observations flagged good or probably good", groups, seen, good)
    table = Table(groups.stamps, rule.bounds(groups.stamps), columns)
    counts = [_occupied(columns[f"all_{name}_count"].values) for name in observations]
    return take(table, np.logical_or.reduce(counts)) if counts else take(table, slice(0, 0))


def _occupied(count: NDArray[Any]) -> NDArray[np.bool_]:
    """Which bins hold anything, in any cell."""
    there = count > 0
    return there if there.ndim == 1 else np.any(there, axis=1)


_CELL_METHODS = {"min": "time: minimum", "mean": "time: mean", "max": "time: maximum"}
_WORDS = {"min": "minimum", "mean": "mean", "max": "maximum"}


def _columns(prefix: str, which: str, groups: Groups, seen: Observations,
             use: NDArray[np.bool_]) -> dict[str, Column]:
    values: dict[str, NDArray[Any]]
    if seen.value.ndim > 1:
        return _by_cell(prefix, which, groups, seen, use)
    if is_direction(prefix):
        mean, count = bins.circular_mean(groups, seen.value, use)
        values = {"mean": mean}
    else:
        found = bins.statistics(groups, seen.value, use)
        values, count = {"min": found.minimum, "mean": found.mean, "max": found.maximum}, found.number
    columns = {
        f"{prefix}_{kind}": Column(array, _statistic_attributes(kind, which, seen.attributes))
        for kind, array in values.items()
    }
    columns[f"{prefix}_count"] = Column(count, _count_attributes(which, seen.attributes))
    return columns


def _by_cell(prefix: str, which: str, groups: Groups, seen: Observations,
             use: NDArray[np.bool_]) -> dict[str, Column]:
    """Columns of a profile: each of its cells is a series of its own."""
    cells = range(seen.value.shape[1])
    alone = [Observations(seen.value[:, cell], seen.flags[:, cell], seen.attributes) for cell in cells]
    made = [_columns(prefix, which, groups, one, use[:, cell]) for cell, one in enumerate(alone)]
    return {
        name: Column(np.stack([each[name].values for each in made], axis=1), column.attributes)
        for name, column in (made[0] if made else {}).items()
    }


def _statistic_attributes(kind: str, which: str, attributes: Mapping[str, str]) -> dict[str, str]:
    long_name = attributes.get("long_name")
    words = f"{_WORDS[kind]} of {which}"
    kept = {key: attributes[key] for key in ("units", "standard_name", "units_metadata") if key in attributes}
    return {**kept, "long_name": f"{long_name}, {words}" if long_name else words, "cell_methods": _CELL_METHODS[kind]}


def _count_attributes(which: str, attributes: Mapping[str, str]) -> dict[str, str]:
    # CF 1.11, appendix C: the modifier of a standard name says that these are counts of that quantity.
    long_name, standard_name = attributes.get("long_name"), attributes.get("standard_name")
    words = f"number of {which}"
    named = {"standard_name": f"{standard_name} number_of_observations"} if standard_name else {}
    return {"units": "1", **named, "long_name": f"{long_name}, {words}" if long_name else words}


@cache
def discover() -> Mapping[str, Product]:
    """Every product in `lander/products`, by name: one module, one `PRODUCT`.

    Raises
    ------
    TypeError
        A module's name is not its product's.
    """
    import lander.products as folder

    found: dict[str, Product] = {}
    for module_info in sorted(pkgutil.iter_modules(folder.__path__), key=lambda info: info.name):
        product = getattr(importlib.import_module(f"{folder.__name__}.{module_info.name}"), "PRODUCT", None)
        if product is None:
            continue
        if product.name != module_info.name:
            raise TypeError(f"product {product.name!r} lies in lander/products/{module_info.name}.py: name both alike")
        found[product.name] = product
    return found
