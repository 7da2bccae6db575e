import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

import ingest
from lander import phase
from lander.deployment import Deployment, Position

SHARED = Path(os.environ.get("LANDER_SHARED", Path(__file__).parents[2] / ".." / "shared"))
MICROCAT = SHARED / "corpus/sbe_hex/SBE37SM-RS232_03716125_2017_11_16.hex"

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = int(np.datetime64("2016-09-08", "us").astype(np.int64))


def deployment(days=30.0, **more):
    return Deployment(
        id="d1", site="s", platform="p", start=np.datetime64(START, "us"),
        end=np.datetime64(START + int(days * DAY), "us"), position=Position(22.1, 119.3), instruments=(), **more,
    )  # fmt: skip


def stay(*, days=30.0, step=10.0, depth=1120.0, speed=0.7, tide=1.0, down=2.0, up=None, seed=0):
    """A record from deck to deck: `down` days to the launch, `up` days to the release; and its true moments."""
    seconds = np.arange(0, days * 86400, step)
    launch, release = down * 86400, (days - 1.0 if up is None else up) * 86400
    touchdown, surfaced = launch + depth / speed, release + depth / speed
    ramp = np.interp(seconds, [0, launch, touchdown, release, surfaced, days * 86400], [0, 0, depth, depth, 0, 0])
    on_bottom = (seconds >= touchdown) & (seconds <= release)
    generator = np.random.default_rng(seed)
    wave = tide * np.sin(2 * np.pi * seconds / 44714) + 0.3 * tide * np.sin(2 * np.pi * seconds / 86164)
    pressure = ramp + np.where(ramp > 0, wave * np.minimum(ramp / depth, 1), 0) + generator.normal(0, 0.01, len(ramp))
    assert on_bottom.any()
    truth = {name: START + int(moment * SECOND) for name, moment in
             (("launch", launch), ("touchdown", touchdown), ("release", release), ("surfaced", surfaced))}  # fmt: skip
    return START + (seconds * SECOND).astype(np.int64), pressure, truth


def found(time, pressure, known):
    return phase.find([phase.summarise(time, pressure)], known)


def near(moment, truth, seconds):
    return moment is not None and abs(moment - truth) <= seconds * SECOND


@pytest.mark.parametrize(
    ("step", "depth", "tide", "speed"),
    [(10, 1120, 1.0, 0.7), (1, 1120, 2.0, 0.3), (600, 1120, 2.0, 0.5), (10, 20, 2.0, 0.5), (10, 5, 1.5, 0.5)],
)
def test_a_whole_stay(step, depth, tide, speed):
    time, pressure, truth = stay(days=8, step=step, depth=depth, tide=tide, speed=speed)
    seen = found(time, pressure, deployment(8))
    allowed = 2 * max(60, step)
    assert near(seen.touchdown, truth["touchdown"], allowed)
    assert near(seen.liftoff, truth["release"], allowed)
    assert near(seen.deck_end, truth["launch"], allowed + 60)
    assert near(seen.surfaced, truth["surfaced"], allowed + 60)
    assert abs(seen.touchdown - truth["touchdown"]) <= 2 * seen.uncertainty_seconds * SECOND
    assert seen.source == "pressure: touchdown seen; lift-off seen"
    middle = (truth["launch"] + truth["touchdown"]) // 2
    rising = (truth["release"] + truth["surfaced"]) // 2
    moments = [START - DAY, START, truth["touchdown"] + DAY, truth["surfaced"] + HOUR, START + 90 * DAY]
    assert phase.at(np.array(moments), seen).tolist() == [1, 1, 3, 5, 5]
    if depth / speed > 4 * allowed:
        assert phase.at(np.array([middle, rising]), seen).tolist() == [2, 4]


def test_any_partition_gives_the_same_phase():
    time, pressure, _ = stay(days=6, step=7)
    whole = phase.summarise(time, pressure)
    expected = found(time, pressure, deployment(6))
    for cuts in ([5000], [1, 2, 3], [20_001, 40_003], list(range(0, len(time), 9973))):
        pieces = [phase.summarise(t, p) for t, p in zip(np.split(time, cuts), np.split(pressure, cuts), strict=True)]
        joined = phase.combine(pieces[::-1])
        for name, array in asdict(whole).items():
            np.testing.assert_array_equal(getattr(joined, name), array)
        assert phase.find(pieces[::-1], deployment(6)) == expected


