import dataclasses
import itertools
import os
from pathlib import Path

import numpy as np
import pytest

from qc.check import Block, VariableTraits
from qc.checks import spike as module
from qc.checks.spike import SpikeParams, defaults, spike
from qc.checks.step import defaults as step_defaults
from qc.checks.stuck_noisy import defaults as stuck_defaults
from tests.qc.records import SECOND, regular, sea, troubled

GAPS = Path(os.environ.get("LANDER_GAPS", Path(__file__).parents[2] / ".." / "shared" / "gapfill" / "gaps.json")).parent
CNV = Path(os.environ.get("LANDER_CORPUS", Path(__file__).parents[2] / ".." / "shared" / "corpus")) / "sbe_cnv"
PARAMS = SpikeParams(largest_gap=50.0, suspect=0.005, fail=0.01)


def judge(value, time=None, params=PARAMS):
    value = np.asarray(value, dtype=float)
    return spike(Block(regular(value.size) if time is None else time, value), params)


def test_the_sorting_network_sorts_every_input_of_zeros_and_ones():
    for bits in itertools.product((0.0, 1.0), repeat=7):
        assert list(module._sorted_seven(np.array(bits), 0, 1)) == sorted(bits)


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("sign", [-1, 1])
def test_spikes_of_one_to_three_samples_are_found_and_their_neighbours_are_not(width, sign):
    value = sea(1000, noise=0.001)
    at = np.arange(60, 940, 40)
    for k in range(width):
        value[at + k] += sign * 0.1
    outcomes = judge(value)
    hit = np.zeros(1000, bool)
    for k in range(width):
        hit[at + k] = True
    assert (outcomes[hit] == 3).all()
    assert (outcomes[~hit][3:-3] == 1).all()


@pytest.mark.parametrize("shape", ["step", "ramp", "plume", "sawtooth"])
def test_steps_ramps_and_slow_events_are_no_spikes(shape):
    value = sea(1000, noise=0.001)
    after = np.arange(1000) - 500
    value += {
        "step": np.where(after > 0, 2.0, 0.0),
        "ramp": np.clip(after * 0.2, 0, 2.0),
        "plume": np.where(after > 0, 3.0 * (1 - np.exp(-after / 8)) * np.exp(-after / 60), 0.0),
        "sawtooth": (after % 40) * 0.05,
    }[shape]
    assert (judge(value)[3:-3] == 1).all()


def test_nan_and_infinities_are_left_out_as_if_never_sampled():
    value = sea(400)
    value[200] += 1.0
    full = judge(value)
    holes = np.insert(value, [100, 200, 201, 300], [np.nan, np.inf, -np.inf, np.nan])
    time = np.insert(regular(400), [100, 200, 201, 300], regular(400)[[100, 200, 201, 300]])
    outcomes = judge(holes, time)
    assert (outcomes[~np.isfinite(holes)] == 0).all()
    assert (outcomes[np.isfinite(holes)] == full).all()


def test_samples_across_a_gap_are_no_neighbours():
    value = sea(200, noise=0.001)
    value[100:] += 5
    time = regular(200)
    value[98] += 1.0
    assert judge(value, time)[98] == 3
    time[100:] += 51 * SECOND
    outcomes = judge(value, time)
    assert (outcomes[[0, 1, 2, 97, 98, 99, 100, 101, 102, 197, 198, 199]] == 0).all(), "ends are not run"
    assert (judge(value[:100], time[:100]) == outcomes[:100]).all()
    assert (judge(value[100:], time[100:]) == outcomes[100:]).all()


def test_bursts_too_short_to_tell_are_not_run_and_short_ones_are_judged():
    value = np.tile(sea(14), 10)
    time = np.concatenate([regular(14) + k * 3600 * SECOND for k in range(10)])
    assert (judge(value, time) == 0).all()
    value = sea(20, noise=0.001)
    value[10] += 0.5
    assert judge(value).tolist() == [0] * 3 + [1] * 7 + [3] + [1] * 6 + [0] * 3


def test_duplicates_in_time_and_jitter_change_nothing():
    value = sea(300)
    value[150] += 1
    time = regular(300)
    jittered = time + np.random.default_rng(0).integers(-4000, 4000, 300)
    jittered[100] = jittered[99]
    assert (judge(value, time) == judge(value, jittered)).all()


