"""Tides, noise, events and sea water, each against an independent calculation."""

import gsw
import numpy as np
import pytest

from sample_data.events import Pulse
from sample_data.noise import red, uniform, white
from sample_data.seawater import oxygen_factor, oxygen_solubility
from sample_data.site import KNOT_SECONDS, Nature
from sample_data.tides import CONSTITUENTS, tide

START = np.datetime64("2016-09-08T00:00:00", "us")


def _harmonic_fit(hours: np.ndarray, values: np.ndarray) -> dict[str, float]:
    """Amplitudes by least squares on the constituents' published speeds, written here a second time."""
    speeds = {"M2": 28.9841042, "S2": 30.0, "N2": 28.4397295, "K2": 30.0821373,
              "K1": 15.0410686, "O1": 13.9430356, "P1": 14.9589314, "Q1": 13.3986609}  # fmt: skip
    columns = [np.ones_like(hours)]
    for speed in speeds.values():
        columns += [np.cos(np.deg2rad(speed * hours)), np.sin(np.deg2rad(speed * hours))]
    solution = np.linalg.lstsq(np.stack(columns, axis=1), values, rcond=None)[0]
    return {name: float(np.hypot(*solution[1 + 2 * i : 3 + 2 * i])) for i, name in enumerate(speeds)}


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_the_pressure_has_the_stated_tides(scale: float) -> None:
    nature = Nature(3, START, 400 * 86_400.0, scale)
    seconds = np.arange(86_400.0, 399 * 86_400.0, 1800.0)
    found = _harmonic_fit(seconds / 3600, nature.field("pressure", seconds))
    for line in CONSTITUENTS:
        # Red noise of 15 mbar leaves about 1 mm in a line of a year.
        assert found[line.name] == pytest.approx(1.0035 * scale * line.elevation, abs=0.003), line.name


def test_diurnal_tides_dominate() -> None:
    size = {line.name: line.elevation for line in CONSTITUENTS}
    assert size["K1"] + size["O1"] > 1.5 * (size["M2"] + size["S2"])


def test_a_tide_hangs_on_the_date_not_on_the_start() -> None:
    later = START + np.timedelta64(36_000, "s")
    seconds = np.arange(0.0, 90_000.0, 600.0)
    np.testing.assert_allclose(tide(seconds + 36_000, START, "elevation"), tide(seconds, later, "elevation"), atol=1e-9)


def test_knots_do_not_hurt_the_tide() -> None:
    nature = Nature(3, START, 10 * 86_400.0)
    seconds = np.arange(2 * 86_400.0, 8 * 86_400.0, 7.0)
    depth = np.full_like(seconds, gsw.p_from_z(-1119.0, 22.115))
    exact = depth + 1.0035 * tide(seconds, START, "elevation") * (1119 / 1120) ** 4
    noise = nature.residual("pressure", seconds) * (1119 / 1120) ** 4
    assert np.abs(nature.field("pressure", seconds) - exact - noise).max() < 2e-4
    assert KNOT_SECONDS == 60


def test_the_place_is_the_place() -> None:
    nature = Nature(0, START, 60 * 86_400.0)
    seconds = np.arange(nature.phases.descent, nature.phases.seafloor, 600.0)
    ranges = {"temperature": (3.5, 4.3), "salinity": (34.45, 34.56), "oxygen": (84, 101), "pressure": (1127, 1133)}
    for name, (low, high) in ranges.items():
        values = nature.field(name, seconds)
        assert low < values.min() < values.max() < high, name
    deck = np.arange(0.0, nature.phases.deck, 60.0)
    assert (nature.field("pressure", deck) == 0).all()
    assert nature.field("temperature", deck).min() > 25


def test_the_lander_sinks_with_a_metre_a_second() -> None:
    nature = Nature(0, START, 30 * 86_400.0)
    seconds = np.arange(nature.phases.deck + 60, nature.phases.descent - 60)
    np.testing.assert_allclose(np.diff(nature.depth(seconds)), 1.0, rtol=2e-3)


