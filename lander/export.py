"""Series of an archive on their way out: columns and blocks for any exporter."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ingest import vocabulary
from lander import exporter
from lander.archive import Archive
from lander.errors import RequestError
from lander.exporter import Block, ExportColumn, ExportSeries, decimals_of
from qc.flags import FLAG_MEANINGS, FLAG_VALUES

ROWS = 500_000
"""Rows in memory at a time."""

_FLAGS = "; ".join(
    f"{value} {text.replace('_', ' ')}" for value, text in zip(FLAG_VALUES, FLAG_MEANINGS.split(), strict=True)
)


def export(
    archive: Archive,
    name: str,
    out: Path,
    *,
    variables: Sequence[str] = (),
    span: tuple[str | None, str | None] = (None, None),
    qc: Sequence[int] | None = None,
) -> list[Path]:
    """Write quality-controlled series in the format of an exporter.

    Parameters
    ----------
    archive
        Whose.
    name
        Of the exporter, such as "csv".
    out
        Folder; made if need be. One folder below it per variable where there are several.
    variables
        Scalar variables; all, where empty.
    span
        First and last time, UTC, both included; None for an open end.
    qc
        Flags to keep; None keeps every sample with its flag.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    LanderError
        No such exporter or variable, or one that several instruments measure.
    """
    known = exporter.discover()
    if name not in known:
        raise RequestError(f"no format {name!r}; there are: {', '.join(known)}")
    chosen = tuple(variables) or archive.variables
    written: list[Path] = []
    for variable in chosen:
        folder = out / variable if len(chosen) > 1 else out
        folder.mkdir(parents=True, exist_ok=True)
        written += known[name].write(series(archive, variable, span, qc), folder)
    return written


def series(
    archive: Archive, variable: str, span: tuple[str | None, str | None], qc: Sequence[int] | None
) -> ExportSeries:
    """One variable's series as columns and blocks."""
    dataset = archive.series(variable, start=span[0], end=span[1])
    if dataset[variable].ndim > 1:
        raise RequestError(f"{variable} has dimensions {dataset[variable].dims}: a table of rows takes scalar series")
    entry = vocabulary.lookup(variable)
    instruments = tuple(dataset.attrs["instruments"])
    decimals = None if entry.step is None else decimals_of(entry.step)
    columns = (
        ExportColumn("time", "time", units="UTC", long_name="Time, ISO 8601", standard_name="time", decimals=6),
        ExportColumn(
            variable,
            "number",
            variable,
            entry.units,
            entry.long_name,
            entry.standard_name or "",
            decimals,
            step="" if entry.step is None else f"{entry.step:g}",
            sources=instruments,
        ),
        ExportColumn(
            f"{variable}_qc", "flag", variable, long_name=f"Quality flag of {entry.long_name}", description=_FLAGS
        ),
        ExportColumn("deployment", "text", long_name="Deployment"),
        ExportColumn("instrument", "text", long_name="Instrument: name, model, serial number"),
    )
    name = f"{dataset.attrs['site']}_{variable}"
    return ExportSeries(name, columns, _blocks(dataset, variable, qc), _about(archive, dataset))


def _blocks(dataset: xr.Dataset, variable: str, qc: Sequence[int] | None) -> Iterator[Block]:
    deployments = np.array(dataset.attrs["deployments"])
    instruments = np.array(dataset.attrs["instruments"])
    for start in range(0, dataset.sizes["time"], ROWS):
        part = dataset.isel(time=slice(start, start + ROWS)).load()
        flags = part[f"{variable}_qc"].values
        keep: Any = slice(None) if qc is None else np.isin(flags, qc)
        number = part["deployment"].values[keep]
        yield {
            "time": part["time"].values.astype("datetime64[us]").astype(np.int64)[keep],
            variable: part[variable].values[keep],
            f"{variable}_qc": flags[keep],
            "deployment": deployments[number],
            "instrument": instruments[number],
        }


def _about(archive: Archive, dataset: xr.Dataset) -> dict[str, str]:
    config = archive.config
    about = {"Title": config.title, "Institution": config.institution.name}
    if config.project:
        about["Project"] = config.project
    about |= {"Licence": config.licence, "Site": dataset.attrs["site"]}
    for person in config.people:
        about[f"Contact ({person.role})"] = person.name + (f" <{person.email}>" if person.email else "")
    for name in dataset.attrs["deployments"]:
        position = archive.deployments[name].position
        about[f"Position of {name}"] = f"{position.latitude:.5f} degrees north, {position.longitude:.5f} degrees east"
    return about
