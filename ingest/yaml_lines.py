"""A small YAML file that people write, as texts, lists and sections that know their lines.

Not PyYAML's own construction: it reads a serial number 0371 as octal and a time 12:30 as 750, keeps the last of two
equal keys without a word, and forgets the lines. Every scalar stays the text that it is.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

LARGEST_FILE = 100_000
_LARGEST_TREE = 10_000
_DEEPEST_TREE = 12


@dataclass(frozen=True)
class Mistake:
    """Something in a file that must be put right: where, what was found, what was expected, the nearest right word."""

    line: int
    key: str
    found: str
    expected: str = ""
    suggestion: str | None = None

    def __str__(self) -> str:
        """One line of text, without the file's name."""
        place = f"line {self.line}: " + (f"{self.key}: " if self.key else "")
        hint = f"; did you mean {self.suggestion!r}?" if self.suggestion is not None else ""
        return place + self.found + (f"; expected {self.expected}" if self.expected else "") + hint


@dataclass(frozen=True)
class Node:
    """A value of the file: text, list of nodes, or section of nodes by key; with its line, counted from 1."""

    value: "str | Sequence[Node] | Mapping[str, Node]"
    line: int
    key: str = ""


def nearest(word: str, right: Iterable[str]) -> str | None:
    """Return the right word most like this one, capitals aside, or None if none is near."""
    by_key = {candidate.lower(): candidate for candidate in right}
    match = difflib.get_close_matches(word.lower(), by_key, n=1, cutoff=0.55)
    return by_key[match[0]] if match else None


def parse(content: bytes) -> tuple[Node | None, list[Mistake]]:
    """Read the bytes of a file; no node where nothing can be made of them. Never raises for what people write."""
    try:
        root = _compose(content)
    except _UnreadableError as error:
        return None, [error.mistake]
    tree = _Tree()
    node = None if root is None else tree.build(root, "", 0)
    if tree.too_large:
        return None, [Mistake(1, "", "too many values, or nested too deep", f"at most {_LARGEST_TREE} values")]
    if node is None or not isinstance(node.value, Mapping):
        return None, [*tree.mistakes, Mistake(1, "", "no `key: value` lines", "`key: value` lines at the top")]
    return node, tree.mistakes


class _UnreadableError(Exception):
    """The file is no YAML."""

    def __init__(self, line: int, found: str, expected: str) -> None:
        self.mistake = Mistake(line, "", found, expected)


def _compose(content: bytes) -> Any:
    if len(content) > LARGEST_FILE:
        raise _UnreadableError(1, f"more than {LARGEST_FILE} bytes", "a short YAML file")
    try:
        return yaml.compose(content.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        found = f"byte 0x{content[error.start]:02x} is not UTF-8"
        raise _UnreadableError(line, found, "text saved as UTF-8") from error
    except yaml.reader.ReaderError as error:
        raise _UnreadableError(1, f"control character {error.character!r}", "plain text") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        expected = "`key: value` lines; a sign such as ; or # in quotes"
        found = f"not readable as YAML: {error.problem or 'no YAML'}"
        raise _UnreadableError(1 if mark is None else mark.line + 1, found, expected) from error
    except RecursionError as error:
        raise _UnreadableError(1, "lists or sections nested too deep", f"at most {_DEEPEST_TREE} levels") from error


class _Tree:
    """Builds nodes from YAML's, and collects mistakes on the way."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []
        self.too_large = False
        self._count = 0

    def build(self, node: Any, key: str, depth: int) -> Node:
        """Turn one of YAML's nodes and all below it into ours."""
        line = int(node.start_mark.line) + 1
        self._count += 1
        if self._count > _LARGEST_TREE or depth > _DEEPEST_TREE:
            self.too_large = True
        if self.too_large or isinstance(node, yaml.ScalarNode):
            return Node(str(node.value) if isinstance(node, yaml.ScalarNode) else "", line, key)
        if isinstance(node, yaml.SequenceNode):
            places = [f"{key}.{place}".strip(".") for place in range(len(node.value))]
            entries = zip(node.value, places, strict=True)
            return Node([self.build(each, here, depth + 1) for each, here in entries], line, key)
        return Node(self._section(node, key, depth), line, key)

    def _section(self, node: Any, key: str, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for key_node, value_node in node.value:
            line, name = int(key_node.start_mark.line) + 1, str(key_node.value)
            here = f"{key}.{name}".strip(".")
            if not isinstance(key_node, yaml.ScalarNode):
                self.mistakes.append(Mistake(line, key, "a list or section as a key", "a plain word"))
            elif name in found:
                self.mistakes.append(Mistake(line, here, f"key given twice, first in line {found[name].line}"))
            else:
                built = self.build(value_node, here, depth + 1)
                found[name] = Node(built.value, line, here)
        return found
