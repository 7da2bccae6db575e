"""What a YAML beside raw text files declares about their format, and every mistake that can be in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import lru_cache

from ingest import vocabulary
from ingest.declared import clock_format
from ingest.declared.clock_format import FormatError, Part
from ingest.units import conversion, spellings
from ingest.yaml_lines import Mistake, Node, nearest, parse

FOLDER_NAME = "lander-format.yaml"

_DELIMITERS: Mapping[str, int | None] = {"tab": 9, "comma": 44, "semicolon": 59, "blanks": None}
_KEYS = ("files", "delimiter", "decimal", "quote", "comment", "header_lines", "bad_values", "zone", "columns",
         "calibration", "attributes")  # fmt: skip
_KINDS = ("time", "name", "other", "ignore")
_MOST_HEADER_LINES = 10_000


@dataclass(frozen=True)
class Column:
    """One column: `kind` is "time", "name" (of the vocabulary), "other" (kept without a name) or "ignore"."""

    kind: str
    label: str
    units: str = ""
    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class Declaration:
    """How a text format is laid out; `delimiter` None stands for runs of blanks and tabs.

    `clock` has one part for each time column, in their order; `zone` is theirs. Without a time column both are empty.
    """

    file: str
    columns: tuple[Column, ...]
    delimiter: int | None = 44
    decimal: int = 46
    quote: int | None = None
    comment: bytes = b""
    header_lines: int = 0
    bad_values: tuple[str, ...] = ()
    clock: tuple[Part, ...] = ()
    zone: tzinfo | None = None
    zone_name: str = ""
    calibration: Mapping[str, Mapping[str, float | str]] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()


@lru_cache(maxsize=64)
def examine(content: bytes, name: str) -> tuple[Declaration | None, tuple[Mistake, ...]]:
    """Read the bytes of a declaration; either it or its mistakes.

    Parameters
    ----------
    content
        Of the YAML file.
    name
        Of the YAML file: of a folder's, `files:` are asked.
    """
    root, mistakes = parse(content)
    if root is None:
        return None, tuple(mistakes)
    reading = _Reading(root, mistakes)
    declaration = reading.declaration(name)
    found = tuple(sorted(set(reading.mistakes), key=lambda one: (one.line, one.key, one.found)))
    return (None, found) if found else (declaration, ())


class _Reading:
    """Turns nodes into a declaration, and collects the mistakes on the way."""

    def __init__(self, root: Node, mistakes: Sequence[Mistake]) -> None:
        assert isinstance(root.value, Mapping)
        self.mistakes = list(mistakes)
        self._root = root.value

    def declaration(self, name: str) -> Declaration:
        """Everything that the file says."""
        self._known_keys(self._root, _KEYS)
        columns, parts = self._columns()
        zone_name, zone = self._zone(bool(parts))
        quote = self._sign("quote")
        return Declaration(
            file=name, columns=tuple(columns), delimiter=self._delimiter(), decimal=self._decimal(), quote=quote,
            comment=self._comment(), header_lines=self._header_lines(), bad_values=tuple(self._texts("bad_values")),
            clock=tuple(parts), zone=zone, zone_name=zone_name, calibration=self._calibration(),
            attributes=self._attributes(), files=self._files(name),
        )  # fmt: skip

    def _wrong(self, node: Node, found: str, expected: str = "", suggestion: str | None = None) -> None:
        self.mistakes.append(Mistake(node.line, node.key, found, expected, suggestion))

    def _known_keys(self, section: Mapping[str, Node], known: Sequence[str]) -> None:
        for key, node in section.items():
            if key not in known:
                near = nearest(key, known)
                self._wrong(node, "unknown key", "" if near else f"one of {', '.join(known)}", near)

    def _text(self, node: Node | None, expected: str) -> str | None:
        if node is None:
            return None
        if not isinstance(node.value, str):
            self._wrong(node, "a list or section", expected)
            return None
        if not node.value:
            self._wrong(node, "nothing", f"{expected}; a sign such as # or ; needs quotes")
            return None
        return node.value

    def _texts(self, key: str) -> Iterator[str]:
        node = self._root.get(key)
        if node is None:
            return
        if isinstance(node.value, Mapping):
            self._wrong(node, "a section", "a list, such as [a, b]")
            return
        entries = [node] if isinstance(node.value, str) else node.value
        for entry in entries:
            if isinstance(entry.value, str):
                yield entry.value.strip()
            else:
                self._wrong(entry, "a list or section", "text or a number")

    def _files(self, name: str) -> tuple[str, ...]:
        node = self._root.get("files")
        if name != FOLDER_NAME:
            if node is not None:
                self._wrong(node, f"`files:` in {name}, which speaks for one file", f"`files:` in a {FOLDER_NAME} only")
            return ()
        found = tuple(self._texts("files"))
        if node is None:
            self.mistakes.append(Mistake(1, "files", "missing key", 'patterns of names, such as files: ["*.txt"]'))
        elif not found:
            self._wrong(node, "no pattern", 'patterns of names, such as ["*.txt"]')
        for pattern in found:
            if node is not None and "/" in pattern:
                self._wrong(node, f"{pattern!r} has a folder in it", "names of files in this folder")
        return found

    def _delimiter(self) -> int | None:
        node = self._root.get("delimiter")
        expected = f"one character, or one of {', '.join(_DELIMITERS)}"
        if node is None:
            self.mistakes.append(Mistake(1, "delimiter", "missing key", expected))
            return 44
        text = self._text(node, expected)
        if text is None or text in _DELIMITERS:
            return _DELIMITERS.get(text or "", 44)
        if len(text) == 1 and text.isascii() and text not in "\r\n0123456789":
            return ord(text)
        self._wrong(node, repr(text), expected, nearest(text, _DELIMITERS))
        return 44

    def _decimal(self) -> int:
        node = self._root.get("decimal")
        text = self._text(node, 'a point or a comma: "." or ","')
        if node is None or text is None:
            return 46
        if text not in (".", ","):
            near = {"comma": ",", "point": ".", "dot": "."}.get(text)
            self._wrong(node, repr(text), 'a point or a comma: "." or ","', near)
        elif ord(text) == self._delimiter() and "quote" not in self._root:
            self._wrong(node, "the same sign as the delimiter", "another one, or fields in quotes (`quote:`)")
        return 44 if text == "," else 46

    def _sign(self, key: str) -> int | None:
        node = self._root.get(key)
        text = self._text(node, "one character")
        if node is None or text is None:
            return None
        if len(text) != 1 or not text.isascii():
            self._wrong(node, repr(text), "one character")
            return None
        return ord(text)

    def _comment(self) -> bytes:
        text = self._text(self._root.get("comment"), "the sign that such lines start with")
        return (text or "").encode()

    def _header_lines(self) -> int:
        node = self._root.get("header_lines")
        text = self._text(node, "a whole number")
        if node is None or text is None:
            return 0
        if not (text.isascii() and text.isdigit() and int(text) <= _MOST_HEADER_LINES):
            self._wrong(node, repr(text), f"a whole number from 0 to {_MOST_HEADER_LINES}")
            return 0
        return int(text)

    def _zone(self, needed: bool) -> tuple[str, tzinfo | None]:
        expected = "UTC, an offset such as +08:00, or a zone such as Asia/Taipei"
        node = self._root.get("zone")
        if node is None:
            if needed:
                self.mistakes.append(Mistake(1, "zone", "missing key", expected))
            return "", None
        text = self._text(node, expected)
        zone = None if text is None else clock_format.zone_of(text)
        if text is not None and zone is None:
            self._wrong(node, f"unknown time zone {text!r}", expected, _near_zone(text))
        return text or "", zone

    def _columns(self) -> tuple[list[Column], list[Part]]:
        node = self._root.get("columns")
        if node is None or isinstance(node.value, str | Mapping) or not node.value:
            line = 1 if node is None else node.line
            words = "every column from left to right, one `- ` entry each"
            self.mistakes.append(Mistake(line, "columns", "missing key" if node is None else "no list", words))
            return [], []
        columns: list[Column] = []
        parts: list[Part] = []
        named: dict[str, int] = {}
        for entry in node.value:
            column = self._column(entry, parts)
            if column.kind == "name" and named.setdefault(column.label, entry.line) != entry.line:
                found = f"{column.label!r} given twice, first in line {named[column.label]}"
                self._wrong(entry, found, "each name once")
            columns.append(column)
        timed = sum(column.kind == "time" for column in columns)
        lacking = clock_format.missing(parts) if parts and len(parts) == timed else None
        if lacking is not None:
            self._wrong(node, "the time columns do not make a time", lacking)
        return columns, parts

    def _column(self, entry: Node, parts: list[Part]) -> Column:
        expected = "one of `time: <format>`, `name: <variable>`, `other: <words>`, `ignore: <words>`"
        section = entry.value if isinstance(entry.value, Mapping) else {}
        kinds = [kind for kind in _KINDS if kind in section]
        if len(kinds) != 1:
            found = " and ".join(f"`{kind}:`" for kind in kinds) or "neither a time nor a name"
            known = [key for key in section if key not in (*_KINDS, "units")]
            self._wrong(entry, found, expected, nearest(known[0], _KINDS) if known and not kinds else None)
            return Column("ignore", "")
        kind = kinds[0]
        self._known_keys(section, (kind, "units") if kind in ("name", "other") else (kind,))
        text = (self._text(section[kind], "text") or "").strip()
        if kind == "time" and text:
            try:
                parts.append(clock_format.compile_part(text))
            except FormatError as error:
                self._wrong(section[kind], error.found, error.expected)
        return self._named(section, text) if kind == "name" and text else self._plain(section, kind, text)

    def _plain(self, section: Mapping[str, Node], kind: str, text: str) -> Column:
        units = section.get("units")
        return Column(kind, text, units.value if units is not None and isinstance(units.value, str) else "")

    def _named(self, section: Mapping[str, Node], name: str) -> Column:
        variable = vocabulary.table().get(name)
        if variable is None or name == "unmapped_columns":
            near = nearest(name, vocabulary.table())
            self._wrong(section["name"], f"unknown variable {name!r}", "a name of the vocabulary", near)
            return Column("ignore", name)
        units = section.get("units")
        known = spellings(variable.units)
        if units is None:
            found = f"{name!r} without units"
            self._wrong(section["name"], found, f"`units:` as the file has them, such as {variable.units!r}")
            return Column("name", name)
        text = self._text(units, f"the unit in the file, such as {variable.units}")
        if text is None:
            return Column("name", name)
        scale = conversion(text, variable.units)
        if scale is None:
            self._wrong(units, f"unit {text!r} is not known for {name}", f"one of {', '.join(known)}",
                        nearest(text, known))  # fmt: skip
        return Column("name", name, text, *(scale or (1.0, 0.0)))

    def _sections(self, key: str) -> Mapping[str, Node]:
        node = self._root.get(key)
        if node is None:
            return {}
        if not isinstance(node.value, Mapping):
            self._wrong(node, "no section", "`key: value` lines below it")
            return {}
        return node.value

    def _calibration(self) -> dict[str, dict[str, float | str]]:
        found: dict[str, dict[str, float | str]] = {}
        for sensor, node in self._sections("calibration").items():
            if not isinstance(node.value, Mapping):
                self._wrong(node, "no section", "coefficient: value lines")
                continue
            texts = {name: self._text(value, "a number or text") for name, value in node.value.items()}
            found[sensor] = {name: _number(text) for name, text in texts.items() if text is not None}
        return found

    def _attributes(self) -> dict[str, str]:
        texts = {name: self._text(node, "text") for name, node in self._sections("attributes").items()}
        return {name: text for name, text in texts.items() if text is not None}


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _near_zone(text: str) -> str | None:
    from zoneinfo import available_timezones

    return nearest(text, sorted(available_timezones()))
