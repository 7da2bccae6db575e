"""The command `lander`: reads words, calls the house, prints results. Thin, and quick to start."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
import typer.core

from lander import cli_flags

if TYPE_CHECKING:
    from lander.archive import Archive
    from lander.pipeline import Outcome

DONE, SOME_FAILED, WRONG_USE = 0, 1, 2

class _Commands(typer.core.TyperGroup):
    """The commands, their errors turned into words before the framework makes its own of them."""

    def invoke(self, ctx: Any) -> Any:
        with _errors():
            return super().invoke(ctx)


app = typer.Typer(
    cls=_Commands,
    help="From the raw files of a seafloor lander to quality-controlled time series, every value explained.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(cli_flags.app, name="flag")

ArchivePath = cli_flags.ArchivePath
Workers = Annotated[int, typer.Option(min=1, help="Local processes to work in.")]


def main() -> None:
    """Run the command line."""
    app()


@contextmanager
def _errors() -> Iterator[None]:
    """Turn what people can mend into one line and an exit code; anything else is a defect and shows its trace."""
    try:
        yield
    except BrokenPipeError:
        sys.exit(DONE)
    except KeyboardInterrupt:
        _leave("stopped; what was done is kept, and the next run goes on from there", 130)
    except Exception as error:
        _leave_by(error)


def _leave_by(error: Exception) -> NoReturn:
    # Imported only now: `lander --help` must not wait for the decoders.
    from ingest.errors import IngestError
    from lander.errors import ConfigError, LanderError, RequestError

    if isinstance(error, OSError):
        _leave(f"{error.filename or 'the system'}: {error.strerror or error}", SOME_FAILED)
    if isinstance(error, ConfigError | RequestError):
        _leave(str(error), WRONG_USE)
    if isinstance(error, IngestError | LanderError):
        _leave(str(error), SOME_FAILED)
    raise error


def _leave(message: str, code: int) -> NoReturn:
    from lander import terminal

    terminal.complain(message)
    sys.exit(code)


@app.command()
def demo(
    days: Annotated[int, typer.Option(min=1, help="Length of the simulated deployment.")] = 30,
    period: Annotated[float, typer.Option(min=0.01, help="Seconds between samples.")] = 10.0,
    out: Annotated[Path, typer.Option(help="Folder of the archive to make.")] = Path("demo"),
    workers: Workers = 2,
) -> None:
    """Simulate a deployment, run everything over it, and say where to look."""
    from lander import demo as story

    story.run(days, period, out, workers)


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Folder to make the archive in.", show_default=False)]) -> None:
    """Write a commented skeleton of an archive."""
    from lander import terminal
    from lander.config import skeleton

    for path in skeleton.init(folder):
        terminal.say(f"wrote {path}")
    terminal.say(f"\nFill in what is marked <fill in ...>, then: lander validate {folder}")


@app.command()
def validate(archive: ArchivePath) -> None:
    """Name every mistake in an archive's configuration, with file, line and suggestion."""
    from lander import terminal
    from lander.config.validate import validate as find_mistakes

    mistakes = find_mistakes(archive)
    for mistake in mistakes:
        terminal.say(str(mistake))
    if mistakes:
        terminal.say(f"\n{len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''} in {archive}")
        raise typer.Exit(WRONG_USE)
    terminal.say(f"{archive}: no mistakes. Next: lander run {archive}")


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="A raw file.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a raw file holds, and what became of every byte of it."""
    from ingest.inspect import look
    from lander.reading import show_file

    found, attributes = look(file)
    if as_json:
        print(json.dumps(found, indent=1, allow_nan=False, ensure_ascii=False))  # noqa: T201 - JSON is the result itself
    else:
        show_file(found, attributes)


@app.command()
def run(
    archive: ArchivePath,
    deployment: Annotated[str | None, typer.Option(help="Only this deployment.")] = None,
    workers: Workers = 2,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler to work on instead.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done, and why.")] = False,
) -> None:
    """Bring the store up to date: exactly what changed, and all that hangs on it."""
    from lander import config, terminal
    from lander.pipeline import update
    from lander.reading import show_outcome

    if dry_run:
        _compare(archive, deployment, exact=True)
        return
    loaded = config.load(archive)
    with terminal.progress() as bars:
        outcome = update(loaded, only=deployment, workers=workers, scheduler=scheduler, progress=bars)
    show_outcome(outcome, archive)
    _exit_by(outcome)


