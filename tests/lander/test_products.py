from itertools import pairwise

import numpy as np
import pytest

from lander import product
from lander.product import Observations

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
MONTHS = [int(np.datetime64(month, "us").astype(np.int64)) for month in ("2016-09", "2016-10", "2016-11", "2016-12")]


def record(n=6000, seed=0):
    """Two months around every odd place: uneven times, a gap, missing values, every flag."""
    generator = np.random.default_rng(seed)
    time = np.sort(generator.integers(MONTHS[0], MONTHS[2], n))
    time = time[(time < MONTHS[0] + 10 * 24 * HOUR) | (time > MONTHS[0] + 12 * 24 * HOUR)]
    value = generator.normal(4, 1, len(time))
    flags = generator.choice(np.array([0, 1, 2, 3, 4], dtype=np.int8), len(time))
    value[::17] = np.nan
    flags[::17] = 9
    attributes = {"units": "degree_Celsius", "long_name": "Temperature", "standard_name": "sea_water_temperature"}
    return time, {
        "temperature": Observations(value, flags, attributes),
        "heading": Observations(generator.uniform(0, 360, len(time)), np.ones(len(time), dtype=np.int8)),
    }


def cut(time, observations, start, end):
    inside = (time >= start) & (time < end)
    return time[inside], {
        name: Observations(seen.value[inside], seen.flags[inside], seen.attributes)
        for name, seen in observations.items()
    }


def test_the_two_products_of_the_site_series_exist():
    found = product.discover()
    assert found["one_minute"].rule.bounds(np.array([0])).tolist() == [[0, MINUTE]]
    assert found["hourly"].rule.bounds(np.array([0])).tolist() == [[-30 * MINUTE, 30 * MINUTE]]


@pytest.mark.parametrize("name", sorted(product.discover()))
def test_months_join_to_the_whole_record_without_a_seam(name):
    made = product.discover()[name]
    time, observations = record()
    whole = product.compute(made, time, observations, MONTHS[0] - 24 * HOUR, MONTHS[3])
    parts = []
    for start, end in ((MONTHS[0] - 24 * HOUR, MONTHS[0]), *pairwise(MONTHS)):
        reach = made.rule.reach_us
        parts.append(product.compute(made, *cut(time, observations, start - reach, end + reach), start, end))
    assert np.concatenate([part.time for part in parts]).tolist() == whole.time.tolist()
    assert np.concatenate([part.time_bounds for part in parts]).tolist() == whole.time_bounds.tolist()
    for column, expected in whole.columns.items():
        joined = np.concatenate([part.columns[column].values for part in parts])
        assert joined.tobytes() == expected.values.tobytes()


def test_all_is_of_observations_and_good_of_flags_one_and_two():
    time = np.array([0, 1, 2, 3, 4]) * SECOND
    seen = Observations(np.array([1.0, 2.0, 30.0, 400.0, np.nan]), np.array([1, 2, 3, 4, 9], dtype=np.int8))
    table = product.compute(product.discover()["one_minute"], time, {"oxygen": seen}, 0, HOUR)
    row = {name: column.values.tolist() for name, column in table.columns.items()}
    assert row == {
        "all_oxygen_min": [1], "all_oxygen_mean": [433 / 4], "all_oxygen_max": [400], "all_oxygen_count": [4],
        "good_oxygen_min": [1], "good_oxygen_mean": [1.5], "good_oxygen_max": [2], "good_oxygen_count": [2],
    }  # fmt: skip
    assert table.time.tolist() == [0]
    assert table.time_bounds.tolist() == [[0, MINUTE]]


def test_only_bins_with_an_observation_have_a_row():
    time = np.array([0, MINUTE, 2 * MINUTE, 90 * MINUTE])
    flags = np.ones(4, dtype=np.int8)
    observations = {
        "a": Observations(np.array([1.0, np.nan, np.nan, 5.0]), flags),
        "b": Observations(np.array([1.0, 2.0, np.nan, np.nan]), flags),
    }
    table = product.compute(product.discover()["one_minute"], time, observations, 0, 2 * HOUR)
    assert table.time.tolist() == [0, MINUTE, 90 * MINUTE]
    assert table.columns["all_a_count"].values.tolist() == [1, 0, 1]
    assert table.columns["all_b_count"].values.tolist() == [1, 1, 0]


def test_directions_have_a_circular_mean_and_no_extremes():
    time = np.array([0, SECOND])
    seen = Observations(np.array([359.0, 3.0]), np.ones(2, dtype=np.int8))
    table = product.compute(product.discover()["one_minute"], time, {"heading": seen}, 0, HOUR)
    assert set(table.columns) == {f"{which}_heading_{kind}" for which in ("all", "good") for kind in ("mean", "count")}
    assert table.columns["all_heading_mean"].values == pytest.approx([1.0])
    assert not any(product.is_direction(name) for name in ("pitch", "roll", "temperature"))


def test_columns_say_what_they_are():
    time, observations = record(100)
    columns = product.discover()["hourly"].kernel(time, observations, product.discover()["hourly"].rule).columns
    assert columns["all_temperature_min"].attributes == {
        "units": "degree_Celsius",
        "standard_name": "sea_water_temperature",
        "long_name": "Temperature, minimum of all observations",
        "cell_methods": "time: minimum",
    }
    counted = columns["good_temperature_count"].attributes
    assert counted["standard_name"] == "sea_water_temperature number_of_observations"
    assert counted["units"] == "1"


@pytest.mark.parametrize("observations", [{}, {"a": Observations(np.zeros(0), np.zeros(0, dtype=np.int8))}])
def test_nothing_in_nothing_out(observations):
    table = product.compute(product.discover()["hourly"], np.zeros(0, dtype=np.int64), observations, 0, HOUR)
    assert table.time.shape == (0,)
    assert table.time_bounds.shape == (0, 2)


def test_each_cell_of_a_profile_is_averaged_by_itself_and_components_not_directions():
    made = product.discover()["hourly"]
    time = MONTHS[0] + np.arange(24, dtype=np.int64) * 10 * MINUTE
    generator = np.random.default_rng(4)
    values = generator.normal(size=(24, 3))
    values[5:, 2] = np.nan
    flags = np.where(np.isnan(values), 9, generator.choice([1, 4], size=(24, 3))).astype(np.int8)
    whole = product.compute(made, time, {"eastward_velocity": Observations(values, flags)}, MONTHS[0], MONTHS[1])
    for cell in range(3):
        seen = {"eastward_velocity": Observations(values[:, cell], flags[:, cell])}
        alone = product.compute(made, time, seen, MONTHS[0], MONTHS[1])
        rows = np.searchsorted(whole.time, alone.time)
        for name, column in alone.columns.items():
            np.testing.assert_array_equal(whole.columns[name].values[rows, cell], column.values)
    assert whole.columns["all_eastward_velocity_count"].values[:, 2].sum() == 5
