import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qc.errors import QcError
from qc.fill import linear
from qc.fill.linear import FILLER, structure
from qc.filler import Series
from qc.gaps import GapRule, fill_gaps, good_series, learn_gaps, merge_gaps, standard_deviation, targets
from tests.qc.records import SECOND, regular

GAPS = Path(os.environ.get("LANDER_GAPS", Path(__file__).parents[2] / ".." / "shared" / "gapfill" / "gaps.json"))
RULE = GapRule(FILLER, 3600.0, 60.0)


def flags_of(value):
    return np.where(np.isnan(value), 9, 1).astype(np.int8)


def learnt(time, value, rule=RULE):
    return merge_gaps([learn_gaps(time, value, flags_of(value), rule)], FILLER)


def walk(n, seed=0, noise=0.0):
    rng = np.random.default_rng(seed)
    return 4 + np.cumsum(rng.normal(0, 0.01, n)) + rng.normal(0, noise, n)


def holed(n=20_000, seed=0, longest=80):
    """A record with spoilt and absent samples; also the rest that is kept."""
    rng = np.random.default_rng(seed)
    time, value = regular(n, 60.0), walk(n, seed, 0.005)
    flags = np.ones(n, np.int8)
    keep = np.ones(n, bool)
    for at in rng.integers(0, n, n // 150):
        length = int(rng.integers(1, longest))
        kind = rng.integers(0, 3)
        if kind == 0:
            value[at : at + length], flags[at : at + length] = np.nan, 9
        elif kind == 1:
            flags[at : at + length] = rng.choice([0, 3, 4])
        else:
            keep[at : at + length] = False
    for at in rng.integers(1, n, n // 100):
        time[at] = time[at - 1]
    return time[keep], value[keep], flags[keep]


def test_times_of_spoilt_samples_and_of_absent_ones_are_filled():
    time = np.array([0, 60, 120, 300, 420, 480, 540]) * SECOND
    value = np.array([1, np.nan, 1, 1, 1, 1, 1.0])
    flags = np.array([1, 9, 1, 1, 4, 0, 3], np.int8)
    assert (targets(time, value, flags, RULE) // SECOND).tolist() == [60, 180, 240, 360, 420, 540]
    jittered = time + np.array([0, 0, 20, -9, 9, 0, 0]) * SECOND
    assert (targets(jittered, value, flags, RULE) // SECOND).tolist() == [60, 200, 260, 351, 429, 540]
    assert (targets(time, value, flags, GapRule(FILLER, 3600.0, 0.0)) // SECOND).tolist() == [60, 420, 540]


def test_a_spoilt_duplicate_of_a_good_sample_is_no_gap():
    time = np.array([0, 60, 60, 120]) * SECOND
    value, flags = np.array([1, np.nan, 2, 3]), np.array([1, 9, 1, 1], np.int8)
    assert targets(time, value, flags, RULE).size == 0
    assert good_series(time, value, flags).value.tolist() == [1, 2, 3]


def test_absent_weeks_are_not_written_out():
    time = np.array([0, 60, 86_400 * 400]) * SECOND
    assert targets(time, np.zeros(3), np.ones(3, np.int8), GapRule(FILLER, 3600.0, 0.01)).size == 5999


def test_nothing_is_filled_without_a_good_sample_on_both_sides_or_beyond_the_cap():
    value = walk(3000)
    time = regular(3000, 60.0)
    value[:5] = value[-5:] = np.nan
    value[1000:1060] = np.nan  # one hour
    value[2000:2061] = np.nan  # one minute more than that, and 30 s are left to jitter
    value[2500:2562] = np.nan
    table = fill_gaps(time, value, flags_of(value), RULE, learnt(time, value))
    assert table.time.tolist() == time[1000:1060].tolist()
    assert np.isfinite(table.value).all()
    assert (table.method == 1).all()
    assert table.value == pytest.approx(np.interp(table.time, time[[999, 1060]], value[[999, 1060]]))


def test_values_less_certain_than_half_the_spread_of_the_series_are_left_out():
    time = regular(5000, 60.0)
    value = np.random.default_rng(0).normal(4, 1, 5000)  # white: neighbours tell nothing
    value[2000:2010] = np.nan
    assert fill_gaps(time, value, flags_of(value), RULE, learnt(time, value)).time.size == 0
    assert standard_deviation(learnt(time, value)) == pytest.approx(np.nanstd(value, ddof=1), rel=1e-6)


@pytest.mark.parametrize("offset", [0.0, 1e5, 3e7])
def test_the_spread_is_exact_far_from_zero(offset):
    value = offset + walk(40_000)
    summary = learnt(regular(40_000, 60.0), value)
    assert standard_deviation(summary) == pytest.approx(np.std(value - offset, ddof=1), rel=1e-5)


@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_a_random_walk_strays_as_far_as_theory_says(noise):
    """Between fixed ends at distances a and b, a walk's variance is s2 a b / (a + b), and noise adds its own."""
    time = regular(100_000, 60.0)
    value = walk(100_000, 1, noise)
    summary = learnt(time, value)
    ends = np.array([0, 40]) * 60 * SECOND
    at = np.arange(1, 40) * 60 * SECOND
    filled = FILLER.predict(Series(ends, np.zeros(2)), at, summary["learned"])
    a, b = np.arange(1, 40), 40 - np.arange(1, 40)
    theory = np.sqrt(1e-4 * a * b / 40 + noise**2 * (1 + (a**2 + b**2) / 1600))
    assert filled.uncertainty == pytest.approx(theory, rel=0.08)


@pytest.mark.parametrize("length", [5, 20, 59])
@pytest.mark.parametrize("kind", ["walk", "noisy walk", "tide", "noisy tide"])
def test_the_95_percent_interval_holds_on_synthetic_series(kind, length):
    n = 60_000
    time = regular(n, 60.0)
    tide = 2 * np.sin(2 * np.pi * np.arange(n) / 745.2) + np.sin(2 * np.pi * np.arange(n) / 1436 + 1)
    noise = np.random.default_rng(5).normal(0, 0.01, n)
    truth = {"walk": walk(n), "noisy walk": walk(n) + noise, "tide": tide, "noisy tide": tide + noise}[kind]
    hidden = np.zeros(n, bool)
    for at in range(500, n - 500, 397):
        hidden[at : at + length] = True
    value = np.where(hidden, np.nan, truth)
    table = fill_gaps(time, value, flags_of(value), RULE, learnt(time, value))
    assert (table.time == time[hidden]).all()
    inside = np.abs(table.value - truth[hidden]) <= 1.96 * table.uncertainty
    assert 0.90 <= inside.mean() <= 1.0
    if kind != "tide":  # its errors are no bell: never more than sqrt(2) sigma
        assert inside.mean() <= 0.99


def test_uncertainty_grows_into_the_gap():
    time, value = regular(20_000, 60.0), walk(20_000, 2, 0.003)
    ends = Series(np.array([0, 3600]) * SECOND, np.zeros(2))
    filled = FILLER.predict(ends, np.arange(60, 3600, 60) * SECOND, learnt(time, value)["learned"])
    assert (np.diff(filled.uncertainty[:25]) > 0).all()
    assert filled.uncertainty == pytest.approx(filled.uncertainty[::-1])


def test_prediction_declines_outside_of_the_series_and_when_nothing_was_learnt():
    series = Series(np.array([0, 60]) * SECOND, np.array([1.0, 2.0]))
    summary = learnt(regular(5000, 60.0), walk(5000))["learned"]
    at = np.array([-1, 30, 61]) * SECOND
    assert np.isfinite(FILLER.predict(series, at, summary).value).tolist() == [False, True, False]
    for empty in (Series(np.empty(0, np.int64), np.empty(0)), series):
        nothing = FILLER.predict(empty, at, FILLER.merge([FILLER.learn(empty, 3600.0)]))
        assert np.isnan(nothing.value).all()
        assert np.isnan(nothing.uncertainty).all()
    far = Series(np.array([0, 5401]) * SECOND, np.zeros(2))
    assert np.isnan(FILLER.predict(far, np.array([30 * SECOND]), summary).value).all()
    assert FILLER.predict(series, np.empty(0, np.int64), summary).value.size == 0


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 4000), min_size=1, max_size=6), st.integers(0, 1000), st.sampled_from([1.0, 1e-4, 1e7]))
def test_parts_of_any_size_teach_what_the_whole_teaches(sizes, seed, units):
    time, value, flags = holed(6000, seed)
    value = value * units
    parts, start, i = [], 0, 0
    while start < time.size and len(parts) < 120:
        stop = start + sizes[i % len(sizes)] if len(parts) < 119 else time.size
        parts.append(learn_gaps(time[start:stop], value[start:stop], flags[start:stop], RULE))
        start, i = stop, i + 1
    whole = merge_gaps([learn_gaps(time, value, flags, RULE)], FILLER)
    assert merge_gaps(parts, FILLER) == whole
    assert merge_gaps(json.loads(json.dumps(parts)), FILLER) == whole
    half = len(parts) // 2
    if half:
        pair = [merge_gaps(parts[:half], FILLER), merge_gaps(parts[half:], FILLER)]
        assert merge_gaps(pair, FILLER) == whole, "merging in steps is the same"


@pytest.mark.parametrize("hours", [1, 24, 24 * 7])
def test_parts_with_their_halo_fill_what_the_whole_fills(hours):
    time, value, flags = holed(30_000, seed=hours)
    summary = learn_gaps(time, value, flags, RULE)
    whole = fill_gaps(time, value, flags, RULE, summary)
    assert whole.time.size > 1000
    span = hours * 3600 * SECOND
    parts = []
    for begin in range(int(time[0] // span) * span, int(time[-1]) + 1, span):
        reach = int(RULE.reach_seconds * SECOND)
        near = (time >= begin - reach) & (time < begin + span + reach)
        parts.append(fill_gaps(time[near], value[near], flags[near], RULE, summary, (begin, begin + span)))
    for joined, one in zip((np.concatenate(column) for column in zip(*parts, strict=True)), whole, strict=True):
        assert (joined == one).all()


def test_parts_learnt_for_something_else_are_not_joined():
    time, value = regular(100, 60.0), walk(100)
    part = learn_gaps(time, value, flags_of(value), RULE)
    with pytest.raises(ValueError, match="cannot be joined"):
        merge_gaps([part, learn_gaps(time, value, flags_of(value), GapRule(FILLER, 60.0, 60.0))], FILLER)
    with pytest.raises(QcError, match="parts learnt for other"):
        merge_gaps([{**part, "method": "other"}], FILLER)


def test_the_structure_function_of_a_walk_is_a_straight_line():
    lag, square = structure(learnt(regular(100_000, 60.0), walk(100_000))["learned"])
    assert lag[0] == pytest.approx(60.0)
    assert lag[-1] == pytest.approx(5400.0, rel=0.02)
    assert square == pytest.approx(1e-4 * lag / 60, rel=0.1)
    assert linear.FILLER.name == "linear"


@pytest.mark.skipif(not GAPS.is_file(), reason="../shared/gapfill is not there: real moorings with gaps hidden in them")
@pytest.mark.parametrize("length", ["1h", "6h"])
def test_real_moorings_are_filled_as_well_as_linear_can_and_as_certainly_as_said(length):
    import netCDF4

    for case in json.loads(GAPS.read_text())["cases"]:
        with netCDF4.Dataset(GAPS.parent / case["target"]) as file:
            truth = np.asarray(file[case["variable"]][:], dtype=float).ravel()
        time = regular(truth.size, 1800.0)
        hidden = np.zeros(truth.size, bool)
        for start, stop in case["gaps"][length]:
            hidden[start:stop] = True
        value = np.where(hidden, np.nan, truth)
        rule = GapRule(FILLER, 6 * 3600.0, 1800.0)
        table = fill_gaps(time, value, flags_of(value), rule, learnt(time, value, rule))
        assert (table.time == time[hidden]).all(), "every gap of up to 6 h is filled"
        error = table.value - truth[hidden]
        assert np.sqrt(np.mean(error**2)) / case["sd"] <= case["baseline_nrmse"]["linear"][length] + 1e-4
        assert 0.90 <= np.mean(np.abs(error) <= 1.96 * table.uncertainty) <= 0.99
