"""What a run would do, and why, without doing it."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lander import catalog, engine, inventory, planning
from lander import index as index_module
from lander.catalog import Found
from lander.deployment import ArchiveConfig
from lander.engine import Task
from lander.index import Index
from lander.pipeline import STORE_NAME


@dataclass
class Status:
    """The state of an archive's store.

    Attributes
    ----------
    new, changed, gone
        Raw files that were never decoded, that differ from what was decoded, that are no longer there.
    stale
        Files of the store that are missing or out of date, and why.
    follows
        Files that hang on those and may change with them.
    failed
        Raw files that gave nothing, and why.
    current
        Number of files that are up to date.
    samples
        Number of samples in L1.
    """

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    stale: dict[str, str] = field(default_factory=dict)
    follows: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    current: int = 0
    samples: int = 0

    @property
    def up_to_date(self) -> bool:
        """Whether a run would do nothing."""
        return not (self.new or self.changed or self.gone or self.stale)


def status(config: ArchiveConfig) -> Status:
    """Compare an archive's raw files and configuration with what its store was made from.

    Raw files are compared by size and times of the file, as a run does; nothing is hashed and nothing written.
    """
    root = config.root / STORE_NAME
    index = index_module.load(root)
    result = Status()
    found = list(catalog.find(config))
    _raw(result, config, index, found)
    streams = list(inventory.streams(config, index))
    tasks = [
        *planning.level1_tasks(streams),
        *(planning.phase_task(deployment, streams) for deployment in config.deployments),
        *planning.level2_tasks(config, streams),
        *planning.level3_tasks(config, streams, index),
    ]
    for task in tasks:
        reason = _stale(config, index, task)
        if reason:
            result.stale[task.output] = reason
    result.follows = _followers(tasks, result.stale.keys())
    result.current = len(tasks) - len(result.stale) - len(result.follows)
    result.samples = sum(entry.n for entry in index.files.values() if entry.stage == "L1")
    return result


def _raw(result: Status, config: ArchiveConfig, index: Index, found: Sequence[Found]) -> None:
    for one in found:
        if one.path not in index.raw:
            result.new.append(one.path)
        elif catalog.known(config.raw, one.path, index) is None:
            result.changed.append(one.path)
        elif (failure := index.raw[one.path].failure) is not None:
            result.failed[one.path] = failure
    result.gone = sorted(index.raw.keys() - {one.path for one in found})


def _stale(config: ArchiveConfig, index: Index, task: Task) -> str:
    entry = index.files.get(task.output)
    if entry is None:
        return "not made yet"
    if not os.path.exists(config.root / STORE_NAME / task.output):
        return "the file is missing"
    if not index_module.intact(config.root / STORE_NAME, entry):
        return "the file is not the one that was written"
    return engine.difference(entry.recipe, engine.recipe_of(task, index).digest)


def _followers(tasks: Sequence[Task], stale: Iterable[str]) -> list[str]:
    """Files that read a stale one, directly or through others."""
    known = set(stale)
    touched = set(known)
    before = -1
    while len(touched) != before:
        before = len(touched)
        touched |= {task.output for task in tasks if task.needs & touched}
    return sorted(touched - known)
