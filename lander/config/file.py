"""Reading one YAML file of people's making: plain values, the line of every key, and what is wrong with it.

Not PyYAML's own construction, for it keeps the last of two equal keys without a word, reads a serial number 0371 as
octal 249 and a time 12:30 as 750, and lets a few lines of aliases grow into gigabytes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from lander.units import UnfitError, time_of

LARGEST_FILE = 1_000_000
LARGEST_TREE = 100_000
"""Values in one file, aliases written out."""
DEEPEST_TREE = 40

Loc = tuple[str | int, ...]
"""Where in a file: keys and list positions from the top."""


@dataclass(frozen=True)
class Mistake:
    """Something in an archive's configuration that must be put right.

    Attributes
    ----------
    file
        Relative to the archive.
    line
        Counted from 1; of the section where a key is missing.
    key
        Dotted path, such as "instruments.ctd.raw.0.pattern"; empty for the file as a whole.
    found, expected
        In words.
    suggestion
        The nearest right key or value.
    """

    file: str
    line: int
    key: str
    found: str
    expected: str = ""
    suggestion: str | None = None

    def __str__(self) -> str:
        """One line for a terminal, in the form that editors jump to."""
        place = f"{self.file}:{self.line}: " + (f"{self.key}: " if self.key else "")
        hint = f"; did you mean {self.suggestion!r}?" if self.suggestion is not None else ""
        # With the nearest key at hand, the list of all of them only hides it.
        told = self.found == UNKNOWN_KEY and self.suggestion is not None
        return place + self.found + (f"; expected {self.expected}" if self.expected and not told else "") + hint


UNKNOWN_KEY = "unknown key"


class Placeholder:
    """Stands where the skeleton's words still wait for a value."""


PLACEHOLDER = Placeholder()
_PLACEHOLDER_TEXT = re.compile(r"<fill in (.+)>", re.DOTALL)


@dataclass(frozen=True)
class Document:
    """One file as plain values: dict, list, str, int, float, bool, None, or PLACEHOLDER.

    `data` is None where the file cannot be read at all; the getters give None or nothing for what is absent or of the
    wrong type, so that one mistake does not hide the next.
    """

    file: str
    data: dict[str, Any] | None = None
    lines: Mapping[Loc, int] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()

    def at(self, *loc: str | int) -> Any:
        """Value at a place, or None."""
        value: Any = self.data
        for step in loc:
            if isinstance(value, dict):
                value = value.get(str(step))
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def text(self, *loc: str | int) -> str | None:
        """Text at a place; a whole number counts, as in a serial number."""
        value = self.at(*loc)
        whole = isinstance(value, int) and not isinstance(value, bool)
        return str(value).strip() if whole or isinstance(value, str) else None

    def time(self, *loc: str | int) -> np.datetime64 | None:
        """Time at a place."""
        try:
            return time_of(self.at(*loc))
        except UnfitError:
            return None  # reported where the models read the same value

    def keys(self, *loc: str | int) -> list[str]:
        """Keys of the section at a place."""
        value = self.at(*loc)
        return list(value) if isinstance(value, dict) else []

    def places(self, *loc: str | int) -> list[Loc]:
        """Places of the entries of the list at a place."""
        value = self.at(*loc)
        return [(*loc, index) for index in range(len(value))] if isinstance(value, list) else []

    def line(self, loc: Loc) -> int:
        """Line of a place, or of the nearest section around it."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return self.lines.get(loc, 1)

    def mistake(self, loc: Loc, found: str, expected: str = "", suggestion: str | None = None) -> Mistake:
        """Name a mistake at a place."""
        return Mistake(self.file, self.line(loc), ".".join(map(str, loc)), found, expected, suggestion)


class _Loader(yaml.SafeLoader):
    """Scalars are what they look like, and nothing that only YAML 1.1 knows."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's own interface)


_TAG = "tag:yaml.org,2002:"
for _name, _pattern in {
    "null": r"~|null|Null|NULL|",
    "bool": r"yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF",
    "int": r"[-+]?(?:0|[1-9][0-9]*)",
    "float": r"[-+]?(?:[0-9]*\.[0-9]+|[0-9]+\.)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
}.items():
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(f"^(?:{_pattern})$"), None)


def read(path: Path, file: str) -> Document:
    """Read one YAML file.

    Parameters
    ----------
    path
        The file.
    file
        Its name in messages, relative to the archive.
    """
    try:
        if not path.is_file():
            return _unreadable(file, "no such file" if not path.exists() else "this is not a file", "a YAML file")
        size = path.stat().st_size
        if size > LARGEST_FILE:
            return _unreadable(file, f"{size} bytes", f"at most {LARGEST_FILE} bytes of YAML")
        return parse(path.read_bytes(), file)
    except OSError as error:
        return _unreadable(file, f"cannot be read: {error.strerror}", "a YAML file")


