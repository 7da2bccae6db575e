"""Decodes the members of an archive one after the other, each with its own reader."""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import xarray as xr

from ingest.archives import Member, is_archive, members, unpack
from ingest.drive import Drive, Pieces
from ingest.errors import IngestError, UnknownFormatError
from ingest.ledger import Ledger, Span
from ingest.reader import HEAD_BYTES, Calibration, Reader, Source
from ingest.recognise import Recognised, recognise

MOST_HELD = 2 * 1024**3
"""Most bytes of a member whose reader needs it as a whole: it is held in memory, since nothing is written to disk."""


@dataclass(frozen=True)
class _Known:
    member: Member
    found: Recognised
    prefix: str


class Packed:
    """An archive of raw files.

    Parameters
    ----------
    handle
        The archive, open for reading.
    file
        Its path.
    calibration, block_bytes
        As for `BlockDecoder`.

    Raises
    ------
    IngestError
        It cannot be read, or no reader claims any of its members.
    """

    def __init__(self, handle: BinaryIO, file: Path, calibration: Calibration | None, block_bytes: int) -> None:
        self._handle = handle
        self._file = file
        self._calibration = calibration
        self._block_bytes = block_bytes
        self._skipped: list[Span] = []
        self._ledgers: dict[str, Ledger] = {}
        self._known: list[_Known] = []
        handle.seek(0, 2)
        self._members = members(handle, handle.tell(), file.name)
        self._recognise()
        self.reader = _reader_of([known.found.reader for known in self._known])

    def _recognise(self) -> None:
        foreign = []
        found = []
        for member in self._members:
            try:
                found.append((member, self._look(member)))
            except UnknownFormatError as error:
                foreign.append(f"{member.name}: {error.message.partition('; it is in none')[0]}")
                self._skipped.append(Span(member.start, member.stop - member.start, foreign[-1]))
        if not found:
            told = "; ".join(foreign[:3]) or "it is empty"
            raise UnknownFormatError(f"an archive that holds no file of a known format ({told})")
        taken: set[str] = set()
        for member, recognised in found:
            self._known.append(_Known(member, recognised, _prefix(member.name, taken) if len(found) > 1 else ""))

    def _look(self, member: Member) -> Recognised:
        """Find a member's reader from its first bytes."""
        if member.unreadable:
            raise UnknownFormatError(member.unreadable)
        head = b"".join(_first(unpack(self._handle, member, HEAD_BYTES), HEAD_BYTES))
        if is_archive(head):
            raise UnknownFormatError("an archive inside an archive: unpack the outer one")
        # Only the last part of the name counts: a path in it must not lead anywhere.
        label = PurePosixPath(member.name.replace("\\", "/")).name or "member"
        return recognise(head, self._file.parent / label)

    def pieces(self) -> Generator[Pieces, None, None]:
        """Yield the Datasets of member after member."""
        for known in self._known:
            member = known.member
            where = f"{self._file}, in it {member.name}"
            drive = Drive(known.found.reader, where, self._calibration, known.found.state)
            for pieces in self._drive(drive, member):
                yield {known.prefix + stream: _labelled(piece, member) for stream, piece in pieces.items()}
            assert drive.ledger is not None
            twice = member.name in self._ledgers
            self._ledgers[f"{member.name} at byte {member.start}" if twice else member.name] = drive.ledger

    def _drive(self, drive: Drive, member: Member) -> Generator[Pieces, None, None]:
        chunks = unpack(self._handle, member, self._block_bytes)
        if drive.reader.whole is None:
            yield from drive.blocks(chunks)
            return
        held = b"".join(_first(chunks, MOST_HELD + 1))
        if len(held) > MOST_HELD:
            raise IngestError(f"{member.name} is too large to be read inside an archive: unpack it", file=self._file)
        yield from drive.whole(Source(member.name, len(held), held=held))

    def ledger(self, size: int) -> Ledger:
        """Account of the archive's own bytes, with those of its members beside."""
        skipped = [span for span in self._skipped if span.length]
        rejected = [span for known in self._known for span in known.member.rejected]
        accepted = size - sum(span.length for span in (*skipped, *rejected))
        expected = [ledger.expected_records for ledger in self._ledgers.values()]
        promised = sum(number for number in expected if number is not None) if None not in expected else None
        return Ledger(size, accepted, tuple(skipped), tuple(rejected), promised, self._ledgers)


def _first(chunks: Iterator[bytes], most: int) -> Iterator[bytes]:
    """At most so many bytes of the chunks."""
    for chunk in chunks:
        yield chunk[:most]
        most -= len(chunk)
        if most <= 0:
            return


def _prefix(name: str, taken: set[str]) -> str:
    """A member's name as the start of a stream's: letters, digits and single underscores, none twice."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "member"
    numbered = (f"{plain}_{number}" for number in count(2))
    chosen = next(one for one in chain([plain], numbered) if one not in taken)
    taken.add(chosen)
    return f"{chosen}_"


def _labelled(piece: xr.Dataset, member: Member) -> xr.Dataset:
    return piece.assign_attrs(source_member=member.name)


def _reader_of(readers: list[Reader]) -> Reader:
    """The reader of all members; where they have several, one that names them all."""
    kinds = {reader.name: reader for reader in readers}
    if len(kinds) == 1:
        return readers[0]
    # Any of them with a new version makes the samples of the archive new.
    return replace(readers[0], name="+".join(sorted(kinds)), version=sum(reader.version for reader in kinds.values()))
