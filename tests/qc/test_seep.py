"""Faults told from what comes out of a seep: stuck with noise, steps, saturation, events."""

import dataclasses

import numpy as np
import pytest

from qc.cells import surroundings
from qc.check import Block, VariableTraits
from qc.checks.event import EventParams, event
from qc.checks.event import defaults as event_defaults
from qc.checks.saturation import SaturationParams, saturation
from qc.checks.step import StepParams, step
from qc.checks.step import defaults as step_defaults
from qc.checks.stuck_noisy import StuckNoisyParams, stuck_noisy
from qc.checks.stuck_noisy import defaults as stuck_defaults
from qc.events import Event, EventRule, Seen, event_ids, find_events, keep_confirmed
from qc.sampling import cells_for
from tests.qc.records import SECOND, regular, sea

STUCK = StuckNoisyParams(largest_gap=50.0)
STEP = StepParams(largest_gap=50.0)
EVENT = EventParams(response_seconds=600.0, largest_gap=50.0)


def block(value, time=None):
    return Block(regular(len(value)) if time is None else time, np.asarray(value, float))


def methane(n=20_000, seed=0):
    return 60 + np.random.default_rng(seed).normal(0, 1.5, n)


def plume(n, at, amplitude, rise=90, decay=540):
    """A plume through a sensor of 600 s at 10 s."""
    after = np.arange(n) - at
    shape = np.where(after < 0, 0, np.where(after < rise, after / rise, np.exp(-(after - rise) / decay)))
    seen, now = np.empty(n), 0.0
    for i in range(n):
        now += (amplitude * shape[i] - now) * (1 - np.exp(-10 / 600))
        seen[i] = now
    return seen


@pytest.mark.parametrize("length", [10, 30, 2000])
@pytest.mark.parametrize("bits", [0, 1])
def test_stuck_runs_are_found_with_and_without_noise_in_the_last_bit(length, bits):
    rng = np.random.default_rng(length)
    value = np.round(sea(20_000, noise=0.004), 3)
    value[9000 : 9000 + length] = value[9000] + bits * 0.001 * rng.integers(-1, 2, length)
    outcomes = stuck_noisy(block(value), STUCK)
    assert (outcomes[9000 : 9000 + length] >= 2).all()
    assert (outcomes[9000 : 9000 + length] == (3 if length >= 30 else 2)).all()
    outside = np.delete(outcomes, slice(8960, 9040 + length))
    assert np.mean(outside > 1) < 1e-3
    assert (outcomes >= 1).all()


def test_a_sensor_as_coarse_as_its_noise_is_left_to_the_flat_line():
    value = np.round(sea(20_000, noise=0.004), 2)
    assert (stuck_noisy(block(value), STUCK) == 1).all()


def test_a_gap_or_a_missing_value_ends_a_stuck_run():
    value = sea(20_000)
    value[9000:9016] = value[9000]
    value[9008] = np.nan
    outcomes = stuck_noisy(block(value), STUCK)
    assert (outcomes[9000:9016] <= 1).all()
    assert outcomes[9008] == 0


@pytest.mark.parametrize("size", [0.1, -0.5])
def test_steps_are_found_and_spikes_and_plumes_are_none(size):
    value = sea(20_000, noise=0.004)
    assert (step(block(value), STEP)[7:-7] == 1).all()
    with_spikes = value.copy()
    for width in (1, 2, 3):
        with_spikes[3000 * width : 3000 * width + width] += size
    assert (step(block(with_spikes), STEP)[7:-7] == 1).all()
    with_plume = value + size * plume(20_000, 8000, 1.0, rise=9, decay=50)
    assert (step(block(with_plume), STEP)[7:-7] == 1).all()
    stepped = value.copy()
    stepped[8000:] += size
    outcomes = step(block(stepped), STEP)
    assert np.flatnonzero(outcomes == 2).tolist() == list(range(8000, 8007))
    assert (outcomes[:7] == 0).all()


def test_levels_on_two_sides_of_a_gap_are_no_step():
    value, time = sea(2000), regular(2000)
    value[1000:] += 1
    time[1000:] += 60 * SECOND
    outcomes = step(block(value, time), STEP)
    assert not (outcomes == 2).any()
    assert (outcomes[995:1006] == 0).all()


def test_saturation_at_either_end():
    params = SaturationParams(low=0.0, high=25.0, tolerance=0.01)
    assert saturation(block([0.0, 0.02, 24.995, 30.0, np.nan, np.inf]), params).tolist() == [3, 1, 3, 3, 0, 3]


def test_a_plume_of_one_slow_sensor_is_kept_and_a_spike_in_it_is_not():
    value = methane() + plume(20_000, 8000, 2000)
    assert (event(block(value), EVENT) == 1).all()
    spiked = value.copy()
    spiked[8300:8305] += 300
    outcomes = event(block(spiked), EVENT)
    assert (outcomes[8300:8305] == 2).all()
    assert np.mean(np.delete(outcomes, slice(8250, 8350)) == 1) == 1


def test_an_offset_that_fades_faster_than_the_sensor_can_is_a_fault():
    value = methane()
    value[8000:8030] += 60 * (1 - np.arange(30) / 30)
    outcomes = event(block(value), EVENT)
    assert np.mean(outcomes[8000:8020] == 2) > 0.9
    assert np.mean(np.delete(outcomes, slice(8000, 8030)) == 1) == 1


def test_what_was_high_for_longer_than_can_be_seen_is_a_step_and_no_event():
    value = methane()
    value[8000:9000] += 500
    assert (event(block(value), EVENT) == 1).all()


