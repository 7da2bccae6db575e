"""The ordered stages of an archive, from raw files to products. No science in it."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lander import catalog, engine, files, intake, inventory, planning, seal
from lander import index as index_module
from lander.catalog import Identity
from lander.deployment import ArchiveConfig
from lander.engine import Progress, Run, Task
from lander.errors import ConfigError
from lander.index import INDEX_NAME, Index
from lander.intake import Intake
from lander.lock import ROLL_NAME, await_orphans, held
from lander.stages import decode
from lander.stages.parts import work_folder
from lander.stages.remarks import remarks_of

STORE_NAME = "store"


@dataclass
class Outcome:
    """What a run did.

    Attributes
    ----------
    decoded
        Raw files that were read.
    built, current, removed
        Files of the store.
    failed
        By raw file or output: what is wrong with it and what to do.
    remarks
        By raw file that was decoded, and by stream that was judged anew: what people should know of it.
    """

    decoded: list[str] = field(default_factory=list)
    built: list[str] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether anything was done."""
        return bool(self.decoded or self.built or self.removed)


def update(
    config: ArchiveConfig,
    *,
    only: str | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Progress = engine.quiet,
) -> Outcome:
    """Bring the store of an archive up to date: exactly what changed, and all that hangs on it.

    Parameters
    ----------
    config
        The archive.
    only
        A deployment's id: the others' raw files are not looked at, and their files stay as they are.
    workers
        Local processes.
    scheduler
        Address of a Dask scheduler, instead of local processes.
    progress
        Told how far each stage is.

    Raises
    ------
    ConfigError
        There is no such deployment.
    LockedError
        Another run holds the archive.
    """
    check_name(config, only)
    root = config.root / STORE_NAME
    with held(root):
        await_orphans(root / ROLL_NAME)
        # Also where there is nothing else to do: a run can be killed between its commit and its clearing up.
        shutil.rmtree(root / files.WORK_NAME, ignore_errors=True)
        sealed = None if only else index_module.read_seal(root)
        if sealed is not None and seal.holds(config, root, sealed):
            remarks = dict(config.flags.remarks)
            return Outcome(current=list(sealed["files"]), failed=dict(sealed["failed"]), remarks=remarks)
        with _scratch(root), engine.executor(workers, scheduler, root / ROLL_NAME) as pool:
            return _Update(config, root, pool, progress, only).run()


def check_name(config: ArchiveConfig, deployment: str | None) -> None:
    """Refuse the id of a deployment that is not there."""
    names = [one.id for one in config.deployments]
    if deployment is not None and deployment not in names:
        raise ConfigError(f"no deployment {deployment!r}; there are: {', '.join(names)}")


@contextmanager
def _scratch(root: Path) -> Iterator[None]:
    """Parts live for one run."""
    try:
        yield
    finally:
        shutil.rmtree(root / files.WORK_NAME, ignore_errors=True)


