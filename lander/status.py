"""What a run would do, and why, without doing it."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lander import catalog, engine, intake, inventory, planning
from lander import index as index_module
from lander.catalog import Identity
from lander.deployment import ArchiveConfig
from lander.engine import Task
from lander.events import Occurrence, occurrences
from lander.index import Index, RawFile
from lander.intake import Intake
from lander.pipeline import STORE_NAME, check_name
from lander.source import Source
from lander.stages import decode, events
from lander.stages.parts import work_folder
from lander.stages.remarks import remarks_of


@dataclass
class Status:
    """The state of an archive's store.

    Attributes
    ----------
    new, changed, gone
        Raw files that were never decoded; that differ from what was decoded, or whose calibration, clock or reader
        does; that are no longer there.
    stale
        Files of the store that are missing or out of date, and why.
    follows
        Files that hang on those and may change with them.
    surplus
        Files of the store that nothing makes any more.
    failed
        Raw files that gave nothing, and why.
    remarks
        By decoded raw file, and by stream: what people should know of it.
    quarantine
        The rows of those that were decoded, with the account of their bytes.
    current
        Number of files that are up to date.
    samples
        Number of samples in L1.
    events
        What the sensors saw, as far as the store knows.
    manual
        Number of manual flags that count.
    """

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    stale: dict[str, str] = field(default_factory=dict)
    follows: list[str] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    quarantine: dict[str, RawFile] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)
    current: int = 0
    samples: int = 0
    events: list[Occurrence] = field(default_factory=list)
    manual: int = 0

    @property
    def up_to_date(self) -> bool:
        """Whether a run would do nothing."""
        return not (self.new or self.changed or self.gone or self.stale or self.surplus)


def status(config: ArchiveConfig, *, only: str | None = None, exact: bool = False) -> Status:
    """Compare an archive's raw files and configuration with what its store was made from. Nothing is written there.

    Parameters
    ----------
    config
        The archive.
    only
        A deployment's id: what a run for it alone would do.
    exact
        Hash and decode new and changed raw files, somewhere else, to know which months they reach. Without it they are
        told by size and times as a run does, and only the months that they reached before are named.
    """
    check_name(config, only)
    root = config.root / STORE_NAME
    index = index_module.load(root)
    result = Status()
    result.events = _events(config, root, index, only)
    result.manual = len(config.flags.active)
    result.remarks |= config.flags.remarks
    result.samples = sum(entry.n for entry in index.files.values() if entry.stage == "L1")
    seen = intake.look(config, root, index, catalog.identify_each if exact else _unseen, only)
    changed = _raw(result, index, seen, only)
    if exact:
        _decode(result, index, changed)
    streams = list(inventory.streams(config, index))
    everything = [*planning.level1_tasks(streams), *planning.later_tasks(config, streams)]
    tasks = [task for task in everything if only is None or only in planning.deployments_of(task)]
    remade = set() if exact else {*result.changed}
    for task in tasks:
        reason = _stale(root, index, task) or _from_changed(task, remade)
        if reason:
            result.stale[task.output] = reason
    result.follows = _followers(tasks, result.stale.keys())
    result.surplus = sorted(index.files.keys() - {task.output for task in everything}) if only is None else []
    result.current = len(tasks) - len(result.stale) - len(result.follows)
    result.remarks |= planning.problems(tasks)
    serials = {(one.id, each.name): each.serial for one in config.deployments for each in one.instruments}
    for path, row in index.raw.items():
        remark = remarks_of(row, serials.get((row.deployment, row.instrument), ""))
        if remark and row.failure is None:
            result.remarks[path] = remark
    return result


def _events(config: ArchiveConfig, root: Path, index: Index, only: str | None) -> list[Occurrence]:
    """Events of the deployments whose small tables are whole; the others are named as stale."""
    tables = {
        path: entry
        for path, entry in index.files.items()
        if entry.stage == events.STAGE and index_module.intact(root, entry)
    }
    return list(occurrences(Source.of(config, Index(tables), root), deployment=only))


_UNSEEN = "not looked at"


def _unseen(paths: Sequence[Path]) -> Iterator[tuple[Path, Identity | str]]:
    return ((path, _UNSEEN) for path in paths)


def _raw(result: Status, index: Index, seen: Intake, only: str | None) -> list[decode.Job]:
    """Sort raw files, and take those that are gone out of the index; gives those that are to be decoded."""
    jobs = []
    for path, reason in seen.unreadable.items():
        if reason == _UNSEEN:
            (result.changed if path in index.raw else result.new).append(path)
        else:
            result.failed[path] = reason
    for job in seen.jobs:
        before = index.raw.get(job.found.path)
        if before is None or before.recipe != job.recipe:
            (result.new if before is None else result.changed).append(job.found.path)
            jobs.append(job)
        elif before.failure is not None:
            result.failed[before.path], result.quarantine[before.path] = before.failure, before
    result.failed |= seen.refused
    result.gone = sorted(path for path in index.raw.keys() - seen.paths if only in (None, index.raw[path].deployment))
    for path in result.gone:
        del index.raw[path]
    result.new, result.changed = sorted(result.new), sorted(result.changed)
    return jobs


def _decode(result: Status, index: Index, jobs: Iterable[decode.Job]) -> None:
    """Learn what files hold by decoding them into a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="lander-") as scratch:
        for job in jobs:
            row = decode.run(replace(job, root=Path(scratch)))
            shutil.rmtree(work_folder(Path(scratch), job.recipe), ignore_errors=True)
            if row.recipe:
                index.raw[row.path] = row
            if row.failure is not None:
                result.failed[row.path], result.quarantine[row.path] = row.failure, row


def _from_changed(task: Task, changed: set[str]) -> str:
    return next((f"{part['path']} changed" for part in task.params.get("parts", ()) if part["path"] in changed), "")


def _stale(root: Path, index: Index, task: Task) -> str:
    entry = index.files.get(task.output)
    if entry is None:
        return "not made yet"
    if not os.path.exists(root / task.output):
        return "the file is missing"
    if not index_module.intact(root, entry):
        return "the file is not the one that was written"
    return engine.difference(entry.recipe, engine.recipe_of(task, index).digest)


def _followers(tasks: Sequence[Task], stale: Iterable[str]) -> list[str]:
    """Files that read a stale one, directly or through others."""
    readers: dict[str, list[str]] = {}
    for task in tasks:
        for need in task.needs:
            readers.setdefault(need, []).append(task.output)
    known = set(stale)
    touched, queue = set(known), list(known)
    while queue:
        for reader in readers.get(queue.pop(), ()):
            if reader not in touched:
                touched.add(reader)
                queue.append(reader)
    return sorted(touched - known)
