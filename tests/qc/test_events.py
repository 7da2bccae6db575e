"""Events in `qc.run`, and in parts of a record; checks of the record itself."""

import numpy as np
import pytest
import xarray as xr

import qc
from qc.check import RECORD, VariableTraits
from qc.engine import around
from qc.errors import PlanError, QcError
from qc.events import EventRule, Seen, events_of, find_events, joined, reach, rule_for, runs_of
from qc.flags import get
from qc.plan import Plan
from tests.qc.records import parts_of_samples, regular
from tests.qc.test_seep import methane, plume

N = 40_000
TRAITS = {
    "methane": VariableTraits(sampling_seconds=10.0, response_seconds=600.0),
    "turbidity": VariableTraits(sampling_seconds=10.0, response_seconds=1.0),
}
PLAN = Plan.build({"turbidity": {"gross_range": {"suspect_max": 1.0}}}, TRAITS)


def seep(seed: int = 1) -> xr.Dataset:
    """Methane with two plumes and a spike in the first; turbidity that sees the first too."""
    turbidity = 0.15 + np.random.default_rng(seed).normal(0, 0.01, N)
    turbidity[9_990:10_400] += 0.84 + 0.3 * (np.arange(410) > 350)
    value = methane(N) + plume(N, 10_000, 2000) + plume(N, 30_000, 900)
    value[10_200] += 500
    return xr.Dataset(
        {"methane": ("time", value), "turbidity": ("time", turbidity)},
        coords={"time": regular(N).astype("datetime64[us]")},
    )


def test_run_numbers_events_and_keeps_what_a_confirmed_one_explains():
    ds = seep()
    judged = qc.run(ds, PLAN)
    assert judged["event"].dtype == np.int32
    assert set(np.unique(judged["event"])) == {0, 1, 2}
    assert set(judged["event"].values[10_050:10_500]) == {1}
    assert set(judged["event"].values[30_100:30_300]) == {2}
    alone = qc.run(ds, PLAN, sensors={"methane": 600.0})
    suspect = alone["turbidity_qc"].values == 3
    assert suspect[10_341:10_400].any(), "more than gross range lets pass"
    inside = judged["event"].values == 1
    assert (judged["turbidity_qc"].values[suspect & inside] == 2).all()
    assert (judged["turbidity_qc"].values[suspect & ~inside] == 3).all()
    assert (judged["turbidity_qc_tests"] == alone["turbidity_qc_tests"]).all(), "what the tests said stays"
    assert judged["methane_qc"].values[10_200] == 4, "a spike is no plume"
    assert (judged["methane_qc"].values[30_050:30_300] < 3).all()
    assert "event" not in qc.run(ds, PLAN, sensors={})


def test_events_are_the_same_lazily_whatever_the_chunks(monkeypatch):
    import sys

    ds = seep()
    eager = qc.run(ds, PLAN)
    monkeypatch.setattr(sys.modules["qc.run"], "BLOCK", 2000)
    for chunk in (N, 7001, (10_100, 100, 20_000, 9_800)):
        lazy = qc.run(ds.chunk({"time": chunk}), PLAN)
        assert lazy["event"].chunks is not None
        assert lazy["turbidity_qc"].chunks is not None
        xr.testing.assert_identical(lazy.compute(), eager)
    mixed = ds.assign(methane=ds["methane"].chunk({"time": 9000}))
    xr.testing.assert_identical(qc.run(mixed, PLAN).compute(), eager)


def test_only_the_seafloor_has_events_and_sensors_must_be_judged():
    ds = seep()
    phase = np.full(N, 3, np.int8)
    phase[25_000:] = 4
    ids = qc.run(ds.assign(deployment_phase=("time", phase)), PLAN)["event"]
    assert set(np.unique(ids)) == {0, 1}
    with pytest.raises(QcError, match="sensors 'nitrate' are not judged"):
        qc.run(ds, PLAN, sensors={"nitrate": 1.0})


@pytest.mark.parametrize("seed", range(4))
def test_events_of_parts_are_those_of_the_whole(seed):
    rng = np.random.default_rng(seed)
    time = np.delete(regular(N), rng.integers(0, N, 3000))
    value = (methane(N) + plume(N, 10_000, 2000) + plume(N, 30_000, 300))[: time.size]
    value[rng.integers(0, time.size, 500)] = np.nan
    value[rng.integers(0, time.size, 20)] = np.inf
    flags = np.where(rng.random(time.size) < 0.02, 3, 1).astype(np.int8)
    rule = EventRule(cells=5, noise=4.0, spread=2.0)
    whole = Seen(time, value, 60.0, 0.0, flags)
    expected = find_events({"methane": whole}, rule)
    assert len(expected) > 1
    parts = []
    for core in parts_of_samples(time.size, rng.integers(1, 9000, 40).tolist()):
        window = around(time, core, reach(rule))
        near = Seen(time[window], value[window], 60.0, 0.0, flags[window])
        parts.append(runs_of(near, rule, slice(core.start - window.start, core.stop - window.start)))
    assert events_of({"methane": joined(parts, rule)}, {"methane": 60.0}, rule) == expected


def test_the_rule_follows_the_sampling_and_slow_records_have_none():
    assert rule_for(10.0) == EventRule()
    assert rule_for(600.0).cell_seconds == 12_000.0
    assert rule_for(600.0).break_seconds == 1500.0
    assert rule_for(3600.0) is None


def test_steps_of_a_coarse_record_are_no_events():
    time, rng = regular(N), np.random.default_rng(0)
    value = np.zeros(N)
    value[rng.integers(0, N, 40)[:, None] + np.arange(20)] = 0.01  # one count for three minutes
    assert find_events({"turbidity": Seen(time, value, 1.0)})
    assert not find_events({"turbidity": Seen(time, value, 1.0, resolution=0.01)})


def test_the_record_itself_is_judged_by_its_times_and_platform():
    ds = seep().isel(time=np.r_[0:500, 600:2000])
    ds = ds.assign(battery_voltage=("time", np.where(np.arange(1900) > 1800, 9.0, 12.0)))
    battery = {"battery": {"suspect_volts": 10.0, "fail_volts": 8.0}}
    plan = Plan.build({RECORD: battery}, {"methane": TRAITS["methane"], RECORD: TRAITS["methane"]})
    slots = {one.check: one.slot for one in plan.for_variable(RECORD)}
    assert set(slots) == {"time_gap", "time_order", "clock_step", "battery", "frame_tilt"}
    judged = qc.run(ds, plan)
    assert judged["record_qc_tests"].dtype == np.uint64
    assert "record_qc" not in judged
    tests = judged["record_qc_tests"].values
    assert np.flatnonzero(get(tests, slots["time_gap"]) == 2).tolist() == [500]
    assert np.flatnonzero(get(tests, slots["battery"]) == 2).tolist() == list(range(1801, 1900))
    assert not get(tests, slots["frame_tilt"]).any(), "no angles, not run"
    assert "battery:28" in judged["record_qc_tests"].attrs["test_slots"]
    xr.testing.assert_identical(qc.run(ds.chunk({"time": 333}), plan).compute(), judged)
    assert Plan.from_json(plan.to_json()) == plan


def test_checks_of_values_cannot_judge_the_record():
    with pytest.raises(PlanError, match="no check 'spike'"):
        Plan.build({RECORD: {"spike": {}}}, {RECORD: TRAITS["methane"]})
