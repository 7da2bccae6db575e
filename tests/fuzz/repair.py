"""Mends the checksums of binary records, so that made-up bytes reach what lies behind them.

A fuzzer hardly ever guesses a checksum. Each function takes any bytes and returns as many, with the right checksum on
every stretch that has the form of a record.
"""

import struct
import zlib
from collections.abc import Callable, Mapping

import numpy as np

from tests.ingest.made import ad2cp_bytes


def pd0(content: bytearray) -> bytearray:
    """RDI: `7f 7f`, length without checksum, ..., sum of the bytes before."""
    at = content.find(b"\x7f\x7f")
    while at >= 0 and at + 4 <= len(content):
        end = at + struct.unpack_from("<H", content, at + 2)[0]
        if end + 2 <= len(content):
            struct.pack_into("<H", content, end, sum(content[at:end]) & 0xFFFF)
        at = content.find(b"\x7f\x7f", max(end, at + 2))
    return content


_SAMPLE, _SAMPLE_BYTES = 0x10, 24  # a Vector's velocity samples carry no size


def nortek_classic(content: bytearray) -> bytearray:
    """Nortek before AD2CP: `a5`, kind, size in words, ..., sum of the words before from 0xb58c on."""
    at = content.find(0xA5)
    while 0 <= at <= len(content) - 6:
        words = struct.unpack_from("<H", content, at + 2)[0]
        size = _SAMPLE_BYTES if content[at + 1] == _SAMPLE else 2 * words
        if 6 <= size <= len(content) - at:
            total = 0xB58C + int(np.frombuffer(content[at : at + size - 2], "<u2").astype(np.int64).sum())
            struct.pack_into("<H", content, at + size - 2, total & 0xFFFF)
        else:
            size = 1
        at = content.find(0xA5, at + size)
    return content


def nortek_ad2cp(content: bytearray) -> bytearray:
    """Nortek Signature: a header with its own checksum and that of the data behind it."""
    at = content.find(0xA5)
    while 0 <= at <= len(content) - 12:
        header, size = content[at + 1], 0
        if header in (10, 12):
            size = struct.unpack_from("<I" if header == 12 else "<H", content, at + 4)[0]
            data = bytes(content[at + header : at + header + size])
            struct.pack_into("<H", content, at + header - 4, ad2cp_bytes.checksum(data))
            struct.pack_into("<H", content, at + header - 2, ad2cp_bytes.checksum(bytes(content[at : at + header - 2])))
        at = content.find(0xA5, at + max(header + size if size else 1, 1))
    return content


_MAT_HEADER, _COMPRESSED = 128, 15
_STORED_LAST = 1  # first byte of a deflate block that is stored as it is, and the last


def rbr_ruskin_mat(content: bytearray) -> bytearray:
    """MATLAB: a compressed element, which zlib ends with the Adler-32 of what it unpacks to.

    A stored block, whose bytes a fuzzer changes without breaking their packing, is given its length too.
    """
    order = ">" if content[126:128] == b"MI" else "<"
    first = _MAT_HEADER + 8
    if len(content) < first + 11 or struct.unpack_from(order + "I", content, _MAT_HEADER)[0] != _COMPRESSED:
        return content
    if content[first + 2] == _STORED_LAST:
        stored = min(len(content) - first - 11, 0xFFFF)
        struct.pack_into("<HH", content, first + 3, stored, stored ^ 0xFFFF)
        struct.pack_into(order + "I", content, _MAT_HEADER + 4, stored + 11)
    inflater = zlib.decompressobj(wbits=-15)
    try:
        unpacked = inflater.decompress(bytes(content[first + 2 :]), _MOST_UNPACKED)
    except zlib.error:
        return content
    end = len(content) - len(inflater.unused_data)
    if inflater.eof and end + 4 <= len(content):
        struct.pack_into(">I", content, end, zlib.adler32(unpacked))
    return content


_MOST_UNPACKED = 1024 * 1024

REPAIRS: Mapping[str, Callable[[bytearray], bytearray]] = {
    "rdi_pd0": pd0,
    "nortek_classic": nortek_classic,
    "nortek_ad2cp": nortek_ad2cp,
    "rbr_ruskin_mat": rbr_ruskin_mat,
}
"""By reader."""
