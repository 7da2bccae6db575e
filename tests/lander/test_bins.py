import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lander import bins
from lander.bins import BinRule

MINUTE = 60_000_000
HOUR = 60 * MINUTE
CENTRED = BinRule(HOUR, -HOUR // 2)


def test_a_bin_holds_its_start_and_not_its_end():
    rule = BinRule(MINUTE)
    time = np.array([-1, 0, MINUTE - 1, MINUTE])
    assert rule.stamps(time).tolist() == [-MINUTE, 0, 0, MINUTE]
    assert rule.bounds(np.array([0])).tolist() == [[0, MINUTE]]
    assert rule.reach_us == 0


def test_centred_bins_reach_half_a_width_to_both_sides():
    time = np.array([-HOUR // 2 - 1, -HOUR // 2, 0, HOUR // 2 - 1, HOUR // 2])
    assert CENTRED.stamps(time).tolist() == [-HOUR, 0, 0, 0, HOUR]
    assert CENTRED.bounds(np.array([0])).tolist() == [[-HOUR // 2, HOUR // 2]]
    assert CENTRED.reach_us == HOUR // 2


def test_statistics_with_missing_values_and_empty_bins():
    time = np.array([0, 10, 20, MINUTE, 5 * MINUTE, 5 * MINUTE + 1])
    value = np.array([1.0, np.nan, 4.0, np.nan, 7.0, 9.0])
    use = np.array([True, True, True, True, False, True])
    groups = bins.group(BinRule(MINUTE), time)
    found = bins.statistics(groups, value, use)
    assert groups.stamps.tolist() == [0, MINUTE, 5 * MINUTE]
    np.testing.assert_array_equal(found.minimum, [1, np.nan, 9])
    np.testing.assert_array_equal(found.mean, [2.5, np.nan, 9])
    np.testing.assert_array_equal(found.maximum, [4, np.nan, 9])
    assert found.number.tolist() == [2, 0, 1]


@pytest.mark.parametrize("n", [0, 1])
def test_no_sample_and_one_sample(n):
    groups = bins.group(CENTRED, np.arange(n, dtype=np.int64))
    found = bins.statistics(groups, np.full(n, 3.25), np.ones(n, dtype=bool))
    assert found.mean.tolist() == [3.25] * n
    assert found.number.tolist() == [1] * n
    assert len(bins.circular_mean(groups, np.full(n, 3.0), np.ones(n, dtype=bool))[0]) == n


def test_times_that_run_backwards_are_refused():
    with pytest.raises(ValueError, match="sample 2 lies before sample 1"):
        bins.group(BinRule(MINUTE), np.array([0, 2 * MINUTE, MINUTE]))


def test_the_mean_of_equal_values_is_that_value():
    value = np.full(86_400, 1120.1234)
    found = bins.statistics(bins.group(BinRule(HOUR), np.arange(86_400) * 1_000_000), value, value > 0)
    assert set(found.mean.tolist()) == {1120.1234}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 12 * HOUR), min_size=1, max_size=200), st.integers(0, 2**32 - 1))
def test_statistics_equal_plain_python_and_do_not_depend_on_what_else_is_in_the_call(times, seed):
    generator = np.random.default_rng(seed)
    time = np.sort(np.array(times))
    value = np.where(generator.random(len(time)) < 0.1, np.nan, generator.normal(4, 1, len(time)))
    use = generator.random(len(time)) < 0.7
    groups = bins.group(CENTRED, time)
    found = bins.statistics(groups, value, use)
    for row, stamp in enumerate(groups.stamps):
        inside = (time >= stamp - HOUR // 2) & (time < stamp + HOUR // 2)
        chosen = value[inside & use & np.isfinite(value)].tolist()
        assert found.number[row] == len(chosen)
        if chosen:
            assert found.minimum[row] == min(chosen)
            assert found.maximum[row] == max(chosen)
            assert found.mean[row] == pytest.approx(math.fsum(chosen) / len(chosen), rel=1e-14)
        alone = bins.statistics(bins.group(CENTRED, time[inside]), value[inside], use[inside])
        assert [part.tobytes() for part in alone] == [part[row : row + 1].tobytes() for part in found]


def test_headings_average_over_north():
    time = np.array([0, 1, MINUTE, MINUTE + 1, 2 * MINUTE, 2 * MINUTE + 1, 3 * MINUTE])
    degrees = np.array([350.0, 10.0, 90.0, 270.0, 719.0, 3.0, np.nan])
    groups = bins.group(BinRule(MINUTE), time)
    mean, count = bins.circular_mean(groups, degrees, np.ones(7, dtype=bool))
    assert min(mean[0], 360 - mean[0]) == pytest.approx(0, abs=1e-9)
    assert 0 <= mean[0] < 360
    assert np.isnan(mean[1])
    assert mean[2] == pytest.approx(1.0)
    assert np.isnan(mean[3])
    assert count.tolist() == [2, 2, 2, 0]
