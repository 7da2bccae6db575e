"""What can be made of a stream's velocities, what is missing, and the kernel's corrections and flags."""

from dataclasses import replace

import numpy as np
import pytest

from lander import derived_group
from lander.deployment import Deployment, Doppler, Instrument, Position
from lander.derive import velocity
from lander.derived import Donor, Flagged, hold
from lander.derived_group import Facts, Lacking, Prepared

TIME, CELL, BEAM = ("time",), ("time", "cell"), ("time", "cell", "beam")
WORKHORSE = {
    "attitude_convention": "teledyne_rdi", "coordinate_system": "beam", "beam_angle_degree": 20,
    "beam_pattern": "convex", "heading_reference": "magnetic", "heading_alignment_degree": 0.0,
    "tilts_used_by_instrument": 1, "sound_speed_source": "measured",
}  # fmt: skip
ATTITUDE = dict.fromkeys(("heading", "pitch", "roll", "facing_up", "sound_speed"), TIME)
CTD = frozenset({"temperature", "practical_salinity", "pressure"})


def moment(text):
    return np.datetime64(text, "us")


def facts(dims, attributes, *, doppler=None, shapes=None, **more):
    instrument = Instrument("adcp", "model", "1", (), doppler=doppler or Doppler())
    position = Position(22.115, 119.286)
    deployment = Deployment("d", "s", "p", moment("2016-09-08"), moment("2017-09-18"), position, (instrument,))
    known = {"varying": (), "siblings": frozenset(), "available": frozenset(), "deployment": deployment, **more}
    return Facts(dims=dims, shapes=shapes or {}, attributes=attributes, instrument=instrument, **known)


def beam_facts(attributes=WORKHORSE, **more):
    dims = {**ATTITUDE, "beam_velocity": BEAM, "cell_distance": ("cell",), **more.pop("dims", {})}
    return facts(dims, attributes, shapes={"beam_velocity": (30, 4)}, **more)


def earth_facts(attributes, **more):
    return facts({**ATTITUDE, **dict.fromkeys(velocity.EARTH, CELL)}, attributes, **more)


EARTH = {**WORKHORSE, "coordinate_system": "earth"}


def test_the_group_is_found_and_all_it_gives_has_a_name():
    assert derived_group.discover()["velocity"] is velocity.GROUP
    assert "heading_reference" in derived_group.attribute_names()


def test_beams_give_earth_velocities_and_say_what_they_hang_on():
    found = velocity.prepare(beam_facts())
    assert isinstance(found, Prepared)
    assert found.outputs["eastward_velocity"] == CELL
    assert {"velocity_solution", "error_velocity", "magnetic_declination"} <= set(found.outputs)
    assert set(found.inputs) == {"beam_velocity", "heading", "pitch", "roll", "facing_up"}
    assert found.fixed == ("cell_distance",)
    assert "magnetic_declination" not in found.judged


def test_earth_velocities_over_true_north_are_left_as_they_are():
    assert velocity.prepare(earth_facts({**EARTH, "heading_reference": "true"})) is None
    assert isinstance(velocity.prepare(earth_facts(EARTH)), Prepared)


@pytest.mark.parametrize(
    ("file", "people", "expected"),
    [("magnetic", None, True), ("true", None, False), ("true", "magnetic", True), ("magnetic", "true", False)],
)
def test_what_people_say_of_north_goes_before_what_the_file_says(file, people, expected):
    attributes = {**WORKHORSE, "heading_reference": file}
    found = velocity.prepare(beam_facts(attributes, doppler=Doppler(heading_reference=people)))
    assert isinstance(found, Prepared)
    assert found.settings["declination"] is expected
    assert ("magnetic_declination" in found.outputs) is expected


