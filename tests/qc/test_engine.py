import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qc import engine
from qc.check import Block, Check, Halo, Summary, VariableTraits
from qc.engine import around, judge, learn, merge, reach
from qc.errors import QcError
from qc.flags import get
from qc.plan import Plan, Planned
from tests.qc.records import SECOND, TRAITS, parts_of_samples, parts_of_time, regular, sea, troubled

PLAN = Plan.build({}, {"temperature": TRAITS, "pressure": TRAITS})


def same(part, whole, where):
    return (part.tests == whole.tests[where]).all() and (part.flags == whole.flags[where]).all()


def assert_parts_equal_whole(time, variables, plan, parts):
    whole = judge(time, variables, plan)
    for part in parts:
        window = around(time, part, reach(plan))
        near = {name: array[window] for name, array in variables.items()}
        core = slice(part.start - window.start, part.stop - window.start)
        pieces = judge(time[window], near, plan, core)
        assert pieces.keys() == whole.keys()
        for name, piece in pieces.items():
            assert same(piece, whole[name], part), (name, part)


@pytest.mark.parametrize("seconds", [3600, 86_400, 7 * 86_400])
def test_judging_by_the_hour_the_day_or_the_week_equals_the_whole(seconds):
    time, value, phase = troubled(60_000, seed=seconds)
    parts = parts_of_time(time, seconds)
    time, value, phase = troubled(60_000, seed=seconds, edges=[part.start for part in parts])
    parts = parts_of_time(time, seconds)
    chosen = parts if len(parts) < 200 else parts[:: len(parts) // 200]
    assert_parts_equal_whole(time, {"temperature": value, "deployment_phase": phase}, PLAN, chosen)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=8), st.integers(0, 10_000))
def test_judging_parts_of_any_size_equals_the_whole(sizes, seed):
    parts = parts_of_samples(12_000, sizes)[:60]
    time, value, phase = troubled(12_000, seed=seed, edges=[part.start for part in parts])
    assert_parts_equal_whole(time, {"temperature": value, "deployment_phase": phase}, PLAN, parts)


@pytest.mark.parametrize("block", [1, 13, 1000])
def test_the_size_of_the_engines_own_blocks_does_not_show(monkeypatch, block):
    time, value, phase = troubled(2000, seed=8)
    variables = {"temperature": value, "deployment_phase": phase}
    whole = judge(time, variables, PLAN)["temperature"]
    monkeypatch.setattr(engine, "BLOCK", block)
    monkeypatch.setattr(engine, "_block_size", lambda *_: block)
    assert same(judge(time, variables, PLAN)["temperature"], whole, slice(None))


def test_a_halo_that_is_too_short_would_show():
    """The property is not empty: without halo, parts differ from the whole."""
    time, value, phase = troubled(12_000, seed=1, edges=range(500, 12_000, 500))
    variables = {"temperature": value, "deployment_phase": phase}
    whole = judge(time, variables, PLAN)["temperature"]
    parts = [
        judge(time[part], {name: array[part] for name, array in variables.items()}, PLAN)["temperature"].tests
        for part in parts_of_samples(12_000, [500])
    ]
    assert np.count_nonzero(np.concatenate(parts) != whole.tests) > 100


def test_reach_is_the_farthest_of_all_checks():
    # The event check: a day of hourly cells and one more, and 72 samples with their largest gaps.
    halo = reach(PLAN)
    assert halo.before_seconds == halo.after_seconds == 25 * 3600.0 + 72 * 50.0
    assert halo.before_samples == halo.after_samples == 41
    slow = Plan.build({"temperature": {"flat_line": {"fail_seconds": 172_800}}}, {"temperature": TRAITS})
    assert reach(slow).before_seconds == 172_850.0
    assert reach(Plan({})) == Halo()


def test_around_takes_all_samples_of_equal_times_and_counts_samples_too():
    time = np.array([0, 0, 5, 10, 10, 10, 20, 30]) * SECOND
    assert around(time, slice(3, 4), Halo(5.0, 0.0)) == slice(2, 6)
    assert around(time, slice(2, 3), Halo(5.0, 5.0)) == slice(0, 6)
    assert around(time, slice(6, 7), Halo(0.0, 0.0, 2, 9)) == slice(4, 8)
    assert around(time, slice(0, 0), Halo(5.0, 5.0)) == slice(0, 0)
    assert around(time, slice(0, 8), Halo(np.inf, np.inf)) == slice(0, 8)


def test_columns_of_profiles_are_judged_each_on_its_own():
    time, _, phase = troubled(3000, seed=2)
    rng = np.random.default_rng(0)
    values = np.stack([np.stack([troubled(3000, seed=5 * c + b)[1] for b in range(2)], -1) for c in range(3)], 1)
    values[rng.random(values.shape) < 0.01] = np.nan
    whole = judge(time, {"temperature": values, "deployment_phase": phase}, PLAN)["temperature"]
    assert whole.tests.shape == whole.flags.shape == values.shape == (3000, 3, 2)
    for cell in range(3):
        for beam in range(2):
            alone = judge(time, {"temperature": values[:, cell, beam], "deployment_phase": phase}, PLAN)["temperature"]
            assert same(alone, type(whole)(whole.tests[:, cell, beam], whole.flags[:, cell, beam]), slice(None))


def test_other_number_types_are_judged_by_their_values():
    time = regular(500)
    value = np.round(sea(500) * 100)
    plan = Plan.build({}, {"temperature": VariableTraits(sampling_seconds=10.0, valid_max=420.0)})
    for kind in (np.int16, np.int32, np.float32):
        mine = judge(time, {"temperature": value.astype(kind)}, plan)["temperature"]
        assert same(mine, judge(time, {"temperature": value}, plan)["temperature"], slice(None))


