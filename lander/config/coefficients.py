"""Files of calibration coefficients that an instrument's `calibration:` names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from ingest.calibration.eco_device import read_device_sheet
from ingest.calibration.xmlcon import parse_xmlcon
from ingest.errors import CalibrationError
from lander.config.file import LARGEST_FILE, Document, Mistake, read

YAML_SUFFIXES = (".yaml", ".yml")
EXPECTED = "a YAML file (sensor, then coefficient: value), a Sea-Bird .xmlcon or the .dev of an ECO"


@dataclass(frozen=True)
class MakersFile:
    """A file as a maker of instruments writes it.

    Attributes
    ----------
    source
        What `source:` calls it.
    parse
        From its bytes to sensor -> the maker's name of the coefficient -> value.
    words
        What it is, for messages.
    """

    source: str
    parse: Callable[[bytes], Mapping[str, Mapping[str, Any]]]
    words: str


MAKERS_FILES: Mapping[str, MakersFile] = {
    ".xmlcon": MakersFile("xmlcon", parse_xmlcon, "an .xmlcon as Sea-Bird's software saves it"),
    ".dev": MakersFile(
        "device_sheet", lambda content: read_device_sheet(content.decode("latin-1")), "the device sheet of an ECO"
    ),
}
"""By the suffix of their names."""


def makers_file(file: str) -> MakersFile | None:
    """What kind of a maker's file it is, by its name; None for YAML and anything else."""
    return MAKERS_FILES.get(PurePath(file).suffix.lower())


def is_known(file: str) -> bool:
    """Whether a file's name is of a kind that is read."""
    return makers_file(file) is not None or PurePath(file).suffix.lower() in YAML_SUFFIXES


def read_coefficients(path: Path, file: str) -> Document:
    """Read a file of coefficients: sensor -> the maker's name of the coefficient -> value.

    Parameters
    ----------
    path
        The file; it exists.
    file
        Its name in messages, relative to the archive.
    """
    kind = makers_file(file)
    if kind is None:
        return read(path, file)
    try:
        with path.open("rb") as handle:
            content = handle.read(LARGEST_FILE + 1)
    except OSError as error:
        return _wrong(file, f"cannot be read: {error.strerror}", kind)
    if len(content) > LARGEST_FILE:
        return _wrong(file, f"more than {LARGEST_FILE} bytes", kind)
    try:
        found = kind.parse(content)
    except CalibrationError as error:
        return _wrong(file, error.message, kind)
    return Document(file, {sensor: dict(values) for sensor, values in found.items()})


def _wrong(file: str, found: str, kind: MakersFile) -> Document:
    return Document(file, mistakes=(Mistake(file, 1, "", found, kind.words),))
