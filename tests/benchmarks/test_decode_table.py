"""How fast raw files become Datasets, beside reading and summing their bytes and beside released readers: one table."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ingest
from ingest.dataset import record_dimension
from tests.benchmarks import decode_peers, decode_table, enlarged, peers
from tests.benchmarks.decode_peers import COMPARISONS, Comparison
from tests.benchmarks.decode_table import Ours, Row
from tests.benchmarks.enlarged import MEGABYTE, ORIGINALS, Original
from tests.ingest.conftest import CORPUS, NO_CORPUS

RDI_FILES = ("RDI_withBT.000", "RDI_test01.000", "RDI_7f79_2.000", "oce_adp_rdi.000", "sentinelv_b5.pd0")


def named(originals: tuple[Original, ...]) -> list[object]:
    """Test parameters; those whose small file is not here are skipped."""
    here = pytest.mark.skipif(not CORPUS.is_dir(), reason=NO_CORPUS)
    return [pytest.param(one, id=one.what, marks=[here] if "/" in one.file else []) for one in originals]


@pytest.mark.bench
def test_decoding_beside_the_bytes_and_the_peers(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rows, failed = measured(tuple(filter(enlarged.available, ORIGINALS)), tmp_path)
    left_out = [one.what for one in ORIGINALS if not enlarged.available(one)]
    with capsys.disabled():
        sys.stdout.write("\n\n" + "\n".join([*decode_table.lines(rows), *failed]) + "\n")
        sys.stdout.write(f"  not measured: {', '.join(left_out)} ({NO_CORPUS})\n" if left_out else "")
    assert all(row.size >= enlarged.LEAST or row.remarks for row in rows)
    missed = [f"{row.what} {row.peer}: {', '.join(row.missed)}" for row in rows if row.missed]
    assert not failed + missed, "\n".join(failed + missed)


def measured(originals: tuple[Original, ...], folder: Path) -> tuple[list[Row], list[str]]:
    """Rows of all formats, and what went wrong: one that fails does not keep the others from the table."""
    rows: list[Row] = []
    failed: list[str] = []
    for original in originals:
        try:
            rows += decode_table.rows_of(original, folder)
        except (AssertionError, RuntimeError, ingest.IngestError) as error:
            failed.append(f"{original.what}: {type(error).__name__}: {error}")
    return rows, failed


@pytest.mark.bench
@pytest.mark.skipif(not (CORPUS / "rdi_pd0").is_dir(), reason=NO_CORPUS)
@pytest.mark.parametrize("name", RDI_FILES)
def test_real_profiles_are_those_of_dolfyn(name: str, tmp_path: Path):
    try:
        python = peers.interpreter(peers.DOLFYN)
    except peers.PeerMissingError as missing:
        pytest.skip(str(missing))
    file, result = CORPUS / "rdi_pd0" / name, tmp_path / "peer.npz"
    script = decode_peers.HARNESS.format(clock="perf_counter", script=decode_peers.DOLFYN)
    options = '{"counted": "time", "records": {}, "once": true}'
    peers.run(python, script, str(file), str(file), str(result), options)
    with np.load(result) as theirs:
        decode_peers.same_as_dolfyn_pd0(ingest.decode(file).streams, dict(theirs), dropped=0)


# The same code on small files, in the ordinary tests: it must run, and its results must be right without any peer.


def test_every_reader_is_measured():
    assert {one.reader for one in ORIGINALS} == ingest.discover().keys()
    assert len({one.what for one in ORIGINALS}) == len(ORIGINALS)
    assert all(one.remark for one in ORIGINALS if one.least < enlarged.LEAST)


def counts(original: Original, content: bytes, folder: Path) -> tuple[dict[str, int], int]:
    """Records by stream, and rejected bytes."""
    file = folder / original.name
    enlarged.write(original, content, file)
    decoded = ingest.decode(file)
    assert decoded.reader == original.reader
    records = {stream: dataset.sizes[record_dimension(dataset)] for stream, dataset in decoded.streams.items()}
    return records, decoded.ledger.bytes_rejected


@pytest.mark.parametrize("original", named(ORIGINALS))
def test_enlarged_files_decode_whole(original: Original, tmp_path: Path):
    content = enlarged.small(original)
    _, rejected_in_original = counts(original, content, tmp_path)
    once, rejected_once = counts(original, original.grow(original, content, 1), tmp_path)
    twice, rejected_twice = counts(original, original.grow(original, content, 2), tmp_path)
    assert once.keys() == twice.keys()
    largest = max(once, key=lambda stream: once[stream])
    assert twice[largest] == 2 * once[largest] > 0
    # A stream that lies before the repeated part alone comes once.
    assert all(twice[stream] in (once[stream], 2 * once[stream]) for stream in once)
    assert rejected_once <= rejected_in_original
    assert rejected_once <= rejected_twice <= 2 * rejected_once


def test_files_are_as_large_as_wanted(tmp_path: Path):
    target = tmp_path / "large"
    for original in (enlarged.PD0, enlarged.SBE37_HEX, enlarged.RSK):
        size = enlarged.enlarge(original, target, 250_000)
        assert size == target.stat().st_size
        assert 250_000 <= size < 500_000


@pytest.mark.parametrize("original", named((enlarged.PD0, enlarged.SBE37_HEX)))
def test_measuring_works(original: Original, tmp_path: Path):
    file = tmp_path / original.name
    size = enlarged.enlarge(original, file, 200_000)
    ours = decode_table.measure(file, 2)
    assert ours.records == ingest.decode(file).streams[next(iter(ingest.decode(file).streams))].sizes["time"]
    assert 0 < ours.floor < ours.seconds
    assert size / ours.floor > MEGABYTE


@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda one: f"{one.original.what}-{one.peer.name}")
def test_small_files_are_those_of_the_peer(comparison: Comparison, tmp_path: Path):
    python = peers.installed(comparison.peer)
    if python is None:
        pytest.skip(f"{comparison.peer.requirement} is not installed: `make bench` installs it")
    if not enlarged.available(comparison.original):
        pytest.skip(NO_CORPUS)
    file = tmp_path / comparison.original.name
    enlarged.enlarge(comparison.original, file, decode_table.SMALL)
    assert decode_table.run_peer(python, comparison, file, once=True) > 0


HALF_A_PEER = """
import os
def read(path):
    if os.path.getsize(path) > options["most"]:
        raise MemoryError("too large for me")
    return len(open(path, "rb").read())
