"""What an archive holds, from its configuration and index alone: streams, their months, who measures what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from ingest import vocabulary
from lander import derived as derived_quantities
from lander import derived_group, store
from lander.deployment import ArchiveConfig, Deployment, Instrument
from lander.derived_group import Facts, Lacking, Prepared
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
        Quantities computed from them, one by one.
    groups
        What is derived together, by the name of the group; a name may also be measured, and then L2 has what counts.
    lacking
        What would be derived, and why it cannot be.
    shapes, attributes
        Of the decoded stream, as far as derived groups look at them; `varying` names attributes in which files differ.
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
    groups: Mapping[str, Prepared] = field(default_factory=dict)
    lacking: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    varying: tuple[str, ...] = ()

    @cached_property
    def made(self) -> tuple[str, ...]:
        """Every derived quantity."""
        return (*self.derived, *(name for group in self.groups.values() for name in group.outputs))

    @cached_property
    def judged(self) -> frozenset[str]:
        """Derived quantities that quality control looks at."""
        return frozenset((*self.derived, *(name for group in self.groups.values() for name in group.judged)))

    def holds(self, variable: str) -> bool:
        """Whether the stream has the variable, measured or derived."""
        return variable in self.measured or variable in self.made

    @cached_property
    def variables(self) -> Mapping[str, tuple[str, ...]]:
        """Dimensions of every variable along time, measured and derived."""
        together = {name: dims for group in self.groups.values() for name, dims in group.outputs.items()}
        return {**self.measured, **dict.fromkeys(self.derived, ("time",)), **together}

    @property
    def stands(self) -> dict[str, Any] | None:
        """Height above the seafloor and whether the transducers look up; None where either is nowhere said."""
        height = self.instrument.height_above_seafloor
        looks = self.instrument.doppler.orientation or self.attributes.get("orientation")
        return None if height is None or looks not in ("up", "down") else {"height": height, "up": looks == "up"}

    def last(self, month: str) -> int:
        """Time of a month's last sample, us since 1970 UTC."""
        return max(int(raw.streams[self.name]["months"][month]["last"]) for raw in self.files[month])

    @cached_property
    def months(self) -> tuple[str, ...]:
        """Months with samples, in order."""
        return tuple(sorted(self.files))

    @property
    def label(self) -> str:
        """Name among the streams of its instrument, such as "current_meter/velocity"."""
        return f"{self.instrument.name}/{self.name}"

    @property
    def folder(self) -> tuple[str, ...]:
        """Place in the store."""
        return (self.deployment.site, self.deployment.id, self.instrument.name, self.name)

    def path(self, level: str, month: str) -> str:
        """File of a level and month."""
        return store.month_path((*self.folder, level), month)

    def level_of(self, variable: str) -> str:
        """Level whose files hold a variable's values."""
        return "L2" if variable in self.made else "L1"

    @property
    def products(self) -> tuple[str, ...]:
        """Quantities that products are made of: what comes in steps, not counts and status words; and not what is
        known not to be what its name says, such as velocities over an unknown north. Of profiles, velocities by cell.
        """
        return tuple(
            name
            for name, dims in self.variables.items()
            if vocabulary.lookup(name).step is not None and name not in self.lacking
            if dims == ("time",) or (dims == ("time", "cell") and vocabulary.lookup(name).units == "m s-1")
        )

    @property
    def series(self) -> tuple[str, ...]:
        """Scalar variables, measured and derived."""
        return tuple(name for name, dims in self.variables.items() if len(dims) == 1)


def phase_path(deployment: Deployment) -> str:
    """File of a deployment's phase."""
    return str(PurePosixPath(deployment.site, deployment.id, "phase.nc"))


