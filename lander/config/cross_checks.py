"""What no single value shows: times in order, names that exist elsewhere, one serial number in one place at a time.

All of it works on what can be read of a file, so that a mistake in one line does not hide those in others.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from pathlib import PurePath
from typing import NamedTuple

import numpy as np

import lander.derived
from ingest import vocabulary
from lander.config.coefficients import EXPECTED, MAKERS_FILES, is_known, makers_file
from lander.config.domain import reference_value
from lander.config.file import UNKNOWN_KEY, Document, Loc, Mistake
from lander.config.qc_rules import qc_mistakes
from lander.units import UnfitError, nearest


def deployment_mistakes(document: Document, calibrations: Mapping[str, Document]) -> Iterator[Mistake]:
    """Find mistakes within one deployment file.

    Parameters
    ----------
    document
        The file.
    calibrations
        Files of coefficients that exist, by the path that deployments name.
    """
    yield from _order(document)
    yield from _disturbances(document)
    yield from _references(document)
    yield from _primary(document)
    for name in document.keys("instruments"):
        here: Loc = ("instruments", name)
        yield from _clock_checks(document, here)
        yield from _calibration(document, here, calibrations)
        yield from _settings(document, (*here, "settings"))
        yield from _known_variables(document, (*here, "response_times"))
        yield from qc_mistakes(document, (*here, "qc"))


def _order(document: Document) -> Iterator[Mistake]:
    """Check that start, touchdown, liftoff and end follow each other."""
    start, end = document.time("start"), document.time("end")
    if start is not None and end is not None and end <= start:
        yield document.mistake(("end",), f"{_shown(end)} is not after the start", f"a time after {_shown(start)}")
        return
    for key in ("touchdown", "liftoff"):
        time = document.time(key)
        if time is not None and not _inside(time, start, end):
            yield document.mistake((key,), f"{_shown(time)} is outside the deployment", _between(start, end))
    down, up = document.time("touchdown"), document.time("liftoff")
    if down is not None and up is not None and up <= down:
        yield document.mistake(("liftoff",), f"{_shown(up)} is not after touchdown", f"a time after {_shown(down)}")


def _disturbances(document: Document) -> Iterator[Mistake]:
    start, end = document.time("start"), document.time("end")
    if start is not None and end is not None and end <= start:
        return
    known = document.keys("instruments")
    for place in document.places("disturbances"):
        first, last = document.time(*place, "start"), document.time(*place, "end")
        if first is not None and last is not None and last <= first:
            yield document.mistake((*place, "end"), f"{_shown(last)} is not after the start",
                                   f"a time after {_shown(first)}")  # fmt: skip
            continue
        for key, time in (("start", first), ("end", last)):
            if time is not None and not _inside(time, start, end):
                yield document.mistake((*place, key), f"{_shown(time)} is outside the deployment", _between(start, end))
        for name_place in document.places(*place, "instruments"):
            yield from _known_instrument(document, name_place, known)


def _known_instrument(document: Document, loc: Loc, known: Sequence[str]) -> Iterator[Mistake]:
    name = document.text(*loc)
    if name is not None and name not in known and known:
        yield document.mistake(loc, f"unknown instrument {name!r}", f"one of {', '.join(known)}", nearest(name, known))


def _references(document: Document) -> Iterator[Mistake]:
    for place in document.places("references"):
        name = document.text(*place, "variable")
        if name is None:
            continue
        variable = vocabulary.table().get(name)
        if variable is None:
            yield _unknown_variable(document, (*place, "variable"), name)
            continue
        units, value = document.text(*place, "units"), document.at(*place, "value")
        if units is None:
            continue
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
        try:
            converted = reference_value(name, units, 0.0 if number is None else float(number), 1.0)[0]
        except UnfitError as error:
            if error.found:
                yield document.mistake((*place, "units"), error.found, error.expected, error.suggestion)
            continue
        low, high = variable.valid_min, variable.valid_max
        if number is not None and low is not None and high is not None and not low <= converted <= high:
            yield document.mistake((*place, "value"), f"{number} {units}", f"{name} from {low:g} to {high:g} "
                                   f"{variable.units}")  # fmt: skip


def _primary(document: Document) -> Iterator[Mistake]:
    yield from _known_variables(document, ("primary",))
    for variable in document.keys("primary"):
        # "name/stream" means one of several streams of an instrument; which there are, its files tell.
        name = (document.text("primary", variable) or "").partition("/")[0]
        if name not in document.keys("instruments"):
            yield from _known_instrument(document, ("primary", variable), document.keys("instruments"))


def _known_variables(document: Document, loc: Loc) -> Iterator[Mistake]:
    for name in document.keys(*loc):
        if name not in vocabulary.table():
            yield _unknown_variable(document, (*loc, name), name)


def _unknown_variable(document: Document, loc: Loc, name: str) -> Mistake:
    near = nearest(name, vocabulary.table())
    return document.mistake(loc, f"unknown variable {name!r}", "a name of the vocabulary", near)


def _clock_checks(document: Document, instrument: Loc) -> Iterator[Mistake]:
    places = document.places(*instrument, "clock_checks")
    for before, after in pairwise(places):
        for key in ("utc", "instrument"):
            first, second = document.time(*before, key), document.time(*after, key)
            if first is None or second is None or second > first:
                continue
            found = "given twice" if second == first else f"{_shown(second)} is before the check above it"
            yield document.mistake((*after, key), found, "clock checks in order of time, oldest first")
            break


def _settings(document: Document, loc: Loc) -> Iterator[Mistake]:
    """Find settings that no derived quantity reads: a misspelt one would never be noticed."""
    if not document.keys(*loc):
        return
    known = sorted({name for derived in lander.derived.discover().values() for name in derived.settings})
    for name in document.keys(*loc):
        if name not in known:
            yield document.mistake((*loc, name), UNKNOWN_KEY, f"one of {', '.join(known)}", nearest(name, known))


def _calibration(document: Document, instrument: Loc, calibrations: Mapping[str, Document]) -> Iterator[Mistake]:
    here = (*instrument, "calibration")
    source, file = document.at(*here, "source"), document.text(*here, "file")
    made, inline = None if file is None else makers_file(file), document.at(*here, "coefficients") is not None
    for suffix, kind in MAKERS_FILES.items():
        if source == kind.source and made != kind:
            yield document.mistake((*here, "source"), f"{source} without a file *{suffix}", "`file:` with its path")
    if source == "configuration" and not inline and (file is None or made):
        yield document.mistake((*here, "source"), "configuration without coefficients", "`file:` or `coefficients:`",
                               made.source if made else None)  # fmt: skip
    if file is not None and inline and not made:
        yield document.mistake((*here, "file"), "both `file:` and `coefficients:`", "one of them")
    if file is None or file in calibrations:
        return
    if not is_known(file):
        yield document.mistake((*here, "file"), f"{file!r}", EXPECTED)
        return
    yield document.mistake((*here, "file"), f"no such file: {file}", "a file, by its path from the archive's folder")


def archive_mistakes(main: Document, deployments: Sequence[Document]) -> Iterator[Mistake]:
    """Find mistakes between files: ids, sites, and what stands in two places at once."""
    yield from _ids(deployments)
    codes = [main.text(*place, "code") for place in main.places("sites")]
    known = [code for code in codes if code is not None]
    if known and len(known) == len(codes):
        for document in deployments:
            site = document.text("site")
            if site is not None and site not in known:
                listed = ", ".join(known)
                yield document.mistake(("site",), f"unknown site {site!r}", f"a site of archive.yaml: {listed}",
                                       nearest(site, known))  # fmt: skip
    yield from _doubles(deployments)


def _ids(deployments: Sequence[Document]) -> Iterator[Mistake]:
    seen: dict[str, Document] = {}
    for document in deployments:
        name, stem = document.text("id"), PurePath(document.file).stem
        if name is None:
            continue
        if name != stem:
            yield document.mistake(("id",), f"{name!r} in a file named {PurePath(document.file).name}",
                                   "the id and the file's name alike", stem)  # fmt: skip
        elif name in seen:
            yield document.mistake(("id",), f"{name!r} is also the id in {seen[name].file}", "each id once")
        else:
            seen[name] = document


class _Stay(NamedTuple):
    """A thing that can be in one place at a time, and when it was where."""

    document: Document
    loc: Loc
    thing: str
    start: np.datetime64 | None
    end: np.datetime64 | None


def _doubles(deployments: Sequence[Document]) -> Iterator[Mistake]:
    """Find instruments (model and serial number) and platforms that are at two places at one time."""
    stays: dict[str, list[_Stay]] = {}
    for document in deployments:
        for loc, thing in _things(document):
            stay = _Stay(document, loc, thing, document.time("start"), document.time("end"))
            stays.setdefault(thing.casefold(), []).append(stay)
    for group in stays.values():
        for first, second in combinations(group, 2):
            if first.document is second.document:
                where = f"line {first.document.line(first.loc)}"
            elif _overlap(first, second):
                where = f"{first.document.file}:{first.document.line(first.loc)}, at the same time"
            else:
                continue
            yield second.document.mistake(second.loc, f"{second.thing} is also in {where}", "one place at a time")


def _things(document: Document) -> Iterator[tuple[Loc, str]]:
    for name in document.keys("instruments"):
        here: Loc = ("instruments", name)
        model, serial = document.text(*here, "model"), document.text(*here, "serial")
        if model and serial:
            yield (*here, "serial"), f"{model} {serial}"
    platform = document.text("platform")
    if platform:
        yield ("platform",), f"platform {platform}"


def _overlap(first: _Stay, second: _Stay) -> bool:
    if first.start is None or first.end is None or second.start is None or second.end is None:
        return False  # the times themselves are reported elsewhere
    return bool(first.start < second.end and second.start < first.end)


def _inside(time: np.datetime64, start: np.datetime64 | None, end: np.datetime64 | None) -> bool:
    return (start is None or bool(start <= time)) and (end is None or bool(time <= end))


def _between(start: np.datetime64 | None, end: np.datetime64 | None) -> str:
    return f"a time from {_shown(start)} to {_shown(end)}"


def _shown(time: np.datetime64 | None) -> str:
    return "?" if time is None else f"{np.datetime_as_string(time, 's')}Z"
