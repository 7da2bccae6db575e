"""Whatever happens to an archive, and wherever a run is cut short: the next run ends where a first one would."""

import gc
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from lander import config, store
from lander.status import status
from tests.lander.simulated import digests, run
from tests.lander.tiny import few_products, from_scratch, leftovers, tiny

NAMES = ("20160930", "20160930b", "20161001", "20161001b", "late")


class Killed(BaseException):
    """kill -9, as near as one process comes to it: from then on nothing is written, renamed or tidied up."""


@contextmanager
def dies_at(number: int) -> Iterator[None]:
    count = 0

    def deadly(work: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **keys: Any) -> Any:
            nonlocal count
            count += 1
            if count > number:
                raise Killed
            return work(*args, **keys)

        return counted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_write_netcdf", deadly(store._write_netcdf))
        patch.setattr(np, "savez", deadly(np.savez))
        patch.setattr(shutil, "rmtree", deadly(shutil.rmtree))
        for name in ("replace", "link", "fsync"):
            patch.setattr(os, name, deadly(getattr(os, name)))
        for name in ("write_bytes", "unlink", "touch", "rmdir"):
            patch.setattr(Path, name, deadly(getattr(Path, name)))
        with suppress(Killed):
            yield
    gc.collect()  # the lock ends with its process; here with its last reference


