"""Fuzzing of every binary reader: ten minutes each in `make soak`; here, that the law finds what it should."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ingest
from ingest import reader
from ingest.errors import IngestError
from tests.fuzz import law, repair
from tests.ingest.conftest import samples
from tests.ingest.made import ad2cp_bytes, nortek_bytes, pd0_bytes

SECONDS = 600
REPOSITORY = Path(__file__).parents[2]
PRINTABLE = bytes([9, 10, 13, *range(32, 127)])


def _is_binary(content: bytes) -> bool:
    """Whether a twentieth of the start is no plain text."""
    head = content[:20_000]
    return len(head.translate(None, PRINTABLE)) > len(head) / 20


def binary_readers() -> list[str]:
    """Readers with a sample that is no text."""
    return sorted({sample.reader for sample in samples() if _is_binary(sample.content)})


def _fuzz(name: str, seconds: int, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(folder / "numba")}
    command = [sys.executable, "-m", "tests.fuzz.target", name, str(seconds), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=REPOSITORY)


@pytest.mark.soak
@pytest.mark.parametrize("name", binary_readers())
def test_fuzzing_finds_nothing(name: str, tmp_path: Path):
    pytest.importorskip("atheris", reason="no atheris: pip install -e '.[fuzz]'", exc_type=ImportError)
    done = _fuzz(name, SECONDS, tmp_path)
    sys.stdout.write(f"\n{name}: {[line for line in done.stderr.splitlines() if line.startswith('stat::')]}\n")
    assert done.returncode == 0, done.stderr[-3000:]


def test_binary_readers_are_found():
    assert {"rdi_pd0", "nortek_classic", "nortek_ad2cp"} <= set(binary_readers())
    assert not {"aanderaa_optode", "sbe_hex"} & set(binary_readers())


def test_targets_start_and_end(tmp_path: Path):
    pytest.importorskip("atheris", reason="no atheris: pip install -e '.[fuzz]'", exc_type=ImportError)
    done = _fuzz("rdi_pd0", 2, tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "stat::number_of_executed_units" in done.stderr


@pytest.mark.parametrize("made", [
    ("rdi_pd0", pd0_bytes.to_bytes(pd0_bytes.Ensemble())),
    ("nortek_classic", nortek_bytes.user() + nortek_bytes.system(0) + nortek_bytes.sample(1)),
    ("nortek_ad2cp", ad2cp_bytes.text("GETPLAN") + ad2cp_bytes.record(0x15, bytes(range(90)))),
], ids=lambda made: made[0])  # fmt: skip
def test_checksums_are_mended(made: tuple[str, bytes]):
    name, whole = made
    mend = repair.REPAIRS[name]
    assert mend(bytearray(whole)) == whole
    # A changed byte of the data comes with its checksum; the form of the records is left alone.
    damaged = bytearray(whole)
    damaged[-8] ^= 1
    mended = mend(bytearray(damaged))
    assert mended not in (whole, damaged)
    assert mend(bytearray(mended)) == mended


@pytest.mark.parametrize("name", repair.REPAIRS)
def test_any_bytes_can_be_mended(name: str):
    generator = np.random.default_rng(7)
    for size in (0, 1, 5, 11, 400, 3000):
        content = bytearray(generator.choice([0x7F, 0xA5, 10, 12, 0, 1, 255], size).astype(np.uint8).tobytes())
        assert len(repair.REPAIRS[name](bytearray(content))) == size


def _with_reader(monkeypatch: pytest.MonkeyPatch, name: str, **changes: object) -> None:
    changed = replace(ingest.discover()[name], **changes)
    readers = {**ingest.discover(), name: changed}
    monkeypatch.setattr(reader, "discover", lambda: readers)


def test_the_law_holds_for_a_good_file(tmp_path: Path):
    file = tmp_path / "good.000"
    file.write_bytes(pd0_bytes.to_bytes(pd0_bytes.Ensemble()))
    whole = law.check(file, 100)
    assert whole is not None
    assert whole.ledger.bytes_accepted == whole.bytes


def test_a_refused_file_keeps_the_law(tmp_path: Path):
    file = tmp_path / "noise"
    file.write_bytes(bytes(range(256)))
    assert law.check(file, 10) is None
    with pytest.raises(IngestError):
        ingest.decode(file)


def test_an_error_that_is_no_ingest_error_breaks_the_law(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fails(*_: object) -> None:
        raise ValueError("cannot reshape")

    _with_reader(monkeypatch, "rdi_pd0", finish=fails)
    file = tmp_path / "any.000"
    file.write_bytes(pd0_bytes.to_bytes(pd0_bytes.Ensemble()))
    with pytest.raises(ValueError, match="cannot reshape"):
        law.check(file, 100)


def test_records_that_hang_on_the_blocks_break_the_law(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = ingest.discover()["rdi_pd0"]

    def forgets(block: bytes, offset: int, state: object) -> reader.Parsed:
        # Never looks beyond its block: what is cut in two is lost.
        records, consumed, state = whole.finish(block, offset, state)
        return records, consumed, state

    _with_reader(monkeypatch, "rdi_pd0", parse=forgets)
    file = tmp_path / "two.000"
    file.write_bytes(b"".join(pd0_bytes.to_bytes(pd0_bytes.Ensemble(number=one)) for one in (1, 2)))
    with pytest.raises(law.BrokenLawError, match="blocks of 100 bytes"):
        law.check(file, 100)
