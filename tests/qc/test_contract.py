"""What every check must hold to; a new one is covered by lying in its folder."""

import dataclasses
import pickle
import typing

import numpy as np
import pytest

from qc import filler
from qc.check import KINDS, Block, discover
from qc.engine import judge, reach
from qc.plan import Plan, Planned
from tests.qc.examples import EXAMPLES, further
from tests.qc.records import SECOND, TRAITS, parts_of_samples, regular, sea, troubled

CHECKS = discover()
SENSOR = [name for name, check in CHECKS.items() if check.kind in ("sensor", "record")]


def params_of(name):
    check = CHECKS[name]
    default = check.defaults("temperature", TRAITS)
    if name in EXAMPLES:
        return check.params(**EXAMPLES[name])
    return example(check.params) if default is None else default


def example(params):
    """Parameters of a check that nobody gave an example: every required number 1, every required name alike."""
    hints = typing.get_type_hints(params)
    required = [one for one in dataclasses.fields(params) if one.default is dataclasses.MISSING]
    return params(**{one.name: "other" if hints[one.name] is str else hints[one.name](1) for one in required})


def plan_of(name):
    check = CHECKS[name]
    return Plan({"temperature": (Planned(name, check.slot, params_of(name), check.required),)})


def inputs_of(name, time, phase=None):
    """Something for every further variable that the check reads."""
    phases = np.full(time.size, 3, np.int8) if phase is None else phase
    needs = CHECKS[name].needs(params_of(name))
    return {need: phases if need == "deployment_phase" else further(need, time) for need in needs}


def run(name, time, value, **given):
    variables = {"temperature": value, **inputs_of(name, time), **given}
    return judge(time, variables, plan_of(name), summaries=summaries_of(name, time, variables))["temperature"]


def summaries_of(name, time, variables):
    from qc.engine import learn, merge

    return merge([learn(time, variables, plan_of(name))], plan_of(name))


def kernel(name, time, value):
    check, params = CHECKS[name], params_of(name)
    inputs = inputs_of(name, time)
    summary = check.summary
    learned = {}
    if summary is not None:
        learned = summary.merge([summary.learn(Block(time, value, inputs), slice(None), params)], params)
    block = Block(time, value, inputs, learned)
    if check.carry is not None:
        return check.carry.kernel(block, value.size, params, None)[0]
    return check.kernel(block, params)


def test_slots_names_and_kinds_are_those_of_the_files():
    assert {"gross_range", "spike", "flat_line", "out_of_water"} <= set(CHECKS)
    assert {name: CHECKS[name].slot for name in ("gross_range", "spike", "flat_line", "out_of_water")} == {
        "gross_range": 0,
        "spike": 3,
        "flat_line": 4,
        "out_of_water": 8,
    }
    assert {check.kind for check in CHECKS.values()} <= set(KINDS)


@pytest.mark.parametrize("name", list(CHECKS))
def test_parameters_are_frozen_and_travel_between_processes(name):
    params = params_of(name)
    assert params.__dataclass_params__.frozen
    assert pickle.loads(pickle.dumps(params)) == params
    assert CHECKS[name].kernel is None or CHECKS[name].kernel.__doc__
    assert CHECKS[name].carry is None or CHECKS[name].carry.kernel.__doc__


@pytest.mark.parametrize("name", SENSOR)
def test_the_callers_arrays_are_read_only_to_it(name):
    time, value, phase = troubled(2000)
    inputs = inputs_of(name, time, phase)
    before = value.copy()
    for array in (time, value, *inputs.values()):
        array.flags.writeable = False
    run(name, time, value, **inputs)
    assert np.array_equal(value, before, equal_nan=True)


@pytest.mark.parametrize("name", SENSOR)
@pytest.mark.parametrize("length", [0, 1, 2, 7, 60])
def test_all_nan_is_missing_and_nothing_has_run(name, length):
    time = regular(length)
    result = run(name, time, np.full(length, np.nan))
    assert result.tests.shape == result.flags.shape == (length,)
    assert (result.flags == 9).all()
    assert (result.tests == 0).all()
    outcomes = kernel(name, time, np.full(length, np.nan))
    assert outcomes.dtype == np.uint8
    assert outcomes.tolist() == [0] * length, "the kernel itself says so too"


