"""The blueprint of a quality check, and how checks are found."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qc.flags import SLOTS, Outcomes

RECORD = "record"
"""Stands for the record itself, beside the variables: its checks judge times and the platform, not values."""

PHASE = "deployment_phase"
"""The phase of the deployment at each sample, as an input of checks: a code, see the check `out_of_water`."""

KINDS = ("sensor", "profile", "record", "image")

LONGEST_DEFAULT_REACH = 11 * 86_400.0
"""Seconds that default parameters look around a sample at most, however slow the sampling: records are kept month by
month, and derived values look twice as far."""


class Halo(NamedTuple):
    """How far around its samples a check looks: seconds and samples, whichever reaches further."""

    before_seconds: float = 0.0
    after_seconds: float = 0.0
    before_samples: int = 0
    after_samples: int = 0


@dataclass(frozen=True)
class Block:
    """A run of samples of one variable, in time order, halo included.

    Attributes
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC.
    value : ndarray of float64, shape (n,)
        NaN where missing.
    inputs
        Further variables that the check named, each of shape (n,).
    summary
        What the check's first pass over the whole record taught; empty for checks without one.

    Of a check of kind "profile", `value` has the shape of the variable, (n, cell) or (n, cell, beam), and inputs
    the shape of theirs.
    """

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    inputs: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class VariableTraits:
    """What the default parameters of checks hang on. None where it is not known.

    Attributes
    ----------
    sampling_seconds
        Nominal time between samples, within a burst where there are bursts. Checks that derive their times from it
        are not part of the default plan where it is not known.
    valid_min, valid_max
        What the quantity can be at all.
    resolution
        Smallest difference that this instrument's record shows, in the variable's units.
    response_seconds
        Time to 63 % of a step.
    """

    sampling_seconds: float | None = None
    valid_min: float | None = None
    valid_max: float | None = None
    resolution: float | None = None
    response_seconds: float | None = None


Kernel = Callable[[Block, Any], Outcomes]


@dataclass(frozen=True)
class Carry:
    """A small state handed from block to block, and how soon it forgets.

    Attributes
    ----------
    kernel
        `kernel(block, judged, params, state) -> (outcomes, state)`: outcomes of the first `judged` samples; those
        after them are the check's `halo` after, looked at and not judged. `state` is None at the start of a record;
        the one returned stands after the last judged sample.
    horizon
        `horizon(params) -> seconds`: after this long the state no longer depends on where the record began, so that
        a month can be judged on its own from that much of the month before it.
    """

    kernel: Callable[[Block, int, Any, Any], tuple[Outcomes, Any]]
    horizon: Callable[[Any], float]


@dataclass(frozen=True)
class Summary:
    """A first pass over the whole record, part by part, before anything is judged.

    Attributes
    ----------
    learn
        `learn(block, core, params) -> summary`: what the samples `core` (a slice) of the block teach, as a dict of
        arrays and numbers that JSON can hold; the check's halo lies around them.
    merge
        `merge(summaries, params) -> summary`: the parts' summaries, in time order, as one. The result must be the same
        for any parts, bit for bit: counts and integers, not running floats.
    needed
        `needed(params)`: whether the check wants it with these parameters.
    """

    learn: Callable[[Block, slice, Any], Mapping[str, Any]]
    merge: Callable[[Sequence[Mapping[str, Any]], Any], Mapping[str, Any]]
    needed: Callable[[Any], bool] = lambda params: True


def _not_by_default(variable: str, traits: VariableTraits) -> Any | None:
    return None


@dataclass(frozen=True)
class Check:
    """One test of data quality.

    Attributes
    ----------
    name
        Name of the test; also the module's.
    slot
        Fixed place in `<var>_qc_tests`, unique within its kind (sensor, profile and record count as one), never used
        again for another test.
    params
        Frozen dataclass of the parameters, every one with a default or required by its lack of one.
    kernel
        `kernel(block, params) -> outcomes`, uint8 of shape (n,), for the block with its halo; the runner cuts the halo
        off. None for a check with a `carry`.
    halo
        `halo(params) -> Halo`.
    carry
        For checks whose verdict hangs on a state from before the block.
    inputs
        Names of further variables, or a function of the parameters that gives them; `PHASE` is the phase of each
        sample. Where one is absent the check does not run.
    kind
        What it judges: sensor, profile, record or image. A check of the record looks at times and at the platform, not
        at values; it can also be planned for single variables.
    summary
        For checks that need statistics of the whole record.
    defaults
        `defaults(variable, traits) -> params`, or None where the check is not part of the default plan.
    required
        Whether flag 1 takes a pass of this check wherever it is planned.
    version
        Raised when the same samples would get other outcomes: what it judged before is then judged anew.
    speaks
        `speaks(params, time_us) -> parameters`: those that count for one sample, as people are told; all of them where
        it is None.
    """

    name: str
    slot: int
    params: type[Any]
    kernel: Kernel | None = None
    halo: Callable[[Any], Halo] = lambda params: Halo()
    carry: Carry | None = None
    inputs: tuple[str, ...] | Callable[[Any], tuple[str, ...]] = ()
    kind: str = "sensor"
    summary: Summary | None = None
    defaults: Callable[[str, VariableTraits], Any | None] = _not_by_default
    required: bool = True
    version: int = 1
    speaks: Callable[[Any, int], Mapping[str, Any]] | None = None

    def needs(self, params: Any) -> tuple[str, ...]:
        """Names of the further variables that the check reads with these parameters."""
        return self.inputs(params) if callable(self.inputs) else self.inputs

    def learns(self, params: Any) -> bool:
        """Whether the check needs a first pass over the whole record with these parameters."""
        return self.summary is not None and self.summary.needed(params)

    def reach(self, params: Any) -> Halo:
        """How far around a part its samples must be known to judge the part as the whole record would be."""
        halo = self.halo(params)
        if self.carry is None:
            return halo
        return halo._replace(before_seconds=max(halo.before_seconds, self.carry.horizon(params)))


@cache
def discover() -> Mapping[str, Check]:
    """Every check in `qc/checks`, by name: one module, one `CHECK`.

    Raises
    ------
    TypeError
        Two checks of one kind share a slot, or a module's name is not its check's.
    """
    folder = importlib.import_module("qc.checks")
    found: dict[str, Check] = {}
    taken: dict[tuple[str, int], str] = {}
    for module_info in sorted(pkgutil.iter_modules(folder.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{folder.__name__}.{module_info.name}")
        check = getattr(module, "CHECK", None)
        if check is None:
            continue
        _admit(check, module_info.name, taken)
        found[check.name] = check
    return found


def _admit(check: Check, module_name: str, taken: dict[tuple[str, int], str]) -> None:
    # Checks of all kinds but images may write into the same `<var>_qc_tests`.
    place = ("image" if check.kind == "image" else "sensor", check.slot)
    if check.name != module_name:
        raise TypeError(f"check {check.name!r} lies in qc/checks/{module_name}.py: name both alike")
    if check.kind not in KINDS or not 0 <= check.slot < SLOTS:
        raise TypeError(f"check {check.name!r}: kind {check.kind!r}, slot {check.slot}: no such place")
    if place in taken:
        raise TypeError(f"checks {check.name!r} and {taken[place]!r} share slot {check.slot} of {check.kind}")
    if (check.kernel is None) == (check.carry is None):
        raise TypeError(f"check {check.name!r} needs either a kernel or a carry")
    if check.kind == "profile" and (check.carry is not None or check.summary is not None):
        raise TypeError(f"check {check.name!r} is of kind profile: it can have neither a carry nor a summary")
    taken[place] = check.name
