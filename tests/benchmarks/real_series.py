"""Real records that are held to be clean, and how many of their samples the default plan flags.

`python -m tests.benchmarks.real_series` prints the shares by series to standard error.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import ingest
from ingest import vocabulary
from qc.engine import judge, learn, merge
from qc.flags import PROBABLY_BAD, get
from qc.plan import Plan, VariableTraits

_SHARED = Path(__file__).parents[2] / ".." / "shared"
CORPUS = Path(os.environ.get("LANDER_CORPUS") or _SHARED / "corpus")
GAPS = Path(os.environ.get("LANDER_GAPS") or _SHARED / "gapfill" / "gaps.json").parent

MOORINGS = "gapfill"
"""Six microcats of one mooring for ten months, half-hourly, flags 1 or none."""

QUANTISED = "sbe_cnv/6123_data.cnv"
"""A year of hourly pressure, of a microcat."""

GOOD = 1


@dataclass(frozen=True)
class Series:
    """One variable of a real record: `clean` are the samples that its makers call good, or all where they say nothing.

    time is in microseconds and never goes back; value is NaN where missing.
    """

    name: str
    variable: str
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    clean: NDArray[np.bool_]


def moorings() -> Iterator[Series]:
    """The six of ../shared/gapfill."""
    for path in sorted(GAPS.glob("*.nc")):
        yield from _series(path)


def quantised() -> Iterator[Series]:
    """Pressure in steps as large as its noise."""
    yield from (one for one in _series(CORPUS / QUANTISED) if one.variable == "pressure")


def imos() -> Iterator[Series]:
    """Series of the national reference station of Rottnest: single samples with flags of their makers."""
    for path in sorted((CORPUS / "imos_timeseries_nc").glob("*FV01*.nc")):
        yield from (one for one in _series(path, flagged=True))


def _series(path: Path, *, flagged: bool = False) -> Iterator[Series]:
    for ds in ingest.decode(path).streams.values():
        time = ds["time"].values.astype("datetime64[us]").astype(np.int64)
        # An aggregate holds one instrument after the other.
        parts = np.split(np.arange(time.size), np.flatnonzero(np.diff(time) < 0) + 1)
        for name in _judged(ds, flagged):
            value = np.asarray(ds[name].values, np.float64)
            clean = ds[f"{name}_source_qc"].values == GOOD if flagged else np.isfinite(value)
            for number, part in enumerate(parts, 1):
                of = f", part {number}" if len(parts) > 1 else ""
                if clean[part].any():
                    yield Series(f"{path.name}{of}", name, time[part], value[part], clean[part])


def _judged(ds: xr.Dataset, flagged: bool) -> list[str]:
    known = vocabulary.table()
    names = [str(name) for name in ds.data_vars if str(name) in known and ds[name].dims == ("time",)]
    names = [name for name in names if known[name].step is not None]
    return [name for name in names if not flagged or f"{name}_source_qc" in ds]


def false_flags(series: Series) -> tuple[float, dict[str, int]]:
    """Share of the clean samples that the default plan flags, and how many by check."""
    about = vocabulary.lookup(series.variable)
    traits = VariableTraits(
        sampling_seconds=float(np.median(np.diff(series.time))) / 1e6,
        valid_min=about.valid_min,
        valid_max=about.valid_max,
        resolution=about.resolution,
    )
    plan = Plan.build({}, {series.variable: traits})
    arrays = {series.variable: series.value}
    summaries = merge([learn(series.time, arrays, plan)], plan)
    found = judge(series.time, arrays, plan, summaries=summaries)[series.variable]
    flagged = (found.flags >= PROBABLY_BAD) & series.clean & np.isfinite(series.value)
    by_check = {one.check: int((get(found.tests[flagged], one.slot) > 1).sum())
                for one in plan.for_variable(series.variable)}  # fmt: skip
    return float(flagged.sum() / series.clean.sum()), {name: count for name, count in by_check.items() if count}


def shares(all_series: Iterator[Series]) -> dict[tuple[str, str], float]:
    """Shares of false flags by series, told on standard error as they come."""
    found = {}
    for one in all_series:
        share, by_check = false_flags(one)
        told = ", ".join(f"{name} {count}" for name, count in by_check.items())
        sys.stderr.write(f"{share:8.3%} of {int(one.clean.sum()):6,} {one.variable:28} {one.name[-58:]:58} {told}\n")
        found[one.name, one.variable] = share
    return found


if __name__ == "__main__":
    for gather in (moorings, quantised, imos):
        shares(gather())
