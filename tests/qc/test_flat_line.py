import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qc.check import Block, VariableTraits
from qc.checks.flat_line import FlatLineParams, defaults, flat_line, reach
from tests.qc.records import SECOND, regular, sea

GAPS = Path(os.environ.get("LANDER_GAPS", Path(__file__).parents[2] / ".." / "shared" / "gapfill" / "gaps.json")).parent
PARAMS = FlatLineParams(suspect_seconds=100.0, fail_seconds=300.0, largest_gap=50.0)


def judge(value, time=None, params=PARAMS):
    value = np.asarray(value, dtype=float)
    time = regular(value.size) if time is None else time
    return flat_line(Block(time, value), value.size, params, None)[0]


def plain(time, value, params):
    """Every stretch looked at on its own."""
    outcomes = np.isfinite(value).astype(np.uint8)
    n = value.size
    for a in range(n):
        low, high = np.inf, -np.inf
        for b in range(a, n):
            step = time[b] - time[b - 1] if b > a else 0
            if not np.isfinite(value[b]) or not 0 <= step <= params.largest_gap * 1e6:
                break
            low, high = min(low, value[b]), max(high, value[b])
            if high - low > params.tolerance:
                break
            lasts = (time[b] - time[a]) / 1e6
            level = 1 + (lasts >= params.suspect_seconds) + (lasts >= params.fail_seconds)
            if level > 1:
                outcomes[a : b + 1] = np.maximum(outcomes[a : b + 1], level)
    return outcomes


def test_the_whole_run_is_flagged_from_its_first_sample():
    value = sea(200)
    value[50:61] = 4.0  # 100 s
    value[100:131] = 4.0  # 300 s
    outcomes = judge(value)
    assert (outcomes[50:61] == 2).all()
    assert (outcomes[100:131] == 3).all()
    assert np.count_nonzero(outcomes == 1) == 200 - 42


def test_an_exactly_constant_series_is_stuck_with_tolerance_zero():
    assert (judge(np.full(100, 4.0)) == 3).all()
    assert (judge(np.full(11, 4.0)) == 2).all()
    assert (judge(np.full(10, 4.0)) == 1).all(), "90 s"


def test_noise_in_the_last_bit_within_the_tolerance_is_stuck():
    value = 4.0 + 0.001 * (np.arange(100) % 3 == 0)
    params = FlatLineParams(100.0, 300.0, 50.0, tolerance=0.0015)
    assert (judge(value, params=params) == 3).all()
    assert (judge(value) == 1).all()


@pytest.mark.parametrize("breaker", ["nan", "inf", "gap", "value"])
def test_runs_do_not_join_across(breaker):
    value, time = np.full(41, 4.0), regular(41)
    whole = judge(value, time)
    assert (whole == 3).all()
    if breaker == "gap":
        time[20:] += 41 * SECOND
    else:
        value[20] = {"nan": np.nan, "inf": np.inf, "value": 5.0}[breaker]
    outcomes = judge(value, time)
    rest = np.arange(41) != 20
    assert (outcomes[rest] == 2).all()
    assert outcomes[20] == {"nan": 0, "inf": 0, "gap": 2, "value": 1}[breaker]


def test_sampling_below_a_second_and_jitter_are_true_time():
    time = regular(64 * 400, 1 / 64) + np.random.default_rng(0).integers(0, 3000, 64 * 400)
    value = sea(time.size)
    value[6400 : 6400 + 64 * 101] = 4.0
    outcomes = judge(value, time)
    assert (outcomes[6400 : 6400 + 64 * 101] == 2).all()
    assert np.count_nonzero(outcomes > 1) == 64 * 101


STRETCH = st.tuples(
    st.sampled_from([0.0, 1.0, 1.0, 2.0, 3.0, np.nan, np.inf]),
    st.integers(1, 12),
    st.sampled_from([0, 1, 10, 10, 10, 50, 51, 1000]),
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(STRETCH, min_size=1, max_size=8), st.sampled_from([0.0, 1.0, 2.0]), st.integers(0, 3), st.data())
def test_any_record_whole_and_cut_anywhere_equals_every_stretch_on_its_own(stretches, tolerance, ramp, data):
    value = np.concatenate([np.full(length, x) for x, length, _ in stretches])
    value = value + 0.25 * ramp * (np.arange(value.size) % 5)
    steps = np.concatenate([[step] + [10] * (length - 1) for _, length, step in stretches])
    time = np.cumsum(steps).astype(np.int64) * SECOND
    params = FlatLineParams(60.0, 120.0, 50.0, tolerance)
    expected = plain(time, value, params)
    assert (judge(value, time, params) == expected).all()
    assert (in_parts(time, value, params, data) == expected).all()


def in_parts(time, value, params, data):
    """Judge part by part, the state handed on and as much looked at after each as the halo says."""
    outcomes, state, start = [], None, 0
    while start < value.size:
        stop = min(value.size, start + data.draw(st.integers(1, 30)))
        end = int(np.searchsorted(time, time[stop - 1] + int(reach(params) * 1e6), side="right"))
        block = Block(time[start:end], value[start:end])
        part, state = flat_line(block, stop - start, params, state)
        outcomes.append(part)
        assert state.time.size == 0 or time[stop - 1] - state.time[0] <= reach(params) * 1e6
        start = stop
    return np.concatenate(outcomes)


def test_the_search_by_checkpoints_misses_no_run():
    rng = np.random.default_rng(4)
    params = FlatLineParams(600.0, 1800.0, 50.0)  # 12 steps at least: strides of 6: all looked at
    fine = FlatLineParams(600.0, 1800.0, 10.0)  # strides of 30
    for _ in range(4):
        value = rng.normal(0, 1, 700)
        for at in rng.integers(0, 700, 4):
            value[at : at + int(rng.integers(40, 220))] = rng.integers(0, 2)
        for chosen in (params, fine):
            assert (judge(value, params=chosen) == plain(regular(700), value, chosen)).all()


def test_time_does_not_grow_with_the_length_of_runs():
    from time import process_time

    ramp = np.linspace(0, 1, 400_000)
    judge(ramp[:100])
    seconds = {}
    for tolerance in (1e-5, 1e-2):  # runs of 4 and of 4,000 samples
        params = FlatLineParams(1e6, 1e6, 50.0, tolerance)
        begin = process_time()
        judge(ramp, params=params)
        seconds[tolerance] = process_time() - begin
    assert seconds[1e-2] < 20 * seconds[1e-5] + 0.1


@pytest.mark.skipif(not GAPS.is_dir(), reason="../shared/gapfill is not there: quantised real pressure")
@pytest.mark.parametrize(("variable", "resolution"), [("TEMP", 1e-4), ("PRES", 0.1), ("PRES", 2e-3)])
def test_defaults_flag_next_to_nothing_of_real_quantised_records(variable, resolution):
    import netCDF4

    for path in sorted(GAPS.glob("*.nc")):
        with netCDF4.Dataset(path) as file:
            value = np.asarray(file[variable][:], dtype=float).ravel()
        params = defaults(variable, VariableTraits(sampling_seconds=1800.0, resolution=resolution))
        assert np.mean(judge(value, regular(value.size, 1800.0), params) > 1) < 0.003, path.name


@pytest.mark.parametrize(
    "wrong", [(0.0, 1.0, 1.0, 0.0), (2.0, 1.0, 1.0, 0.0), (1.0, 2.0, 0.0, 0.0), (1.0, 2.0, 1.0, -1.0)]
)
def test_parameters_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        FlatLineParams(*wrong)
