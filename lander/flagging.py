"""Giving, listing and undoing manual flags: from people's words to lines of the log, and what those reach."""

import getpass
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lander import flag_log, inventory, lazy, manual_flags, planning
from lander.deployment import Person
from lander.errors import RequestError
from lander.flag_lines import MOST_TIMES, FlagLog, ManualFlag, Undo, held_text, iso
from lander.inventory import Stream
from lander.source import Source
from lander.units import UnfitError, time_of
from qc.flags import FLAG_VALUES

if TYPE_CHECKING:
    import pandas as pd

WHO_VARIABLE = "LANDER_WHO"


@dataclass(frozen=True)
class Wanted:
    """A flag as somebody asks for it; times as text (ISO 8601), datetime or datetime64, UTC where they do not say.

    Attributes
    ----------
    start, end
        The interval [start, end); without an end the samples nearest to `start`, which may be several.
    who
        None: told by the environment, see `author`.
    """

    variable: str
    start: Any
    end: Any
    flag: int
    why: str
    who: str | None = None
    deployment: str | None = None
    instrument: str | None = None


@dataclass(frozen=True)
class Added:
    """A flag that stands in the log now.

    Attributes
    ----------
    samples
        How many the store holds at its times.
    files
        Of the store, that it makes stale; what hangs on them follows.
    """

    flag: ManualFlag
    samples: int
    files: tuple[str, ...]


def add(source: Source, wanted: Wanted) -> Added:
    """Write a manual flag into the log of an archive; `lander run` applies it.

    Raises
    ------
    RequestError
        Something asked for is not there, ambiguous or means nothing; nothing is written then.
    """
    flag = _code(wanted.flag)
    why, who = _words("why", wanted.why), author(wanted.who, source.config.people)
    starts, end = _times(wanted)
    stream = _stream(source, wanted, (starts[0], starts[-1] if end is None else end))
    if end is None:
        starts = tuple(sorted({_sample_at(source, stream, wanted.variable, one) for one in starts}))
        when: dict[str, Any] = {"times": [iso(one) for one in starts]}
    else:
        when = {"start": iso(starts[0]), "end": iso(end)}
    about = {
        "who": who,
        "when": _now(),
        "why": why,
        "deployment": stream.deployment.id,
        "instrument": _name_of(stream, wanted.variable, source.streams),
        "variable": wanted.variable,
        "flag": flag,
    }
    entry = flag_log.append(source.config.root, lambda _: {**about, **when})
    if not isinstance(entry, ManualFlag):
        raise TypeError(f"wrote {entry}")
    samples = len(starts) if end is None else _samples(source, stream, entry)
    return Added(entry, samples, reached(source, entry))


def undo(archive: Path, number: int, why: str, who: str) -> tuple[ManualFlag, Undo]:
    """Take a flag back: one more line in the log.

    Raises
    ------
    RequestError
        There is no such flag, or it was undone before; nothing is written then.
    """
    said = {"undo": number, "who": _words("who", who), "when": _now(), "why": _words("why", why)}

    def say(log: FlagLog) -> dict[str, Any]:
        _active(log, number)
        return said

    entry = flag_log.append(archive, say)
    if not isinstance(entry, Undo):
        raise TypeError(f"wrote {entry}")
    flags = {flag.id: flag for flag in flag_log.read(archive).flags}
    return flags[number], entry


def _active(log: FlagLog, number: int) -> None:
    known = {flag.id for flag in log.flags}
    if number not in known:
        ids = ", ".join(str(flag.id) for flag in log.active[-20:]) or "none"
        raise RequestError(f"no manual flag {number}; not undone are: {ids}")
    if number in log.undone:
        before = log.undone[number]
        raise RequestError(f"manual flag {number} was undone at {iso(before.when)} by {before.who}: {before.why}")


def reached(source: Source, flag: ManualFlag) -> tuple[str, ...]:
    """Files of L2 that an entry reaches; what is made from them follows."""
    found = []
    for stream in source.streams:
        rows = manual_flags.rows_of((flag,), stream)
        if rows:
            halo_us = planning.halo_of(source.config, stream)
            months = (month for month in stream.months if manual_flags.of_month(rows, month, halo_us))
            found += [stream.path("L2", month) for month in months]
    return tuple(found)


