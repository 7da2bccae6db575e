"""Real files against independent decodings of them, on any folder laid out like the corpus."""

import json
import os
import re
from functools import partial
from itertools import chain
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

import ingest
from ingest import vocabulary
from ingest.dataset import record_dimension
from tests.ingest.conftest import CORPUS, NO_CORPUS, corpus_files
from tests.ingest.expected_names import EACH, Bit, Calculated, Clock, Elsewhere, Merged, NotHeld, tables

RELATIVE = 1e-6
ABSENT = pytest.param(None, id="absent", marks=pytest.mark.skip(reason=NO_CORPUS))
CLOCK_TOLERANCE = np.timedelta64(1000, "us")  # expectations print milliseconds
FACTORS = (1.0, 0.001, 0.01, 0.1, 10.0, 100.0, 1000.0)
"""Between units of one quantity, as S/m and mS/cm."""


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
    assert decoded.sha256 == expected["sha256"]
    assert decoded.bytes == expected["bytes"] == decoded.ledger.bytes_total
    assert decoded.ledger.adds_up
    held, wanted, times = getattr(table, "RECORDS", partial(_main, table))(decoded, expected)
    if (path.name, "n_records") not in table.DEVIATIONS:
        assert held == wanted
    tolerance = getattr(table, "CLOCK_TOLERANCE", CLOCK_TOLERANCE)
    for key, index in (("time_first", 0), ("time_last", -1)):
        if key in expected and (path.name, key) not in table.DEVIATIONS:
            assert abs(times[index] - np.datetime64(expected[key].removesuffix("Z"), "us")) <= tolerance


def _main(table, decoded, expected):
    """Records of the streams in `MAIN`, those wanted, and their times."""
    main = table.MAIN
    if isinstance(main, dict):
        main = next(streams for pattern, streams in main.items() if re.search(pattern, _reference(expected)))
    streams = (main,) if isinstance(main, str) else main
    main = [decoded.streams[stream] for stream in streams if stream in decoded.streams]
    times = [_clock(stream, _offset(table, expected)) for stream in main if "time" in stream]
    # One stream is in the file's order, several are taken together from the earliest to the latest.
    together = times[0] if len(times) == 1 else np.sort(np.concatenate(times)) if times else None
    return sum(stream.sizes[record_dimension(stream)] for stream in main), expected["n_records"], together


def _offset(table, expected):
    rules = getattr(table, "CLOCK", {})
    return next((name for pattern, name in rules.items() if re.search(pattern, _reference(expected))), None)


def _reference(expected):
    return f"{expected['reference']} ({expected['format']})"


def _clock(dataset, offset):
    time = dataset["time"].values
    return time if offset is None else time + dataset[offset].values.astype("timedelta64[us]")


@pytest.mark.parametrize("path", _files())
def test_variables(path):
    expected, table, decoded = _open(path)
    if "variables" not in expected:
        pytest.skip("the expectation states no values")
    compared = 0
    names = _names(expected, table)
    for name, stream, summary in _variables(expected, table):
        if len(summary.get("shape", ())) > 1 or summary.get("n_finite") == 0:
            continue
        if name not in names:
            assert _found_by_values(decoded, summary), (
                f"{name!r} is in no table, and no variable has its values: say in expected_names/{table.READER}.py "
                "what it is here"
            )
            compared += 1
            continue
        place = names[name]
        if isinstance(place, dict):
            place = place.get(stream, place[None])
        if (path.name, name) in table.DEVIATIONS or isinstance(place, NotHeld):
            continue
        if place.stream == EACH:
            assert stream is not None, f"{name!r} of a kind of record that is in no `PARTICLES`"
            place = place._replace(stream=stream)
        if isinstance(place, Clock):
            _compare_times(name, _clock(decoded.streams[place.stream], place.offset), summary)
        else:
            values, tolerance = _ours(place, decoded, summary["n"])
            _compare(name, values, summary, tolerance)
        compared += 1
    assert compared > 0


def _found_by_values(decoded, summary):
    """Whether some variable of ours has these values, in some unit: for names of files that nobody here has seen."""
    for dataset in decoded.streams.values():
        for name, variable in dataset.variables.items():
            if variable.dtype.kind not in "iuf" or not variable.size:
                continue
            values = variable.values.astype(np.float64)
            columns = [values.ravel(), *np.moveaxis(values, -1, 0)] if values.ndim == 2 else [values.ravel()]
            resolution = getattr(vocabulary.table().get(name), "resolution", None) or 0.0
            if any(_same(one * factor, summary, 1e-3 * resolution * factor) for one in columns for factor in FACTORS):
                return True
    return False


def _same(values, summary, near_zero):
    try:
        _compare("", values, summary, near_zero)
    except AssertionError:
        return False
    return True


