"""Series over months and deployments, lazily; filled values; products against brute force."""

import numpy as np
import pytest
import xarray as xr

import lander
from lander import store
from lander.errors import LanderError
from lander.inventory import AmbiguousVariableError
from tests.lander.simulated import change, copy, run

HOUR, MINUTE = 3_600_000_000, 60_000_000


def us(times) -> np.ndarray:
    return np.asarray(times).astype("datetime64[us]").astype(np.int64)


@pytest.fixture(scope="module")
def whole(archive) -> xr.Dataset:
    """Temperature of both deployments, read, with an ordinary index."""
    return archive.series("temperature").load().drop_indexes("time").set_xindex("time")


def same(lazy: xr.Dataset, expected: xr.Dataset) -> None:
    assert np.array_equal(us(lazy["time"].values), us(expected["time"].values))
    for name in expected.data_vars:
        np.testing.assert_array_equal(lazy[name].values, expected[name].values)


def test_a_series_runs_over_months_and_deployments_in_time_order(archive, whole):
    assert whole.attrs["deployments"] == ["one", "two"]
    assert whole["temperature"].attrs["units"] == "degree_Celsius"
    assert (np.diff(us(whole["time"])) > 0).all()
    # An hour is missing from the first deployment, 4 days at 60 s; the second is 2 days at 120 s.
    assert whole.sizes["time"] == pytest.approx(4 * 1440 - 60 + 2 * 720, abs=3)
    numbers = whole["deployment"].values
    assert np.array_equal(numbers == 1, us(whole["time"]) >= us(np.datetime64("2016-10-09")))
    assert set(np.unique(whole["temperature_qc"])) >= {1, 4}
    assert archive.series("temperature").sizes == whole.sizes


SLICES = [
    ("2016-09-30", "2016-10-01"),
    ("2016-09-30T23:59:00", "2016-10-01T00:00:30"),
    ("2016-10-01T00:00:00", None),
    (None, "2016-09"),
    ("2016-10", "2016-10"),
    ("2016-10-02T12", "2016-10-10T18"),
    ("2016-10-04", "2016-10-08"),
    ("2015", "2015-12"),
    ("2017", None),
    (None, None),
    (np.datetime64("2016-09-29T12:00:00"), np.datetime64("2016-10-01T12:00:00")),
    ("2016-10-02", "2016-10-01"),
]


@pytest.mark.parametrize(("start", "end"), SLICES)
def test_a_slice_of_time_takes_what_pandas_takes(archive, whole, start, end):
    expected = whole.sel(time=slice(start, end))
    same(archive.series("temperature").sel(time=slice(start, end)).load(), expected)
    same(archive.series("temperature", start=start, end=end).load(), expected)


@pytest.mark.parametrize(("start", "end"), [("2016-10-01T00:00:00", "2016-10-01T00:05:00"), ("2016-10-01T00:00:00Z",
    "2016-10-01T00:05:00.400Z"), ("2016-09-30T23:59:00.4", "2016-10-01T00:05:00.40")])  # fmt: skip
def test_ends_within_a_second_as_in_pandas(archive, start, end):
    whole = archive.series("blue_phase", deployment="one").load().drop_indexes("time").set_xindex("time")
    expected = whole.sel(time=slice(start.removesuffix("Z"), end.removesuffix("Z")))
    assert 4 < expected.sizes["time"] < 9
    same(archive.series("blue_phase", deployment="one", start=start, end=end).load(), expected)


def test_slices_of_slices(archive, whole):
    lazy = archive.series("temperature").sel(time=slice("2016-09-30", "2016-10-11")).isel(time=slice(100, -50))
    expected = whole.sel(time=slice("2016-09-30", "2016-10-11")).isel(time=slice(100, -50))
    same(lazy.load(), expected)
    again = slice("2016-10-01T06:00", "2016-10-10T12:00")
    same(lazy.sel(time=again).load(), expected.sel(time=again))
    same(lazy.isel(time=slice(None, None, 7)).load(), expected.isel(time=slice(None, None, 7)))
    same(lazy.isel(time=[3, 1, 2000]).load(), expected.isel(time=[3, 1, 2000]))


def test_bounds_on_samples_and_beside_them(archive, whole):
    chance = np.random.default_rng(3)
    times = whole["time"].values.astype("datetime64[us]")
    for _ in range(30):
        low, high = np.sort(chance.choice(times, 2)) + chance.integers(-1, 2, 2).astype("timedelta64[us]")
        got = archive.series("temperature").sel(time=slice(low, high))
        assert np.array_equal(us(got["time"].values), us(times[(times >= low) & (times <= high)]))


