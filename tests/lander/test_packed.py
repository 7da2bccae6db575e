"""Raw files inside archives go through the store as they would unpacked."""

import gzip
import shutil
import zipfile

import numpy as np

import lander
from tests.lander.simulated import run


def test_a_compressed_file_gives_the_same_series_and_a_second_run_does_nothing(own):
    before = lander.open(own).series("temperature").load()
    raw = own / "raw/one/ctd/sim-one.hex"
    (raw.parent / "sim-one.hex.gz").write_bytes(gzip.compress(raw.read_bytes(), mtime=0))
    raw.unlink()
    settings = own / "deployments/one.yaml"
    settings.write_text(settings.read_text().replace("ctd/*.hex", "ctd/*.hex*"))
    shutil.rmtree(own / "store")
    assert not run(own).failed
    assert not run(own).changed
    archive = lander.open(own)
    after = archive.series("temperature").load()
    for name in ("time", "temperature", "temperature_qc"):
        assert np.array_equal(after[name].values, before[name].values)
    told = archive.explain("temperature", before["time"].values[500])
    assert told["source"]["file"] == "one/ctd/sim-one.hex.gz"
    assert told["steps"][1]["after"] is not None


def test_two_logs_of_one_instrument_in_one_archive_are_one_series(own):
    before = lander.open(own).series("temperature").load()
    raw = own / "raw/one/ctd/sim-one.hex"
    content = raw.read_bytes()
    end = content.index(b"*END*") + content[content.index(b"*END*") :].index(b"\n") + 1
    lines = content[end:].splitlines(keepends=True)
    with zipfile.ZipFile(raw.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("second.hex", content[:end] + b"".join(lines[len(lines) // 2 :]))
        packed.writestr("first.hex", content[:end] + b"".join(lines[: len(lines) // 2]))
    raw.unlink()
    settings = own / "deployments/one.yaml"
    settings.write_text(settings.read_text().replace("ctd/*.hex", "ctd/*.zip"))
    shutil.rmtree(own / "store")
    assert not run(own).failed
    archive = lander.open(own)
    after = archive.series("temperature").load()
    for name in ("time", "temperature", "temperature_qc"):
        assert np.array_equal(after[name].values, before[name].values)
    told = archive.explain("temperature", before["time"].values[500])
    assert told["source"]["file"] == "one/ctd/sim-one.zip"
    assert told["steps"][1]["after"] is not None
