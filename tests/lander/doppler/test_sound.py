"""Speed of sound against published check values, and the ratio that velocities are multiplied by."""

import numpy as np
import pytest

from lander.doppler import sound


def test_speed_of_sound_is_that_of_the_unesco_equation_within_a_few_centimetres():
    # Fofonoff and Millard (1983), UNESCO technical papers 44, p. 50: 1731.995 m/s at S 40, T 40 (IPTS-68), 10000 dbar;
    # and rows of its table for S 35: 0 degrees at 0 and 1000 dbar, 10 degrees at 0 dbar.
    t68 = np.array([0.0, 0.0, 10.0])
    found = sound.sound_speed(t68 / 1.00024, np.array([35.0] * 3), np.array([0.0, 1000.0, 0.0]), 22.0, 119.0)
    np.testing.assert_allclose(found, [1449.1, 1465.5, 1489.8], atol=0.3)


def test_the_ratio_is_true_over_used_and_missing_where_either_is():
    found = sound.ratio(np.array([1485.0, np.nan, 1485.0]), np.array([1500.0, 1500.0, 0.0]))
    assert found[0] == pytest.approx(0.99)
    assert np.isnan(found[1:]).all()
