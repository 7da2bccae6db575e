"""Manual flags as people meet them: explained, exported, released, given from Jupyter, and by whom."""

import csv
import json
import shutil
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import lander
from lander import config, flag_log, store
from lander.cli import app
from lander.deployment import Person
from lander.errors import RequestError
from lander.export import export
from lander.flag_lines import LOG_NAME
from lander.flagging import author
from lander.release import release
from lander.status import status
from tests.lander.flagged import END, OPTODE, SAID, START, flagged, level2
from tests.lander.simulated import copy, run


@pytest.fixture
def own(own_month):
    return own_month


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
