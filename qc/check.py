"""The blueprint of a quality check, and how checks are found."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qc.flags import SLOTS, Outcomes

KINDS = ("sensor", "profile", "record", "image")


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
    """

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    inputs: Mapping[str, NDArray[Any]] = field(default_factory=dict)


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
class Check:
    """One test of data quality.

    Attributes
    ----------
    name
        Name of the test; also the module's.
    slot
        Fixed place in `<var>_qc_tests`, unique within its kind, never used again for another test.
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
        Names of further variables; "deployment_phase" is the phase of each sample.
    kind
        What it judges: sensor, profile, record or image.
    """

    name: str
    slot: int
    params: type[Any]
    kernel: Kernel | None = None
    halo: Callable[[Any], Halo] = lambda params: Halo()
    carry: Carry | None = None
    inputs: tuple[str, ...] = ()
    kind: str = "sensor"


@cache
def discover() -> Mapping[str, Check]:
    """Every check in `qc/checks`, by name: one module, one `CHECK`.

    Raises
    ------
    TypeError
        Two checks of one kind share a slot, or a module's name is not its check's.
    """
    import qc.checks as folder

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
    place = (check.kind, check.slot)
    if check.name != module_name:
        raise TypeError(f"check {check.name!r} lies in qc/checks/{module_name}.py: name both alike")
    if check.kind not in KINDS or not 0 <= check.slot < SLOTS:
        raise TypeError(f"check {check.name!r}: kind {check.kind!r}, slot {check.slot}: no such place")
    if place in taken:
        raise TypeError(f"checks {check.name!r} and {taken[place]!r} share slot {check.slot} of {check.kind}")
    if (check.kernel is None) == (check.carry is None):
        raise TypeError(f"check {check.name!r} needs either a kernel or a carry")
    taken[place] = check.name
