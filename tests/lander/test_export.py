"""Exports of whole archives: rows as in the series, and who answers for them. The format itself: test_export_csv."""

import csv

import numpy as np
import pytest

import lander
from ingest import vocabulary
from lander import export as module
from lander.errors import RequestError
from lander.export import export


def rows_of(files):
    (table,) = (file for file in files if file.name.startswith("sitef_"))
    with table.open(newline="") as handle:
        return list(csv.DictReader(line for line in handle if not line.startswith("#")))


@pytest.mark.parametrize("variable", ["temperature", "oxygen_concentration", "blue_phase"])
def test_rows_are_those_of_the_series(archive, tmp_path, variable, monkeypatch):
    monkeypatch.setattr(module, "ROWS", 997)  # many blocks, and none of a deployment's length
    rows = rows_of(export(archive, "csv", tmp_path, variables=[variable]))
    series = archive.series(variable).load()
    assert len(rows) == series.sizes["time"]
    times = np.array([row["time"].removesuffix("Z") for row in rows], "datetime64[us]")
    assert np.array_equal(times, series["time"].values.astype("datetime64[us]"))
    assert [int(row[f"{variable}_qc"]) for row in rows] == list(series[f"{variable}_qc"].values)
    written = np.array([float(row[variable]) if row[variable] else np.nan for row in rows])
    half_step = vocabulary.lookup(variable).step / 2
    np.testing.assert_allclose(written, series[variable].values, rtol=0, atol=half_step)
    assert [row["deployment"] for row in rows] == [["one", "two"][n] for n in series["deployment"].values]
    assert {row["instrument"].split()[0] for row in rows} == {series.attrs["instruments"][0].split()[0]}


def test_flags_and_span_narrow_the_rows(archive, tmp_path):
    span = ("2016-09-30", "2016-10-01")
    rows = rows_of(export(archive, "csv", tmp_path, variables=["temperature"], span=span, qc=[1, 2]))
    series = archive.series("temperature", start=span[0], end=span[1]).load()
    good = np.isin(series["temperature_qc"].values, (1, 2))
    assert 0 < good.sum() < good.size
    assert len(rows) == good.sum()
    assert {row["temperature_qc"] for row in rows} <= {"1", "2"}


def test_filled_values_are_never_exported_as_observations(archive, tmp_path):
    rows = rows_of(export(archive, "csv", tmp_path, variables=["temperature"]))
    assert not any(row["temperature_qc"] == "8" for row in rows)


def test_each_variable_has_a_folder_and_all_are_written_without_a_choice(archive, tmp_path):
    export(archive, "csv", tmp_path, span=("2016-10-01T00:00", "2016-10-01T01:00"))
    assert {folder.name for folder in tmp_path.iterdir()} == set(archive.variables)


def test_who_answers_is_named(archive, tmp_path):
    files = export(archive, "csv", tmp_path, variables=["temperature"], span=("2016-10-01", "2016-10-01"))
    text = next(file for file in files if file.name == "README.txt").read_text()
    for word in ("CC-BY-4.0", "Simulated Operator", "nobody@example.org", "sitef",
                 "22.11500 degrees north, 119.28600 degrees east"):  # fmt: skip
        assert word in text
    dictionary = next(file for file in files if file.name == "data_dictionary.csv").read_text()
    assert "sea_water_temperature" in dictionary
    assert "degree_Celsius" in dictionary


def test_the_same_export_twice_is_the_same_bytes(archive, tmp_path):
    made = [export(archive, "csv", tmp_path / name, variables=["temperature"]) for name in ("a", "b")]
    assert [file.read_bytes() for file in made[0]] == [file.read_bytes() for file in made[1]]


def test_what_cannot_be_exported_is_refused(with_profiler, tmp_path):
    archive = lander.open(with_profiler)
    with pytest.raises(RequestError, match="no format 'netcdf'; there are: csv"):
        export(archive, "netcdf", tmp_path)
    with pytest.raises(RequestError, match="a table of rows takes scalar series"):
        export(archive, "csv", tmp_path, variables=["eastward_velocity"])
    with pytest.raises(RequestError, match="did you mean 'temperature'"):
        export(archive, "csv", tmp_path, variables=["temprature"])