def test_defaults_hang_on_sampling_and_response():
    known = VariableTraits(sampling_seconds=10.0, response_seconds=25.0, resolution=0.01)
    assert event_defaults("x", known).response_seconds == 25.0
    assert event_defaults("x", dataclasses.replace(known, response_seconds=3.0)) is None
    assert step_defaults("x", known).smallest == pytest.approx(0.1)
    for rule in (event_defaults, step_defaults, stuck_defaults):
        assert rule("x", VariableTraits()) is None
    daily = VariableTraits(sampling_seconds=86_400.0, response_seconds=86_400.0)
    assert stuck_defaults("x", daily) is step_defaults("x", daily) is event_defaults("x", daily) is None
    assert cells_for(10.0, 24) == (3600.0, 24)
    assert cells_for(600.0, 24) == (12_000.0, 24)
    assert cells_for(601.0, 24) is None


@pytest.mark.parametrize("minutes", [5, 10, 30])
def test_in_a_slow_record_a_stuck_sensor_and_a_step_are_found_and_the_tide_is_none(minutes):
    seconds = 60.0 * minutes
    time = regular(4000, seconds)
    hours = (time - time[0]) / 3.6e9
    noise = np.random.default_rng(minutes).normal(0, 0.002, time.size)
    value = 4 + 0.05 * np.sin(hours * 2 * np.pi / 12.42) + 0.2 * np.sin(hours * 2 * np.pi / 300) + noise
    traits = VariableTraits(sampling_seconds=seconds, resolution=1e-4)
    stuck, stepped = stuck_defaults("temperature", traits), step_defaults("temperature", traits)
    sound = Block(time, value)
    assert (stuck_noisy(sound, stuck) <= 1).all()
    assert (step(sound, stepped) <= 1).all()
    value = value.copy()
    value[1000:1020] = value[1000] + 1e-4 * np.random.default_rng(0).integers(-1, 1, 20)
    value[3000:] += 1.0
    faulty = Block(time, value)
    assert (stuck_noisy(faulty, stuck)[1000:1020] > 1).all()
    assert (step(faulty, stepped)[3000:3007] == 2).all()


def test_surroundings_are_those_of_a_plain_calculation():
    rng = np.random.default_rng(4)
    time = np.sort(rng.integers(0, 40 * 3600, 4000)) * SECOND
    value = np.where(rng.random(4000) < 0.1, np.nan, np.round(rng.normal(size=4000), 1))
    found = surroundings(time, value, 3600.0, 3)
    hour = time // (3600 * SECOND)
    medians = {h: np.nanmedian(value[hour == h]) for h in np.unique(hour)}
    for i in range(0, 4000, 97):
        near = [medians[h] for h in medians if abs(h - hour[i]) <= 3]
        assert found.level[i] == np.median(near)
        assert found.spread[i] == pytest.approx(1.4826 * np.median(np.abs(near - np.median(near))))
    assert found.noise[2000] == pytest.approx(1.0, abs=0.25)


def seen(value, response):
    return Seen(regular(value.size), value, response)


def test_events_have_ids_and_are_confirmed_by_a_second_sensor_within_three_response_times():
    n = 40_000
    turbidity = 0.15 + np.random.default_rng(1).normal(0, 0.01, n)
    turbidity[9_950:10_400] += 3.0
    value = methane(n) + plume(n, 10_000, 2000) + plume(n, 30_000, 900)
    events = find_events({"methane": seen(value, 600.0), "turbidity": seen(turbidity, 1.0)})
    assert [one.number for one in events] == [1, 2]
    assert [one.confirmed for one in events] == [True, False]
    assert events[0].variables == ("turbidity", "methane")
    ids = event_ids(regular(n), events)
    assert set(ids[10_100:10_500]) == {1}
    assert set(ids[30_100:30_500]) == {2}
    assert np.mean(ids > 0) < 0.2
    assert find_events({"methane": seen(methane(n), 600.0), "none": seen(np.full(n, np.nan), 1.0)}) == ()


def test_suspect_inside_a_confirmed_event_is_probably_good_and_bad_stays_bad():
    events = [Event(1, int(2e6), int(3e6), ("a", "b")), Event(2, int(5e6), int(5e6), ("a",))]
    flags = np.array([3, 3, 4, 3, 3, 3], np.int8)
    time = np.arange(1, 7) * SECOND
    kept = keep_confirmed(flags, time, events)
    assert kept.tolist() == [3, 2, 4, 3, 3, 3]
    assert flags.tolist() == [3, 3, 4, 3, 3, 3]
    assert keep_confirmed(np.stack([flags, flags], 1), time, events)[1].tolist() == [2, 2]


def test_short_blips_are_no_events():
    value = methane()
    value[5000:5003] += 500
    assert find_events({"methane": seen(value, 600.0)}, EventRule()) == ()


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        (STUCK, {"fewest": 2}), (STUCK, {"fail_samples": 5}), (STUCK, {"largest_gap": 0.0}), (STEP, {"noise": 0.0}),
        (STEP, {"largest_gap": -1.0}), (EVENT, {"margin": 0.5}), (EVENT, {"response_seconds": 0.0}),
        (SaturationParams(low=0.0), {"high": -1.0}),
    ],
)  # fmt: skip
def test_parameters_that_make_no_sense_are_refused(params, wrong):
    with pytest.raises(ValueError, match=r"expected|above 0|noise"):
        dataclasses.replace(params, **wrong)
