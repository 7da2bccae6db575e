"""Spike: one to three samples that stand out from those around them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.check import LONGEST_DEFAULT_REACH, Block, Check, Halo, VariableTraits
from qc.compiled import compiled
from qc.flags import Outcomes
from qc.sampling import noise_rules

_HALF = 3
"""Neighbours on each side whose median is the value expected."""

_REACH = 25
"""Neighbours on each side that the local scale needs: seven stretches of seven second differences."""

_WHOLE = 2 * _REACH + 1
_FEWEST = 15
"""Shortest burst in which a spike of three samples leaves most second differences alone."""

_WIDE = 50
"""Neighbours on each side that tell whether the noise is white, and how large it is."""

_WIDE_WHOLE = 2 * _WIDE + 1
_PAIRS = 9
"""Pairs of neighbours, one on each side, the median of whose means is the value expected in white noise."""

_LAG, _WHITE = 4, 1.5
"""Second differences of white noise are as large over four samples as over one, of a random walk twice as large: up to
this, it is white. Slopes leave no trace in them."""

_NEAR_SCALE, _NEARER_SCALE, _NEAR = 3.2, 3.6, 8
"""From so many times the local noise on, by the median of 7 samples and then by that of pairs, a sample is looked at in
white noise too: 0.1 % of it. Until then it is marked by the last."""

_MOVING_SCALE = 3.324
_MEDIAN_SCALE = 1.652
"""What the two scales read for white noise of unit standard deviation: third of seven largest of seven absolute second
differences (simulated, 4 million samples); their median, 0.6745 sqrt(6)."""


@dataclass(frozen=True)
class SpikeParams:
    """A sample stands out when its deviation exceeds all of the thresholds of a level, or the one for white noise.

    Attributes
    ----------
    suspect, fail
        Least deviation from the median of the seven samples around, in the variable's units.
    suspect_scale, fail_scale
        The same in units of the local noise, taken from second differences of the 51 samples around; 0 leaves the
        noise out, for fixed thresholds only.
    spread
        The same, for both levels, in units of the narrowest spread of four of the seven samples.
    white_scale
        Where the noise of the 101 samples around is white: least deviation from the median of the means of the nine
        pairs around, in standard deviations of that noise. `suspect_scale` and `spread` are left out then; 0 leaves
        this out.
    white_fail_scale
        The same, for failing; `fail` and `fail_scale` are left out then.
    largest_gap
        Seconds between two finite samples beyond which they are no neighbours.
    """

    largest_gap: float
    suspect: float = 0.0
    fail: float = 0.0
    suspect_scale: float = 4.5
    fail_scale: float = 10.0
    spread: float = 2.5
    white_scale: float = 0.0
    white_fail_scale: float = 7.0

    def __post_init__(self) -> None:
        if not 0 < self.largest_gap < np.inf:
            raise ValueError(f"largest_gap is {self.largest_gap}, expected seconds above 0")
        if not (0 <= self.suspect <= self.fail < np.inf and 0 <= self.suspect_scale <= self.fail_scale < np.inf):
            raise ValueError(
                f"0 <= suspect <= fail expected: suspect {self.suspect}, fail {self.fail}, suspect_scale "
                f"{self.suspect_scale}, fail_scale {self.fail_scale}"
            )
        if not 0 <= self.spread < np.inf:
            raise ValueError(f"spread is {self.spread}, expected 0 or more")
        if not 0 <= self.white_scale <= self.white_fail_scale < np.inf:
            found = f"white_scale {self.white_scale}, white_fail_scale {self.white_fail_scale}"
            raise ValueError(f"0 <= white_scale <= white_fail_scale expected: {found}")


def spike(block: Block, params: SpikeParams) -> Outcomes:
    """Compare each sample with the median of the seven samples around it, itself included.

    The median flags neither the neighbours of a spike nor the sides of a step, and up to three spoilt samples in a row
    cannot reach it. What stands out is measured by the local noise: second differences leave tides and ramps out; of
    seven stretches of seven samples the third quietest counts, so that up to four stretches may hold spikes; and in
    each the largest, as the noise of the sea comes in packets. Where the 101 samples around show that their noise is
    white, there are no packets to heed: then what lies evenly on both sides and the size of that noise decide alone,
    which also finds spikes of three samples among a quiet sensor's own noise, and on the steep side of a plume.

    NaN and infinities are left out as if never sampled: not run, and the next finite sample is the neighbour as long
    as it is not more than `largest_gap` away. A longer step, or one back in time, parts the record. Of each part the
    first and last three samples, and parts of fewer than 15 samples, are not run: a spike could not be told from a
    step there. Duplicate times and jitter need no care, as order counts and not distance.
    """
    finite = np.isfinite(block.value)
    gap = int(np.ceil(params.largest_gap * 1e6))
    scales = (params.suspect_scale, params.fail_scale, params.spread, params.white_scale,
              params.white_fail_scale)  # fmt: skip
    levels = np.array([params.suspect, params.fail, *scales])
    if finite.all():
        return _judge(block.time, block.value, gap, levels)
    outcomes = np.zeros(block.value.size, np.uint8)
    outcomes[finite] = _judge(block.time[finite], block.value[finite], gap, levels)
    return outcomes


@compiled
def _judge(time: NDArray[np.int64], value: NDArray[np.float64], gap: int, levels: NDArray[np.float64]) -> Outcomes:
    outcomes = np.zeros(value.size, np.uint8)
    start = 0
    for i in range(1, value.size + 1):
        if i == value.size or time[i] - time[i - 1] > gap or time[i] < time[i - 1]:
            if i - start >= _WHOLE:
                part = value[start:i]
                scale = _moving_scale(part)
                _compare(part, scale, levels, outcomes[start:i])
                _settle(part, scale, levels, outcomes[start:i])
            elif i - start >= _FEWEST:
                part = value[start:i]
                scale = np.full(part.size, np.median(_second_differences(part)[1:-1]) / _MEDIAN_SCALE)
                _compare(part, scale, levels, outcomes[start:i])
            start = i
    return outcomes


@compiled
def _compare(
    value: NDArray[np.float64], scale: NDArray[np.float64], levels: NDArray[np.float64], outcomes: Outcomes
) -> None:
    suspect, fail, suspect_scale, fail_scale, spread = levels[0], levels[1], levels[2], levels[3], levels[4]
    near_scale = _NEAR_SCALE if levels[5] > 0 and value.size >= _WIDE_WHOLE else np.inf
    for i in range(_HALF, value.size - _HALF):
        s0, s1, s2, s3, s4, s5, s6 = _sorted_seven(value, i - _HALF, 1)
        deviation = abs(value[i] - s3)
        narrow = spread * min(s3 - s0, s4 - s1, s5 - s2, s6 - s3)
        stands_out = (deviation > suspect) & (deviation > suspect_scale * scale[i]) & (deviation > narrow)
        far = (deviation > fail) & (deviation > fail_scale * scale[i])
        near = (deviation > suspect) & (deviation > near_scale * scale[i])
        # No branch: the loop over all samples runs several at a time.
        outcomes[i] = 1 + stands_out + (stands_out & far) + _NEAR * near


@compiled
def _settle(
    value: NDArray[np.float64], scale: NDArray[np.float64], levels: NDArray[np.float64], outcomes: Outcomes
) -> None:
    """Look at the samples that were marked as near, by the noise where that is white."""
    means = np.empty(_PAIRS)
    for i in range(value.size):
        if outcomes[i] < _NEAR:
            continue
        outcomes[i] -= _NEAR
        if outcomes[i] > 2 or not _PAIRS <= i < value.size - _PAIRS:
            continue
        for k in range(_PAIRS):
            means[k] = 0.5 * (value[i - k - 1] + value[i + k + 1])
        deviation = abs(value[i] - np.median(means))
        if not (deviation > levels[0] and deviation > _NEARER_SCALE * scale[i]):
            continue
        noise = _white_noise(value, i)
        if noise > 0 and deviation > levels[5] * noise:
            outcomes[i] = 3 if deviation > levels[6] * noise else 2


@compiled
def _white_noise(value: NDArray[np.float64], i: int) -> float:
    """Standard deviation of the noise around a sample, from the nearest 101; 0 where it is not white."""
    first = min(max(i - _WIDE, 0), value.size - _WIDE_WHOLE)
    part = value[first : first + _WIDE_WHOLE]
    near = np.median(np.abs(part[2:] - 2 * part[1:-1] + part[:-2]))
    far = np.median(np.abs(part[2 * _LAG :] - 2 * part[_LAG:-_LAG] + part[: -2 * _LAG]))
    return near / _MEDIAN_SCALE if far <= _WHITE * near else 0.0


@compiled
def _second_differences(value: NDArray[np.float64]) -> NDArray[np.float64]:
    differences = np.zeros(value.size)
    for i in range(1, value.size - 1):
        differences[i] = abs(value[i + 1] - 2 * value[i] + value[i - 1])
    return differences


@compiled
def _moving_scale(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Local noise at every sample; the outermost 25 samples on each side take the nearest one's."""
    n = value.size
    differences = _second_differences(value)
    largest = np.zeros(n)
    for i in range(4, n - 4):
        d = differences
        largest[i] = max(d[i - 3], d[i - 2], d[i - 1], d[i], d[i + 1], d[i + 2], d[i + 3])
    scale = np.empty(n)
    for i in range(_REACH, n - _REACH):
        scale[i] = _sorted_seven(largest, i - 21, 7)[2] / _MOVING_SCALE
    scale[:_REACH] = scale[_REACH]
    scale[n - _REACH :] = scale[n - _REACH - 1]
    return scale


