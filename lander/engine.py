"""Runs tasks in processes, here or on a Dask cluster, and only those whose inputs changed.

A task makes one file. Its recipe is a digest of the digests of all it reads, of the part of the configuration it
uses, and of its stage's version. A task whose recipe is the one its file was made by is current. Inputs are named by
the content of single variables, so that work stops where content did not change (early cut-off).
"""

import hashlib
import json
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import connection
from pathlib import Path
from typing import Any, Protocol, TypeVar

from lander import files, store
from lander import index as index_module
from lander.errors import AgainError, LanderError, StoreError, UnwritableError
from lander.index import Index
from lander.lock import enlist
from lander.store import Entry, Recipe

_SAVE_EVERY_SECONDS = 2.0


@dataclass(frozen=True)
class Task:
    """One file to make.

    Attributes
    ----------
    output
        Path of the file below the store.
    stage, version
        What kind of work it is, and the version of its code.
    inputs
        What it reads: `path#variable`, `path#variable@head4` or `@tail4` of files of the store.
    params
        The part of the configuration that it uses, as JSON knows it. Raw files stand here by digest.
    build
        `build(root, task, recipe) -> Entry`: a function of a module, so that any process can run it.
    """

    output: str
    stage: str
    version: int
    inputs: tuple[str, ...]
    params: Mapping[str, Any]
    build: Callable[[Path, "Task", Recipe], Entry]

    @property
    def needs(self) -> frozenset[str]:
        """Files it reads."""
        return frozenset(reference.partition("#")[0] for reference in self.inputs)


@dataclass
class Report:
    """What a run did, by output."""

    built: list[str] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


class Progress(Protocol):
    """Told how far a stage is."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """`done` of `total` tasks of a stage are through."""


def quiet(stage: str, done: int, total: int) -> None:
    """Progress for nobody."""


class _Inline(Executor):
    """Runs a task where it is submitted: for one worker, and for the debugger."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def executor(workers: int, scheduler: str | None = None, roll: Path | None = None) -> Iterator[Executor]:
    """Processes to work in: this one, local ones, or those of a Dask scheduler.

    Parameters
    ----------
    workers
        Local processes; 1 works in this process.
    scheduler
        Address of a Dask scheduler, such as "tcp://10.0.0.1:8786"; its workers must see the archive's folder.
    roll
        A file on which local workers enlist, see `lander.lock.enlist`.
    """
    if scheduler is not None:
        from distributed import Client

        with Client(scheduler) as client:
            yield client.get_executor(pure=False)
    elif workers <= 1:
        yield _Inline()
    else:
        # Never fork: HDF5 and NumPy hold locks and threads that a forked child inherits in an unknown state.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker, initargs=(roll,)) as pool:
            try:
                yield pool
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _begin_worker(roll: Path | None) -> None:
    """End this worker as soon as the process that started it does: a killed run must leave nobody who goes on writing.

    Workers wait for work on a pipe of which each holds both ends, and so never learn of it by themselves.
    """
    if roll is not None:
        enlist(roll)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


Item = TypeVar("Item")
Result = TypeVar("Result")


def each(
    pool: Executor, stage: str, function: Callable[[Item], Result], items: Sequence[Item], progress: Progress = quiet
) -> Iterator[tuple[Item, Result]]:
    """Apply a function to items in the pool's processes; yields pairs in the order of the items.

    Raises
    ------
    LanderError
        A worker process died.
    """
    futures = [pool.submit(function, item) for item in items]
    try:
        for done, (item, future) in enumerate(zip(items, futures, strict=True), 1):
            yield item, future.result()
            progress(stage, done, len(items))
    except BrokenExecutor as error:
        raise LanderError(_DIED.format(stage)) from error
    finally:
        for future in futures:
            future.cancel()


_DIED = "{}: a worker process died (out of memory, or killed); what was done is kept, run again"


def recipe_of(task: Task, index: Index) -> Recipe:
    """Digest of everything a task's output hangs on, as the index stands: software, configuration, inputs."""
    software = f"{task.stage}{task.version}.{store.LAYOUT_VERSION}"
    inputs = [(reference, index.digest(reference)) for reference in sorted(set(task.inputs))]
    return Recipe(task.stage, task.version, f"{software}-{digest_of(task.params)[:16]}-{digest_of(inputs)[:16]}")


_REASONS = ("the software changed", "its raw files or configuration changed", "what it is made from changed")


def difference(old: str, new: str) -> str:
    """Say in words how two recipes differ."""
    pairs = zip(_REASONS, old.split("-"), new.split("-"), strict=False)
    return ", ".join(reason for reason, before, now in pairs if before != now)


def digest_of(content: Any) -> str:
    """Digest of anything JSON knows, the same for equal content."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def is_current(root: Path, task: Task, index: Index, recipe: Recipe) -> bool:
    """Whether a task's file is the one that its recipe makes; takes a file that the index lost back into it."""
    entry = index.files.get(task.output)
    if entry is not None and index_module.intact(root, entry):
        return entry.recipe == recipe.digest
    # A run that was killed after a rename and before the index was written left a good file behind. One that somebody
    # changed since would be of the same recipe: its bytes decide.
    try:
        found = store.read_entry(root, task.output, whole=True)
    except StoreError:
        return False
    if found.recipe != recipe.digest:
        return False
    if entry is not None and entry.recipe == found.recipe and entry.sha256 != found.sha256:
        return False
    index.files[task.output] = found
    return True


