"""Reading across the edges of months: a window of rows from a month's file and the files beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lander import store
from lander.errors import LanderError
from lander.store import Column, Table

SIDES = ("before", "this", "after")


@dataclass(frozen=True)
class Window:
    """Rows in time order, and which of them lie in the month itself.

    Attributes
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC.
    columns
        As stored, each of shape (n, ...).
    core
        Rows of the month.
    """

    time: NDArray[np.int64]
    columns: Mapping[str, Column]
    core: slice

    def values(self, name: str) -> NDArray[Any]:
        """Physical values of a variable."""
        return self.columns[name].values()


def read_window(root: Path, paths: Mapping[str, str | None], names: Sequence[str], halo_us: int) -> Window:
    """Read the month's rows and those within `halo_us` of its edges.

    Parameters
    ----------
    root
        The store.
    paths
        Files "before", "this" and "after", where there are such.
    names
        Variables.
    halo_us
        At most a month: further months are not looked at.
    """
    tables = {side: _read(root, paths.get(side), names, side, halo_us) for side in SIDES}
    present = [table for table in tables.values() if table is not None]
    if not present:
        return Window(np.zeros(0, np.int64), {}, slice(0, 0))
    time = np.concatenate([table["time"].data for table in present])
    columns = {name: _joined(name, present) for name in names if all(name in table.columns for table in present)}
    ahead = 0 if tables["before"] is None else len(tables["before"]["time"].data)
    inside = 0 if tables["this"] is None else len(tables["this"]["time"].data)
    return Window(time, columns, slice(ahead, ahead + inside))


def _joined(name: str, tables: Sequence[Table]) -> Column:
    model = tables[0][name]
    shapes = {table[name].data.shape[1:] for table in tables}
    if len(shapes) > 1:
        raise LanderError(f"{name} has rows of shapes {sorted(shapes)} in neighbouring months: name two instruments")
    return Column(np.concatenate([table[name].data for table in tables]), model.dims, model.attributes)


def _read(root: Path, path: str | None, names: Sequence[str], side: str, halo_us: int) -> Table | None:
    if path is None or not (root / path).exists():
        return None
    if side == "this":
        return store.read(root / path, ["time", *names])
    time = store.read(root / path, ["time"])["time"].data
    if side == "before":
        edge = store.month_bounds(store.month_of(int(time[-1])))[1] - halo_us
        rows = slice(int(np.searchsorted(time, edge)), len(time))
    else:
        edge = store.month_bounds(store.month_of(int(time[0])))[0] + halo_us
        rows = slice(0, int(np.searchsorted(time, edge)))
    return store.read(root / path, ["time", *names], rows)