def author(who: str | None, people: Iterable[Person]) -> str:
    """Who says it: by name; else the variable LANDER_WHO, else the name of the login.

    What is the name, the ORCID, or the e-mail address (or its part before the @) of a person of archive.yaml becomes
    that person's name.
    """
    word = _words("who", who) if who is not None else os.environ.get(WHO_VARIABLE, "").strip() or _login()
    for person in people:
        mail = (person.email or "").casefold()
        if word.casefold() in {person.name.casefold(), person.orcid, mail, mail.partition("@")[0]} - {"", None}:
            return person.name
    return _words("who", word)


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:
        raise RequestError(f"nobody is logged in by name: say who with `who=` (`--who`) or {WHO_VARIABLE}") from error


def _words(key: str, value: Any) -> str:
    try:
        return held_text(value).strip()
    except UnfitError as error:
        raise RequestError(f"{key}: {error.found or _shown(value)}; expected {error.expected}") from error


def _shown(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _now() -> str:
    return iso(np.datetime64(datetime.now(UTC).replace(tzinfo=None), "s"))


def _code(flag: Any) -> int:
    if isinstance(flag, bool) or not isinstance(flag, int | np.integer) or int(flag) not in FLAG_VALUES:
        raise RequestError(f"flag: {_shown(flag)}; expected one of {', '.join(map(str, FLAG_VALUES))} (OceanSITES)")
    return int(flag)


def moments(value: Any) -> tuple[np.datetime64, ...]:
    """Times in UTC from text, datetime, datetime64, or any number of these.

    Raises
    ------
    UnfitError
        Something else, a date without a time of day in text, or a year no lander stood in.
    """
    if isinstance(value, str):
        return (time_of(value),)
    if isinstance(value, datetime):
        return (time_of(value.isoformat() if value.tzinfo is None else value.astimezone(UTC).isoformat()),)
    several = np.atleast_1d(np.asarray(value))
    if not several.size:
        return ()
    if several.dtype.kind == "M":
        return tuple(time_of(str(one)) for one in several.ravel().astype("datetime64[us]"))
    if several.dtype.kind in "OU" and all(isinstance(one, str | datetime) for one in several.ravel().tolist()):
        return tuple(moment for one in several.ravel().tolist() for moment in moments(one))
    raise UnfitError("times: ISO 8601 text in UTC, datetime or datetime64", found=_shown(value))


def _times(wanted: Wanted) -> tuple[tuple[np.datetime64, ...], np.datetime64 | None]:
    starts = tuple(sorted(_asked("start", wanted.start)))
    if not 1 <= len(starts) <= MOST_TIMES:
        raise RequestError(f"start: {len(starts):,} times; expected 1 to {MOST_TIMES:,}, or an interval")
    if wanted.end is None:
        return starts, None
    ends = _asked("end", wanted.end)
    if len(starts) != 1 or len(ends) != 1:
        raise RequestError(f"{len(starts)} starts and {len(ends)} ends; expected one interval, or times without an end")
    if not starts[0] < ends[0]:
        raise RequestError(f"end: {iso(ends[0])}; expected a time after the start {iso(starts[0])}")
    return starts, ends[0]


def _asked(key: str, value: Any) -> tuple[np.datetime64, ...]:
    try:
        return moments(value)
    except UnfitError as error:
        hint = f"; did you mean {error.suggestion}?" if error.suggestion else ""
        raise RequestError(f"{key}: {error.found or _shown(value)}; expected {error.expected}{hint}") from error


def _stream(source: Source, wanted: Wanted, span: tuple[np.datetime64, np.datetime64]) -> Stream:
    """The one stream that is meant: of the deployment at that time, the instrument that counts or is named."""
    if not source.streams:
        raise RequestError(f"the store of {source.config.root} holds nothing yet; `lander run {source.config.root}` "
                           "comes first")  # fmt: skip
    asked = [one for one in source.deployments.values() if wanted.deployment in (None, one.id)]
    named = (inventory.provider(wanted.variable, one, source.streams, wanted.instrument) for one in asked)
    able = [stream for stream in named if stream is not None]
    found = [one for one in able if one.deployment.start <= span[1] and span[0] <= one.deployment.end]
    found = found or [one for one in able if _has_month(one, span)]
    if len(found) == 1:
        return found[0]
    when = f"{iso(span[0])} to {iso(span[1])}"
    if found:
        names = ", ".join(stream.deployment.id for stream in found)
        raise RequestError(f"{wanted.variable} is measured in {names} from {when}: name one with `deployment=` "
                           "(`--deployment`)")  # fmt: skip
    able = able or [*source.providers(wanted.variable, deployment=wanted.deployment, instrument=wanted.instrument)]
    there = [one.deployment for one in able]
    stays = ", ".join(f"{one.id} from {iso(one.start)} to {iso(one.end)}" for one in there)
    raise RequestError(f"no deployment with {wanted.variable} from {when}; there is {stays}")


def _has_month(stream: Stream, span: tuple[np.datetime64, np.datetime64]) -> bool:
    """Whether the stream has samples in those months, as of a test on deck before the deployment."""
    months = {str(month) for month in np.arange(span[0].astype("M8[M]"), span[1].astype("M8[M]") + 1)}
    return not months.isdisjoint(stream.months)


def _name_of(stream: Stream, variable: str, streams: Sequence[Stream]) -> str:
    """The instrument's name, with that of the stream where several of its streams hold the variable."""
    beside = [
        one
        for one in streams
        if one.deployment.id == stream.deployment.id and one.instrument == stream.instrument and one.holds(variable)
    ]
    return stream.instrument.name if len(beside) == 1 else stream.label


def _segments(source: Source, stream: Stream) -> list[lazy.Segment]:
    entries = (source.index.files.get(stream.path("L1", month)) for month in stream.months)
    return [lazy.segment_of(source.store, entry) for entry in entries if entry is not None and entry.n]


def _sample_at(source: Source, stream: Stream, variable: str, wanted: np.datetime64) -> np.datetime64:
    """Exact time of the nearest sample, at most one sampling step away."""
    wanted_us = int(wanted.astype(np.int64))
    times = []
    for segment in _segments(source, stream):
        after = segment.search(wanted_us, "left")
        times += [segment.time(row) for row in {max(after - 1, 0), min(after, segment.n - 1)}]
    nearest = min(times, key=lambda one: (abs(one - wanted_us), one), default=None)
    if nearest is None:
        raise RequestError(f"the store holds no {variable} yet; `lander run {source.config.root}` makes it")
    if abs(nearest - wanted_us) > max(stream.step_seconds, 0.001) * 1e6:
        near = iso(np.datetime64(nearest, "us"))
        raise RequestError(f"no sample of {variable} at {iso(wanted)}; the nearest is at {near}")
    return np.datetime64(nearest, "us")


def _samples(source: Source, stream: Stream, flag: ManualFlag) -> int:
    low, high = (int(one.astype("datetime64[us]").astype(np.int64)) for one in (flag.first, flag.last))
    return sum(one.search(high, "left") - one.search(low, "left") for one in _segments(source, stream))


def carried(source: Source) -> dict[int, int]:
    """How many records of the store carry each manual flag, by id."""
    found: dict[int, int] = {}
    for path, entry in sorted(source.index.files.items()):
        for name in entry.digests:
            if entry.stage == "L2" and name.endswith(manual_flags.ID_SUFFIX):
                ids, counts = np.unique(source.read(path, [name])[name].data, return_counts=True)
                for number, count in zip(ids.tolist(), counts.tolist(), strict=True):
                    found[number] = found.get(number, 0) + count
    found.pop(0, None)
    return found


def frame(log: FlagLog, counts: dict[int, int] | None) -> "pd.DataFrame":
    """The log as a table, one row a flag in the order of the log; see `Archive.flags`."""
    import pandas as pd

    rows = [told(flag, log, counts) for flag in log.flags]
    columns = ["id", "deployment", "instrument", "variable", "start", "end", "points", "flag", "who", "when", "why",
               "records", "undone", "undone_who", "undone_why"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns).set_index("id")
    for name in ("start", "end", "when", "undone"):
        table[name] = pd.to_datetime(table[name], format="ISO8601", utc=True).dt.tz_localize(None)
    return table


def told(flag: ManualFlag, log: FlagLog, counts: dict[int, int] | None) -> dict[str, Any]:
    """One flag as JSON knows it."""
    undone = log.undone.get(flag.id)
    return {
        "id": flag.id,
        "deployment": flag.deployment,
        "instrument": flag.instrument,
        "variable": flag.variable,
        "start": iso(flag.first),
        "end": iso(flag.last),
        "points": len(flag.times) or None,
        "flag": flag.flag,
        "who": flag.who,
        "when": iso(flag.when),
        "why": flag.why,
        "records": None if counts is None else counts.get(flag.id, 0),
        "undone": None if undone is None else iso(undone.when),
        "undone_who": None if undone is None else undone.who,
        "undone_why": None if undone is None else undone.why,
    }
