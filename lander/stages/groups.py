"""Quantities that are derived together, for one month of one stream: gathers what their kernel reads, and runs it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest import vocabulary
from lander import derived_group, store
from lander.derived import Donor, Flagged, Floats, hold, match
from lander.errors import LanderError
from lander.stages.rows import read_window
from qc import check as checks
from qc.engine import Judged
from qc.flags import BAD, FAIL, GOOD, MISSING, Flags, get


class Seen(NamedTuple):
    """The month and its halo, as far as it is known: times (n,), and by variable values, what tests said, and manual
    flags (n, ...), -1 where nobody said anything.
    """

    time: NDArray[np.int64]
    values: Mapping[str, NDArray[Any]]
    judged: Mapping[str, Judged]
    said: Mapping[str, Flags]


def references(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Papers and manuals of a group."""
    return derived_group.discover()[row["name"]].references


def derive(root: Path, seen: Seen, row: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Flagged]:
    """Compute every output of a group.

    Parameters
    ----------
    root
        The store.
    seen
        What the stream itself holds.
    row
        Of the group: `lander.donors.group_params`, placed in the month.
    params
        Of the task.
    """
    group = derived_group.discover()[row["name"]]
    inputs = {name: _own(seen, name, group.heeded.get(name)) for name in row["inputs"]}
    for name, donor in row["donors"].items():
        heeded = group.heeded.get(name, ()) if name in row["siblings"] else None
        # Another instrument is looked at in the middle of an ensemble; the instrument's own records share its stamps.
        time = seen.time if heeded is not None else seen.time + int(row["settings"].get("centre_us", 0))
        inputs[name] = _elsewhere(root, time, name, donor, heeded, params["halo_us"])
    fixed = {}
    if row["fixed"]:
        table = store.read(root / params["l1"]["this"], row["fixed"])
        fixed = {name: np.asarray(table[name].values(), dtype=np.float64) for name in row["fixed"]}
    found = group.kernel(seen.time, inputs, fixed, row["settings"])
    if set(found) != set(row["outputs"]):
        raise LanderError(f"{group.name} gave {', '.join(sorted(found))}, announced were {', '.join(row['outputs'])}")
    return {name: found[name] for name in row["outputs"]}


def _own(seen: Seen, name: str, heeded: tuple[str, ...] | None) -> Flagged:
    """A variable of the stream, its flag from people, else from all tests, or from those that count here."""
    value = np.asarray(seen.values[name], dtype=np.float64)
    judged = seen.judged.get(name)
    if judged is None:
        flags = _unjudged(value)
    else:
        flags = judged.flags if heeded is None else _barred(value, judged.tests, heeded)
    said = seen.said.get(name)
    return Flagged(value, flags if said is None else np.where(said >= 0, said, flags))


def _unjudged(value: Floats) -> Flags:
    """No test is planned for it, so none has a say."""
    return np.where(np.isfinite(value), GOOD, MISSING).astype(np.int8)


def _barred(value: Floats, tests: NDArray[np.uint64], heeded: tuple[str, ...]) -> Flags:
    failed = np.zeros(value.shape, dtype=np.bool_)
    for name in heeded:
        failed |= get(tests, checks.discover()[name].slot) == FAIL
    return np.where(failed, np.int8(BAD), _unjudged(value))


def _elsewhere(
    root: Path,
    time: NDArray[np.int64],
    name: str,
    donor: Mapping[str, Any],
    heeded: tuple[str, ...] | None,
    halo_us: int,
) -> Flagged:
    """Another stream's values at these times."""
    reach_us = halo_us + donor["largest_gap_us"]
    words = f"{name}_qc" if heeded is None else f"{name}_qc_tests"
    values = read_window(root, donor["values"], [name], reach_us)
    flags = read_window(root, donor["flags"], [words], reach_us)
    if name not in values.columns:
        return Flagged(np.full(time.shape, np.nan), np.full(time.shape, MISSING, np.int8))
    value = np.asarray(values.values(name), dtype=np.float64)
    if words not in flags.columns:
        flag = _unjudged(value)
    else:
        flag = flags.values(words) if heeded is None else _barred(value, flags.values(words), heeded)
    if heeded is None:
        return match(time, Donor(values.time, value, flag), donor["largest_gap_us"])
    return _sibling(time, Donor(values.time, value, flag), name, donor["largest_gap_us"])


def _sibling(time: NDArray[np.int64], donor: Donor, name: str, largest_gap_us: int) -> Flagged:
    """The instrument's own attitude or state: between its records, and held for a while beyond the first and last."""
    variable = vocabulary.lookup(name)
    if variable.step is None:
        return hold(time, donor, largest_gap_us)
    if variable.units != "degree":
        return _kept(time, donor, largest_gap_us)
    parts = [_kept(time, Donor(donor.time, along(np.deg2rad(donor.value)), donor.flags), largest_gap_us)
             for along in (np.sin, np.cos)]  # fmt: skip
    angle = np.rad2deg(np.arctan2(parts[0].value, parts[1].value))
    return Flagged(angle % 360.0 if name == "heading" else angle, parts[0].flags)


def _kept(time: NDArray[np.int64], donor: Donor, largest_gap_us: int) -> Flagged:
    between, beside = match(time, donor, largest_gap_us), hold(time, donor, largest_gap_us)
    inside = np.isfinite(between.value)
    return Flagged(np.where(inside, between.value, beside.value), np.where(inside, between.flags, beside.flags))
