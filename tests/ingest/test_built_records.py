"""Files that hypothesis builds: any of a sample's records, any number of times, in any order, with bytes between.

Whatever stands around a record, it is found where it stands and its values are those of the sample. What a format
derives from the order of its records (`OF_THE_ORDER`) is compared by the formats' own tests.
"""

import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ingest
from ingest.dataset import record_dimension
from tests.ingest.conftest import Sample, places, samples, write_file

EXAMPLES = 8
MOST_RECORDS = 20
LARGEST = 60_000
NOISE = (b"", b"", b"\n", b"\r\n\r\n", b"\x00" * 40 + b"\n", b"2014/01/01 00:00:00.000 [x]:no record\r\n", b"\xff\n")
OF_THE_ORDER = {"time", "source_offset"}
SCALED_BY_OTHERS = {"nortek_classic": {"instrument_velocity", "outward_beam_velocity", "unreferenced_velocity"}}
"""Variables whose scale stands in another record: a Vector's samples follow the status of the system record before."""
ORDER_MATTERS = {
    "raman_spc": "spectra have no mark: they lie where the header says",
    "sbe_hex_bare": "a time that goes on from line to line is what tells the lines of samples",
    "sbe37im_sio": "records share the header of a block",
    "sontek_adv": "samples share the header of a burst",
}
NO_MARK = {"binary.cnv"}
"""Files of readers with a layout that has no mark between records."""


class Unit(NamedTuple):
    """The bytes of a record with its line end, and where they stood."""

    start: int
    content: bytes


class Parts(NamedTuple):
    """A sample taken apart: what it decodes to, what comes before its first record, and its records in file order."""

    whole: ingest.Decoded
    header: bytes
    units: tuple[Unit, ...]


def _decode(name: str, content: bytes) -> ingest.Decoded:
    with tempfile.TemporaryDirectory() as folder:
        return ingest.decode(write_file(Path(folder), name, content))


@cache
def taken_apart(sample: Sample) -> Parts:
    """The parts of a sample's start."""
    content = sample.content[:LARGEST]
    whole = _decode(sample.name, content)
    spans = sorted({(int(a), int(b)) for _, first, last in places(whole) for a, b in zip(first, last, strict=True)})
    units = []
    for start, stop in spans[:300]:
        line_end = len(content[stop : stop + 2]) - len(content[stop : stop + 2].lstrip(b"\r\n"))
        units.append(Unit(start, content[start : stop + line_end]))
    if len(units) > 1 and units[0].content.endswith(b"\n") and not units[-1].content.endswith(b"\n"):
        units.pop()  # what comes behind a last line without its end would be part of it
    return Parts(whole, content[: spans[0][0]] if spans else content, tuple(units))


def _values_at(decoded: ingest.Decoded, place: int) -> dict[str, xr.Dataset]:
    found = {}
    for stream, dataset in decoded.streams.items():
        dimension = record_dimension(dataset)
        rows = np.flatnonzero(dataset["source_offset"].values == place)
        if rows.size:
            names = (OF_THE_ORDER | SCALED_BY_OTHERS.get(decoded.reader, set())) & set(map(str, dataset.variables))
            found[stream] = dataset.isel({dimension: rows}).drop_vars(names)
    return found


def _same(first: dict[str, xr.Dataset], second: dict[str, xr.Dataset]) -> bool:
    return first.keys() == second.keys() and all(dataset.equals(second[stream]) for stream, dataset in first.items())


IN_BLOCKS = [
    pytest.param(sample, id=f"{sample.reader}-{sample.name}")
    for sample in samples()
    if ingest.discover()[sample.reader].whole is None
    if sample.reader not in ORDER_MATTERS and sample.name not in NO_MARK
]


@pytest.mark.parametrize("sample", IN_BLOCKS)
def test_a_record_is_the_same_whatever_stands_around_it(sample: Sample):
    parts = taken_apart(sample)
    if not parts.units:
        pytest.skip("no whole record in the file's start")

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(st.lists(st.tuples(st.sampled_from(parts.units), st.sampled_from(NOISE)), max_size=MOST_RECORDS))
    def law(chosen: list[tuple[Unit, bytes]]) -> None:
        content, starts = parts.header, []
        # The first record stays first: with it a reader knows the layout of formats without header.
        for unit, noise in [(parts.units[0], b""), *chosen]:
            starts.append(len(content))
            content += unit.content + noise
        built = _decode(sample.name, content)
        assert built.ledger.adds_up
        found = {int(place) for _, first, _ in places(built) for place in first}
        assert found == set(starts)
        for place, (unit, _) in zip(starts, [(parts.units[0], b""), *chosen], strict=True):
            assert _same(_values_at(built, place), _values_at(parts.whole, unit.start)), f"record at {place}"

    law()
