"""What a run costs that has nothing to do, over 20 deployments of a year with 8 instruments each."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.reader import HEAD_BYTES
from lander import catalog, config, engine, intake, inventory, planning, store
from lander import index as index_module
from lander.engine import Task
from lander.index import Index, RawFile
from lander.pipeline import STORE_NAME
from lander.store import Entry
from tests.lander.simulated import make, run

YEARS = 20
FIRST_YEAR = 1996
COPIES = {"ctd": 5, "optode": 2, "adcp": 1}
LIMIT_SECONDS = 2.0

ARCHIVE = """\
title: Twenty years
institution: {name: Nobody}
people: [{name: Nobody, role: author}]
licence: CC0-1.0
sites: [{code: sitef, name: Site F}]
fill: {temperature: {cap: 6 h}, oxygen_concentration: {cap: 3 h}}
"""


def deployment(year: int) -> str:
    """Eight instruments; the raw files of each in a folder of its own."""
    models = {"ctd": "SBE 37-SM", "optode": "Aanderaa 4831", "adcp": "RDI"}
    instruments = {
        f"{kind}{number}": {
            "model": models[kind],
            "serial": f"{year}{number}",
            "raw": [f"{year}/{kind}{number}/*"],
            "settings": {"internal_salinity": 0} if kind == "optode" else {},
            "clock_checks": [{"instrument": f"{year}-01-01T01:00:00Z", "utc": f"{year}-01-01T01:00:00Z"},
                             {"instrument": f"{year}-12-30T00:00:09Z", "utc": f"{year}-12-30T00:00:00Z"}],
        }
        for kind, count in COPIES.items() for number in range(count)
    }  # fmt: skip
    names = ("temperature", "conductivity", "pressure", "practical_salinity", "pressure_sensor_temperature")
    primary = dict.fromkeys(names, "ctd0")
    more = ("oxygen_concentration", "oxygen_concentration_uncompensated", "optode_temperature", "calibrated_phase")
    primary |= dict.fromkeys(more, "optode0")
    return json.dumps({
        "id": f"d{year}", "site": "sitef", "platform": "lander", "start": f"{year}-01-01T00:00:00Z",
        "end": f"{year}-12-31T00:00:00Z", "position": {"latitude": 22.1, "longitude": 119.2},
        "primary": primary, "instruments": instruments,
    })  # fmt: skip


def raw_files(kind: str, year: int) -> list[str]:
    """Optodes write a file a day, the others one file."""
    if kind != "optode":
        return [f"{year}.dat"]
    return [f"{month:02d}{day:02d}.log" for month in range(1, 13) for day in range(1, 31 if month != 2 else 29)]


@pytest.fixture(scope="module")
def twenty_years(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive whose index stands as a run over real files leaves it; its files are small stand-ins."""
    folder = tmp_path_factory.mktemp("scale")
    pattern = make(folder / "pattern", {"name": "one", "days": 2, "period": 1800})
    assert not run(pattern).failed
    seen = index_module.load(pattern / STORE_NAME)
    heads = {
        raw.instrument: (pattern / "raw" / raw.path).read_bytes()[:HEAD_BYTES] for raw in seen.raw.values()
    }
    archive = folder / "archive"
    (archive / "deployments").mkdir(parents=True)
    (archive / "archive.yaml").write_text(ARCHIVE)
    for year in range(FIRST_YEAR, FIRST_YEAR + YEARS):
        (archive / "deployments" / f"d{year}.yaml").write_text(deployment(year))
        for kind, count in COPIES.items():
            for number in range(count):
                own = archive / "raw" / str(year) / f"{kind}{number}"
                own.mkdir(parents=True)
                for name in raw_files(kind, year):
                    (own / name).write_bytes(heads[kind] + f"{year} {kind} {number} {name}".encode())
    index_module.commit(archive / STORE_NAME, _stand_in(archive, seen))
    return archive


def _stand_in(archive: Path, seen: Index) -> Index:
    """The index of a finished run: rows of raw files like the pattern's, and of every file that they plan."""
    loaded = config.load(archive)
    index = Index()
    patterns = {raw.instrument: raw for raw in seen.raw.values()}
    known = Index({}, {})
    for job in intake.look(loaded, archive / STORE_NAME, known, _hash).jobs:
        kind = job.found.instrument.name[:-1]
        streams = {
            name: {**content, "months": {month: _month(job, month) for month in _months(job.found.path)}}
            for name, content in patterns[kind].streams.items()
        }
        index.raw[job.found.path] = _row(job, patterns[kind], streams)
    models = {(entry.stage, _kind(entry.stage, path)): entry for path, entry in seen.files.items()}
    streams_found = list(inventory.streams(loaded, index))
    for task in planning.level1_tasks(streams_found):
        index.files[task.output] = _entry(archive, task, index, models)
    later = planning.later_tasks(loaded, streams_found)
    for task in later:
        index.files[task.output] = _entry(archive, task, index, models)
    # Recipes hang on the digests of their inputs, which are all there only now.
    for task in later:
        row = index.files[task.output]
        index.files[task.output] = Entry(**{**vars(row), "recipe": engine.recipe_of(task, index).digest})
    return index


def _hash(paths):
    return [(path, catalog.identify(path)) for path in paths]


def _month(job, month: str) -> dict[str, object]:
    last = store.month_bounds(month)[1] - 7_200_000_000
    return {"n": 100, "last": last, "digest": f"{job.identity.sha256[:13]}{month}"}


def _months(path: str) -> list[str]:
    year, _, name = path.split("/")
    return [f"{year}-{name[:2]}"] if name.endswith(".log") else [f"{year}-{month:02d}" for month in range(1, 13)]


def _row(job, pattern: RawFile, streams) -> RawFile:
    owner = {"deployment": job.found.deployment.id, "instrument": job.found.instrument.name, "priority": 0}
    content = {"reader": pattern.reader, "recipe": job.recipe, "ledger": pattern.ledger, "streams": streams}
    return RawFile(job.found.path, **vars(job.identity), **owner, **content)


def _kind(stage: str, path: str) -> str:
    """What files of one content have in common: the kind of instrument, or the variable of a product."""
    return "" if stage == "phase" else path.split("/")[3 if stage == "L3" else 2].rstrip("0123456789")


def _entry(archive: Path, task: Task, index: Index, models: dict[tuple[str, str], Entry]) -> Entry:
    pattern = models[task.stage, _kind(task.stage, task.output)]
    file = archive / STORE_NAME / task.output
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"")
    status = os.stat(file)
    digests = {name: engine.digest_of([task.output, name])[:20] for name in pattern.digests}
    first = last = None
    if task.stage != "phase":
        first, last = store.month_bounds(task.params["month"])
        last -= 3_600_000_000 * 2
    recipe = engine.recipe_of(task, index).digest
    signs = (status.st_size, status.st_mtime_ns, "0" * 64)
    return Entry(task.output, task.stage, 100, first, last, recipe, digests, *signs)


def _timed(*words: str) -> tuple[float, str]:
    started = time.perf_counter()
    command = [str(Path(sys.executable).with_name("lander")), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return time.perf_counter() - started, done.stdout


@pytest.mark.bench
def test_a_run_with_nothing_to_do(twenty_years, capsys):
    seconds, said = min(_timed("run", str(twenty_years)) for _ in range(3))
    index = index_module.load(twenty_years / STORE_NAME)
    with capsys.disabled():
        sys.stdout.write(
            f"\nno-op run: {seconds:.2f} s for {len(index.files):,} files and {len(index.raw):,} raw files\n"
        )
    assert "nothing to do" in said
    assert seconds < LIMIT_SECONDS