class _Update:
    def __init__(self, config: ArchiveConfig, root: Path, pool: Executor, progress: Progress, only: str | None) -> None:
        self._only = only
        self._config = config
        self._root = root
        self._pool = pool
        self._progress = progress
        self._index, self._resumed = index_module.resume(root)
        if not self._resumed:
            files.forget_previous(root)
        self._outcome = Outcome(remarks=dict(config.flags.remarks))
        self._relabelled = False

    def run(self) -> Outcome:
        seen = self._look()
        self._decode([job for job in seen.jobs if self._outdated(job)])
        streams = list(inventory.streams(self._config, self._index))
        level1 = list(planning.level1_tasks(streams))
        self._bring_parts(self._chosen(level1), {job.found.path: job for job in seen.jobs})
        run = Run(self._root, self._index, self._pool, self._progress)
        run.tasks(self._chosen(level1))
        rest = planning.later_tasks(self._config, streams)
        report = run.tasks(self._chosen(rest))
        run.remove(self._surplus({task.output for task in (*level1, *rest)}))
        self._outcome.built, self._outcome.current, self._outcome.removed = report.built, report.current, report.removed
        self._outcome.failed |= report.failed
        made = set(report.built)
        self._outcome.remarks |= planning.problems(task for task in rest if task.output in made)
        self._commit(seen, whole=self._only is None and not report.failed)
        return self._outcome

    def _surplus(self, planned: set[str]) -> set[str]:
        """Files that nothing makes any more; those of other deployments stay where only one was asked for."""
        known = self._index.files.keys()
        surplus = known - planned if self._only is None else set()
        if self._resumed:  # a killed run may have made what the next one no longer plans, or could not write down
            surplus |= set(index_module.paths_on_disk(self._root)) - known - planned
        return surplus

    def _commit(self, seen: Intake, *, whole: bool) -> None:
        sealed = seal.make(self._config, self._index, seen) if whole else None
        done = self._outcome.changed or self._resumed or self._relabelled or not (self._root / INDEX_NAME).exists()
        if done or (sealed is not None and sealed != index_module.read_seal(self._root)):
            index_module.commit(self._root, self._index, sealed)

    def _chosen(self, tasks: Iterable[Task]) -> list[Task]:
        """Tasks that make or use something of the deployment that was asked for."""
        return [task for task in tasks if self._only is None or self._only in planning.deployments_of(task)]

    def _look(self) -> Intake:
        def identify(paths: Sequence[Path]) -> Iterator[tuple[Path, Identity | str]]:
            return engine.each(self._pool, "hash", catalog.identify, paths, self._progress)

        seen = intake.look(self._config, self._root, self._index, identify, self._only)
        self._outcome.failed |= seen.unreadable | seen.refused
        # What cannot be read now is not withdrawn: its samples of before stay.
        for path in self._index.raw.keys() - seen.paths:
            if self._only in (None, self._index.raw[path].deployment):
                del self._index.raw[path]
                self._relabelled = True
        return seen

    def _outdated(self, job: decode.Job) -> bool:
        before = self._index.raw.get(job.found.path)
        if before is None or before.recipe != job.recipe:
            return True
        # The same bytes under the same settings: only the signs of the file or its place may have changed.
        now = decode.relabel(before, job)
        self._relabelled |= now != before
        self._index.raw[job.found.path] = now
        if before.failure is not None:
            self._outcome.failed[job.found.path] = before.failure
        return False

    def _decode(self, jobs: Sequence[decode.Job]) -> None:
        for job, row in engine.each(self._pool, "decode", decode.run, jobs, self._progress):
            if row.recipe:  # else it changed while it was read: what is known of it stands
                self._index.raw[job.found.path] = row
            self._outcome.decoded.append(job.found.path)
            if row.failure is not None:
                self._outcome.failed[row.path] = row.failure
            elif remark := remarks_of(row, job.found.instrument.serial):
                self._outcome.remarks[row.path] = remark

    def _bring_parts(self, tasks: Sequence[Task], jobs: dict[str, decode.Job]) -> None:
        """Decode once more the files whose samples a stale month shares with a new file."""
        needed = set()
        for task in tasks:
            if not engine.is_current(self._root, task, self._index, engine.recipe_of(task, self._index)):
                needed |= {part["path"] for part in task.params["parts"]}
        again = [
            jobs[path]
            for path in sorted(needed & jobs.keys())
            if not work_folder(self._root, jobs[path].recipe).exists()
        ]
        for job, row in engine.each(self._pool, "decode", decode.run, again, self._progress):
            self._outcome.decoded.append(job.found.path)
            if row != self._index.raw[job.found.path]:
                # Without its parts the months that need it fail and say so; nothing of two versions is mixed.
                shutil.rmtree(work_folder(self._root, job.recipe), ignore_errors=True)
                self._outcome.failed[job.found.path] = decode.CHANGED


def read_index(config: ArchiveConfig) -> Index:
    """Index of an archive's store, without a lock: files are only ever replaced whole."""
    return index_module.load(config.root / STORE_NAME)
