"""Small simulated archives, and how tests copy, change and run them."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lander import config
from lander.pipeline import Outcome, update
from sample_data import simulate
from sample_data.scenario import parse_scenario

CORPUS = Path(os.environ.get("LANDER_CORPUS", Path(__file__).parents[2] / ".." / "shared" / "corpus"))

SPIKES = {"kind": "spike", "variable": "temperature", "count": 6, "sigma": 40}
GAP = {"kind": "gap", "instrument": "ctd", "at": 0.55, "duration": 3600}


def make(folder: Path, *deployments: dict[str, Any], without: tuple[str, ...] = ()) -> Path:
    """Simulate deployments into one archive, the raw files of each in a folder of its name."""
    for number, keys in enumerate(deployments):
        scenario = parse_scenario({"days": 2, "period": 60, **keys})
        made = simulate(folder / f"simulated{number}", scenario, seed=number + 1)
        _take_over(made.root, folder, scenario.name, without)
        shutil.rmtree(made.root)
    return folder


def _take_over(made: Path, folder: Path, name: str, without: tuple[str, ...]) -> None:
    for instrument in without:
        shutil.rmtree(made / "raw" / instrument)
    (folder / "raw").mkdir(parents=True, exist_ok=True)
    (folder / "deployments").mkdir(exist_ok=True)
    shutil.move(made / "raw", folder / "raw" / name)
    shutil.move(made / "archive.yaml", folder / "archive.yaml")
    (found,) = (made / "deployments").glob("*.yaml")
    content = yaml.safe_load(found.read_text())
    content["id"] = name
    content["instruments"] = {key: one for key, one in content["instruments"].items() if key not in without}
    for one in content["instruments"].values():
        one["raw"] = [{**rule, "pattern": f"{name}/{rule['pattern']}"} for rule in one["raw"]]
    (folder / "deployments" / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))


def run(archive: Path, **keys: Any) -> Outcome:
    """`lander run` in this process."""
    return update(config.load(archive), **keys)


def copy(archive: Path, to: Path) -> Path:
    """A copy of an archive with the times of its files, so that its store counts as intact."""
    return Path(shutil.copytree(archive, to))


def change(file: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Change the content of a YAML file in place."""
    content = yaml.safe_load(file.read_text())
    before = yaml.safe_dump(content)
    edit(content)
    assert yaml.safe_dump(content) != before, "this changes nothing"
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def digests(store: Path) -> dict[str, str]:
    """sha256 of every file of a store but the index, which holds times of files, and hidden ones of the machinery."""
    return {
        path.relative_to(store).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.rglob("*.nc"))
        if not path.relative_to(store).as_posix().startswith(".")
    }


def corpus(name: str) -> Path:
    """A file of the corpus; the test is skipped where it is absent."""
    path = CORPUS / name
    if not path.exists():
        pytest.skip(f"no corpus file {name}: set LANDER_CORPUS to the folder of shared data")
    return path
