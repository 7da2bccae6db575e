"""Archives that are simulated and run once for all tests of a process; a test that changes one takes a copy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import lander
from lander.archive import Archive
from tests.lander.simulated import GAP, SPIKES, copy, make, run
from tests.lander.tiny import few_products


@pytest.fixture(scope="session")
def seafloor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two deployments of CTD and optode at one site, the first over the end of a month. Only to be read."""
    folder = make(
        tmp_path_factory.mktemp("seafloor"),
        {"name": "one", "start": "2016-09-29", "days": 4, "faults": [SPIKES, GAP]},
        {"name": "two", "start": "2016-10-10", "days": 2, "period": 120},
        without=("adcp",),
    )
    outcome = run(folder)
    assert not outcome.failed
    assert outcome.built
    return folder


@pytest.fixture(scope="session")
def archive(seafloor: Path) -> Archive:
    return lander.open(seafloor)


@pytest.fixture
def own(seafloor: Path, tmp_path: Path) -> Path:
    """A copy that a test may change, up to date like the original."""
    folder = copy(seafloor, tmp_path / "archive")
    assert not run(folder).changed  # takes up the inodes of the copies
    return folder


@pytest.fixture(scope="session")
def with_profiler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One short deployment of CTD, optode and current profiler. Only to be read."""
    keys = {"name": "three", "start": "2016-11-02", "days": 2, "period": 120}
    folder = make(tmp_path_factory.mktemp("profiler"), keys)
    assert not run(folder).failed
    return folder


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CTD and optode over the end of a month, far enough for an entry that reaches one month alone."""
    keys = {"name": "one", "start": "2016-09-15", "days": 30, "period": 600}
    folder = make(tmp_path_factory.mktemp("month"), keys, without=("adcp",))
    with few_products():
        assert not run(folder).failed
    return folder


@pytest.fixture
def own_month(month: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy that a test may flag."""
    folder = copy(month, tmp_path / "archive")
    with few_products():
        assert not run(folder).changed
        yield folder
