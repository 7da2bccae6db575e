"""What checks read of other instruments: which stream a name means, and what a month hangs on for it.

A check names a further variable as "variable" (of its own stream, else of the one instrument of the deployment that
counts for it), "instrument/variable" or "instrument/stream/variable".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ingest import vocabulary
from lander.deployment import SEPARATOR
from lander.donors import donor_of, paths_in, with_edges
from lander.errors import ConfigError
from lander.inventory import AmbiguousVariableError, Stream, provider
from qc.check import PHASE
from qc.plan import Plan

Companions = Mapping[str, Mapping[str, Any]]
"""By the name that a check uses: where the values lie and how they are brought to other times."""


def companions_of(plan: Plan, stream: Stream, streams: Sequence[Stream]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Find what a stream's checks read of other streams, and say what cannot be found.

    Parameters
    ----------
    plan
        Of the stream.
    stream, streams
        The stream, and all of them.

    Returns
    -------
    dict
        Companions, by the name that the checks use.
    list
        Problems, in words: checks that will not run, and why.
    """
    found: dict[str, dict[str, Any]] = {}
    problems: list[str] = []
    for name in sorted({need for variable in plan.variables for need in plan.needs(variable)}):
        if name == PHASE or name in stream.variables:
            continue
        variable = name.rpartition(SEPARATOR)[2]
        try:
            donor = find(name, stream, streams)
        except AmbiguousVariableError as error:
            problems.append(f"quality control by {name}: {error}")
            continue
        if donor is None:
            problems.append(f"quality control by {name}: no such series in the deployment; what looks at it is not run")
        else:
            held = vocabulary.lookup(variable).units == "degree"
            found[name] = {**donor_of(donor, variable), "variable": variable, "held": held}
    return found, problems


def find(name: str, stream: Stream, streams: Sequence[Stream]) -> Stream | None:
    """The stream that a name means in a deployment; None where there is none with such a series.

    Raises
    ------
    AmbiguousVariableError
        There are several, and none is named.
    """
    where, _, variable = name.rpartition(SEPARATOR)
    able = [one for one in streams if one.variables.get(variable) == ("time",)]
    return provider(variable, stream.deployment, able, where or None)


def placed(companions: Companions, months: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Companions of one month: the files of that month and those beside it."""
    kept = ("instrument", "variable", "held", "largest_gap_us")

    def files(one: Mapping[str, Any]) -> dict[str, Any]:
        flags = paths_in(one, "L2", months) if one["level"] == "L2" else None
        return {"values": paths_in(one, one["level"], months), "flags": flags}

    return {name: {key: one[key] for key in kept} | files(one) for name, one in companions.items()}


def needed_by(plan: Plan, companions: Companions) -> dict[str, Mapping[str, Any]]:
    """Those companions that the checks of a plan read."""
    needs = {need for variable in plan.variables for need in plan.needs(variable)}
    return {name: one for name, one in companions.items() if name in needs}


def inputs_of(companions: Companions, halo_us: int) -> Iterator[str]:
    """References to all that a month takes from other streams for its checks."""
    for one in companions.values():
        names = ("time", one["variable"], *([f"{one['variable']}_qc"] if one["flags"] else []))
        yield from with_edges(one["values"], names, halo_us + one["largest_gap_us"])


def require_no_circle(prepared: Sequence[tuple[Stream, Mapping[str, Any]]]) -> None:
    """Refuse two streams whose quality control or derived values each wait for what the other derives.

    Raises
    ------
    ConfigError
        It names the streams.
    """
    labels = {stream.folder: f"{stream.deployment.id}/{stream.label}" for stream, _ in prepared}
    waits = {stream.folder: _waits_for(common) - {stream.folder} for stream, common in prepared}
    while free := [folder for folder, others in waits.items() if not others & waits.keys()]:
        for folder in free:
            del waits[folder]
    if waits:
        raise ConfigError(
            f"{' and '.join(sorted(labels[folder] for folder in waits))} wait for what the other derives: take out one "
            "of the checks under `qc:` that name a derived variable of another instrument"
        )


def _waits_for(common: Mapping[str, Any]) -> set[tuple[str, ...]]:
    """Streams whose L2 must be there first."""
    donors = [donor for row in (*common["derived"], *common["groups"]) for donor in row["donors"].values()]
    later = [one for one in common["companions"].values() if one["level"] == "L2"]
    return {tuple(one["folder"]) for one in (*donors, *later) if one is not None}
