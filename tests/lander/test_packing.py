import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import vocabulary
from lander.packing import FILL, pack, unpack

STEPPED = sorted(name for name, one in vocabulary.table().items() if one.step is not None)
ONE_OF_EACH_STEP = sorted({vocabulary.lookup(name).step: name for name in STEPPED}.values())
LARGEST = 2**31 - 1


@pytest.mark.parametrize("name", STEPPED)
def test_a_step_has_a_whole_inverse_or_is_whole(name):
    step = vocabulary.lookup(name).step
    assert step >= 1 or abs(1 / step - round(1 / step)) < 1e-6
    # All that is valid can be stored.
    reach = max(abs(vocabulary.lookup(name).valid_min or 0), abs(vocabulary.lookup(name).valid_max or 0))
    assert reach <= LARGEST * step


@pytest.mark.parametrize("name", ONE_OF_EACH_STEP)
@given(st.data())
def test_values_come_back_within_half_a_step(name, data):
    step = vocabulary.lookup(name).step
    reach = 0.99 * LARGEST * step
    numbers = st.floats(-reach, reach, allow_nan=False) | st.just(np.nan)
    values = np.array(data.draw(st.lists(numbers, max_size=30)), dtype=np.float64)
    packed, encoding = pack(name, values)
    again = unpack(packed, encoding)
    assert packed.dtype == np.int32
    assert np.array_equal(np.isnan(values), np.isnan(again))
    assert (packed[np.isnan(values)] == FILL).all()
    known = np.isfinite(values)
    # Near the ends of the range a float64 itself is no finer than a part in 4e15.
    assert (np.abs(again[known] - values[known]) <= step / 2 + np.abs(values[known]) * 1e-15).all()
    once_more, _ = pack(name, again)
    assert np.array_equal(once_more, packed), "packing what was packed changes nothing"


def test_decimal_values_of_instruments_come_back_as_they_were():
    values = np.array([34.50158, 3.41207, -1.9118, 0.1, 12.34567])
    packed, encoding = pack("practical_salinity", values)
    assert list(unpack(packed, encoding)) == list(values)


def test_what_is_too_large_is_kept_at_the_end_of_the_range():
    values = np.array([1e9, -1e9, np.inf, -np.inf, np.nan])
    packed, encoding = pack("temperature", values)
    assert list(packed) == [LARGEST, -LARGEST, LARGEST, -LARGEST, FILL]
    again = unpack(packed, encoding)
    valid_max = vocabulary.lookup("temperature").valid_max
    assert (np.abs(again[:4]) > valid_max).all(), "far outside anything valid, so that quality control fails it"


def test_arguments_are_left_alone():
    values = np.array([1.0, np.nan, 2.00001])
    before = values.copy()
    packed, encoding = pack("temperature", values)
    kept = packed.copy()
    unpack(packed, encoding)
    np.testing.assert_array_equal(values, before)
    np.testing.assert_array_equal(packed, kept)


@pytest.mark.parametrize("name", sorted(name for name, one in vocabulary.table().items() if one.step is None))
def test_counts_keep_their_type_and_value(name):
    dtype = np.dtype(vocabulary.lookup(name).dtype)
    if dtype.kind == "f":
        values = np.array([0.1, np.nan, -3.5])
        packed, encoding = pack(name, values)
        np.testing.assert_array_equal(unpack(packed, encoding), values.astype(dtype).astype(np.float64))
        return
    values = np.array([0, 1, np.iinfo(dtype).max], dtype=dtype)
    packed, encoding = pack(name, values)
    assert packed.dtype == dtype
    assert encoding == {}
    np.testing.assert_array_equal(unpack(packed, encoding), values)
