"""A known current field, sent to the beams of tilted instruments and brought back: nothing may be lost but what is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lander.doppler import attitude, beams, cells
from tests.lander.doppler.test_beams import INSTRUMENTS

DISTANCE = 3.0 + 2.0 * np.arange(20)


@pytest.mark.parametrize("instrument", ["workhorse", "concave", "signature", "aquadopp"])
@pytest.mark.parametrize("missing", [None, 0, 1, 2, 3])
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1), flipped=st.booleans())
def test_east_north_up_come_back_to_float_precision_for_any_attitude(instrument, missing, seed, flipped):
    geometry, generator, n = INSTRUMENTS[instrument], np.random.default_rng(seed), 40
    function = attitude.nortek if instrument in ("signature", "aquadopp") else attitude.teledyne
    rotation = function(generator.uniform(0, 360, n), generator.uniform(-25, 25, n), generator.uniform(-25, 25, n),
                        np.full(n, flipped))  # fmt: skip
    current = generator.normal(size=(3, n, 5))
    axes = np.einsum("ijn,inc->ncj", rotation, current)  # the inverse of a rotation is its transpose
    velocity = np.einsum("bx,ncx->ncb", geometry.directions, axes)
    if missing is not None and missing < velocity.shape[-1] and geometry.closure is not None:
        velocity[..., missing] = np.nan
    solved = beams.solve(velocity, geometry)
    back = beams.to_instrument(solved.beams, geometry)
    found = attitude.rotate(rotation, tuple(back[..., axis] for axis in range(3)))
    np.testing.assert_allclose(np.array(found), current, atol=1e-12)


def sheared(height):
    """East and north of water that turns and slows with height."""
    return np.stack([0.4 - 0.01 * height, 0.1 + 0.02 * height, np.zeros_like(height)], axis=-1)


def measured(rotation, geometry, distance):
    """Beam velocities of the sheared water in cells that the tilt has moved; shape (1, cells, beams)."""
    upright = np.abs(geometry.directions[:, 2])
    vertical = np.abs(geometry.directions @ rotation[2, :, 0])
    height = distance[:, np.newaxis] * (vertical / upright)
    axes = np.einsum("ij,cbi->cbj", rotation[:, :, 0], sheared(height))
    return np.einsum("bx,cbx->cb", geometry.directions, axes)[np.newaxis]


@pytest.mark.parametrize("instrument", ["workhorse", "signature"])
def test_cells_brought_to_one_height_see_the_shear_within_half_a_cell(instrument):
    geometry = INSTRUMENTS[instrument]
    function = attitude.nortek if instrument == "signature" else attitude.teledyne
    rotation = function(np.array([70.0]), np.array([12.0]), np.array([-9.0]), np.array([instrument == "workhorse"]))
    velocity = measured(rotation, geometry, DISTANCE)
    number = cells.mapped_cells(rotation, geometry.directions, DISTANCE)
    mapped = cells.take_cells(velocity, number)
    truth = sheared(DISTANCE)

    def error(beam_velocity):
        back = beams.to_instrument(beam_velocity, geometry)
        found = np.array(attitude.rotate(rotation, tuple(back[..., axis] for axis in range(3))))[:2, 0]
        return np.abs(found - truth[:, :2].T)

    there = np.isfinite(mapped).all(axis=-1)[0]
    assert there[:12].all()
    # Half a cell of 2 m in a shear of 0.01 and 0.02 per second, magnified by 1 / (2 sin 20) for each of two beams.
    assert error(mapped)[:, there].max() < 0.02 * 2 * 1.47
    assert error(mapped)[:, there].mean() < 0.5 * error(velocity)[:, there].mean()


def test_an_upright_instrument_keeps_its_cells():
    geometry = INSTRUMENTS["workhorse"]
    level = attitude.teledyne(np.array([10.0]), np.zeros(1), np.zeros(1), np.array([True]))
    number = cells.mapped_cells(level, geometry.directions, DISTANCE)
    assert (number[0] == np.arange(20)[:, np.newaxis]).all()


def test_a_height_that_no_cell_reaches_has_no_value_and_neither_has_an_unknown_attitude():
    geometry = INSTRUMENTS["workhorse"]
    heading, roll = np.array([10.0, np.nan]), np.array([25.0, np.nan])
    tilted = attitude.teledyne(heading, np.zeros(2), roll, np.ones(2, bool))
    number = cells.mapped_cells(tilted, geometry.directions, DISTANCE)
    # Tilted by 25 degrees a beam at 20 leans by 45 degrees: the last cells of that beam end at 0.75 of their height.
    assert (number[0, -1] == -1).any()
    assert (number[1] == -1).all()
    taken = cells.take_cells(np.ones((2, 20, 4)), number)
    np.testing.assert_array_equal(np.isnan(taken), number < 0)


def test_heights_are_counted_from_the_seafloor_up_and_down():
    np.testing.assert_allclose(cells.height_above_seafloor(1.2, np.array([2.5, 4.5]), up=True), [3.7, 5.7])
    np.testing.assert_allclose(cells.height_above_seafloor(10.0, np.array([2.5, 12.5]), up=False), [7.5, -2.5])
