"""Flat line: a sensor that says the same for too long."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qc.check import LONGEST_DEFAULT_REACH, Block, Carry, Check, Halo, VariableTraits
from qc.compiled import compiled
from qc.flags import Outcomes


@dataclass(frozen=True)
class FlatLineParams:
    """What counts as stuck.

    Attributes
    ----------
    tolerance
        Largest difference between the values of a stuck run, in the variable's units; 0 means exactly alike.
    suspect_seconds, fail_seconds
        A run that lasts at least this long, from its first sample to its last, is suspect, or fails.
    largest_gap
        Seconds between two samples beyond which a run ends.
    """

    suspect_seconds: float
    fail_seconds: float
    largest_gap: float
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.suspect_seconds <= self.fail_seconds < np.inf:
            raise ValueError(f"0 < suspect_seconds {self.suspect_seconds} <= fail_seconds {self.fail_seconds} expected")
        if not 0 < self.largest_gap < np.inf:
            raise ValueError(f"largest_gap is {self.largest_gap}, expected seconds above 0")
        if not 0 <= self.tolerance < np.inf:
            raise ValueError(f"tolerance is {self.tolerance}, expected 0 or more")


class OpenRun(NamedTuple):
    """The samples before a block that a run may still hold together with the block's first: all within tolerance."""

    time: NDArray[np.int64]
    value: NDArray[np.float64]


def reach(params: FlatLineParams) -> float:
    """Seconds beyond which no sample changes the verdict on another.

    A run that makes a sample suspect can be shortened at both ends until it lasts the asked time plus at most one
    step between samples, which is at most `largest_gap`.
    """
    return params.fail_seconds + params.largest_gap


def halo(params: FlatLineParams) -> Halo:
    """What lies after a sample decides as far as what lies before, which is carried."""
    return Halo(after_seconds=reach(params))


