import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lander import exporter
from lander.exporter import ExportColumn, ExportError, ExportSeries
from lander.publish import csv as module

US = np.int64


def us(text):
    return int(np.datetime64(text, "us").astype(US))


COLUMNS = (
    ExportColumn("time", "time", long_name="Time", decimals=6),
    ExportColumn(
        "temperature",
        "number",
        variable="temperature",
        units="degree_Celsius",
        standard_name="sea_water_temperature",
        decimals=5,
        step="1e-05",
        sources=("ctd of d1",),
    ),
    ExportColumn("temperature_qc", "flag", "temperature"),
    ExportColumn("deployment", "text"),
    ExportColumn("instrument", "text"),
)


def block(times, values, flags, deployment="d1", instrument="ctd"):
    return {
        "time": np.array(times, dtype=US), "temperature": np.array(values, dtype=np.float64),
        "temperature_qc": np.array(flags, dtype=np.int8), "deployment": deployment, "instrument": instrument,
    }  # fmt: skip


def written(tmp_path, *blocks, columns=COLUMNS, name="site_temperature", **about):
    files = module.write(ExportSeries(name, columns, iter(blocks), about), tmp_path)
    with files[0].open(newline="", encoding="utf-8") as lines:
        return list(csv.reader(lines))


def test_the_folder_offers_csv():
    assert exporter.discover()["csv"].write is module.write


def test_every_kind_of_cell(tmp_path):
    first = block([us("2016-09-08T01:02:03.000004"), us("1969-12-31T23:59:59.5")], [3.1799999, -0.000001], [1, 2])
    second = block([us("2024-02-29")], [np.nan], [9], "d,2", 'the "old" one')
    second["instrument"] = np.array(['the "old" one'])
    rows = written(tmp_path, first, second)
    assert rows == [
        ["time", "temperature", "temperature_qc", "deployment", "instrument"],
        ["2016-09-08T01:02:03.000004Z", "3.18000", "1", "d1", "ctd"],
        ["1969-12-31T23:59:59.500000Z", "0.00000", "2", "d1", "ctd"],
        ["2024-02-29T00:00:00.000000Z", "", "9", "d,2", 'the "old" one'],
    ]
    text = (tmp_path / "site_temperature.csv").read_bytes()
    assert b'"d,2","the ""old"" one"\n' in text
    assert b"\r" not in text
    assert not text.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.0, 3, "0.000"), (-0.0, 3, "0.000"), (-0.05, 2, "-0.05"), (9.9999, 2, "10.00"), (-12345.678, 3, "-12345.678"),
        (5, 0, "5"), (1e9, 4, "1000000000.0000"), (1e17, 5, "1e+17"), (np.inf, 2, "inf"), (0.1, None, "0.1"),
        (np.float32(0.1), None, "0.1"), (np.nan, None, ""), (214748.3647, 4, "214748.3647"),
    ],
)  # fmt: skip
def test_numbers(value, decimals, text):
    cells = module._numbers(np.array([value], dtype=getattr(value, "dtype", np.float64)), decimals)
    assert bytes(cells[cells != 0]).decode() == text


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-(2**31) + 1, 2**31 - 1), min_size=1, max_size=30), st.sampled_from([0, 1, 2, 4, 5, 6]))
def test_any_stored_value_is_printed_with_the_digits_of_its_step(steps, decimals):
    values = np.array(steps, dtype=np.float64) * 10.0**-decimals
    cells = module._numbers(values, decimals)
    for step, row in zip(steps, cells, strict=True):
        text = bytes(row[row != 0]).decode()
        assert text == f"{step / 10**decimals:.{decimals}f}" or step == 0
        assert round(float(text) * 10**decimals) == step


def test_times_of_a_product_have_whole_seconds(tmp_path):
    columns = (ExportColumn("time", "time", decimals=0), ExportColumn("all_x_count", "number"))
    minute = {"time": np.array([us("2016-09-08T01:00")]), "all_x_count": np.array([60], dtype=np.int32)}
    rows = written(tmp_path, minute, columns=columns)
    assert rows[1] == ["2016-09-08T01:00:00Z", "60"]


