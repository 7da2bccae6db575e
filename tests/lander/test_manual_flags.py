"""Manual flags from the command to the store and back: they win, touch only their months, and replay bit for bit."""

import csv
import json
import shutil
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import lander
from lander import config, flag_log, manual_flags, store
from lander.cli import app
from lander.deployment import Person
from lander.errors import RequestError
from lander.export import export
from lander.flag_lines import LOG_NAME, iso
from lander.flagging import author
from lander.lock import held
from lander.release import release
from lander.stages import groups
from lander.status import status
from qc.engine import Judged
from qc.flags import MISSING
from tests.lander.simulated import change, copy, digests, make, run
from tests.lander.tiny import few_products, from_scratch, stored, tiny

CTD, OPTODE = "sitef/one/ctd/samples/L2", "sitef/one/optode/samples/L2"
SEPTEMBER, OCTOBER = "2016-09", "2016-10"
START, END = "2016-09-17T00:00:00Z", "2016-09-17T05:00:00Z"
SAID = {"why": "sampler fired beside it", "who": "Ada"}


@pytest.fixture(scope="module")
def month(tmp_path_factory) -> Path:
    """CTD and optode over the end of a month, far enough for an entry that reaches one month alone."""
    keys = {"name": "one", "start": "2016-09-15", "days": 30, "period": 600}
    folder = make(tmp_path_factory.mktemp("month"), keys, without=("adcp",))
    with few_products():
        assert not run(folder).failed
    return folder


@pytest.fixture
def own(month, tmp_path):
    folder = copy(month, tmp_path / "archive")
    with few_products():
        assert not run(folder).changed
        yield folder


def level2(archive: Path, folder: str = CTD, when: str = SEPTEMBER) -> store.Table:
    return store.read(archive / "store" / folder / f"{when}.nc")


def between(table: store.Table, start: str, end: str) -> np.ndarray:
    low, high = (int(np.datetime64(one.removesuffix("Z"), "us").astype(np.int64)) for one in (start, end))
    return (table["time"].data >= low) & (table["time"].data < high)


def flagged(archive: Path, variable: str = "temperature", start: object = START, end: object = END, **keys) -> int:
    return lander.open(archive).flag(variable, start, end, **{"flag": 4, **SAID, **keys})


# What an entry makes of flags


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


# Where people see it


def test_explain_tells_who_when_why_and_what_it_was_before(own):
    number = flagged(own)
    run(own)
    told = lander.open(own).explain("temperature", "2016-09-17T01:00:00")
    step = told["steps"][-1]
    assert told["flag"] == 4
    assert (step["stage"], step["before"], step["after"]) == ("manual flag", 1, 4)
    said = step["parameters"]
    assert (said["id"], said["who"], said["why"]) == (number, "Ada", "sampler fired beside it")
    assert (said["start"], said["end"]) == (START, END)
    assert said["when"] == flag_log.read(own).flags[0].when.astype("datetime64[s]").item().isoformat() + "Z"
    judged = next(one for one in told["steps"] if one["stage"] == "quality control")
    assert judged["parameters"] == {"flag": 1, "meaning": "good data"}
    json.dumps(told, allow_nan=False)
    lander.open(own).unflag(number, why="wrong\x1b[2J lander", who="Ada")
    shown = CliRunner().invoke(app, ["explain", str(own), "temperature", "2016-09-17T01:00:00"]).stdout
    assert "undone" in shown
    assert "wrong\\x1b[2J lander" in shown
    assert "\x1b" not in shown
    assert "manual flag" not in str(lander.open(own).explain("temperature", "2016-09-16T01:00:00")["steps"])


