"""The blueprint of a reader, and how readers are found."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.errors import AmbiguousFormatError, IngestError, UnknownFormatError
from ingest.ledger import Span
from ingest.yaml_lines import Mistake

HEAD_BYTES = 65_536
"""How much of the start of a file `sniff` may look at."""

Calibration = Mapping[str, Mapping[str, float | str]]
"""Coefficients by sensor, then by the maker's own coefficient name: `{"temperature": {"A0": -1.9e-4}}`."""


@dataclass(frozen=True)
class Batch:
    """Raw records of one stream, in file order.

    Attributes
    ----------
    offset : ndarray of int64, shape (n,)
        First byte of each record in the file.
    length : ndarray of int32, shape (n,)
        Bytes from the first to the last of each record.
    columns
        Raw values by the format's own field names, each of shape (n, ...).
    """

    offset: NDArray[np.int64]
    length: NDArray[np.int32]
    columns: Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Records:
    """What one block of a file holds: records by stream, and an account of the consumed bytes.

    `accepted` plus the lengths of all spans equals the bytes consumed.
    """

    batches: Mapping[str, Batch] = field(default_factory=dict)
    accepted: int = 0
    skipped: Sequence[Span] = ()
    rejected: Sequence[Span] = ()


Parsed = tuple[Records, int, Any]
"""Records, the number of bytes consumed from the start of the block, and the state for the next block."""


Wholly = tuple[Records, Any]
"""Some records of a file that is read as a whole, and the state that `to_dataset` and `expected` need."""


@dataclass(frozen=True)
class Source:
    """A file for a reader that cannot work block by block: a database, a container of arrays, a small table.

    Attributes
    ----------
    name
        The file's name.
    size
        Its bytes.
    path
        Where it lies; None for a member of an archive, which is never written to disk.
    held
        Its content, where it does not lie on disk.
    """

    name: str
    size: int
    path: Path | None = None
    held: bytes | None = None

    def content(self) -> bytes:
        """Everything in it."""
        return self.head(-1)

    def head(self, count: int) -> bytes:
        """Its first bytes; all of them for a negative count."""
        if self.held is not None:
            return self.held if count < 0 else self.held[:count]
        assert self.path is not None
        try:
            with self.path.open("rb") as handle:
                return handle.read(count)
        except OSError as error:
            raise IngestError(f"cannot be read: {error.strerror}", file=self.path) from error


def _no_expectation(state: Any) -> int | None:
    return None


def not_in_blocks(block: bytes, offset: int, state: Any) -> Parsed:
    """Stand in as `parse` and `finish` of a reader with `whole`."""
    raise TypeError("this reader takes whole files: `whole` opens them")


@dataclass(frozen=True)
class Beside:
    """How a reader finds files that describe raw files beside them.

    Attributes
    ----------
    describe
        `describe(path) -> state | None`: anything but None claims the raw file, before any sniffing, and is the state
        `parse` starts with. Raises `IngestError` where the description is wrong.
    files
        `files(path) -> descriptions that the samples of a raw file hang on`, those that exist; never raises.
    is_one
        `is_one(name) -> bool`: whether a file of this name is such a description, and so no raw file.
    mistakes
        `mistakes(path) -> every mistake in a description`; never raises.
    """

    describe: Callable[[Path], Any | None]
    files: Callable[[Path], tuple[Path, ...]]
    is_one: Callable[[str], bool]
    mistakes: Callable[[Path], tuple[Mistake, ...]]


