"""Event: an excursion that the sensor's response time allows is kept; one that ends faster is a fault."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.cells import surroundings, surroundings_halo
from qc.check import Block, Check, Halo, VariableTraits
from qc.compiled import compiled
from qc.flags import Outcomes
from qc.sampling import cells_for

_LONGEST = 64
"""Samples of the longest excursion that is followed back from where it ended too fast."""

_AFTER = 7
"""Samples that show that an excursion is over."""


@dataclass(frozen=True)
class EventParams:
    """How fast the sensor can answer, and what stands out.

    Attributes
    ----------
    response_seconds
        Time to 63 % of a step.
    largest_gap
        Seconds between two finite samples beyond which they are no neighbours.
    noise
        Of how many standard deviations of its noise a sensor's way back must be faster than possible.
    margin
        How many times faster than the stated response a sensor may be: response times are nominal.
    cell_seconds, cells
        Level and noise are medians over so many cells of time on each side.
    """

    response_seconds: float
    largest_gap: float
    noise: float = 8.0
    margin: float = 2.0
    cell_seconds: float = 3600.0
    cells: int = 24

    def __post_init__(self) -> None:
        if not (0 < self.response_seconds < np.inf and 0 < self.largest_gap < np.inf):
            raise ValueError(f"response_seconds {self.response_seconds}, largest_gap {self.largest_gap}: above 0")
        if not (0 < self.noise < np.inf and 1 <= self.margin < np.inf):
            raise ValueError(f"noise {self.noise} above 0 and margin {self.margin} of 1 or more expected")


def halo(params: EventParams) -> Halo:
    """The cells around, and the longest excursion that is followed back."""
    around = surroundings_halo(params.cell_seconds, params.cells)
    longest = (_LONGEST + _AFTER + 1) * params.largest_gap
    return Halo(around.before_seconds + longest, around.after_seconds + longest, 1, 1)


def event(block: Block, params: EventParams) -> Outcomes:
    """Tell faults from events by how fast an excursion ends.

    A sensor of response time T that reads A above what is around it reads, once the water is clean again, at least
    A exp(-t / T) a time t later. A way back that is faster by more than the noise no water can cause: the excursion is
    suspect, if it began in sight, at most 64 samples before. Samples 1, 2, 4 up to 32 apart are compared, as long as
    they are within the response time. All else passes, plumes seen by one sensor alone too.
    Rises say nothing: the water may hold any amount. For a sensor much faster than its sampling the test has no power.

    NaN and infinities are not run and stepped over; the first sample, those after a gap, at an equal time or after a
    step back pass unless an excursion that ends later holds them.
    """
    finite = np.isfinite(block.value)
    around = surroundings(block.time, block.value, params.cell_seconds, params.cells)
    outcomes = np.zeros(block.value.size, np.uint8)
    gap = int(np.ceil(min(params.largest_gap * 1e6, 2.0**62)))
    decay = 1e-6 * params.margin / params.response_seconds
    above = block.value[finite] - around.level[finite]
    outcomes[finite] = _find(block.time[finite], above, params.noise * around.noise[finite], gap, decay)
    return outcomes


@compiled
def _find(
    time: NDArray[np.int64], above: NDArray[np.float64], least: NDArray[np.float64], gap: int, decay: float
) -> Outcomes:
    n = above.size
    outcomes = np.ones(n, np.uint8)
    since, until = 0, 0
    for i in range(1, n):
        if not 0 < time[i] - time[i - 1] <= gap:
            since = i
        until = max(until, i)
        while until + 1 < n and until < i + _AFTER and 0 < time[until + 1] - time[until] <= gap:
            until += 1
        if until < i + _AFTER - 1:
            continue
        lag = 1
        while lag <= _LONGEST // 2 and i - lag >= since:
            apart = time[i] - time[i - lag]
            if lag > 1 and decay * apart > 2.0:
                break
            _judge_return(above, least, (since, i, lag), np.exp(-decay * apart), outcomes)
            lag *= 2
    return outcomes


@compiled
def _judge_return(
    above: NDArray[np.float64], least: NDArray[np.float64], at: tuple[int, int, int], left: float, outcomes: Outcomes
) -> None:
    """Mark the excursion that is over at one sample and was there `lag` samples before, if nothing can end so soon.

    What follows must lie as low for seven samples by their median: else it is a dip, not an end. And the excursion
    must have begun in sight: else the level changed, which is no matter of response.
    """
    since, i, lag = at
    j = i - lag
    size = abs(above[j])
    sign = 1.0 if above[j] > 0 else -1.0
    highest = size * left - least[i]
    if not (size > least[i] and sign * above[i] < highest):
        return
    after = above[i : i + _AFTER]
    if not sign * np.median(after) < highest:
        return
    floor = max(highest, least[i])
    k = j
    while k >= since and i - k <= _LONGEST and sign * above[k] > floor:
        k -= 1
    if k >= since and i - k <= _LONGEST:
        for m in range(k + 1, i):
            if sign * above[m] > floor:
                outcomes[m] = 2


def defaults(variable: str, traits: VariableTraits) -> EventParams | None:
    """Where the response time is known and at least half the sampling interval: else an excursion can be anything."""
    step, response = traits.sampling_seconds, traits.response_seconds
    if step is None or response is None or not response >= 0.5 * step:
        return None
    around = cells_for(step, 24)
    if around is None:
        return None
    return EventParams(response, largest_gap=5 * step, cell_seconds=around[0], cells=around[1])


CHECK = Check(
    name="event", slot=29, params=EventParams, kernel=event, halo=halo, defaults=defaults, required=False
)
