import numpy as np
import pytest

from qc.check import Block, discover
from qc.checks.biofouling import BiofoulingParams, add, drift, learn
from qc.engine import judge, reach
from qc.engine import learn as learn_part
from qc.engine import merge as merge_parts
from qc.plan import Plan, Planned
from tests.qc.records import parts_of_samples, regular

PARAMS = BiofoulingParams("temperature")


def optode(seed, percent, days=60, onset=25):
    """Oxygen tied to temperature, hourly, and what is left of it under a growing film."""
    rng = np.random.default_rng(seed)
    time = regular(days * 24, 3600.0)
    temperature = 4 + 0.1 * np.sin(np.arange(time.size) / 24 / 2) + rng.normal(0, 0.02, time.size)
    oxygen = 95 - 14.5 * (temperature - 4) + rng.normal(0, 0.1, time.size)
    oxygen *= 1 + percent / 100 * np.clip((np.arange(time.size) / 24 - onset) / 30, 0, None)
    return time, oxygen, temperature


def found(time, oxygen, temperature, params=PARAMS):
    block = Block(time, oxygen, {"temperature": temperature})
    return drift(add([learn(block, slice(None), params)]), params)


@pytest.mark.parametrize("percent", [-5.0, 5.0])
def test_fouling_of_five_percent_is_found_within_thirty_days_and_measured(percent):
    for seed in range(10):
        result = found(*optode(seed, percent))
        first = np.flatnonzero(result.drifting)[0]
        assert 25 < first <= 55
        assert result.percent[54] == pytest.approx(percent * 29.5 / 30, abs=3 * result.uncertainty[54])
        assert 0 < result.uncertainty[54] < 1


def test_no_fouling_gives_no_alarm():
    assert not any(found(*optode(seed, 0.0)).drifting.any() for seed in range(50))


def test_what_cannot_be_detected_is_said_to_be_so():
    time, oxygen, temperature = optode(0, -5.0)
    assert not found(time[: 23 * 24], oxygen[: 23 * 24], temperature[: 23 * 24]).detectable
    assert not found(time, oxygen, np.full(time.size, 4.0)).detectable
    assert not found(time, oxygen, np.full(time.size, np.nan)).detectable
    fixed = BiofoulingParams("temperature", slope=0.0)
    assert found(time, oxygen, np.full(time.size, 4.0), fixed).detectable


@pytest.mark.parametrize("size", [7, 500, 1440])
def test_the_record_learnt_in_parts_is_flagged_as_the_whole(size):
    time, oxygen, temperature = optode(3, -5.0)
    check = discover()["biofouling"]
    plan = Plan({"oxygen": (Planned(check.name, check.slot, PARAMS, False),)})
    variables = {"oxygen": oxygen, "temperature": temperature}
    parts = [learn_part(time, variables, plan, part) for part in parts_of_samples(time.size, [size])]
    whole = merge_parts([learn_part(time, variables, plan)], plan)
    assert merge_parts(parts, plan) == whole
    flags = judge(time, variables, plan, summaries=whole)["oxygen"].flags
    assert set(flags[: 25 * 24].tolist()) == {1}
    assert (flags[55 * 24 :] == 3).all()
    assert reach(plan).before_seconds == 0


def test_parameters_that_make_no_sense_are_refused():
    signs = ({"percent": 0.0}, {"sigmas": -1.0}, {"direction": "left"})
    for wrong in ({"baseline_days": 2}, {"correlation_days": 0.0}, *signs):
        with pytest.raises(ValueError, match="expected"):
            BiofoulingParams("x", **wrong)


def test_a_drift_the_other_way_is_left_alone_where_only_one_is_fouling():
    down, up = (BiofoulingParams("temperature", direction=one) for one in ("down", "up"))
    for percent, finds, leaves in ((-5.0, down, up), (5.0, up, down)):
        assert found(*optode(4, percent), finds).drifting.any()
        assert not found(*optode(4, percent), leaves).drifting.any()
