"""The log of manual flags: lines that only grow, whatever kills the writer and whatever people write."""

import errno
import json
import multiprocessing
import os
import signal
import time
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lander import flag_log
from lander.config.validate import validate
from lander.errors import LockedError, UnwritableError
from lander.flag_lines import LOG_NAME, ManualFlag, Undo, parse
from lander.flag_log import append, read
from lander.lock import patiently
from tests.lander.archives import FILES, known_plugins, write  # noqa: F401 - a fixture

ROW = {
    "who": "Ada Lovelace",
    "when": "2017-10-01T10:00:00Z",
    "why": "sampler fired beside it",
    "deployment": "f1",
    "instrument": "ctd",
    "variable": "temperature",
    "flag": 4,
    "start": "2016-10-02T00:00:00Z",
    "end": "2016-10-02T06:00:00.25Z",
}
TAKEN_BACK = {"undo": 1, "who": "Ada Lovelace", "when": "2017-10-02T10:00:00Z", "why": "it did not"}


def add(folder: Path, **keys: object) -> ManualFlag:
    entry = append(folder, lambda log: {**ROW, **keys})
    assert isinstance(entry, ManualFlag)
    return entry


def line(number: int = 1, **keys: object) -> bytes:
    return json.dumps({"id": number, **ROW, **keys}).encode() + b"\n"


def test_a_line_is_read_as_it_was_written(tmp_path):
    first, second = add(tmp_path), add(tmp_path, flag=1)
    undo = append(tmp_path, lambda log: TAKEN_BACK)
    log = read(tmp_path)
    assert log.flags == (first, second)
    assert (first.id, first.line, first.flag, first.who) == (1, 1, 4, "Ada Lovelace")
    assert first.start == np.datetime64("2016-10-02T00:00:00", "us")
    assert first.end == np.datetime64("2016-10-02T06:00:00.250", "us")
    assert isinstance(undo, Undo)
    assert log.undone == {1: undo}
    assert log.active == (second,)
    assert log.faults == ()
    assert len((tmp_path / LOG_NAME).read_bytes().splitlines()) == 3


def test_samples_by_their_times(tmp_path):
    times = ["2016-10-02T00:00:00.5Z", "2016-10-01T00:00:00Z"]
    row = {key: value for key, value in ROW.items() if key not in ("start", "end")}
    flag = append(tmp_path, lambda log: {**row, "times": times})
    assert isinstance(flag, ManualFlag)
    assert flag.times == tuple(np.datetime64(one[:-1], "us") for one in times)
    assert flag.first == np.datetime64("2016-10-01T00:00:00", "us")
    assert flag.last == np.datetime64("2016-10-02T00:00:00.5", "us")


def test_no_log_is_an_empty_one(tmp_path):
    assert read(tmp_path).flags == ()
    assert read(tmp_path / "nowhere").next_id == 1


@pytest.mark.parametrize("cut", range(1, len(line(2)), 7))
def test_a_line_cut_anywhere_is_told_and_costs_neither_its_neighbours_nor_the_next(tmp_path, cut):
    path = tmp_path / LOG_NAME
    path.write_bytes(line(1) + line(2)[:cut])
    whole = cut == len(line(2)) - 1  # only its end of line is missing
    log = read(tmp_path)
    assert [flag.id for flag in log.flags] == ([1, 2] if whole else [1])
    assert [(fault.line, fault.harmless) for fault in log.faults] == ([] if whole else [(2, True)])
    before = path.read_bytes()
    assert add(tmp_path).id == 3
    assert path.read_bytes().startswith(before + b"\n")
    after = read(tmp_path)
    assert [flag.id for flag in after.flags] == ([1, 2, 3] if whole else [1, 3])
    assert [fault.line for fault in after.faults] == ([] if whole else [2])
    assert list(after.remarks) == ([] if whole else [f"{LOG_NAME}:2"])


def test_ids_stay_when_somebody_deletes_a_cut_line(tmp_path):
    (tmp_path / LOG_NAME).write_bytes(line(1) + b'{"id":2,"wh\n' + line(3))
    assert read(tmp_path).next_id == 4
    (tmp_path / LOG_NAME).write_bytes(line(1) + line(3))
    assert [flag.id for flag in read(tmp_path).flags] == [1, 3]
    assert read(tmp_path).next_id == 4


def test_a_full_disk_leaves_nothing_of_the_line(tmp_path, monkeypatch):
    add(tmp_path)
    before = (tmp_path / LOG_NAME).read_bytes()
    real, calls = os.write, []

    def full(descriptor, data):
        if calls:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        calls.append(data)
        return real(descriptor, bytes(data[:30]))

    monkeypatch.setattr(flag_log.os, "write", full)
    with pytest.raises(UnwritableError, match="No space left"):
        add(tmp_path)
    assert calls
    monkeypatch.undo()
    assert (tmp_path / LOG_NAME).read_bytes() == before
    assert add(tmp_path).id == 2


def test_a_refusal_writes_nothing(tmp_path):
    def refuse(log):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        append(tmp_path, refuse)
    assert not (tmp_path / LOG_NAME).exists()


def test_every_line_is_flushed_to_disk_before_anybody_hears_of_it(tmp_path, monkeypatch):
    real, synced = os.fsync, []
    monkeypatch.setattr(flag_log.os, "fsync", lambda one: (synced.append(os.fstat(one).st_size), real(one))[1])
    add(tmp_path)
    assert (tmp_path / LOG_NAME).stat().st_size in synced


def _write_many(folder: str, name: str, count: int) -> None:
    for number in range(count):
        add(Path(folder), who=name, why=f"{name} {number}")


def test_two_writers_at_once_get_lines_and_ids_of_their_own(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(str(tmp_path), name, 40)) for name in ("one", "two")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    log = read(tmp_path)
    assert log.faults == ()
    assert [flag.id for flag in log.flags] == list(range(1, 81))
    for name in ("one", "two"):
        assert [flag.why for flag in log.flags if flag.who == name] == [f"{name} {number}" for number in range(40)]


def test_a_killed_writer_costs_at_most_its_own_line(tmp_path):
    context = multiprocessing.get_context("spawn")
    path = tmp_path / LOG_NAME
    seen = 0
    for wait in (0.0, 0.003, 0.01):
        writer = context.Process(target=_write_many, args=(str(tmp_path), "w", 100_000))
        writer.start()
        start = time.monotonic()
        while (path.stat().st_size if path.exists() else 0) <= seen and time.monotonic() - start < 60:
            time.sleep(0.001)
        time.sleep(wait)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        before = read(tmp_path)
        assert all(fault.harmless for fault in before.faults)
        entry = add(tmp_path, why="after")
        log = read(tmp_path)
        assert log.flags == (*before.flags, entry)
        seen = path.stat().st_size


def test_somebody_who_keeps_the_lock_is_named_and_a_reader_does_not_wait(tmp_path, monkeypatch):
    add(tmp_path)
    monkeypatch.setattr(flag_log, "patiently", lambda *args, **keys: patiently(*args, seconds=0.05))
    with (tmp_path / LOG_NAME).open("ab") as other:
        flock(other, LOCK_EX | LOCK_NB)
        with pytest.raises(LockedError, match=r"flags\.jsonl: somebody else is writing"):
            add(tmp_path)
        assert len(read(tmp_path).flags) == 1
    assert add(tmp_path).id == 2


@given(who=st.text(min_size=1, max_size=60), why=st.text(min_size=1, max_size=300))
def test_any_text_comes_back_or_is_refused(tmp_path_factory, who, why):
    folder = tmp_path_factory.mktemp("text")
    if not who.strip() or not why.strip():
        return
    flag = add(folder, who=who, why=why)
    content = (folder / LOG_NAME).read_bytes()
    assert content.count(b"\n") == 1
    (found,) = read(folder).flags
    assert (found.who, found.why) == (flag.who, flag.why) == (who, why)


@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_in_the_log_are_told_by_line_and_cost_no_other_line(noise, ended):
    noise = noise + b"\n" if ended else noise
    log = parse(line(1) + noise.replace(b"{", b"(") + (b"" if ended or not noise else b"\n") + line(77))
    assert [flag.id for flag in log.flags] == [1, 77]
    assert all(1 < fault.line <= log.lines - 1 for fault in log.faults)


SAID = [
    ({"varable": "temperature", "variable": None}, "1: varable: unknown key; did you mean 'variable'?"),
    ({"end": None}, "1: end: missing key; expected this key"),
    ({"flag": 5}, "1: flag: 5; expected one of 0, 1, 2, 3, 4, 7, 8, 9 (OceanSITES)"),
    ({"flag": True}, "1: flag: True; expected one of"),
    ({"variable": "temperatur"}, "1: variable: unknown variable 'temperatur'; expected a name of the vocabulary; "
                                 "did you mean 'temperature'?"),
    ({"deployment": "f9"}, "1: deployment: unknown deployment 'f9'; expected the id of a deployment file"),
    ({"instrument": "optod"}, "1: instrument: unknown instrument 'optod'; expected an instrument of f1; "
                              "did you mean 'optode'?"),
    ({"start": "2016-10-02"}, "1: start: '2016-10-02'; expected a date and time in UTC"),
    ({"end": ROW["start"]}, "1: end: '2016-10-02T00:00:00Z'; expected a time after the start"),
    ({"why": "  "}, "1: why: '  '; expected some words"),
    ({"why": "\ud800"}, r"1: why: '\ud800'; expected text in UTF-8"),
    ({"id": 0}, "1: id: 0; expected a whole number from 1 on"),
    ({"times": [], "start": None, "end": None}, "1: times: []; expected 1 to 10,000 times of samples"),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "said"), SAID, ids=[said[:30] for _, said in SAID])
def test_validate_names_what_is_wrong_with_a_line(tmp_path, known_plugins, keys, said):  # noqa: F811
    archive = write(tmp_path, FILES)
    row = {key: value for key, value in {"id": 1, **ROW, **keys}.items() if value is not None}
    (archive / LOG_NAME).write_text(json.dumps(row) + "\n")
    (mistake,) = validate(archive)
    assert str(mistake).startswith(f"{LOG_NAME}:{said}")
    assert validate(archive, files=False) == [mistake], "a run must not go by half a line"


NO_EFFECT = [
    (line(1) + b'{"id":2,"who', 2, "a line of 12 bytes that is cut short or damaged"),
    (line(1) + json.dumps({"id": 2, **TAKEN_BACK, "undo": 7}).encode() + b"\n", 2, "no flag 7 above"),
    (b"\xff\xfe\n" + line(2), 1, "a line of 2 bytes that is cut short or damaged"),
]


@pytest.mark.parametrize(("content", "number", "said"), NO_EFFECT)
def test_a_line_without_effect_is_named_but_stops_no_run(tmp_path, known_plugins, content, number, said):  # noqa: F811
    archive = write(tmp_path, FILES)
    (archive / LOG_NAME).write_bytes(content)
    (mistake,) = validate(archive)
    assert (mistake.file, mistake.line) == (LOG_NAME, number)
    assert said in str(mistake)
    assert validate(archive, files=False) == []


def test_a_flag_that_was_taken_back_may_name_what_is_gone(tmp_path, known_plugins):  # noqa: F811
    archive = write(tmp_path, FILES)
    (archive / LOG_NAME).write_bytes(line(1, instrument="gone"))
    assert len(validate(archive)) == 1
    append(archive, lambda log: TAKEN_BACK)
    assert validate(archive) == []


def test_one_id_twice_is_a_mistake(tmp_path, known_plugins):  # noqa: F811
    archive = write(tmp_path, FILES)
    (archive / LOG_NAME).write_bytes(line(1) + line(1))
    (mistake,) = validate(archive)
    assert str(mistake) == f"{LOG_NAME}:2: id: flag 1 given twice, first in line 1; expected each once"


def test_a_log_that_cannot_be_read_is_a_mistake(tmp_path, known_plugins):  # noqa: F811
    archive = write(tmp_path, FILES)
    (archive / LOG_NAME).mkdir()
    (mistake,) = validate(archive)
    assert str(mistake).startswith(f"{LOG_NAME}:1: cannot be read: ")
