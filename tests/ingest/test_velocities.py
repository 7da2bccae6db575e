"""Counts of velocity to metres per second: any place in a block, bad ones, steps by record, components apart."""

import numpy as np
import pytest

from ingest.binary.velocities import BAD_VELOCITY, metres_per_second


def view(shape: tuple[int, ...], gap: int, first: int) -> np.ndarray:
    """Counts as they lie in a block: records apart by `gap` bytes more than they have, the first at an odd place."""
    width = 2 * int(np.prod(shape[1:]))
    block = np.random.default_rng(gap).integers(0, 256, first + shape[0] * (width + gap), dtype=np.uint8)
    matrix = np.ndarray((shape[0], width), np.uint8, block, first, (width + gap, 1))
    matrix.view("<i2")[0, :2] = BAD_VELOCITY, -32767
    return matrix.view("<i2").reshape(shape)


def wanted(raw: np.ndarray, steps: np.ndarray) -> np.ndarray:
    metres = raw.astype(np.float32) / steps.astype(np.float32).reshape(-1, *(1 for _ in raw.shape[1:]))
    return np.where(raw == BAD_VELOCITY, np.float32(np.nan), metres)


STEPS = [np.array([1000.0]), np.where(np.arange(50) % 3, 1000.0, 10_000.0)]


@pytest.mark.parametrize(("gap", "first"), [(0, 0), (0, 1), (11, 3), (40, 118)])
@pytest.mark.parametrize("steps", STEPS, ids=["one", "many"])
@pytest.mark.parametrize(("shape", "apart"), [
    ((50, 3), None), ((50, 3), 1), ((50, 3, 20), None), ((50, 3, 20), 1), ((50, 20, 4), 2), ((50, 7), None),
])  # fmt: skip
def test_same_as_numpy(shape: tuple[int, ...], apart: int | None, steps: np.ndarray, gap: int, first: int):
    raw = view(shape, gap, first)
    expected = wanted(raw, steps)
    expected = expected if apart is None else np.moveaxis(expected, apart, 0)
    got = metres_per_second(raw, steps, apart=apart)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, expected)
    assert np.isnan(got).any()


def test_columns_that_do_not_lie_together_and_nothing_at_all():
    raw = np.arange(60, dtype="<i2").reshape(5, 4, 3)
    turned = raw.transpose(0, 2, 1)
    np.testing.assert_array_equal(metres_per_second(turned, np.array([1000.0])), wanted(turned, np.array([1000.0])))
    assert metres_per_second(raw[:0], np.array([1000.0])).shape == (0, 4, 3)
    assert metres_per_second(raw[:0], np.array([1000.0]), apart=2).shape == (3, 0, 4)


def test_a_step_of_nothing_gives_no_velocity():
    raw = np.array([[5, -7]], "<i2")
    assert np.isnan(metres_per_second(raw, np.array([0.0]))).all()


@pytest.mark.parametrize("steps", [0.0, 1e-127, 1e38, 1e127, np.inf, np.nan, -1000.0])
def test_steps_that_no_instrument_has_give_no_value_and_no_warning(steps):
    raw = np.array([[1, -32_767, 0]], np.int16)
    assert np.isnan(metres_per_second(raw, np.array([steps]))).all()