class Run:
    """One pass over a set of tasks."""

    def __init__(self, root: Path, index: Index, pool: Executor, progress: Progress = quiet) -> None:
        self._root = root
        self._index = index
        self._pool = pool
        self._progress = progress
        self._saved = time.monotonic()
        self._begun = False
        self._done: dict[str, int] = {}
        self._total: dict[str, int] = {}
        self.report = Report()

    def tasks(self, tasks: Iterable[Task]) -> Report:
        """Bring the outputs of tasks up to date, in the order their inputs demand.

        A task that fails does not stop the others; those that read its output work with what is there.
        """
        waiting = {task.output: task for task in tasks}
        for task in waiting.values():
            self._total[task.stage] = self._total.get(task.stage, 0) + 1
        order = _Order(waiting)
        running: dict[Future[Any], tuple[Task, float]] = {}
        try:
            while order.left:
                for task in order.ready():
                    self._start(task, order, running)
                if running:
                    self._collect(order, running)
        except BaseException:
            with suppress(UnwritableError):  # the next run finds what is done by its recipe
                index_module.checkpoint(self._root, self._index)
            raise
        return self.report

    def _start(self, task: Task, order: "_Order", running: dict[Future[Any], tuple[Task, float]]) -> None:
        recipe = recipe_of(task, self._index)
        if is_current(self._root, task, self._index, recipe):
            self.report.current.append(task.output)
            self._count(task)
            order.finished(task)
        else:
            self._begin()
            future = self._pool.submit(task.build, self._root, task, recipe)
            running[future] = (task, time.monotonic())

    def _collect(self, order: "_Order", running: dict[Future[Any], tuple[Task, float]]) -> None:
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            task, started = running.pop(future)
            self._finish(task, future)
            self.report.seconds[task.output] = time.monotonic() - started
            self._count(task)
            order.finished(task)
        if time.monotonic() - self._saved > _SAVE_EVERY_SECONDS:
            index_module.checkpoint(self._root, self._index)
            self._saved = time.monotonic()

    def _begin(self) -> None:
        if not self._begun:
            index_module.begin(self._root)
            self._begun = True

    def _finish(self, task: Task, future: Future[Any]) -> None:
        try:
            self._index.files[task.output] = future.result()
            self.report.built.append(task.output)
        except BrokenExecutor as error:
            raise LanderError(_DIED.format(task.output)) from error
        except UnwritableError:
            raise
        except AgainError as error:
            self.report.failed[task.output] = str(error)
        except LanderError as error:
            self._fail(task, str(error))
        except Exception as error:  # one bad input never stops the others
            self._fail(task, f"{type(error).__name__}: {error}")

    def _fail(self, task: Task, reason: str) -> None:
        """Name the failure; what the file was made from has changed, so that it may not stand beside its inputs."""
        self.report.failed[task.output] = reason
        self._forget(task.output)

    def _count(self, task: Task) -> None:
        self._done[task.stage] = self._done.get(task.stage, 0) + 1
        self._progress(task.stage, self._done[task.stage], self._total[task.stage])

    def remove(self, outputs: Collection[str]) -> None:
        """Remove files that no task makes any more: their raw files or configuration are gone."""
        if outputs:
            self._begin()
        for output in sorted(outputs):
            self._forget(output)
            self.report.removed.append(output)

    def _forget(self, output: str) -> None:
        self._index.files.pop(output, None)
        files.remove(self._root, output)


class _Order:
    """Which tasks may start: those whose inputs no unfinished task makes."""

    def __init__(self, tasks: Mapping[str, Task]) -> None:
        self._unmet = {output: set(task.needs & tasks.keys()) - {output} for output, task in tasks.items()}
        self._readers: dict[str, list[str]] = {}
        for output, needs in self._unmet.items():
            for need in needs:
                self._readers.setdefault(need, []).append(output)
        self._tasks = tasks
        self._ready = [output for output, needs in self._unmet.items() if not needs]
        self.left = len(tasks)
        self._check_circles()

    def _check_circles(self) -> None:
        unmet = {output: len(needs) for output, needs in self._unmet.items()}
        queue, seen = list(self._ready), 0
        while queue:
            seen += 1
            for reader in self._readers.get(queue.pop(), ()):
                unmet[reader] -= 1
                if not unmet[reader]:
                    queue.append(reader)
        if seen < len(self._tasks):
            circle = sorted(output for output, count in unmet.items() if count)
            raise LanderError(f"tasks wait for each other in a circle: {', '.join(circle[:5])}")

    def ready(self) -> list[Task]:
        """Tasks that may start now; each is named once."""
        outputs, self._ready = self._ready, []
        return [self._tasks[output] for output in outputs]

    def finished(self, task: Task) -> None:
        """Free the tasks that waited for this one."""
        self.left -= 1
        for reader in self._readers.get(task.output, ()):
            self._unmet[reader].discard(task.output)
            if not self._unmet[reader]:
                self._ready.append(reader)
