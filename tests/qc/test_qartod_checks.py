"""The QARTOD checks where their usual implementations go wrong."""

import numpy as np
import pytest

from qc.check import Block, Halo, discover
from qc.checks.attenuated_signal import AttenuatedSignalParams, attenuated_signal
from qc.checks.climatology import ClimatologyParams, Season, calendar, climatology
from qc.checks.multi_variate import MultiVariateParams, multi_variate
from qc.checks.neighbour import NeighbourParams, neighbour
from qc.checks.rate_of_change import RateOfChangeParams, rate_of_change
from qc.checks.spike_neighbours import SpikeNeighboursParams, spike_neighbours
from qc.checks.time_gap import TimeGapParams, time_gap
from qc.checks.time_order import TimeOrderParams, time_order
from qc.engine import judge, learn, merge
from qc.plan import Plan, Planned
from qc.positions import distance, location_bounds, location_on_land, speed
from qc.windows import trailing
from tests.qc.records import SECOND, parts_of_samples, regular, sea, troubled


def block(value, time=None, **inputs):
    value = np.asarray(value, dtype=float)
    return Block(regular(value.size) if time is None else time, value, inputs)


def test_rates_are_over_the_true_time_below_and_between_seconds():
    params = RateOfChangeParams(largest_gap=10.0, suspect=1.0, fail=2.0)
    for step in (1.9, 1 / 64, 1.001):
        time = regular(5, step)
        value = np.cumsum([0, 0.99 * step, 0.79 * step, 1.01 * step, 2.01 * step])
        assert rate_of_change(block(value, time), params).tolist() == [0, 1, 1, 2, 3], step


def test_a_jump_behind_a_missing_value_is_seen_and_one_behind_a_gap_is_not_judged():
    params = RateOfChangeParams(largest_gap=60.0, suspect=1.0)
    value = [1.0, 1.0, np.nan, np.inf, 50.0, 50.0, 1.0]
    time = regular(7)
    time[6:] += 61 * SECOND
    assert rate_of_change(block(value, time), params).tolist() == [0, 1, 0, 0, 2, 1, 0]
    assert rate_of_change(block([1.0, 99.0], np.array([5, 5])), params).tolist() == [0, 0]


def test_only_a_fail_bound_fails():
    params = RateOfChangeParams(largest_gap=60.0, fail=1.0)
    assert rate_of_change(block([0.0, 50.0, 51.0]), params).tolist() == [0, 3, 1]


def test_deviations_are_those_of_the_time_before_the_step():
    rng = np.random.default_rng(0)
    value = rng.normal(0, 1, 2000)
    value[1500] += 30
    params = RateOfChangeParams(largest_gap=50.0, deviations=6.0, window_seconds=3000.0)
    outcomes = rate_of_change(block(value), params)
    assert np.flatnonzero(outcomes == 2).tolist() == [1500, 1501]
    assert (outcomes[1:10] == 1).all()


def test_trailing_windows_are_those_of_a_plain_calculation():
    time, value, _ = troubled(1500, seed=2)
    found = trailing(time, value, 700.0)
    for i in range(0, 1500, 7):
        inside = value[(time > time[i] - 700 * SECOND) & (np.arange(1500) <= i)]
        inside = inside[np.isfinite(inside)]
        assert found.number[i] == inside.size
        if inside.size > 1:
            assert found.deviation[i] == pytest.approx(inside.std(ddof=1), rel=1e-9, abs=1e-12)
            assert (found.low[i], found.high[i]) == (inside.min(), inside.max())


def test_seasons_wrap_the_year_and_the_last_that_applies_decides():
    time = np.array(["2016-12-31", "2017-01-01", "2017-03-01", "2016-10-31"], "datetime64[us]").astype(np.int64)
    winter = Season(3.0, 4.0, fail_min=0.0, fail_max=9.0, period="month", first=11, last=2)
    params = ClimatologyParams((winter,))
    assert climatology(block([5.0, 10.0, 5.0, 5.0], time), params).tolist() == [2, 3, 0, 0]
    params = ClimatologyParams((winter, Season(4.5, 5.5, period="day_of_year", first=366, last=1)))
    assert climatology(block([5.0, 10.0, 5.0, np.nan], time), params).tolist() == [1, 2, 0, 0]


def test_depth_ranges_take_no_sample_without_a_depth():
    season = Season(3.0, 4.0, period="day_of_year", depth_min=1000.0, depth_max=1200.0)
    given = block([5.0, 5.0, 5.0], pressure=np.array([1130.0, 900.0, np.nan]))
    assert climatology(given, ClimatologyParams((season,))).tolist() == [2, 0, 0]


