"""Raw files inside archives go through the store as they would unpacked."""

import gzip
import shutil

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