def _names(expected, table):
    """Names of the table, with those that a reference uses in its own way."""
    rules = getattr(table, "NAMES_BY_REFERENCE", {})
    special = [names for pattern, names in rules.items() if re.search(pattern, _reference(expected))]
    return {**table.NAMES, **(special[0] if special else {})}


def _variables(expected, table):
    """Name, stream of `PARTICLES` where it tells, and summary of every expected variable."""
    further = (profile["variables"].items() for profile in expected.get("profiles", [])[1:])
    for name, summary in chain(expected["variables"].items(), *further):
        if "see" not in summary:
            yield name, None, summary
            continue
        rules = getattr(table, "PARTICLES", {})
        found = [stream for pattern, stream in rules.items() if re.search(pattern, name)]
        if found[:1] != [None]:
            for inner, one in expected[summary["see"]][name]["variables"].items():
                yield inner, found[0] if found else None, one


def _compare_times(name, times, summary):
    assert times.size == summary["n"], name
    for key, index in (("first", 0), ("last", -1)):
        wanted = summary[key] if key in summary else summary[f"{key}3"][index]
        stamp = re.sub(r"^(\d{4})/(\d\d)/(\d\d) ", r"\1-\2-\3T", wanted).removesuffix("Z")
        assert abs(times[index] - np.datetime64(stamp, "us")) <= CLOCK_TOLERANCE, f"{name} {key}"


def _ours(place, decoded, count):
    """Our values in the expected unit, and what may differ near zero."""
    if isinstance(place, Merged):
        printed = 0.0 if place.decimals is None else 0.501 * 10.0**-place.decimals
        resolution = None if place.variable == "time" else vocabulary.lookup(place.variable).resolution
        return _merged(place, decoded), max(printed, 1e-3 * (resolution or 0.0))
    if isinstance(place, Calculated):
        resolution = vocabulary.lookup(place.variable).resolution if place.variable else None
        return place.function(decoded, count), 1e-3 * (resolution or 0.0)
    dataset = decoded.streams[place.stream]
    if isinstance(place, Bit):
        return (dataset[place.variable].values >> place.bit) & 1, 0.0
    if isinstance(place, Elsewhere):
        return np.full(count, float(str(dataset.attrs[place.attribute]).split()[-1])), 0.0
    if place.variable == "time":
        return dataset["time"].values.astype("datetime64[us]").astype(np.int64) / 1e6 + place.offset, 0.0
    resolution = vocabulary.lookup(place.variable).resolution or 0.0
    # Expectations print lists of a record one after the other, and leave out records without the value.
    array = dataset[place.variable].values
    chosen = array if place.column is None else array[..., place.column]
    values = chosen.ravel() * place.factor + place.offset
    if place.missing is not None:
        values = np.where(np.isnan(values), place.missing, values)
    if values.size != count and np.isfinite(values).sum() == count:
        values = values[np.isfinite(values)]
    return values, 1e-3 * resolution * abs(place.factor)


def _merged(place, decoded):
    """Values of several streams in the file's order."""
    parts = []
    for stream in place.stream:
        if stream in decoded.streams:
            dataset = decoded.streams[stream]
            held = dataset.get(place.variable)
            if place.variable == "time":
                held = (dataset["time"].astype("datetime64[us]").astype(np.int64) / 1e6) + place.absent
            absent = np.full(dataset["source_offset"].size, place.absent)
            values = absent if held is None else held.values
            parts += zip(dataset["source_offset"].values.tolist(), values, strict=True)
    return np.concatenate([np.atleast_1d(values) for _, values in sorted(parts, key=lambda part: part[0])])


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
        held = {path.name for one in table.FORMATS for path in (CORPUS / one).iterdir()}
        assert all(file in held for file, _ in table.DEVIATIONS), "a deviation for a file that is not there"


def test_a_name_in_no_table_is_found_by_its_values():
    time = np.arange(4).astype("datetime64[s]").astype("datetime64[us]")
    held = xr.Dataset({"conductivity": ("time", [3.25, 3.5, np.nan, 3.125])}, {"time": time})
    decoded = SimpleNamespace(streams={"samples": held})
    summary = {"n": 4, "n_finite": 3, "min": 31.25, "max": 35.0, "mean": 98.75 / 3, "first3": [32.5, 35.0, None],
               "last3": [35.0, None, 31.25]}  # fmt: skip
    assert _found_by_values(decoded, summary)
    for key, wrong in (("n_finite", 4), ("max", 35.1), ("first3", [32.5, 35.0, 35.0]), ("last3", [35.0, None, 31.26])):
        assert not _found_by_values(decoded, {**summary, key: wrong})
