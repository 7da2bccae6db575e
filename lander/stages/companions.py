"""What checks read of other instruments, brought to the times of a month."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lander.derived import Donor, Floats, hold, match
from lander.stages.rows import read_window
from qc.flags import GOOD, MISSING, Flags


def read(
    root: Path, time: NDArray[np.int64], companions: Mapping[str, Mapping[str, Any]], halo_us: int
) -> dict[str, Floats]:
    """Read the values of other streams at these times.

    Parameters
    ----------
    root
        The store.
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC.
    companions
        By name, as a task's parameters have them: `lander.companions.placed`.
    halo_us
        How far around the month `time` reaches.

    Returns
    -------
    dict
        By name, shape (n,): linearly between two neighbouring values, of angles the last one before; NaN where there is
        none near. Of what was measured all values count, for a test of two sensors must see both as they are; of what
        was derived, the good ones.
    """
    return {name: _at(root, time, one, halo_us + one["largest_gap_us"]) for name, one in companions.items()}


def _at(root: Path, time: NDArray[np.int64], one: Mapping[str, Any], reach_us: int) -> Floats:
    name = one["variable"]
    found = read_window(root, one["values"], [name], reach_us)
    if name not in found.columns:
        return np.full(time.shape, np.nan)
    value = np.asarray(found.values(name), dtype=np.float64)
    donor = Donor(found.time, value, _flags(root, one, value, reach_us))
    return (hold if one["held"] else match)(time, donor, one["largest_gap_us"]).value


def _flags(root: Path, one: Mapping[str, Any], value: Floats, reach_us: int) -> Flags:
    if one["flags"] is None:
        return np.where(np.isfinite(value), GOOD, MISSING).astype(np.int8)
    name = f"{one['variable']}_qc"
    flags: Flags = read_window(root, one["flags"], [name], reach_us).values(name)
    return flags