def test_a_long_block_equals_the_same_rows_in_short_ones(tmp_path, monkeypatch):
    generator = np.random.default_rng(0)
    n = 5000
    time = us("2016-12-31T22:00") + np.cumsum(generator.integers(1, 10_000_000, n))
    value = np.where(generator.random(n) < 0.1, np.nan, generator.normal(0, 300, n))
    flags = generator.integers(0, 5, n)
    names = generator.choice(np.array(["ctd", "optode", "Tiefsee, größer"]), n)
    whole = {**block(time, value, flags), "instrument": names}
    expected = written(tmp_path, whole)
    parts = [
        {key: column if isinstance(column, str) else column[start : start + 777] for key, column in whole.items()}
        for start in range(0, n, 777)
    ]
    monkeypatch.setattr(module, "_ROWS", 100)
    assert written(tmp_path, *parts) == expected
    assert [row[4] for row in expected[1:]] == names.tolist()
    for row, moment, number in zip(expected[1:], time, value, strict=True):
        assert row[0] == f"{np.datetime64(int(moment), 'us')}Z"
        assert row[1] == ("" if np.isnan(number) else f"{number:.5f}")


def test_dictionary_and_readme_say_what_is_known_and_no_more(tmp_path):
    written(tmp_path, block([0], [1], [1]), Title="Seep, one", Licence="CC-BY-4.0")
    with (tmp_path / "data_dictionary.csv").open(newline="", encoding="utf-8") as lines:
        dictionary = list(csv.DictReader(lines))
    assert [row["column"] for row in dictionary] == [column.name for column in COLUMNS]
    assert dictionary[1]["standard_name"] == "sea_water_temperature"
    assert dictionary[1]["storage_step"] == "1e-05"
    assert dictionary[1]["instruments"] == "ctd of d1"
    assert "9 missing_value" in dictionary[2]["description"]
    readme = (tmp_path / "README.txt").read_text(encoding="utf-8")
    assert readme.startswith("Title: Seep, one\nLicence: CC-BY-4.0\n\nData: site_temperature.csv\n")
    assert "Institution" not in readme
    assert "4  bad data" in readme


def failing():
    yield block([0], [1], [1])
    raise RuntimeError("the store broke")


@pytest.mark.parametrize(
    ("blocks", "kind"),
    [
        (failing(), RuntimeError),
        (iter([{"time": np.zeros(1, dtype=US)}]), ExportError),
        (iter([block([0, 1], [1], [1])]), ExportError),
        (iter([block([0], [1], [1], deployment="a\x00b")]), ExportError),
    ],
)
def test_a_failure_leaves_the_older_files_and_nothing_else(tmp_path, blocks, kind):
    written(tmp_path, block([0], [7], [1]))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(kind):
        module.write(ExportSeries("site_temperature", COLUMNS, blocks), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert set(before) == {"site_temperature.csv", "data_dictionary.csv", "README.txt"}


@pytest.mark.parametrize("name", ["", "a/b", "../x"])
def test_a_name_with_folders_is_refused(tmp_path, name):
    with pytest.raises(ExportError, match="file name"):
        module.write(ExportSeries(name, COLUMNS, []), tmp_path)


def test_no_blocks_give_a_header(tmp_path):
    assert written(tmp_path) == [[column.name for column in COLUMNS]]
    assert written(tmp_path, block([], [], [])) == [[column.name for column in COLUMNS]]


@pytest.mark.parametrize(("step", "digits"), [(1e-5, 5), (0.25, 2), (10.0, 0), (1e-4, 4), (0.002, 3), (1.0, 0)])
def test_decimals_of_a_step(step, digits):
    assert exporter.decimals_of(step) == digits


def test_a_step_that_is_no_number_is_refused():
    with pytest.raises(ExportError):
        exporter.decimals_of(float("nan"))