@pytest.mark.parametrize("name", SENSOR)
@pytest.mark.parametrize("values", [[], [4.0], [np.inf], [-np.inf, np.inf], [4.0, np.nan], [1e308, -1e308] * 40])
def test_odd_little_records_are_judged(name, values):
    value = np.array(values, dtype=float)
    with np.errstate(all="raise"):
        outcomes = kernel(name, regular(value.size), value)
    assert outcomes.shape == value.shape
    assert (outcomes <= 3).all()
    assert (outcomes[np.isnan(value)] == 0).all()


@pytest.mark.parametrize("name", SENSOR)
def test_kernels_survive_time_that_stands_still_or_goes_back(name):
    value = sea(300)
    for time in (np.zeros(300, np.int64), regular(300)[::-1].copy(), np.full(300, np.iinfo(np.int64).min)):
        assert kernel(name, time, value).shape == (300,)
    time = regular(300)
    time[0] = np.iinfo(np.int64).min  # NaT
    assert kernel(name, time, value).shape == (300,)


@pytest.mark.parametrize("name", SENSOR)
def test_masked_and_missing_are_the_same(name):
    time, value, _ = troubled(2000, seed=3)
    hidden = np.random.default_rng(0).random(2000) < 0.1
    masked = np.ma.masked_array(np.where(hidden, 99.0, value), hidden)
    by_mask, by_nan = run(name, time, masked), run(name, time, np.where(hidden, np.nan, value))
    assert (by_mask.flags == by_nan.flags).all()
    assert (by_mask.tests == by_nan.tests).all()
    assert (by_mask.flags[hidden] == 9).all()


@pytest.mark.parametrize("name", SENSOR)
@pytest.mark.parametrize("size", [1, 7, 360, 8640])
def test_chunks_change_no_outcome(name, size):
    length = 1200 if size == 1 else 20_000
    parts = parts_of_samples(length, [size])
    time, value, phase = troubled(length, seed=size, edges=[part.start for part in parts[:200]])
    variables = {"temperature": value, **inputs_of(name, time, phase)}
    plan = plan_of(name)
    summaries = summaries_of(name, time, variables)
    whole = judge(time, variables, plan, summaries=summaries)["temperature"]
    for part in parts:
        window = outside(time, part, reach(plan))
        near = {key: array[window] for key, array in variables.items()}
        core = slice(part.start - window.start, part.stop - window.start)
        piece = judge(time[window], near, plan, core, summaries)["temperature"]
        assert (piece.tests == whole.tests[part]).all()
        assert (piece.flags == whole.flags[part]).all()


def outside(time, part, halo):
    """The part and its halo, found without the engine's own help."""
    first, last = time[part.start] - halo.before_seconds * SECOND, time[part.stop - 1] + halo.after_seconds * SECOND
    inside = np.flatnonzero((time >= first) & (time <= last))
    return slice(
        max(0, min(inside[0], part.start - halo.before_samples)),
        min(time.size, max(inside[-1] + 1, part.stop + halo.after_samples)),
    )


@pytest.mark.parametrize("name", SENSOR)
def test_a_check_says_something_of_the_troubled_record(name):
    time, value, phase = troubled(20_000)
    variables = {"temperature": value, **inputs_of(name, time, phase)}
    plan = plan_of(name)
    result = judge(time, variables, plan, summaries=summaries_of(name, time, variables))["temperature"]
    found = set(np.unique((result.tests >> np.uint64(2 * CHECKS[name].slot)) & np.uint64(3)).tolist())
    assert {0, 1} < found, "chunk invariance of one verdict only would prove nothing"


def test_discovery_refuses_what_would_mix_up_flags():
    from qc.check import _admit

    spike = CHECKS["spike"]
    taken = {("sensor", 3): "spike"}
    for wrong, module, message in (
        (dataclasses.replace(spike, name="other"), "other", "share slot 3"),
        (dataclasses.replace(spike, name="other", kind="profile"), "other", "share slot 3"),
        (dataclasses.replace(spike, slot=32), "spike", "no such place"),
        (dataclasses.replace(spike, slot=9), "spikes", "name both alike"),
        (dataclasses.replace(spike, slot=9, kernel=None), "spike", "either a kernel or a carry"),
        (dataclasses.replace(CHECKS["flat_line"], slot=9, kind="profile"), "flat_line", "neither a carry"),
    ):
        with pytest.raises(TypeError, match=message):
            _admit(wrong, module, dict(taken))


def test_every_filler_has_a_code_of_its_own():
    found = filler.discover()
    assert found["linear"].code == 1
    assert len({one.code for one in found.values()}) == len(found)
