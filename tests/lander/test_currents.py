"""Current meters of all makes through the whole pipeline: velocities over true north, or an error that says why not."""

import shutil
from math import cos, radians, sin

import numpy as np
import pytest

import lander
from lander.errors import LanderError, RequestError
from lander.stages import level1
from lander.stages.parts import Piece
from tests.lander.simulated import change, corpus, make, run

ARCHIVE = """\
title: Current meters that never met
institution: {name: Institute of Oceanology}
people: [{name: Ada Lovelace, role: principal_investigator}]
licence: CC-BY-4.0
sites: [{code: bench, name: A bench}]
"""

DEPLOYMENT = """\
id: real
site: bench
platform: bench
start: 2008-01-01T00:00:00Z
end: 2017-01-01T00:00:00Z
position: {latitude: 22.115, longitude: 119.286}
touchdown: 2008-01-02T00:00:00Z
liftoff: 2016-12-01T00:00:00Z
instruments:
"""

INSTRUMENTS = {
    # The instrument knew a declination of 17 degrees: its headings are over true north.
    "told": ("rdi_pd0/RDI_test01.000", "{bin_mapping: false}"),
    "geographic": ("rdi_pd0/oce_adp_rdi.000", '{heading_reference: "true", bin_mapping: false}'),
    "magnetic": ("rdi_pd0/oce_adp_rdi.000", "{bin_mapping: false}"),
    "mapped": ("rdi_pd0/oce_adp_rdi.000", "{heading_reference: true}"),
    "vector": ("nortek_vec/vector_burst_mode01.VEC", "{}"),
    "untold": ("rdi_pd8_text/20131201.adcp_mod.log", "{}"),
    "stream": ("nortek_aqd_stream/20150428.velpt2.log", "{}"),
    "stated": ("nortek_aqd_stream/20150428.velpt2.log", "{coordinate_system: earth}"),
    "pair": ("nortek_aqd/VELPT_SN_11402_2014-07-02.aqd", "{}"),
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    root = tmp_path_factory.mktemp("currents")
    (root / "raw").mkdir()
    (root / "deployments").mkdir()
    deployment = DEPLOYMENT
    for name, (file, doppler) in INSTRUMENTS.items():
        copied = f"{name}.{file.rpartition('.')[2]}"
        shutil.copy(corpus(file), root / "raw" / copied)
        deployment += f"  {name}:\n    model: bench\n    serial: {name}\n    raw: [{copied}]\n"
        deployment += f"    height_above_seafloor: 1.5 m\n    doppler: {doppler}\n"
    (root / "archive.yaml").write_text(ARCHIVE)
    (root / "deployments/real.yaml").write_text(deployment)
    assert not run(root).failed
    return lander.open(root)


def values(archive, instrument, *names):
    return [archive.series(name, instrument=instrument)[name].values for name in names]


EARTH = ("eastward_velocity", "northward_velocity", "upward_velocity", "error_velocity")

# dolfyn of mhkit 1.1.2, rotate2(..., "earth") of the same files: time, cell, and east, north, up, error in m/s.
DOLFYN = [
    ("told", 0, 0, (0.61326, -0.58380, 0.00066, -0.09717)),
    ("told", 7, 5, (0.72377, -0.62138, -0.10567, -0.06719)),
    ("told", 20, 30, (0.26607, 0.11952, 0.00829, 0.31942)),
    ("geographic", 0, 0, (0.03321, -0.00265, -0.01565, 0.08477)),
    ("geographic", 7, 5, (-0.19972, -0.11671, 0.06839, 0.10647)),
    ("geographic", 20, 30, (-0.16205, -0.04786, 0.15903, -0.16540)),
]


@pytest.mark.parametrize(("instrument", "time", "cell", "expected"), DOLFYN)
def test_beams_of_a_workhorse_become_the_velocities_that_another_program_makes_of_them(
    archive, instrument, time, cell, expected
):
    found = [each[time, cell] for each in values(archive, instrument, *EARTH)]
    assert found == pytest.approx(expected, abs=1e-4)


def test_a_declination_that_the_instrument_knew_is_not_applied_again(archive):
    with pytest.raises(RequestError, match="magnetic_declination"):
        archive.series("magnetic_declination", instrument="told")


def test_the_compass_is_turned_by_the_declination_of_the_day_once(archive):
    east, north, up = values(archive, "geographic", *EARTH[:3])
    found = values(archive, "magnetic", *EARTH[:3])
    (angle,) = values(archive, "magnetic", "magnetic_declination")
    assert angle == pytest.approx(np.full(21, -2.874), abs=0.01)
    turn = np.deg2rad(angle)[:, np.newaxis]
    np.testing.assert_allclose(found[0], east * np.cos(turn) + north * np.sin(turn), atol=2e-4)
    np.testing.assert_allclose(found[1], north * np.cos(turn) - east * np.sin(turn), atol=2e-4)
    np.testing.assert_array_equal(found[2], up)


def test_three_beam_solutions_are_named_and_are_probably_good_at_best(archive):
    solution = archive.series("velocity_solution", instrument="told")
    number = solution["velocity_solution"].values
    numbers, counts = np.unique(number, return_counts=True)
    assert dict(zip(numbers.tolist(), counts.tolist(), strict=True)) == {0: 1, 3: 11, 4: 780}
    series = archive.series("eastward_velocity", instrument="told")
    assert np.isfinite(series["eastward_velocity"].values[number == 3]).sum() == 11
    assert not (series["eastward_velocity_qc"].values[number == 3] == 1).any()
    (error,) = values(archive, "told", "error_velocity")
    np.testing.assert_array_equal(np.isnan(error), number < 4)


def test_a_three_beam_solution_is_that_of_the_file_s_other_three(archive):
    # Corpus RDI_test01.000 with error velocity zero: b1 + b2 = b3 + b4, written out in plain numbers.
    from lander import store

    (path,) = (path for path in archive.index.files if "/told/profile/L1" in path)
    beams = store.read(archive.store / path, ["beam_velocity"])["beam_velocity"].values()
    (number,) = values(archive, "told", "velocity_solution")
    time, cell = np.argwhere(number == 3)[0]
    b = dict(enumerate(beams[time, cell].tolist(), 1))
    (missing,) = (beam for beam, value in b.items() if np.isnan(value))
    pair, other = ({1, 2}, {3, 4}) if missing in (1, 2) else ({3, 4}, {1, 2})
    b[missing] = sum(b[beam] for beam in other) - sum(b[beam] for beam in pair - {missing})
    (up,) = values(archive, "told", "upward_velocity")
    # The file's tilts are below 4 degrees: up is within that of the mean along the axis, against it as it looks up.
    along = -sum(b.values()) / (4 * cos(radians(20)))
    assert up[time, cell] == pytest.approx(along, abs=0.1)


def test_a_vector_takes_its_attitude_from_the_records_beside_its_samples(archive):
    # Nortek's Transform.m in plain numbers, for the first sample: the system record of the same second.
    # dolfyn has the other sign of Y and Z: it goes by a bit of the head's configuration, Nortek's script by the status,
    # which says "up" here.
    heading, pitch, roll = radians(205.6 - 90 + -3.3547), radians(-1.5), radians(-3.3)
    x, y, z = 0.051, -3.203, 0.029
    level_x = cos(pitch) * x - sin(pitch) * sin(roll) * y - cos(roll) * sin(pitch) * z
    level_y = cos(roll) * y - sin(roll) * z
    expected = (
        cos(heading) * level_x + sin(heading) * level_y,
        cos(heading) * level_y - sin(heading) * level_x,
        sin(pitch) * x + sin(roll) * cos(pitch) * y + cos(pitch) * cos(roll) * z,
    )
    found = values(archive, "vector", *EARTH[:3])
    (angle,) = values(archive, "vector", "magnetic_declination")
    assert angle[0] == pytest.approx(-3.3547, abs=0.01)
    assert [each[0] for each in found] == pytest.approx(expected, abs=3e-3)
    # Samples of the last second, after the last system record, keep its attitude.
    assert np.isfinite(found[0]).mean() == pytest.approx(np.isfinite(found[2]).mean())
    assert np.isfinite(found[0][-1])


def test_explain_names_the_steps_and_what_was_derived_beside(archive):
    told = archive.explain("eastward_velocity", "2015-08-11T05:30:01", instrument="vector")
    (step,) = (step for step in told["steps"] if step["stage"] == "derive")
    assert "IGRF-14" in step["parameters"]["method"]
    assert step["before"]["magnetic_declination"]["value"] == pytest.approx(-3.355, abs=0.01)
    assert step["after"] == told["value"]


def test_what_no_file_and_nobody_says_is_asked_for_and_nothing_is_made_up(archive):
    with pytest.raises(RequestError, match=r"over which north .* `doppler: \{heading_reference: magnetic\}`"):
        archive.series("eastward_velocity", instrument="untold")
    with pytest.raises(RequestError, match=r"along which axes .* `doppler: \{coordinate_system"):
        archive.series("northward_velocity", instrument="stream")
    # No product of a velocity over an unknown north either.
    named = {
        str(name)
        for path in archive.index.files
        if "/L3/" in path and "eastward" in path
        for name in archive.source.read(path, ["instrument_name"])["instrument_name"].data
    }
    assert "untold" not in named


def test_axes_that_people_state_are_taken(archive):
    east, north = values(archive, "stated", *EARTH[:2])
    from lander import store

    (path,) = (path for path in archive.index.files if "/stated/velocity/L1" in path)
    recorded = store.read(archive.store / path, ["unreferenced_velocity"])["unreferenced_velocity"].values()
    np.testing.assert_allclose(np.hypot(east, north), np.hypot(recorded[:, 0], recorded[:, 1]), atol=2e-4)
    assert not np.allclose(east, recorded[:, 0], atol=1e-3)


def test_cells_have_their_height_above_the_seafloor(archive):
    series = archive.series("eastward_velocity", instrument="geographic")
    np.testing.assert_allclose(series["height_above_seafloor"].values[:2], [3.73, 4.23])
    assert series["height_above_seafloor"].attrs["standard_name"] == "height_above_sea_floor"
    assert series["time"].attrs["ensemble_time"] == "start"


def test_mapped_cells_differ_only_as_the_tilt_moves_them(archive):
    plain, mapped = (values(archive, name, EARTH[0])[0] for name in ("geographic", "mapped"))
    same = np.isclose(plain, mapped, atol=1e-6)
    assert same[:, :20].mean() > 0.9
    assert not same.all()


def test_one_of_several_streams_of_an_instrument_is_chosen_by_its_name(archive):
    with pytest.raises(RequestError, match="pair/diagnostics, pair/velocity"):
        archive.series("eastward_velocity", instrument="pair")
    assert archive.series("eastward_velocity", instrument="pair/velocity").sizes["time"] == 50


@pytest.fixture(scope="module")
def corrected(tmp_path_factory):
    """A simulated profiler, told to take the CTD's speed of sound."""
    folder = make(tmp_path_factory.mktemp("sound"), {"name": "sound", "days": 1, "period": 60}, without=("optode",))
    change(
        folder / "deployments/sound.yaml",
        lambda content: content["instruments"]["adcp"].update(doppler={"sound_speed": "in_situ", "orientation": "up"}),
    )
    assert not run(folder).failed
    return lander.open(folder)


def test_the_speed_of_sound_of_the_ctd_corrects_a_profile_and_its_products(corrected):
    from lander import store

    (path,) = (path for path in corrected.index.files if "/adcp/profile/L1" in path)
    level1 = store.read(corrected.store / path, ["eastward_velocity", "sound_speed", "time"])
    series = corrected.series("eastward_velocity", instrument="adcp")
    (ratio,) = values(corrected, "adcp", "sound_speed_ratio")
    known = np.isfinite(ratio)
    assert known.sum() > 100
    factor = np.where(known, ratio, 1.0)[:, np.newaxis]
    recorded = level1["eastward_velocity"].values()
    np.testing.assert_allclose(series["eastward_velocity"].values, recorded * factor, atol=1.1e-4)
    # Mackenzie (1981) for 1,118 m, good to 0.1 m/s, with the CTD's own values around noon.
    noon = int(np.argmin(np.abs(series["time"].values - series["time"].values[len(known) // 2])))
    moment = series["time"].values[noon]
    t, s, p = (
        float(corrected.series(name, instrument="ctd").sel(time=moment, method="nearest")[name].values)
        for name in ("temperature", "practical_salinity", "pressure")
    )
    d = p * 0.9895
    true = 1448.96 + 4.591 * t - 5.304e-2 * t**2 + 2.374e-4 * t**3 + 1.34 * (s - 35) + 1.63e-2 * d
    true += 1.675e-7 * d**2 - 1.025e-2 * t * (s - 35) - 7.139e-13 * t * d**3
    assert ratio[noon] == pytest.approx(true / level1["sound_speed"].values()[noon], abs=3e-4)
    hourly = corrected.product("hourly", "eastward_velocity")
    assert hourly["all_eastward_velocity_mean"].dims == ("time", "cell")
    assert hourly["height_above_seafloor"].dims == ("time", "cell")
    first = slice(*np.searchsorted(series["time"].values, hourly["time_bounds"].values[5]))
    expected = np.nanmean(series["eastward_velocity"].values[first][:, 3])
    assert hourly["all_eastward_velocity_mean"].values[5, 3] == pytest.approx(expected, abs=1e-4)


def _cells(first, size=2.0):
    return [Piece({}, {"cell_distance": first + size * np.arange(4)}, {"cell_distance": ("cell",)}, {})]


def test_cells_of_a_second_file_may_have_moved_with_the_speed_of_sound():
    files = [{"path": "a.000"}, {"path": "b.000"}]
    kept = level1._fixed(files, [_cells(4.22), _cells(4.17)])
    assert kept["cell_distance"].data[0] == 4.22
    for other in (_cells(4.5), _cells(4.22, size=2.1)):
        with pytest.raises(LanderError, match="set up anew"):
            level1._fixed(files, [_cells(4.22), other])