def test_series_products_and_exports_carry_it(own, tmp_path):
    flagged(own)
    run(own)
    opened = lander.open(own)
    series = opened.series("temperature", start=START[:-1], end="2016-09-17T04:59:00")
    assert set(series["temperature_qc"].values) == {4}
    hour = opened.product("hourly", "temperature", start="2016-09-17T02:00:00", end="2016-09-17T02:00:00")
    assert hour["all_temperature_count"].values.tolist() == [6]
    assert hour["good_temperature_count"].values.tolist() == [0]
    export(opened, "csv", tmp_path, variables=["temperature"], span=(START[:-1], "2016-09-17T04:59:00"), qc=None)
    (file,) = (path for path in tmp_path.glob("*.csv") if path.name != "data_dictionary.csv")
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert {one["temperature_qc"] for one in rows} == {"4"}


def test_a_release_takes_the_log_along(own):
    flagged(own)
    run(own)
    folder = release(config.load(own), "2026.1")
    assert (folder / LOG_NAME).read_bytes() == (own / LOG_NAME).read_bytes()
    assert f"  {LOG_NAME}\n" in (folder / "SHA256SUMS").read_text()


def test_status_counts_them_and_a_line_cut_short_is_named_by_every_run(own):
    flagged(own)
    path = own / LOG_NAME
    path.write_bytes(path.read_bytes() + b'{"id":2,"who":"Ada","wh')
    assert status(config.load(own)).manual == 1
    for _ in range(2):  # the second has nothing to do
        remarks = run(own).remarks
        assert list(remarks) == [f"{LOG_NAME}:2"]
        assert "cut short or damaged" in remarks[f"{LOG_NAME}:2"]
    assert status(config.load(own)).remarks.keys() == {f"{LOG_NAME}:2"}
    shown = CliRunner().invoke(app, ["status", str(own)]).stdout
    assert "manual flags" in shown
    assert (level2(own)["temperature_qc_manual"].data == 1).sum() == 30


def test_in_jupyter(own):
    opened = lander.open(own)
    assert opened.flags().empty
    first = opened.flag("temperature", START, END, flag=4, **SAID)
    times = pd.to_datetime(["2016-09-18T00:00:10", "2016-09-18T00:09:50"])
    second = opened.flag("oxygen_concentration", times, flag=3, why="odd", who="Ada")
    opened.unflag(first, why="wrong lander", who="Ben")
    table = opened.flags()
    assert table.index.tolist() == [first, second] == [1, 2]
    assert table["variable"].tolist() == ["temperature", "oxygen_concentration"]
    assert table["start"][1] == pd.Timestamp("2016-09-17T00:00:00")
    assert table["flag"].tolist() == [4, 3]
    assert table["undone_who"][1] == "Ben"
    assert table["undone"].notna().tolist() == table["undone_who"].notna().tolist() == [True, False]
    assert table["points"].isna().tolist() == [True, False]
    run(own)
    found = lander.open(own).flags()
    assert found["records"].tolist() == [0, found["points"][2]]
    level1 = store.read(own / "store" / OPTODE.replace("L2", "L1") / "2016-09.nc", ["time"])["time"].data
    meant = level1[level2(own, OPTODE)["oxygen_concentration_qc_manual"].data == 2].astype("datetime64[us]")
    wanted = times.to_numpy().astype("datetime64[us]")
    assert (np.abs(meant[:, None] - wanted).min(axis=1) <= np.timedelta64(600, "s")).all()


MOMENTS = [
    "2016-09-17T00:00:00Z",
    "2016-09-17 08:00:00+08:00",
    np.datetime64("2016-09-17T00:00:00", "ns"),
    datetime(2016, 9, 17),
    datetime(2016, 9, 17, 8, tzinfo=timezone(timedelta(hours=8))),
    pd.Timestamp("2016-09-17", tz=UTC),
]


@pytest.mark.parametrize("moment", MOMENTS, ids=repr)
def test_times_of_any_kind_are_utc(own, moment):
    flagged(own, start=moment)
    assert flag_log.read(own).flags[0].start == np.datetime64("2016-09-17T00:00:00", "us")


# Wrong use


