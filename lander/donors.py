"""What a task takes from other streams: where their values lie, month by month, and what it hangs on for them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lander import derived_group, digests, store
from lander.inventory import Stream, provider

_MATCH_STEPS = 2.5
"""A value of another instrument counts between two of its good samples that are at most so many steps apart."""


def judged_outputs(stream: Stream) -> list[str]:
    """Quantities derived in groups that quality control looks at."""
    return [name for group in stream.groups.values() for name in group.judged]


def group_params(name: str, stream: Stream, streams: Sequence[Stream]) -> dict[str, Any]:
    """What a month needs to derive a group: the kernel's settings, and where the other streams' values lie."""
    prepared, group = stream.groups[name], derived_group.discover()[name]
    donors: dict[str, Any] = {}
    for variable in prepared.siblings:
        near = (one for one in streams if one.deployment.id == stream.deployment.id and one.name != stream.name)
        sibling = next(one for one in near if one.instrument == stream.instrument and variable in one.measured)
        donors[variable] = donor_of(sibling, variable)
    for variable in prepared.matched:
        donor = provider(variable, stream.deployment, streams)
        if donor is not None:
            donors[variable] = donor_of(donor, variable)
    return {
        "name": name,
        "version": group.version,
        "outputs": {output: list(dims) for output, dims in prepared.outputs.items()},
        "judged": list(prepared.judged),
        "inputs": list(prepared.inputs),
        "fixed": list(prepared.fixed),
        "siblings": list(prepared.siblings),
        "settings": dict(prepared.settings),
        "method": prepared.method,
        "donors": donors,
    }


def donor_of(donor: Stream, variable: str) -> dict[str, Any]:
    """Where another stream's values of a variable lie, in all months."""
    return {
        "instrument": donor.instrument.name,
        "folder": list(donor.folder),
        "level": donor.level_of(variable),
        "months": frozenset(donor.months),
        "largest_gap_us": round(_MATCH_STEPS * donor.step_seconds * 1e6),
    }


def paths_in(donor: Mapping[str, Any], level: str, months: Mapping[str, str]) -> dict[str, str | None]:
    """A donor's files of a level in some months, by side; None where it has none."""
    return {
        side: store.month_path((*donor["folder"], level), month) if month in donor["months"] else None
        for side, month in months.items()
    }


def placed_in(row: Mapping[str, Any], months: Mapping[str, str]) -> dict[str, Any]:
    """A derived quantity's parameters for one month: of its donors, the files of that month and those beside it."""

    def placed(donor: Mapping[str, Any]) -> dict[str, Any]:
        kept = {key: donor[key] for key in ("instrument", "largest_gap_us")}
        values, flags = paths_in(donor, donor["level"], months), paths_in(donor, "L2", months)
        return {**kept, "values": values, "flags": flags}

    donors = {variable: None if donor is None else placed(donor) for variable, donor in row["donors"].items()}
    return {**row, "donors": donors}


def donor_inputs(row: Mapping[str, Any], halo_us: int) -> Iterator[str]:
    """References to all that a month takes from other streams for one derived quantity or group."""
    for variable, donor in row["donors"].items():
        if donor is not None:
            reach_us = halo_us + donor["largest_gap_us"]
            yield from with_edges(donor["values"], ("time", variable), reach_us)
            # Of a sibling it is what the tests say that counts; both stand in one file.
            named = (f"{variable}_qc", f"{variable}_qc_tests") if "siblings" in row else (f"{variable}_qc",)
            yield from with_edges(donor["flags"], named, reach_us)


def with_edges(paths: Mapping[str, str | None], names: Sequence[str], halo_us: int) -> list[str]:
    """References to variables of a month's file, and to the near edges of the files beside it.

    Looking further than the edges have digests for hangs on the whole neighbour.
    """
    edges = {"before": digests.edge_for(halo_us, "tail"), "this": "", "after": digests.edge_for(halo_us, "head")}
    return [f"{path}#{name}{edges[side]}" for side, path in paths.items() if path is not None for name in names]
