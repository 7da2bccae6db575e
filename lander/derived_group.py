"""The blueprint of quantities that are derived together, of any shape, and how they are found."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lander.deployment import Deployment, Instrument
from lander.derived import Flagged

Dims = tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """What is known of a stream before any of its values is read.

    Attributes
    ----------
    dims
        Dimensions of its variables.
    shapes
        Shape of one record of those with more dimensions than time.
    attributes
        Those of the decoded stream that the group asked for; one that differs between its raw files is in `varying`.
    siblings
        Variables along time that exactly one other stream of the same instrument holds.
    available
        Variables that one other instrument of the deployment gives.
    """

    dims: Mapping[str, Dims]
    shapes: Mapping[str, tuple[int, ...]]
    attributes: Mapping[str, Any]
    varying: tuple[str, ...]
    siblings: frozenset[str]
    available: frozenset[str]
    instrument: Instrument
    deployment: Deployment


@dataclass(frozen=True)
class Prepared:
    """What will be derived of a stream, and from what.

    Attributes
    ----------
    outputs
        Names in the vocabulary, with dimensions.
    judged
        Those that quality control looks at; the others have the flags that the kernel gives them.
    inputs
        Variables of the stream itself; `fixed` those without time, such as the distance of cells.
    siblings
        Variables of other streams of the instrument, matched in time.
    matched
        Variables of the deployment's primary instruments, matched in time.
    settings
        Plain values (what JSON can hold) that the kernel is given: all that the results hang on beside the inputs.
    method
        One line for the file's attributes.
    """

    outputs: Mapping[str, Dims]
    judged: tuple[str, ...]
    inputs: tuple[str, ...]
    method: str
    fixed: tuple[str, ...] = ()
    siblings: tuple[str, ...] = ()
    matched: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Lacking:
    """Why what should be derived cannot be: `reason` names what is missing and where to put it."""

    outputs: tuple[str, ...]
    reason: str


Kernel = Callable[[NDArray[np.int64], Mapping[str, Flagged], Mapping[str, NDArray[Any]], Mapping[str, Any]],
                  Mapping[str, Flagged]]  # fmt: skip


@dataclass(frozen=True)
class DerivedGroup:
    """Several quantities computed together.

    Attributes
    ----------
    name
        Of the group; also the module's.
    version
        Raised when the same inputs would give other values.
    attributes
        Attributes of decoded streams that `prepare` looks at.
    heeded
        By input: the checks whose failure bars a value of it. Inputs not named here pass their flag on instead.
    prepare
        `prepare(facts)` says what to derive; None where there is nothing of the kind, or nothing to correct.
    kernel
        `kernel(time, inputs, fixed, settings)` gives every output with its flags: time in microseconds since 1970 UTC,
        inputs with their flags, each of shape (n, ...).
    references
        Papers and manuals.
    """

    name: str
    version: int
    attributes: tuple[str, ...]
    prepare: Callable[[Facts], Prepared | Lacking | None]
    kernel: Kernel
    references: tuple[str, ...]
    heeded: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@cache
def discover() -> Mapping[str, DerivedGroup]:
    """Every group in `lander/derive`, by name: one module, one `GROUP`.

    Raises
    ------
    TypeError
        A module's name is not its group's.
    """
    import lander.derive as folder

    found: dict[str, DerivedGroup] = {}
    for module_info in sorted(pkgutil.iter_modules(folder.__path__), key=lambda info: info.name):
        group = getattr(importlib.import_module(f"{folder.__name__}.{module_info.name}"), "GROUP", None)
        if group is None:
            continue
        if group.name != module_info.name:
            raise TypeError(f"group {group.name!r} lies in lander/derive/{module_info.name}.py: name both alike")
        found[group.name] = group
    return found


@cache
def attribute_names() -> frozenset[str]:
    """Attributes of decoded streams that some group looks at, and that the index therefore keeps."""
    return frozenset(name for group in discover().values() for name in group.attributes)