def test_the_nearest_sample(archive, whole):
    lazy = archive.series("temperature")
    for moment in ("2016-10-01T00:00:29", "2016-10-06", "2010-01-01", "2030-01-01", "2016-09-30T23:59:59.999999"):
        got, expected = (one.sel(time=moment, method="nearest") for one in (lazy, whole))
        assert us(got["time"].values) == us(expected["time"].values)
        assert float(got["temperature"]) == float(expected["temperature"])
    exact = whole["time"].values[1234]
    assert float(lazy.sel(time=exact)["temperature"]) == float(whole["temperature"][1234])
    with pytest.raises(KeyError, match="no sample at 2016-10-06"):
        lazy.sel(time="2016-10-06T00:00:00")
    with pytest.raises(KeyError):
        lazy.sel(time="2016-10-06T00:00:00", method="nearest", tolerance=np.timedelta64(1, "h"))


def test_opening_reads_no_values(seafloor, monkeypatch):
    read, seen = store._read_column, []

    def counted(variable, rows):
        column = read(variable, rows)
        seen.append(column.data.size)
        return column

    monkeypatch.setattr(store, "_read_column", counted)
    series = lander.open(seafloor).series("temperature")
    repr(series)
    assert sum(seen) <= 1, "one value tells type and shape"
    seen.clear()
    day = series.sel(time=slice("2016-10-01T10:00", "2016-10-01T11:00"))
    assert sum(seen) <= 2 * 1440 * 2, "times of at most two months"
    seen.clear()
    assert day["temperature"].load().size == 61
    assert 0 < sum(seen) < 6000, "the chunk of a day or two"


def test_filled_values_are_merged_in_and_marked(archive):
    plain = archive.series("temperature").load()
    filled = archive.series("temperature", filled=True)
    assert (np.diff(us(filled["time"])) > 0).all()
    made = filled["temperature_qc"].values == 8
    assert made.sum() >= 50, "the hour that is missing, and the spikes"
    added = ~np.isin(us(filled["time"]), us(plain["time"]))
    assert made[added].all()
    assert added.sum() >= 50
    assert np.isfinite(filled["temperature"].values[made]).all()
    assert (filled["temperature_uncertainty"].values[made] > 0).all()
    assert np.isnan(filled["temperature_uncertainty"].values[~made]).all()
    # Whatever is not filled is as observed, and what is filled in place of an observation was a bad one.
    place = np.searchsorted(us(plain["time"]), us(filled["time"])[~added])
    kept = ~made[~added]
    np.testing.assert_array_equal(filled["temperature"].values[~added][kept], plain["temperature"].values[place][kept])
    assert np.isin(plain["temperature_qc"].values[place][~kept], (3, 4, 9)).all()
    step = np.diff(us(filled["time"]))[added[1:] & added[:-1]]
    assert set(step) == {60_000_000}


def test_observed_values_stay_in_the_series_without_filling(archive):
    plain = archive.series("temperature").load()
    bad = plain["temperature_qc"].values == 4
    assert bad.any()
    assert np.isfinite(plain["temperature"].values[bad]).all()
    assert not (plain["temperature_qc"] == 8).any()


def test_filling_a_slice_equals_slicing_the_filled(archive):
    whole_filled = archive.series("temperature", filled=True).set_xindex("time")
    span = ("2016-09-30", "2016-10-02")
    part = archive.series("temperature", start=span[0], end=span[1], filled=True)
    same(part, whole_filled.sel(time=slice(us_first(part), us_last(part))))
    empty = archive.series("temperature", start="2019", filled=True)
    assert empty.sizes["time"] == 0


def us_first(dataset):
    return dataset["time"].values[0]


def us_last(dataset):
    return dataset["time"].values[-1]


def test_an_unknown_variable_names_the_nearest(archive):
    with pytest.raises(LanderError, match="did you mean 'temperature'"):
        archive.series("temprature")
    with pytest.raises(LanderError, match=r"there are: .*oxygen_concentration"):
        archive.series("zzzzzz")
    with pytest.raises(LanderError):
        archive.series("temperature", site="elsewhere")
    with pytest.raises(LanderError):
        archive.series("temperature", deployment="three")
    with pytest.raises(LanderError):
        archive.series("temperature", instrument="optode")


def test_two_instruments_without_a_choice_are_an_error(with_profiler, tmp_path):
    archive = lander.open(with_profiler)
    assert archive.series("pressure").attrs["instruments"] == ["ctd (SBE 37-SM 03709999)"], "primary"
    assert archive.series("pressure", instrument="adcp").attrs["instruments"][0].startswith("adcp")
    own = copy(with_profiler, tmp_path / "own")
    change(own / "deployments/three.yaml", lambda one: one.pop("primary"))
    with pytest.raises(AmbiguousVariableError, match=r"pressure is measured by adcp, ctd; name one under `primary:`"):
        lander.open(own).series("pressure")
    outcome = run(own)
    assert not any("L3/hourly/pressure/" in path for path in outcome.current + outcome.built)