def flat_line(block: Block, judged: int, params: FlatLineParams, state: OpenRun | None) -> tuple[Outcomes, OpenRun]:
    """Find the samples that lie in a run whose values differ by at most the tolerance for long enough.

    A sample is stuck when any stretch of consecutive samples that contains it lasts long enough and spans at most
    `tolerance`; so the whole run is flagged, from its first sample. Durations are true time: jitter, duplicates and
    sampling below 1 s need no care. NaN, an infinity, a step longer than `largest_gap` and a step back in time end a
    run. Every other finite sample passes, also at the ends of the record; NaN and infinities are not run.

    Parameters
    ----------
    block
        Samples, those of the halo after included.
    judged
        How many of them, from the first, are to be judged.
    params
        What counts as stuck.
    state
        The open run at the block's beginning.

    Returns
    -------
    outcomes : ndarray of uint8, shape (judged,)
    state
        The run that is open at the last judged sample, of which only the last `reach` seconds are kept.
    """
    before = OpenRun(np.empty(0, np.int64), np.empty(0)) if state is None else state
    if judged == 0:
        return np.empty(0, np.uint8), before
    time, value = block.time, block.value
    if before.time.size:
        time, value = np.concatenate([before.time, time]), np.concatenate([before.value, value])
    last = before.time.size + judged - 1
    limits = np.array([_us(params.suspect_seconds), _us(params.fail_seconds), _us(params.largest_gap)], np.int64)
    outcomes = np.isfinite(value).astype(np.uint8)
    # Steps of a run are at most `largest_gap`, so a long enough one has at least this many samples.
    fewest = int(limits[0] // limits[2]) + 1
    _search(time, value, params.tolerance, limits, fewest // 2, outcomes)
    kept = slice(_open_since(time, value, params.tolerance, limits[2], last, _us(reach(params))), last + 1)
    return outcomes[before.time.size : last + 1], OpenRun(time[kept].copy(), value[kept].copy())


def _us(seconds: float) -> int:
    return int(np.ceil(seconds * 1e6))


@compiled
def _search(
    time: NDArray[np.int64],
    value: NDArray[np.float64],
    tolerance: float,
    limits: NDArray[np.int64],
    stride: int,
    outcomes: Outcomes,
) -> None:
    """Look closer wherever a run can be.

    A run of at least two strides holds two checkpoints, one stride apart, whose values differ by at most the
    tolerance; in noise that is rare, and the rest of the record need not be walked through.
    """
    n = value.size
    if stride < 8:
        _mark(time, value, tolerance, limits, outcomes)
        return
    begin, end = -1, -1
    for checkpoint in range(0, n, stride):
        after = checkpoint + stride
        if after < n and abs(value[after] - value[checkpoint]) <= tolerance:
            low, high = max(0, checkpoint - stride), min(n, after + stride)
            if begin >= 0 and low > end:
                _mark(time[begin:end], value[begin:end], tolerance, limits, outcomes[begin:end])
                begin = -1
            begin, end = (low if begin < 0 else begin), high
    if begin >= 0:
        _mark(time[begin:end], value[begin:end], tolerance, limits, outcomes[begin:end])


@compiled
def _mark(
    time: NDArray[np.int64],
    value: NDArray[np.float64],
    tolerance: float,
    limits: NDArray[np.int64],
    outcomes: Outcomes,
) -> None:
    """Mark the samples of runs that last long enough.

    `a` is the first sample of the longest run that ends at `b`. Least and greatest value of the run come from two
    parts: samples up to `flip`, whose minima and maxima from each sample to `flip` are kept, and those after it. Each
    sample is entered once and passed over once: time O(n) whatever the run's length.
    """
    least, greatest = np.empty(value.size), np.empty(value.size)
    a, flip, low, high = 0, 0, np.inf, -np.inf
    marked = np.zeros(2, np.int64)
    for b in range(value.size):
        x = value[b]
        if not np.isfinite(x):
            a, flip, low, high = b + 1, b + 1, np.inf, -np.inf
            continue
        if b > a and (time[b] - time[b - 1] > limits[2] or time[b] < time[b - 1]):
            a, flip, low, high = b, b, np.inf, -np.inf
        low, high = min(low, x), max(high, x)
        while _spread(a, flip, low, high, least, greatest) > tolerance:
            a += 1
            if a >= flip:
                flip, low, high = b + 1, np.inf, -np.inf
                _extremes_to_end(value, a, b, least, greatest)
        for level in range(2):
            if time[b] - time[a] >= limits[level]:
                outcomes[max(a, marked[level]) : b + 1] = 2 + level
                marked[level] = b + 1


@compiled
def _open_since(
    time: NDArray[np.int64], value: NDArray[np.float64], tolerance: float, gap: int, last: int, longest: int
) -> int:
    """First sample of the run that ends at `last`, at most `longest` microseconds before it."""
    low, high, first = np.inf, -np.inf, last + 1
    for i in range(last, -1, -1):
        low, high = min(low, value[i]), max(high, value[i])
        parted = i < last and (time[i + 1] - time[i] > gap or time[i + 1] < time[i])
        if not np.isfinite(value[i]) or parted or high - low > tolerance or time[last] - time[i] > longest:
            break
        first = i
    return first


@compiled
def _spread(
    a: int, flip: int, low: float, high: float, least: NDArray[np.float64], greatest: NDArray[np.float64]
) -> float:
    if a < flip:
        low, high = min(low, least[a]), max(high, greatest[a])
    return high - low


@compiled
def _extremes_to_end(
    value: NDArray[np.float64], a: int, b: int, least: NDArray[np.float64], greatest: NDArray[np.float64]
) -> None:
    low, high = np.inf, -np.inf
    for i in range(b, a - 1, -1):
        low, high = min(low, value[i]), max(high, value[i])
        least[i], greatest[i] = low, high


_STILL = frozenset({"latitude", "longitude"})
"""A mooring that says the same position at each sample is no fault: seen in ../shared/gapfill."""


def defaults(variable: str, traits: VariableTraits) -> FlatLineParams | None:
    """Exactly alike, to half a step of the sensor's resolution, for 10 and 30 minutes or 10 and 25 samples.

    Runs of 3 samples, the usual start, are the normal state of a pressure record in steps of 0.1 dbar; of 10 and more,
    at most 0.2 % of the six half-hourly records of ../shared/gapfill.
    """
    step = traits.sampling_seconds
    if step is None or variable in _STILL:
        return None
    params = FlatLineParams(
        suspect_seconds=max(600.0, 9 * step),
        fail_seconds=max(1800.0, 24 * step),
        largest_gap=5 * step,
        tolerance=0.5 * (traits.resolution or 0.0),
    )
    return params if reach(params) <= LONGEST_DEFAULT_REACH else None


CHECK = Check(
    name="flat_line",
    slot=4,
    params=FlatLineParams,
    carry=Carry(kernel=flat_line, horizon=reach),
    halo=halo,
    defaults=defaults,
)
