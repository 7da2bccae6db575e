"""The .xmlcon beside a file of Sea-Bird samples without a header: `cast.xmlcon` speaks for `cast.hex`."""

from pathlib import Path

from ingest.calibration.xmlcon import parse_xmlcon
from ingest.errors import CalibrationError
from ingest.reader import HEAD_BYTES, Calibration
from ingest.sea_bird.bare_lines import Form, is_bare, recognise
from ingest.yaml_lines import Mistake

SUFFIX = ".xmlcon"
_LARGEST = 4 * 1024 * 1024 + 1  # one byte more than is parsed
_EXPECTED = "an .xmlcon as Sea-Bird's software saves it"


def is_sheet(name: str) -> bool:
    """Whether a file of this name is an .xmlcon."""
    return name.lower().endswith(SUFFIX)


def files(path: Path) -> tuple[Path, ...]:
    """The .xmlcon of a file without a header, where it is there; an upload with one has its own coefficients."""
    beside = next((one for one in _beside(path) if one.is_file()), None)
    return (beside,) if beside is not None and is_bare(_head(path)) else ()


def describe(path: Path) -> Form | None:
    """Form of a file's lines, with what its .xmlcon tells; None without one, or where the file has a header.

    Raises
    ------
    CalibrationError
        It is none.
    """
    for file in files(path):
        try:
            return recognise(_head(path), _read(file))
        except CalibrationError as error:
            raise CalibrationError(error.message, file=file) from error
    return None


def mistakes(path: Path) -> tuple[Mistake, ...]:
    """What is wrong with an .xmlcon that speaks for a file."""
    if not any(path in files(one) for one in path.parent.iterdir() if one.stem == path.stem and one != path):
        return ()
    try:
        _read(path)
    except CalibrationError as error:
        return (Mistake(1, "", error.message, _EXPECTED),)
    return ()


def _beside(path: Path) -> tuple[Path, ...]:
    return () if is_sheet(path.name) else (path.with_suffix(SUFFIX), path.with_suffix(SUFFIX.upper()))


def _head(path: Path) -> bytes:
    """Start of a file; nothing of one that cannot be read, such as a member of an archive."""
    try:
        with path.open("rb") as handle:
            return handle.read(HEAD_BYTES)
    except OSError:
        return b""


def _read(file: Path) -> Calibration:
    try:
        with file.open("rb") as handle:
            return parse_xmlcon(handle.read(_LARGEST))
    except OSError as error:
        raise CalibrationError(f"cannot be read: {error.strerror}; expected {_EXPECTED}") from error
