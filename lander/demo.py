"""The demo: a simulated deployment taken through everything, and where to look."""

import importlib
from pathlib import Path
from typing import Any

from lander import config, plot, terminal
from lander.archive import Archive
from lander.errors import ConfigError
from lander.export import export
from lander.pipeline import update
from lander.reading import show_failures

_EXPORTED = (
    "temperature",
    "practical_salinity",
    "oxygen_concentration",
    "methane_partial_pressure",
    "turbidity",
    "chlorophyll_concentration",
)

_SHOWN = (
    ("ctd", "pressure"),
    ("ctd", "temperature"),
    ("ctd", "practical_salinity"),
    ("optode", "oxygen_concentration"),
    ("adcp", "eastward_velocity"),
    ("methane", "methane_partial_pressure"),
    ("eco", "turbidity"),
    ("eco", "chlorophyll_concentration"),
    ("signature", "eastward_velocity"),
    ("rbr", "temperature"),
    ("rbr", "absolute_pressure"),
)
"""Instruments of the demo's deployment and what they are there for."""


def run(days: int, period: float, out: Path, workers: int) -> None:
    """Simulate, decode, judge, fill, publish; print what came out and the next command to type.

    Raises
    ------
    ConfigError
        `out` holds something else already.
    """
    simulator = _simulator()
    if out.exists() and any(out.iterdir()):
        raise ConfigError(f"{out} is not empty: name another folder with --out, or remove it first")
    with terminal.progress() as bars:
        _simulate(simulator, out, days, period, bars)
        outcome = update(config.load(out), workers=workers, progress=bars)
    show_failures(outcome.failed)
    archive = Archive(out)
    published = out / "published"
    published.mkdir(exist_ok=True)
    site = next(iter(archive.sites))
    picture = plot.overview(archive, site, published / "overview.png")
    tables = export(archive, "csv", published / "csv", variables=_EXPORTED)
    _tell(archive, outcome.failed, picture, tables)


def _simulator() -> Any:
    """The simulator: in the wheel it rides inside this package, in a checkout it lies beside it."""
    for name in ("lander.sample_data", "sample_data"):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name not in ("lander.sample_data", "sample_data"):
                raise
    raise ConfigError("the simulator is not installed: install seafloor-lander from its wheel, or run in a checkout")


def _simulate(simulator: Any, out: Path, days: int, period: float, bars: terminal.StageBars) -> None:
    done: dict[str, tuple[int, int]] = {}

    def progress(instrument: str, count: int, total: int) -> None:
        done[instrument] = (count, total)
        bars("simulate", sum(one[0] for one in done.values()), sum(one[1] for one in done.values()))

    simulator.simulate(out, simulator.demo_scenario(days=days, period=period), progress=progress)


def _tell(archive: Archive, failed: dict[str, str], picture: Path, tables: list[Path]) -> None:
    rows = [_row(archive, instrument, variable) for instrument, variable in _SHOWN]
    terminal.say("\nThe simulated deployment is decoded, on UTC, quality-controlled, filled and published.\n")
    columns = ("instrument", "variable", "units", "values", "good", "share")
    terminal.table(columns, rows, right=("values", "good", "share"))
    if failed:
        terminal.say(f"\n{len(failed)} inputs failed; see above")
    terminal.say("\nWhere to look")
    terminal.say(f"  {picture}   the record at a glance")
    terminal.say(f"  {tables[0].parent.parent}   CSV with data dictionaries")
    terminal.say(f"  {archive.store}   NetCDF-4: L1, L2 and products by month")
    middle = archive.series("oxygen_concentration")["time"]
    moment = str(middle[middle.size // 2].values.astype("datetime64[s]"))
    terminal.say("\nNext, type")
    terminal.say(f"  lander explain {archive.root} oxygen_concentration {moment}")
    terminal.say(f"or in Python: import lander; lander.open({str(archive.root)!r}).series('temperature')")


def _row(archive: Archive, instrument: str, variable: str) -> tuple[str, ...]:
    """How many values of a variable there are, of all cells of a profile, and how many of them are good."""
    series = archive.series(variable, instrument=instrument)
    flags = series[f"{variable}_qc"].values
    good, n = int(((flags == 1) | (flags == 2)).sum()), int(flags.size)
    share = f"{100 * good / max(n, 1):.1f} %"
    return instrument, variable, series[variable].attrs["units"], f"{n:,}", f"{good:,}", share
