import json
import pickle
from dataclasses import dataclass, field, replace
from typing import Literal

import pytest

from qc.check import LONGEST_DEFAULT_REACH, VariableTraits
from qc.checks.flat_line import FlatLineParams
from qc.engine import reach
from qc.errors import PlanError
from qc.plan import Plan, _as_type, _typed
from tests.qc.records import TRAITS

VARIABLES = {"temperature": TRAITS, "pressure": VariableTraits(sampling_seconds=1.0, resolution=2e-3)}


def build(overrides=None, **keywords):
    return Plan.build(overrides or {}, VARIABLES, **keywords)


def names(plan, variable="temperature"):
    return [planned.check for planned in plan.for_variable(variable)]


def only(plan, check, variable="temperature"):
    return next(planned for planned in plan.for_variable(variable) if planned.check == check)


def problems(overrides, **keywords):
    with pytest.raises(PlanError) as caught:
        build(overrides, **keywords)
    assert all(str(problem) in str(caught.value) for problem in caught.value.problems)
    return {".".join(problem.path): problem.message for problem in caught.value.problems}


def test_defaults_follow_variable_and_resolution():
    plan = build()
    assert names(plan) == [
        "gross_range", "spike", "flat_line", "out_of_water", "stuck_noisy", "event", "step",
    ]  # fmt: skip
    assert names(plan, "pressure") == ["spike", "flat_line", "out_of_water", "stuck_noisy", "step"], (
        "neither bounds nor response are known"
    )
    assert only(plan, "gross_range").params.fail_max == 40.0
    assert only(plan, "flat_line").params == FlatLineParams(600.0, 1800.0, 50.0, 5e-4)
    assert only(plan, "flat_line", "pressure").params.largest_gap == 5.0
    assert plan.required("temperature") == (0, 3, 4, 8)
    assert plan.needs("temperature") == ("deployment_phase",)
    assert plan.for_variable("nothing") == ()


def test_checks_whose_times_come_from_the_sampling_need_it():
    plan = Plan.build({}, {"temperature": VariableTraits(valid_min=-2.5)})
    assert names(plan) == ["gross_range", "out_of_water"]
    message = "is missing, and has no default here"
    with pytest.raises(PlanError, match=message):
        Plan.build({"temperature": {"spike": {"suspect": 1.0}}}, {"temperature": VariableTraits()})
    plan = Plan.build({"temperature": {"spike": {"largest_gap": 9}}}, {"temperature": VariableTraits()})
    assert only(plan, "spike").params.largest_gap == 9.0


def test_parameters_change_one_by_one_and_off_takes_a_check_out():
    plan = build({"temperature": {"flat_line": {"tolerance": 0}, "spike": "off", "out_of_water": False}})
    assert names(plan) == ["gross_range", "flat_line", "stuck_noisy", "event", "step"]
    assert only(plan, "flat_line").params == FlatLineParams(600.0, 1800.0, 50.0, 0.0)
    assert isinstance(only(plan, "flat_line").params.tolerance, float)
    assert names(build({"pressure": {"gross_range": {"fail_max": 12000}}}), "pressure")[0] == "gross_range"


def test_a_check_can_be_planned_without_being_required():
    plan = build({"temperature": {"spike": {"required": False, "suspect": 0.05, "fail": 1.0}}})
    assert plan.required("temperature") == (0, 4, 8)
    assert only(plan, "spike").params.suspect == 0.05
    assert "temperature.spike.required" in problems({"temperature": {"spike": {"required": "no"}}})


def test_every_mistake_is_named_with_the_nearest_right_name():
    found = problems(
        {
            "temprature": {},
            "temperature": {
                "spikes": {},
                "spike": {"suspekt": 1.0},
                "flat_line": {"tolerance": "small", "fail_seconds": True},
                "gross_range": {"fail_min": 50.0},
                "out_of_water": "no",
            },
        }
    )
    assert found == {
        "temprature": "no variable 'temprature'; did you mean 'temperature'?",
        "temperature.spikes": "no check 'spikes'; did you mean 'spike'?",
        "temperature.spike.suspekt": "no parameter 'suspekt'; did you mean 'suspect'?",
        "temperature.flat_line.tolerance": "found 'small', expected a finite number",
        "temperature.flat_line.fail_seconds": "found True, expected a finite number",
        "temperature.gross_range": "bounds must rise: fail_min 50.0, suspect_min None, suspect_max None, fail_max 40.0",
        "temperature.out_of_water": "found 'no', expected parameters or \"off\"",
    }


