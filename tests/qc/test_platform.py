"""Checks of currents and of the frame they are measured from."""

import dataclasses

import numpy as np
import pytest

from qc.check import Block, discover
from qc.checks.battery import BatteryParams, battery
from qc.checks.clock_step import ClockStepParams, clock_step
from qc.checks.consistency import ConsistencyParams, Term, consistency
from qc.checks.correlation import CorrelationParams, correlation
from qc.checks.disturbance import DisturbanceParams, disturbance
from qc.checks.echo_amplitude import EchoAmplitudeParams, echo_amplitude
from qc.checks.error_velocity import ErrorVelocityParams, error_velocity
from qc.checks.frame_tilt import FrameTiltParams, frame_tilt
from qc.checks.heading_jump import HeadingJumpParams, heading_jump
from qc.checks.percent_good import PercentGoodParams, percent_good
from qc.checks.side_lobe import SideLobeParams, side_lobe
from qc.checks.tilt import TiltParams, tilt
from qc.checks.warm_up import WarmUpParams, warm_up
from qc.engine import judge
from qc.plan import Plan, Planned
from tests.qc.records import SECOND, regular

VELOCITY = np.array([[0.1, 0.2, np.nan]])


def block(value, **inputs):
    value = np.asarray(value, dtype=float)
    return Block(regular(value.shape[0]), value, inputs)


def test_tilt_joins_pitch_and_roll():
    pitch, roll = np.array([0.0, 12.0, 15.0, 19.0, np.nan]), np.array([0.0, 12.0, 15.0, 0.0, 0.0])
    assert tilt(block(np.ones(5), pitch=pitch, roll=roll), TiltParams()).tolist() == [1, 2, 3, 2, 0]


@pytest.mark.parametrize(
    ("check", "params", "source"),
    [
        (echo_amplitude, EchoAmplitudeParams(), "echo_intensity"),
        (correlation, CorrelationParams(suspect=50.0, fail=40.0), "correlation_magnitude"),
    ],
)
def test_as_many_beams_as_asked_must_reach_the_level(check, params, source):
    beams = np.array([[[60, 60, 60, 1], [60, 60, 45, 1], [60, 60, 60, 60]]], float)
    assert check(block(VELOCITY, **{source: beams}), params).tolist() == [[1, 2, 0]]
    beams[0, 1] = [60, 60, 39, np.nan]
    beams[0, 0] = [60, 60, np.nan, np.nan]
    assert check(block(VELOCITY, **{source: beams}), params).tolist() == [[0, 3, 0]]
    assert check(block([0.1], **{source: np.array([45.0])}), params).tolist() == [2]


def test_the_best_column_of_percent_good_counts():
    shares = np.array([[[0, 0, 10, 70], [0, 0, 0, 30], [0, 0, 0, 90]]], float)
    assert percent_good(block(VELOCITY, percent_good=shares), PercentGoodParams()).tolist() == [[1, 2, 0]]


def test_error_velocity_counts_by_its_size():
    given = np.array([[-0.2, 0.31, 0.0]])
    assert error_velocity(block(VELOCITY, error_velocity=given), ErrorVelocityParams()).tolist() == [[2, 3, 0]]
    given = np.array([[np.nan, 0.1, 0.0]])
    assert error_velocity(block(VELOCITY, error_velocity=given), ErrorVelocityParams()).tolist() == [[0, 1, 0]]


def test_cells_beyond_the_side_lobe_fail():
    params = SideLobeParams(boundary_metres=100.0, first_cell_metres=5.0, cell_metres=4.0)
    outcomes = side_lobe(block(np.zeros((2, 25))), params)
    # 94.0 m are clean: the cell with its middle at 89 m reaches to 91 m, the next one to 95 m.
    assert (outcomes == np.where(5.0 + 4.0 * np.arange(25) + 2.0 <= 93.97, 1, 3)).all()
    assert outcomes[0].tolist() == [1] * 22 + [3] * 3
    assert side_lobe(block(np.zeros((2, 25, 4))), params).shape == (2, 25, 4)


def test_profile_checks_run_through_the_engine_for_velocities_of_cells():
    names = ("echo_amplitude", "error_velocity")
    checks = [discover()[name] for name in names]
    plan = Plan({"u": tuple(Planned(one.name, one.slot, one.params(), True) for one in checks)})
    variables = {
        "u": np.zeros((3, 2)),
        "echo_intensity": np.full((3, 2, 4), 60.0),
        "error_velocity": np.array([[0.0, 0.0], [0.5, 0.0], [0.0, 0.2]]),
    }
    assert judge(regular(3), variables, plan)["u"].flags.tolist() == [[1, 1], [4, 1], [1, 3]]


