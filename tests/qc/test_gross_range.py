import numpy as np
import pytest

from qc.check import Block
from qc.checks.gross_range import GrossRangeParams, defaults, gross_range
from tests.qc.records import TRAITS, regular


def judge(values, **bounds):
    values = np.array(values, dtype=float)
    return gross_range(Block(regular(values.size), values), GrossRangeParams(**bounds)).tolist()


def test_bounds_belong_to_what_they_bound():
    values = [-2.6, -2.5, -2.0, 0, 30, 30.1, 40, 40.1]
    bounds = {"fail_min": -2.5, "suspect_min": -2.0, "suspect_max": 30.0, "fail_max": 40.0}
    assert judge(values, **bounds) == [3, 2, 1, 1, 1, 2, 2, 3]


def test_infinities_fail_even_without_bounds_and_nan_is_not_run():
    assert judge([np.inf, -np.inf, np.nan, 1e300]) == [3, 3, 0, 1]


def test_one_sided_bounds():
    assert judge([-1e9, 1, 3], fail_max=2.0) == [1, 1, 3]
    assert judge([-1, 1], suspect_min=0.0) == [2, 1]


def test_bounds_that_do_not_rise_are_refused():
    with pytest.raises(ValueError, match="must rise"):
        GrossRangeParams(fail_min=1.0, suspect_min=0.0)


def test_defaults_fail_outside_of_what_can_be_and_suspect_nothing():
    assert defaults("temperature", TRAITS) == GrossRangeParams(fail_min=-2.5, fail_max=40.0)
    assert defaults("x", type(TRAITS)(sampling_seconds=1.0)) is None
