"""The commands `lander flag add|list|undo`: reads words, calls `lander.flagging`, prints what came of it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lander.flag_lines import FlagLog
    from lander.flagging import Added

app = typer.Typer(
    help="Flags by hand: given, listed and undone in a log that only grows; applied by `lander run`, after all tests.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

ArchivePath = Annotated[Path, typer.Argument(help="Folder with archive.yaml.", show_default=False)]
Why = Annotated[str, typer.Option(help="The reason, for those who come after.", show_default=False)]
Who = Annotated[str | None, typer.Option(help="Who says it; else LANDER_WHO, else the login's name.")]


@app.command()
def add(  # noqa: PLR0913 - each option of the command is an argument
    archive: ArchivePath,
    variable: Annotated[str, typer.Argument(help="Such as temperature.", show_default=False)],
    start: Annotated[str, typer.Argument(help="UTC, ISO 8601; alone, the nearest sample.", show_default=False)],
    end: Annotated[str | None, typer.Argument(help="End of the interval, itself not in it.")] = None,
    *,
    flag: Annotated[int, typer.Option(help="OceanSITES code: 0 1 2 3 4 7 8 9.", show_default=False)],
    why: Why,
    who: Who = None,
    deployment: Annotated[str | None, typer.Option(help="Needed where several stood then.")] = None,
    instrument: Annotated[str | None, typer.Option(help="Needed where several measure the variable.")] = None,
) -> None:
    """Flag an interval or one sample of a variable by hand."""
    import lander
    from lander import flagging

    wanted = flagging.Wanted(variable, start, end, flag, why, who, deployment, instrument)
    _show_added(flagging.add(lander.open(archive).source, wanted), archive)


def _show_added(added: "Added", archive: Path) -> None:
    from lander import terminal
    from lander.flag_lines import LOG_NAME, iso
    from qc.flags import meaning

    flag = added.flag
    when = f"at {iso(flag.first)}" if flag.times else f"from {iso(flag.first)} to {iso(flag.last)}"
    count = f"{added.samples:,} sample{'' if added.samples == 1 else 's'}"
    terminal.say(f"manual flag {flag.id} in {archive / LOG_NAME}:{flag.line}")
    terminal.say(f"  {flag.variable} by {flag.instrument} of {flag.deployment} {when} ({count}): "
                 f"{flag.flag}, {meaning(flag.flag)}")  # fmt: skip
    terminal.say(f"  {_said(flag.who, iso(flag.when), flag.why)}")
    _show_reached(added.files, archive)


def _said(who: str, when: str, why: str) -> str:
    from lander.terminal import one_line

    return f"{one_line(who)}, {when}: {one_line(why)}"


def _show_reached(files: tuple[str, ...], archive: Path) -> None:
    from lander import terminal

    if not files:
        terminal.say("\nno file of the store is reached: there are no samples near that time")
        return
    terminal.say("\nstale now, with all that hangs on it")
    for name in files:
        terminal.say(f"  {name}")
    terminal.say(f"\nNext: lander run {archive}")


@app.command(name="list")
def show(
    archive: ArchivePath,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List every manual flag with who, when and why, also those undone."""
    from lander import flag_log, flagging, terminal

    _must_be_archive(archive)
    log = flag_log.read(archive)
    counts = _counts(archive) if log.flags else {}
    rows = [flagging.told(flag, log, counts) for flag in log.flags]
    if as_json:
        print(json.dumps(rows, indent=1, allow_nan=False, ensure_ascii=False))  # noqa: T201 - JSON is the result itself
    else:
        _show_log(log, rows)
    for name, remark in log.remarks.items():
        terminal.complain(f"{name}: {remark}")


def _show_log(log: "FlagLog", rows: list[dict[str, object]]) -> None:
    from lander import terminal

    if not rows:
        terminal.say("no manual flags")
        return
    table = []
    for row in rows:
        place = f"{row['variable']} by {row['instrument']} of {row['deployment']}"
        several = row["points"] is None or row["points"] != 1
        span = f"{row['start']} to {row['end']}" if several else str(row["start"])
        span += f", {row['points']} samples of it" if row["points"] and several else ""
        records = "?" if row["records"] is None else f"{row['records']:,}"
        table.append((row["id"], terminal.one_line(place), span, row["flag"], records,
                      _said(str(row["who"]), str(row["when"]), str(row["why"]))))  # fmt: skip
        if row["undone"]:
            gone = _said(str(row["undone_who"]), str(row["undone"]), str(row["undone_why"]))
            table.append(("", "", "", "", "", f"undone by {gone}"))
    head = ("id", "of", "when", "flag", "records", "said")
    terminal.table(head, table, right=("id", "flag", "records"))
    terminal.say(f"\n{len(log.active)} of {len(log.flags)} count; `records`: how many of the store carry it, "
                 "as of the last `lander run`")  # fmt: skip


def _must_be_archive(archive: Path) -> None:
    from lander.config.validate import ARCHIVE_FILE
    from lander.errors import RequestError

    if not (archive / ARCHIVE_FILE).is_file():
        raise RequestError(f"{archive}: no {ARCHIVE_FILE}; expected the folder of an archive")


def _counts(archive: Path) -> dict[int, int] | None:
    """Records by flag; None where the archive cannot be opened: its flags can be listed and undone all the same."""
    import lander
    from lander import flagging, terminal
    from lander.errors import LanderError

    try:
        return flagging.carried(lander.open(archive).source)
    except LanderError as error:
        terminal.complain(str(error))
        return None


@app.command()
def undo(
    archive: ArchivePath,
    number: Annotated[int, typer.Argument(metavar="ID", help="Of `lander flag list`.", show_default=False)],
    why: Why,
    who: Who = None,
) -> None:
    """Take a manual flag back: one more line in the log, and the next `lander run` goes by it."""
    import lander
    from lander import flagging, terminal
    from lander.errors import ConfigError
    from lander.flag_lines import iso

    _must_be_archive(archive)
    try:
        source = lander.open(archive).source
    except ConfigError:  # it may be this very flag that the configuration no longer fits
        source = None
    people = () if source is None else source.config.people
    flag, line = flagging.undo(archive, number, why, flagging.author(who, people))
    terminal.say(f"manual flag {flag.id} of {flag.variable} by {flag.instrument} of {flag.deployment} is undone")
    terminal.say(f"  {_said(line.who, iso(line.when), line.why)}")
    if source is not None:
        _show_reached(flagging.reached(source, flag), archive)
