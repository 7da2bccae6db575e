"""Which files beside a raw file declare its format: found, read, and what is wrong with them.

`<file>.format.yaml` speaks for the one file that it is named after; `lander-format.yaml` for those files of its folder
that its `files:` patterns name. Of two that speak for a file, the file's own counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from ingest.archives import is_archive
from ingest.declared.declaration import FOLDER_NAME, Declaration, examine
from ingest.errors import IngestError
from ingest.yaml_lines import LARGEST_FILE, Mistake, nearest, parse

OWN_SUFFIX = ".format.yaml"

ARCHIVES = (".gz", ".zip")
"""Ends of the names that archives mostly have; files beside may speak for their members."""


def is_declaration(name: str) -> bool:
    """Whether a file of this name declares the format of others."""
    return name == FOLDER_NAME or name.endswith(OWN_SUFFIX)


def deciding(path: Path) -> tuple[Path, ...]:
    """Files beside that the samples of a raw file hang on; of an archive, all that may speak for its members."""
    if path.suffix.lower() in ARCHIVES or _is_archive(path):
        return tuple(sorted(one for one in path.parent.glob("*.yaml") if is_declaration(one.name)))
    try:
        found = declaring(path)
    except IngestError:  # it speaks for all of its folder, until it is put right
        return (path.with_name(FOLDER_NAME),)
    return () if found is None else (found,)


def _is_archive(path: Path) -> bool:
    """Whether decoding will look for members, whatever the name: by the first bytes, as it does."""
    try:
        with path.open("rb") as handle:
            return is_archive(handle.read(4))
    except OSError:  # decoding says why
        return False


def declaring(path: Path) -> Path | None:
    """Find the file beside that speaks for a raw file.

    Raises
    ------
    IngestError
        The folder's file is so wrong that nobody knows for which files it speaks.
    """
    own = path.with_name(path.name + OWN_SUFFIX)
    if own.is_file():
        return own
    common = path.with_name(FOLDER_NAME)
    if is_declaration(path.name) or not common.is_file():
        return None
    patterns = _patterns(_content(common))
    if patterns is None:
        raise _refusal(common, examine(_content(common), common.name)[1])
    return common if any(fnmatchcase(path.name, pattern) for pattern in patterns) else None


def load(path: Path) -> Declaration:
    """Read a declaration.

    Raises
    ------
    IngestError
        It has mistakes; the message lists every one with its line.
    """
    declaration, mistakes = examine(_content(path), path.name)
    if declaration is None:
        raise _refusal(path, mistakes)
    return declaration


def mistakes_of(path: Path) -> tuple[Mistake, ...]:
    """Every mistake in a declaration, in the order of lines; that it speaks for no file is one as well."""
    try:
        declared, mistakes = examine(_content(path), path.name)
    except IngestError as error:
        return (Mistake(1, "", error.message, "a YAML file"),)
    return mistakes if declared is None else tuple(_idle(path, declared))


def _idle(path: Path, declared: Declaration) -> Iterator[Mistake]:
    """Say so where no file is there that a declaration could speak for, as after a misspelt name."""
    names = [one.name for one in path.parent.iterdir() if not is_declaration(one.name)]
    if any(name.lower().endswith(ARCHIVES) or _is_archive(path.with_name(name)) for name in names):
        return  # its members are not looked at here
    if path.name != FOLDER_NAME:
        wanted = path.name.removesuffix(OWN_SUFFIX)
        if wanted not in names:
            near = nearest(wanted, names)
            yield Mistake(1, "", f"no file {wanted!r} beside it", "the file that it is named after", near)
        return
    for pattern in declared.files:
        if not any(fnmatchcase(name, pattern) for name in names):
            yield Mistake(1, "files", f"{pattern!r} names no file beside it", "at least one")


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as handle:
            return handle.read(LARGEST_FILE + 1)
    except OSError as error:
        raise IngestError(f"cannot be read: {error.strerror}", file=path) from error


def _refusal(path: Path, mistakes: Sequence[Mistake]) -> IngestError:
    return IngestError("the declaration of the format has mistakes: " + "; ".join(map(str, mistakes)), file=path)


@lru_cache(maxsize=64)
def _patterns(content: bytes) -> tuple[str, ...] | None:
    """Names of files that a folder's declaration speaks for; None where they cannot be made out."""
    root, _ = parse(content)
    node = root.value.get("files") if root is not None and isinstance(root.value, Mapping) else None
    if node is None or isinstance(node.value, Mapping):
        return None
    entries = [node] if isinstance(node.value, str) else node.value
    return tuple(entry.value.strip() for entry in entries if isinstance(entry.value, str)) or None