def test_outliers_and_missing_values_change_nothing():
    time, pressure, _ = stay(days=8)
    expected = found(time, pressure, deployment(8))
    generator = np.random.default_rng(5)
    spoilt = pressure.copy()
    hit = generator.choice(len(time), 300, replace=False)
    spoilt[hit[:100]], spoilt[hit[100:200]], spoilt[hit[200:]] = -186.0, 1300.0, np.nan
    seen = found(time, spoilt, deployment(8))
    for name in ("deck_end", "touchdown", "liftoff", "surfaced"):
        assert abs(getattr(seen, name) - getattr(expected, name)) <= MINUTE


def test_a_record_that_begins_on_the_bottom_and_ends_there():
    time, pressure, truth = stay(days=8)
    inside = (time > truth["touchdown"] + DAY) & (time < truth["release"] - DAY)
    seen = found(time[inside], pressure[inside], deployment(8))
    first, last = int(time[inside][0]), int(time[inside][-1])
    assert "from the first sample" in seen.source
    assert "lift-off not seen" in seen.source
    assert seen.liftoff is None
    assert seen.uncertainty_seconds is None
    moments = [START - 1, first - HOUR, first, last, last + HOUR, START + 9 * DAY]
    assert phase.at(np.array(moments), seen).tolist() == [1, 0, 3, 3, 0, 5]


def test_configuration_helps_where_the_record_is_silent_and_only_there():
    time, pressure, truth = stay(days=8)
    known = deployment(
        8,
        touchdown=np.datetime64(truth["touchdown"] + 7 * SECOND, "us"),
        liftoff=np.datetime64(truth["release"] + 7 * SECOND, "us"),
    )
    assert found(time, pressure, known) == found(time, pressure, deployment(8))
    inside = (time > truth["touchdown"] + DAY) & (time < truth["release"] - DAY)
    seen = found(time[inside], pressure[inside], known)
    assert (seen.touchdown, seen.liftoff) == (truth["touchdown"] + 7 * SECOND, truth["release"] + 7 * SECOND)
    assert seen.source.count("configuration") == 2
    moments = [truth["touchdown"], truth["touchdown"] + HOUR, truth["release"] - HOUR, truth["release"] + HOUR]
    assert phase.at(np.array(moments), seen).tolist() == [0, 3, 3, 0]
    without = phase.find([], known)
    assert without.source == "configuration"
    assert phase.at(np.array(moments), without).tolist() == [0, 3, 3, 0]


def test_nothing_known_is_unknown():
    seen = phase.find([], deployment(8))
    assert seen.source.startswith("unknown")
    assert phase.at(np.array([START - 1, START, START + 8 * DAY]), seen).tolist() == [1, 0, 5]
    half = phase.find([], deployment(8, touchdown=np.datetime64(START + DAY, "us")))
    assert "only one" in half.source
    assert phase.at(np.array([START + 2 * DAY]), half).tolist() == [0]


def test_a_record_that_begins_on_the_way_down_and_stops_on_the_way_up():
    time, pressure, truth = stay(days=8)
    inside = (pressure > 400) & (time > START)
    seen = found(time[inside], pressure[inside], deployment(8))
    assert near(seen.touchdown, truth["touchdown"], 120)
    assert near(seen.liftoff, truth["release"], 120)
    assert seen.deck_end is None
    assert seen.surfaced is None
    first, last = int(time[inside][0]), int(time[inside][-1])
    moments = [first - HOUR, first + MINUTE, last - MINUTE, last + HOUR]
    assert phase.at(np.array(moments), seen).tolist() == [0, 2, 4, 0]


