"""One run at a time: the second leaves with the holder's name; a lock that nobody holds is no obstacle."""

import errno
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lander.errors import LockedError, UnwritableError
from lander.lock import await_orphans, held
from tests.lander.simulated import digests, run
from tests.lander.tiny import few_products, tiny


def _hold(root: str, ready: str) -> None:
    with held(Path(root)):
        Path(ready).touch()
        time.sleep(120)


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of a store."""
    process = multiprocessing.get_context("forkserver").Process(
        target=_hold, args=(str(tmp_path / "store"), str(tmp_path / "ready")), daemon=True
    )
    process.start()
    deadline = time.monotonic() + 60
    while not (tmp_path / "ready").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield process
    process.kill()
    process.join()


def test_the_second_is_told_who_holds_it_and_since_when(holder, tmp_path):
    with pytest.raises(LockedError) as raised, held(tmp_path / "store"):
        pass
    since = json.loads((tmp_path / "store/.lock.holder").read_text())["since"]
    for word in (socket.gethostname(), f"process {holder.pid}", since):
        assert word in str(raised.value)


def test_the_command_leaves_with_the_holders_name(tmp_path_factory, tmp_path, holder):
    archive = tiny(tmp_path_factory.getbasetemp(), tmp_path / "archive")
    (tmp_path / "store").rename(archive / "store")
    command = [sys.executable, "-c", "from lander.cli import main; main()", "run", str(archive)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert f"process {holder.pid} on {socket.gethostname()}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((archive / "store").rglob("*.nc"))


def test_the_lock_of_a_killed_process_is_no_obstacle(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    assert (tmp_path / "store/.lock.holder").exists()
    with held(tmp_path / "store"):
        assert json.loads((tmp_path / "store/.lock.holder").read_text())["process"] == os.getpid()
    assert not (tmp_path / "store/.lock.holder").exists()


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_folder_that_may_not_be_written(tmp_path, monkeypatch, number):
    """As the system says it; this may run as root, whom no permission stops."""

    def refused(self, *args, **keys):
        raise OSError(number, os.strerror(number), str(self))

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(UnwritableError, match="mend its permissions"), held(tmp_path / "store"):
        pass


def test_an_error_inside_is_not_taken_for_one_of_the_lock(tmp_path):
    with pytest.raises(PermissionError, match="something else"), held(tmp_path / "store"):
        raise PermissionError(13, "something else")


def test_a_clock_that_goes_back_hides_no_change(tmp_path_factory, tmp_path):
    archive = tiny(tmp_path_factory.getbasetemp(), tmp_path / "archive")
    with few_products():
        run(archive)
        # Files of the store from the future: the clock was ahead when they were written.
        later = time.time_ns() + 3_600_000_000_000
        for file in (archive / "store").rglob("*.nc"):
            os.utime(file, ns=(later, later))
        before = digests(archive / "store")
        outcome = run(archive)
        assert not outcome.built
        assert digests(archive / "store") == before
        # A raw file that changes and keeps size and time of writing.
        file = archive / "raw/one/optode/20161001.optode.log"
        status = file.stat()
        content = bytearray(file.read_bytes())
        place = content.rindex(b"\t999\t24") + len(b"\t999\t245.16")
        content[place] = content[place] ^ 1
        file.write_bytes(content)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert run(archive).decoded


def test_what_a_killed_run_left_goes_also_where_nothing_is_to_be_done(own):
    left = own / "store" / ".work" / "recipe"
    left.mkdir(parents=True)
    (left / "00000000.npz").write_bytes(b"half")
    assert not run(own).changed
    assert not left.parent.exists()


def test_a_run_waits_for_the_workers_of_a_killed_one(tmp_path):
    roll = tmp_path / "roll"
    code = "import sys, time; from pathlib import Path; from lander.lock import enlist; enlist(Path(sys.argv[1])); "
    code += "print('here', flush=True); time.sleep(1.5)"
    worker = subprocess.Popen([sys.executable, "-c", code, str(roll)], stdout=subprocess.PIPE)
    assert worker.stdout.readline() == b"here\n"
    begun = time.monotonic()
    await_orphans(roll)
    assert time.monotonic() - begun > 0.5
    worker.communicate()
