import numpy as np

from qc.check import Block
from qc.checks.out_of_water import OutOfWaterParams, out_of_water
from tests.qc.records import regular


def judge(phase, value=None):
    phase = np.asarray(phase)
    value = np.zeros(phase.size) if value is None else np.asarray(value, dtype=float)
    return out_of_water(Block(regular(phase.size), value, {"deployment_phase": phase}), OutOfWaterParams()).tolist()


def test_each_phase_has_its_verdict():
    #                    unknown, deck, descent, seafloor, ascent, recovered
    assert judge(np.array([0, 1, 2, 3, 4, 5], np.int8)) == [0, 3, 2, 1, 2, 3]


def test_missing_values_and_codes_out_of_the_scheme_are_not_run():
    assert judge([3, 3], [np.nan, 1]) == [0, 1]
    assert judge(np.array([6, -1, 100], np.int8)) == [0, 0, 0]
    assert judge(np.array([3.0, np.nan, 1.0])) == [1, 0, 3]
