"""Agreement with recorded flags of another package; where we differ, a rule says what ours must be."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from tests.qc.parity import CALLS, ours, plain
from tests.qc.parity_rules import DEVIATIONS
from tests.qc.parity_variations import VARIATIONS

PATH = Path(
    os.environ.get("LANDER_QARTOD_CASES", Path(__file__).parents[2] / ".." / "shared" / "qc" / "qartod_cases.json")
)
MOST_RULES, MOST_BY_RULE = 15, 0.20


def cases():
    return json.loads(PATH.read_text())["cases"] if PATH.is_file() else []


def rule_for(case):
    inputs = {name: plain(one) for name, one in case["inputs"].items()}
    return next((one for one in DEVIATIONS if one.function == case["function"] and one.covers(inputs)), None), inputs


def agrees(case):
    """That ours are the recorded flags, or those that a rule predicts, whose name is returned."""
    if "raises" in case:
        with pytest.raises((TypeError, ValueError)):
            ours(case)
        return None
    flags = ours(case)
    if flags == case["expected"]["flags"]:
        return None
    rule, inputs = rule_for(case)
    assert rule is not None, f"{case['test']}: {flags} instead of {case['expected']['flags']}, and no rule covers it"
    assert flags == rule.predicts(inputs), rule.name
    return rule.name


@pytest.mark.parametrize("number", range(len(cases())))
def test_our_flags_are_the_recorded_ones_or_those_that_a_rule_predicts(number):
    agrees(cases()[number])


@pytest.mark.parametrize("case", VARIATIONS, ids=lambda case: case["test"])
def test_the_same_of_calls_that_nobody_recorded_for_us(case):
    agrees(case)


@pytest.mark.skipif(not PATH.is_file(), reason=f"{PATH} is not there: recorded calls of QARTOD tests")
def test_few_rules_cover_few_cases_and_every_rule_is_needed():
    by_rule = Counter(filter(None, map(agrees, cases())))
    varied = Counter(filter(None, map(agrees, VARIATIONS)))
    assert len(DEVIATIONS) <= MOST_RULES
    assert set(by_rule) | set(varied) == {rule.name for rule in DEVIATIONS}
    assert by_rule.total() <= MOST_BY_RULE * len(cases())
    assert {case["function"] for case in cases()} <= set(CALLS)