def test_zero_is_not_off_and_far_names_list_what_there_is():
    assert problems({"temperature": {"spike": 0}})["temperature.spike"] == 'found 0, expected parameters or "off"'
    message = problems({"temperature": {"xyz": "off"}})["temperature.xyz"]
    assert message.startswith("no check 'xyz'; known are attenuated_signal, ")
    assert "flat_line, frame_tilt, gross_range" in message
    assert "found nan" in problems({"temperature": {"spike": {"suspect": float("nan")}}})["temperature.spike.suspect"]


def test_variables_that_exist_elsewhere_may_be_configured():
    assert build({"oxygen_concentration": {}}, known=["oxygen_concentration"]).variables == tuple(VARIABLES)


def test_the_text_of_a_plan_is_the_same_for_equal_plans_and_gives_the_plan_back():
    plan = build({"temperature": {"spike": {"suspect": 0.05, "fail": 1.0, "required": False}}})
    reversed_order = Plan.build(
        {"temperature": {"spike": {"required": False, "fail": 1.0, "suspect": 0.05}}}, dict(reversed(VARIABLES.items()))
    )
    assert plan.to_json() == reversed_order.to_json()
    assert Plan.from_json(plan.to_json()).checks == plan.checks
    assert Plan.from_json(plan.to_json()).to_json() == plan.to_json()
    assert json.loads(plan.to_json())["temperature"]["spike"]["suspect"] == 0.05
    assert pickle.loads(pickle.dumps(plan)) == plan
    with pytest.raises(PlanError, match="no check 'spikes'"):
        Plan.from_json(plan.to_json().replace("spike", "spikes"))
    with pytest.raises(PlanError, match="no parameter"):
        Plan.from_json(plan.to_json().replace("suspect_scale", "suspect_skale"))


def test_errors_travel_between_processes():
    with pytest.raises(PlanError) as caught:
        build({"temperature": {"spikes": {}}})
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@dataclass(frozen=True)
class Rich:
    """Parameters of every type."""

    number: float = 0.0
    whole: int = 1
    choice: Literal["average", "median"] = "median"
    pair: tuple[float, float] = (0.0, 1.0)
    names: tuple[str, ...] = ()
    maybe: float | None = None
    on: bool = True
    more: tuple[float, ...] = field(default_factory=tuple)


@pytest.mark.parametrize(
    ("name", "value", "typed"),
    [
        ("number", 3, 3.0),
        ("whole", 3, 3),
        ("choice", "average", "average"),
        ("pair", [1, 2], (1.0, 2.0)),
        ("names", ["a", "b", "c"], ("a", "b", "c")),
        ("maybe", None, None),
        ("maybe", 2, 2.0),
        ("on", False, False),
    ],
)
def test_values_take_the_type_of_their_parameter(name, value, typed):
    found = []
    assert _typed(Rich, ("v", "c"), {name: value}, found) == {name: typed}
    assert not found


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("whole", 3.5, "a whole number"),
        ("choice", "mean", "one of average, median"),
        ("pair", [1], "found 1 values, expected 2"),
        ("names", "abc", "a list"),
        ("maybe", "x", "a finite number or nothing"),
        ("on", 1, "true or false"),
    ],
)
def test_values_of_another_type_are_named(name, value, message):
    found = []
    _typed(Rich, ("v", "c"), {name: value}, found)
    assert message in found[0].message


def test_an_integer_keeps_its_type():
    assert type(_as_type(3, float)) is float


def test_seasons_are_read_from_mappings_and_survive_being_stored():
    winter = {"suspect_min": 3.5, "suspect_max": 4.5, "period": "month", "first": 11, "last": 2}
    plan = Plan.build({"temperature": {"climatology": {"seasons": [winter]}}}, {"temperature": TRAITS})
    params = next(one.params for one in plan.for_variable("temperature") if one.check == "climatology")
    assert (params.seasons[0].first, params.seasons[0].last) == (11.0, 2.0)
    assert Plan.from_json(plan.to_json()) == plan
    wrong = problems({"temperature": {"climatology": {"seasons": [{**winter, "frist": 1}]}}})
    assert "did you mean 'first'?" in wrong["temperature.climatology.seasons"]


@pytest.mark.parametrize("step", [0.01, 1.0, 600.0, 6171.0, 10_800.0, 43_200.0, 864_000.0])
def test_default_checks_look_less_than_two_weeks_around_however_slow_the_sampling(step):
    traits = replace(TRAITS, sampling_seconds=step)
    plan = Plan.build({}, {"temperature": traits, "pressure": traits, "methane_partial_pressure": traits})
    halo = reach(plan)
    assert max(halo.before_seconds, halo.after_seconds) <= LONGEST_DEFAULT_REACH
    assert "gross_range" in [one.check for one in plan.for_variable("temperature")]
    assert ("spike" in [one.check for one in plan.for_variable("temperature")]) == (step < 12_000)
