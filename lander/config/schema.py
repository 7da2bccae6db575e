"""Holding a document against its model: pydantic's errors in the words of people's files, each with its line."""

import typing
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from lander.config.file import PLACEHOLDER, UNKNOWN_KEY, Document, Loc, Mistake
from lander.units import UnfitError, nearest

Model = TypeVar("Model", bound=BaseModel)

# What people call a key in other tools and languages.
_OTHER_WORDS = {
    "clock_offset": "clock_checks", "clock_drift": "clock_checks", "drift": "clock_checks", "license": "licence",
    "lat": "latitude", "lon": "longitude", "long": "longitude", "depth": "water_depth", "bottom_depth": "water_depth",
    "serial_number": "serial", "sn": "serial", "height": "height_above_seafloor", "type": "model", "files": "raw",
    "sample_interval": "sampling_interval", "interval": "sampling_interval", "recovery": "end", "recovered": "end",
    "deployed": "start", "lift_off": "liftoff", "touch_down": "touchdown", "mail": "email", "unit": "units",
    "lander": "platform", "comment": "source", "quality_control": "qc", "gap_filling": "fill",
}  # fmt: skip

_EXPECTED = {
    "string_type": "text",
    "string_too_short": "text",
    "string_pattern_mismatch": "text",
    "float_type": "a number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "finite_number": "a finite number",
    "list_type": "a list: one `- entry` a line",
    "dict_type": "a section of `key: value` lines",
    "model_type": "a section of `key: value` lines",
    "too_short": "at least one entry",
}


def hold(document: Document, model: type[Model]) -> tuple[list[Mistake], Model | None]:
    """Check one document; gives the mistakes, and the model where there are none."""
    if document.data is None:
        return [], None
    try:
        return [], model.model_validate(document.data)
    except ValidationError as error:
        found = (_mistake(document, model, dict(item)) for item in error.errors(include_url=False))
        return list(dict.fromkeys(_join_unions(found))), None


def _join_unions(mistakes: Iterator[Mistake | None]) -> Iterator[Mistake]:
    """Of a value that fits no branch of a union, one mistake is enough."""
    last: Mistake | None = None
    for mistake in mistakes:
        if mistake is None:
            continue
        if last is None or (mistake.key, mistake.line) != (last.key, last.line):
            yield mistake
        last = mistake


def _mistake(document: Document, model: type[BaseModel], error: dict[str, Any]) -> Mistake | None:
    whole: Loc = tuple(step for step in error["loc"] if step != "[key]")
    kind, value = error["type"], error["input"]
    if kind == "missing":
        return document.mistake(whole, "missing key" if whole not in document.lines else "nothing given",
                                "this key" if whole not in document.lines else "a value")  # fmt: skip
    loc = _known(document, whole)
    if value is PLACEHOLDER or document.at(*loc) is PLACEHOLDER:
        return None  # already listed as still to fill in
    if kind == "extra_forbidden":
        return _unknown_key(document, model, loc)
    reason = error.get("ctx", {}).get("error")
    if isinstance(reason, UnfitError):
        return document.mistake(loc, reason.found or _shown(value), reason.expected, reason.suggestion)
    if kind == "literal_error":
        right = error["ctx"]["expected"].replace("'", "")
        near = nearest(value, right.split(" or ")) if isinstance(value, str) else None
        return document.mistake(loc, _shown(value), right, near)
    return document.mistake(loc, _shown(value), _EXPECTED.get(kind, error["msg"]))


def _known(document: Document, loc: Loc) -> Loc:
    """Cut a place to what the file itself shows: `raw: a.hex` has no `raw.0.pattern`."""
    while loc and loc not in document.lines:
        loc = loc[:-1]
    return loc


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        name = "section" if isinstance(value, dict) else "list"
        return f"a {name}" if value else f"an empty {name}"
    if isinstance(value, bool):
        return "a yes or no (quote the word if it is a name)"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _unknown_key(document: Document, model: type[BaseModel], loc: Loc) -> Mistake:
    fields = _fields(model, loc[:-1])
    others = {word: field for word, field in _OTHER_WORDS.items() if field in fields and word not in fields}
    near = nearest(str(loc[-1]), [*fields, *others])
    suggestion = None if near is None else others.get(near, near)
    return document.mistake(loc, UNKNOWN_KEY, "one of " + ", ".join(fields), suggestion)


def _fields(model: type[BaseModel], loc: Loc) -> list[str]:
    """Keys that a section may hold, found by walking the models along its place."""
    here: Any = model
    for step in loc:
        if isinstance(here, type) and issubclass(here, BaseModel):
            here = _inner(here.model_fields[str(step)].annotation)
        else:
            here = _inner(typing.get_args(here)[-1])
    return list(here.model_fields)


def _inner(annotation: Any) -> Any:
    """Strip `Annotated` and `| None`."""
    arguments = [item for item in typing.get_args(annotation) if item is not type(None)]
    if typing.get_origin(annotation) in (dict, list) or not arguments:
        return annotation
    return _inner(arguments[0])
