"""The measurement of skill itself, in small; and real clean series, which no default may flag more than 1 % of."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import lander
from lander import config
from lander.pipeline import update
from qc.flags import PROBABLY_BAD
from qc.plan import Plan
from sample_data import simulate
from sample_data.scenario import Scenario, parse_scenario
from tests.benchmarks import bench_qc, fouling, real_series
from tests.benchmarks.bench_qc import Tally, count, judged, record_of, summary
from tests.benchmarks.skill_data import Record, deploy

SEED = 7
PLUME = {"kind": "plume", "at": 0.4, "variables": {"methane": 3000, "turbidity": 2.0}, "rise": 900, "decay": 5400}
SPIKES = {"kind": "spike", "variables": ["temperature", "methane"], "count": 12, "sigma": 9}


def scenario(**keys: object) -> Scenario:
    return parse_scenario({"name": "small", "days": 3, "period": 60, **keys})


def test_flags_are_those_of_lander_run(tmp_path: Path) -> None:
    small = scenario(days=2, events=[PLUME], faults=[SPIKES], instruments=["ctd", "methane"])
    made = simulate(tmp_path / "archive", small, SEED)
    assert not update(config.load(made.root)).failed
    archive = lander.open(made.root)
    compared = 0
    for one, variable, flags, _ in judged(deploy(small, SEED)):
        stay = one.phase == bench_qc.SEAFLOOR
        stored = archive.series(variable, instrument=one.name).load()
        assert stored.sizes["time"] == one.time.size
        # The store's clock is corrected from checks, the truth's is exact: few samples change their cell of an hour.
        assert np.mean(stored[f"{variable}_qc"].values[stay] == flags[stay]) > 0.999, variable
        compared += int(np.sum(flags[stay] >= PROBABLY_BAD))
    assert compared >= 20


def test_spikes_are_found_and_the_plume_is_kept() -> None:
    tally = Tally()
    aboard = deploy(scenario(events=[PLUME], faults=[SPIKES], instruments=["ctd", "methane", "eco"]), SEED)
    for one, variable, flags, marked in judged(aboard):
        count(tally, record_of(one, variable), one.phase, flags >= PROBABLY_BAD, marked)
    found = summary(tally)
    assert found["recall"]["spike"] >= 0.9
    assert found["events_kept"] >= 0.95
    assert found["events_marked"] > 0.5
    assert found["false_flags"] <= 0.01
    assert tally.recall["spike"][1] == 24


@pytest.mark.parametrize("at", [0.0, 0.01])
def test_an_instrument_without_data_is_left_out_or_short(at: float, capsys: pytest.CaptureFixture[str]) -> None:
    dead = {"kind": "dead", "instrument": "methane", "at": at}
    aboard = deploy(scenario(days=1, faults=[dead], instruments=["ctd"]), SEED)
    assert [one.name for one in aboard if one.time.size > 100] == ["ctd"]
    assert ("methane has no data" in capsys.readouterr().err) == (len(aboard) == 1)
    assert {variable for _, variable, _, _ in judged(aboard)} >= {"temperature", "pressure"}


def test_what_is_counted() -> None:
    fault = np.array([1, 1, 0, 0, 2, 2, 2, 0, 0, 1], np.int16)
    event = np.array([1, 0, 0, 0, 0, 0, 0, 1, 1, 0], np.int16)
    record = Record("x", np.zeros(10), fault, event, {1: "spike", 2: "step"})
    phase = np.array([3] * 9 + [4], np.int8)
    flagged = np.array([1, 0, 1, 0, 0, 1, 0, 1, 0, 0], bool)
    marked = np.array([0, 0, 0, 1, 0, 0, 0, 1, 1, 0], bool)
    tally = Tally()
    count(tally, record, phase, flagged, marked)
    assert summary(tally) == {
        "recall": {"spike": 0.5, "step": 1.0},
        "false_flags": 0.5,
        "events_kept": 1.0,
        "false_events": pytest.approx(1 / 6),
        "events_marked": pytest.approx(2 / 3),
        "spikes_in_events": 1.0,
    }
    later = np.zeros(10, bool)
    count(tally, record, phase, later, later)
    assert tally.recall == {"spike": [1, 4], "step": [1, 2]}
    assert summary(Tally()) == {"recall": {}} | dict.fromkeys(bench_qc.SHARES)


def test_one_json_object_on_standard_output_and_a_table_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_qc, "scenarios", lambda: [scenario(days=1, clean=True, instruments=["ctd"])])
    monkeypatch.setattr(bench_qc, "SPIKES_IN_EVENTS", replace(bench_qc.SPIKES_IN_EVENTS, days=1.5, period=30.0))
    monkeypatch.setattr(fouling, "DEPLOYMENTS", 1)
    monkeypatch.setattr(bench_qc, "_peer", lambda: None)
    bench_qc.main((SEED,))
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert said.out.count("\n") == 1
    assert found["recall"] == {}
    assert found["events_kept"] is None
    assert found["false_flags"] <= 0.01
    assert found["spikes_in_events"] > 0.8
    assert {"false_events", "fouling_found", "fouling_false_alarms"} <= found.keys()
    assert "spikes in events" in said.err
    assert "events kept                              -         -" in said.err


def test_the_peer_stands_beside_ours() -> None:
    text = bench_qc.table({"recall": {"spike": 1.0}, "false_flags": 0.001}, {"recall": {}, "false_flags": 0.02})
    assert text.splitlines()[1].split() == ["recall", "of", "spike", "100.00", "%", "-"]
    assert text.splitlines()[2].split() == ["false", "flags", "0.10", "%", "2.00", "%"]


def test_fifty_deployments_whatever_the_number_of_seeds() -> None:
    for seeds in ((1,), (1, 2, 3)):
        found = fouling.deployments(seeds)
        assert len(set(found)) == len(found) == fouling.DEPLOYMENTS == 50


def test_a_film_is_an_alarm_and_a_sound_optode_is_none() -> None:
    found = fouling.skill(range(3, 4))
    assert found == {"fouling_found": 1.0, "fouling_false_alarms": 0.0}


def test_false_flags_are_counted_among_the_clean_and_told_by_check() -> None:
    value = 4 + np.random.default_rng(1).normal(0, 0.01, 4000)
    value[1000] += 1
    value[2000] += 1
    time = np.arange(4000, dtype=np.int64) * 10_000_000
    clean = np.arange(4000) >= 1500
    share, by_check = real_series.false_flags(real_series.Series("made", "temperature", time, value, clean))
    assert by_check["spike"] >= 1
    assert 1 / 2500 <= share <= 8 / 2500


HAS_CORPUS = (real_series.CORPUS / real_series.QUANTISED).is_file()
needs_corpus = pytest.mark.skipif(not HAS_CORPUS, reason="../shared/corpus is not there: real clean records")
needs_moorings = pytest.mark.skipif(not real_series.GAPS.is_dir(), reason="../shared/gapfill is not there: moorings")


@needs_corpus
def test_at_most_one_percent_of_a_quantised_pressure_is_flagged() -> None:
    found = real_series.shares(real_series.quantised())
    assert len(found) == 1
    assert max(found.values()) <= 0.01


@pytest.mark.bench
@needs_moorings
def test_at_most_one_percent_of_the_moorings_is_flagged() -> None:
    found = real_series.shares(real_series.moorings())
    assert len(found) == 6 * 5
    assert max(found.values()) <= 0.01, found


@pytest.mark.bench
@needs_corpus
def test_at_most_one_percent_of_what_imos_calls_good_is_flagged() -> None:
    found = real_series.shares(real_series.imos())
    assert len(found) >= 12
    assert max(found.values()) <= 0.01, found


def test_a_position_that_stands_still_is_no_fault() -> None:
    traits = real_series.VariableTraits(sampling_seconds=1800.0)
    names = [one.check for one in Plan.build({}, {"latitude": traits}).for_variable("latitude")]
    assert "flat_line" not in names
