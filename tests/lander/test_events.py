"""Events, first passes, disturbances and tests of the record, through a whole run."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import lander
from lander import config, store
from lander.config.validate import validate
from lander.status import status
from qc.engine import judge, learn, merge
from qc.flags import get
from qc.plan import Plan
from tests.lander.simulated import change, copy, digests, make, run

CTD, OPTODE = "sitef/one/ctd/samples", "sitef/one/optode/samples"
SEPTEMBER, OCTOBER = "2016-09", "2016-10"
KEPT = ("ctd", "methane", "eco")

PLUME = {"kind": "plume", "at": 0.38, "variables": {"methane": 3000, "turbidity": 2.0}, "rise": 900, "decay": 3600}
ALONE = {"kind": "methane_only", "at": 0.7, "amplitude": 2000, "rise": 1800, "decay": 5400}
SPIKES = {"kind": "spike", "variables": ["methane", "temperature"], "count": 25, "sigma": 12}


@pytest.fixture(scope="module")
def seep(tmp_path_factory) -> Path:
    """Five days over the end of a month: a plume that two sensors see, one that methane sees alone, and spikes."""
    keys = {"name": "seep", "start": "2016-09-28", "days": 5, "period": 60}
    keys |= {"events": [PLUME, ALONE], "faults": [SPIKES]}
    folder = make(tmp_path_factory.mktemp("seep"), keys, without=("adcp", "optode"))
    change(folder / "deployments/seep.yaml", lambda one: one["instruments"]["eco"].update(
        qc={"turbidity": {"gross_range": {"suspect_max": 1.0}}}))  # fmt: skip
    assert not run(folder).failed
    return folder


def months(archive: Path, stream: str, *names: str) -> dict[str, np.ndarray]:
    """Variables of a stream's L2 files, all months together."""
    tables = [store.read(path, names) for path in sorted((archive / "store" / stream / "L2").glob("*.nc"))]
    return {name: np.concatenate([table[name].data for table in tables]) for name in names}


def stream_of(archive: Path, instrument: str) -> str:
    (found,) = (archive / "store/sitef/seep" / instrument).glob("*/L2")
    return found.parent.relative_to(archive / "store").as_posix()


def test_events_are_numbered_confirmed_and_kept_also_those_of_one_sensor(seep):
    table = lander.open(seep).events()
    assert table["event"].tolist() == [1, 2]
    assert table["confirmed"].tolist() == [True, False]
    assert set(table["variables"][0].split(", ")) == {"turbidity", "methane_partial_pressure"}
    assert table["variables"][1] == "methane_partial_pressure"
    assert table["instruments"][1] == "methane"
    onset = np.datetime64("2016-09-28") + np.array([0.38, 0.7]) * np.timedelta64(5 * 86_400, "s")
    assert (np.abs(table["start"].values - onset) < np.timedelta64(1800, "s")).all()
    assert (table["end"] > table["start"]).all()
    assert lander.open(seep).events(deployment="none").empty


def test_every_record_carries_the_id_of_its_event(seep):
    events = lander.open(seep).events()
    for instrument in KEPT:
        found = months(seep, stream_of(seep, instrument), "time", "event")
        assert found["event"].dtype == np.int32
        expected = np.zeros(found["time"].size, np.int32)
        for row in events.itertuples():
            first, last = (int(np.datetime64(one, "us").astype(np.int64)) for one in (row.start, row.end))
            expected[(found["time"] >= first) & (found["time"] <= last)] = row.event
        assert np.array_equal(found["event"], expected)
        assert set(np.unique(expected)) == {0, 1, 2}


def test_what_is_suspect_inside_a_confirmed_event_is_probably_good_and_the_tests_stay(seep):
    found = months(seep, stream_of(seep, "eco"), "event", "turbidity_qc", "turbidity_qc_tests")
    suspect = get(found["turbidity_qc_tests"], 0) == 2  # gross range
    assert (suspect & (found["event"] == 1)).sum() > 20
    failed = np.any([get(found["turbidity_qc_tests"], slot) == 3 for slot in range(32)], axis=0)
    assert (found["turbidity_qc"][suspect & (found["event"] == 1) & ~failed] == 2).all()
    methane = months(seep, stream_of(seep, "methane"), "event", "methane_partial_pressure_qc")
    assert (methane["methane_partial_pressure_qc"][methane["event"] == 2] < 3).mean() > 0.95, "kept, though unconfirmed"


