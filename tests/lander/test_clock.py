from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lander import clock
from lander.deployment import ClockCheck

DAY = 86_400_000_000
NAT = np.iinfo(np.int64).min


def check(instrument: str, utc: str, source: str | None = None) -> ClockCheck:
    return ClockCheck(np.datetime64(instrument), np.datetime64(utc), source)


def us(text: str) -> int:
    return int(np.datetime64(text, "us").astype(np.int64))


def exact(time: int, known: clock.Knots) -> Fraction:
    """Piecewise linear in rational numbers, one sample at a time."""
    instrument, utc = known.instrument.tolist(), known.utc.tolist()
    left = 0
    while left < len(instrument) - 2 and time >= instrument[left + 1]:
        left += 1
    slope = Fraction(utc[left + 1] - utc[left], instrument[left + 1] - instrument[left])
    return utc[left] + (time - instrument[left]) * slope


def test_no_check_leaves_times_alone_and_says_so():
    time = np.array([5, 3, NAT])
    corrected = clock.to_utc(time, [])
    assert corrected.time.tolist() == [5, 3, NAT]
    assert corrected.time_qc.tolist() == [0, 0, 9]
    assert corrected.time is not time


def test_one_check_is_a_constant_offset():
    known = [check("2016-09-08T00:00:10", "2016-09-08T00:00:00.25")]
    time = np.array([us("2016-09-08T00:00:10"), us("2016-10-08T00:00:10"), us("2016-10-09T00:00:11"), NAT])
    corrected = clock.to_utc(time, known)
    assert (corrected.time[:3] - time[:3]).tolist() == [-9_750_000] * 3
    assert corrected.time_qc.tolist() == [2, 2, 3, 9]
    assert corrected.time[3] == NAT


def test_drift_follows_time_not_sample_number():
    # 100 s lost over 100 days: a sample after 50 days is 50 s off, however the samples are spread over the gap.
    checks = [
        check("2017-04-11T00:01:40", "2017-04-11T00:00:00"),
        check("2017-01-01T00:00:00", "2017-01-01T00:00:00"),
    ]
    start, end = us("2017-01-01"), us("2017-04-11T00:01:40")
    time = np.array([start, start + 1000, start + (end - start) // 2, end])
    corrected = clock.to_utc(time, checks)
    assert (corrected.time - time).tolist() == [0, 0, -50_000_000, -100_000_000]
    assert corrected.time_qc.tolist() == [1, 1, 1, 1]


def test_three_checks_and_extrapolation_with_the_nearest_rate():
    checks = [
        check("2017-01-01", "2017-01-01"),
        check("2017-01-11T00:00:10", "2017-01-11T00:00:00"),
        check("2017-01-21T00:00:10", "2017-01-21T00:00:00"),
    ]
    first = us("2017-01-01")
    later = [us("2017-01-16T00:00:10"), us("2017-02-10T00:00:10")]
    time = np.array([first - 10 * DAY - 10_000_000, *later, first - 31 * DAY])
    corrected = clock.to_utc(time, checks)
    assert corrected.time.tolist()[:3] == [first - 10 * DAY, us("2017-01-16"), us("2017-02-10")]
    assert corrected.time_qc.tolist() == [2, 1, 2, 3]


def test_ten_years_to_the_microsecond():
    known = clock.knots([check("2010-01-01", "2010-01-01"), check("2020-01-01T00:10:07.123457", "2020-01-01")])
    generator = np.random.default_rng(1)
    time = np.sort(generator.integers(known.instrument[0] - 400 * DAY, known.instrument[1] + 400 * DAY, 5000))
    corrected = clock.correct(time, known).time
    errors = [abs(Fraction(int(got)) - exact(int(at), known)) for got, at in zip(corrected, time, strict=True)]
    assert max(errors) <= Fraction(501, 1000)
    assert corrected.dtype == np.int64
    assert np.all(np.diff(corrected) >= 0)
    assert np.abs(clock.to_instrument(corrected, known) - time).max() <= 1


def test_knots_are_met_exactly():
    first, second = check("2010-01-01T00:00:00.000001", "2010-01-01"), check("2013-05-05T05", "2013-05-05T05:00:01.7")
    known = clock.knots([first, second])
    assert clock.correct(known.instrument, known).time.tolist() == known.utc.tolist()
    assert clock.to_instrument(known.utc, known).tolist() == known.instrument.tolist()


def test_a_restart_inside_the_record_is_data():
    checks = [check("2017-01-01", "2017-01-01"), check("2017-01-11T00:00:10", "2017-01-11")]
    time = np.array([us("2017-01-09"), us("2017-01-02"), us("2017-01-09")])
    corrected = clock.to_utc(time, checks).time
    assert corrected[0] == corrected[2] > corrected[1]


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (check("2017-01-01", "2017-01-01", "deck"), "twice"),
        (check("2017-01-01", "2017-01-02", "deck"), "two UTC times"),
        (check("2017-01-02", "2017-01-01", "deck"), "backwards"),
        (check("2017-01-03", "2016-12-30", "deck"), "backwards"),
    ],
)
def test_contradictory_checks_name_both(second, words):
    first = check("2017-01-01", "2017-01-01", "before")
    with pytest.raises(clock.ClockError, match=words) as caught:
        clock.knots([second, first])
    assert "(before)" in str(caught.value)
    assert "(deck)" in str(caught.value)


def test_drift_is_positive_for_a_fast_clock():
    known = clock.knots([check("2017-01-01", "2017-01-01"), check("2017-01-11T00:00:08.64", "2017-01-11")])
    assert clock.drift_ppm(known) == pytest.approx([10.0])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 400 * DAY), st.integers(-60_000_000, 60_000_000)), min_size=2, max_size=6),
    st.lists(st.integers(-800 * DAY, 3000 * DAY), min_size=1, max_size=50),
    st.randoms(use_true_random=False),
)
def test_any_checks_in_any_order_are_monotone_and_invertible(steps, times, random):
    instrument, utc, checks = us("2015-01-01"), us("2015-01-01"), []
    for length, drift in steps:
        instrument, utc = instrument + length + 120_000_000, utc + length + 120_000_000 + drift
        checks.append(ClockCheck(np.datetime64(instrument, "us"), np.datetime64(utc, "us")))
    known = clock.knots(checks)
    random.shuffle(checks)
    time = np.sort(np.array(times, dtype=np.int64) + us("2015-01-01"))
    corrected = clock.to_utc(time, checks).time
    assert np.all(np.diff(corrected) >= 0)
    assert corrected.tolist() == clock.correct(time, known).time.tolist()
    # A clock may run at up to twice its rate here, so one microsecond of rounding is up to two on the way back.
    assert np.abs(clock.to_instrument(corrected, known) - time).max() <= 2
