"""One `<Data>` element of Aanderaa's XML: what its tags say, and where among its texts the values stand.

Records of one instrument have the same tags and differ in their texts only. The tags, with attributes, are parsed once
for each form of record, by expat, with the numbers of the texts in place of the texts; of every further record of that
form only the texts are looked at. A record is a stretch without a document type, so that no entity can be declared.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple
from xml.parsers import expat

_TEXTS = re.compile(rb">([^<>]*)<")
_NUMERIC = re.compile(r"(?:VT_(?:R|I|UI)\d*|VT_INT|VT_UINT|)")  # no type counts as a number
_MOST_FORMS = 64
_MOST_POINTS = 2000


Layout = tuple[bool, tuple[tuple[str, str, str, str], ...]]


class Point(NamedTuple):
    """A parameter of a sensor, and the number of the text with its value."""

    sensor: str
    serial: str
    parameter: str
    units: str
    place: int


@dataclass(frozen=True)
class Form:
    """What records of one form hold; `fault` says why they are none. Places are numbers of texts, -1 for none."""

    points: tuple[Point, ...] = ()
    time: int = -1
    number: int = -1
    fault: str = ""

    @cached_property
    def layout(self) -> Layout:
        """Whether records are numbered, and sensors, parameters and units, without regard to where they stand."""
        return self.number >= 0, tuple(point[:4] for point in self.points)


def split(record: bytes) -> tuple[bytes, list[bytes]]:
    """Tags of a record, joined, and its texts."""
    pieces = _TEXTS.split(record)
    return b">\x00<".join(pieces[0::2]), pieces[1::2]


@lru_cache(maxsize=_MOST_FORMS)
def parse_tags(tags: bytes) -> Form:
    """Find out what the tags of a record say."""
    pieces = tags.split(b">\x00<")
    text = pieces[0] + b"".join(b">%d<" % place + piece for place, piece in enumerate(pieces[1:]))
    walk = _Walk()
    try:
        text.decode()
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = "iso-8859-1"
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = walk.start, walk.end
    parser.CharacterDataHandler = walk.text
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        return Form(fault=f"record that is no XML: {expat.errors.messages[error.code]}")
    return walk.form()


@dataclass
class _Walk:
    """Goes through the elements of a record."""

    path: list[str] = field(default_factory=list)
    sensor: tuple[str, str] = ("", "")
    point: tuple[str, str] = ("", "")
    is_number: bool = True
    points: list[Point] = field(default_factory=list)
    time: int = -1
    number: int = -1

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.path.append(name.rpartition(":")[2])
        if self.path[-1] in ("SensorData", "SystemData"):
            described = attributes.get("Descr") or attributes.get("ProdName") or self.path[-1]
            self.sensor = described, attributes.get("SerialNo", "")
        if self.path[-1] == "Point":
            self.point = attributes.get("Descr", ""), attributes.get("Unit", "")
            self.is_number = _NUMERIC.fullmatch(attributes.get("Type", "")) is not None

    def end(self, name: str) -> None:
        self.path.pop()

    def text(self, text: str) -> None:
        if not text.isascii() or not text.isdigit():
            return
        place = int(text)
        if self.path == ["Data", "Time"]:
            self.time = place
        elif self.path == ["Data", "RecordNumber"]:
            self.number = place
        elif self.path[-3:] == ["Parameters", "Point", "Value"] and self.is_number and len(self.points) < _MOST_POINTS:
            self.points.append(Point(*self.sensor, *self.point, place))

    def form(self) -> Form:
        """What was found."""
        if self.time < 0:
            return Form(fault="record without a time")
        if not self.points:
            return Form(fault="record without a value")
        return Form(tuple(self.points), self.time, self.number)
