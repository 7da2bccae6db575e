"""Records told as runs, and quotients by multiplying."""

import numpy as np
import pytest

from ingest.binary.reciprocals import reciprocal
from ingest.binary.runs import Runs
from ingest.binary.velocities import BAD_VELOCITY

RUNS = Runs(10, np.array([3, 40, 100]), np.array([3, 1, 4]))
PLACES = [3, 13, 23, 40, 100, 110, 120, 130]


def test_runs_are_places_of_records():
    assert RUNS.size == 8
    assert RUNS.start.tolist() == PLACES


@pytest.mark.parametrize("stop", [0, 3, 4, 13, 14, 24, 40, 41, 99, 101, 120, 121, 131, 500])
@pytest.mark.parametrize("first", [0, 3, 4, 13, 23, 24, 40, 41, 100, 119, 120, 130, 131, 500])
def test_parts_of_runs_hold_what_starts_there(first, stop):
    held = RUNS.between(first, stop)
    wanted = [place for place in PLACES if first <= place < stop]
    assert held.start.tolist() == wanted
    assert held.size == len(wanted)
    assert (held.count > 0).all()
    assert (held is RUNS) == (len(wanted) == len(PLACES))


@pytest.mark.parametrize("divisor", [10, 100, 1000])
def test_products_are_quotients_to_the_last_bit(divisor):
    first, rest = reciprocal(divisor)
    numbers = np.arange(1 << 24)
    np.testing.assert_array_equal(numbers * first + numbers * rest, numbers / divisor)
    assert not np.array_equal(numbers * (1 / divisor), numbers / divisor)


@pytest.mark.parametrize("steps", [1000, 10_000])
def test_velocities_by_multiplying_are_the_nearest_floats(steps):
    counts = np.arange(BAD_VELOCITY, -BAD_VELOCITY)
    np.testing.assert_array_equal((counts * (1 / steps)).astype("f4"), counts.astype("f4") / np.float32(steps))
