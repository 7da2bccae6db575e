"""Bit rot is found, by file: any one byte of a raw file or of the store."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lander import config
from lander.cli import app
from lander.verify import verify
from tests.lander.simulated import run
from tests.lander.tiny import few_products, tiny


@pytest.fixture
def archive(tmp_path_factory, tmp_path):
    folder = tiny(tmp_path_factory.getbasetemp(), tmp_path / "archive")
    with few_products():
        assert not run(folder).failed
    return folder


def rot(file: Path, place: int) -> None:
    """Flip a bit as a disk does: size and times stay."""
    status = file.stat()
    content = bytearray(file.read_bytes())
    content[place % len(content)] ^= 1 << (place % 8)
    with file.open("r+b") as handle:
        handle.write(content)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def damaged(archive: Path, workers: int = 1) -> set[str]:
    names = verify(config.load(archive), workers=workers).damaged
    return {Path(name).name if "/raw/" in name else name for name in names}


def test_a_whole_archive(archive):
    found = verify(config.load(archive))
    assert not found.damaged
    assert found.raw == 3
    assert found.files == len(list((archive / "store").rglob("*.nc")))


def test_any_byte_of_the_store(archive):
    files = sorted((archive / "store").rglob("*.nc"))
    for number, file in enumerate(files):
        whole, status = file.read_bytes(), file.stat()
        rot(file, number * len(whole) // len(files))
        assert damaged(archive) == {file.relative_to(archive / "store").as_posix()}
        file.write_bytes(whole)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not damaged(archive)


def test_any_byte_of_a_raw_file(archive):
    for number, file in enumerate(sorted(path for path in (archive / "raw").rglob("*.*") if path.is_file())):
        whole = file.read_bytes()
        for place in (0, len(whole) // 2 + number, -1):
            rot(file, place)
            assert damaged(archive) == {file.name}
            file.write_bytes(whole)


def test_missing_files_in_parallel_processes(archive):
    (archive / "raw/one/ctd/sim-one.hex").unlink()
    (archive / "store/sitef/one/phase.nc").unlink()
    assert damaged(archive, workers=2) == {"sim-one.hex", "sitef/one/phase.nc"}


def test_the_command_names_file_cause_and_remedy(archive):
    rot(archive / "store/sitef/one/ctd/samples/L2/2016-09.nc", 5000)
    result = CliRunner().invoke(app, ["verify", str(archive), "--workers", "1"])
    assert result.exit_code == 1
    assert "sitef/one/ctd/samples/L2/2016-09.nc: its bytes are not those that were written; delete it" in result.stderr
    (archive / "store/sitef/one/ctd/samples/L2/2016-09.nc").unlink()
    with few_products():
        assert run(archive).built == ["sitef/one/ctd/samples/L2/2016-09.nc"]
    assert not damaged(archive)
