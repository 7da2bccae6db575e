"""Agreement with recorded flags of another package; where we differ, a rule says what ours must be."""

import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.qc.parity import CALLS, numbers, ours, plain, times

PATH = Path(
    os.environ.get(
        "LANDER_QARTOD_CASES", Path(__file__).parents[2] / ".." / "shared" / "qc" / "qartod_cases.json"
    )
)
MOST_RULES, MOST_BY_RULE = 15, 0.20
pytestmark = pytest.mark.skipif(not PATH.is_file(), reason=f"{PATH} is not there: recorded calls of QARTOD tests")


@dataclass(frozen=True)
class Deviation:
    """Where ours may differ, and to what.

    `covers(inputs)` says so from the call alone; `predicts(inputs)` computes our flags without our code.
    """

    name: str
    function: str
    why: str
    covers: object
    predicts: object


def cases():
    return json.loads(PATH.read_text())["cases"] if PATH.is_file() else []


def brute_runs(time, value, tolerance, seconds):
    """Samples that lie in some stretch that spans at most the tolerance and lasts so long."""
    stuck = np.zeros(value.size, bool)
    for a in range(value.size):
        for b in range(a, value.size):
            part = value[a : b + 1]
            if np.isnan(part).any() or part.max() - part.min() > tolerance:
                break
            if (time[b] - time[a]) / 1e6 >= seconds:
                stuck[a : b + 1] = True
    return stuck


def flat_predicts(inputs):
    value = numbers(inputs["inp"])
    time, tolerance = times(inputs["tinp"])[: value.size], inputs.get("tolerance", 0)
    flags = np.where(brute_runs(time, value, tolerance, inputs["suspect_threshold"]), 3, 1)
    flags = np.where(brute_runs(time, value, tolerance, inputs["fail_threshold"]), 4, flags)
    return np.where(np.isnan(value), 9, flags).tolist()


def flat_covers(inputs):
    """Two samples in a row are alike: only then can a run begin."""
    value = numbers(inputs["inp"])
    value = value[np.isfinite(value)]
    return bool((np.abs(np.diff(value)) <= inputs.get("tolerance", 0)).any())


def rate_predicts(inputs):
    value, time = numbers(inputs["inp"]), times(inputs["tinp"]) / 1e6
    flags, last = np.full(value.size, 9), None
    for i in np.flatnonzero(np.isfinite(value)):
        rate = 0.0 if last is None else abs(value[i] - value[last]) / (time[i] - time[last])
        flags[i] = 2 if last is None else 4 if rate > inputs.get("fail_threshold", np.inf) else 1 + 2 * (
            rate > inputs["threshold"]
        )  # fmt: skip
        last = i
    return flags.tolist()


DEVIATIONS = (
    Deviation(
        "whole run",
        "qartod.flat_line_test",
        "A stuck run is flagged from its first sample, over true time, a spread equal to the tolerance included, and "
        "ends at a missing value; recorded: only samples that look back on a full window counted in samples, which "
        "reaches across missing values, and strictly below the tolerance.",
        flat_covers,
        flat_predicts,
    ),
    Deviation(
        "no sample before",
        "qartod.rate_of_change_test",
        "The first sample has no rate: not evaluated; and after missing values the change is taken from the last "
        "value there was. Recorded: both always good.",
        lambda inputs: bool(np.isfinite(numbers(inputs["inp"])).any()),
        rate_predicts,
    ),
    Deviation(
        "no coastline",
        "qartod.location_on_land_test",
        "No coastline comes with this project: nothing is evaluated unless polygons are given.",
        lambda inputs: True,
        lambda inputs: np.where(
            np.isnan(numbers(inputs["lon"])) & np.isnan(numbers(inputs["lat"])), 9, 2
        ).tolist(),
    ),
)  # fmt: skip


def rule_for(case):
    inputs = {name: plain(one) for name, one in case["inputs"].items()}
    return next((one for one in DEVIATIONS if one.function == case["function"] and one.covers(inputs)), None), inputs


@pytest.mark.parametrize("number", range(len(cases())))
def test_our_flags_are_the_recorded_ones_or_those_that_a_rule_predicts(number):
    case = cases()[number]
    if "raises" in case:
        with pytest.raises((TypeError, ValueError)):
            ours(case)
        return
    flags = ours(case)
    if flags == case["expected"]["flags"]:
        return
    rule, inputs = rule_for(case)
    assert rule is not None, f"{case['test']}: {flags} instead of {case['expected']['flags']}, and no rule covers it"
    assert flags == rule.predicts(inputs), rule.name


def test_few_rules_cover_few_cases_and_every_rule_is_needed():
    by_rule = Counter()
    recorded = [case for case in cases() if "raises" not in case]
    for case in recorded:
        if ours(case) != case["expected"]["flags"]:
            by_rule[rule_for(case)[0].name] += 1
    assert len(DEVIATIONS) <= MOST_RULES
    assert set(by_rule) == {rule.name for rule in DEVIATIONS}
    assert by_rule.total() <= MOST_BY_RULE * len(cases())
    assert {case["function"] for case in cases()} <= set(CALLS)