class Archive(RuleBasedStateMachine):
    base: Path
    known: dict[str, tuple[dict[str, str], set[str]]] = {}  # noqa: RUF012 - one for all examples: a first run is dear

    def __init__(self) -> None:
        super().__init__()
        self.scratch = Path(tempfile.mkdtemp(dir=self.base))
        self.archive = tiny(self.base, self.scratch / "archive")
        self.logs = self.archive / "raw/one/optode"
        self.pieces = []
        self.lost = self.spoiled = False
        for day in ("20160930", "20161001"):
            lines = (self.logs / f"{day}.optode.log").read_bytes().splitlines(keepends=True)
            middle = len(lines) // 2
            self.pieces += [b"".join(lines[: middle + 5]), b"".join(lines[middle - 5 :])]
            (self.logs / f"{day}.optode.log").unlink()
        self.file(NAMES[0]).write_bytes(self.pieces[0])

    def file(self, name: str) -> Path:
        return self.logs / f"{name}.optode.log"

    @property
    def there(self) -> list[Path]:
        return sorted(self.logs.glob("*.log"))

    @initialize()
    def first_run(self) -> None:
        run(self.archive)

    @rule(name=st.sampled_from(NAMES), piece=st.integers(0, 3))
    def add(self, name: str, piece: int) -> None:
        self.file(name).write_bytes(self.pieces[piece])

    @precondition(lambda self: self.there)
    @rule(data=st.data(), line=st.integers(0, 400))
    def change_a_digit(self, data: Any, line: int) -> None:
        file = data.draw(st.sampled_from(self.there))
        lines = file.read_bytes().splitlines(keepends=True) or [b""]
        words = lines[line % len(lines)].split(b"\t")
        if len(words) > 2:
            words[2] = words[2][:-1] + (b"1" if words[2][-1:] != b"1" else b"2")
            lines[line % len(lines)] = b"\t".join(words)
        file.write_bytes(b"".join(lines))

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def remove(self, data: Any) -> None:
        data.draw(st.sampled_from(self.there)).unlink()

    @precondition(lambda self: self.there)
    @rule(data=st.data(), name=st.sampled_from(NAMES))
    def rename(self, data: Any, name: str) -> None:
        data.draw(st.sampled_from(self.there)).rename(self.file(name))

    @precondition(lambda self: self.there)
    @rule(data=st.data(), name=st.sampled_from(NAMES))
    def duplicate(self, data: Any, name: str) -> None:
        self.file(name).write_bytes(data.draw(st.sampled_from(self.there)).read_bytes())

    @precondition(lambda self: self.there)
    @rule(data=st.data(), kind=st.sampled_from(["zeros", "empty", "cut", "flipped"]))
    def corrupt(self, data: Any, kind: str) -> None:
        file = data.draw(st.sampled_from(self.there))
        content = bytearray(file.read_bytes())
        if kind == "flipped":
            for place in range(50, len(content), 997):
                content[place] ^= 0x55
        kept = {"zeros": bytes(len(content)), "empty": b"", "cut": content[: len(content) * 2 // 3]}.get(kind, content)
        file.write_bytes(kept)

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def touch(self, data: Any) -> None:
        os.utime(data.draw(st.sampled_from(self.there)), (1, 1))

    def configure(self, file: str, edit: Callable[[dict[str, Any]], object]) -> None:
        path = self.archive / file
        content = yaml.safe_load(path.read_text())
        edit(content)
        path.write_text(yaml.safe_dump(content, sort_keys=False))

    @rule(instrument=st.sampled_from(["ctd", "optode"]), second=st.integers(0, 3))
    def set_a_clock(self, instrument: str, second: int) -> None:
        def later(one):
            one["instruments"][instrument]["clock_checks"][-1]["utc"] = f"2016-10-01T23:55:0{second}Z"

        self.configure("deployments/one.yaml", later)

    @rule(limit=st.sampled_from([-2.0, 3.0, 39.0]))
    def set_a_threshold(self, limit: float) -> None:
        rules = {"temperature": {"gross_range": {"fail_max": limit}}}
        self.configure("deployments/one.yaml", lambda one: one["instruments"]["ctd"].update(qc=rules))

    @rule(cap=st.sampled_from(["never", "1 h", "6 h"]))
    def set_a_cap(self, cap: str) -> None:
        self.configure("archive.yaml", lambda one: one.update(fill={"oxygen_concentration": {"cap": cap}}))

    @rule(pattern=st.sampled_from(["one/optode/*.log", "one/optode/201609*.log", "one/optode/*b.optode.log"]))
    def set_a_pattern(self, pattern: str) -> None:
        self.configure("deployments/one.yaml", lambda one: one["instruments"]["optode"].update(raw=[pattern]))

    @rule(salinity=st.sampled_from([0, 35]))
    def set_a_setting(self, salinity: int) -> None:
        new = {"internal_salinity": salinity}
        self.configure("deployments/one.yaml", lambda one: one["instruments"]["optode"].update(settings=new))

    @rule(there=st.booleans())
    def hold_the_ctd_back(self, there: bool) -> None:
        file, kept = self.archive / "raw/one/ctd/sim-one.hex", self.archive / "kept.hex"
        source, target = (kept, file) if there else (file, kept)
        if source.exists():
            source.rename(target)

    # Bytes of a file that are not its content are vouched for by the index alone: one of the two may be spoiled.
    @precondition(lambda self: not self.spoiled)
    @rule(damage=st.sampled_from([b"", b"{", None]))
    def lose_the_index(self, damage: bytes | None) -> None:
        self.lost = True
        index = self.archive / "store/index.json"
        if damage is None:
            index.unlink(missing_ok=True)
        else:
            index.write_bytes(damage)

    @precondition(lambda self: list(self.archive.glob("store/sitef/**/*.nc")))
    @rule(data=st.data(), gone=st.booleans())
    def spoil_a_file_of_the_store(self, data: Any, gone: bool) -> None:
        file = data.draw(st.sampled_from(sorted(self.archive.glob("store/sitef/**/*.nc"))))
        if gone:
            file.unlink()
        elif not self.lost:
            self.spoiled = True
            content = bytearray(file.read_bytes())
            content[len(content) // 2] ^= 0xFF
            file.unlink()  # releases and readers hold other names of the same bytes
            file.write_bytes(content)

    @rule(number=st.integers(0, 60))
    def kill_a_run(self, number: int) -> None:
        with dies_at(number):
            run(self.archive)

    @rule()
    def finish_a_run(self) -> None:
        planned = status(config.load(self.archive), exact=True)
        outcome = run(self.archive)
        found = digests(self.archive / "store")
        expected, failed = self.first()
        assert found == expected
        assert outcome.failed.keys() == failed
        assert leftovers(self.archive / "store") == []
        assert set(outcome.built) <= {*planned.stale, *planned.follows}
        assert set(planned.stale) <= {*outcome.built, *outcome.failed, *outcome.current}
        assert not run(self.archive).built
        self.lost = self.spoiled = False

    def first(self) -> tuple[dict[str, str], set[str]]:
        state = hashlib.sha256()
        for path in sorted(self.archive.rglob("*")):
            if path.is_file() and "store" not in path.relative_to(self.archive).parts:
                state.update(f"{path.relative_to(self.archive)} {path.stat().st_size} ".encode() + path.read_bytes())
        if state.hexdigest() not in self.known:
            found, failed = from_scratch(self.archive, self.scratch / "first")
            self.known[state.hexdigest()] = found, set(failed)
        return self.known[state.hexdigest()]

    def teardown(self) -> None:
        self.finish_a_run()
        shutil.rmtree(self.scratch)


def _examine(base: Path, examples: int, steps: int, *, seeded: bool) -> None:
    machine = type("Here", (Archive,), {"base": base, "known": {}})
    # No shrinking: each attempt runs an archive several times, and the steps of a failure are few enough to read.
    few = settings(
        max_examples=examples, stateful_step_count=steps, derandomize=seeded, deadline=None, database=None,
        phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    with few_products():
        run_state_machine_as_test(machine, settings=few)


def test_any_history_ends_as_a_first_run_would(tmp_path_factory):
    _examine(tmp_path_factory.getbasetemp(), examples=12, steps=14, seeded=True)


@pytest.mark.soak
def test_many_histories_end_as_a_first_run_would(tmp_path_factory):
    _examine(tmp_path_factory.getbasetemp(), examples=400, steps=30, seeded=False)