def test_noise_is_the_same_wherever_one_starts() -> None:
    whole = white(7, "a", 0, 200_000)
    np.testing.assert_array_equal(white(7, "a", 65_000, 140_000), whole[65_000:140_000])
    np.testing.assert_array_equal(white(7, "a", 3, 3), whole[3:3])
    wide = white(7, "b", 0, 5000, 40)
    np.testing.assert_array_equal(white(7, "b", 1600, 3300, 40), wide[1600:3300])
    seconds = np.arange(0.0, 4e6, 61.0)
    np.testing.assert_array_equal(red(7, "a", seconds[5000:6000]), red(7, "a", seconds)[5000:6000])


def test_streams_and_seeds_are_independent() -> None:
    for other in (white(7, "b", 0, 65_536), white(8, "a", 0, 65_536)):
        assert abs(np.corrcoef(white(7, "a", 0, 65_536)[:, 0], other[:, 0])[0, 1]) < 0.02
    assert not np.array_equal(uniform(1, "a", 9), uniform(2, "a", 9))


def test_red_noise_has_unit_variance_and_falls_with_the_square_of_frequency() -> None:
    seconds = np.arange(2**17) * 600.0
    runs = [red(seed, "spectrum", seconds) for seed in range(5)]
    assert np.mean([run.var() for run in runs]) == pytest.approx(1.0, abs=0.2)
    power = np.mean([np.abs(np.fft.rfft(run * np.hanning(len(run)))) ** 2 for run in runs], axis=0)
    frequency = np.fft.rfftfreq(len(seconds), 300.0)
    band = (frequency > 1 / 400_000) & (frequency < 1 / 4000)
    edges = np.geomspace(1 / 400_000, 1 / 4000, 12)
    which = np.digitize(frequency[band], edges)
    means = [(np.log(frequency[band][which == i].mean()), np.log(power[band][which == i].mean())) for i in range(1, 12)]
    slope = np.polyfit(*np.transpose(means), 1)[0]
    assert slope == pytest.approx(-2.0, abs=0.25)


def test_oxygen_solubility_and_salinity_factor() -> None:
    # Check value printed by Garcia and Gordon (1992): 274.610 umol/kg at 10 degC and salinity 35.
    temperature, salinity = np.array([10.0]), np.array([35.0])
    per_litre = oxygen_solubility(temperature) * oxygen_factor(salinity, temperature, np.zeros(1))
    density = gsw.rho_t_exact(gsw.SA_from_SP(35.0, 0, 0, 0), 10.0, 0)
    assert per_litre[0] / density * 1000 == pytest.approx(274.610, rel=1.5e-3)
    deep = oxygen_factor(salinity, temperature, np.array([1130.0])) / oxygen_factor(salinity, temperature, np.zeros(1))
    assert deep[0] == pytest.approx(1 + 0.032 * 1.13)


def test_a_slow_sensor_delays_and_lowers_an_event() -> None:
    seconds = np.arange(0.0, 60_000.0, 5.0)
    fast = Pulse(1, 5000.0, 10.0, 900.0, 5400.0).contribution(seconds)
    slow = Pulse(1, 5000.0, 10.0, 900.0, 5400.0, response=1200.0).contribution(seconds)
    assert fast.max() == pytest.approx(10.0, rel=1e-3)
    assert seconds[fast.argmax()] == pytest.approx(5900.0, abs=5)
    assert slow.max() < 0.9 * fast.max()
    assert seconds[slow.argmax()] > 6300.0
    # A first-order sensor loses nothing of the integral.
    assert slow.sum() == pytest.approx(fast.sum(), rel=2e-3)
    # And its reading obeys response * dy/dt = x - y.
    rate = np.gradient(slow, seconds)
    np.testing.assert_allclose(1200.0 * rate, fast - slow, atol=0.03)


def test_a_plateau_begins_and_ends() -> None:
    pulse = Pulse(1, 100.0, 18.0, 720.0, 0.0, plateau=7200.0)
    values = pulse.contribution(np.array([99.0, 100.0 + 3600.0, 100.0 + 7201.0]))
    np.testing.assert_allclose(values, [0.0, 18.0, 0.0], atol=1e-6)
