"""How much memory decoding block by block takes, whatever the size of the file."""

import sys
from pathlib import Path
from typing import Any

import pytest

from sample_data.instruments import sbe37
from tests.benchmarks import peers

MEGABYTE = 1_000_000

# The peak of this process alone: `ru_maxrss` would begin with that of the process that started it.
MEMORY = """
import json, re, sys
import ingest
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1000
start = peak()
records = 0
with ingest.BlockDecoder(sys.argv[1]) as pieces:
    for piece in pieces:
        records += sum(dataset.sizes["time"] for dataset in piece.values())
print(json.dumps({"records": records, "peak_megabytes": peak(), "imports_megabytes": start}))
"""


@pytest.mark.bench
def test_memory_does_not_grow_with_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "large.hex"
    samples = 31_300_000
    size = sbe37.write(file, count=samples)
    try:
        assert size >= 1000 * MEGABYTE
        got = peers.run(sys.executable, MEMORY, str(file))
    finally:
        file.unlink()
    with capsys.disabled():
        sys.stdout.write(
            f"\n  {size / MEGABYTE:.0f} MB of .hex block by block: at most {got['peak_megabytes']:.0f} MB in memory, "
            f"{got['imports_megabytes']:.0f} MB of it before the first block\n"
        )
    assert got["records"] == samples
    assert got["peak_megabytes"] < 300


def test_measuring_memory_works(tmp_path: Path):
    file = tmp_path / "small.hex"
    sbe37.write(file, count=2000)
    got: dict[str, Any] = peers.run(sys.executable, MEMORY, str(file))
    assert got["records"] == 2000
    assert 10 < got["imports_megabytes"] <= got["peak_megabytes"] < 300
