"""Where values are missing, and what a filler puts there."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qc.errors import QcError
from qc.filler import Filler, Series
from qc.flags import BAD, GOOD, MISSING, PROBABLY_BAD, PROBABLY_GOOD, Flags

LARGEST_SHARE = 0.5
"""A filled value whose sigma exceeds this share of the series' standard deviation says less than the series' mean."""


@dataclass(frozen=True)
class GapRule:
    """How the gaps of one variable are filled.

    Attributes
    ----------
    filler
        The method.
    cap_seconds
        Longest gap to fill.
    sampling_seconds
        Nominal time between samples; 0 where it is not known, then only times of spoilt samples are filled.
    """

    filler: Filler
    cap_seconds: float
    sampling_seconds: float

    @property
    def step_us(self) -> int:
        """Sampling interval in microseconds."""
        return round(self.sampling_seconds * 1e6)

    @property
    def longest_us(self) -> int:
        """Largest time in microseconds between two good samples that is filled; half a step is left for jitter."""
        return round(self.cap_seconds * 1e6) + self.step_us + self.step_us // 2

    @property
    def reach_seconds(self) -> float:
        """How much of the record must be at hand on both sides of a part."""
        return self.longest_us / 1e6 + 1.0


class FillTable(NamedTuple):
    """Filled values of one variable, in time order.

    time : int64 us; value and uncertainty (1 sigma) in the variable's units; method : int8, the filler's code.
    """

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    uncertainty: NDArray[np.float64]
    method: NDArray[np.int8]


def good_series(time: NDArray[np.int64], value: NDArray[np.float64], flags: Flags) -> Series:
    """Samples that may be trusted: finite, of flag 1 or 2, the first of equal times."""
    good = _trusted(value, flags)
    kept_time, kept_value = time[good], value[good]
    first = np.ones(kept_time.size, dtype=bool)
    first[1:] = kept_time[1:] > kept_time[:-1]
    return Series(kept_time[first], kept_value[first])


def _trusted(value: NDArray[np.float64], flags: Flags) -> NDArray[np.bool_]:
    trusted: NDArray[np.bool_] = ((flags == GOOD) | (flags == PROBABLY_GOOD)) & np.isfinite(value)
    return trusted


def learn_gaps(time: NDArray[np.int64], value: NDArray[np.float64], flags: Flags, rule: GapRule) -> dict[str, Any]:
    """What one part of the record teaches: first pass over the whole record, joined by `merge_gaps`.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC, never going back.
    value : ndarray of float64, shape (n,)
        NaN where missing.
    flags : ndarray of int8, shape (n,)
        Quality flags.
    rule
        How the gaps are to be filled.

    Returns
    -------
    dict
        Arrays and numbers that JSON can hold: `method`, `moments` (number, sum and sum of squares of the good samples
        in steps of 2^-24) and `learned`, which is the filler's.
    """
    learned = rule.filler.learn(good_series(time, value, flags), rule.cap_seconds)
    # Samples of equal times all count here: a part may end between them.
    return {"method": rule.filler.name, "moments": moments(value[_trusted(value, flags)]), "learned": learned}


def merge_gaps(parts: Sequence[Mapping[str, Any]], filler: Filler) -> dict[str, Any]:
    """Join what the parts of a record taught, in time order: the same, bit for bit, for any parts."""
    others = {part["method"] for part in parts} - {filler.name}
    if others:
        raise QcError(f"parts learnt for {', '.join(sorted(others))}, expected for {filler.name}")
    moments = [sum(column) for column in zip(*(part["moments"] for part in parts), strict=True)]
    return {
        "method": filler.name,
        "moments": moments,
        "learned": filler.merge([dict(part["learned"]) for part in parts]),
    }


def moments(value: NDArray[np.float64]) -> list[int]:
    """Number, sum and sum of squares as whole numbers: exact, whatever the order and the parts."""
    total = squares = 0
    # 2^14 products of 2^23 * 2^24 each stay within int64.
    for start in range(0, value.size, 1 << 14):
        part = value[start : start + (1 << 14)]
        if np.abs(part).max() < 2.0**22:
            whole = np.rint(part * 2.0**24).astype(np.int64)
            high, low = whole >> 24, whole & ((1 << 24) - 1)
            squares += (int((high * high).sum()) << 48) + (int((high * low).sum()) << 25) + int((low * low).sum())
            total += int(whole.sum())
        else:
            large = [round(one * 2.0**24) for one in part.tolist()]
            squares += sum(one * one for one in large)
            total += sum(large)
    return [int(value.size), total, squares]


def standard_deviation(summary: Mapping[str, Any], lost: int = 1) -> float:
    """Of the good samples of the whole record, with so many degrees of freedom lost; NaN for no more samples."""
    count, total, squares = summary["moments"]
    if count <= lost:
        return math.nan
    return math.sqrt((count * squares - total * total) / (count * (count - lost))) / 2.0**24


def targets(time: NDArray[np.int64], value: NDArray[np.float64], flags: Flags, rule: GapRule) -> NDArray[np.int64]:
    """Times at which a value is missing.

    Those of samples that are missing, bad or suspect, each once; and where samples are absent, whole sampling
    intervals counted from the sample before, as long as half an interval is left to the one after. Samples of unknown
    quality are neither trusted nor replaced. Stretches without any sample that are longer than the cap are left out.

    Returns
    -------
    ndarray of int64
        Microseconds, ascending.
    """
    spoilt = (flags == MISSING) | (flags == BAD) | (flags == PROBABLY_BAD) | np.isnan(value)
    wanted, others = time[spoilt], time[~spoilt]
    after = np.searchsorted(others, wanted)  # time never goes back: no need to sort for a difference of sets
    there = after < others.size
    there[there] = others[after[there]] == wanted[there]
    pieces = [wanted[~there]]
    step, lengths = rule.step_us, np.diff(time)
    # 1.5 steps: half a step of jitter is no absence.
    absent = (2 * lengths > 3 * step) & (lengths <= rule.longest_us) & (step > 0)
    for i in np.flatnonzero(absent):
        count = (2 * int(lengths[i]) - step) // (2 * step)
        pieces.append(time[i] + step * np.arange(1, count + 1, dtype=np.int64))
    return np.unique(np.concatenate(pieces))


def fill_gaps(
    time: NDArray[np.int64],
    value: NDArray[np.float64],
    flags: Flags,
    rule: GapRule,
    summary: Mapping[str, Any],
    span: tuple[int, int] | None = None,
) -> FillTable:
    """Fill the gaps of one variable, as far as that can be answered for.

    A gap lies between two good samples. It counts as long as the time between them less one sampling interval, so
    that twelve missing samples at 30 minutes are a gap of 6 h. Left empty are gaps longer than the cap, times without
    a good sample on both sides, and values whose sigma exceeds half the series' standard deviation.

    Parameters
    ----------
    time, value, flags
        As those of `learn_gaps`; for a part of the record, with at least `rule.reach_seconds` of it on both sides.
    rule
        How to fill.
    summary
        What the whole record taught: see `merge_gaps`.
    span
        Times (us) from which and before which values are wanted; all where None. The fill tables of the parts of a
        record, each with its own span, are together that of the whole.
    """
    good = good_series(time, value, flags)
    at = targets(time, value, flags, rule)
    if span is not None:
        at = at[(at >= span[0]) & (at < span[1])]
    after = np.searchsorted(good.time, at, side="right")
    at, after = _select((after > 0) & (after < good.time.size), at, after)
    if at.size:
        at, after = _select(good.time[after] - good.time[after - 1] <= rule.longest_us, at, after)
    filled = rule.filler.predict(good, at, summary["learned"])
    kept = np.isfinite(filled.value) & (filled.uncertainty <= LARGEST_SHARE * standard_deviation(summary))
    method = np.full(int(kept.sum()), rule.filler.code, np.int8)
    return FillTable(at[kept], filled.value[kept], filled.uncertainty[kept], method)


def _select(kept: NDArray[np.bool_], *arrays: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    return tuple(array[kept] for array in arrays)
