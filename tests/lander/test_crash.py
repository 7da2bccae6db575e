"""kill -9 at any moment: the next run makes every file as an undisturbed one, and nothing is left lying about."""

import multiprocessing
import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from lander import index as index_module
from lander.lock import held
from tests.lander import crash_run
from tests.lander.simulated import change, digests, run
from tests.lander.tiny import few_products, from_scratch, leftovers, tiny

LONGEST_SECONDS = 60.0


class Victims:
    """Starts runs and kills them, in two states of the archive in turn."""

    def __init__(self, archive: Path, scratch: Path) -> None:
        self.archive, self.scratch = archive, scratch
        self.number: int | None = None
        self.hits = 0
        # A fork of a server that has imported everything starts at once; spawning takes seconds each time.
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["tests.lander.crash_run"])
        self.states = [self._state(number) for number in range(2)]
        self.seconds = {workers: self._undisturbed(workers) for workers in (1, 2)}

    def _state(self, number: int) -> dict[str, str]:
        self.turn(number)
        found, failed = from_scratch(self.archive, self.scratch / "scratch")
        assert not failed
        return found

    def turn(self, number: int) -> None:
        """Give the archive its first or second state: a raw file, a clock and a height."""
        if number == self.number:
            return
        self.number = number
        file = self.archive / "raw/one/optode/20161001.optode.log"
        self.whole = getattr(self, "whole", file.read_bytes())
        file.write_bytes(self.whole if number else self.whole[: len(self.whole) * 2 // 3])

        def settings(one):
            one["instruments"]["ctd"]["clock_checks"][-1]["utc"] = f"2016-10-01T23:55:{3 + number:02d}Z"
            one["instruments"]["optode"]["height_above_seafloor"] = 1.5 + number

        change(self.archive / "deployments/one.yaml", settings)

    def start(self, workers: int) -> multiprocessing.Process:
        started = self.archive / ".started"
        started.unlink(missing_ok=True)
        process = self.context.Process(target=crash_run.main, args=(str(self.archive), workers))
        process.start()
        _until(started.exists)
        return process

    def _undisturbed(self, workers: int) -> float:
        self.turn(1)
        shutil.rmtree(self.archive / "store", ignore_errors=True)
        process = self.start(workers)
        begun = time.monotonic()
        process.join(LONGEST_SECONDS)
        assert process.exitcode == 0
        assert digests(self.archive / "store") == self.states[1]
        return time.monotonic() - begun

    def check(self, number: int) -> None:
        """The rerun ends in the state, whole."""
        outcome = run(self.archive)
        assert not outcome.failed
        assert digests(self.archive / "store") == self.states[number]
        assert leftovers(self.archive / "store") == []
        index = index_module.load(self.archive / "store")
        assert index.files.keys() == self.states[number].keys()
        assert all(self.states[number][path] == entry.sha256 for path, entry in index.files.items())
        with held(self.archive / "store"):
            pass


def _until(condition) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "took too long"
        time.sleep(0.002)


def _children(pid: int) -> list[int]:
    """Workers of a run: processes whose parent it is, but for the helper that tracks resources."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            line = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == pid and b"resource_tracker" not in line:
            found.append(int(status.parent.name))
    return found


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def victims(tmp_path_factory):
    scratch = tmp_path_factory.mktemp("crash")
    with few_products():
        yield Victims(tiny(tmp_path_factory.getbasetemp(), scratch / "archive"), scratch)


def _kill_parent(victims: Victims, chance: random.Random, round_number: int, workers: int) -> None:
    number = round_number % 2
    victims.turn(number)
    if chance.random() < 0.25:
        shutil.rmtree(victims.archive / "store")
    process = victims.start(workers)
    time.sleep(chance.random() * victims.seconds[workers])
    own = _children(process.pid)
    process.kill()
    process.join()
    victims.hits += process.exitcode == -signal.SIGKILL
    victims.check(number)
    _until(lambda: not any(map(_alive, own)))  # nobody works on for a run that is no more


def _kill_worker(victims: Victims, chance: random.Random, round_number: int) -> None:
    number = round_number % 2
    victims.turn(number)
    shutil.rmtree(victims.archive / "store")
    process = victims.start(2)
    _until(lambda: len(_children(process.pid)) == 2 or not process.is_alive())
    time.sleep(chance.random() * victims.seconds[2] / 2)
    for worker in _children(process.pid)[:1]:
        os.kill(worker, signal.SIGKILL)
    process.join(LONGEST_SECONDS)
    assert process.exitcode is not None, "the run waits for a worker that is no more"
    victims.check(number)


def _rounds(victims: Victims, first: int, count: int) -> None:
    victims.hits = 0
    for round_number in range(first, first + count):
        chance = random.Random(round_number)
        kind = round_number % 10
        if kind == 3:
            _kill_worker(victims, chance, round_number)
        else:
            _kill_parent(victims, chance, round_number, workers=2 if kind == 7 else 1)
    assert victims.hits >= count * 0.4, "most kills must hit a run that is at work"


def test_twenty_kills(victims):
    _rounds(victims, 0, 20)


@pytest.mark.soak
def test_two_hundred_kills(victims):
    _rounds(victims, 1000, 200)
