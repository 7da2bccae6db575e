"""Eight processes read while runs replace what they read: every read is one state of the archive, whole."""

import multiprocessing
import os
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lander
from lander.errors import LanderError
from tests.lander.simulated import change, run
from tests.lander.tiny import few_products, tiny

READERS, CYCLES = 8, 20


def look(archive: Path) -> dict[str, Any]:
    """What a reader makes of an archive that it opens once: values, flags, a product, the way back to the bytes."""
    opened = lander.open(archive)
    found: dict[str, Any] = {}
    for variable in ("oxygen_concentration", "temperature"):
        series = opened.series(variable).load()
        found[variable] = series[variable].values
        found[f"{variable} flags"] = series[f"{variable}_qc"].values
        found[f"{variable} time"] = series["time"].values
    hourly = opened.product("hourly", "oxygen_concentration")
    found["mean"] = hourly["good_oxygen_concentration_mean"].values
    return found


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(np.array_equal(one[name], other[name], equal_nan=one[name].dtype.kind == "f") for name in one)


def turn(archive: Path, number: int, whole: bytes) -> None:
    """First state or second: other values, other flags, more samples."""
    new = archive / "raw/one/optode/.new"
    new.write_bytes(whole if number else whole[: len(whole) // 2])
    new.replace(archive / "raw/one/optode/20161001.optode.log")

    def settings(one: dict[str, Any]) -> None:
        one["instruments"]["ctd"]["qc"] = {"temperature": {"gross_range": {"fail_max": 3.95 if number else 39.0}}}
        one["instruments"]["optode"]["settings"] = {"internal_salinity": 35 * number}

    # People's editors save by rename.
    text = archive / "deployments/one.yaml"
    shutil.copy(text, archive / "new.yaml")
    change(archive / "new.yaml", settings)
    os.replace(archive / "new.yaml", text)


def read_on(archive: str, states: list[dict[str, Any]], stop: str, results: Any) -> None:
    """Look again and again; count what was seen."""
    counts = {"first": 0, "second": 0, "mixed": 0, "asked to open again": 0}
    faults: list[str] = []
    with few_products():
        while not Path(stop).exists():
            try:
                found = look(Path(archive))
            except LanderError as error:
                if "open it again" not in str(error):
                    faults.append(str(error))
                counts["asked to open again"] += 1
                continue
            except Exception as error:
                faults.append(f"{type(error).__name__}: {error}")
                continue
            seen = [name for name, state in zip(("first", "second"), states, strict=True) if same(found, state)]
            counts[seen[0] if seen else "mixed"] += 1
            time.sleep(0.4)  # ten processes share what may be two cores
    results.put((counts, faults[:3]))


def _cycles(archive: Path, whole: bytes) -> None:
    with few_products():
        for cycle in range(CYCLES):
            turn(archive, (cycle + 1) % 2, whole)
            outcome = run(archive)
            assert not outcome.failed
            assert outcome.built


def test_eight_readers_and_twenty_cycles(tmp_path_factory, tmp_path):
    archive = tiny(tmp_path_factory.getbasetemp(), tmp_path / "archive")
    whole = (archive / "raw/one/optode/20161001.optode.log").read_bytes()
    states = []
    with few_products():
        for number in (1, 0):
            turn(archive, number, whole)
            assert not run(archive).failed
            states.insert(0, look(archive))
    assert not same(*states)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.lander.test_concurrent"])
    results, stop = context.Queue(), tmp_path / "stop"
    processes = [
        context.Process(target=read_on, args=(str(archive), states, str(stop), results), daemon=True)
        for _ in range(READERS)
    ]
    for process in processes:
        process.start()
    try:
        _cycles(archive, whole)
    finally:
        stop.touch()
    gathered = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * READERS
    total = {name: sum(counts[name] for counts, _ in gathered) for name in gathered[0][0]}
    assert [fault for _, faults in gathered for fault in faults] == []
    assert total["mixed"] == 0
    assert total["first"] > CYCLES
    assert total["second"] > CYCLES
    # A run ended and the next began between opening and reading. Here runs follow each other at once and readers
    # wait for a core: 45 of 836 reads on a busy machine. They are told so, and find all whole when they open again.
    assert total["asked to open again"] < 0.3 * (total["first"] + total["second"])


def test_a_reader_that_holds_a_file_open_reads_on(tmp_path_factory, tmp_path):
    archive = tiny(tmp_path_factory.getbasetemp(), tmp_path / "archive")
    whole = (archive / "raw/one/optode/20161001.optode.log").read_bytes()
    with few_products():
        turn(archive, 0, whole)
        run(archive)
        before = look(archive)
        opened = lander.open(archive)
        lazily = {name: opened.series(name) for name in ("oxygen_concentration", "temperature")}
        first = lazily["oxygen_concentration"]["oxygen_concentration"][:10].values
        turn(archive, 1, whole)
        assert run(archive).built
        for name, series in lazily.items():
            np.testing.assert_array_equal(series[name].values, before[name])
            np.testing.assert_array_equal(series[f"{name}_qc"].values, before[f"{name} flags"])
        np.testing.assert_array_equal(first, before["oxygen_concentration"][:10])
        turn(archive, 0, whole)
        assert run(archive).built
        with pytest.raises(LanderError, match="open it again"):
            opened.series("practical_salinity")["practical_salinity"].load()
        assert same(look(archive), before)


def test_a_killed_run_takes_nothing_from_readers(tmp_path_factory, tmp_path, monkeypatch):
    """The index of before stands until a run commits; so must the bytes that it means, through any number of kills."""
    from lander import index as index_module

    archive = tiny(tmp_path_factory.getbasetemp(), tmp_path / "archive")
    whole = (archive / "raw/one/optode/20161001.optode.log").read_bytes()

    def killed(*args: Any, **keys: Any) -> None:
        raise KeyboardInterrupt

    with few_products():
        turn(archive, 0, whole)
        run(archive)
        before = look(archive)
        turn(archive, 1, whole)
        with monkeypatch.context() as patch:
            patch.setattr(index_module, "commit", killed)
            patch.setattr(index_module, "checkpoint", killed)
            for _ in range(2):
                with pytest.raises(KeyboardInterrupt):
                    run(archive)
                opened = lander.open(archive).series("temperature").load()
                np.testing.assert_array_equal(opened["temperature_qc"].values, before["temperature flags"])
        run(archive)
        assert not same(look(archive), before)