@pytest.mark.parametrize("fault", ["zero", "stuck", "deep", "noise"])
def test_a_sensor_that_fails_on_the_bottom_is_no_lift_off(fault):
    time, pressure, truth = stay(days=8)
    failed = time >= START + 4 * DAY
    generator = np.random.default_rng(2)
    wrong = {
        "zero": np.zeros(len(time)),
        "stuck": np.full(len(time), pressure[failed][0]),
        "deep": np.full(len(time), 1600.0),
        "noise": generator.uniform(-190, 3000, len(time)),
    }
    seen = found(time, np.where(failed, wrong[fault], pressure), deployment(8))
    assert near(seen.touchdown, truth["touchdown"], 120)
    assert seen.liftoff is None
    assert "lift-off not seen" in seen.source
    assert phase.at(np.array([START + 4 * DAY - HOUR, START + 5 * DAY]), seen).tolist() == [3, 0]


def test_a_stay_shorter_than_the_wait_on_deck_with_an_offset_of_the_gauge():
    time, pressure, truth = stay(days=20, down=15, up=17)
    assert near(found(time, pressure, deployment(20)).touchdown, truth["touchdown"], 120)
    shifted = found(time, pressure + 4.0, deployment(20, water_depth=1108.0))
    assert near(shifted.touchdown, truth["touchdown"], 120)
    assert near(shifted.liftoff, truth["release"], 120)


def test_being_moved_by_an_rov_is_not_the_end_of_the_stay():
    time, pressure, truth = stay(days=8)
    lifted = (time > START + 4 * DAY) & (time < START + 4 * DAY + HOUR)
    seen = found(time, pressure - np.where(lifted, 15.0, 0.0), deployment(8))
    assert near(seen.touchdown, truth["touchdown"], 120)
    assert near(seen.liftoff, truth["release"], 120)


def test_hanging_just_above_the_bottom_is_not_yet_touchdown():
    # Ten minutes of waiting 2.5 m above the bottom lie within the tide's band; the record shows the landing after it.
    time, pressure, truth = stay(days=8, tide=0.2)
    waiting = (time >= truth["touchdown"]) & (time < truth["touchdown"] + 10 * MINUTE)
    seen = found(time, pressure - np.where(waiting, 2.5, 0.0), deployment(8))
    assert near(seen.touchdown, truth["touchdown"] + 10 * MINUTE, 120)


def test_samples_from_outside_the_deployment_do_not_count():
    time, pressure, _ = stay(days=8)
    expected = found(time, pressure, deployment(8))
    before = np.arange(START - 20 * DAY, START - DAY, MINUTE)
    tank = np.full(len(before), 500.0) + np.sin(np.arange(len(before)))
    assert found(np.append(before, time), np.append(tank, pressure), deployment(8)) == expected


def test_a_wrong_water_depth_is_remarked_on():
    time, pressure, truth = stay(days=8)
    seen = found(time, pressure, deployment(8, water_depth=4000.0))
    assert near(seen.touchdown, truth["touchdown"], 120)
    assert "4000 m" in seen.source


def test_a_phase_survives_json():
    time, pressure, _ = stay(days=8)
    seen = found(time, pressure, deployment(8))
    assert phase.from_mapping(json.loads(json.dumps(asdict(seen)))) == seen


@pytest.mark.skipif(not MICROCAT.exists(), reason="the shared corpus is not there")
def test_the_real_record_that_starts_at_depth_and_whose_pressure_fails():
    # Five days at 17 to 20 dbar, then readings between -186 and +166 dbar to the end: no descent and no ascent.
    stream = next(iter(ingest.decode(MICROCAT).streams.values()))
    time = stream["time"].values.astype("datetime64[us]").astype(np.int64)
    known = replace(deployment(), start=np.datetime64("2017-11-10", "us"), end=np.datetime64("2017-11-17", "us"))
    seen = found(time, stream["pressure"].values.astype(np.float64), known)
    assert "from the first sample" in seen.source
    assert seen.liftoff is None
    assert abs(seen.touchdown - time[0]) <= MINUTE
    fails = int(np.flatnonzero(stream["pressure"].values > 100)[0])
    codes = phase.at(time, seen)
    assert set(codes[: fails - 10].tolist()) == {3}
    assert set(codes[fails + 10 :].tolist()) == {0}
