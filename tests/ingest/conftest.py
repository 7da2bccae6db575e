"""Sample files of every reader: real ones of the shared corpus, the simulator's, and made ones for further layouts."""

import json
import os
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import xarray as xr

import ingest
from ingest.errors import IngestError
from ingest.reader import HEAD_BYTES, claim
from sample_data import demo_scenario, simulate
from tests.ingest.made.declared import BESIDE, made_declared
from tests.ingest.made.files import made_files

CORPUS = Path(os.environ.get("LANDER_CORPUS", Path(__file__).parents[2] / ".." / "shared" / "corpus")).resolve()
NO_CORPUS = f"no corpus at {CORPUS}: set LANDER_CORPUS to its folder"


class Sample(NamedTuple):
    """A raw file that a reader claims."""

    reader: str
    name: str
    content: bytes


def corpus_files() -> list[Path]:
    """Raw files of the corpus: those with an expectation beside them."""
    return sorted(path.with_name(path.name.removesuffix(".expect.json")) for path in CORPUS.glob("*/*.expect.json"))


def expected_of(path: Path, variable: str) -> dict[str, Any]:
    """What the independent decoding of a corpus file says of a variable."""
    told: dict[str, Any] = json.loads(path.with_name(f"{path.name}.expect.json").read_text())["variables"][variable]
    return told


def _claimed(name: str, content: bytes) -> str | None:
    if name in BESIDE:
        return "declared_text"
    try:
        return claim(content[:HEAD_BYTES], name).name
    except IngestError:
        return None


def simulated_files() -> Iterator[tuple[str, bytes]]:
    """Raw files that the simulator writes: a day of every instrument it has."""
    with tempfile.TemporaryDirectory() as folder:
        written = simulate(Path(folder) / "archive", demo_scenario(days=1, period=600))
        for paths in written.files.values():
            yield from ((path.name, path.read_bytes()) for path in paths)


@cache
def samples() -> tuple[Sample, ...]:
    """Every raw file, real, simulated or made, that some reader claims."""
    files = [(path.name, path.read_bytes()) for path in corpus_files()]
    files += [*simulated_files(), *made_files(), *made_declared()]
    claimed = [(_claimed(name, content), name, content) for name, content in files]
    return tuple(Sample(reader, name, content) for reader, name, content in claimed if reader is not None)


@pytest.fixture
def corpus() -> Path:
    """The corpus, or a skip with the reason."""
    if not CORPUS.is_dir():
        pytest.skip(NO_CORPUS)
    return CORPUS


def write_file(folder: Path, name: str, content: bytes) -> Path:
    """Write a raw file, and the declaration that stands beside it where it needs one."""
    path = folder / name
    path.write_bytes(content)
    for file, declaration in BESIDE.items():
        if name.startswith(file):
            (folder / f"{file}.format.yaml").write_bytes(declaration)
    return path


@pytest.fixture
def decode_bytes(tmp_path):
    """Decode the content of a file: `decode_bytes(content, name=..., block_bytes=...)`."""

    def decode(content: bytes, name: str = "raw", **options) -> ingest.Decoded:
        return ingest.decode(write_file(tmp_path, name, content), **options)

    return decode


def same_values(first: xr.Dataset, second: xr.Dataset, rows: slice | np.ndarray = slice(None)) -> bool:
    """Whether `first` equals the given rows of `second`, bit for bit, coordinates included."""
    if first.variables.keys() != second.variables.keys():
        return False
    return all(_bits(first.variables[name]) == _bits(_take(second.variables[name], rows)) for name in first.variables)


def _take(variable: xr.Variable, rows: slice | np.ndarray) -> xr.Variable:
    return variable[rows] if variable.dims and variable.dims[0] in ("time", "scan") else variable


def _bits(variable: xr.Variable) -> tuple[object, ...]:
    return variable.dims, variable.shape, str(variable.dtype), variable.values.tobytes()


def streams_equal(first: ingest.Decoded, second: ingest.Decoded) -> bool:
    """Whether two decodings hold the same records, bit for bit, and the same attributes."""
    return first.streams.keys() == second.streams.keys() and all(
        same_values(dataset, second.streams[stream]) and dataset.attrs == second.streams[stream].attrs
        for stream, dataset in first.streams.items()
    )


def places(decoded: ingest.Decoded) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Stream, first byte and byte after the last of its records."""
    for stream, dataset in decoded.streams.items():
        offset = dataset["source_offset"].values
        yield stream, offset, offset + dataset["source_length"].values