@dataclass(frozen=True)
class Reader:
    """One raw format.

    Attributes
    ----------
    name
        Name of the format; also the module's.
    version
        Raised when the same bytes would give other samples: everything decoded before is then made anew.
    sniff
        `sniff(head, name) -> bool`: whether a file that starts with these bytes is of this format. At most
        `HEAD_BYTES` are given; content decides, the name only breaks a tie.
    parse
        `parse(block, offset, state) -> (records, consumed, state)`: `block` starts at byte `offset` of the file;
        `state` is None at the start. What is not consumed comes again, longer. Any block size gives the same records.
    finish
        `finish(rest, offset, state) -> (records, consumed, state)`: the same for the bytes left at the end of the
        file, of which nothing more will come; must consume all.
    to_dataset
        `to_dataset(records, state, calibration) -> {stream: Dataset}`: raw values to engineering units, with
        `time` (datetime64[us], the instrument's own clock), `source_offset` and `source_length` along the record
        dimension (`time`, or `scan` for records without a clock). Every variable is in `ingest.vocabulary`.
    expected
        `expected(state) -> int | None`: how many records the file's own header promises.
    checksummed
        Whether a flipped bit in a record is found by the format itself.
    instruments
        Models this was built for, for the docs.
    whole
        In place of `parse` and `finish`: `whole(source) -> iterator of (records, state)`, for formats that have no
        order of bytes to go through. Every state but the last may be provisional. Its spans say what could not be
        read; all other bytes of the file count as accepted, whatever `accepted` says. `offset` of a batch counts
        what the format counts (rows, samples from 0), `length` is 1, and the Dataset's attribute
        `source_offset_meaning` says so. Raises nothing but `IngestError`.
    beside
        For formats that a second file next to the raw one describes.
    lines
        Whether `sniff` looks for lines of text: then it is given only what may be one. The patterns of thirteen such
        formats, gone through for each byte, took a tenth of the decoding of 20 MB of binary.
    views
        Whether `parse` and `finish` take a memoryview as well as bytes, and copy nothing of it that is large. Then a
        file is read into an array, for which the system has large pages: 20 MB in 3 ms, into bytes in 12 ms.
    """

    name: str
    version: int
    sniff: Callable[[bytes, str], bool]
    parse: Callable[[Any, int, Any], Parsed]
    finish: Callable[[Any, int, Any], Parsed]
    to_dataset: Callable[[Records, Any, Calibration | None], Mapping[str, xr.Dataset]]
    expected: Callable[[Any], int | None] = _no_expectation
    checksummed: bool = False
    instruments: tuple[str, ...] = ()
    whole: Callable[[Source], Iterator[Wholly]] | None = None
    beside: Beside | None = None
    lines: bool = False
    views: bool = False


@cache
def discover() -> Mapping[str, Reader]:
    """Every reader in `ingest/readers`, by name: one module, one `READER`."""
    import ingest.readers as folder

    found: dict[str, Reader] = {}
    for module_info in sorted(pkgutil.iter_modules(folder.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{folder.__name__}.{module_info.name}")
        reader = getattr(module, "READER", None)
        if reader is None:
            continue
        if reader.name != module_info.name:
            raise TypeError(f"reader {reader.name!r} lies in ingest/readers/{module_info.name}.py: name both alike")
        found[reader.name] = reader
    return found


def claim(head: bytes, name: str) -> Reader:
    """Return the one reader that claims a file.

    Parameters
    ----------
    head
        The first `HEAD_BYTES` of the file, or all of it.
    name
        The file's name.

    Raises
    ------
    UnknownFormatError
        No reader claims it; the message says what it looks like.
    AmbiguousFormatError
        More than one does.
    """
    text = text_lines(head)
    claims = [reader for reader in discover().values() if reader.sniff(text if reader.lines else head, name)]
    if len(claims) == 1:
        return claims[0]
    if claims:
        raise AmbiguousFormatError("claimed by " + " and ".join(reader.name for reader in claims), file=name)
    raise UnknownFormatError(f"{looks_like(head)}; it is in none of the {len(discover())} known formats", file=name)


_MAY_BE_TEXT = re.compile(rb"[\t\x20-\x7e]{8}|[\t\r\x20-\x7e]{0,7}\Z")


def text_lines(head: bytes) -> bytes:
    """Lines that start with eight printable characters, or are shorter; all of a head that holds no zero byte."""
    if b"\0" not in head:
        return head
    return b"\n".join(line for line in head.split(b"\n") if _MAY_BE_TEXT.match(line))


_SIGNATURES = (
    (b"version https://git-lfs", "a Git-LFS pointer, not the file itself: run `git lfs pull`"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"\x1f\x8b", "a gzip file: unpack it first"),
    (b"\x89HDF", "an HDF5 or NetCDF-4 file"),
    (b"CDF", "a NetCDF-3 file"),
    (b"MATLAB 7.3 MAT-file", "a MATLAB file of version 7.3 (HDF5): save it with `save -v7`"),
    (b"MATLAB 5.0 MAT-file", "a MATLAB file whose first variable is not Ruskin's RBR"),
    (b"SQLite format 3\x00", "an SQLite database"),
)


def looks_like(head: bytes) -> str:
    """Say in words what a file is that no reader claims."""
    if not head:
        return "the file is empty"
    for magic, words in _SIGNATURES:
        if head.startswith(magic):
            return f"this is {words}"
    if not head.strip(b"\x00"):
        return "the file starts with zero bytes only"
    printable = sum(byte in b"\t\r\n" or 32 <= byte < 127 for byte in head[:512]) / len(head[:512])
    if printable > 0.95:
        first = head.splitlines()[0][:60].decode("ascii", "replace")
        if re.fullmatch("[0-9A-Fa-f]{16,}", first):
            return f"hexadecimal digits that nothing describes, first {first!r}; a Sea-Bird upload needs its `*` lines"
        return f"text of no known format, first line {first!r}"
    return f"binary data of no known format, first bytes {head[:8].hex(' ')}"
