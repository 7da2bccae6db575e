"""The `qc:` sections: variable -> check -> parameters, held against the checks that exist."""

import dataclasses
import math
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import qc.check
from ingest import vocabulary
from lander.config.file import PLACEHOLDER, UNKNOWN_KEY, Document, Loc, Mistake
from lander.deployment import SEPARATOR, QcRules
from lander.units import UnfitError, nearest, quantity
from qc.errors import QcError
from qc.plan import REQUIRED, Plan, VariableTraits


def is_off(value: object) -> bool:
    """Whether a check is switched off; YAML reads a bare `off` as false."""
    return value is False or value == "off"


def rules_of(section: Mapping[str, Any]) -> QcRules:
    """Turn a section free of mistakes into plain values, times in seconds."""
    return {variable: {name: _rule(value) for name, value in checks.items()} for variable, checks in section.items()}


def _rule(value: Any) -> Mapping[str, object] | Literal["off"]:
    if is_off(value):
        return "off"
    return {name: parameter(name, item) for name, item in (value or {}).items()}


def parameter(name: str, value: object) -> object:
    """Read one parameter; those named in seconds may carry units, lists become tuples."""
    if name.endswith("_seconds") and isinstance(value, str):
        return quantity(value, "s")
    return tuple(value) if isinstance(value, list) else value


def qc_mistakes(document: Document, loc: Loc) -> Iterator[Mistake]:
    """Hold one `qc:` section against the vocabulary and the checks that exist."""
    for variable in document.keys(*loc):
        here = (*loc, variable)
        if variable not in vocabulary.table() and variable != qc.check.RECORD:
            yield document.mistake(here, f"unknown variable {variable!r}", "a name of the vocabulary",
                                   nearest(variable, vocabulary.table()))  # fmt: skip
        if not isinstance(document.at(*here), dict):
            yield document.mistake(here, "no checks", "checks with their parameters, or `off` after a check")
        for name in document.keys(*here):
            yield from _check_mistakes(document, (*here, name), name)


def _able(variable: object) -> Mapping[str, qc.check.Check]:
    """Checks that can judge a variable; times and the platform are all there is to judge of the record itself."""
    found = qc.check.discover()
    return {name: one for name, one in found.items() if variable != qc.check.RECORD or one.kind == "record"}


def _check_mistakes(document: Document, loc: Loc, name: str) -> Iterator[Mistake]:
    checks = _able(loc[-2])
    if name not in checks:
        known = ", ".join(checks) or "none"
        yield document.mistake(loc, f"unknown QC check {name!r}", f"one of {known}", nearest(name, checks))
        return
    value = document.at(*loc)
    if is_off(value) or value is None or value is PLACEHOLDER:
        return
    if not isinstance(value, dict):
        yield document.mistake(loc, f"{value!r}", "parameters of the check, or `off`")
        return
    found = list(_parameter_mistakes(document, loc, checks[name].params, beside=(REQUIRED,)))
    found = found or list(_contradiction(document, loc, checks[name].params))
    yield from found or _input_mistakes(document, loc, checks[name])


def _contradiction(document: Document, loc: Loc, params: type[Any]) -> Iterator[Mistake]:
    """Let the parameters say themselves whether the section fits together, where it gives all they need."""
    given = {
        key: parameter(key, item)
        for key, item in document.at(*loc).items()
        if item is not PLACEHOLDER and key != REQUIRED
    }
    if any(name not in given for name in _without_default(params)):
        return  # the rest comes from other levels: known when the plan is made
    try:
        params(**given)
    except ValueError as error:
        yield document.mistake(loc, f"parameters that do not go together: {error}", "what the check wants")


def _without_default(params: type[Any]) -> list[str]:
    fields = dataclasses.fields(params)
    return [item.name for item in fields if item.default is item.default_factory is dataclasses.MISSING]


def _parameter_mistakes(
    document: Document, loc: Loc, params: type[Any], beside: tuple[str, ...] = ()
) -> Iterator[Mistake]:
    """Hold a section against the parameters that there are; `beside` are keys that any check takes."""
    hints = {**typing.get_type_hints(params), REQUIRED: bool}
    fields = [*(item.name for item in dataclasses.fields(params)), *beside]
    whose = next(step for step in reversed(loc) if isinstance(step, str))
    for key, item in document.at(*loc).items():
        here = (*loc, key)
        if key not in fields:
            listed = ", ".join(fields) or "none"
            yield document.mistake(here, UNKNOWN_KEY, f"a parameter of {whose}: {listed}", nearest(key, fields))
        elif item is not PLACEHOLDER:
            yield from _value_mistakes(document, here, item, hints[key])


