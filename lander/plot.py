"""The record at a glance: every variable's band and good mean, where people look rather than read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ingest import vocabulary
from lander import files
from lander.archive import Archive

_FIRST = (
    "pressure",
    "temperature",
    "practical_salinity",
    "oxygen_concentration",
    "methane_partial_pressure",
    "turbidity",
    "chlorophyll_concentration",
    "conductivity",
    "transducer_temperature",
)
_PANELS = 7


def overview(archive: Archive, site: str, out: Path, product: str = "hourly") -> Path:
    """Draw the product of the main variables of a site over time.

    Parameters
    ----------
    archive
        Whose.
    site
        Its code.
    out
        PNG file; its folder must exist.
    product
        Which statistics.

    Returns
    -------
    Path
        The picture.
    """
    from matplotlib import dates
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = [variable for variable in _FIRST if _has(archive, site, product, variable)][:_PANELS]
    figure = Figure(figsize=(11, 1.2 + 1.75 * max(len(drawn), 1)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(max(len(drawn), 1), 1, sharex=True, squeeze=False)[:, 0]
    for axis, variable in zip(axes, drawn, strict=False):
        _panel(axis, archive.product(product, variable, site=site), variable)
    locator = dates.AutoDateLocator()  # type: ignore[no-untyped-call]
    axes[-1].xaxis.set_major_locator(locator)
    axes[-1].xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes[-1].set_xlabel("Time, UTC")
    figure.suptitle(f"{archive.config.title}\n{product.replace('_', ' ')} series", fontsize=11)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    with files.appearing(out) as temporary:
        figure.savefig(temporary, format="png", dpi=110)
    return out


def _has(archive: Archive, site: str, product: str, variable: str) -> bool:
    prefix = f"{site}/L3/{product}/{variable}/"
    return any(path.startswith(prefix) for path in archive.index.files)


def _panel(axis: Any, rows: Any, variable: str) -> None:
    entry = vocabulary.lookup(variable)
    for deployment in np.unique(rows["deployment"].values):
        own = rows.isel(time=rows["deployment"].values == deployment)
        own = _with_breaks(own)
        time = own["time"].values
        bad = own[f"good_{variable}_count"].values < own[f"all_{variable}_count"].values
        good = own[f"good_{variable}_mean"].values
        axis.fill_between(
            time, own[f"good_{variable}_min"].values, own[f"good_{variable}_max"].values, color="#9ecae1", lw=0,
            label="range of good samples",
        )  # fmt: skip
        axis.plot(time, good, color="#08519c", lw=0.9, label="mean of good samples")
        # Along the foot of the panel, whatever its scale: a mark among the values reads as one of them.
        axis.plot(
            time[bad], np.full(int(bad.sum()), 0.04), "|", color="#cb181d", ms=5, transform=axis.get_xaxis_transform(),
            label="with flagged samples",
        )  # fmt: skip
    unit = "" if entry.units == "1" else f"\n{_pretty(entry.units)}"
    axis.set_ylabel(f"{variable.replace('_', ' ')}{unit}", fontsize=8)
    axis.tick_params(labelsize=8)
    axis.grid(alpha=0.25, lw=0.5)
    axis.margins(x=0.01, y=0.12)
    if variable == "pressure":
        axis.invert_yaxis()


def _with_breaks(rows: Any) -> Any:
    """Rows on the full grid of the product, empty where there was none, so that no line runs over a gap."""
    time = rows["time"].values
    if time.size < 2:
        return rows
    step = np.diff(time).min()
    grid = np.arange(time[0], time[-1] + step, step)
    return rows.reindex(time=grid)


_UNITS = {"degree_Celsius": "°C", "umol L-1": "µmol/L", "S m-1": "S/m", "uatm": "µatm", "mg m-3": "mg/m³"}


def _pretty(units: str) -> str:
    return _UNITS.get(units, units)


def sites_with(archive: Archive, product: str) -> Sequence[str]:
    """Sites that have rows of a product."""
    return [
        code for code in archive.sites if any(path.startswith(f"{code}/L3/{product}/") for path in archive.index.files)
    ]
