"""The ordered stages of an archive, from raw files to products. No science in it."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import ingest
from ingest.reader import HEAD_BYTES, claim
from lander import catalog, engine, files, inventory, planning
from lander import index as index_module
from lander.catalog import Found, Identity
from lander.deployment import ArchiveConfig
from lander.engine import Progress, Run, Task
from lander.errors import ConfigError
from lander.index import INDEX_NAME, Index
from lander.lock import held
from lander.stages import decode
from lander.stages.parts import work_folder

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
    seconds
        By stage.
    """

    decoded: list[str] = field(default_factory=list)
    built: list[str] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

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
    names = [deployment.id for deployment in config.deployments]
    if only is not None and only not in names:
        raise ConfigError(f"no deployment {only!r}; there are: {', '.join(names)}")
    root = config.root / STORE_NAME
    with held(root), _scratch(root), engine.executor(workers, scheduler) as pool:
        return _Update(config, root, pool, progress, only).run()


@contextmanager
def _scratch(root: Path) -> Iterator[None]:
    """Parts live for one run: what a killed one left is removed first, and its own at the end."""
    shutil.rmtree(root / files.WORK_NAME, ignore_errors=True)
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
        self._outcome = Outcome()
        self._relabelled = False
        self._unreadable: set[str] = set()

    def run(self) -> Outcome:
        jobs = self._jobs()
        self._withdraw({job.found.path for job in jobs})
        self._decode([job for job in jobs if self._outdated(job)])
        streams = list(inventory.streams(self._config, self._index))
        level1 = self._chosen(planning.level1_tasks(streams))
        self._bring_parts(level1, {job.found.path: job for job in jobs})
        run = Run(self._root, self._index, self._pool, self._progress)
        run.tasks(level1)
        rest = self._chosen(self._later(streams))
        report = run.tasks(rest)
        if self._only is None:
            run.remove(self._index.files.keys() - {task.output for task in (*level1, *rest)})
        self._outcome.built, self._outcome.current, self._outcome.removed = report.built, report.current, report.removed
        self._outcome.failed |= report.failed
        if self._outcome.changed or self._resumed or self._relabelled or not (self._root / INDEX_NAME).exists():
            index_module.commit(self._root, self._index)
        return self._outcome

    def _chosen(self, tasks: Iterable[Task]) -> list[Task]:
        """Tasks that make or use something of the deployment that was asked for."""
        return [task for task in tasks if self._only is None or self._only in planning.deployments_of(task)]

    def _later(self, streams: Sequence[inventory.Stream]) -> list[Task]:
        phases = [planning.phase_task(deployment, streams) for deployment in self._config.deployments]
        level2 = planning.level2_tasks(self._config, streams)
        level3 = planning.level3_tasks(self._config, streams, self._index)
        return [*phases, *level2, *level3]

    def _jobs(self) -> list[decode.Job]:
        found = [one for one in catalog.find(self._config) if self._only in (None, one.deployment.id)]
        before = {one.path: catalog.known(self._config.raw, one.path, self._index) for one in found}
        changed = [self._config.raw / path for path, identity in before.items() if identity is None]
        hashed = dict(engine.each(self._pool, "hash", catalog.identify, changed, self._progress))
        jobs = []
        for one in found:
            identity = before[one.path] or hashed[self._config.raw / one.path]
            if isinstance(identity, str):
                self._outcome.failed[one.path] = identity
                self._unreadable.add(one.path)
            else:
                jobs.append(self._job(one, identity))
        return jobs

    def _job(self, found: Found, identity: Identity) -> decode.Job:
        instrument = found.instrument
        calibration = instrument.calibration
        content = {
            "version": decode.VERSION,
            "sha256": identity.sha256,
            "reader": self._reader(found.path, identity),
            "calibration": None if calibration.coefficients is None else dict(calibration.coefficients),
            "clock": [[str(check.instrument), str(check.utc)] for check in instrument.clock_checks],
            "window": [str(found.deployment.start), str(found.deployment.end)],
        }
        return decode.Job(self._root, self._config.raw, found, identity, engine.digest_of(content))

    def _reader(self, path: str, identity: Identity) -> str:
        """Reader and version that a file is decoded with; every reader's where none claims it, to try again later."""
        readers = ingest.discover()
        before = self._index.raw.get(path)
        if before is not None and before.sha256 == identity.sha256 and before.reader.split(" ")[0] in readers:
            reader = readers[before.reader.split(" ")[0]]
            return f"{reader.name} {reader.version}"
        try:
            with (self._config.raw / path).open("rb") as handle:
                reader = claim(handle.read(HEAD_BYTES), Path(path).name)
            return f"{reader.name} {reader.version}"
        except ingest.IngestError:
            return " ".join(f"{reader.name} {reader.version}" for reader in readers.values())

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

    def _withdraw(self, paths: set[str]) -> None:
        # What cannot be read now is not withdrawn: its samples of before stay.
        for path in self._index.raw.keys() - paths - self._unreadable:
            if self._only in (None, self._index.raw[path].deployment):
                del self._index.raw[path]

    def _decode(self, jobs: Sequence[decode.Job]) -> None:
        for job, row in engine.each(self._pool, "decode", decode.run, jobs, self._progress):
            self._index.raw[job.found.path] = row
            self._outcome.decoded.append(job.found.path)
            if row.failure is not None:
                self._outcome.failed[row.path] = row.failure

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
                self._outcome.failed[job.found.path] = "changed while it was read; run again when it is complete"


def read_index(config: ArchiveConfig) -> Index:
    """Index of an archive's store, without a lock: files are only ever replaced whole."""
    return index_module.load(config.root / STORE_NAME)
