"""Which files below the raw folder an instrument's patterns name, and what is wrong with that."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import ingest
from lander.config.file import Document, Loc, Mistake
from lander.config.identifiers import pattern_of
from lander.units import UnfitError


def matches(raw: Path, pattern: str) -> tuple[Path, ...]:
    """Files below the raw folder that a pattern names, sorted.

    Parameters
    ----------
    raw
        The raw folder.
    pattern
        Glob as in `pathlib`, checked by `lander.config.identifiers.pattern_of`.
    """
    found = (path for path in raw.glob(pattern) if not ingest.is_description(path.name))
    return tuple(sorted(path for path in found if path.is_file()))


class _Claim(NamedTuple):
    """A pattern of one instrument that names a file."""

    document: Document
    loc: Loc
    instrument: str
    device: tuple[str | None, str | None]

    def shares(self, other: "_Claim") -> bool:
        """Whether both may hold the file: the memory of one device, read out once for two deployments."""
        return self.document is not other.document and None not in self.device and self.device == other.device


def raw_mistakes(archive: Path, main: Document, deployments: Sequence[Document]) -> Iterator[Mistake]:
    """Find patterns that match nothing, files that two patterns claim, and mistakes in descriptions beside files.

    Parameters
    ----------
    archive
        The archive's folder.
    main
        archive.yaml.
    deployments
        The deployment files.
    """
    name = main.at("raw") if main.at("raw") is not None else "raw"
    if main.data is None or not isinstance(name, str):
        return  # the folder is not known; archive.yaml's own mistake says so
    raw = archive / name
    if not raw.is_dir():
        yield main.mistake(("raw",), f"no such folder: {name}", "the folder with the raw files")
        return
    owners: dict[Path, _Claim] = {}
    folders: set[Path] = set()
    for document in deployments:
        for claim, pattern in _claims(document):
            found = matches(raw, pattern)
            folders |= {path.parent for path in found}
            if not found:
                yield document.mistake(claim.loc, f"{pattern!r} matches no file in {name}", "at least one file",
                                       _other_spelling(raw, pattern))  # fmt: skip
            yield from _contested(raw, found, claim, owners)
    yield from _described(archive, folders)


def _described(archive: Path, folders: Iterable[Path]) -> Iterator[Mistake]:
    """Find mistakes in the files beside raw files that say how these are read."""
    for folder in sorted(folders):
        for file in sorted(path for path in folder.iterdir() if ingest.is_description(path.name)):
            name = file.relative_to(archive).as_posix() if file.is_relative_to(archive) else str(file)
            for one in ingest.description_mistakes(file):
                yield Mistake(name, one.line, one.key, one.found, one.expected, one.suggestion)


def _contested(raw: Path, found: Sequence[Path], claim: _Claim, owners: dict[Path, _Claim]) -> Iterator[Mistake]:
    """Enter the files of one pattern, and name the first that another pattern has, with the number of the rest."""
    contested = [path for path in found if not owners.setdefault(path, claim).shares(claim)]
    contested = [path for path in contested if owners[path] is not claim]
    if contested:
        owner = owners[contested[0]]
        file = contested[0].relative_to(raw).as_posix()
        more = f" and {len(contested) - 1} more" if len(contested) > 1 else ""
        where = f"{owner.instrument!r} in {owner.document.file}:{owner.document.line(owner.loc)}"
        yield claim.document.mistake(claim.loc, f"{file}{more} also belongs to {where}", "each raw file in one pattern")


def _claims(document: Document) -> Iterator[tuple[_Claim, str]]:
    """Patterns of a deployment file that can be used; the others are reported where the models read them."""
    for instrument in document.keys("instruments"):
        here: Loc = ("instruments", instrument, "raw")
        device = document.text(*here[:2], "model"), document.text(*here[:2], "serial")
        for entry in document.places(*here) or [here]:
            loc = (*entry, "pattern") if isinstance(document.at(*entry), dict) else entry
            try:
                yield _Claim(document, loc, instrument, device), pattern_of(document.at(*loc))
            except UnfitError:
                continue


def _other_spelling(raw: Path, pattern: str) -> str | None:
    """Find the pattern in other capitals: .HEX from the maker's software, .hex in the file of deployments."""
    for candidate in (pattern.lower(), pattern.upper()):
        if candidate != pattern and matches(raw, candidate):
            return candidate
    folder, _, name = pattern.rpartition("/")
    swapped = (f"{folder}/" if folder else "") + name.swapcase()
    stem, dot, suffix = pattern.rpartition(".")
    for candidate in (swapped, stem + dot + suffix.swapcase()):
        if candidate != pattern and matches(raw, candidate):
            return candidate
    return None
