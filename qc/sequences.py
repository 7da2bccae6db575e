"""Tests of casts, texts and time stamps, as functions: a lander standing on the seafloor has no use for them."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qc.flags import FAIL, NOT_RUN, PASS, SUSPECT, Outcomes

Floats = NDArray[np.float64]


def density_inversion(
    density: Floats, depth: Floats, suspect: float | None = None, fail: float | None = None
) -> Outcomes:
    """Test that density does not fall with depth along a cast, down or up.

    Parameters
    ----------
    density, depth : ndarray, shape (n,)
        In the order of measurement; both samples of a pair bear its verdict. A pair at one depth passes. Not run are
        missing samples, a single one, and the one after a missing one. That one, and the first, bear the verdict of
        the pair they begin where it speaks against them; otherwise the first passes.
    suspect, fail
        Least change of density (negative) from the upper to the lower sample; None is no bound.

    Raises
    ------
    ValueError
        Not a depth for each density.
    """
    density, depth = np.asarray(density, np.float64), np.asarray(depth, np.float64)
    if density.shape != depth.shape:
        raise ValueError(f"densities of shape {density.shape} and depths of shape {depth.shape}: expected alike")
    if density.size < 2:
        return np.zeros(density.size, np.uint8)
    change = np.sign(np.diff(depth)) * np.diff(density)
    low = [-np.inf if bound is None else bound for bound in (suspect, fail)]
    pair = np.where(change < low[1], FAIL, np.where(change < low[0], SUSPECT, PASS))
    pair = np.where(np.isnan(change), NOT_RUN, pair).astype(np.uint8)
    closes = np.concatenate([np.array([PASS], np.uint8), pair])
    begins = np.where(pair == PASS, NOT_RUN, pair)
    outcomes = np.maximum(closes, np.append(begins, NOT_RUN)).astype(np.uint8)
    return np.where(np.isfinite(density + depth), outcomes, np.uint8(NOT_RUN))


def pressure_increasing(pressure: Floats) -> Outcomes:
    """Mark as suspect every sample of a cast that is not deeper than all before it; NaN is not run.

    Of a cast that goes up on the whole, every sample that is not shallower than all before it.
    """
    value = np.asarray(pressure, np.float64)
    known = value[np.isfinite(value)]
    value = -value if known.size and known[-1] < known[0] else value
    before = np.fmax.accumulate(np.concatenate([[-np.inf], value]))[:-1]
    return np.where(np.isnan(value), NOT_RUN, np.where(value > before, PASS, SUSPECT)).astype(np.uint8)


def percentile_range(value: Floats, low: float = 5.0, high: float = 95.0, pad: float = 0.0) -> Outcomes:
    """Mark as suspect what lies outside of two percentiles of the finite values, widened by `pad`; NaN is not run."""
    value = np.asarray(value, np.float64)
    finite = value[np.isfinite(value)]
    if not finite.size:
        return np.zeros(value.size, np.uint8)
    least, most = np.percentile(finite, [low, high])
    outside = (value < least - pad) | (value > most + pad)
    return np.where(np.isnan(value), NOT_RUN, np.where(outside, SUSPECT, PASS)).astype(np.uint8)


def valid_range(
    value: NDArray[Any], first: Any | None, last: Any | None, first_inside: bool = True, last_inside: bool = False
) -> Outcomes:
    """Fail what lies outside of a range of numbers or times; None or NaT is an open end, NaN and NaT are not run."""
    value = np.asarray(value)
    missing = np.isnat(value) if value.dtype.kind == "M" else np.isnan(value)
    outside = np.zeros(value.shape, bool)
    if not _open(first):
        outside |= (value < first) | ((value == first) & (not first_inside))
    if not _open(last):
        outside |= (value > last) | ((value == last) & (not last_inside))
    return np.where(missing, NOT_RUN, np.where(outside, FAIL, PASS)).astype(np.uint8)


def _open(bound: Any | None) -> bool:
    return bound is None or bool(np.isnat(bound) if isinstance(bound, np.datetime64) else np.isnan(bound))


def syntax(
    messages: Sequence[str],
    expected: int,
    counted: Literal["characters", "bytes"] = "characters",
    delimiter: str | None = None,
) -> Outcomes:
    """Fail messages of the wrong length.

    Parameters
    ----------
    messages
        As received.
    expected
        Number of characters; of bytes that hexadecimal text stands for; or, with a delimiter, of fields.
    counted
        What `expected` counts, where there is no delimiter.
    delimiter
        What parts the fields.
    """

    def fits(message: str) -> bool:
        if delimiter is not None:
            return len(message.split(delimiter)) == expected
        return len(message) == (2 * expected if counted == "bytes" else expected)

    return np.array([PASS if fits(message) else FAIL for message in messages], np.uint8)