def test_explain_and_status_tell_of_the_event(seep):
    archive = lander.open(seep)
    row = archive.events().iloc[0]
    middle = row["start"] + (row["end"] - row["start"]) / 4
    told = archive.explain("turbidity", middle.to_datetime64())
    (step,) = (one for one in told["steps"] if one["stage"] == "event")
    by = " and ".join(row["variables"].split(", "))
    assert step["parameters"]["meaning"] == f"inside event 1, confirmed by {by}"
    assert step["parameters"]["event"] == 1
    later = archive.explain("methane_partial_pressure", archive.events().iloc[1]["start"].to_datetime64())
    (step,) = (one for one in later["steps"] if one["stage"] == "event")
    assert step["parameters"]["meaning"] == "inside event 2, seen by methane_partial_pressure alone"
    assert [one.event for one in status(config.load(seep)).events] == [1, 2]


def test_two_workers_and_a_second_run_give_the_same_bytes(seep, tmp_path):
    own = Path(shutil.copytree(seep, tmp_path / "own", ignore=shutil.ignore_patterns("store")))
    assert not run(own, workers=2).failed
    assert digests(own / "store") == digests(seep / "store")
    assert not run(own).changed


def test_what_changes_no_excursion_makes_no_event_anew(seep, tmp_path):
    own = copy(seep, tmp_path / "own")
    assert not run(own).changed
    (raw,) = (own / "raw/seep/ctd").glob("*.hex")
    lines = raw.read_bytes().splitlines(keepends=True)
    middle = len(lines) // 4  # a day before the plume
    lines[middle] = lines[middle][:5] + (b"1" if lines[middle][5:6] != b"1" else b"2") + lines[middle][6:]
    raw.write_bytes(b"".join(lines))
    outcome = run(own)
    assert not outcome.failed
    assert "sitef/seep/ctd/samples/excursions/2016-09.nc" in outcome.built
    assert "sitef/seep/phase.nc" not in outcome.built
    assert "sitef/seep/events.nc" not in outcome.built
    assert not any("/methane/" in path or "/eco/" in path for path in outcome.built)


