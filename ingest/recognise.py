"""Which reader takes a file: by a file beside it, or by its content."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.errors import AmbiguousFormatError, IngestError
from ingest.reader import Reader, claim, discover


@dataclass(frozen=True)
class Recognised:
    """Which reader takes a file.

    Attributes
    ----------
    reader
        It.
    state
        What it starts with: None, or what stands in a file beside.
    """

    reader: Reader
    state: Any = None


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
        return Recognised(claim(head, path.name))
    except IngestError as error:
        raise type(error)(error.message, file=path, offset=error.offset) from error


def described_beside(path: Path) -> Recognised | None:
    """Find the reader that a file beside names, if there is one; see `Reader.beside`."""
    found = []
    for reader in discover().values():
        state = reader.beside(path) if reader.beside else None
        if state is not None:
            found.append(Recognised(reader, state))
    if len(found) > 1:
        raise AmbiguousFormatError("files beside it name " + " and ".join(one.reader.name for one in found), file=path)
    return found[0] if found else None