def values(read):
    return {"count": np.zeros(read)}
"""


@pytest.fixture
def own_python(monkeypatch: pytest.MonkeyPatch):
    """Our own interpreter as that of every peer, and small warm-ups."""
    monkeypatch.setattr(peers, "interpreter", lambda peer: Path(sys.executable))
    monkeypatch.setattr(decode_table, "SMALL", 1000)


def half_a_peer(same: Callable[..., None], most: int) -> Comparison:
    half = peers.Peer("half", "half==1")
    options = {"most": most}
    return Comparison(enlarged.SBE37_HEX, half, HALF_A_PEER, same, 10, "count", options=options, remark="is a test")


def row(**fields: object) -> Row:
    given: dict[str, object] = {"what": "x", "size": 400_000, "ours": Ours(0.1, 0.03, 5), "wanted_share": 0.25}
    return Row(**(given | fields))  # type: ignore[arg-type]


@pytest.mark.usefixtures("own_python")
def test_a_peer_that_fails_is_measured_on_what_it_can_read(tmp_path: Path):
    seen: list[int] = []

    def same(streams, theirs):
        seen.append(theirs["count"].size)

    got = decode_table.beside(row(), half_a_peer(same, 250_000), tmp_path)
    assert 100_000 < got.size <= 250_000
    assert seen == [got.size]
    assert got.peer == "half==1"
    assert got.peer_seconds is not None
    assert got.ours.records != 5, "ours is measured anew, on the smaller file"
    assert got.remarks[0] == "is a test"
    assert got.remarks[1].startswith("x: half==1 fails on 0.5 MB")
    assert got.remarks[1].endswith("MemoryError: too large for me")
    assert not list(tmp_path.iterdir())


def test_one_failure_keeps_no_other_from_the_table(tmp_path: Path):
    def refuse(original, content, times):
        raise AssertionError("not this one")

    fine = replace(enlarged.SBE37_HEX, what="fine", least=50_000)
    rows, failed = measured((replace(fine, what="broken", grow=refuse), fine), tmp_path)
    assert [row.what for row in rows] == ["fine"]
    assert failed == ["broken: AssertionError: not this one"]


@pytest.mark.usefixtures("own_python")
def test_no_speed_without_the_same_values(tmp_path: Path):
    def same(streams, theirs):
        raise AssertionError("velocities differ")

    with pytest.raises(AssertionError, match="velocities differ"):
        decode_table.beside(row(), half_a_peer(same, 10**9), tmp_path)


def test_a_peer_that_does_not_install_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho started >&2\necho no such package >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(peers, "FOLDER", tmp_path / "venvs")
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(peers.PeerMissingError, match="half==1 does not install: no such package"):
        peers.interpreter(peers.Peer("half", "half==1"))
    assert peers.installed(peers.Peer("half", "half==1")) is None
    got = decode_table.beside(row(), half_a_peer(lambda *_: None, 0), tmp_path)
    assert got.verdict == "no peer"
    assert got.remarks[-1] == "x: no peer, half==1 does not install: no such package"
    assert replace(got, wanted_share=0.5).verdict == "NO: share", "the rest of the row still counts"


def test_verdicts():
    assert row().verdict == "yes"
    assert row(ours=Ours(0.13, 0.03, 5)).missed == ("share",)
    assert row(wanted_share=None, ours=Ours(9.0, 0.03, 5)).verdict == "yes"
    slow = row(peer="p", peer_seconds=0.9, wanted_times=10.0)
    assert slow.times == pytest.approx(9)
    assert slow.verdict == "NO: times"
    assert replace(slow, peer_seconds=1.1).verdict == "yes"
    assert replace(slow, wanted_share=0.9).verdict == "NO: share, times"


def test_the_table_is_aligned_and_complete():
    rows = [
        row(what="RDI PD0", peer="mhkit==1.1.2", peer_seconds=12.0, wanted_times=50.0, remarks=("said once",)),
        row(what="Text", ours=Ours(0.5, 0.004, 1_234_567), wanted_share=0.05, remarks=("said once",)),
    ]
    title, heads, rule, first, second, *below = decode_table.lines(rows)
    assert "one core" in title
    assert len(rule) == len(heads)
    assert first.split() == ["RDI", "PD0", "0.4", "5", "0.100", "0.0300", "0.300", "0.25", "mhkit==1.1.2", "12.00",
                             "120.0", "x", "50", "x", "yes"]  # fmt: skip
    assert second.split()[-3:] == ["-", "NO:", "share"]
    assert "1,234,567" in second
    assert first.index("mhkit") == second.index("- ") == heads.index("peer")
    assert below == ["  said once"]


@pytest.fixture
def profile(tmp_path: Path):
    """A decoded profiler file: its streams, its velocities and its times."""
    file = tmp_path / enlarged.PD0.name
    file.write_bytes(enlarged.small(enlarged.PD0))
    streams = ingest.decode(file).streams
    (dataset,) = streams.values()
    return streams, decode_peers.velocity_of(dataset), decode_peers.times_of(dataset)


def test_values_are_compared_with_dolfyn(profile):
    streams, velocity, time = profile
    same = decode_peers.same_as_dolfyn_pd0
    shorter = {"velocity": velocity[..., :-1], "time": time[:-1] + 1}
    same(streams, shorter)
    with pytest.raises(AssertionError):
        same(streams, shorter, dropped=0)
    for other in ({"velocity": -velocity, "time": time}, {"velocity": velocity, "time": time + 3}):
        with pytest.raises(AssertionError):
            same(streams, other)
    nortek = decode_peers.same_as_dolfyn_nortek("profile")
    nortek(streams, {"velocity": velocity[..., :-1] * np.float32(1 + 5e-7)})
    for wanted in (velocity * np.float32(1.0001), velocity[..., :-2]):
        with pytest.raises(AssertionError):
            nortek(streams, {"velocity": wanted})


def test_values_are_compared_with_pyadps(profile):
    streams, velocity, time = profile
    millimetres = np.where(np.isnan(velocity), -32768, np.round(velocity.astype(np.float64) * 1000)).astype(np.float32)
    decode_peers.same_as_pyadps(streams, {"velocity": millimetres, "time": time})
    for other in ({"velocity": millimetres + 1, "time": time}, {"velocity": millimetres, "time": time + 1}):
        with pytest.raises(AssertionError):
            decode_peers.same_as_pyadps(streams, other)


def test_values_are_compared_by_name(tmp_path: Path):
    file = tmp_path / enlarged.SBE37_HEX.name
    file.write_bytes(enlarged.small(enlarged.SBE37_HEX))
    streams = ingest.decode(file).streams
    (dataset,) = streams.values()
    theirs = {name: dataset[name].values for name in ("temperature", "pressure", "conductivity")}
    theirs["time"] = decode_peers.times_of(dataset)
    same = decode_peers.same_values(1e-9)
    same(streams, theirs)
    for name, wrong in (("pressure", theirs["pressure"] * (1 + 1e-8)), ("time", theirs["time"] + 1)):
        with pytest.raises(AssertionError, match=name):
            same(streams, {**theirs, name: wrong})
    with pytest.raises(AssertionError):
        same(streams, {"temperature": theirs["temperature"]})