def whole(archive: Path, stream: str, *names: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    tables = [store.read(path, ["time", *names]) for path in sorted((archive / "store" / stream / "L1").glob("*.nc"))]
    time = np.concatenate([table["time"].data for table in tables])
    return time, {name: np.concatenate([table[name].values() for table in tables]) for name in names}


def test_a_first_pass_gives_each_month_the_whole_record(own):
    rule = {"attenuated_signal": {"suspect": 10.0, "fail": 0.0, "window_seconds": None}}
    qc = {"conductivity": rule, "practical_salinity": rule}
    change(own / "deployments/one.yaml", lambda one: one["instruments"]["ctd"].update(qc=qc))
    assert not validate(own)
    outcome = run(own)
    assert not outcome.failed
    kept = {f"{CTD}/summary/{name}.nc" for name in ("conductivity", "practical_salinity")}
    parts = {f"{CTD}/summary/{name}/{month}.nc" for name in ("conductivity", "practical_salinity")
             for month in (SEPTEMBER, OCTOBER)}  # fmt: skip
    assert {path for path in outcome.built if "/summary/" in path} == kept | parts
    assert not run(own).changed
    plan = Plan.from_json(str(store.read(own / "store" / CTD / "L2" / f"{OCTOBER}.nc", ["time"]).attributes["qc_plan"]))
    time, values = whole(own, CTD, "conductivity")
    (one,) = (each for each in plan.for_variable("conductivity") if each.check == "attenuated_signal")
    alone = Plan({"conductivity": (one,)})
    phases = xr.DataArray(months_of_phase(own, time))
    seafloor = {"conductivity": np.where(phases.values == 3, values["conductivity"], np.nan)}
    expected = judge(time, values, alone, summaries=merge([learn(time, seafloor, alone)], alone))["conductivity"].tests
    found = months(own, CTD, "conductivity_qc_tests", "practical_salinity_qc_tests", "practical_salinity_qc")
    assert np.array_equal(get(found["conductivity_qc_tests"], one.slot), get(expected, one.slot))
    assert set(np.unique(get(expected, one.slot))) == {2}, "it varies by less than 10 S/m"
    judged = found["practical_salinity_qc"] != 9
    assert (get(found["practical_salinity_qc_tests"], one.slot)[judged] == 2).all()


def months_of_phase(archive: Path, time: np.ndarray) -> np.ndarray:
    from lander import phase
    from lander.stages.phase import load

    return phase.at(time, load(archive / "store", "sitef/one/phase.nc")[0])


def test_a_late_file_that_changes_no_summary_makes_no_other_month_anew(own):
    # Range alone counts here, and the extremes stay.
    rule = {"attenuated_signal": {"suspect": 0.001, "fail": 0.0, "window_seconds": None}}
    change(own / "deployments/one.yaml", lambda one: one["instruments"]["optode"].update(
        qc={"blue_amplitude": rule}))  # fmt: skip
    run(own)
    (own / "raw/one/optode/20161002.optode.log").rename(own / "raw/one/optode/renamed.optode.log")
    assert run(own).built == [f"{OPTODE}/L1/2016-10.nc"], "values stay, and so does what was learnt from them"


def test_a_disturbance_of_the_configuration_doubts_its_instruments_and_says_why(own):
    visit = {"start": "2016-10-01T10:00:00Z", "end": "2016-10-01T12:00:00Z", "reason": "ROV visit"}
    visit["instruments"] = ["ctd"]
    change(own / "deployments/one.yaml", lambda one: one.update(disturbances=[visit]))
    outcome = run(own)
    assert {path for path in outcome.built if "/ctd/" in path} >= {f"{CTD}/L2/{OCTOBER}.nc"}
    found = months(own, CTD, "time", "temperature_qc", "temperature_qc_tests")
    inside = (found["time"] >= moment("2016-10-01T10:00")) & (found["time"] <= moment("2016-10-01T12:00"))
    assert inside.sum() > 100
    assert (found["temperature_qc"][inside] >= 3).all()
    assert (found["temperature_qc"][~inside] < 3).mean() > 0.9
    optode = months(own, OPTODE, "blue_phase_qc_tests")
    assert not get(optode["blue_phase_qc_tests"], 21).any()
    told = lander.open(own).explain("temperature", "2016-10-01T11:00:00")
    (flag,) = (one for one in told["flags"] if one["test"] == "disturbance")
    assert flag["result"] == "suspect"
    assert flag["threshold"]["reasons"] == ("ROV visit",)
    assert len(flag["neighbours"]) == 6
    assert not run(own).changed


def test_a_disturbance_makes_the_months_anew_that_it_touches(own):
    visit = {"start": "2016-10-12T03:00:00Z", "end": "2016-10-12T04:00:00Z", "reason": "sampler fired"}
    change(own / "deployments/two.yaml", lambda two: two.update(end="2016-10-14T00:00:00Z", disturbances=[visit]))
    outcome = run(own)
    assert not any(path.startswith("sitef/one/") for path in outcome.built)
    change(own / "deployments/two.yaml", lambda two: two["instruments"]["ctd"].update(
        qc={"temperature": {"disturbance": "off"}}))  # fmt: skip
    run(own)
    table = store.read(own / "store/sitef/two/ctd/samples/L2/2016-10.nc", ["temperature_qc_tests"])
    assert "disturbance" not in table["temperature_qc_tests"].attributes["test_slots"]


def moment(text: str) -> int:
    return int(np.datetime64(text, "us").astype(np.int64))


def test_the_record_itself_is_judged_and_explained(own):
    change(own / "archive.yaml", lambda one: one.update(qc={"record": {"time_gap": {"fail_seconds": "30 min"}}}))
    assert not validate(own)
    assert not run(own).failed
    found = months(own, CTD, "time", "record_qc_tests")
    assert found["record_qc_tests"].dtype == np.uint64
    gaps = np.flatnonzero(get(found["record_qc_tests"], 11) == 3)
    expected = np.flatnonzero(np.diff(found["time"]) > 1_800_000_000) + 1
    assert expected.size
    assert gaps.tolist() == expected.tolist()
    after = np.datetime64(int(found["time"][gaps[0]]), "us")
    told = {one["test"]: one["result"] for one in lander.open(own).explain("temperature", after)["record"]}
    assert told["time_gap"] == "fail"
    assert told["time_order"] == "pass"
    change(own / "archive.yaml", lambda one: one.update(qc={"record": {"spike": {}}}))
    (mistake,) = validate(own)
    assert "unknown QC check 'spike'" in str(mistake)