def test_fixed_thresholds_alone_are_those_of_the_units():
    params = SpikeParams(largest_gap=50.0, suspect=0.5, fail=2.0, suspect_scale=0, fail_scale=0, spread=0)
    value = np.zeros(100)
    value[[20, 40, 60]] = 0.5, 0.6, 2.1
    outcomes = judge(value, params=params)
    assert outcomes[[20, 40, 60]].tolist() == [1, 2, 3]
    assert np.count_nonzero(outcomes == 1) == 92


@pytest.mark.parametrize("white_scale", [0.0, 4.5])
def test_against_a_plain_calculation(white_scale):
    params = dataclasses.replace(PARAMS, white_scale=white_scale)
    time, value, _ = troubled(3000, seed=5)
    assert (judge(value, time, params) == plain(time, value, params)).all()
    noise = np.random.default_rng(5).normal(0, 0.01, 3000)
    noise[40::97] += 0.06
    found = judge(noise, params=params)
    assert (found == plain(regular(3000), noise, params)).all()
    assert ((found == judge(noise)).all()) == (white_scale == 0.0), "in white noise it makes a difference"


def plain(time, value, params):
    outcomes = np.zeros(value.size, np.uint8)
    kept = np.flatnonzero(np.isfinite(value))
    apart = np.flatnonzero(np.diff(time[kept]) > params.largest_gap * 1e6) + 1
    for part in np.split(kept, apart):
        x = value[part]
        if x.size < 15:
            continue
        differences = np.abs(x[2:] - 2 * x[1:-1] + x[:-2])  # of samples 1 to size - 2
        for i in range(3, x.size - 3):
            around = np.sort(x[i - 3 : i + 4])
            if x.size < 51:
                scale = np.median(differences) / 1.652
            else:
                centre = min(max(i, 25), x.size - 26)
                largest = [differences[centre + 7 * k - 4 : centre + 7 * k + 3].max() for k in range(-3, 4)]
                scale = sorted(largest)[2] / 3.324
            deviation = abs(x[i] - around[3])
            narrow = params.spread * (around[3:] - around[:4]).min()
            suspect = deviation > max(params.suspect, params.suspect_scale * scale, narrow)
            fail = suspect and deviation > max(params.fail, params.fail_scale * scale)
            near = params.white_scale and x.size >= 101 and deviation > max(params.suspect, 3.2 * scale)
            if near and not fail and 9 <= i < x.size - 9 and (white := in_white_noise(x, i, scale, params)):
                suspect, fail = True, white == "fail"
            outcomes[part[i]] = 1 + suspect + fail
    return outcomes


def in_white_noise(x, i, scale, params):
    first = min(max(i - 50, 0), x.size - 101)
    around = x[first : first + 101]
    deviation = abs(x[i] - np.median([(x[i - k] + x[i + k]) / 2 for k in range(1, 10)]))
    near, far = (np.median(np.abs(around[2 * k :] - 2 * around[k:-k] + around[: -2 * k])) for k in (1, 4))
    noise = near / 1.652
    if far > 1.5 * near or deviation <= max(params.suspect, 3.6 * scale, params.white_scale * noise):
        return ""
    return "fail" if deviation > params.white_fail_scale * noise else "suspect"


@pytest.mark.parametrize("width", [1, 2, 3])
def test_spikes_of_eight_sigma_in_white_noise_are_found_whatever_their_width(width):
    value = np.random.default_rng(width).normal(0, 1, 400_000)
    at = np.arange(60, 399_900, 211)
    hit = np.zeros(value.size, bool)
    for k in range(width):
        value[at + k] += np.where(at % 2, 8, -8)
        hit[at + k] = True
    flagged = judge(value, params=defaults("x", VariableTraits(sampling_seconds=10.0))) > 1
    assert np.mean(flagged[hit]) >= 0.98
    assert np.mean(flagged[~hit]) < 1e-3


