"""Files inside gzip and zip archives, read where they lie: nothing is written to disk, memory stays bounded.

Names of members are labels and never become paths, so that no name can point anywhere. Whatever unpacks to more than
`MOST_BYTES`, or more than `MOST_RATIO` times its packed size, is taken for a bomb and refused. Archives inside archives
are not opened.

References
----------
RFC 1951 (deflate: at most 1032 times), RFC 1952 (gzip); PKWARE APPNOTE 6.3.10, 4.3.7 (local header), 4.4.4 (flags).
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import BinaryIO

from ingest.errors import DecodeError, IngestError
from ingest.ledger import Span

GZIP, ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")

MOST_BYTES = 64 * 1024**3
MOST_RATIO = 500
_SMALL = 64 * 1024**2  # a ratio says nothing about less than this
_MOST_MEMBERS = 10_000
_PACKED_AT_ONCE = 64 * 1024
_RAW_DEFLATE, _GZIP_FORMAT = -15, 31
_STORED, _DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
_ENCRYPTED = 0x1
_LOCAL_HEADER = struct.Struct("<4s22xHH")


def is_archive(head: bytes) -> bool:
    """Whether a file starts as a gzip or zip archive does."""
    return head.startswith((GZIP, *ZIP))


@dataclass
class Member:
    """A file inside an archive.

    Attributes
    ----------
    name
        As the archive says it: a label, never a path.
    start, stop
        Its bytes in the archive, from its header to its last.
    data
        First byte of the packed content.
    method
        How it is packed: 0 stored, 8 deflate; -1 for a gzip file, with its own header and trailer.
    checksum
        CRC-32 of the content, where the archive states it apart from the content.
    unreadable
        Why it cannot be read; empty where it can.
    rejected
        Bytes of the archive that could not be unpacked: known once `unpack` ran to its end.
    """

    name: str
    start: int
    stop: int
    data: int
    method: int
    checksum: int | None = None
    unreadable: str = ""
    rejected: list[Span] = field(default_factory=list)


def members(handle: BinaryIO, size: int, name: str) -> list[Member]:
    """List what an archive holds, in the order of its bytes.

    Raises
    ------
    DecodeError
        A zip archive is cut or damaged, so that its list of members cannot be read, or they lie over each other.
    """
    handle.seek(0)
    if handle.read(2) == GZIP:
        inner = name[:-3] if name.lower().endswith(".gz") else name
        return [Member(inner, 0, size, 0, -1)]
    try:
        with zipfile.ZipFile(handle) as archive:
            listed = [info for info in archive.infolist() if not info.is_dir()]
    # zipfile lets these through from damaged lists, beside its own error.
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error, EOFError) as error:
        raise DecodeError(f"a zip archive that is cut or damaged ({error}): pack it again, or unpack it") from error
    if len(listed) > _MOST_MEMBERS:
        raise DecodeError(f"a zip archive of {len(listed)} files, at most {_MOST_MEMBERS} are read: unpack it")
    found = sorted((_zip_member(handle, info, size) for info in listed), key=lambda member: member.start)
    for before, after in pairwise(found):
        if after.start < before.stop:
            raise DecodeError(f"members {before.name!r} and {after.name!r} lie over each other", offset=after.start)
    return found


def _zip_member(handle: BinaryIO, info: zipfile.ZipInfo, size: int) -> Member:
    start = min(max(info.header_offset, 0), size)
    handle.seek(start)
    header = handle.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(ZIP[0]):
        return Member(info.filename, start, start, start, info.compress_type, unreadable="its header is damaged")
    _, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(header)
    data = start + _LOCAL_HEADER.size + name_bytes + extra_bytes
    stop = data + info.compress_size
    member = Member(info.filename, start, min(stop, size), data, info.compress_type, info.CRC)
    if stop > size:
        member.unreadable = "it reaches beyond the end of the archive"
    elif info.flag_bits & _ENCRYPTED:
        member.unreadable = "it is encrypted"
    elif info.compress_type not in (_STORED, _DEFLATED):
        member.unreadable = f"compression method {info.compress_type} is not known here: unpack it"
    return member


def unpack(handle: BinaryIO, member: Member, chunk_bytes: int) -> Iterator[bytes]:
    """Content of a member in chunks of at most `chunk_bytes`; what cannot be unpacked goes into `member.rejected`.

    Raises
    ------
    IngestError
        It unpacks to more than a real file would.
    """
    member.rejected.clear()
    packed, unpacked, checksum = member.stop - member.data, 0, 0
    chunks = _stored if member.method == _STORED else _inflated
    for chunk in chunks(handle, member, chunk_bytes):
        unpacked += len(chunk)
        checksum = zlib.crc32(chunk, checksum)
        if unpacked > MOST_BYTES or (unpacked > _SMALL and unpacked > MOST_RATIO * packed):
            reason = f"{packed} bytes unpack to more than {unpacked - len(chunk)}: a bomb, or unpack it by hand"
            raise IngestError(f"{member.name}: {reason}")
        yield chunk
    if member.checksum is not None and checksum != member.checksum and not member.rejected:
        # Which byte is wrong nobody can tell: the header that states the checksum stands for all.
        reason = f"{member.name}: checksum is 0x{checksum:08x}, the archive says 0x{member.checksum:08x}"
        member.rejected.append(Span(member.start, member.data - member.start, reason))


def _stored(handle: BinaryIO, member: Member, chunk_bytes: int) -> Iterator[bytes]:
    at = member.data
    while at < member.stop:
        handle.seek(at)
        chunk = handle.read(min(chunk_bytes, member.stop - at))
        at += len(chunk)
        yield chunk


def _inflated(handle: BinaryIO, member: Member, chunk_bytes: int) -> Iterator[bytes]:
    window = _GZIP_FORMAT if member.method == -1 else _RAW_DEFLATE
    inflater = zlib.decompressobj(window)
    at = member.data
    while at < member.stop:
        handle.seek(at)
        packed = handle.read(min(_PACKED_AT_ONCE, member.stop - at))
        before, first = inflater.copy(), at
        try:
            while packed and not inflater.eof:
                chunk = inflater.decompress(packed, chunk_bytes)
                at += len(packed) - len(inflater.unconsumed_tail) - len(inflater.unused_data)
                packed = inflater.unconsumed_tail
                before, first = (inflater.copy(), at) if chunk else (before, first)
                if chunk:
                    yield chunk
        except zlib.error as error:
            # The bytes before the damaged one still unpack, one after the other.
            handle.seek(first)
            saved, good = _up_to_damage(before, handle.read(min(_PACKED_AT_ONCE, member.stop - first)))
            if saved:
                yield saved
            member.rejected.append(Span(first + good, member.stop - first - good, f"{member.name}: {_plain(error)}"))
            return
        if inflater.eof:
            if not _another_stream(handle, member, at):
                return
            inflater = zlib.decompressobj(window)
    yield from _rest(inflater, chunk_bytes)
    if not inflater.eof and member.stop > member.data:
        member.rejected.append(Span(member.stop - 1, 1, f"{member.name}: cut off by the end of the archive"))


def _rest(inflater: "zlib._Decompress", chunk_bytes: int) -> Iterator[bytes]:
    while chunk := inflater.decompress(inflater.unconsumed_tail, chunk_bytes):
        yield chunk


def _up_to_damage(inflater: "zlib._Decompress", packed: bytes) -> tuple[bytes, int]:
    saved = []
    for place in range(len(packed)):
        try:
            saved.append(inflater.decompress(packed[place : place + 1]))
        except zlib.error:
            return b"".join(saved), place
    return b"".join(saved), len(packed)


def _another_stream(handle: BinaryIO, member: Member, at: int) -> bool:
    """Whether a further gzip stream follows; other bytes behind the last one are no part of the file."""
    handle.seek(at)
    if at == member.stop:
        return False
    if member.method == -1 and handle.read(2) == GZIP:
        return True
    member.rejected.append(Span(at, member.stop - at, f"{member.name}: bytes after the end of the packed file"))
    return False


def _plain(error: zlib.error) -> str:
    return f"damaged, {str(error).rpartition(': ')[2]}"