WRONG = [
    ({"variable": "temperatur"}, "did you mean 'temperature'"),
    ({"start": "2016-09-17"}, "start: '2016-09-17'; expected a date and time in UTC"),
    ({"start": 5}, "start: 5; expected times"),
    ({"start": np.datetime64("NaT")}, "expected a date and time"),
    ({"end": START}, "end: 2016-09-17T00:00:00Z; expected a time after the start"),
    ({"start": [START, END]}, "2 starts and 1 ends; expected one interval"),
    ({"start": [], "end": None}, "start: 0 times"),
    ({"flag": 5}, "flag: 5; expected one of 0, 1, 2, 3, 4, 7, 8, 9"),
    ({"flag": "4"}, "flag: '4'; expected one of"),
    ({"why": " "}, "why: ' '; expected some words"),
    ({"why": "x" * 2001}, "why: 2,001 letters; expected at most 2,000"),
    ({"who": ""}, "who: ''; expected some words"),
    ({"who": "\udcff"}, "expected text in UTF-8"),
    ({"instrument": "optod"}, "no series of 'temperature' by what was asked for"),
    ({"deployment": "two"}, "no series of 'temperature' by what was asked for"),
    ({"start": "2019-09-17T00:00:00Z", "end": "2019-09-18T00:00:00Z"}, "there is one from 2016-09-15T00:00:00Z"),
    ({"start": "2016-09-14T12:00:00Z", "end": None}, "no sample of temperature at 2016-09-14T12:00:00Z; the nearest"),
]


@pytest.mark.parametrize(("keys", "said"), WRONG, ids=[said[:40] for _, said in WRONG])
def test_wrong_use_is_told_and_nothing_is_written(month, keys, said):
    with pytest.raises(RequestError, match=None) as caught:
        flagged(month, **{"variable": "temperature", **keys})
    assert said in str(caught.value)
    assert not (month / LOG_NAME).exists()


def test_which_deployment_and_instrument_is_meant(seafloor, tmp_path):
    archive = copy(seafloor, tmp_path / "archive")
    flagged(archive, start="2016-10-10T12:00:00Z", end="2016-10-10T13:00:00Z")
    with pytest.raises(RequestError, match=r"measured in one, two from .*--deployment"):
        flagged(archive, start="2016-10-01T12:00:00Z", end="2016-10-10T13:00:00Z")
    flagged(archive, start="2016-10-01T12:00:00Z", end="2016-10-10T13:00:00Z", deployment="one", instrument="ctd")
    log = flag_log.read(archive).flags
    assert [(one.deployment, one.instrument) for one in log] == [("two", "ctd"), ("one", "ctd")]


def test_an_archive_that_was_never_run_says_what_comes_first(month, tmp_path):
    archive = Path(shutil.copytree(month, tmp_path / "archive", ignore=shutil.ignore_patterns("store")))
    with pytest.raises(RequestError, match="holds nothing yet; `lander run"):
        flagged(archive)


PEOPLE = (Person("Ada Lovelace", "principal_investigator", "Ada@Institute.org", "0000-0002-1825-0097"),)


@pytest.mark.parametrize(
    ("who", "name"),
    [("ada", "Ada Lovelace"), ("ada@institute.org", "Ada Lovelace"), ("ADA LOVELACE", "Ada Lovelace"),
     ("0000-0002-1825-0097", "Ada Lovelace"), ("Ben", "Ben"), ("institute.org", "institute.org")],
)  # fmt: skip
def test_who_says_it(monkeypatch, who, name):
    assert author(who, PEOPLE) == name
    monkeypatch.setenv("LANDER_WHO", who)
    assert author(None, PEOPLE) == name
    assert author("Eve", PEOPLE) == "Eve"
    monkeypatch.delenv("LANDER_WHO")
    monkeypatch.setattr("getpass.getuser", lambda: who)
    assert author(None, PEOPLE) == name


def test_nobody_logged_in_must_say_who(monkeypatch):
    def nobody() -> str:
        raise OSError("No username set in the environment")

    monkeypatch.delenv("LANDER_WHO", raising=False)
    monkeypatch.setattr("getpass.getuser", nobody)
    with pytest.raises(RequestError, match="LANDER_WHO"):
        author(None, PEOPLE)


