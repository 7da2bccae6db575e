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


def tidal(seed, share, offset, days=60, onset=25, step_seconds=3600.0):
    """An optode in a tide and slow weather that loses a share of its signal, and an offset, in a month."""
    rng = np.random.default_rng(seed)
    time = regular(int(days * 86_400 / step_seconds), step_seconds)
    day = (time - time[0]) / 86.4e9
    temperature = 4 + 0.1 * np.sin(2 * np.pi * day / 0.5175) + rng.normal(0, 0.002, time.size)
    weather = np.interp(day, np.arange(days), np.cumsum(rng.normal(0, 0.1, days)))
    grown = np.clip((day - onset) / 30, 0, None)
    oxygen = 95 - 14.5 * (temperature - 4) + weather + rng.normal(0, 0.05, time.size)
    return time, oxygen * (1 - share / 100 * grown) - offset * grown, temperature


def test_tides_that_shrink_with_the_level_make_a_drift_surer_and_those_that_do_not_speak_against_it():
    level_alone = BiofoulingParams("temperature", acts_on="offset")
    film, sea = tidal(3, 5.0, 0.0), tidal(3, 0.0, 4.75)
    with_gain, without = found(*film), found(*film, level_alone)
    assert with_gain.uncertainty[-1] < without.uncertainty[-1]
    assert with_gain.percent[-1] == pytest.approx(-5 * 34.5 / 30, abs=3 * with_gain.uncertainty[-1])
    assert with_gain.drifting[-1]
    assert found(*sea, level_alone).drifting[-1]
    assert found(*sea).percent[-1] > 0.5 * found(*sea, level_alone).percent[-1]


def test_where_tides_tell_nothing_the_level_decides():
    time, oxygen, _ = optode(2, -5.0)
    flat = np.full(time.size, 4.0)
    fixed = BiofoulingParams("temperature", slope=0.0)
    assert np.array_equal(
        found(time, oxygen, flat, fixed).percent,
        found(time, oxygen, flat, BiofoulingParams("temperature", slope=0.0, acts_on="offset")).percent,
    )


@pytest.mark.parametrize("hours", [0.5, 2, 6])
def test_any_sampling_up_to_a_few_times_a_day_tells_of_tides(hours):
    result = found(*tidal(3, 5.0, 0.0, step_seconds=3600.0 * hours))
    assert result.detectable
    assert result.drifting[-1]
    assert not found(*tidal(3, 0.0, 0.0, step_seconds=3600.0 * hours)).drifting.any()


def test_an_unknown_direction_asks_for_more():
    both, down = (BiofoulingParams("temperature", percent=0.01, direction=one) for one in ("both", "down"))
    results = [(found(*optode(seed, -0.5), both), found(*optode(seed, -0.5), down)) for seed in range(8)]
    assert all(not (one.drifting & ~other.drifting).any() for one, other in results)
    assert any(one.drifting.sum() < other.drifting.sum() for one, other in results)


def test_parameters_that_make_no_sense_are_refused():
    signs = ({"percent": 0.0}, {"sigmas": -1.0}, {"direction": "left"}, {"acts_on": "both"})
    for wrong in ({"baseline_days": 2}, {"correlation_days": 0.0}, *signs):
        with pytest.raises(ValueError, match="expected"):
            BiofoulingParams("x", **wrong)


def test_a_drift_the_other_way_is_left_alone_where_only_one_is_fouling():
    down, up = (BiofoulingParams("temperature", direction=one) for one in ("down", "up"))
    for percent, finds, leaves in ((-5.0, down, up), (5.0, up, down)):
        assert found(*optode(4, percent), finds).drifting.any()
        assert not found(*optode(4, percent), leaves).drifting.any()
