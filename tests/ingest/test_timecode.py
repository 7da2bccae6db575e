"""Instrument clocks against Python's own calendar."""

from datetime import datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.timecode import from_fields, from_seconds, microseconds


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)), min_size=1, max_size=20))
def test_fields_of_true_times(times):
    fields = [[getattr(time, name) for time in times] for name in ("year", "month", "day", "hour", "minute", "second")]
    got, valid = from_fields(tuple(fields[:3]), tuple(fields[3:]), [time.microsecond for time in times])
    assert valid.all()
    assert got.dtype == np.dtype("datetime64[us]")
    assert got.tolist() == times


@settings(deadline=None)  # the first call compiles
@given(*(st.integers(low, high) for low, high in ((1999, 2001), (-1, 14), (-1, 33), (-1, 25), (-1, 61), (-1, 62))))
def test_fields_that_are_no_time(year, month, day, hour, minute, second):
    try:
        expected = datetime(year, month, day, hour, minute, second)
    except ValueError:
        expected = None
    got, valid = from_fields(([year], [month], [day]), ([hour], [minute], [second]))
    assert valid.tolist() == [expected is not None]
    assert got.tolist() == [expected or datetime(1970, 1, 1)]


def test_february_and_second_60():
    assert from_fields(([2016, 2015, 1900, 2000], [2] * 4, [29] * 4), ([0] * 4,) * 3)[1].tolist() == [1, 0, 0, 1]
    late = (([2016], [12], [31]), ([23], [59], [60]), [500_000])
    assert not from_fields(*late)[1].any()
    time, valid = from_fields(*late, second_60=True)
    assert (valid.all(), time[0]) == (True, np.datetime64("2017-01-01T00:00:00.500000"))
    assert not from_fields(([2016], [12], [31]), ([23], [59], [58]), [1_000_000])[1].any()


def test_seconds_since_an_epoch():
    seconds = np.array([0, 563_565_861, 2**32 - 1], dtype=np.uint32)
    expected = [datetime(2000, 1, 1) + timedelta(seconds=int(one)) for one in seconds]
    assert from_seconds(seconds, "2000-01-01").tolist() == expected


@settings(deadline=None)  # the first call compiles
@given(
    st.tuples(st.integers(-1, 10_001), st.integers(-1, 14), st.integers(-1, 33)),
    st.tuples(st.integers(-1, 25), st.integers(-1, 61), st.integers(-1, 62)),
    st.integers(-1, 1_000_001),
    st.booleans(),
)
def test_one_moment_is_as_many(date, clock, fraction, second_60):
    time, valid = from_fields(*((tuple([part] for part in parts)) for parts in (date, clock)), [fraction],
                              second_60=second_60)  # fmt: skip
    one = microseconds(date, clock, fraction, last=60 if second_60 else 59)
    assert (one is not None) == valid[0]
    assert (one or 0) == time[0].astype(np.int64)
