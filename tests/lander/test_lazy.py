"""Arrays over files that are read where they are looked at."""

import numpy as np
import pytest

from lander import lazy, store
from lander.errors import RequestError
from lander.lazy import RowArray
from tests.lander.test_store import RECIPE, START, table


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """Three files, the second of which lacks the variable, and what they hold together."""
    root = tmp_path_factory.mktemp("store")
    versions, values = [], []
    for number, n in enumerate((100, 7, 300)):
        content = table(n, seed=number)
        if number == 1:
            columns = {name: one for name, one in content.columns.items() if name != "temperature"}
            content = store.Table(columns, content.attributes)
            values.append(np.full(n, np.nan))
        else:
            values.append(content["temperature"].values())
        versions.append(store.write(root, f"{number}.nc", content, RECIPE).version)
    array = RowArray(root, tuple(versions), (100, 7, 300), "temperature", (), np.dtype(np.float64), np.nan)
    return array, np.concatenate(values)


def test_slices_equal_those_of_the_whole(rows):
    array, whole = rows
    assert array.shape == whole.shape
    assert array.ndim == 1
    np.testing.assert_array_equal(array[:], whole)
    chance = np.random.default_rng(0)
    for _ in range(60):
        start, stop = chance.integers(-420, 420, 2)
        step = int(chance.integers(1, 9))
        np.testing.assert_array_equal(array[start:stop:step], whole[start:stop:step])
    assert array[50] == whole[50] or np.isnan(whole[50])
    with pytest.raises(IndexError):
        array[::-1]


def test_a_month_without_a_file_gives_missing_values(rows):
    array, whole = rows
    without = RowArray(array.root, (array.versions[0], None), (100, 5), "temperature", (), array.dtype, np.nan)
    np.testing.assert_array_equal(without[:], np.concatenate([whole[:100], np.full(5, np.nan)]))


@pytest.mark.parametrize(("label", "start", "stop"), [
    ("2016-09", "2016-09-01T00:00:00.000000", "2016-09-30T23:59:59.999999"),
    ("2016", "2016-01-01T00:00:00.000000", "2016-12-31T23:59:59.999999"),
    ("2016-09-01T05", "2016-09-01T05:00:00.000000", "2016-09-01T05:59:59.999999"),
    ("2016-09-01T05:06:07", "2016-09-01T05:06:07.000000", "2016-09-01T05:06:07.999999"),
    ("2016-09-01T05:06:07.123456Z", "2016-09-01T05:06:07.123456", "2016-09-01T05:06:07.123456"),
    (np.datetime64("2016-09-01"), "2016-09-01T00:00:00.000000", "2016-09-01T00:00:00.000000"),
])  # fmt: skip
def test_texts_name_periods_and_moments_name_themselves(label, start, stop):
    for end, expected in (("start", start), ("stop", stop)):
        assert lazy.bound(label, end) == int(np.datetime64(expected, "us").astype(np.int64))


@pytest.mark.parametrize("label", ["soon", "", "2016-13-01", "2016-09-01T05:00+08:00", "2016-09-01T05:00-0800", "NaT"])
def test_what_is_no_time_in_utc_is_refused(label):
    with pytest.raises(RequestError, match="expected UTC in ISO 8601"):
        lazy.bound(label, "start")


def test_open_ends_lie_beyond_everything():
    assert lazy.bound(None, "start") < START < lazy.bound(None, "stop")
