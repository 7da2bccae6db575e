"""Beams to the instrument's axes: values worked by hand, and whole current fields sent there and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lander.doppler import beams

SIGNATURE = np.array([  # GETXFBURST of corpus BenchFile01.ad2cp, beams at 25 degrees
    [1.1831, 0.0, -1.1831, 0.0], [0.0, -1.1831, 0.0, 1.1831], [0.5518, 0.0, 0.5518, 0.0], [0.0, 0.5518, 0.0, 0.5518],
])  # fmt: skip
AQUADOPP = np.array([[2896, 2896, 0], [-2896, 2896, 0], [-2896, -2896, 5792]]) / 4096  # Nortek's own Transform.m
INSTRUMENTS = {
    "workhorse": beams.janus(20.0),
    "concave": beams.janus(30.0, convex=False),
    "sentinel v": beams.janus(25.0),
    "signature": beams.nortek(SIGNATURE),
    "aquadopp": beams.nortek(AQUADOPP),
}
FOUR = ["workhorse", "concave", "sentinel v", "signature"]


def seen(instrument, water):
    """What each beam measures of water that moves everywhere alike; water of shape (..., 3) in X, Y, Z."""
    return np.einsum("bx,...x->...b", INSTRUMENTS[instrument].directions, water)


def test_a_workhorse_gives_the_components_that_its_manual_gives_to_beams_worked_by_hand():
    # sin 20 = 0.3420201433, cos 20 = 0.9396926208: a = 1.4619022, b = 0.2660444, d = 1.0337209.
    found = beams.to_instrument(np.array([[0.3, 0.1, -0.2, 0.4]]), beams.janus(20.0))
    expected = [[1.4619022 * 0.2, 1.4619022 * 0.6, 0.2660444 * 0.6, 1.0337209 * 0.2]]
    np.testing.assert_allclose(found, expected, atol=2e-7)


def test_concave_transducers_turn_the_horizontal_only():
    velocity = np.array([[0.3, 0.1, -0.2, 0.4]])
    convex, concave = (beams.to_instrument(velocity, beams.janus(20.0, convex=which)) for which in (True, False))
    np.testing.assert_allclose(concave, convex * [-1, -1, 1, 1])


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_beams_are_unit_vectors_that_lean_alike(instrument):
    directions = INSTRUMENTS[instrument].directions
    # The elements of a Signature's matrix have four decimals.
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0, atol=2e-4)
    if instrument in FOUR:
        np.testing.assert_allclose(directions[:, 2], directions[0, 2])


def test_beams_of_a_workhorse_count_toward_and_those_of_a_signature_away():
    # X and Y lean with the beam that they point to; Z points out of the transducers of a Nortek, into those of an RDI.
    assert (INSTRUMENTS["workhorse"].directions[:, 2] > 0).all()
    assert (INSTRUMENTS["signature"].directions[:, 2] > 0).all()
    np.testing.assert_allclose(INSTRUMENTS["workhorse"].directions[0, 0], np.sin(np.deg2rad(20.0)))
    np.testing.assert_allclose(INSTRUMENTS["signature"].directions[0, 0], np.sin(np.deg2rad(25.0)), atol=1e-4)


@pytest.mark.parametrize("instrument", FOUR)
@pytest.mark.parametrize("missing", [None, 0, 1, 2, 3])
@settings(max_examples=15)
@given(water=st.lists(st.floats(-3, 3), min_size=3, max_size=3))
def test_a_known_current_comes_back_from_its_beams_also_without_any_one(instrument, missing, water):
    geometry = INSTRUMENTS[instrument]
    velocity = seen(instrument, np.array([water]))
    whole = velocity.copy()
    if missing is not None:
        velocity[:, missing] = np.nan
    solved = beams.solve(velocity, geometry)
    np.testing.assert_allclose(solved.beams, whole, atol=1e-12)
    assert solved.solution.tolist() == [beams.FOUR_BEAMS if missing is None else beams.THREE_BEAMS]
    found = beams.to_instrument(solved.beams, geometry)
    np.testing.assert_allclose(found[:, :3], [water], atol=1e-12)
    error = beams.error_velocity(solved.beams, geometry, solved.solution)
    assert np.isnan(error).all() if missing is not None else abs(error[0]) < 1e-12


def test_two_missing_beams_of_four_and_one_of_three_leave_no_solution_and_stay_missing():
    two = beams.solve(np.array([[0.1, np.nan, np.nan, 0.2]]), INSTRUMENTS["workhorse"])
    one = beams.solve(np.array([[0.1, np.nan, 0.2], [0.1, 0.3, 0.2]]), INSTRUMENTS["aquadopp"])
    assert two.solution.tolist() == [beams.NO_SOLUTION]
    assert np.isnan(two.beams).tolist() == [[False, True, True, False]]
    assert one.solution.tolist() == [beams.NO_SOLUTION, beams.THREE_BEAMS]


def test_what_is_given_is_not_changed():
    velocity = np.array([[0.1, np.nan, 0.3, 0.2]])
    before = velocity.copy()
    beams.solve(velocity, INSTRUMENTS["workhorse"])
    np.testing.assert_array_equal(velocity, before)


@pytest.mark.parametrize("instrument", FOUR)
def test_noise_of_the_error_velocity_is_that_of_a_horizontal_component(instrument):
    noise = np.random.default_rng(1).normal(size=(200_000, 4))
    geometry = INSTRUMENTS[instrument]
    error = beams.error_velocity(noise, geometry, np.full(200_000, beams.FOUR_BEAMS, np.uint8))
    horizontal = beams.to_instrument(noise, geometry)[:, 0]
    assert np.std(error) / np.std(horizontal) == pytest.approx(1.0, abs=0.01)


def test_both_makers_error_velocity_has_one_sign():
    # Beams on the X axis that see more water coming toward them than those on the Y axis.
    toward = np.array([[0.1, 0.1, 0.0, 0.0]])
    four = np.array([beams.FOUR_BEAMS], np.uint8)
    teledyne = beams.error_velocity(toward, INSTRUMENTS["sentinel v"], four)
    nortek = beams.error_velocity(-toward[:, [0, 2, 1, 3]], INSTRUMENTS["signature"], four)
    assert teledyne[0] > 0
    np.testing.assert_allclose(nortek, teledyne, rtol=1e-4)
