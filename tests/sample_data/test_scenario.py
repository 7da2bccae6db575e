"""Scenario files: what is read, and what is refused with the right advice."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sample_data import ScenarioError, demo_scenario, load_scenarios, scenarios_file, simulate
from sample_data.scenario import DEFAULT_FILE, INSTRUMENTS, Scenario, parse_scenario

BASE = {"name": "x", "days": 1, "period": 10}
SPIKE = {"kind": "spike", "variable": "oxygen", "count": 3, "sigma": 8}
PLUME = {"kind": "plume", "at": 0.2, "variables": {"methane": 10}, "rise": 60, "decay": 600}

MISTAKES = {
    "misspelt key": ({"perod": 3}, "'perod' is unknown: did you mean 'period'?"),
    "misspelt kind": ({"faults": [{"kind": "spkie"}]}, "did you mean 'spike'?"),
    "key of another kind": ({"faults": [{**SPIKE, "duration": 3}]}, "spike: key 'duration' is unknown"),
    "missing key": ({"faults": [{"kind": "spike", "variable": "oxygen", "count": 3}]}, "spike: sigma missing"),
    "misspelt variable": ({"faults": [{**SPIKE, "variable": "oxigen"}]}, "did you mean 'oxygen'?"),
    "no variable": ({"faults": [{"kind": "spike", "count": 3, "sigma": 8}]}, "which variable?"),
    "no instrument": ({"faults": [{"kind": "gap", "at": 0.1, "duration": 9}]}, "which instrument?"),
    "misspelt instrument": (
        {"faults": [{"kind": "gap", "instrument": "opttode", "at": 0.1, "duration": 9}]},
        "did you mean 'optode'?",
    ),
    "text for a number": ({"faults": [{**SPIKE, "sigma": "high"}]}, "sigma is 'high', expected a number"),
    "truth for a number": ({"days": True}, "days is True, expected a number"),
    "nothing to count": ({"faults": [{**SPIKE, "count": 0}]}, "count is 0, expected more than 0"),
    "quieter noise": (
        {"faults": [{"kind": "noise", "variable": "oxygen", "at": 0, "factor": 0.5, "duration": 9}]},
        "expected at least 1",
    ),
    "not a fraction": ({"events": [{**PLUME, "at": 21}]}, "at is 21, expected a fraction"),
    "step outside": ({"faults": [{"kind": "clock", "instrument": "ctd", "step_at": 3}]}, "step_at is 3"),
    "lag of another": ({"events": [{**PLUME, "lag": {"oxygen": 3}}]}, "lag: key 'oxygen' is unknown"),
    "shape": (
        {"faults": [{"kind": "ramp", "variable": "oxygen", "at": 0, "percent_per_30_days": 1, "shape": "exponental"}]},
        "did you mean 'exponential'?",
    ),
    "yes for true": (
        {"faults": [{"kind": "stuck", "variable": "oxygen", "at": 0, "duration": 9, "last_bit_noise": 1}]},
        "expected true or false",
    ),
    "clean with faults": ({"clean": True, "faults": [SPIKE]}, "clean, and yet with faults"),
    "half seconds": ({"period": 0.5}, "period is 0.5 s, expected whole seconds"),
    "interval of nobody": ({"intervals": {"adpc": 600}}, "did you mean 'adcp'?"),
    "instrument of nobody": ({"instruments": ["ctd", "optod"]}, "did you mean 'optode'?"),
    "no instruments": ({"instruments": []}, "instruments is empty"),
    "no time": ({"start": "yesterday"}, "start is 'yesterday', expected a time"),
    "fault as text": ({"faults": ["spike"]}, "expected a fault with `kind:`"),
    "faults as text": ({"faults": "spike"}, "expected a list, found str"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_scenario_and_advice(mistake: str) -> None:
    keys, message = MISTAKES[mistake]
    with pytest.raises(ScenarioError) as caught:
        parse_scenario({**BASE, **keys})
    assert message in str(caught.value)
    assert "scenario 'x'" in str(caught.value)


def test_the_base_of_the_mistakes_is_right() -> None:
    scenario = parse_scenario({**BASE, "faults": [SPIKE], "events": [PLUME]})
    assert scenario.faults[0].parameters == {"count": 3.0, "sigma": 8.0, "width": 1}
    assert not scenario.clean
    assert parse_scenario(BASE).clean


def test_variable_and_variables_mean_the_same() -> None:
    plural = parse_scenario({**BASE, "faults": [{"kind": "spike", "variables": ["oxygen"], "count": 3, "sigma": 8}]})
    assert plural.faults == parse_scenario({**BASE, "faults": [SPIKE]}).faults


def test_a_file_is_named_in_the_error(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("- {name: a, days: 1, period: 10}\n- {name: a, days: 2, period: 10}\n")
    with pytest.raises(ScenarioError, match=r"mine\.yaml: more than one scenario is named a"):
        load_scenarios(path)
    path.write_text("name: a\n")
    with pytest.raises(ScenarioError, match=r"mine\.yaml: expected a list of scenarios, found dict"):
        load_scenarios(path)
    path.write_text("- {name: a")
    with pytest.raises(ScenarioError, match=r"mine\.yaml: not YAML"):
        load_scenarios(path)


def test_our_own_scenarios_parse() -> None:
    assert {"quiet-week", "demo", "worn-out"} == {scenario.name for scenario in load_scenarios(DEFAULT_FILE)}


def test_the_file_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LANDER_SCENARIOS", raising=False)
    assert scenarios_file() == DEFAULT_FILE
    monkeypatch.setenv("LANDER_SCENARIOS", "/somewhere/else.yaml")
    assert scenarios_file() == Path("/somewhere/else.yaml")


def test_the_demo_takes_any_length_and_period() -> None:
    demo = demo_scenario(days=3, period=60)
    assert (demo.days, demo.period) == (3, 60)
    kinds = {fault.kind for fault in demo.faults}
    assert {"spike", "stuck", "gap", "clock", "truncated_file", "dead"} <= kinds
    assert demo.instruments == INSTRUMENTS
    assert demo.intervals == {"adcp": 600, "methane": 60, "eco": 60, "signature": 600, "rbr": 60}
    assert demo_scenario(period=900).intervals["methane"] == 900
    assert [event.kind for event in demo.events] == ["plume", "plume"]
    with pytest.raises(ScenarioError, match="whole seconds"):
        demo_scenario(period=2.5)


def test_other_names_of_instruments() -> None:
    gap = {"kind": "gap", "instrument": "turbidity", "at": 0.1, "duration": 60}
    scenario = parse_scenario(
        {**BASE, "faults": [gap], "intervals": {"turbidity": 30}, "instruments": ["ctd", "fluorometer"]}
    )
    assert scenario.faults[0].instrument == "eco"
    assert scenario.intervals == {"eco": 30}
    assert scenario.instruments == ("ctd", "eco")


def test_a_start_is_utc() -> None:
    scenario = parse_scenario({**BASE, "start": "2020-02-29T12:00:00Z"})
    assert scenario.start == np.datetime64("2020-02-29T12:00:00", "us")
    with pytest.raises(ScenarioError, match="whole second"):
        parse_scenario({**BASE, "start": "2020-02-29T12:00:00.5"})


def _shared() -> list[Scenario]:
    default = Path(__file__).parents[2] / ".." / "shared" / "scenarios" / "scenarios.yaml"
    path = Path(os.environ.get("LANDER_SCENARIOS", default))
    return list(load_scenarios(path)) if path.exists() else []


@pytest.mark.parametrize("scenario", _shared() or [None], ids=lambda one: one.name if one else "absent")
def test_shared_scenarios_simulate(scenario: Scenario | None, tmp_path: Path) -> None:
    if scenario is None:
        pytest.skip("no shared scenarios: set LANDER_SCENARIOS or put them at ../shared/scenarios/scenarios.yaml")
    short = replace(scenario, days=2.0, period=60.0)
    simulated = simulate(tmp_path, short, 1)
    assert simulated.records["ctd"] > 2000
    assert all(path.stat().st_size for paths in simulated.files.values() for path in paths)
