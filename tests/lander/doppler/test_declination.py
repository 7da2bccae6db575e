"""The magnetic declination against test values of the World Magnetic Model, and how it hangs on the date."""

import numpy as np
import pytest

from lander.doppler.declination import declination

DAY = 86_400_000_000


def at(*moments):
    return np.array(moments, dtype="datetime64[us]").astype(np.int64)


# NOAA/NCEI and BGS, test values of WMM2020 and WMM2025 at height 0: date, latitude, longitude, declination.
WORLD_MAGNETIC_MODEL = [
    ("2020-01-01", 80.0, 0.0, -1.28), ("2020-01-01", 0.0, 120.0, 0.16), ("2020-01-01", -80.0, 240.0, 69.36),
    ("2022-07-02", 80.0, 0.0, 0.01), ("2022-07-02", 0.0, 120.0, -0.06), ("2022-07-02", -80.0, 240.0, 69.13),
    ("2025-01-01", 80.0, 0.0, 1.28), ("2025-01-01", 0.0, 120.0, -0.16), ("2025-01-01", -80.0, 240.0, 68.78),
]  # fmt: skip


@pytest.mark.parametrize(("date", "latitude", "longitude", "expected"), WORLD_MAGNETIC_MODEL)
def test_declination_is_that_of_the_world_magnetic_model_within_0_1_degree(date, latitude, longitude, expected):
    # The two models differ by up to 0.09 degrees here: one is a forecast, the other definitive up to 2020.
    assert declination(latitude, longitude, at(date)) == pytest.approx([expected], abs=0.1)


def test_declination_at_site_f_drifts_westward():
    found = declination(22.115, 119.286, at("2016-09-08", "2020-01-01", "2025-01-01"))
    # pygeomag 1.1.0 with the coefficients of WMM2020 and WMM2025 gives -3.728 and -4.043.
    assert found[1:] == pytest.approx([-3.728, -4.043], abs=0.01)
    assert (np.diff(found) < 0).all()


def test_a_moment_has_one_declination_in_whatever_company():
    time = at("2016-01-31T23:59:59.999999", "2016-02-01", "2016-02-29T12:00", "2019-12-31T23:59", "2020-01-01")
    together = declination(22.115, 119.286, time)
    alone = np.concatenate([declination(22.115, 119.286, time[n : n + 1]) for n in range(len(time))])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(declination(22.115, 119.286, time[::-1]), together[::-1])


def test_between_the_first_of_two_months_the_model_itself_is_met():
    import datetime

    import ppigrf

    days = np.arange(at("2024-10-01")[0], at("2025-03-01")[0], 5 * DAY)
    dates = [datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=int(day)) for day in days]
    east, north, _ = ppigrf.igrf(-125.0, 45.0, 0.0, dates)
    expected = np.rad2deg(np.arctan2(east.ravel(), north.ravel()))
    np.testing.assert_allclose(declination(45.0, -125.0, days), expected, atol=1e-4)


@pytest.mark.parametrize("moment", ["1899-12-31", "2030-01-01"])
def test_dates_that_the_model_does_not_cover_are_refused(moment):
    with pytest.raises(ValueError, match="IGRF-14 covers 1900-01-01"):
        declination(0.0, 0.0, at(moment))


def test_the_last_month_of_the_model_and_no_time_at_all_are_fine():
    assert np.isfinite(declination(45.0, -125.0, at("2029-12-31T23:59:59"))).all()
    assert declination(45.0, -125.0, at()).size == 0