def test_a_check_without_its_input_does_not_run_and_keeps_good_from_being_said():
    value = sea(200)
    judged = judge(regular(200), {"temperature": value}, PLAN)
    assert list(judged) == ["temperature"], "pressure is not at hand"
    assert (get(judged["temperature"].tests, 8) == 0).all()
    assert (judged["temperature"].flags == 2).all()
    with_phase = judge(regular(200), {"temperature": value, "deployment_phase": np.full(200, 3)}, PLAN)["temperature"]
    assert (with_phase.flags[3:-3] == 1).all()
    assert (with_phase.flags[[0, 1, 2, -3, -2, -1]] == 2).all(), "the spike test cannot see the ends"


def test_time_that_goes_back_is_refused_with_its_place():
    time = regular(100)
    time[50] = time[49] - 1
    with pytest.raises(QcError, match="goes back at sample 50"):
        judge(time, {"temperature": np.zeros(100)}, PLAN)
    with pytest.raises(QcError, match="expected 100 samples"):
        judge(regular(100), {"temperature": np.zeros(99)}, PLAN)


def test_memory_does_not_grow_with_the_record():
    import tracemalloc

    def peak(n):
        variables = {"temperature": np.zeros(n) + np.arange(n) % 7}
        time = regular(n)
        tracemalloc.start()
        result = judge(time, variables, PLAN)["temperature"]
        size = tracemalloc.get_traced_memory()[1] - result.tests.nbytes - result.flags.nbytes
        tracemalloc.stop()
        return size

    peak(1000)
    assert peak(1_000_000) < 8e6


# A check of the future: compares with the whole record's largest value, and reads a further variable named by its
# parameters; a second one looks at all cells of a profile at once.


class FutureParams:
    """Names the variable to compare with."""

    reference = "pressure"


def _learn(block, core, params):
    return {"largest": float(np.nanmax(block.value[core], initial=-np.inf))}


def _merge(parts, params):
    return {"largest": max(part["largest"] for part in parts)}


def _near_the_largest(block, params):
    low = block.inputs["pressure"] < 0
    near = block.value > block.summary["largest"] - 0.1
    return np.where(np.isnan(block.value) | low, 0, np.where(near, 2, 1)).astype(np.uint8)


def _cells_agree(block, params):
    return np.where(np.isnan(block.value), 0, 1 + (np.ptp(block.value, axis=1, keepdims=True) > 1)).astype(np.uint8)


FUTURE = Check(
    name="future",
    slot=20,
    params=FutureParams,
    kernel=_near_the_largest,
    inputs=lambda params: (params.reference,),
    summary=Summary(_learn, _merge),
)
CELLS = Check(name="cells", slot=21, params=FutureParams, kernel=_cells_agree, kind="profile")


@pytest.fixture
def _future(monkeypatch):
    monkeypatch.setattr(engine, "discover", lambda: {"future": FUTURE, "cells": CELLS})
    monkeypatch.setattr("qc.plan.discover", lambda: {"future": FUTURE, "cells": CELLS})


@pytest.mark.usefixtures("_future")
def test_a_first_pass_over_the_whole_record_serves_every_part():
    plan = Plan({"temperature": (Planned("future", 20, FutureParams(), True),)})
    value = np.stack([sea(5000), 2 * sea(5000, seed=1)], 1)
    value[77, 0] = np.nan
    variables = {"temperature": value, "pressure": np.where(np.arange(5000) % 50, 1.0, -1.0)}
    time = regular(5000)
    whole_summary = merge([learn(time, variables, plan)], plan)
    parts = parts_of_samples(5000, [1300])
    summary = merge([learn(time, variables, plan, part) for part in parts], plan)
    assert summary == whole_summary
    assert [column["largest"] for column in summary["temperature"]["future"]] == np.nanmax(value, 0).tolist()
    whole = judge(time, variables, plan, summaries=summary)["temperature"]
    outcomes = get(whole.tests, 20)
    expected = np.where(value > np.nanmax(value, 0) - 0.1, 2, 1)
    assert (outcomes == np.where((variables["pressure"] < 0)[:, None] | np.isnan(value), 0, expected)).all()
    for part in parts:
        assert same(judge(time, variables, plan, part, summary)["temperature"], whole, part)
    with pytest.raises(QcError, match="needs a first pass"):
        judge(time, variables, plan)


@pytest.mark.usefixtures("_future")
def test_a_check_of_profiles_sees_all_cells_at_once():
    plan = Plan({"velocity": (Planned("cells", 21, FutureParams(), True),)})
    value = np.zeros((100, 3))
    value[40, 1], value[41, 2] = 5.0, np.nan
    judged = judge(regular(100), {"velocity": value}, plan)["velocity"]
    assert (judged.flags[40] == 3).all()
    assert judged.flags[41].tolist() == [1, 1, 9]
    assert np.count_nonzero(judged.flags == 1) == 99 * 3 - 1


def test_blocks_hold_contiguous_floats():
    seen = []

    def kernel(block, params):
        seen.append(block)
        return np.ones(block.value.size, np.uint8)

    check = Check(name="look", slot=1, params=FutureParams, kernel=kernel)
    block = engine._block(regular(10), np.arange(20, dtype="i4")[::2], _task(check), slice(2, 8))
    assert isinstance(block, Block)
    assert block.value.dtype == np.float64
    assert block.value.flags.c_contiguous
    assert block.value.tolist() == [4, 6, 8, 10, 12, 14]


def _task(check):
    return engine._Task(check, Planned(check.name, check.slot, None, True), Halo(), {}, {})
