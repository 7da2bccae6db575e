"""The one bin rule of all products, and exact statistics over its bins."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Microseconds = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class BinRule:
    """Bins of one width on absolute time.

    Attributes
    ----------
    width_us
        Width of a bin, microseconds. Stamps are whole multiples of it since 1970-01-01 UTC.
    offset_us
        Start of a bin relative to its stamp: 0 gives [t, t + width) stamped t; minus half the width gives bins centred
        on their stamp.
    """

    width_us: int
    offset_us: int = 0

    @property
    def before_us(self) -> int:
        """How far the bins stamped in a month reach back into the month before."""
        return max(-self.offset_us, 0)

    @property
    def after_us(self) -> int:
        """How far the bins stamped in a month reach on into the month after."""
        return max(self.offset_us, 0)

    @property
    def reach_us(self) -> int:
        """How far a bin can reach over the stamps' own interval: samples a month needs from its neighbours."""
        return max(self.before_us, self.after_us)

    def stamps(self, time: Microseconds) -> Microseconds:
        """Stamp of the bin that holds each time, shape of `time`."""
        return (time - self.offset_us) // self.width_us * self.width_us

    def bounds(self, stamps: Microseconds) -> Microseconds:
        """First moment of each bin and first moment after it, shape (n, 2)."""
        start = stamps + self.offset_us
        return np.stack([start, start + self.width_us], axis=-1)


@dataclass(frozen=True)
class Groups:
    """Which samples lie in which bin.

    Attributes
    ----------
    stamps : ndarray of int64, shape (b,)
        Of the bins that hold at least one sample, ascending.
    first : ndarray of int64, shape (b + 1,)
        Number of each bin's first sample; the last entry is the number of samples.
    """

    stamps: Microseconds
    first: NDArray[np.int64]


class Statistics(NamedTuple):
    """Of each bin, shape (b,): NaN and number 0 where no sample was used."""

    minimum: Floats
    mean: Floats
    maximum: Floats
    number: NDArray[np.int32]


def group(rule: BinRule, time: Microseconds) -> Groups:
    """Find the runs of samples that share a bin.

    Parameters
    ----------
    rule
        Which bins.
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC, ascending.

    Raises
    ------
    ValueError
        Times run backwards: their bins would come twice.
    """
    stamps = rule.stamps(time)
    if np.any(np.diff(stamps) < 0):
        at = int(np.flatnonzero(np.diff(stamps) < 0)[0])
        raise ValueError(f"times must ascend; sample {at + 1} lies before sample {at}")
    starts = np.flatnonzero(np.diff(stamps, prepend=stamps[0] - 1)) if len(stamps) else np.zeros(0, dtype=np.int64)
    return Groups(stamps[starts], np.append(starts, len(time)).astype(np.int64))


def statistics(groups: Groups, value: Floats, use: NDArray[np.bool_]) -> Statistics:
    """Smallest, mean and largest value of each bin.

    Parameters
    ----------
    groups
        From `group`, for the same n samples.
    value : ndarray of float64, shape (n,)
        NaN where missing; such samples are never used.
    use : ndarray of bool, shape (n,)
        Which samples count.

    Returns
    -------
    Statistics
        Each bin's sum runs over its own samples in time order and nothing else, so that the result is the same to
        the last bit whatever else the call holds.
    """
    kept, bounds, count = _kept(groups, use & np.isfinite(value))
    minimum, mean, maximum = (np.full(len(count), np.nan) for _ in range(3))
    occupied = count > 0
    if occupied.any():
        used, starts = value[kept], bounds[:-1][occupied]
        minimum[occupied] = np.minimum.reduceat(used, starts)
        maximum[occupied] = np.maximum.reduceat(used, starts)
        sums = np.add.reduceat(used, starts)
        # The mean of equal values can round to one unit beside them.
        mean[occupied] = np.clip(sums / count[occupied], minimum[occupied], maximum[occupied])
    return Statistics(minimum, mean, maximum, count)


def circular_mean(groups: Groups, degrees: Floats, use: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.int32]]:
    """Mean direction of each bin, as the direction of the mean unit vector, and the number of samples.

    Parameters
    ----------
    groups, use
        As in `statistics`.
    degrees : ndarray of float64, shape (n,)
        Directions; any whole turn may be added.

    Returns
    -------
    mean : ndarray of float64, shape (b,)
        Degrees, in [0, 360); NaN where no sample was used or the directions cancel.
    count : ndarray of int32, shape (b,)

    References
    ----------
    Mardia and Jupp (2000), Directional Statistics, section 2.2.1.
    """
    kept, bounds, count = _kept(groups, use & np.isfinite(degrees))
    mean = np.full(len(count), np.nan)
    occupied = count > 0
    if occupied.any():
        angle, starts = np.deg2rad(degrees[kept]), bounds[:-1][occupied]
        east, north = np.add.reduceat(np.sin(angle), starts), np.add.reduceat(np.cos(angle), starts)
        turned = np.rad2deg(np.arctan2(east, north)) % 360.0
        # A resultant this short is rounding: 0 and 180 degrees leave 1e-16.
        clear = np.hypot(east, north) > 1e-9 * count[occupied]
        mean[occupied] = np.where(clear, np.where(turned >= 360.0, 0.0, turned), np.nan)
    return mean, count


def _kept(groups: Groups, use: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    kept = np.flatnonzero(use)
    bounds = np.searchsorted(kept, groups.first)
    return kept, bounds, np.diff(bounds).astype(np.int32)