LACKING = {
    "north": (beam_facts({name: WORKHORSE[name] for name in WORKHORSE if name != "heading_reference"}), "which north"),
    "tilts": (replace(beam_facts(), dims={"beam_velocity": BEAM, "heading": TIME}), "no record of pitch, roll"),
    "beams": (replace(beam_facts(), shapes={"beam_velocity": (30, 3)}), "has 3 beams, and four"),
    "alignment": (beam_facts({**WORKHORSE, "heading_alignment_degree": 45.0}), "heading alignment is 45 degrees"),
    "settings": (beam_facts(varying=("heading_reference",)), "raw files differ in heading_reference"),
    "sound": (beam_facts(doppler=Doppler(sound_speed="in_situ")), "`sound_speed: in_situ` needs temperature"),
    "matrix": (
        facts({**ATTITUDE, "status_word": TIME, "outward_beam_velocity": BEAM},
              {"attitude_convention": "nortek_ad2cp", "coordinate_system": "beam", "heading_reference": "magnetic"},
              shapes={"outward_beam_velocity": (30, 4)}),
        "lack the matrix",
    ),
    "years": (
        replace(beam_facts(), deployment=replace(beam_facts().deployment, end=moment("2031-01-01"))),
        "IGRF-14 tells the declination",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LACKING)
def test_what_is_missing_is_named(case):
    given, words = LACKING[case]
    found = velocity.prepare(given)
    assert isinstance(found, Lacking)
    assert words in found.reason
    assert found.reason.startswith("d/adcp: ")
    assert "eastward_velocity" in found.outputs


def test_published_series_and_single_beams_are_none_of_its_business():
    assert velocity.prepare(facts(dict.fromkeys(velocity.EARTH, TIME), {})) is None
    fifth = {"attitude_convention": "nortek_ad2cp", "coordinate_system": "beam", "heading_reference": "magnetic"}
    alone = facts({**ATTITUDE, "outward_beam_velocity": BEAM}, fifth, shapes={"outward_beam_velocity": (30, 1)})
    assert velocity.prepare(alone) is None


@pytest.mark.parametrize(
    ("source", "wanted", "ctd", "expected"),
    [("fixed", None, CTD, True), ("measured", None, CTD, False), ("measured", "in_situ", CTD, True),
     ("fixed", "recorded", CTD, False), ("fixed", None, CTD - {"pressure"}, False)],
)  # fmt: skip
def test_sound_speed_is_corrected_where_it_was_fixed_and_known_better_or_where_people_say_so(
    source, wanted, ctd, expected
):
    attributes = {**WORKHORSE, "sound_speed_source": source}
    found = velocity.prepare(beam_facts(attributes, doppler=Doppler(sound_speed=wanted), available=ctd))
    assert isinstance(found, Prepared)
    assert ("sound_speed_ratio" in found.outputs) is expected
    assert set(found.matched) == (set(CTD) if expected else set())


@pytest.mark.parametrize(("stamp", "seconds", "expected"), [("start", 60, 30), ("end", 360, -180), ("ping", 60, 0)])
def test_another_instrument_is_looked_at_in_the_middle_of_an_ensemble(stamp, seconds, expected):
    told = {"ensemble_time": stamp, "averaging_interval_seconds": seconds, "sound_speed_source": "fixed"}
    found = velocity.prepare(beam_facts({**WORKHORSE, **told}, available=CTD))
    assert found.settings["centre_us"] == expected * 1_000_000


def good(values):
    array = np.asarray(values, dtype=np.float64)
    return Flagged(array, np.where(np.isfinite(array), 1, 9).astype(np.int8))


def run(given, inputs):
    found = velocity.prepare(given)
    assert isinstance(found, Prepared)
    time = np.arange(len(inputs["heading"].value), dtype=np.int64) + moment("2016-10-01").astype(np.int64)
    return velocity.kernel(time, inputs, {"cell_distance": np.array([3.0, 5.0])}, found.settings)


def still(n, **more):
    level = {name: good(np.zeros(n)) for name in ("heading", "pitch", "roll", "facing_up")}
    return {**level, "beam_velocity": good(np.random.default_rng(2).normal(size=(n, 2, 4))), **more}


SOUND = {"temperature": [4.0, 4.0, np.nan], "practical_salinity": [34.5] * 3, "pressure": [1130.0] * 3}


def test_velocities_are_multiplied_by_the_ratio_and_stay_as_recorded_without_one():
    attributes = {**WORKHORSE, "sound_speed_source": "fixed"}
    seen = still(3, sound_speed=good([1500.0] * 3), **{name: good(values) for name, values in SOUND.items()})
    plain = run(beam_facts(attributes), seen)
    found = run(beam_facts(attributes, available=CTD), seen)
    ratio = found["sound_speed_ratio"].value
    # Mackenzie (1981) at 4 degrees, 34.5 and the 1,118 m of 1130 dbar, term by term: good to 0.1 m/s.
    true = 1448.96 + 18.364 - 0.8486 + 0.0152 - 0.67 + 18.2234 + 0.2094 + 0.0205 - 0.004
    assert ratio[:2] == pytest.approx([true / 1500.0] * 2, abs=2e-4)
    assert np.isnan(ratio[2])
    for name in (*velocity.EARTH, "error_velocity"):
        np.testing.assert_allclose(found[name].value[:2], plain[name].value[:2] * ratio[0])
        np.testing.assert_array_equal(found[name].value[2], plain[name].value[2])
        assert (found[name].flags[:2] == 1).all()
        assert (found[name].flags[2] == 2).all()
    np.testing.assert_array_equal(found["velocity_solution"].value, 4)


def test_a_heading_that_failed_gives_no_velocity_and_bad_velocities_stay_with_their_flag():
    heading = Flagged(np.array([10.0, 200.0]), np.array([1, 4], np.int8))
    found = run(beam_facts(doppler=Doppler(bin_mapping=False)), still(2, heading=heading))
    assert np.isfinite(found["eastward_velocity"].value[0]).all()
    assert np.isnan(found["eastward_velocity"].value[1]).all()
    assert (found["eastward_velocity"].flags[1] == 9).all()
    flagged = Flagged(np.full((1, 2), 0.3), np.array([[4, 1]], np.int8))
    earth = {name: flagged for name in velocity.EARTH} | {"heading": good([0.0])}
    turned = run(earth_facts(EARTH), earth)["northward_velocity"]
    assert np.isfinite(turned.value).all()
    assert turned.flags.tolist() == [[4, 1]]


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_any_chunk_size_gives_the_same_bits(chunk):
    n, generator = 100, np.random.default_rng(3)
    angles = {name: good(generator.uniform(-20, 20, n)) for name in ("heading", "pitch", "roll")}
    inputs = still(n, **angles)
    prepared = velocity.prepare(beam_facts())
    time = moment("2016-10-30").astype(np.int64) + np.arange(n, dtype=np.int64) * 3_600_000_000
    fixed = {"cell_distance": np.array([3.0, 5.0])}
    whole = velocity.kernel(time, inputs, fixed, prepared.settings)
    for first in range(0, n, chunk):
        rows = slice(first, first + chunk)
        some = {name: Flagged(each.value[rows], each.flags[rows]) for name, each in inputs.items()}
        part = velocity.kernel(time[rows], some, fixed, prepared.settings)
        for name, each in part.items():
            np.testing.assert_array_equal(each.value, whole[name].value[rows])
            np.testing.assert_array_equal(each.flags, whole[name].flags[rows])


def test_a_held_value_is_the_last_good_one_near_enough_or_the_next():
    donor = Donor(np.array([10, 20, 30]), np.array([1.0, 2.0, 3.0]), np.array([1, 4, 1], np.int8))
    found = hold(np.array([4, 10, 19, 29, 31, 99]), donor, 8)
    np.testing.assert_array_equal(found.value, [1.0, 1.0, np.nan, 3.0, 3.0, np.nan])
    assert found.flags.tolist() == [1, 1, 9, 1, 1, 9]
