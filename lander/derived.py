"""The blueprint of a derived quantity, how they are found, and what all of them share: matching in time, flags."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lander.errors import LanderError
from qc.flags import BAD, FILLED, GOOD, MISSING, NOMINAL, PROBABLY_BAD, PROBABLY_GOOD, UNKNOWN, Flags

Floats = NDArray[np.float64]
Values = Mapping[str, Floats]
Kernel = Callable[[Values, Mapping[str, float]], Floats]


class DeriveError(LanderError):
    """A derived value lacks something that the configuration has to say."""


@dataclass(frozen=True)
class Derived:
    """One quantity computed from others, sample by sample.

    Attributes
    ----------
    name
        Its name in the vocabulary.
    version
        Raised when the same inputs would give other values.
    inputs
        Variables of the instrument's own stream; where a stream lacks one, the quantity is not derived from it.
    matched
        Variables taken from the deployment's primary instruments, matched in time.
    settings
        Names that the instrument's `settings` must hold.
    kernel
        `kernel(values, settings) -> value`: arrays of shape (n,) by variable, inputs and matched alike, NaN where
        missing; NaN in any of them gives NaN.
    method
        One line for the file's attributes.
    references
        Paper or manual with its equation or page.
    """

    name: str
    version: int
    inputs: tuple[str, ...]
    kernel: Kernel
    method: str
    references: tuple[str, ...]
    matched: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """Every variable that the kernel reads, own ones first."""
        return self.inputs + self.matched


class Flagged(NamedTuple):
    """Values and their flags.

    Attributes
    ----------
    value : ndarray of float64, shape (n,)
        NaN where there is none.
    flags : ndarray of int8, shape (n,)
        OceanSITES codes.
    """

    value: Floats
    flags: Flags


# Best first. Unknown stands below "probably good": good and unknown make unknown, never good. Nominal and filled values
# are no observations: what is made from them is "probably good" at best.
_RANK_OF = {GOOD: 0, PROBABLY_GOOD: 1, NOMINAL: 1, FILLED: 1, UNKNOWN: 2, PROBABLY_BAD: 3, BAD: 4, MISSING: 5}
_RANKS = np.full(10, 4, dtype=np.int8)
_RANKS[list(_RANK_OF)] = list(_RANK_OF.values())
_FLAG_OF_RANK = np.array([GOOD, PROBABLY_GOOD, UNKNOWN, PROBABLY_BAD, BAD, MISSING], dtype=np.int8)


def worst(*flags: Flags) -> Flags:
    """Flag of a value made from several: never better than the worst of them.

    Parameters
    ----------
    *flags : ndarray of int8, shape (n,)
        OceanSITES codes, one array an input.

    Returns
    -------
    ndarray of int8, shape (n,)
        In the order 1 < 2 < 0 < 3 < 4 < 9; 7 and 8 count as 2.
    """
    if not flags:
        raise ValueError("worst() of no flags: give at least one array")
    return _FLAG_OF_RANK[np.maximum.reduce([_RANKS[each] for each in flags])]


def is_good(flags: Flags) -> NDArray[np.bool_]:
    """Whether a value may be computed with: flags 1 and 2, and nominal values of the configuration."""
    good: NDArray[np.bool_] = np.isin(flags, (GOOD, PROBABLY_GOOD, NOMINAL))
    return good


def derive(derived: Derived, values: Values, flags: Mapping[str, Flags], settings: Mapping[str, float]) -> Flagged:
    """Compute a derived quantity where every input is good.

    Parameters
    ----------
    derived
        What to compute.
    values, flags
        Of every variable in `derived.needs`, each of shape (n,).
    settings
        Of the instrument.

    Returns
    -------
    Flagged
        NaN and flag 9 where an input is missing or not good, else the worst flag of the inputs.

    Raises
    ------
    DeriveError
        A setting is missing.
    """
    missing = [name for name in derived.settings if name not in settings]
    if missing:
        raise DeriveError(
            f"{derived.name} needs the setting {', '.join(missing)} of the instrument; add it under `settings:` in the "
            "deployment file"
        )
    used = {name: np.where(is_good(flags[name]), values[name], np.nan) for name in derived.needs}
    value = derived.kernel(used, settings)
    flag = worst(*(flags[name] for name in derived.needs))
    return Flagged(value, np.where(np.isfinite(value), flag, np.int8(MISSING)))


def propagate(derived: Derived, values: Values, sigmas: Values, settings: Mapping[str, float]) -> Floats:
    """First-order uncertainty of a derived quantity, its inputs' errors taken as independent.

    Parameters
    ----------
    values, sigmas
        Of every variable in `derived.needs`, and their standard deviations, each of shape (n,).

    Returns
    -------
    ndarray of float64, shape (n,)
        One standard deviation, from one step of one sigma in each input.

    References
    ----------
    JCGM 100:2008 (GUM), 5.1.3, note 2: the partial derivatives taken numerically.
    """
    centre = derived.kernel(values, settings)
    variance = np.zeros_like(centre)
    for name in derived.needs:
        up = derived.kernel({**values, name: values[name] + sigmas[name]}, settings)
        down = derived.kernel({**values, name: values[name] - sigmas[name]}, settings)
        variance += ((up - down) / 2.0) ** 2
    return np.sqrt(variance)


@dataclass(frozen=True)
class Donor:
    """A variable of another instrument, to be matched in time.

    Attributes
    ----------
    time : ndarray of int64, shape (m,)
        Microseconds since 1970-01-01 UTC, ascending.
    value : ndarray of float64, shape (m,)
        NaN where missing.
    flags : ndarray of int8, shape (m,)
        OceanSITES codes.
    """

    time: NDArray[np.int64] = field(repr=False)
    value: Floats = field(repr=False)
    flags: Flags = field(repr=False)


def match(time: NDArray[np.int64], donor: Donor, largest_gap_us: int) -> Flagged:
    """Bring another instrument's good values to these times, linearly between the two neighbouring ones.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC, in any order.
    donor
        Whose values; those that are not good are passed over.
    largest_gap_us
        Most time between the two neighbours; farther apart they give no value.

    Returns
    -------
    Flagged
        NaN and flag 9 where there is no good neighbour on both sides: nothing is extrapolated. A sample at the very
        time is taken as it is (the first, where several share it); else the flag is the worse of the neighbours'.
    """
    good = is_good(donor.flags) & np.isfinite(donor.value)
    at, value, flags = donor.time[good], donor.value[good], donor.flags[good]
    if len(at) == 0:
        return Flagged(np.full(time.shape, np.nan), np.full(time.shape, MISSING, dtype=np.int8))
    right = np.minimum(np.searchsorted(at, time, side="left"), len(at) - 1)
    left = np.maximum(right - 1, 0)
    exact = at[right] == time
    gap = at[right] - at[left]
    between = (at[left] < time) & (time < at[right]) & (gap <= largest_gap_us)
    fraction = (time - at[left]) / np.where(gap > 0, gap, 1)
    # Two products and a sum, so that equal neighbours give exactly their value.
    moved = value[left] + fraction * (value[right] - value[left])
    matched = np.where(exact, value[right], np.where(between, moved, np.nan))
    flag = np.where(exact, flags[right], worst(flags[left], flags[right]))
    return Flagged(matched, np.where(exact | between, flag, np.int8(MISSING)))


def hold(time: NDArray[np.int64], donor: Donor, longest_us: int) -> Flagged:
    """Bring another stream's good values to these times unchanged: the last one before, or the next where none is.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC, in any order.
    donor
        Whose values; those that are not good are passed over.
    longest_us
        How far from its own time a value may stand.

    Returns
    -------
    Flagged
        NaN and flag 9 where there is none near enough.
    """
    good = is_good(donor.flags) & np.isfinite(donor.value)
    at, value, flags = donor.time[good], donor.value[good], donor.flags[good]
    if len(at) == 0:
        return Flagged(np.full(time.shape, np.nan), np.full(time.shape, MISSING, dtype=np.int8))
    before = np.searchsorted(at, time, side="right") - 1
    after = np.minimum(before + 1, len(at) - 1)
    use = np.where((before >= 0) & (time - at[before] <= longest_us), before, after)
    near = np.abs(time - at[use]) <= longest_us
    return Flagged(np.where(near, value[use], np.nan), np.where(near, flags[use], np.int8(MISSING)))


@cache
def discover() -> Mapping[str, Derived]:
    """Every derived quantity in `lander/derive`, in an order in which each comes after those it reads.

    Raises
    ------
    TypeError
        Two modules derive one quantity, or quantities need each other in a circle.
    """
    import lander.derive as folder

    found: dict[str, Derived] = {}
    for module_info in sorted(pkgutil.iter_modules(folder.__path__), key=lambda info: info.name):
        derived = getattr(importlib.import_module(f"{folder.__name__}.{module_info.name}"), "DERIVED", None)
        if derived is None:
            continue
        if derived.name in found:
            raise TypeError(f"{derived.name} is derived twice, once in lander/derive/{module_info.name}.py")
        found[derived.name] = derived
    return _in_order(found)


def _in_order(found: Mapping[str, Derived]) -> dict[str, Derived]:
    ordered: dict[str, Derived] = {}
    while len(ordered) < len(found):
        ready = [
            name
            for name, derived in found.items()
            if name not in ordered and all(need in ordered or need not in found for need in derived.needs)
        ]
        if not ready:
            raise TypeError(f"derived quantities need each other: {', '.join(sorted(set(found) - set(ordered)))}")
        ordered.update({name: found[name] for name in sorted(ready)})
    return ordered
