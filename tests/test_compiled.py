"""Machine code on disk belongs to the sources it was made of: also to those of kernels that a kernel calls."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.mark.parametrize("package", ["ingest", "qc"])
def test_a_changed_kernel_reaches_those_that_call_it(package: str, tmp_path: Path):
    home = tmp_path / package
    home.mkdir()
    shutil.copy(REPOSITORY / package / "compiled.py", home)
    (home / "__init__.py").write_text("")
    start = f"from {package}.compiled import compiled\n"
    (home / "outer.py").write_text(
        f"{start}from {package}.inner import add\n\n\n@compiled\ndef twice(x):\n    return add(x) + add(x)\n"
    )
    said = []
    for added in (1, 1, 5):
        (home / "inner.py").write_text(f"{start}\n\n@compiled\ndef add(x):\n    return x + {added}\n")
        code = f"from {package}.outer import twice; print(twice(10), sum(twice.stats.cache_hits.values()))"
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        said.append(done.stdout.split())
    assert said == [["22", "0"], ["22", "1"], ["30", "0"]]
