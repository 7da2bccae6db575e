"""Heading, pitch and roll: cardinal cases worked by hand, published rows, and rotations that are rotations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lander.doppler import attitude

ANGLES = st.tuples(st.floats(0, 360), st.floats(-60, 60), st.floats(-180, 180), st.booleans())


def one(function, heading, pitch, roll, flipped):
    return function(*(np.array([float(angle)]) for angle in (heading, pitch, roll)), np.array([flipped]))


def turn(rotation, vector):
    return np.array(attitude.rotate(rotation, tuple(np.array([part]) for part in vector)))[:, 0]


@pytest.mark.parametrize("function", [attitude.teledyne, attitude.nortek])
@settings(max_examples=30)
@given(angles=ANGLES)
def test_every_attitude_is_a_proper_rotation(function, angles):
    rotation = one(function, *angles)[:, :, 0]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)


DIAGONAL = -(0.5**0.5)


@pytest.mark.parametrize(("heading", "expected"), [(0, (0, 1, 0)), (90, (1, 0, 0)), (225, (DIAGONAL, DIAGONAL, 0))])
def test_forward_of_a_teledyne_instrument_and_x_of_a_nortek_point_along_the_heading(heading, expected):
    np.testing.assert_allclose(turn(one(attitude.teledyne, heading, 0, 0, False), (0, 1, 0)), expected, atol=1e-12)
    np.testing.assert_allclose(turn(one(attitude.nortek, heading, 0, 0, False), (1, 0, 0)), expected, atol=1e-12)


def test_an_instrument_that_looks_the_other_way_has_its_vertical_turned():
    up, down = (turn(one(attitude.teledyne, 40, 0, 0, facing), (0, 0, 1))[2] for facing in (True, False))
    assert (up, down) == (pytest.approx(-1), pytest.approx(1))
    np.testing.assert_allclose(turn(one(attitude.nortek, 0, 0, 0, True), (0, 1, 0)), (1, 0, 0), atol=1e-12)
    np.testing.assert_allclose(turn(one(attitude.nortek, 0, 0, 0, False), (0, 1, 0)), (-1, 0, 0), atol=1e-12)
    assert turn(one(attitude.nortek, 0, 0, 0, True), (0, 0, 1))[2] == pytest.approx(-1)


def test_gimbals_show_less_pitch_than_a_sensor_that_leans():
    # tan 10 = 0.17632698, cos 30 = 0.86602540: arctan 0.15270364 = 8.682204 degrees.
    assert attitude.gimbal_pitch(np.array([10.0]), np.array([30.0])) == pytest.approx([8.682204], abs=1e-6)


def test_rows_of_the_manual_for_one_attitude_worked_by_hand():
    # Heading 30, recorded pitch 10, roll 20, looking down. P = arctan(0.17632698 * 0.93969262) = 9.408043 degrees.
    sin_p, cos_p, sin_r, cos_r, sin_h, cos_h = 0.16346446, 0.98654922, 0.34202014, 0.93969262, 0.5, 0.86602540
    expected = [
        [cos_h * cos_r + sin_h * sin_p * sin_r, sin_h * cos_p, cos_h * sin_r - sin_h * sin_p * cos_r],
        [-sin_h * cos_r + cos_h * sin_p * sin_r, cos_h * cos_p, -sin_h * sin_r - cos_h * sin_p * cos_r],
        [-cos_p * sin_r, sin_p, cos_p * cos_r],
    ]
    np.testing.assert_allclose(one(attitude.teledyne, 30, 10, 20, False)[:, :, 0], expected, atol=2e-7)


# As recorded in corpus Sig500_dp_ice.ad2cp (burst record 100, looking up) and Sig1000_online.ad2cp (41, looking down):
# heading, pitch, roll, and the matrix that the instrument's own attitude sensor computed.
OWN_MATRICES = [
    (319.42, -0.1, -0.39, [[-0.6504571, -0.7596446, -0.0063443], [0.7596691, -0.6504519, -0.0031271],
                           [-0.0017507, -0.0068530, 0.9999750]]),
    (315.47, 1.28, -179.77, [[-0.7009580, 0.7128219, -0.0184746], [0.7127096, 0.7013091, 0.0132338],
                             [0.0223900, -0.0038901, -0.9996232]]),
]  # fmt: skip


@pytest.mark.parametrize(("heading", "pitch", "roll", "expected"), OWN_MATRICES)
def test_the_attitude_of_a_nortek_is_that_of_the_matrix_its_own_sensor_computed(heading, pitch, roll, expected):
    # The angles are rounded to 0.01 degree.
    found = one(attitude.nortek, heading, pitch, roll, False)[:, :, 0]
    np.testing.assert_allclose(found, expected, atol=3e-4)


@settings(max_examples=30)
@given(angle=st.floats(-180, 180), angles=ANGLES)
def test_declination_turns_the_horizontal_clockwise_and_leaves_the_vertical(angle, angles):
    rotation = one(attitude.nortek, *angles)
    turned = attitude.turned(rotation, np.array([angle]))
    heading = one(attitude.nortek, angles[0] + angle, *angles[1:])
    np.testing.assert_allclose(turned, heading, atol=1e-12)
    np.testing.assert_array_equal(turned[2], rotation[2])


def test_water_that_flows_to_magnetic_north_flows_to_the_declination():
    # 8 degrees east of true north: sin 8 = 0.13917310, cos 8 = 0.99026807.
    turned = attitude.turned(attitude.identity(1), np.array([8.0]))
    np.testing.assert_allclose(turn(turned, (0, 1, 0)), (0.13917310, 0.99026807, 0), atol=1e-8)


def test_a_missing_component_or_attitude_gives_no_vector_at_all():
    level = attitude.identity(2)
    level[:, :, 1] = np.nan
    found = attitude.rotate(level, (np.array([np.nan, 1.0]), np.ones(2), np.ones(2)))
    assert np.isnan(np.array(found)).all()
