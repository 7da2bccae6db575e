"""What people see in a terminal: progress while something runs, tables that align, nothing but results in a pipe."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table


def _console(stderr: bool = False) -> Console:
    """Plain text in Jupyter: its streams call themselves terminals, and rich would put every line into HTML."""
    in_jupyter = Console().is_jupyter
    return Console(
        stderr=stderr,
        soft_wrap=True,
        highlight=False,
        force_jupyter=False,
        force_terminal=False if in_jupyter else None,
    )


out = _console()
err = _console(stderr=True)

_STAGES = {
    "simulate": "simulate instruments",
    "hash": "look at raw files",
    "decode": "decode raw files",
    "L1": "merge and store (L1)",
    "phase": "find deployment phases",
    "summary": "learn from whole records",
    "excursions": "look for excursions",
    "events": "find events",
    "L2": "quality control, derive, fill (L2)",
    "L3": "products (L3)",
}


class StageBars:
    """One bar a stage; nothing where standard error is no terminal."""

    def __init__(self, bars: Progress | None) -> None:
        self._bars = bars
        self._tasks: dict[str, Any] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """`done` of `total` steps of a stage are through."""
        if self._bars is None:
            return
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(_STAGES.get(stage, stage), total=total)
        self._bars.update(self._tasks[stage], completed=done, total=total)


@contextmanager
def progress() -> Iterator[StageBars]:
    """Bars for the stages of a run, on standard error."""
    if not err.is_terminal:
        yield StageBars(None)
        return
    columns = (TextColumn("{task.description:<36}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err) as bars:
        yield StageBars(bars)


def say(text: str = "") -> None:
    """Print a line of results."""
    out.print(escape(text))


def one_line(text: str) -> str:
    """Text with its line ends and other controls made visible: a file's name may hold any."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def complain(text: str) -> None:
    """Print an error or warning on standard error."""
    err.print(f"[bold red]error:[/] {escape(text)}" if err.is_terminal else escape(f"error: {text}"))


def table(head: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[str] = ()) -> None:
    """Print rows under a head; the columns named in `right` align to the right."""
    grid = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for name in head:
        grid.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(escape(str(cell)) for cell in row))
    console = Console(
        file=sys.stdout,
        width=None if out.is_terminal else 200,
        highlight=False,
        force_jupyter=False,
        force_terminal=None if out.is_terminal else False,
    )
    with console.capture() as capture:
        console.print(grid)
    # Cells are padded to their column's width; at the end of a line that is only in the way of `diff` and `grep`.
    lines = [line.rstrip() for line in capture.get().splitlines()]
    sys.stdout.write("\n".join([*lines, ""]))
