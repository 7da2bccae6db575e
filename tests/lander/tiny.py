"""The smallest archive that has everything an engine can get wrong: two months, two instruments, a donor, products."""

import functools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lander import inventory, product
from tests.lander.simulated import digests, make, run

SERIES = ("oxygen_concentration", "pressure", "temperature")


@contextmanager
def few_products() -> Iterator[None]:
    """One product of three variables: an engine's laws do not hang on how many there are."""
    with pytest.MonkeyPatch.context() as patch:
        hourly = {"hourly": product.discover()["hourly"]}
        patch.setattr("lander.planning.products.discover", lambda: hourly)
        whole = inventory.Stream.products.fget
        patch.setattr(inventory.Stream, "products", property(lambda self: tuple(n for n in whole(self) if n in SERIES)))
        yield


@functools.cache
def _simulated(folder: Path) -> Path:
    keys = {"name": "one", "start": "2016-09-30", "days": 2, "period": 600}
    return make(folder / "tiny", keys, without=("adcp",))


def tiny(scratch: Path, to: Path) -> Path:
    """A tiny archive without a store: a CTD file, and optode files of 30 September and 1 October."""
    return Path(shutil.copytree(_simulated(scratch), to))


def from_scratch(archive: Path, to: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Digests of the store, and the failures, of an archive that is run for the first time."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(archive, to, ignore=shutil.ignore_patterns("store"))
    outcome = run(to)
    found = digests(to / "store")
    shutil.rmtree(to)
    return found, outcome.failed


def leftovers(store: Path) -> list[str]:
    """What a finished run must not leave behind: scratch, checkpoints, names of holders, half-written files."""
    marks = (".work", ".checkpoint.json", ".lock.holder")
    return sorted(
        path.relative_to(store).as_posix()
        for path in store.rglob("*")
        if path.name in marks or path.suffix == ".tmp"
    )


def stored(store: Path) -> dict[str, str]:
    """Digests of what readers see: all but the bytes kept for those who read by the index before."""
    return {name: digest for name, digest in digests(store).items() if not name.startswith(".previous/")}
