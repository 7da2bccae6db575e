"""What an archive holds, from its configuration and index alone: streams, their months, who measures what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from ingest import vocabulary
from lander import derived as derived_quantities
from lander import store
from lander.deployment import ArchiveConfig, Deployment, Instrument
from lander.errors import RequestError
from lander.index import Index, RawFile


class AmbiguousVariableError(RequestError):
    """Several instruments measure a variable, and nobody said which one counts."""


@dataclass(frozen=True)
class Stream:
    """One kind of record of one instrument in one deployment.

    Attributes
    ----------
    measured
        Variables of the vocabulary, with their dimensions; the first is "time".
    derived
        Quantities computed from them.
    step_seconds
        Between samples: the configuration's, else the first raw file's; 0 where unknown.
    files
        Raw files by month, in the order of their path.
    """

    deployment: Deployment
    instrument: Instrument
    name: str
    measured: Mapping[str, tuple[str, ...]]
    derived: tuple[str, ...]
    step_seconds: float
    files: Mapping[str, tuple[RawFile, ...]]

    def last(self, month: str) -> int:
        """Time of a month's last sample, us since 1970 UTC."""
        return max(int(raw.streams[self.name]["months"][month]["last"]) for raw in self.files[month])

    @cached_property
    def months(self) -> tuple[str, ...]:
        """Months with samples, in order."""
        return tuple(sorted(self.files))

    @property
    def folder(self) -> tuple[str, ...]:
        """Place in the store."""
        return (self.deployment.site, self.deployment.id, self.instrument.name, self.name)

    def path(self, level: str, month: str) -> str:
        """File of a level and month."""
        return store.month_path((*self.folder, level), month)

    def level_of(self, variable: str) -> str:
        """Level whose files hold a variable's values."""
        return "L2" if variable in self.derived else "L1"

    @property
    def products(self) -> tuple[str, ...]:
        """Scalar quantities that products are made of: what was measured in steps, not counts and status words."""
        return tuple(name for name in self.series if vocabulary.lookup(name).step is not None)

    @property
    def series(self) -> tuple[str, ...]:
        """Scalar variables, measured and derived."""
        return (*(name for name, dims in self.measured.items() if len(dims) == 1), *self.derived)


def phase_path(deployment: Deployment) -> str:
    """File of a deployment's phase."""
    return str(PurePosixPath(deployment.site, deployment.id, "phase.nc"))


def streams(config: ArchiveConfig, index: Index) -> Iterator[Stream]:
    """Every stream that the raw files gave, deployment by deployment."""
    by_owner: dict[tuple[str, str], list[RawFile]] = {}
    for _, raw in sorted(index.raw.items()):
        by_owner.setdefault((raw.deployment, raw.instrument), []).append(raw)
    for deployment in config.deployments:
        for instrument in deployment.instruments:
            rows = by_owner.get((deployment.id, instrument.name), [])
            for name in sorted({stream for row in rows for stream in row.streams}):
                yield _stream(deployment, instrument, name, [row for row in rows if name in row.streams])


def _stream(deployment: Deployment, instrument: Instrument, name: str, rows: Sequence[RawFile]) -> Stream:
    measured: dict[str, tuple[str, ...]] = {}
    files: dict[str, list[RawFile]] = {}
    for row in rows:
        content = row.streams[name]
        for variable, dims in content["variables"].items():
            if variable in vocabulary.table() and dims[:1] == ["time"]:
                measured[variable] = tuple(dims)
        for month in content["months"]:
            files.setdefault(month, []).append(row)
    steps = [row.streams[name]["step"] for row in rows if row.streams[name]["step"] > 0]
    step = instrument.sampling_interval or (steps[0] if steps else 0.0)
    derived = tuple(
        quantity.name
        for quantity in derived_quantities.discover().values()
        if all(needed in measured for needed in quantity.inputs)
    )
    # In one order, whether the index comes from this run or from its file: recipes hang on it.
    measured = dict(sorted(measured.items()))
    by_month = {month: tuple(found) for month, found in files.items()}
    return Stream(deployment, instrument, name, measured, derived, step, by_month)


def provider(
    variable: str, deployment: Deployment, found: Sequence[Stream], instrument: str | None = None
) -> Stream | None:
    """The stream whose values of a variable count in a deployment.

    Parameters
    ----------
    variable
        Measured or derived.
    found
        Streams of any deployments.
    instrument
        A name, where somebody asks for one; else `primary` of the deployment decides between several.

    Returns
    -------
    Stream or None
        None where nothing measures it.

    Raises
    ------
    AmbiguousVariableError
        Several do, and none is named.
    """
    able = [
        stream
        for stream in found
        if stream.deployment.id == deployment.id and (variable in stream.measured or variable in stream.derived)
    ]
    wanted = instrument or deployment.primary.get(variable)
    if wanted is not None:
        able = [stream for stream in able if stream.instrument.name == wanted]
    if len(able) > 1:
        names = ", ".join(sorted({stream.instrument.name for stream in able}))
        raise AmbiguousVariableError(
            f"{deployment.id}: {variable} is measured by {names}; name one under `primary:` in the deployment file, or "
            "with `instrument=` (`--instrument`)"
        )
    return able[0] if able else None
