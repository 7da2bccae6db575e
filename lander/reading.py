"""Results in words and tables: what the commands print for people."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from ingest import vocabulary
from lander import terminal
from lander.events import Occurrence
from lander.index import RawFile
from lander.pipeline import Outcome
from lander.quality import PlanRow
from lander.status import Status
from lander.verify import Verification

_MOST = 20


def show_file(found: Mapping[str, Any], attributes: Mapping[str, Mapping[str, Any]]) -> None:
    """What `lander inspect` prints."""
    terminal.say(f"{found['file']}: {found['reader']}, {found['bytes']:,} bytes, sha256 {found['sha256'][:16]}...")
    for name, stream in found["streams"].items():
        span = f", {stream['time_first']} to {stream['time_last']}" if stream.get("time_first") else ""
        terminal.say(f"\nstream {name}: {stream['records']:,} records{span}")
        _say_about(attributes.get(name, {}))
        rows = [_variable_row(key, variable) for key, variable in stream["variables"].items()]
        terminal.table(("variable", "units", "shape", "finite", "min", "mean", "max"), rows,
                       right=("shape", "finite", "min", "mean", "max"))  # fmt: skip
    ledger = found["ledger"]
    terminal.say("\nbytes")
    parts = [(word, f"{ledger[f'bytes_{word}']:,}", _share(ledger[f"bytes_{word}"], found["bytes"]))
             for word in ("accepted", "skipped", "rejected")]  # fmt: skip
    terminal.table(("", "bytes", "share"), parts, right=("bytes", "share"))
    if ledger["expected_records"] is not None:
        held = sum(stream["records"] for stream in found["streams"].values())
        terminal.say(f"the file's header promises {ledger['expected_records']:,} records; {held:,} were decoded")
    if ledger["rejected"]:
        rows = [(f"{span['offset']:,}", f"{span['bytes']:,}", span["reason"]) for span in ledger["rejected"][:_MOST]]
        terminal.say("\nrejected")
        terminal.table(("at byte", "bytes", "reason"), rows, right=("at byte", "bytes"))
        _say_more(len(ledger["rejected"]))


def _say_about(attributes: Mapping[str, Any]) -> None:
    """Which instrument it was, and what the reader has to say of its values."""
    words = (("", "instrument_model"), ("serial number ", "serial_number"), ("firmware ", "firmware"))
    known = [f"{word}{attributes[name]}" for word, name in words if attributes.get(name)]
    if known:
        terminal.say(", ".join(known))
    for name in ("calibration", "possible_samples", "unmapped_columns"):
        told = str(attributes.get(name, "")).split("; ")
        if told != [""]:
            between = "\n  " if len(told) > 1 else " "
            terminal.say(f"{name.replace('_', ' ')}:{between}{between.join(told)}")


def _variable_row(name: str, variable: Mapping[str, Any]) -> tuple[str, ...]:
    shape = " x ".join(f"{size:,}" for size in variable["shape"])
    numbers = [_number(variable.get(key)) for key in ("min", "mean", "max")]
    return (name, variable["units"], shape, f"{variable['n_finite']:,}", *numbers)


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "-"


def _say_more(total: int) -> None:
    if total > _MOST:
        terminal.say(f"... and {total - _MOST} more")


def show_outcome(outcome: Outcome, archive: Path) -> None:
    """What `lander run` prints."""
    if outcome.changed:
        terminal.say(
            f"raw files decoded: {len(outcome.decoded)}; files of the store made: {len(outcome.built)}, "
            f"already current: {len(outcome.current)}, removed: {len(outcome.removed)}"
        )
    else:
        terminal.say(f"nothing to do: {len(outcome.current)} files are up to date")
    _show_remarks(outcome.remarks)
    show_failures(outcome.failed)
    if not outcome.failed:
        terminal.say(f"Next: lander status {archive}, or in Python: lander.open({str(archive)!r})")


def _show_remarks(remarks: Mapping[str, str]) -> None:
    for name, remark in sorted(remarks.items())[:_MOST]:
        terminal.say(f"note: {terminal.one_line(name)}: {remark}")
    _say_more(len(remarks))


def show_verification(found: Verification) -> None:
    """What `lander verify` prints."""
    terminal.say(f"{found.raw} raw files and {found.files} files of the store are whole, {len(found.damaged)} are not")
    show_failures(found.damaged)


def show_failures(failed: Mapping[str, str]) -> None:
    """Name what failed, why, and what to do."""
    for name, reason in sorted(failed.items()):
        terminal.complain(f"{terminal.one_line(name)}: {terminal.one_line(reason)}")


def show_status(status: Status, archive: Path) -> None:
    """What `lander status` prints."""
    counts = (
        ("samples in L1", status.samples),
        ("manual flags", status.manual),
        ("files up to date", status.current),
        ("files stale", len(status.stale)),
        ("files that hang on those", len(status.follows)),
        ("files that nothing makes any more", len(status.surplus)),
        ("raw files new", len(status.new)),
        ("raw files changed", len(status.changed)),
        ("raw files gone", len(status.gone)),
        ("raw files failed", len(status.failed)),
    )
    terminal.table(("", "number"), [(name, f"{count:,}") for name, count in counts], right=("number",))
    for head, names in (("new", status.new), ("changed", status.changed), ("gone", status.gone)):
        _list(f"\nraw files {head}", names)
    if status.stale:
        terminal.say("\nstale")
        terminal.table(("file", "why"), sorted(status.stale.items())[:_MOST])
        _say_more(len(status.stale))
    _list("\nfiles that hang on those, and are made again where their inputs change", status.follows)
    _list("\nfiles that nothing makes any more", status.surplus)
    show_failures({path: reason for path, reason in status.failed.items() if path not in status.quarantine})
    _show_quarantine(status.quarantine)
    _show_remarks(status.remarks)
    _show_events(status.events)
    done = "everything is up to date" if status.up_to_date else f"Next: lander run {archive}"
    terminal.say(f"\n{done}")


def _show_events(events: Sequence[Occurrence]) -> None:
    if not events:
        return
    terminal.say("\nevents")
    head = ("deployment", "event", "start", "end", "seen by", "of", "")
    rows = [
        (
            one.deployment,
            one.event,
            _moment(one.start),
            _moment(one.end),
            ", ".join(one.variables),
            ", ".join(one.instruments),
            "confirmed" if one.confirmed else "one sensor",
        )
        for one in events[-_MOST:]
    ]
    terminal.table(head, rows, right=("event",))
    _say_more(len(events))


def _moment(time_us: int) -> str:
    return str(np.datetime64(time_us, "us").astype("datetime64[s]")) + "Z"


def _show_quarantine(rows: Mapping[str, RawFile]) -> None:
    if not rows:
        return
    terminal.say("\nin quarantine")
    words = ("accepted", "skipped", "rejected")
    table = [
        (terminal.one_line(path), *(f"{row.ledger.get(f'bytes_{word}', 0):,}" for word in words), row.failure or "")
        for path, row in sorted(rows.items())
    ]
    terminal.table(("file", *words, "why"), table[:_MOST], right=words)
    _say_more(len(rows))
    terminal.say("each is tried again when its bytes, its settings or its reader change; `lander inspect` tells more")


def show_plan(rows: Iterable[PlanRow]) -> None:
    """What `lander status --plan` prints: stream by stream, which checks judge what, and how."""
    for owner, own in groupby(rows, key=lambda row: (row.deployment, row.instrument, row.stream)):
        terminal.say(f"quality control of {'/'.join(owner)}")
        table = [(row.variable, row.check, "yes" if row.required else "no", _brief(row.parameters)) for row in own]
        terminal.table(("variable", "check", "required", "parameters"), table)
        terminal.say()


def _list(head: str, names: Sequence[str]) -> None:
    if names:
        terminal.say(head)
        for name in names[:_MOST]:
            terminal.say(f"  {terminal.one_line(name)}")
        _say_more(len(names))


def show_explanation(told: Mapping[str, Any]) -> None:
    """What `lander explain` prints."""
    instrument, source = told["instrument"], told["source"]
    units = "" if told["units"] == "1" else f" {told['units']}"
    terminal.say(f"{told['variable']} at {told['time']}: {told['value']}{units}, flag {told['flag']}")
    terminal.say(
        f"{instrument['name']} ({instrument['model']}, serial {instrument['serial']}), "
        f"deployment {instrument['deployment']}, site {instrument['site']}"
    )
    if source:
        last = source["offset"] + source["length"] - 1
        # No record of bytes has a single one: it is the number of a row in a database.
        place = f"bytes {source['offset']} to {last}" if source["length"] > 1 else f"row {source['offset']}"
        terminal.say(f"from {source['file']}, {place}")
    terminal.say("\nsteps")
    for number, step in enumerate(told["steps"], 1):
        terminal.say(f"{number:>2}. {step['stage']}")
        lines = _lines(step)
        width = max((len(key) for key, _ in lines), default=0)
        for key, value in lines:
            terminal.say(f"      {key:<{width}}  {value}")
    if told["flags"]:
        terminal.say("\ntests")
        rows = [(flag["test"], flag["result"], _brief(flag["threshold"])) for flag in told["flags"]]
        terminal.table(("test", "result", "threshold"), rows)
    _show_neighbours(told)
    if told["record"]:
        terminal.say("\ntests of the record itself")
        rows = [(flag["test"], flag["result"], _brief(flag["threshold"])) for flag in told["record"]]
        terminal.table(("test", "result", "threshold"), rows)


def _show_neighbours(told: Mapping[str, Any]) -> None:
    """The values around one that some test doubts, and what else the test read."""
    doubted = [flag for flag in told["flags"] if "neighbours" in flag]
    if not doubted:
        return
    terminal.say("\nvalues around")
    rows = [(near["time"], "" if near["value"] is None else near["value"]) for near in doubted[0]["neighbours"]]
    terminal.table(("time", told["variable"]), rows, right=(told["variable"],))
    for flag in doubted:
        if flag["inputs"]:
            terminal.say(f"{flag['test']} also read {_brief(flag['inputs'])}")


def _lines(step: Mapping[str, Any]) -> list[tuple[str, str]]:
    lines = [(key, step[key]) for key in ("before", "after") if step[key] is not None]
    flat: list[tuple[str, str]] = []
    for key, value in (*lines, *step["parameters"].items()):
        if isinstance(value, Mapping):
            flat += [(name, _input(name, inner)) for name, inner in value.items()]
        elif value is not None and (step["stage"] != "raw bytes" or key in ("sha256", "after")):
            text = _brief(value)
            flat.append((key, terminal.one_line(text) if step["stage"] == "manual flag" else text))
    return flat


def _input(name: str, value: Any) -> str:
    """An input of a derived value: what it was, its flag, and whose sample it is."""
    if not isinstance(value, Mapping) or "flag" not in value:
        return _brief(value)
    if value["value"] is None:
        return f"no value from {value['instrument']}"
    when = f" at {value['time']}" if value.get("time") else ""
    return f"{value['value']}{_unit(name)}, flag {value['flag']} ({value['instrument']}{when})"


def _unit(name: str) -> str:
    units = vocabulary.lookup(name).units
    return "" if units == "1" else f" {units}"


def _brief(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_brief(inner)}" for key, inner in value.items() if inner is not None)
    if isinstance(value, list | tuple):
        return "; ".join(map(_brief, value))
    return str(value)
