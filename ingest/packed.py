"""Decodes the members of an archive in the order of their names, each with its own reader.

Members of one reader are taken for the logs of one instrument: their records follow each other in one stream. A member
whose stream has other variables or attributes than the stream has so far is of another instrument, or another setting
of it, and has a stream of its own.
"""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import xarray as xr

from ingest.archives import Member, is_archive, members, unpack
from ingest.dataset import record_dimension
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


@dataclass
class _Stream:
    """What the pieces of a stream have in common, and the bytes of its members so far."""

    signature: tuple[Any, ...]
    unpacked: int = 0


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
        self._known = [_Known(*one) for one in sorted(found, key=lambda one: (one[0].name, one[0].start))]

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
        streams: dict[str, _Stream] = {}
        for known in self._known:
            member = known.member
            where = f"{self._file}, in it {member.name}"
            drive = Drive(known.found.reader, where, self._calibration, known.found.state, known.found.lead)
            own: dict[str, str] = {}
            for pieces in self._drive(drive, member):
                held = {stream: piece.assign_attrs(self._told(known)) for stream, piece in pieces.items()}
                for stream, piece in held.items():
                    if stream not in own:
                        own[stream] = self._name(known, stream, piece, streams)
                yield {own[stream]: _moved(piece, streams[own[stream]].unpacked) for stream, piece in held.items()}
            assert drive.ledger is not None
            for name in own.values():
                streams[name].unpacked += drive.ledger.bytes_total
            twice = member.name in self._ledgers
            self._ledgers[f"{member.name} at byte {member.start}" if twice else member.name] = drive.ledger

    def _alike(self, known: _Known) -> list[str]:
        """Names of the members of the same reader."""
        return [one.member.name for one in self._known if one.found.reader is known.found.reader]

    def _told(self, known: _Known) -> dict[str, str]:
        """Attributes that say where the records of a member stand."""
        names = self._alike(known)
        if len(names) == 1:
            return {"source_member": names[0]}
        told = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        return {"source_offset_meaning": f"{_COUNTED_ON}: {told}"}

    def _name(self, known: _Known, stream: str, piece: xr.Dataset, streams: dict[str, _Stream]) -> str:
        """The stream that a member's records belong to; a new one where they are unlike those of the others."""
        kinds = {one.found.reader.name for one in self._known}
        common = stream if len(kinds) == 1 else f"{known.found.reader.name}_{stream}"
        signature = _signature(piece)
        if streams.setdefault(common, _Stream(signature)).signature == signature:
            return common
        plain = re.sub(r"[^a-z0-9]+", "_", known.member.name.lower()).strip("_") or "member"
        numbered = chain([plain], (f"{plain}_{number}" for number in count(2)))
        name = next(one for one in (f"{start}_{stream}" for start in numbered) if one not in streams)
        streams[name] = _Stream(signature)
        return name

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
        skipped = sorted(span for span in self._skipped if span.length)
        rejected = sorted(span for known in self._known for span in known.member.rejected)
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


_COUNTED_ON = "byte of the unpacked members of this kind, counted on from one to the next in the order of their names"
_SHOWN = 10  # names of members in an attribute


def _signature(piece: xr.Dataset) -> tuple[Any, ...]:
    """What the pieces of one stream have in common: variables, what does not lie along the records, attributes."""
    dimension = record_dimension(piece)
    held = []
    for name, variable in sorted(piece.variables.items(), key=lambda one: str(one[0])):
        along = variable.dims[:1] == (dimension,)
        fixed = None if along else variable.values.tobytes()
        held.append((name, variable.dims, variable.dtype.str, variable.shape[1:] if along else variable.shape, fixed))
    return tuple(held), tuple(sorted(piece.attrs.items()))


def _moved(piece: xr.Dataset, bytes_before: int) -> xr.Dataset:
    """Records with the members before theirs counted in, so that no two of a stream have one place."""
    if not bytes_before:
        return piece
    offset = piece["source_offset"].variable
    moved = xr.Variable(offset.dims, offset.values + bytes_before, offset.attrs)
    coordinates = {name: moved if name == "source_offset" else one.variable for name, one in piece.coords.items()}
    return xr.Dataset(dict(piece.data_vars.variables), xr.Coordinates(coordinates, indexes={}), piece.attrs)


def _reader_of(readers: list[Reader]) -> Reader:
    """The reader of all members; where they have several, one that names them all."""
    kinds = {reader.name: reader for reader in readers}
    if len(kinds) == 1:
        return readers[0]
    # Any of them with a new version makes the samples of the archive new.
    return replace(readers[0], name="+".join(sorted(kinds)), version=sum(reader.version for reader in kinds.values()))
