"""The events of an archive as people see them: a table over all deployments."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lander import files, store
from lander.passes import events_path
from lander.source import Source

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("site", "deployment", "event", "start", "end", "variables", "instruments", "confirmed")


@dataclass(frozen=True)
class Occurrence:
    """An event of one deployment.

    Attributes
    ----------
    event
        Its id, counted from 1 over the deployment.
    start, end
        Microseconds since 1970-01-01 UTC, both inside.
    variables, instruments
        What showed it.
    confirmed
        Whether several sensors did, within three response times.
    """

    site: str
    deployment: str
    event: int
    start: int
    end: int
    variables: tuple[str, ...]
    instruments: tuple[str, ...]
    confirmed: bool


def occurrences(source: Source, *, site: str | None = None, deployment: str | None = None) -> Iterator[Occurrence]:
    """Events by deployment, each in order of time."""
    for one in source.deployments.values():
        path = events_path(one)
        if site in (None, one.site) and deployment in (None, one.id) and path in source.index.files:
            table = store.read(files.locate(source.store, *source.index.files[path].version), _STORED)
            if not table.columns:
                continue
            rows = zip(*(table[name].data for name in _STORED), strict=True)
            for event, start, end, variables, instruments, confirmed in rows:
                words = (tuple(str(variables).split()), tuple(str(instruments).split()))
                yield Occurrence(one.site, one.id, int(event), int(start), int(end), *words, bool(confirmed))


_STORED = ("event", "time", "event_end", "event_variables", "event_instruments", "event_confirmed")


def frame(source: Source, *, site: str | None = None, deployment: str | None = None) -> "pd.DataFrame":
    """Events as a table, one row each: see `Archive.events`."""
    import pandas as pd

    rows = [
        (
            one.site,
            one.deployment,
            one.event,
            np.datetime64(one.start, "us"),
            np.datetime64(one.end, "us"),
            ", ".join(one.variables),
            ", ".join(one.instruments),
            one.confirmed,
        )
        for one in occurrences(source, site=site, deployment=deployment)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    kinds = {"event": "int32", "start": "datetime64[us]", "end": "datetime64[us]", "confirmed": "bool"}
    return table.astype(kinds)


def describe(one: Occurrence) -> str:
    """One line: "inside event 7, confirmed by methane_partial_pressure and turbidity"."""
    by = " and ".join(one.variables)
    return f"inside event {one.event}, " + (f"confirmed by {by}" if one.confirmed else f"seen by {by} alone")
