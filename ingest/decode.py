"""Opens raw files and drives the readers over them, block by block: the only part of `ingest` that touches disk."""

import hashlib
import os
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
import xarray as xr

from ingest import pages
from ingest.archives import is_archive
from ingest.dataset import concatenate
from ingest.drive import Drive, Pieces
from ingest.errors import IngestError
from ingest.ledger import Ledger
from ingest.packed import Packed
from ingest.reader import HEAD_BYTES, Calibration, Reader, Source
from ingest.recognise import recognise
from ingest.text import Block

BLOCK_BYTES = 4 * 1024 * 1024
"""How much of a file is in memory at a time. Records do not depend on it."""

WHOLE_BLOCK_BYTES = 24 * 1024 * 1024
"""The same for `decode`, which keeps everything anyway: most files are one block, and nothing has to be joined. Below
the 32 MiB from which the C library gives memory back at once, and every block costs its page faults anew: 12 ms less
for 21 MB."""

@dataclass(frozen=True)
class Decoded:
    """Everything a raw file holds.

    Attributes
    ----------
    reader, reader_version
        What decoded it.
    streams
        A Dataset for each kind of record that was found; none where nothing could be decoded, which `ledger` explains.
    ledger
        What became of every byte.
    sha256, bytes
        Which file it was.
    """

    reader: str
    reader_version: int
    streams: Mapping[str, xr.Dataset]
    ledger: Ledger
    sha256: str
    bytes: int


class BlockDecoder:
    """Decodes a file piece by piece in memory that does not grow with the file.

    A context manager, and an iterator over the pieces: each a mapping from stream to Dataset. When it is exhausted,
    `ledger` and `sha256` tell about the whole file. Of an archive, every member of a known format is decoded in place;
    where they are unlike, its streams have names of their own: see `ingest.packed`.

    Parameters
    ----------
    file
        Path of the raw file.
    calibration
        Coefficients by sensor and name; they replace those in the file.
    block_bytes
        Bytes read at a time. Any number gives the same records and the same ledger.

    Raises
    ------
    IngestError
        The file cannot be read, no reader or more than one claims it, or its calibration is missing.
    """

    reader: Reader

    def __init__(
        self, file: str | Path, *, calibration: Calibration | None = None, block_bytes: int = BLOCK_BYTES
    ) -> None:
        if block_bytes < 1:
            raise ValueError(f"block_bytes is {block_bytes}; at least 1 is needed")
        self.file = Path(file)
        self._calibration = calibration
        self._block_bytes = block_bytes
        self._handle: BinaryIO | None = None
        self._digest = hashlib.sha256()
        self._ledger: Ledger | None = None

    def __enter__(self) -> Self:
        try:
            self._handle = self.file.open("rb")
        except OSError as error:
            raise IngestError(f"cannot be opened: {error.strerror}", file=self.file) from error
        try:
            self._pieces = self._begin(self._handle)
        except BaseException:
            self._handle.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            self._pieces.close()
            self._handle.close()

    def __iter__(self) -> Iterator[Pieces]:
        return self

    def __next__(self) -> Pieces:
        if self._handle is None:
            raise ValueError("open the decoder first: `with BlockDecoder(file) as pieces:`")
        return next(self._pieces)

    @property
    def ledger(self) -> Ledger:
        """The account of the whole file, known once all pieces were taken."""
        if self._ledger is None:
            raise ValueError("the ledger is known only after the last piece")
        return self._ledger

    @property
    def sha256(self) -> str:
        """Digest of the whole file, known once all pieces were taken."""
        return self._digest.hexdigest() if self.ledger else ""

    def _begin(self, handle: BinaryIO) -> Generator[Pieces, None, None]:
        """Find the reader, and give the generator that decodes."""
        try:
            head = handle.read(HEAD_BYTES)
            handle.seek(0)
        except OSError as error:
            raise IngestError(f"cannot be read: {error.strerror}", file=self.file) from error
        try:
            if is_archive(head):
                packed = Packed(handle, self.file, self._calibration, self._block_bytes)
                self.reader = packed.reader
                return self._run_archive(packed)
            found = recognise(head, self.file)
        except IngestError as error:
            raise type(error)(error.message, file=error.file or self.file, offset=error.offset) from error
        self.reader = found.reader
        return self._run(Drive(found.reader, self.file, self._calibration, found.state, found.lead))

    def _run(self, drive: Drive) -> Generator[Pieces, None, None]:
        assert self._handle is not None
        if drive.reader.whole is None:
            yield from drive.blocks(self._chunks(into_array=drive.reader.views))
        else:
            size = sum(len(chunk) for chunk in self._chunks())
            yield from drive.whole(Source(self.file.name, size, self.file))
        self._ledger = drive.ledger

    def _run_archive(self, packed: Packed) -> Generator[Pieces, None, None]:
        assert self._handle is not None
        self._handle.seek(0)  # looking at the members has moved it
        size = sum(len(chunk) for chunk in self._chunks())
        yield from packed.pieces()
        self._ledger = packed.ledger(size)

    def _chunks(self, *, into_array: bool = False) -> Iterator[Block]:
        """Blocks of the file as they are read; a second thread hashes one while the reader parses it."""
        assert self._handle is not None
        hashing: Future[None] | None = None
        left = os.fstat(self._handle.fileno()).st_size
        with ThreadPoolExecutor(max_workers=1) as hasher:
            while True:
                try:
                    # No more than is there: a block that is allocated and cut short costs more than its reading.
                    chunk = _read(self._handle, min(self._block_bytes, max(left, 0) + 1), into_array=into_array)
                    left -= len(chunk)
                except OSError as error:
                    raise IngestError(f"cannot be read: {error.strerror}", file=self.file) from error
                if hashing is not None:
                    hashing.result()
                if not chunk:
                    return
                if len(chunk) < _HASH_IN_THREAD:
                    self._digest.update(chunk)
                else:
                    hashing = hasher.submit(self._digest.update, chunk)
                yield chunk


