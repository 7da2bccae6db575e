"""How surely fouling of an optode is found, and how often it is seen where there is none."""

from collections.abc import Iterable, Sequence
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from qc.check import Block
from qc.checks.biofouling import BiofoulingParams, add, drift, learn
from sample_data.faults import assign, disturb
from sample_data.instrument import discover
from sample_data.run import prepare
from sample_data.scenario import Fault, Scenario
from sample_data.site import Nature

DAYS, ONSET, PERIOD = 60, 0.5, 1800.0
"""The film begins to grow after half of the days: thirty are left in which it has to be found."""

PERCENT_PER_30_DAYS = -5.0
DEPLOYMENTS = 50
PARAMS = BiofoulingParams("temperature", direction="down")


def optode(scenario: Scenario, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Time, oxygen and temperature of a simulated optode on the seafloor, with the scenario's faults."""
    instruments = discover()
    nature = Nature(seed, scenario.start, scenario.duration, scenario.tide_scale)
    run = prepare(instruments["optode"], scenario, nature, assign(scenario, instruments))
    stay = nature.phases
    view = run.view(0, int(stay.seafloor / PERIOD))
    readings = disturb(run.instrument.clean(view), run.faults, view, run.instrument.sensors)
    bottom = view.seconds > stay.descent  # what it did in air and on its way down is another matter
    time = np.datetime64(scenario.start, "us").astype(np.int64) + (view.seconds[bottom] * 1e6).astype(np.int64)
    return time, np.asarray(readings["oxygen"])[bottom], np.asarray(readings["temperature"])[bottom]


def alarm(scenario: Scenario, seed: int) -> float | None:
    """Days from the start to the first day that is held to be drifting; None for no such day."""
    time, oxygen, temperature = optode(scenario, seed)
    learned = learn(Block(time, oxygen, {"temperature": temperature}), slice(None), PARAMS)
    found = drift(add([learned]), PARAMS)
    first = found.day[found.drifting]
    return float(first[0] - found.day[0]) if first.size else None


def deployments(seeds: Iterable[int]) -> list[int]:
    """Seeds of fifty deployments, no two alike, drawn from some seeds in turn."""
    return [1000 * seed + number for number, seed in zip(range(DEPLOYMENTS), cycle(seeds), strict=False)]


def skill(seeds: Sequence[int]) -> dict[str, float]:
    """Share of fouled deployments in which it is found after its onset, and of sound ones with an alarm."""
    sound = Scenario("sound", DAYS, PERIOD)
    film = Fault("ramp", ("oxygen",), None, ONSET,
                 {"percent_per_30_days": PERCENT_PER_30_DAYS, "shape": "exponential"})  # fmt: skip
    fouled = Scenario("fouled", DAYS, PERIOD, faults=(film,))
    alarms = [alarm(fouled, seed) for seed in seeds]
    found = sum(first is not None and first >= DAYS * ONSET for first in alarms)
    false = sum(alarm(sound, seed) is not None for seed in seeds)
    return {"fouling_found": found / len(seeds), "fouling_false_alarms": false / len(seeds)}
