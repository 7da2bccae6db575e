"""Checks that look at another instrument: what they see, what hangs on it, and what is said where it is not there."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import lander
from lander import config, planning, store
from lander.cli import app
from lander.config.validate import validate
from lander.errors import ConfigError
from lander.status import status
from qc.check import discover
from qc.flags import get
from tests.lander.simulated import change, digests, make, run

OPTODE, CTD = "sitef/side/optode/samples", "sitef/side/ctd/samples"
MONTHS = ("2016-09", "2016-10")
SUSPECT = 0.004
RULES = {
    "optode_temperature": {"neighbour": {"other": "ctd/temperature", "suspect": SUSPECT, "required": False}},
    "oxygen_concentration": {
        "biofouling": {"reference": "ctd/temperature"},
        "consistency": {"terms": [{"variable": "ctd/practical_salinity", "factor": 1.0}], "constant": 60, "suspect": 2},
    },
    "record": {"frame_tilt": {"largest_gap": 600, "pitch": "adcp/pitch", "roll": "adcp/roll"}},
}
TILT = {"kind": "tilt", "at": 0.7, "degrees": 7}


@pytest.fixture(scope="module")
def side(tmp_path_factory) -> Path:
    """Three days over the end of a month; the frame tilts on the last of them."""
    keys = {"name": "side", "start": "2016-09-29", "days": 3, "period": 120, "faults": [TILT]}
    folder = make(tmp_path_factory.mktemp("side"), keys)
    change(folder / "deployments/side.yaml", lambda one: one["instruments"]["optode"].update(qc=RULES))
    assert not validate(folder)
    assert not run(folder).failed
    return folder


def months(archive: Path, stream: str, level: str, *names: str) -> dict[str, np.ndarray]:
    tables = [store.read(archive / "store" / stream / level / f"{month}.nc", names) for month in MONTHS]
    return {name: np.concatenate([table[name].values() for table in tables]) for name in names}


def outcomes(archive: Path, name: str, check: str) -> np.ndarray:
    return get(months(archive, OPTODE, "L2", f"{name}_qc_tests")[f"{name}_qc_tests"], discover()[check].slot)


def test_two_thermometers_are_compared_at_the_same_times(side):
    own = months(side, OPTODE, "L1", "time", "optode_temperature")
    other = months(side, CTD, "L1", "time", "temperature")
    between = np.interp(own["time"], other["time"], other["temperature"])
    inside = (own["time"] > other["time"][0]) & (own["time"] < other["time"][-1])
    expected = np.where(np.abs(own["optode_temperature"] - between) > SUSPECT, 2, 1)
    found = outcomes(side, "optode_temperature", "neighbour")
    assert 10 < (expected[inside] == 2).sum() < inside.sum() / 2
    clear = inside & (np.abs(np.abs(own["optode_temperature"] - between) - SUSPECT) > 1e-9)
    np.testing.assert_array_equal(found[clear], expected[clear])
    assert (found[~inside] == 0).all()


def test_what_another_instrument_derives_can_be_looked_at_too(side):
    found = outcomes(side, "oxygen_concentration", "consistency")
    assert {1, 2} <= set(found.tolist())
    salinity = months(side, CTD, "L2", "practical_salinity_qc")["practical_salinity_qc"]
    assert (found == 0).sum() >= (salinity > 2).sum(), "a salinity that is not good lets nothing expect"


def test_a_frame_that_tilts_puts_the_optode_in_doubt(side):
    record = months(side, OPTODE, "L2", "time", "record_qc_tests")
    found = get(record["record_qc_tests"], discover()["frame_tilt"].slot)
    moment = np.datetime64("2016-09-29", "us") + np.timedelta64(int(0.7 * 3 * 86_400), "s")
    doubted = record["time"][found >= 2].astype("datetime64[us]")
    assert doubted.size
    assert (np.abs(doubted - moment) < np.timedelta64(2, "h")).all()


def test_explain_shows_what_the_other_instrument_said(side):
    found = outcomes(side, "optode_temperature", "neighbour")
    time = months(side, OPTODE, "L1", "time")["time"][np.flatnonzero(found == 2)[-1]]
    told = lander.open(side).explain("optode_temperature", np.datetime64(int(time), "us"), instrument="optode")
    (row,) = (one for one in told["flags"] if one["test"] == "neighbour")
    assert row["result"] == "suspect"
    assert row["threshold"]["other"] == "ctd/temperature"
    assert abs(row["inputs"]["ctd/temperature"] - row["value"]) > SUSPECT / 2


def test_two_workers_give_the_same_bytes_and_a_second_run_has_nothing_to_do(side, tmp_path):
    own = Path(shutil.copytree(side, tmp_path / "own", ignore=shutil.ignore_patterns("store")))
    assert not run(own, workers=2).failed
    assert digests(own / "store") == digests(side / "store")
    assert not run(own).changed


def test_what_is_looked_at_makes_anew_what_looks_at_it(side):
    streams = lander.open(side).streams
    tasks = {task.output: task for task in planning.later_tasks(config.load(side), streams)}
    inputs = tasks[f"{OPTODE}/L2/2016-09.nc"].inputs
    for wanted in (f"{CTD}/L1/2016-09.nc#temperature", f"{CTD}/L2/2016-09.nc#practical_salinity_qc",
                   f"{CTD}/L1/2016-10.nc#temperature@head4"):  # fmt: skip
        assert wanted in inputs
    assert any("/adcp/" in one and one.endswith("#pitch") for one in inputs)
    (learning,) = (name for name in tasks if "/optode/" in name and "/summary/" in name and "2016-09" in name)
    assert f"{CTD}/L1/2016-09.nc#temperature" in tasks[learning].inputs
    assert not any("/optode/" in one for one in tasks[f"{CTD}/L2/2016-09.nc"].inputs)


def edited(side: Path, tmp_path: Path, instrument: str, rules: dict) -> Path:
    own = Path(shutil.copytree(side, tmp_path / "own"))
    change(own / "deployments/side.yaml", lambda one: one["instruments"][instrument].update(qc=rules))
    return own


def test_two_that_wait_for_each_other_are_refused(side, tmp_path):
    rules = {"temperature": {"multi_variate": {"other": "optode/oxygen_concentration", "largest_gap": 600.0,
                                               "rate": 1.0, "other_rate": 1.0}}}  # fmt: skip
    own = edited(side, tmp_path, "ctd", rules)
    with pytest.raises(ConfigError, match=r"side/ctd/samples and side/optode/samples wait for what the other derives"):
        run(own)


def test_what_cannot_be_looked_at_is_said(side, tmp_path):
    rules = {"optode_temperature": {"neighbour": {"other": "ctd/optode_temperature", "suspect": 0.1}}}
    own = edited(side, tmp_path, "optode", rules)
    sentence = "quality control by ctd/optode_temperature: no such series in the deployment"
    assert sentence in status(config.load(own)).remarks[OPTODE]
    assert sentence in run(own).remarks[OPTODE]
    flags = months(own, OPTODE, "L2", "optode_temperature_qc")["optode_temperature_qc"]
    assert not (flags == 1).any(), "a required test that could not run leaves nothing better than probably good"


@pytest.mark.parametrize(("edit", "words"), [
    ({"neighbour": {"other": "ctd/temprature"}}, "neighbour.other: unknown variable 'temprature'; expected a name of "
     "the vocabulary; did you mean 'temperature'?"),
    ({"neighbour": {"other": "ctt/temperature"}}, "neighbour.other: unknown instrument 'ctt'"),
    ({"neighbour": {"other": "ctd/temperature", "required": "no"}}, "neighbour.required: 'no'; expected true or false"),
    ({"consistency": {"terms": [{"variable": "temprature", "factor": 1}]}}, "consistency: unknown variable"),
    ({"consistency": {"terms": [{"variable": "temperature", "facter": 1}]}}, "terms.0.facter: unknown key; did you "
     "mean 'factor'?"),
    ({"consistency": {"terms": [{"variable": "temperature", "factor": "x"}]}}, "factor: 'x'; expected a number"),
    ({"consistency": {"terms": [{"variable": "temperature"}]}}, "terms.0: no 'factor'"),
    ({"consistency": {"terms": ["temperature"]}}, "terms.0: 'temperature'; expected a section with variable, factor"),
    ({"climatology": {"seasons": [{"suspect_min": 2, "suspect_max": 1}]}}, "seasons.0: parameters that do not go"),
])  # fmt: skip
def test_mistakes_in_what_is_looked_at_are_named(side, tmp_path, edit, words):
    own = edited(side, tmp_path, "optode", {"optode_temperature": edit})
    (mistake,) = validate(own)
    assert words in str(mistake)
    lines = (own / mistake.file).read_text().splitlines()
    assert mistake.line > lines.index("  optode:")


def test_the_plan_at_work_is_shown_and_kept_in_the_store(side, capsys):
    plan = lander.open(side).plan()
    table = store.read(side / "store" / OPTODE / "L2/2016-09.nc", ["time"])
    kept = json.loads(str(table.attributes["qc_plan"]))
    own = plan[(plan["instrument"] == "optode") & (plan["check"] != "disturbance")]
    shown = {(row.variable, row.check): {**row.parameters, "required": row.required} for row in own.itertuples()}
    stored = {(name, check): setting for name, checks in kept.items() for check, setting in checks.items()}
    assert json.loads(json.dumps(list(shown.values()))) == [stored[key] for key in shown]
    assert shown.keys() == stored.keys()
    with pytest.raises(SystemExit) as left:
        app(["status", str(side), "--plan"])
    assert left.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    first = lines.index("quality control of side/optode/samples")
    assert lines[first + 1].split() == ["variable", "check", "required", "parameters"]
    (line,) = (one for one in lines if one.startswith("optode_temperature") and " neighbour " in one)
    assert line.split(maxsplit=3)[2:] == ["no", f"other ctd/temperature, suspect {SUSPECT}, offset 0.0"]
    assert any("terms variable ctd/practical_salinity, factor 1.0" in one for one in lines)
