"""Every notebook runs from start to end on an archive of its own, and no cell warns."""

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LARGEST = 300_000

STRICT = "import warnings\nwarnings.simplefilter('error')"
CALM = "warnings.simplefilter('ignore')  # the kernel's own shutdown is not what is tested"


def executed(path: Path, folder: Path) -> Any:
    """Run a notebook in a fresh kernel in `folder`; its cells, without those that were added."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    new_cell: Any = nbformat.v4.new_code_cell
    notebook.cells = [new_cell(STRICT), *notebook.cells, new_cell(CALM)]
    place = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=place).execute()
    return notebook.cells[1:-1]


def outputs(cells: Any) -> list[Any]:
    return [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]


def text(found: list[Any]) -> str:
    return "".join(output.text for output in found if output.output_type == "stream")


def test_there_are_notebooks() -> None:
    assert [path.name for path in NOTEBOOKS] == ["first_look.ipynb"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_small_and_shows_its_results(path: Path) -> None:
    assert path.stat().st_size < LARGEST
    cells = nbformat.read(path, as_version=4).cells  # type: ignore[no-untyped-call]
    assert any("image/png" in output.get("data", {}) for output in outputs(cells))
    assert not [output for output in outputs(cells) if output.output_type == "error"]


@pytest.fixture
def kernel_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A kernel that sees this checkout, no archive of anybody's, and leaves its files in `tmp_path`."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("LANDER_DEMO_ARCHIVE", raising=False)
    monkeypatch.delenv("MPLBACKEND", raising=False)
    return tmp_path


# jupyter_client's sockets and asyncio's loop are closed by the garbage collector in some versions.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
def test_first_look_runs_and_shows_what_it_says(kernel_environment: Path) -> None:
    cells = executed(ROOT / "notebooks" / "first_look.ipynb", kernel_environment)
    found = outputs(cells)
    assert not [output for output in found if output.output_type == "stream" and output.name == "stderr"]
    assert sum("image/png" in output.get("data", {}) for output in found) == 3
    pages = [output.get("data", {}).get("text/html", "") for output in found]
    trees = [page for page in pages if "lander-tree" in page]
    assert len(trees) == 1
    assert "oxygen_concentration" in trees[0]
    said = text(found)
    assert "degree_Celsius on average" in said
    assert "filled values; the longest run of them takes 35 min" in said  # the file that the scenario cuts
    assert "of optode/2016" in said
    made = list(kernel_environment.glob("lander-*/demo/archive.yaml"))
    assert len(made) == 1
