"""Manual flags in the store: they win, touch only their months, and replay bit for bit."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lander
from lander import config, flag_log, manual_flags, store
from lander.flag_lines import LOG_NAME
from lander.lock import held
from lander.stages import groups
from lander.status import status
from qc.engine import Judged
from qc.flags import MISSING
from tests.lander.flagged import CTD, END, OCTOBER, OPTODE, SEPTEMBER, START, between, flagged, level2
from tests.lander.simulated import change, copy, run
from tests.lander.tiny import few_products, from_scratch, stored, tiny


@pytest.fixture
def own(own_month):
    return own_month


def row(number: int, flag: int, *span: int, times: list[int] | None = None) -> dict[str, object]:
    when = {"span": list(span)} if times is None else {"times": times}
    return {"id": number, "variable": "temperature", "flag": flag, **when}


TIME = np.array([0, 10, 20, 20, 30, 40], np.int64)
FLAGS = np.array([1, 4, MISSING, 1, 3, 1], np.int8)
CASES = [
    ([row(1, 4, 0, 10)], [4, 4, 9, 1, 3, 1], [1, 0, 0, 0, 0, 0]),
    ([row(1, 2, 10, 31)], [1, 2, 9, 2, 2, 1], [0, 1, 0, 1, 1, 0]),
    ([row(1, 4, 0, 50), row(2, 1, 30, 40)], [4, 4, 9, 4, 1, 4], [1, 1, 0, 1, 2, 1]),
    ([row(2, 1, 30, 40), row(3, 4, 0, 50)], [4, 4, 9, 4, 4, 4], [3, 3, 0, 3, 3, 3]),
    ([row(1, 9, 0, 11), row(2, 1, 0, 1)], [1, 9, 9, 1, 3, 1], [2, 1, 0, 0, 0, 0]),
    ([row(7, 0, times=[20, 25, 40])], [1, 4, 9, 0, 3, 0], [0, 0, 0, 7, 0, 7]),
    ([row(1, 4, 50, 60), row(2, 4, -9, 0)], FLAGS.tolist(), [0] * 6),
]


@pytest.mark.parametrize(("rows", "flags", "ids"), CASES)
def test_the_last_entry_wins_and_no_value_stays_no_value(rows, flags, ids):
    before = FLAGS.copy()
    settled = manual_flags.settle(TIME, FLAGS, rows)
    assert settled.flags.tolist() == flags
    assert settled.ids.tolist() == ids
    assert settled.flags.dtype == np.int8
    assert np.array_equal(FLAGS, before)


def test_of_a_profile_all_cells_with_values_are_meant():
    cells = np.array([[1, 4], [MISSING, 1], [MISSING, MISSING]], np.int8)
    settled = manual_flags.settle(TIME[:3], cells, [row(5, 3, 0, 100)])
    assert settled.flags.tolist() == [[3, 3], [9, 3], [9, 9]]
    assert settled.ids.tolist() == [5, 5, 0]
    assert manual_flags.settle(TIME[:0], cells[:0], [row(5, 3, 0, 100)]).flags.shape == (0, 2)


def test_a_month_knows_only_what_reaches_it():
    day = 86_400_000_000
    start, end = store.month_bounds(SEPTEMBER)
    rows = [row(1, 4, start - 9 * day, end + 9 * day), row(2, 4, end + day, end + 2 * day),
            row(3, 4, times=[start - 2 * day, start, end]), row(4, 4, end + 5 * day, end + 6 * day)]  # fmt: skip
    assert manual_flags.of_month(rows, SEPTEMBER, 0) == [row(1, 4, start, end), row(3, 4, times=[start])]
    near = manual_flags.of_month(rows, SEPTEMBER, 2 * day)
    assert [one["id"] for one in near] == [1, 2, 3]
    assert near[0]["span"] == [start - 2 * day, end + 2 * day]


# Through a run


def test_it_overwrites_the_flag_and_nothing_else(own, month):
    number = flagged(own)
    assert not run(own).failed
    before, after = level2(month), level2(own)
    meant = between(after, START, END)
    assert meant.sum() == 30
    assert (after["temperature_qc"].data[meant] == 4).all()
    assert np.array_equal(after["temperature_qc"].data[~meant], before["temperature_qc"].data[~meant])
    assert np.array_equal(after["temperature_qc_tests"].data, before["temperature_qc_tests"].data)
    assert np.array_equal(after["temperature_qc_automatic"].data, before["temperature_qc"].data)
    assert after["temperature_qc_manual"].data.tolist() == np.where(meant, number, 0).tolist()
    assert after["temperature_qc_manual"].data.dtype == np.int32
    unasked = set(after.columns) - set(before.columns)
    assert unasked == {"temperature_qc_manual", "temperature_qc_automatic"}
    assert set(level2(own, when=OCTOBER).columns) == set(level2(month, when=OCTOBER).columns)


def test_only_what_it_touches_and_what_hangs_on_that_is_made_again(own):
    flagged(own)
    assert status(config.load(own)).stale.keys() == {f"{CTD}/2016-09.nc"}
    before = stored(own / "store")
    outcome = run(own)
    assert sorted(outcome.built) == [
        "sitef/L3/hourly/oxygen_concentration/2016-09.nc",
        "sitef/L3/hourly/temperature/2016-09.nc",
        "sitef/one/ctd/samples/L2/2016-09.nc",
        "sitef/one/optode/samples/L2/2016-09.nc",
    ]
    after = stored(own / "store")
    assert {name for name in after if after[name] != before[name]} == set(outcome.built)
    assert not run(own).changed


def test_a_flag_that_says_what_the_tests_said_stops_at_its_month(own):
    start, end = "2016-09-17T00:00:00Z", "2016-09-17T00:10:00Z"
    (flag,) = level2(own)["temperature_qc"].data[between(level2(own), start, end)]
    flagged(own, start=start, end=end, flag=int(flag))
    assert run(own).built == ["sitef/one/ctd/samples/L2/2016-09.nc"]
    assert level2(own)["temperature_qc_manual"].data.sum() == 1


def test_undone_the_store_is_what_it_was_byte_for_byte(own):
    before = stored(own / "store")
    number = flagged(own)
    assert run(own).built
    assert stored(own / "store") != before
    lander.open(own).unflag(number, why="wrong lander", who="Ada")
    assert run(own).built
    assert stored(own / "store") == before


def test_what_is_derived_goes_by_it_and_the_gap_is_filled(own):
    flagged(own, end="2016-09-17T02:00:00Z")
    run(own)
    found = level2(own)
    meant = between(found, START, "2016-09-17T02:00:00Z")
    assert np.isnan(found["practical_salinity"].values()[meant]).all()
    assert (found["practical_salinity_qc"].data[meant] == MISSING).all()
    filled = found["temperature_fill_time"].data
    assert set(found["time"].data[meant].tolist()) <= set(filled.tolist())
    oxygen = level2(own, OPTODE)
    there = between(oxygen, "2016-09-17T00:30:00Z", "2016-09-17T01:30:00Z")
    assert np.isnan(oxygen["oxygen_concentration"].values()[there]).all()


def test_a_derived_value_may_be_better_than_its_inputs_if_somebody_says_so(own):
    flagged(own, flag=2)
    number = flagged(own, "practical_salinity", end="2016-09-17T02:00:00Z", flag=1)
    run(own)
    found = level2(own)
    said, rest = between(found, START, "2016-09-17T02:00:00Z"), between(found, "2016-09-17T02:00:00Z", END)
    assert (found["practical_salinity_qc"].data[said] == 1).all()
    assert (found["practical_salinity_qc_automatic"].data[said] == 2).all()
    assert (found["practical_salinity_qc_manual"].data[said] == number).all()
    assert (found["practical_salinity_qc"].data[rest] == 2).all()


def test_what_no_test_looks_at_can_be_flagged(own):
    change(own / "deployments/one.yaml", lambda one: one["instruments"]["ctd"].update(qc={"conductivity": {
        name: "off" for name in ("gross_range", "spike", "flat_line", "out_of_water", "stuck_noisy", "step", "event")
    }}))  # fmt: skip
    run(own)
    assert "conductivity_qc" not in level2(own).columns
    flagged(own, "conductivity", flag=3)
    run(own)
    found = level2(own)
    meant = between(found, START, END)
    assert (found["conductivity_qc"].data[meant] == 3).all()
    assert set(found["conductivity_qc"].data[~meant].tolist()) <= {0, MISSING}
    assert "conductivity_qc" not in level2(own, when=OCTOBER).columns


def test_a_profile(with_profiler, tmp_path):
    archive = copy(with_profiler, tmp_path / "archive")
    folder = "sitef/three/adcp/profile/L2"
    before = level2(archive, folder, "2016-11")
    span = ("2016-11-02T12:00:00Z", "2016-11-02T14:00:00Z")
    flagged(archive, "eastward_velocity", *span, flag=4)
    flagged(archive, "eastward_velocity", *span, flag=3)
    run(archive)
    after = level2(archive, folder, "2016-11")
    meant = between(after, *span)
    expected = np.where(before["eastward_velocity_qc"].data[meant] == MISSING, MISSING, 3)
    assert np.array_equal(after["eastward_velocity_qc"].data[meant], expected)
    assert set(np.unique(expected)) == {3, MISSING}
    assert set(after["eastward_velocity_qc_manual"].data[meant].tolist()) == {2}
    assert np.array_equal(after["eastward_velocity_qc_automatic"].data, before["eastward_velocity_qc"].data)
    assert np.array_equal(after["northward_velocity_qc"].data, before["northward_velocity_qc"].data)


PROFILE, NOON = "sitef/three/adcp/profile/L2", ("2016-11-02T12:00:00Z", "2016-11-02T14:00:00Z")


def told(archive: Path, **doppler: str) -> store.Table:
    change(archive / "deployments/three.yaml", lambda one: one["instruments"]["adcp"].update(doppler=doppler))
    assert not run(archive).failed
    return level2(archive, PROFILE, "2016-11")


def test_of_what_is_made_under_the_name_it_was_measured_by_the_made_one_is_meant(with_profiler, tmp_path):
    archive = copy(with_profiler, tmp_path / "archive")
    before = told(archive, heading_reference="magnetic")
    flagged(archive, "eastward_velocity", *NOON)
    run(archive)
    after = level2(archive, PROFILE, "2016-11")
    meant = between(after, *NOON)
    for name in ("eastward_velocity", "northward_velocity"):
        assert np.array_equal(after[name].data, before[name].data)
    missing = before["eastward_velocity_qc"].data[meant] == MISSING
    assert np.array_equal(after["eastward_velocity_qc"].data[meant], np.where(missing, MISSING, 4))
    assert np.array_equal(after["northward_velocity_qc"].data, before["northward_velocity_qc"].data)


@pytest.mark.parametrize(("heeded", "tested"), [(None, True), (("gross_range",), True), ((), True), (None, False)])
def test_what_is_made_of_several_goes_by_an_input_that_somebody_flagged(heeded, tested):
    value = np.array([[1.0, np.nan], [2.0, 3.0], [4.0, 5.0]])
    flags = np.where(np.isnan(value), MISSING, 1).astype(np.int8)
    judged = {"pitch": Judged(np.zeros(value.shape, np.uint64), flags)} if tested else {}
    said = np.array([[-1, -1], [4, 4], [1, 1]], np.int8)
    seen = groups.Seen(np.arange(3), {"pitch": value}, judged, {"pitch": said})
    found = groups._own(seen, "pitch", heeded)
    assert found.flags.tolist() == [[1, MISSING], [4, 4], [1, 1]]
    assert groups._own(seen._replace(said={}), "pitch", heeded).flags.tolist() == flags.tolist()


# Replay


VARIABLES = ("temperature", "practical_salinity", "oxygen_concentration", "calibrated_phase")
HOURS = st.integers(0, 47)
CODES = st.sampled_from((0, 1, 2, 3, 4, 7, 8, 9))
ADDS = st.tuples(st.just("add"), st.sampled_from(VARIABLES), HOURS, st.integers(0, 30), CODES)
UNDOS = st.tuples(st.just("undo"), st.integers(0, 5))
STEPS = st.lists(st.one_of(ADDS, ADDS, UNDOS, st.just(("run",))), min_size=4, max_size=9)


def do(archive: Path, step: tuple) -> None:
    if step[0] == "run":
        assert not run(archive).failed
    elif step[0] == "undo":
        active = flag_log.read(archive).active
        if active:
            lander.open(archive).unflag(active[step[1] % len(active)].id, why="no", who="Ada")
    else:
        _, variable, hour, length, flag = step
        start = np.datetime64("2016-09-30", "s") + np.timedelta64(hour, "h")
        end = start + np.timedelta64(length, "h") if length else None
        flagged(archive, variable, start, end, flag=flag)


@pytest.fixture(scope="module")
def begun(tmp_path_factory) -> Path:
    folder = tiny(tmp_path_factory.getbasetemp(), tmp_path_factory.mktemp("begun") / "archive")
    with few_products():
        assert not run(folder).failed
    return folder


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_any_order_of_adding_undoing_and_running_ends_as_one_run_from_scratch(begun, tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("replay")
    archive = copy(begun, folder / "archive")
    with few_products():
        for step in steps:
            do(archive, step)
        assert not run(archive).failed
        assert (stored(archive / "store"), {}) == from_scratch(archive, folder / "scratch")
    shutil.rmtree(folder)


def test_two_workers_write_what_one_does(begun, tmp_path):
    one, two = copy(begun, tmp_path / "one"), copy(begun, tmp_path / "two")
    run(one)
    flagged(one, "temperature", "2016-09-30T20:00:00Z", "2016-10-01T04:00:00Z")
    flagged(one, "oxygen_concentration", ["2016-09-30T20:00:00Z", "2016-10-01T04:00:00Z"], None, flag=1)
    shutil.copy(one / LOG_NAME, two / LOG_NAME)
    run(one)
    run(two, workers=2)
    assert stored(one / "store") == stored(two / "store")
    assert "temperature_qc_manual" in level2(two, when=OCTOBER).columns


def test_one_may_flag_while_a_run_goes_on(begun, tmp_path):
    archive = copy(begun, tmp_path / "archive")
    with held(archive / "store"):
        assert flagged(archive, start="2016-09-30T20:00:00Z", end="2016-10-01T04:00:00Z") == 1