def test_disturbed_samples_are_suspect_until_the_water_has_cleared():
    start, end = (str(moment) for moment in regular(20).astype("datetime64[us]")[[5, 8]])
    params = DisturbanceParams(intervals=((start, end),), after_seconds=15.0)
    assert np.flatnonzero(disturbance(block(np.ones(20)), params) == 2).tolist() == [5, 6, 7, 8, 9]
    failing = dataclasses.replace(params, fails=True)
    assert disturbance(block(np.ones(20)), failing)[5] == 3


def test_a_turned_frame_is_seen_across_north_and_puts_its_sensors_in_doubt():
    heading = np.random.default_rng(0).normal(359.9, 0.15, 2000) % 360
    params = HeadingJumpParams(largest_gap=50.0)
    assert (heading_jump(block(heading), params)[7:-7] == 1).all()
    turned = heading.copy()
    turned[1000:] = (turned[1000:] + 12) % 360
    assert np.flatnonzero(heading_jump(block(turned), params) == 2).tolist() == list(range(1000, 1007))
    beside = dataclasses.replace(params, source="heading")
    assert np.flatnonzero(heading_jump(block(np.ones(2000), heading=turned), beside) == 2).tolist() == list(
        range(1000, 1007)
    )


def test_the_first_samples_of_each_burst_warm_up():
    time = regular(10)
    time[6:] += 3600 * SECOND
    given = Block(time, np.array([1.0] * 7 + [np.nan] + [1.0] * 2), {})
    assert warm_up(given, WarmUpParams(samples=2, burst_gap=60.0)).tolist() == [2, 2, 1, 1, 1, 1, 2, 0, 1, 1]


def test_a_sagging_battery():
    volts = np.array([12.0, 10.5, 9.0, np.nan])
    assert battery(block(np.ones(4), battery_voltage=volts), BatteryParams(11.0, 10.0)).tolist() == [1, 2, 3, 0]


def test_a_clock_that_is_set_is_seen_and_missing_samples_are_not():
    time = regular(8)
    time[3:] += 37 * SECOND
    time[6:] += 50 * SECOND
    given = Block(time, np.ones(8), {})
    assert clock_step(given, ClockStepParams(10.0, 1.0)).tolist() == [0, 1, 1, 2, 1, 1, 1, 1]


def test_oxygen_against_temperature_and_salinity():
    params = ConsistencyParams((Term("t", -14.5), Term("s", 2.0)), suspect=3.0, fail=9.0, constant=84.0)
    t, s = np.array([4.0, 4.0, 4.0, np.nan]), np.array([34.5] * 4)
    assert consistency(block([95.0, 99.0, 80.0, 95.0], t=t, s=s), params).tolist() == [1, 2, 3, 0]


def test_a_frame_that_sinks_in_with_one_foot():
    random = np.random.default_rng(1)
    angles = {name: random.normal(1.0, 0.02, 1000) for name in ("pitch", "roll")}
    params = FrameTiltParams(largest_gap=50.0)
    assert not (frame_tilt(block(np.ones(1000), **angles), params) == 2).any()
    angles["roll"][400:] += 2.0
    assert np.flatnonzero(frame_tilt(block(np.ones(1000), **angles), params) == 2).tolist() == list(range(400, 407))


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        (TiltParams(), {"suspect_degrees": 30.0}), (EchoAmplitudeParams(), {"fail": 60.0}),
        (CorrelationParams(), {"beams": 0}), (ErrorVelocityParams(), {"fail": 0.1}),
        (SideLobeParams(1.0, 1.0, 1.0), {"beam_degrees": 90.0}), (HeadingJumpParams(1.0), {"degrees": 0.0}),
        (WarmUpParams(1, 1.0), {"samples": 0}), (BatteryParams(2.0, 1.0), {"fail_volts": 3.0}),
        (ClockStepParams(10.0, 1.0), {"tolerance_seconds": 5.0}), (FrameTiltParams(1.0), {"degrees": 0.0}),
        (ConsistencyParams((Term("t", 1.0),)), {"terms": ()}),
        (DisturbanceParams(), {"intervals": (("2017-01-02", "2017-01-01"),)}),
    ],
)  # fmt: skip
def test_parameters_that_make_no_sense_are_refused(params, wrong):
    with pytest.raises(ValueError, match="expected"):
        dataclasses.replace(params, **wrong)