@pytest.mark.parametrize("width", [1, 2, 3])
def test_spikes_on_the_steep_side_of_a_plume_are_found_and_the_plume_is_left_alone(width):
    after = np.arange(6000) - 3000
    plume = np.where(after > 0, 3000 * (1 - np.exp(-after / 60)) * np.exp(-after / 600), 0.0)
    value = 60 + np.random.default_rng(width).normal(0, 1.5, 6000) + plume
    params = defaults("x", VariableTraits(sampling_seconds=10.0))
    assert np.mean(judge(value, params=params) > 1) < 2e-3
    at = np.arange(3110, 3400, 60)
    hit = np.isin(np.arange(6000), (at[:, None] + np.arange(width)).ravel())
    outcomes = judge(value + 30 * hit, params=params)
    assert np.mean(outcomes[hit] == 3) > 0.9
    assert np.mean(outcomes[~hit] > 1) < 2e-3
    assert np.mean(judge(value + 30 * hit, params=dataclasses.replace(params, white_scale=0.0))[hit] > 1) < 0.9


@pytest.mark.parametrize(
    ("variable", "seconds", "scales"),
    [("temperature", 299.0, (4.5, 4.5)), ("temperature", 300.0, (5.7, 0.0)), ("pressure", 600.0, (4.5, 4.5)),
     ("pressure", 601.0, (5.7, 0.0)), ("temperature", 3600.0, (5.7, 0.0))],
)  # fmt: skip
def test_in_a_slow_record_the_sea_is_the_noise(variable, seconds, scales):
    traits = VariableTraits(sampling_seconds=seconds)
    params = defaults(variable, traits)
    assert (params.suspect_scale, params.white_scale) == scales
    of_noise = scales[1] > 0
    assert step_defaults(variable, traits).noise == (15.0 if of_noise else 30.0 if seconds >= 900 else 45.0)
    assert stuck_defaults(variable, traits).quiet == (0.65 if of_noise else 0.06)
    later = VariableTraits(sampling_seconds=3601.0)
    assert step_defaults(variable, later) is stuck_defaults(variable, later) is None


def test_single_spikes_of_ten_sigma_in_white_noise_are_found_and_noise_is_not():
    rng = np.random.default_rng(11)
    value = rng.normal(0, 1, 200_000)
    params = defaults("x", VariableTraits(sampling_seconds=10.0))
    assert np.mean(judge(value, params=params) > 1) < 1e-3
    at = np.arange(60, 199_900, 211)
    value[at] += 10
    assert np.mean(judge(value, params=params)[at] > 1) > 0.99


def test_a_series_in_steps_of_the_resolution_has_no_spikes():
    slow = 1130 + np.cumsum(np.random.default_rng(2).normal(0, 0.01, 20_000))
    coarse = np.round(slow, 1)
    params = defaults("pressure", VariableTraits(sampling_seconds=10.0, resolution=0.1))
    assert np.mean(judge(coarse, params=params) > 1) == 0


@pytest.mark.skipif(not GAPS.is_dir(), reason="../shared/gapfill is not there: real clean series")
@pytest.mark.parametrize(("variable", "resolution"), [("TEMP", 1e-4), ("PRES", 0.1)])
def test_at_most_one_percent_of_real_clean_series_is_flagged(variable, resolution):
    import netCDF4

    for path in sorted(GAPS.glob("*.nc")):
        with netCDF4.Dataset(path) as file:
            value = np.asarray(file[variable][:], dtype=float).ravel()
        params = defaults(variable, VariableTraits(sampling_seconds=1800.0, resolution=resolution))
        outcomes = judge(value, regular(value.size, 1800.0), params)
        assert np.mean(outcomes > 1) <= 0.01, path.name
        assert np.mean(outcomes > 0) > 0.999, path.name


@pytest.mark.skipif(not CNV.is_dir(), reason="../shared/corpus/sbe_cnv is not there: quantised pressure")
def test_a_real_quantised_pressure_has_at_most_one_percent_of_spikes():
    lines = (CNV / "6123_data.cnv").read_text(errors="replace").split("*END*")[1].split("\n")
    pressure = np.array([float(line.split()[2]) for line in lines if line.strip()])
    assert pressure.size == 11624
    params = defaults("pressure", VariableTraits(sampling_seconds=3600.0, resolution=2e-3))
    assert np.mean(judge(pressure, regular(pressure.size, 3600.0), params) > 1) <= 0.01


@pytest.mark.parametrize(
    "wrong", [{"largest_gap": 0.0}, {"suspect": 2.0, "fail": 1.0}, {"spread": -1.0}, {"suspect_scale": 99.0},
              {"white_scale": -1.0}]
)
def test_parameters_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        dataclasses.replace(PARAMS, **wrong)
