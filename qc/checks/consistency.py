"""Consistency: a value against what other sensors let expect."""

from dataclasses import dataclass

import numpy as np

from qc.check import Block, Check
from qc.flags import FAIL, NOT_RUN, PASS, SUSPECT, Outcomes


@dataclass(frozen=True)
class Term:
    """One other variable, and how much the value changes for a unit of it."""

    variable: str
    factor: float


@dataclass(frozen=True)
class ConsistencyParams:
    """What the others let expect: `constant` plus the sum of each variable times its factor.

    Attributes
    ----------
    suspect, fail
        Largest distance from it, in the variable's units; None is no bound.
    terms
        As oxygen against temperature and salinity; one of factor 1 for two sensors of one quantity.
    constant
        In the variable's units.
    """

    terms: tuple[Term, ...]
    suspect: float | None = None
    fail: float | None = None
    constant: float = 0.0

    def __post_init__(self) -> None:
        if not self.terms:
            raise ValueError("terms is empty, expected one or more")
        if any(bound is not None and bound < 0 for bound in (self.suspect, self.fail)):
            raise ValueError(f"suspect {self.suspect}, fail {self.fail}: expected 0 or more")


def consistency(block: Block, params: ConsistencyParams) -> Outcomes:
    """Compare each value with what other variables at the same time let expect.

    Which of them is wrong it cannot tell. Not run where any is missing or infinite. Only the sample itself is looked
    at.
    """
    with np.errstate(all="ignore"):  # inf - inf, and overflow
        expected = np.full(block.value.size, params.constant)
        for term in params.terms:
            expected = expected + term.factor * np.asarray(block.inputs[term.variable], np.float64)
        distance = np.abs(block.value - expected)
    suspect, fail = (np.inf if bound is None else bound for bound in (params.suspect, params.fail))
    verdict = np.where(distance > fail, FAIL, np.where(distance > suspect, SUSPECT, PASS))
    known = np.isfinite(block.value) & np.isfinite(expected)
    return np.where(known, verdict, NOT_RUN).astype(np.uint8)


CHECK = Check(
    name="consistency",
    slot=25,
    params=ConsistencyParams,
    kernel=consistency,
    inputs=lambda params: tuple(term.variable for term in params.terms),
)