def parse(content: bytes, file: str) -> Document:
    """Turn the bytes of a YAML file into a document; never raises for what people write."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return _unreadable(file, f"byte 0x{content[error.start]:02x} is not UTF-8", "text saved as UTF-8", line)
    return _compose(text, file)


def _compose(text: str, file: str) -> Document:
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        return _unreadable(file, f"control character {error.character!r}", "text without control characters", line)
    except yaml.MarkedYAMLError as error:
        return _syntax(file, text, error)
    except RecursionError:
        return _unreadable(file, "lists or sections nested too deep", f"at most {DEEPEST_TREE} levels")
    if root is None or (root.tag == _TAG + "null" and isinstance(root, yaml.ScalarNode)):
        return _unreadable(file, "the file is empty", "`key: value` lines")
    tree = _Tree(file)
    data = tree.value(root, ())
    if not isinstance(data, dict):
        tree.mistakes.append(Mistake(file, _line(root), "", "no `key: value` lines", "`key: value` lines at the top"))
        return Document(file, None, tree.lines, tuple(tree.mistakes))
    return Document(file, data, tree.lines, tuple(tree.mistakes))


def _unreadable(file: str, found: str, expected: str, line: int = 1) -> Document:
    return Document(file, mistakes=(Mistake(file, line, "", found, expected),))


_HINTS = (
    ("mapping values are not allowed", "one `key: value` a line; text that holds ': ' goes in quotes"),
    ("expected <block end>", "entries of one section indented alike"),
    ("could not find expected ':'", "a ':' and a blank after every key"),
    ("end of stream", "the closing quote"),
    ("expected ',' or", "the closing bracket, and commas between entries"),
    ("another document", "one document: no second `---`"),
    ("undefined alias", "an anchor of that name above; text that starts with '*' goes in quotes"),
)


def _syntax(file: str, text: str, error: yaml.MarkedYAMLError) -> Document:
    """Say where YAML breaks; an unclosed quote or bracket is at its start, not where the file ends."""
    context = error.context or ""
    opened = "quoted scalar" in context or "flow" in context
    mark = error.context_mark if opened and error.context_mark else error.problem_mark or error.context_mark
    line = 1 if mark is None else mark.line + 1
    lines = text.splitlines()
    if 0 < line <= len(lines) and re.match(r" *\t", lines[line - 1]):
        return _unreadable(file, "a tab in the indentation", "blanks: YAML does not indent with tabs", line)
    problem = error.problem or "no YAML"
    expected = next((words for key, words in _HINTS if key in problem), "YAML as in the template of `lander init`")
    return _unreadable(file, f"not readable as YAML: {problem}", expected, line)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


class _TooLargeError(Exception):
    """The tree outgrew its limit."""


@dataclass
class _Tree:
    """Builds plain values from YAML nodes, and collects lines and mistakes on the way."""

    file: str
    lines: dict[Loc, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    nodes: int = 0

    def value(self, node: yaml.Node, loc: Loc) -> Any:
        """Value of a whole tree; None, with a mistake, where aliases make it explode."""
        try:
            return self._value(node, loc)
        except _TooLargeError as error:
            self.mistakes = [Mistake(self.file, _line(node), "", str(error), "plain lists and sections")]
            return {}

    def _value(self, node: yaml.Node, loc: Loc) -> Any:
        self.nodes += 1
        self.lines.setdefault(loc, _line(node) if loc else 1)
        if self.nodes > LARGEST_TREE or len(loc) > DEEPEST_TREE:
            raise _TooLargeError(f"more than {LARGEST_TREE} values or {DEEPEST_TREE} levels once aliases are followed")
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, loc))
        if isinstance(node, yaml.SequenceNode):
            return [self._value(child, (*loc, index)) for index, child in enumerate(node.value)]
        return self._scalar(node, loc)

    def _pairs(self, node: yaml.MappingNode, loc: Loc) -> Iterator[tuple[str, Any]]:
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._wrong(key_node, loc, "a list or section as a key", "a plain key")
                continue
            key = str(key_node.value)  # as written: `on` and `1` are names here
            here = (*loc, key)
            if key in first:
                self._wrong(key_node, here, f"key given twice, first in line {first[key]}", "each key once")
                continue
            first[key] = _line(key_node)
            self.lines[here] = _line(key_node)
            yield key, self._value(value_node, here)

    def _scalar(self, node: yaml.Node, loc: Loc) -> Any:
        text, kind = str(node.value), node.tag.removeprefix(_TAG)
        waiting = _PLACEHOLDER_TEXT.fullmatch(text.strip())
        if waiting:
            self._wrong(node, loc, "still to fill in", " ".join(waiting[1].split()))
            return PLACEHOLDER
        try:
            return _SCALARS[kind](text)
        except KeyError:
            self._wrong(node, loc, f"YAML tag {node.tag!r}", "plain text or a number, without a tag")
        except ValueError:
            self._wrong(node, loc, f"{text[:40]!r} is no {kind}", "plain text or a number")
        return PLACEHOLDER  # reported here: no second mistake for the same value

    def _wrong(self, node: yaml.Node, loc: Loc, found: str, expected: str) -> None:
        self.mistakes.append(Mistake(self.file, _line(node), ".".join(map(str, loc)), found, expected))


def _boolean(text: str) -> bool:
    return text.lower() in {"yes", "true", "on"}


def _float(text: str) -> float:
    lowered = text.lower()
    return float(lowered.replace(".inf", "inf").replace(".nan", "nan"))


_SCALARS: Mapping[str, Any] = {
    "str": str,
    "null": lambda text: None,
    "bool": _boolean,
    "int": int,
    "float": _float,
}