def _exit_by(outcome: "Outcome") -> None:
    if outcome.failed:
        raise typer.Exit(SOME_FAILED)


@app.command()
def status(
    archive: ArchivePath,
    plan: Annotated[bool, typer.Option("--plan", help="Show which checks judge what, with which parameters.")] = False,
) -> None:
    """Show what is stale, missing or failed, and why."""
    if plan:
        from lander.quality import plan_rows
        from lander.reading import show_plan

        opened = _open(archive)
        show_plan(plan_rows(opened.config, opened.streams))
    _compare(archive, None, exact=False)


def _compare(archive: Path, deployment: str | None, *, exact: bool) -> None:
    from lander import config
    from lander.reading import show_status
    from lander.status import status as compare

    found = compare(config.load(archive), only=deployment, exact=exact)
    show_status(found, archive)
    if found.failed:
        raise typer.Exit(SOME_FAILED)


@app.command()
def verify(archive: ArchivePath, workers: Workers = 2) -> None:
    """Read everything again and compare every checksum: bit rot, by file."""
    from lander import config, terminal
    from lander.reading import show_verification
    from lander.verify import verify as check

    loaded = config.load(archive)
    with terminal.progress() as bars:
        found = check(loaded, workers=workers, progress=bars)
    show_verification(found)
    if found.damaged:
        raise typer.Exit(SOME_FAILED)


@app.command()
def release(
    archive: ArchivePath,
    name: Annotated[str, typer.Argument(help="Such as 2026.1.", show_default=False)],
) -> None:
    """Make an immutable snapshot that can be cited, with checksums and a changelog."""
    from lander import config, terminal
    from lander.release import release as snapshot

    folder = snapshot(config.load(archive), name)
    terminal.say((folder / "CHANGELOG.md").read_text())
    terminal.say(f"wrote {folder}; check it with: cd {folder} && sha256sum --check SHA256SUMS")


@app.command()
def explain(
    archive: ArchivePath,
    variable: Annotated[str, typer.Argument(help="Such as temperature.", show_default=False)],
    time: Annotated[str, typer.Argument(help="UTC, ISO 8601; the nearest sample counts.", show_default=False)],
    instrument: Annotated[str | None, typer.Option(help="Needed where several measure the variable.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Go from a value back to the bytes: every step and every flag."""
    from lander.reading import show_explanation

    told = _open(archive).explain(variable, time, instrument=instrument)
    if as_json:
        print(json.dumps(told, indent=1, allow_nan=False, ensure_ascii=False))  # noqa: T201 - JSON is the result itself
    else:
        show_explanation(told)


@app.command()
def export(  # noqa: PLR0913, PLR0917 - each option of the command is an argument
    archive: ArchivePath,
    out: Annotated[Path, typer.Option(help="Folder to write into.", show_default=False)],
    form: Annotated[str, typer.Option("--format", help="csv")] = "csv",
    variables: Annotated[str, typer.Option(help="Comma-separated; all where left out.")] = "",
    start: Annotated[str | None, typer.Option(help="First time, UTC.")] = None,
    end: Annotated[str | None, typer.Option(help="Last time, UTC.")] = None,
    qc: Annotated[str, typer.Option(help="Flags to keep, such as 1,2; all where left out.")] = "",
) -> None:
    """Write quality-controlled series for others."""
    from lander import terminal
    from lander.export import export as write

    names = [name.strip() for name in variables.split(",") if name.strip()]
    flags = _flags(qc)
    for path in write(_open(archive), form, out, variables=names, span=(start, end), qc=flags):
        terminal.say(f"wrote {path} ({path.stat().st_size:,} bytes)")


def _flags(text: str) -> list[int] | None:
    from lander.errors import ConfigError
    from qc.flags import FLAG_VALUES

    words = [word.strip() for word in text.split(",") if word.strip()]
    wrong = [word for word in words if not word.isdigit() or int(word) not in FLAG_VALUES]
    if wrong:
        raise ConfigError(f"--qc: {', '.join(wrong)} is no flag; expected some of {', '.join(map(str, FLAG_VALUES))}")
    return [int(word) for word in words] or None


def _open(path: Path) -> "Archive":
    import lander

    return lander.open(path)
