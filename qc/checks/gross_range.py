"""Gross range: values that the quantity, or the sensor, cannot have."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qc.check import Block, Check, VariableTraits
from qc.compiled import compiled
from qc.flags import Outcomes


@dataclass(frozen=True)
class GrossRangeParams:
    """Bounds, in the variable's units; None is no bound. A value on a bound is inside.

    Attributes
    ----------
    fail_min, fail_max
        Outside fails.
    suspect_min, suspect_max
        Outside is suspect.
    """

    fail_min: float | None = None
    fail_max: float | None = None
    suspect_min: float | None = None
    suspect_max: float | None = None

    def __post_init__(self) -> None:
        given = (self.fail_min, self.suspect_min, self.suspect_max, self.fail_max)
        bounds = [bound for bound in given if bound is not None]
        if any(low > high for low, high in pairwise(bounds)):
            raise ValueError(
                f"bounds must rise: fail_min {self.fail_min}, suspect_min {self.suspect_min}, "
                f"suspect_max {self.suspect_max}, fail_max {self.fail_max}"
            )


def gross_range(block: Block, params: GrossRangeParams) -> Outcomes:
    """Compare each value with fixed bounds.

    Infinities fail whatever the bounds; NaN is not run. Time plays no part: ends, gaps, duplicates and jitter are as
    any other sample.
    """
    low = [-np.inf if bound is None else bound for bound in (params.fail_min, params.suspect_min)]
    high = [np.inf if bound is None else bound for bound in (params.fail_max, params.suspect_max)]
    return _compare(block.value, np.array(low), np.array(high))


@compiled
def _compare(value: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> Outcomes:
    outcomes = np.empty(value.size, np.uint8)
    fail_low, suspect_low, fail_high, suspect_high = low[0], low[1], high[0], high[1]
    for i in range(value.size):
        x = value[i]
        failed = (x < fail_low) | (x > fail_high) | (x == np.inf) | (x == -np.inf)
        suspect = (x < suspect_low) | (x > suspect_high)
        outcomes[i] = 0 if x != x else (3 if failed else (2 if suspect else 1))  # noqa: PLR0124 - NaN is unlike itself
    return outcomes


def defaults(variable: str, traits: VariableTraits) -> GrossRangeParams | None:
    """Fail outside of what the quantity can be; nothing is suspect unless the configuration says so."""
    if traits.valid_min is None and traits.valid_max is None:
        return None
    return GrossRangeParams(fail_min=traits.valid_min, fail_max=traits.valid_max)


CHECK = Check(name="gross_range", slot=0, params=GrossRangeParams, kernel=gross_range, defaults=defaults)
