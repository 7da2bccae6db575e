"""`ingest.inspect`: the same numbers as from the whole Dataset, for any block size, in strict JSON."""

import json
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ingest
from ingest.inspect import ExactSum, _iso, _Stream
from tests.ingest.conftest import samples, write_file

SAMPLES = [pytest.param(sample, id=f"{sample.reader}-{sample.name}") for sample in samples()]


@pytest.mark.parametrize("sample", SAMPLES)
def test_agrees_with_the_datasets(sample, tmp_path):
    path = write_file(tmp_path, sample.name, sample.content)
    decoded = ingest.decode(path)
    report = ingest.inspect(path, block_bytes=30_000)
    assert report == ingest.inspect(path)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert list(report) == ["file", "bytes", "sha256", "reader", "streams", "ledger"]
    ledger = report["ledger"]
    assert ledger["bytes_accepted"] + ledger["bytes_skipped"] + ledger["bytes_rejected"] == report["bytes"]
    assert sum(span["bytes"] for span in ledger["rejected"]) == ledger["bytes_rejected"]
    assert (report["sha256"], report["reader"]) == (decoded.sha256, decoded.reader)
    assert report["streams"].keys() == decoded.streams.keys()
    for name, dataset in decoded.streams.items():
        _check_stream(report["streams"][name], dataset)


def _check_stream(stream, dataset):
    if "time" in dataset.dims:
        for key, index in (("time_first", 0), ("time_last", -1)):
            assert stream[key].endswith("Z")
            assert np.datetime64(stream[key][:-1], "us") == dataset["time"].values[index]
    assert stream["variables"].keys() == dataset.data_vars.keys()
    for variable, summary in stream["variables"].items():
        values = dataset[variable].values
        finite = values[np.isfinite(values)].astype(float)
        assert summary["shape"] == list(values.shape)
        assert summary["dtype"] == str(values.dtype)
        assert summary["units"] == dataset[variable].attrs["units"]
        assert summary["n_finite"] == finite.size
        ends = [None if not np.isfinite(value) else value for value in values.reshape(-1).tolist()]
        assert (summary["first3"], summary["last3"]) == (ends[:3], ends[-3:])
        if not finite.size:
            assert (summary["min"], summary["max"], summary["mean"]) == (None, None, None)
            continue
        assert (summary["min"], summary["max"]) == (finite.min(), finite.max())
        assert summary["mean"] == pytest.approx(math.fsum(finite) / finite.size, rel=1e-15, abs=1e-300)


def test_values_that_are_not_finite_are_null():
    values = np.array([np.nan, 1.0, np.inf, 3.0, -np.inf])
    time = np.datetime64("2016-12-31T23:59:59.5", "us") + np.arange(5)
    stream = _Stream()
    for part in (slice(0, 1), slice(1, 4), slice(4, 5)):
        variables = {"temperature": ("time", values[part], {"units": "degree_Celsius"})}
        stream.add(xr.Dataset(variables, {"time": time[part]}))
    report = stream.report()
    assert (report["time_first"], report["time_last"]) == ("2016-12-31T23:59:59.500Z", "2016-12-31T23:59:59.500004Z")
    summary = report["variables"]["temperature"]
    assert (summary["n_finite"], summary["min"], summary["max"], summary["mean"]) == (2, 1.0, 3.0, 2.0)
    assert (summary["first3"], summary["last3"]) == ([None, 1.0, None], [None, 3.0, None])


def test_times_are_iso_8601():
    assert _iso(np.datetime64("2016-01-01", "us")) == "2016-01-01T00:00:00.000Z"
    assert _iso(np.datetime64("1969-12-31T23:59:59.999999", "us")) == "1969-12-31T23:59:59.999999Z"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=60), st.integers(1, 60))
def test_mean_is_the_exact_mean_rounded_once(values, size):
    from fractions import Fraction

    total = ExactSum()
    for start in range(0, len(values), size):
        total.add(np.array(values[start : start + size]))
    assert total.mean(len(values)) == float(sum(map(Fraction, values)) / len(values))