# The commands


def cli(*words: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.stdout, result.stderr


def test_the_commands(own):
    why = "plug \x1b[31m[bold]loose\nsince noon"
    code, shown, _ = cli("flag", "add", own, "temperature", START, END, "--flag", 4, "--why", why, "--who", "Ada")
    lines = shown.splitlines()
    assert code == 0
    assert lines[0] == f"manual flag 1 in {own / LOG_NAME}:1"
    assert lines[1] == f"  temperature by ctd of one from {START} to {END} (30 samples): 4, bad data"
    assert lines[2].endswith("Z: plug \\x1b[31m[bold]loose\\nsince noon")
    assert lines[4:6] == ["stale now, with all that hangs on it", f"  {CTD}/2016-09.nc"]
    assert lines[-1] == f"Next: lander run {own}"
    assert flag_log.read(own).flags[0].why == why
    assert cli("flag", "add", own, "temperature", "2016-09-18T00:00:10", "--flag", 3, "--why", "odd")[0] == 0
    run(own)
    code, shown, _ = cli("flag", "list", own)
    assert code == 0
    sample = flag_log.read(own).flags[1].times[0]
    assert f"  {iso(sample)}  " in shown
    assert "2 of 2 count" in shown
    assert "\x1b" not in shown
    code, shown, _ = cli("flag", "undo", own, 1, "--why", "wrong lander", "--who", "Ben")
    assert code == 0
    assert "manual flag 1 of temperature by ctd of one is undone" in shown
    assert f"  {CTD}/2016-09.nc" in shown
    rows = json.loads(cli("flag", "list", own, "--json")[1])
    assert [one["records"] for one in rows] == [30, 1]
    assert [one["undone_why"] for one in rows] == ["wrong lander", None]
    assert rows[0]["why"] == why


BAD_WORDS = [
    (("add", "temperatur", START, END, "--flag", 4, "--why", "x"), "did you mean 'temperature'"),
    (("add", "temperature", START, END, "--flag", 6, "--why", "x"), "flag: 6; expected one of"),
    (("add", "temperature", START, END, "--flag", 4), "--why"),
    (("undo", 7, "--why", "x"), "no manual flag 7; not undone are: 1"),
    (("undo", "x", "--why", "x"), "Error"),
]


@pytest.mark.parametrize(("words", "said"), BAD_WORDS)
def test_wrong_words_leave_with_2_and_write_nothing(own, words, said):
    flagged(own)
    before = (own / LOG_NAME).read_bytes()
    code, _, told = cli("flag", words[0], own, *words[1:])
    assert code == 2
    assert said in told
    assert (own / LOG_NAME).read_bytes() == before


def test_undone_twice_is_told(own):
    number = flagged(own)
    lander.open(own).unflag(number, why="wrong lander", who="Ben")
    code, _, told = cli("flag", "undo", own, number, "--why", "again")
    assert code == 2
    assert "was undone at" in told
    assert "by Ben: wrong lander" in told


def test_a_flag_that_no_longer_fits_the_configuration_can_be_undone(own):
    flagged(own)
    content = (own / LOG_NAME).read_text().replace('"ctd"', '"gone"')
    (own / LOG_NAME).write_text(content)
    assert cli("run", own)[0] == 2
    code, shown, told = cli("flag", "list", own)
    assert code == 0
    assert "by gone of one" in shown
    assert "unknown instrument 'gone'" in told
    assert cli("flag", "undo", own, 1, "--why", "the instrument has another name now")[0] == 0
    assert cli("run", own, "--workers", 1)[0] == 0


@pytest.mark.parametrize("words", [("list",), ("undo", 1, "--why", "x")])
def test_a_folder_that_is_no_archive_is_refused(tmp_path, words):
    code, _, told = cli("flag", words[0], tmp_path, *words[1:])
    assert code == 2
    assert "no archive.yaml" in told
    assert digests(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []
