"""A library in a process of its own: answers, crashes, time, and what comes after them."""

import multiprocessing
import os
import time

import numpy as np
import pytest

import ingest
from ingest.apart import Apart, EndedError
from ingest.errors import DecodeError
from ingest.readers import cf_netcdf
from tests.ingest.made.tables import netcdf_file

LIBRARY = '''
import os, pickle, struct, sys, time
source, sink = sys.stdin.buffer, sys.stdout.buffer
while length := source.read(8):
    request = pickle.loads(source.read(struct.unpack("<q", length)[0]))
    if request["do"] == "abort":
        os.abort()
    if request["do"] == "leave":
        sys.exit(3)
    if request["do"] == "sleep":
        time.sleep(600)
    buffers = []
    answer = pickle.dumps({"pid": os.getpid(), "given": request}, protocol=5, buffer_callback=buffers.append)
    parts = [memoryview(answer), *(one.raw() for one in buffers)]
    sink.write(struct.pack("<q", len(parts)))
    for part in parts:
        sink.write(struct.pack("<q", part.nbytes))
        sink.write(part)
    sink.flush()
'''
"""As short as one can be; what it gives back is what it got."""


@pytest.fixture
def library(tmp_path):
    module = tmp_path / "library.py"
    module.write_text(LIBRARY)
    # A module of a name of the standard library's beside it must not be taken for that.
    (tmp_path / "struct.py").write_text("raise RuntimeError")
    apart = Apart(module, most_requests=5)
    yield apart
    apart.close()


def test_arrays_come_back_as_they_went(library):
    wide = np.arange(2_000_000, dtype=np.float64).reshape(1_000, 2_000)
    given = {"do": "", "wide": wide, "texts": np.array(["a", "bc"]), "none": np.zeros(0, np.int16)}
    found = library.ask(given, 60)["given"]
    assert all(np.array_equal(found[name], given[name]) and found[name].dtype == given[name].dtype
               for name in ("wide", "texts", "none"))  # fmt: skip
    found["wide"][0, 0] = 5  # not read-only


@pytest.mark.parametrize(("do", "how"), [("abort", "ended by signal 6"), ("leave", "ended with exit code 3")])
def test_one_that_ends_is_told_and_the_next_request_answered(library, do, how):
    before = library.ask({"do": ""}, 60)["pid"]
    with pytest.raises(EndedError, match=how):
        library.ask({"do": do}, 60)
    assert library.ask({"do": ""}, 60)["pid"] != before


def test_one_that_hangs_is_ended(library):
    began = time.monotonic()
    with pytest.raises(EndedError, match="did not come back within 1 s"):
        library.ask({"do": "sleep"}, 0.6)
    assert time.monotonic() - began < 60
    assert library.ask({"do": ""}, 60)["given"] == {"do": ""}


def test_one_process_answers_a_number_of_requests(library):
    pids = [library.ask({"do": ""}, 60)["pid"] for _ in range(12)]
    assert [pids.index(pid) for pid in pids] == [0] * 5 + [5] * 5 + [10] * 2


def test_an_answer_nobody_waited_for_does_not_serve_the_next_request(library, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    library.ask({"do": ""}, 60)
    with monkeypatch.context() as patch:
        patch.setattr("ingest.apart._number", interrupted)
        with pytest.raises(KeyboardInterrupt):
            library.ask({"do": "", "number": 1}, 60)
    assert library.ask({"do": "", "number": 2}, 60)["given"]["number"] == 2


def _in_a_fork(library, pipe):
    pipe.send((os.getpid(), library.ask({"do": ""}, 60)["pid"]))
    library.close()


def test_a_forked_process_has_one_of_its_own(library):
    ours = library.ask({"do": ""}, 60)["pid"]
    receive, send = multiprocessing.Pipe(duplex=False)
    forked = multiprocessing.get_context("fork").Process(target=_in_a_fork, args=(library, send))
    forked.start()
    _, theirs = receive.recv()
    forked.join()
    assert theirs != ours
    assert library.ask({"do": ""}, 60)["pid"] == ours


def test_a_file_that_ends_the_library_is_refused(library, monkeypatch, tmp_path):
    made = tmp_path / "made.nc"
    made.write_bytes(netcdf_file())
    library.module.write_text("import os\nos.abort()\n")
    with monkeypatch.context() as patch:
        patch.setattr(cf_netcdf, "_LIBRARY", library)
        with pytest.raises(DecodeError, match="the library that read it ended by signal 6"):
            ingest.decode(made)
    assert ingest.decode(made).streams["samples"].sizes["time"] == 4
