"""Mends the checksums of binary records, so that made-up bytes reach what lies behind them.

A fuzzer hardly ever guesses a checksum. Each function takes any bytes and returns as many, with the right checksum on
every stretch that has the form of a record.
"""

import struct
from collections.abc import Callable, Mapping

import numpy as np

from tests.ingest import ad2cp_bytes


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


REPAIRS: Mapping[str, Callable[[bytearray], bytearray]] = {
    "rdi_pd0": pd0,
    "nortek_classic": nortek_classic,
    "nortek_ad2cp": nortek_ad2cp,
}
"""By reader."""
