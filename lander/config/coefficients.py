"""Files of calibration coefficients that an instrument's `calibration:` names."""

from pathlib import Path, PurePath

from ingest.calibration.xmlcon import parse_xmlcon
from ingest.errors import CalibrationError
from lander.config.file import LARGEST_FILE, Document, Mistake, read

YAML_SUFFIXES = (".yaml", ".yml")
XMLCON_SUFFIX = ".xmlcon"
EXPECTED = "a YAML file (sensor, then coefficient: value) or a Sea-Bird .xmlcon"


def is_xmlcon(file: str) -> bool:
    """Whether a file's name is that of a configuration file of Sea-Bird's software."""
    return PurePath(file).suffix.lower() == XMLCON_SUFFIX


def is_known(file: str) -> bool:
    """Whether a file's name is of a kind that is read."""
    return is_xmlcon(file) or PurePath(file).suffix.lower() in YAML_SUFFIXES


def read_coefficients(path: Path, file: str) -> Document:
    """Read a file of coefficients: sensor -> the maker's name of the coefficient -> value.

    Parameters
    ----------
    path
        The file; it exists.
    file
        Its name in messages, relative to the archive.
    """
    if not is_xmlcon(file):
        return read(path, file)
    try:
        with path.open("rb") as handle:
            content = handle.read(LARGEST_FILE + 1)
    except OSError as error:
        return _wrong(file, f"cannot be read: {error.strerror}")
    if len(content) > LARGEST_FILE:
        return _wrong(file, f"more than {LARGEST_FILE} bytes")
    try:
        found = parse_xmlcon(content)
    except CalibrationError as error:
        return _wrong(file, error.message)
    return Document(file, {sensor: dict(values) for sensor, values in found.items()})


def _wrong(file: str, found: str) -> Document:
    return Document(file, mistakes=(Mistake(file, 1, "", found, "an .xmlcon as Sea-Bird's software saves it"),))