def _read(handle: BinaryIO, count: int, *, into_array: bool) -> Block:
    """At most `count` bytes from where the file stands; none at its end."""
    if not into_array:
        return handle.read(count)
    room = pages.empty(count, np.uint8)
    return room.data[: handle.readinto(room)].toreadonly()  # type: ignore[attr-defined]


_HASH_IN_THREAD = 65_536  # below this, handing a chunk to a thread costs more than hashing it


def decode(
    file: str | Path, *, calibration: Calibration | None = None, block_bytes: int = WHOLE_BLOCK_BYTES
) -> Decoded:
    """Decode a raw file of any known format.

    Parameters
    ----------
    file
        Path of the raw file; its format is found from its content.
    calibration
        Coefficients by sensor and name (`{"temperature": {"A0": ...}}`); they replace those in the file.
    block_bytes
        Bytes read at a time; changes memory and speed, never the result.

    Returns
    -------
    Decoded
        Datasets by stream in engineering units on the instrument's own clock, and the account of every byte.

    Raises
    ------
    IngestError
        The file cannot be read, no reader or more than one claims it, or its calibration is missing. Damage is no
        error: it is in the ledger.
    """
    pages.reuse()
    collected: dict[str, list[xr.Dataset]] = {}
    with BlockDecoder(file, calibration=calibration, block_bytes=block_bytes) as decoder:
        for pieces in decoder:
            for stream, piece in pieces.items():
                collected.setdefault(stream, []).append(piece)
    streams = {stream: concatenate(collected[stream]) for stream in sorted(collected)}
    reader = decoder.reader
    return Decoded(reader.name, reader.version, streams, decoder.ledger, decoder.sha256, decoder.ledger.bytes_total)


def read(file: str | Path, stream: str | None = None, *, calibration: Calibration | None = None) -> xr.Dataset:
    """Decode one stream of a raw file, ready to be sliced by time.

    Parameters
    ----------
    file
        Path of the raw file.
    stream
        Its name; may be left out where the file holds only one.
    calibration
        Coefficients by sensor and name; they replace those in the file.

    Raises
    ------
    IngestError
        As for `decode`; also where several streams are there and none was named, or the named one is not there.
    """
    decoded = decode(file, calibration=calibration)
    names = list(decoded.streams)
    held = f"it holds {', '.join(names)}" if names else "nothing in it could be decoded"
    if stream is None and len(names) != 1:
        raise IngestError(f"one stream is wanted and {held}: name one (`stream=`)", file=file)
    if stream is not None and stream not in names:
        raise IngestError(f"there is no stream {stream!r}: {held}", file=file)
    dataset = decoded.streams[names[0] if stream is None else stream]
    return dataset.set_xindex("time") if "time" in dataset.dims else dataset
