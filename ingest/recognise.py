"""Which reader takes a file: by a file beside it, or by its content."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.errors import AmbiguousFormatError, IngestError, UnknownFormatError
from ingest.reader import Reader, claim, discover
from ingest.yaml_lines import Mistake


@dataclass(frozen=True)
class Recognised:
    """Which reader takes a file.

    Attributes
    ----------
    reader
        It.
    state
        What it starts with: None, or what stands in a file beside.
    lead
        Bytes before the file's first line that its format does not know: see `Drive`.
    """

    reader: Reader
    state: Any = None
    lead: int = 0


_LEAD = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t]*\r?\n)*")
"""What editors and terminals put before a text: the mark of its byte order, blank lines."""


def recognise(head: bytes, path: Path) -> Recognised:
    """Find the one reader of a file: named by a file beside, or found from the content.

    Parameters
    ----------
    head
        The first `HEAD_BYTES` of the file, or all of it.
    path
        Where the file lies; for a member of an archive, where it would lie if it were unpacked beside it.

    Raises
    ------
    IngestError
        The file beside is wrong, no reader claims the file, or more than one.
    """
    described = described_beside(path)
    if described is not None:
        return described
    try:
        return _by_content(head, path.name)
    except IngestError as error:
        raise type(error)(error.message, file=path, offset=error.offset) from error


def _by_content(head: bytes, name: str) -> Recognised:
    """Find the reader that claims a file as it is, or without what may stand before its first line."""
    found = _LEAD.match(head)
    lead = found.end() if found else 0
    if not lead or lead == len(head):
        return Recognised(claim(head, name))
    try:
        reader = claim(head[lead:], name)
    except UnknownFormatError:
        return Recognised(claim(head, name))
    return Recognised(claim(head, name)) if reader.whole else Recognised(reader, lead=lead)


def described_beside(path: Path) -> Recognised | None:
    """Find the reader that a file beside names, if there is one; see `Beside`."""
    found = []
    for reader in discover().values():
        state = reader.beside.describe(path) if reader.beside else None
        if state is not None:
            found.append(Recognised(reader, state))
    if len(found) > 1:
        raise AmbiguousFormatError("files beside it name " + " and ".join(one.reader.name for one in found), file=path)
    return found[0] if found else None


def descriptions(path: Path) -> tuple[Path, ...]:
    """Files beside that say how a raw file is read: its samples hang on them as on its own bytes."""
    return tuple(file for reader in discover().values() if reader.beside for file in reader.beside.files(path))


def description_mistakes(path: Path) -> tuple[Mistake, ...]:
    """Every mistake in a file that describes others, with its line."""
    described = (reader.beside for reader in discover().values() if reader.beside and reader.beside.is_one(path.name))
    return tuple(mistake for beside in described for mistake in beside.mistakes(path))


def is_description(name: str) -> bool:
    """Whether a file of this name describes raw files beside it, and is none itself."""
    return any(reader.beside.is_one(name) for reader in discover().values() if reader.beside)