def test_profiles_have_their_cells(with_profiler):
    series = lander.open(with_profiler).series("eastward_velocity")
    assert series["eastward_velocity"].dims == ("time", "cell")
    day = series.sel(time="2016-11-03T12:00", method="nearest").load()
    assert day["eastward_velocity"].shape == (series.sizes["cell"],)
    assert np.isfinite(day["eastward_velocity"].values).any()
    with pytest.raises(LanderError, match="more dimensions than time"):
        lander.open(with_profiler).series("eastward_velocity", filled=True)


@pytest.mark.parametrize(("product", "width", "offset"), [("one_minute", MINUTE, 0), ("hourly", HOUR, -HOUR // 2)])
@pytest.mark.parametrize("variable", ["temperature", "oxygen_concentration"])
def test_products_equal_brute_force(archive, product, width, offset, variable):
    series = archive.series(variable).load()
    rows = archive.product(product, variable)
    stamps, value, flags = us(rows["time"]), series[variable].values, series[f"{variable}_qc"].values
    bins = (us(series["time"]) - offset) // width * width
    good = np.isin(flags, (1, 2))
    seen = np.isfinite(value)
    expected = sorted(set(zip(bins[seen], series["deployment"].values[seen], strict=True)))
    assert [stamp for stamp, _ in expected] == list(stamps), "a row for each bin with an observation, and no other"
    assert [["one", "two"][number] for _, number in expected] == list(rows["deployment"].values)
    bounds = us(rows["time_bounds"])
    assert np.array_equal(bounds[:, 0], stamps + offset)
    assert np.array_equal(bounds[:, 1], stamps + offset + width)
    chance = np.random.default_rng(1)
    midnight = int(us(np.datetime64("2016-10-01")))
    chosen = {*chance.integers(0, len(stamps), 200), *np.flatnonzero(abs(stamps - midnight) <= 2 * width)}
    for row in chosen:
        inside = (bins == stamps[row]) & seen
        for prefix, use in (("all", inside), ("good", inside & good)):
            assert rows[f"{prefix}_{variable}_count"].values[row] == use.sum()
            for kind, function in (("min", np.min), ("max", np.max), ("mean", np.mean)):
                got = rows[f"{prefix}_{variable}_{kind}"].values[row]
                if use.any():
                    assert got == pytest.approx(function(value[use]), abs=1e-5)
                else:
                    assert np.isnan(got)
    total = rows[f"all_{variable}_count"].values.sum()
    assert total == seen.sum(), "every observation counts once; filled ones never"
    assert rows[f"good_{variable}_count"].values.sum() == (seen & good).sum()
    if variable == "temperature":
        assert 0 < (seen & good).sum() < total


def test_products_of_a_span(archive):
    rows = archive.product("hourly", "temperature", start="2016-09-30T22:00", end="2016-10-01T02:00")
    hours = [str(time)[:16] for time in rows["time"].values.astype("datetime64[us]")]
    assert hours == ["2016-09-30T22:00", "2016-09-30T23:00", "2016-10-01T00:00", "2016-10-01T01:00", "2016-10-01T02:00"]
    with pytest.raises(LanderError, match="no hourly of 'temperature'"):
        archive.product("hourly", "temperature", start="2020")


def test_the_archive_shows_itself(archive):
    text, html = repr(archive), archive._repr_html_()
    for word in ("one", "two", "ctd", "optode", "sitef"):
        assert word in text
        assert word in html
    assert list(archive.sites) == ["sitef"]
    assert list(archive.deployments) == ["one", "two"]
    assert set(archive.instruments) == {("one", "ctd"), ("one", "optode"), ("two", "ctd"), ("two", "optode")}


def test_who_opened_before_a_run_reads_on_what_was_there(own):
    before = lander.open(own)
    values = before.series("temperature").load()["temperature"].values
    lazy = before.series("temperature")
    text = (own / "raw/one/ctd/sim-one.hex").read_bytes().splitlines(keepends=True)
    at = next(number for number, line in enumerate(text) if line.startswith(b"*END*"))
    (own / "raw/one/ctd/sim-one.hex").write_bytes(b"".join(text[: at + 1] + text[at + 201 :]))
    assert not run(own).failed
    np.testing.assert_array_equal(lazy["temperature"].values, values)
    assert lander.open(own).series("temperature").sizes["time"] == len(values) - 200