@compiled
def _sorted_seven(
    x: NDArray[np.float64], start: int, step: int
) -> tuple[float, float, float, float, float, float, float]:
    """Seven values in rising order, by the network of 16 comparisons (proven over all 128 inputs of 0 and 1)."""
    a, b, c, d = x[start], x[start + step], x[start + 2 * step], x[start + 3 * step]
    e, f, g = x[start + 4 * step], x[start + 5 * step], x[start + 6 * step]
    a, g = min(a, g), max(a, g)
    c, d = min(c, d), max(c, d)
    e, f = min(e, f), max(e, f)
    a, c = min(a, c), max(a, c)
    b, e = min(b, e), max(b, e)
    d, g = min(d, g), max(d, g)
    a, b = min(a, b), max(a, b)
    c, f = min(c, f), max(c, f)
    d, e = min(d, e), max(d, e)
    b, c = min(b, c), max(b, c)
    e, g = min(e, g), max(e, g)
    c, d = min(c, d), max(c, d)
    e, f = min(e, f), max(e, f)
    b, c = min(b, c), max(b, c)
    d, e = min(d, e), max(d, e)
    f, g = min(f, g), max(f, g)
    return a, b, c, d, e, f, g


def defaults(variable: str, traits: VariableTraits) -> SpikeParams | None:
    """4.5 and 10 times the local noise, and never less than 5 and 10 steps of the sensor's resolution.

    Of white noise this flags 0.03 %. Of spikes of 8 standard deviations in white noise it finds 99.8, 99.3 and 98.2 %
    where they are one, two and three samples wide; without `white_scale` 97.5, 94 and 71 %.

    Where samples lie further apart the sea itself is the noise, never white and full of internal waves, and 5.7 times
    the local noise is asked for: of the clean records of ../shared/gapfill (half-hourly) that flags 0.3 to 0.7 %, of
    IMOS temperatures of flag 1 (every ten minutes, in a thermocline) 0.9 %. At 4.5 it was 0.5 to 1.0 and 1.3 %.
    """
    if traits.sampling_seconds is None:
        return None
    # Slower than every three and a half hours, fifty neighbours are no neighbours.
    largest_gap = min(5 * traits.sampling_seconds, LONGEST_DEFAULT_REACH / _WHOLE)
    if largest_gap < 1.5 * traits.sampling_seconds:
        return None
    resolution = traits.resolution or 0.0
    bounds = {"suspect": 5 * resolution, "fail": 10 * resolution}
    if noise_rules(variable, traits.sampling_seconds):
        return SpikeParams(largest_gap, **bounds, white_scale=4.5)
    return SpikeParams(largest_gap, **bounds, suspect_scale=5.7)


def halo(params: SpikeParams) -> Halo:
    """One less than the samples that decide are neighbours, and one more shows that the part goes on."""
    whole = _WIDE_WHOLE if params.white_scale else _WHOLE
    return Halo(whole * params.largest_gap, whole * params.largest_gap)


CHECK = Check(name="spike", slot=3, params=SpikeParams, kernel=spike, halo=halo, defaults=defaults, version=2)
