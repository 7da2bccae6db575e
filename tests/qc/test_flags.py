import itertools

import numpy as np
import pytest

from qc.flags import (
    FAIL,
    FLAG_MEANINGS,
    FLAG_VALUES,
    NOT_RUN,
    PASS,
    SUSPECT,
    aggregate,
    flag_attributes,
    get,
    needed,
    put,
    tests_attributes,
    to_qartod,
)
from qc.words import conclude, enter

slots_attributes = tests_attributes  # pytest would take the name for a test
del tests_attributes


def words(*outcomes, slots):
    tests = np.zeros(1, np.uint64)
    for slot, outcome in zip(slots, outcomes, strict=True):
        tests = put(tests, slot, np.array([outcome], np.uint8))
    return tests


def expected(outcomes, required):
    if FAIL in outcomes:
        return 4
    if SUSPECT in outcomes:
        return 3
    if all(outcome == NOT_RUN for outcome in outcomes):
        return 0
    return 1 if all(outcomes[i] == PASS for i in required) else 2


@pytest.mark.parametrize("required", [(), (0,), (0, 1), (1, 2), (0, 1, 2)])
def test_the_truth_table_of_three_tests_holds(required):
    slots = (0, 5, 31)
    for outcomes in itertools.product((NOT_RUN, PASS, SUSPECT, FAIL), repeat=3):
        tests = words(*outcomes, slots=slots)
        need = [slots[i] for i in required]
        assert aggregate(tests, np.array([False]), need)[0] == expected(outcomes, required)
        assert aggregate(tests, np.array([True]), need)[0] == 9
        assert [get(tests, slot)[0] for slot in slots] == list(outcomes)


def test_entering_again_replaces_only_its_own_slot_and_leaves_the_given_array_alone():
    tests = words(FAIL, PASS, slots=(3, 4))
    before = tests.copy()
    again = put(tests, 3, np.array([PASS], np.uint8))
    assert (tests == before).all()
    assert get(again, 3)[0] == PASS
    assert get(again, 4)[0] == PASS


def test_the_fast_path_writes_what_the_plain_one_says():
    rng = np.random.default_rng(0)
    value = rng.normal(size=5000)
    value[rng.random(5000) < 0.1] = np.nan
    fast, plain = np.zeros(5000, np.uint64), np.zeros(5000, np.uint64)
    for slot in (0, 3, 31):
        outcomes = rng.choice([0, 1, 1, 1, 1, 2, 3], 5000).astype(np.uint8)
        enter(fast, slot, outcomes)
        plain = put(plain, slot, outcomes)
    assert (fast == plain).all()
    flags = np.empty(5000, np.int8)
    missing = np.isnan(value)
    conclude(value, fast, needed((0, 3)), flags)
    assert (flags == aggregate(plain, missing, (0, 3))).all()
    assert (fast == np.where(missing, 0, plain)).all()


def test_the_qartod_view_names_not_evaluated_and_keeps_the_rest():
    assert to_qartod(np.array([0, 1, 2, 3, 4, 7, 8, 9], np.int8)).tolist() == [2, 1, 1, 3, 4, 2, 2, 9]


def test_attributes_say_what_every_code_and_every_slot_means():
    attributes = flag_attributes("Sea water temperature")
    assert attributes["standard_name"] == "quality_flag"
    assert attributes["flag_values"].dtype == np.int8
    assert len(FLAG_MEANINGS.split()) == len(FLAG_VALUES) == attributes["flag_values"].size
    assert slots_attributes("x", {"spike": 3, "gross_range": 0})["test_slots"] == "gross_range:0 spike:3"
