"""Real files against independent decodings of them, on any folder laid out like the corpus."""

import json
import os
import re

import numpy as np
import pytest

import ingest
from ingest import vocabulary
from ingest.dataset import record_dimension
from tests.ingest.conftest import CORPUS, NO_CORPUS, corpus_files
from tests.ingest.expected_names import Elsewhere, NotHeld, tables

RELATIVE = 1e-6
ABSENT = pytest.param(None, id="absent", marks=pytest.mark.skip(reason=NO_CORPUS))
CLOCK_TOLERANCE = np.timedelta64(1000, "us")  # expectations print milliseconds


def _files():
    files = [path for path in corpus_files() if path.parent.name in tables()]
    return [pytest.param(path, id=f"{path.parent.name}/{path.name}") for path in files] or [ABSENT]


def _open(path):
    expected = json.loads(path.with_name(path.name + ".expect.json").read_text())
    table = tables()[path.parent.name]
    for pattern, reason in table.NOT_YET.items():
        if re.search(pattern, expected["instrument"]):
            pytest.skip(reason)
    if (path.name, "*") in table.DEVIATIONS:
        pytest.skip(table.DEVIATIONS[path.name, "*"])
    decoded = ingest.decode(path)
    assert decoded.reader == table.READER
    return expected, table, decoded


@pytest.mark.parametrize("path", _files())
def test_records_and_times(path):
    expected, table, decoded = _open(path)
    main = decoded.streams[table.MAIN]
    assert decoded.sha256 == expected["sha256"]
    assert decoded.bytes == expected["bytes"] == decoded.ledger.bytes_total
    assert decoded.ledger.adds_up
    if (path.name, "n_records") not in table.DEVIATIONS:
        assert main.sizes[record_dimension(main)] == expected["n_records"]
    for key, index in (("time_first", 0), ("time_last", -1)):
        if key in expected and (path.name, key) not in table.DEVIATIONS:
            wanted = np.datetime64(expected[key].removesuffix("Z"), "us")
            assert abs(main["time"].values[index] - wanted) <= CLOCK_TOLERANCE


@pytest.mark.parametrize("path", _files())
def test_variables(path):
    expected, table, decoded = _open(path)
    compared = 0
    for name, summary in expected["variables"].items():
        if len(summary.get("shape", ())) > 1 or summary.get("n_finite") == 0:
            continue
        assert name in table.NAMES, f"{name!r} is in no table: say in expected_names/{table.READER}.py what it is here"
        if (path.name, name) in table.DEVIATIONS or isinstance(table.NAMES[name], NotHeld):
            continue
        values, tolerance = _ours(table.NAMES[name], decoded, summary["n"])
        _compare(name, values, summary, tolerance)
        compared += 1
    assert compared > 0


def _ours(place, decoded, count):
    """Our values in the expected unit, and what may differ near zero."""
    dataset = decoded.streams[place.stream]
    if isinstance(place, Elsewhere):
        return np.full(count, float(dataset.attrs[place.attribute].split()[-1])), 0.0
    if place.variable == "time":
        return dataset["time"].values.astype("datetime64[us]").astype(np.int64) / 1e6, 0.0
    resolution = vocabulary.lookup(place.variable).resolution or 0.0
    return dataset[place.variable].values * place.factor + place.offset, 1e-3 * resolution * abs(place.factor)


def _compare(name, values, summary, near_zero):
    finite = values[np.isfinite(values)]
    assert (values.size, finite.size) == (summary["n"], summary["n_finite"]), name
    pairs = [(key, getattr(np, key)(finite), summary[key]) for key in ("min", "max", "mean")]
    pairs += [(f"first3[{index}]", values[index], one) for index, one in enumerate(summary["first3"])]
    last = summary["last3"]
    pairs += [(f"last3[{index}]", values[index - len(last)], one) for index, one in enumerate(last)]
    for key, ours, wanted in pairs:
        where = f"{name} {key}: {ours!r}, expected {wanted!r}"
        if wanted is None:
            assert np.isnan(ours), where
        else:
            assert abs(ours - wanted) <= max(RELATIVE * abs(wanted), near_zero), where


@pytest.mark.skipif(not CORPUS.is_dir() or "LANDER_CORPUS" in os.environ, reason="for the shared corpus as a whole")
def test_every_table_meets_a_file():
    for folder, table in tables().items():
        assert (CORPUS / folder).is_dir(), f"{table.READER}: no folder {folder} in the corpus"
        held = {path.name for path in (CORPUS / folder).iterdir()}
        assert all(file in held for file, _ in table.DEVIATIONS), "a deviation for a file that is not there"