def streams(config: ArchiveConfig, index: Index) -> Iterator[Stream]:
    """Every stream that the raw files gave, deployment by deployment."""
    by_owner: dict[tuple[str, str], list[RawFile]] = {}
    for _, raw in sorted(index.raw.items()):
        by_owner.setdefault((raw.deployment, raw.instrument), []).append(raw)
    for deployment in config.deployments:
        bare = [
            _stream(deployment, instrument, name, [row for row in rows if name in row.streams])
            for instrument in deployment.instruments
            for rows in [by_owner.get((deployment.id, instrument.name), [])]
            for name in sorted({stream for row in rows for stream in row.streams})
        ]
        yield from (_with_groups(stream, bare) for stream in bare)


def _stream(deployment: Deployment, instrument: Instrument, name: str, rows: Sequence[RawFile]) -> Stream:
    measured: dict[str, tuple[str, ...]] = {}
    fixed: dict[str, tuple[str, ...]] = {}
    files: dict[str, list[RawFile]] = {}
    for row in rows:
        content = row.streams[name]
        for variable, dims in content["variables"].items():
            if dims[:1] != ["time"]:
                fixed[variable] = tuple(dims)
            elif variable in vocabulary.table():
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
    return Stream(deployment, instrument, name, measured, derived, step, by_month, fixed=fixed,
                  **_traits([row.streams[name] for row in rows]))  # fmt: skip


def _traits(contents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Shapes and attributes of a stream over its raw files, and attributes in which these differ."""
    shapes: dict[str, tuple[int, ...]] = {}
    attributes: dict[str, Any] = {}
    varying: set[str] = set()
    for content in contents:
        shapes |= {name: tuple(shape) for name, shape in content.get("shapes", {}).items()}
        for name, value in content.get("attributes", {}).items():
            if attributes.setdefault(name, value) != value:
                varying.add(name)
    return {"shapes": shapes, "attributes": attributes, "varying": tuple(sorted(varying))}


def _with_groups(stream: Stream, others: Sequence[Stream]) -> Stream:
    """The stream with what can be derived together of it, given the other streams of its deployment."""
    groups: dict[str, Prepared] = {}
    lacking: dict[str, str] = {}
    facts = _facts(stream, others)
    for name, group in derived_group.discover().items():
        found = group.prepare(facts)
        if isinstance(found, Prepared):
            groups[name] = found
        elif isinstance(found, Lacking):
            lacking |= dict.fromkeys(found.outputs, found.reason)
    return replace(stream, groups=groups, lacking=lacking)


def _facts(stream: Stream, others: Sequence[Stream]) -> Facts:
    near = [one for one in others if one.instrument == stream.instrument and one.name != stream.name]
    beside = [name for one in near for name, dims in one.measured.items() if dims == ("time",)]
    far = {name for one in others if one.instrument != stream.instrument for name in one.series}
    return Facts(
        dims={**stream.measured, **stream.fixed},
        shapes=stream.shapes,
        attributes=stream.attributes,
        varying=stream.varying,
        siblings=frozenset(name for name in beside if beside.count(name) == 1),
        available=frozenset(name for name in far if _unambiguous(name, stream.deployment, others)),
        instrument=stream.instrument,
        deployment=stream.deployment,
    )


def _unambiguous(variable: str, deployment: Deployment, others: Sequence[Stream]) -> bool:
    try:
        return provider(variable, deployment, others) is not None
    except AmbiguousVariableError:
        return False


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
        A name, where somebody asks for one; else `primary` of the deployment decides between several. Of several
        streams of one instrument, "name/stream" is the one that is meant.

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
        if stream.deployment.id == deployment.id and stream.holds(variable)
    ]
    wanted = instrument or deployment.primary.get(variable)
    if wanted is not None:
        able = [stream for stream in able if wanted in (stream.instrument.name, stream.label)]
    if len(able) > 1:
        several = len({stream.instrument.name for stream in able}) == len(able)
        names = ", ".join(sorted(stream.instrument.name if several else stream.label for stream in able))
        raise AmbiguousVariableError(
            f"{deployment.id}: {variable} is measured by {names}; name one under `primary:` in the deployment file, or "
            "with `instrument=` (`--instrument`)"
        )
    return able[0] if able else None