def _value_mistakes(document: Document, loc: Loc, value: object, hint: Any) -> Iterator[Mistake]:
    group = _group(hint)
    if group is not None and isinstance(value, list):
        for place in document.places(*loc):
            yield from _group_mistakes(document, place, group)
        return
    try:
        read = parameter(str(loc[-1]), value)
    except UnfitError as error:
        yield document.mistake(loc, error.found or repr(value), error.expected, error.suggestion)
        return
    if not _fits(read, hint):
        yield document.mistake(loc, "nothing" if value is None else repr(value), _words(hint))


def _group(hint: Any) -> type[Any] | None:
    """Parameters that stand together in each entry of a list, as the seasons of a climatology."""
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is tuple and arguments and dataclasses.is_dataclass(arguments[0]):
        return typing.cast("type[Any]", arguments[0])
    return None


def _group_mistakes(document: Document, loc: Loc, group: type[Any]) -> Iterator[Mistake]:
    entry = document.at(*loc)
    if entry is PLACEHOLDER:
        return
    if not isinstance(entry, dict):
        yield document.mistake(loc, "nothing" if entry is None else repr(entry), _words(group))
        return
    # A misspelt key is absent by its right name, too: one mistake, told once.
    found = list(_parameter_mistakes(document, loc, group)) or [
        document.mistake(loc, f"no {name!r}", _words(group)) for name in _without_default(group) if name not in entry
    ]
    yield from found or _contradiction(document, loc, group)


def _input_mistakes(document: Document, loc: Loc, check: qc.check.Check) -> Iterator[Mistake]:
    """Find names of further variables that cannot be: a check that never runs because of one would go unnoticed."""
    given = {key: item for key, item in document.at(*loc).items() if item is not PLACEHOLDER}
    variable = str(loc[-2])
    try:
        plan = Plan.build({variable: {check.name: _rule(given)}}, {variable: VariableTraits()})
    except (QcError, UnfitError):
        return  # the rest comes from other levels
    for name in plan.needs(variable):
        here = next(((*loc, key) for key, item in given.items() if item == name), loc)
        yield from _name_mistakes(document, here, name)


def _name_mistakes(document: Document, loc: Loc, name: str) -> Iterator[Mistake]:
    """Hold "variable", "instrument/variable" or "instrument/stream/variable" against what there is."""
    *place, variable = name.split(SEPARATOR)
    if variable not in vocabulary.table() and variable != qc.check.PHASE:
        yield document.mistake(loc, f"unknown variable {variable!r}", "a name of the vocabulary",
                               nearest(variable, vocabulary.table()))  # fmt: skip
    known = document.keys("instruments")
    if len(place) > 2 or (known and place and place[0] not in known):
        yield document.mistake(loc, f"unknown instrument {SEPARATOR.join(place)!r}", f"one of {', '.join(known)}",
                               nearest(place[0], known))  # fmt: skip


def _fits(value: object, hint: Any) -> bool:
    """Whether a value is of the annotated type; whole numbers count as numbers, infinite ones do not."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return value in arguments
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(item, arguments[0]) for item in value)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, option) for option in arguments)
    return _is_plain(value, origin or hint)


def _is_plain(value: object, hint: type) -> bool:
    if isinstance(value, bool):
        return hint is bool
    if hint is float:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, hint)


def _words(hint: Any) -> str:
    plain = {float: "a number", int: "a whole number", str: "text", bool: "true or false", type(None): "nothing"}
    if hint in plain:
        return plain[hint]
    if dataclasses.is_dataclass(hint):
        return "a section with " + ", ".join(field.name for field in dataclasses.fields(hint))
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is Literal:
        return "one of " + ", ".join(map(str, arguments))
    if typing.get_origin(hint) is tuple:
        return f"a list, each entry {_words(arguments[0])}" if arguments else "a list"
    return " or ".join(_words(option) for option in arguments) if arguments else str(hint)