def test_calendar_numbers_are_those_of_python():
    import datetime

    days = [datetime.date(1969, 12, 28) + datetime.timedelta(days=17 * k) for k in range(1500)]
    time = np.array(days, "datetime64[us]").astype(np.int64) + 3600 * SECOND
    assert calendar(time, "week_of_year").tolist() == [day.isocalendar()[1] for day in days]
    assert calendar(time, "day_of_year").tolist() == [day.timetuple().tm_yday for day in days]
    assert calendar(time, "quarter").tolist() == [(day.month + 2) // 3 for day in days]
    assert calendar(time, "month").tolist() == [day.month for day in days]


def test_spikes_by_neighbours_do_not_reach_across_gaps_and_missing_values():
    value = [0.0, 0.0, 9.0, 0.0, np.nan, 9.0, 0.0, 0.0, 9.0, 0.0]
    time = regular(10)
    time[9:] += 100 * SECOND
    average = SpikeNeighboursParams(50.0, suspect=5.0, fail=8.0)
    assert spike_neighbours(block(value, time), average).tolist() == [0, 1, 3, 0, 0, 0, 1, 1, 0, 0]
    differential = SpikeNeighboursParams(50.0, suspect=5.0, fail=8.0, method="differential")
    assert spike_neighbours(block([0, 9, 9, 0, 9, 0, 5, 9]), differential).tolist() == [0, 1, 1, 3, 3, 1, 1, 0]


def test_a_signal_that_hardly_varies_is_attenuated_in_a_window_and_over_the_record():
    value = sea(2000)
    value[1000:] = 4.0 + 0.001 * np.sin(np.arange(1000))
    params = AttenuatedSignalParams(suspect=0.1, fail=0.01, window_seconds=3000.0, measure="range")
    outcomes = attenuated_signal(block(value), params)
    assert (outcomes[500:1000] == 1).all()
    assert (outcomes[1300:] == 3).all()
    assert (outcomes[:9] == 0).all()
    for measure, suspect, expected in (("range", 0.7, 2), ("range", 0.5, 1), ("deviation", 0.3, 2)):
        whole = AttenuatedSignalParams(suspect=suspect, fail=0.01, window_seconds=None, measure=measure)
        assert set(_by_parts(value, whole, 137).tolist()) == {expected}
        assert (_by_parts(value, whole, 137) == _by_parts(value, whole, 2000)).all()


def _by_parts(value, params, size):
    check, time = discover()["attenuated_signal"], regular(value.size)
    plan = Plan({"x": (Planned(check.name, check.slot, params, True),)})
    parts = [learn(time, {"x": value}, plan, part) for part in parts_of_samples(value.size, [size])]
    tests = judge(time, {"x": value}, plan, summaries=merge(parts, plan))["x"].tests
    return (tests >> np.uint64(2 * check.slot)) & np.uint64(3)


def test_a_window_asks_for_no_first_pass():
    check = discover()["attenuated_signal"]
    params = AttenuatedSignalParams(suspect=0.1, fail=0.01)
    plan = Plan({"x": (Planned(check.name, check.slot, params, True),)})
    assert judge(regular(10), {"x": sea(10)}, plan)["x"].tests.shape == (10,)
    assert check.reach(params) == Halo(before_seconds=86_400.0)


def test_a_change_alone_is_suspect_and_one_shared_is_not():
    params = MultiVariateParams("salinity", largest_gap=50.0, rate=0.05, other_rate=0.01)
    value = [4.0, 4.0, 5.0, 5.0, 6.0, 6.0]
    other = np.array([34.0, 34.0, 34.0, 34.0, 35.0, np.nan])
    assert multi_variate(block(value, salinity=other), params).tolist() == [0, 1, 2, 1, 1, 0]


def test_neighbours_agree_up_to_their_offset():
    params = NeighbourParams("second", suspect=0.1, fail=1.0, offset=0.5)
    other = np.array([3.5, 3.0, 2.0, np.nan, np.inf])
    assert neighbour(block([4.0, 4.0, 4.0, 4.0, 4.0], second=other), params).tolist() == [1, 2, 3, 0, 0]


def test_time_gaps_duplicates_and_steps_back():
    time = np.array([0, 10, 10, 25, 125, 120]) * SECOND
    assert time_gap(block(np.ones(6), time), TimeGapParams(12.0, 60.0)).tolist() == [0, 1, 1, 2, 3, 1]
    assert time_order(block(np.ones(6), time), TimeOrderParams()).tolist() == [1, 1, 2, 1, 1, 3]


def test_distances_are_those_of_the_ellipsoid():
    # Vincenty 1975, test line (a) on WGS 84 by GeographicLib: Flinders Peak to Buninyong.
    x0, y0, x1, y1 = (np.array([v]) for v in (144.42486788889, -37.95103341667, 143.92649552778, -37.65282113889))
    assert distance(x0, y0, x1, y1)[0] == pytest.approx(54972.271, abs=0.01)
    # A degree of longitude on the equator is the radius times a degree.
    zero = np.zeros(1)
    assert distance(zero, zero, zero + 1, zero)[0] == pytest.approx(6378137 * np.pi / 180, abs=0.01)
    assert distance(zero, zero, zero, zero)[0] == 0


def test_positions_against_polygons_and_speed():
    square = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]
    x, y = np.array([5.0, 15.0, np.nan]), np.array([5.0, 5.0, 5.0])
    assert location_bounds(x, y, square).tolist() == [1, 3, 0]
    assert location_on_land(x, y, [square]).tolist() == [3, 1, 0]
    time = np.array([0, 100_000, 100_000]) * SECOND
    assert speed(time, np.zeros(3), np.array([0.0, 1.0, 1.0]), 1.0, 3.0).tolist() == [0, 2, 0]
    with pytest.raises(ValueError, match="2 corners"):
        location_bounds(x, y, square[:2])
