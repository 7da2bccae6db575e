"""What the names in the corpus's `*.expect.json` are called here: one module for each reader.

A module holds
    READER      the reader's name
    FORMATS     folders of the corpus whose files it reads
    MAIN        the stream whose records `n_records` counts, or a tuple of streams that it counts together; or these by
                pattern on the expectation's "reference (format)"
    NAMES       expected name -> `Ours` or `Elsewhere`; a 1-D variable that is not listed fails the test
    DEVIATIONS  (file, expected name) -> why the expectation is wrong there; the name "*" is for the whole file
    NOT_YET     pattern on the expectation's "instrument" -> why such a file is not read yet
and, where expectations need it,
    PARTICLES   pattern on the name of a kind of record in the expectation ("particle") -> our stream, in which names
                that say `EACH` as their stream are looked for; None where we have none, with the reason in a comment
                A name that means something else in another stream is a dict of these by stream, None for the others.
    NAMES_BY_REFERENCE  pattern on "reference (format)" -> names that this reference uses in its own way
    RECORDS     `function(decoded, expected) -> (our records, those that are wanted, our times)` in place of MAIN, where
                the reference leaves out records that are there
    CLOCK       pattern on "reference (format)" -> variable in microseconds which with `time` gives `time_first` and
                `time_last`
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import NamedTuple

import numpy as np

from ingest import Decoded


class Ours(NamedTuple):
    """Our variable, and how its values become the expected ones: value * factor + offset.

    `column` chooses one along the last dimension; `missing` is what the expectation prints where we have no value.
    """

    stream: str
    variable: str
    factor: float = 1.0
    offset: float = 0.0
    column: int | None = None
    missing: float | None = None


EACH = "*"
"""In place of a stream: the one that `PARTICLES` gives for the kind of record at hand."""


class Clock(NamedTuple):
    """An expected time, of which the first and the last are compared: our `time`, plus a variable in microseconds."""

    stream: str
    offset: str | None = None


class Merged(NamedTuple):
    """Our variable of several streams, taken together in the file's order; `absent` is for records of a stream without.

    `decimals` are those that the expectation prints, where these are fewer than the file has.
    """

    stream: tuple[str, ...]
    variable: str
    absent: float
    decimals: int | None = None


class Calculated(NamedTuple):
    """An expected variable that takes more than a factor: `function(decoded, n)` gives its n values.

    Of our `variable` the resolution is taken near zero.
    """

    function: Callable[[Decoded, int], np.ndarray]
    variable: str | None = None
    stream: str = ""


class Bit(NamedTuple):
    """An expected 0 or 1 that is one bit of our variable."""

    stream: str
    variable: str
    bit: int


class Elsewhere(NamedTuple):
    """An expected number that is one attribute of our Dataset, the last word of its text."""

    stream: str
    attribute: str


class NotHeld(NamedTuple):
    """An expected name that is no variable of ours, and why."""

    reason: str


@cache
def tables() -> Mapping[str, ModuleType]:
    """Modules of this folder, by the corpus folders that they speak for."""
    found = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for name in module.FORMATS:
            assert name not in found, f"two tables for {name}"
            found[name] = module
    return found
