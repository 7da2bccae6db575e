"""A disk that is full at any write: a clear error, nothing damaged, and the next run completes."""

import errno
import hashlib
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lander import files, store
from lander import index as index_module
from lander.errors import UnwritableError
from tests.lander.simulated import change, digests, run
from tests.lander.tiny import few_products, from_scratch, leftovers, tiny


class Disk:
    """Counts every write of a run, and lets those from the k-th on fail; `once` lets later ones succeed again."""

    def __init__(self, fails_at: int | None, once: bool = False) -> None:
        self.fails_at, self.once, self.count = fails_at, once, 0
        self.names: list[str] = []

    def writes(self, name: str) -> None:
        number, self.count = self.count, self.count + 1
        self.names.append(name)
        if self.fails_at is not None and (number == self.fails_at or (number > self.fails_at and not self.once)):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def before(self, name: str, write: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **keys: Any) -> Any:
            self.writes(name)
            return write(*args, **keys)

        return counted

    def netcdf(self, write: Callable[..., Any]) -> Callable[..., Any]:
        """A NetCDF file fails half-way, and as the library says it."""

        def counted(path: Path, table: store.Table) -> None:
            try:
                self.writes("netCDF")
            except OSError as error:
                path.write_bytes(b"\x89HDF half of a file")
                raise RuntimeError("NetCDF: HDF error") from error
            write(path, table)

        return counted


@contextmanager
def disk(fails_at: int | None, once: bool = False) -> Iterator[Disk]:
    full = Disk(fails_at, once)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_write_netcdf", full.netcdf(store._write_netcdf))
        patch.setattr(np, "savez", full.before("samples", np.savez))
        for name in ("replace", "link", "fsync"):
            patch.setattr(os, name, full.before(name, getattr(os, name)))
        patch.setattr(Path, "write_bytes", full.before("index", Path.write_bytes))
        patch.setattr(Path, "touch", full.before("touch", Path.touch))
        patch.setattr(Path, "write_text", full.before("lock", Path.write_text))
        patch.setattr(shutil, "copy2", full.before("copy", shutil.copy2))
        yield full


def turn(archive: Path) -> None:
    """A longer raw file and another height: new samples, flags and products."""
    file = archive / "raw/one/optode/20161001.optode.log"
    file.write_bytes(file.read_bytes().replace(b"2016/10/01 0", b"2016/10/01 0", 1) + last_line(file))
    change(archive / "deployments/one.yaml", lambda one: one["instruments"]["ctd"].update(height_above_seafloor=2.0))


def last_line(file: Path) -> bytes:
    line = file.read_bytes().splitlines(keepends=True)[-1]
    return line[:11] + b"23:59:30.000" + line[23:]


class Archives:
    """A run archive, what it becomes, and how often that writes."""

    def __init__(self, scratch: Path, base: Path) -> None:
        self.scratch = scratch
        self.archive = tiny(base, scratch / "archive")
        assert not run(self.archive).failed
        self.old = digests(self.archive / "store")
        self.changed = Path(shutil.copytree(self.archive, scratch / "changed"))
        turn(self.changed)
        self.new, failed = from_scratch(self.changed, scratch / "scratch")
        assert not failed
        assert self.new != self.old

    def copy(self) -> Path:
        """The archive that has changed since its run."""
        shutil.rmtree(self.scratch / "copy", ignore_errors=True)
        return Path(shutil.copytree(self.changed, self.scratch / "copy"))

    def writes(self) -> list[str]:
        with disk(None) as counting:
            outcome = run(self.copy())
        assert outcome.built
        return counting.names


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    with few_products():
        yield Archives(tmp_path_factory.mktemp("full"), tmp_path_factory.getbasetemp())


def assert_whole(root: Path, expected: dict[str, str]) -> None:
    """What the index names is there, byte for byte, as readers find it."""
    index = index_module.load(root)
    assert index.files.keys() == expected.keys()
    for path, entry in index.files.items():
        found = files.locate(root, path, entry.size, entry.mtime_ns)
        assert hashlib.sha256(found.read_bytes()).hexdigest() == entry.sha256 == expected[path]


def fails(archives: Archives, number: int, once: bool) -> str:
    """The error of a run whose write of this number fails; the archive is whole and the next run completes."""
    archive = archives.copy()
    said = ""
    with disk(number, once):
        try:
            run(archive)
        except UnwritableError as error:
            said = str(error)
    assert_whole(archive / "store", archives.old if said else archives.new)
    outcome = run(archive)
    assert not outcome.failed
    assert digests(archive / "store") == archives.new
    assert leftovers(archive / "store") == []
    return said


def test_a_disk_that_stays_full_from_any_write_on(archives):
    names = archives.writes()
    assert {"netCDF", "samples", "replace", "link", "fsync", "index", "touch", "lock"} <= set(names)
    for number, name in enumerate(names):
        said = fails(archives, number, once=False)
        assert "free or mend the disk" in said, (number, name)


def test_a_disk_that_is_full_for_one_write(archives):
    for number, name in enumerate(archives.writes()):
        said = fails(archives, number, once=True)
        # Where a file cannot be linked it is copied.
        assert ("free or mend the disk" in said) != (name == "link"), (number, name)


@pytest.mark.soak
def test_a_disk_that_fills_during_the_first_run(archives):
    archive = archives.copy()
    shutil.rmtree(archive / "store")
    with disk(None) as counting:
        run(archive)
    for number in range(counting.count):
        shutil.rmtree(archive / "store")
        with disk(number), pytest.raises(UnwritableError, match="free or mend the disk"):
            run(archive)
        run(archive)
        assert digests(archive / "store") == archives.new
        assert leftovers(archive / "store") == []


def _small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def test_the_command_says_it_without_a_trace(archives):
    """A real limit of the system: no file may grow beyond 20 kB."""
    archive = archives.copy()
    command = [sys.executable, "-c", "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
               "from lander.cli import main; main()", "run", str(archive), "--workers", "1"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=_small_files, timeout=120)
    assert done.returncode == 1
    assert "cannot be" in done.stderr
    assert "Traceback" not in done.stderr
    assert_whole(archive / "store", archives.old)
    assert not run(archive).failed
    assert digests(archive / "store") == archives.new
