"""Headers of SPC files, new (0x4B, big-endian 0x4C) and old (0x4D), and what they say about the spectra.

References
----------
Thermo Galactic, "A Brief Guide to SPC File Format" and the declarations of SPC.H: main header, subfile header, log.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ingest import pages
from ingest.binary.matrices import bytes_of
from ingest.compiled import compiled
from ingest.text import Block, Bytes

NEW, BIG, OLD = 0x4B, 0x4C, 0x4D
SHORT, MULTIFILE, OWN_X, X_ARRAY = 0x01, 0x04, 0x40, 0x80
FLOAT = -128
"""Exponent that says that y are IEEE floats."""

_NEW_FIELDS = [
    ("flags", "u1"), ("version", "u1"), ("technique", "u1"), ("exponent", "i1"), ("points", "u4"), ("first", "f8"),
    ("last", "f8"), ("subfiles", "u4"), ("x_type", "u1"), ("y_type", "u1"), ("z_type", "u1"), ("posting", "u1"),
    ("date", "u4"), ("resolution", "S9"), ("source", "S9"), ("peak", "u2"), ("spare", "f4", 8), ("comment", "S130"),
    ("labels", "S30"), ("log_offset", "u4"), ("modifications", "u4"), ("rest", "V256"),
]  # fmt: skip
_OLD_FIELDS = [
    ("flags", "u1"), ("version", "u1"), ("exponent", "i2"), ("points", "f4"), ("first", "f4"), ("last", "f4"),
    ("x_type", "u1"), ("y_type", "u1"), ("year", "u2"), ("month", "u1"), ("day", "u1"), ("hour", "u1"),
    ("minute", "u1"), ("resolution", "S8"), ("peak", "u2"), ("scans", "u2"), ("spare", "f4", 7), ("comment", "S130"),
    ("labels", "S30"),
]  # fmt: skip
_SUBFILE_FIELDS = [
    ("flags", "u1"), ("exponent", "i1"), ("index", "u2"), ("z", "f4"), ("z_next", "f4"), ("noise", "f4"),
    ("points", "u4"), ("scans", "u4"), ("w", "f4"), ("reserved", "V4"),
]  # fmt: skip
SUBFILE_BYTES = 32
HEADER_BYTES = {NEW: 512, BIG: 512, OLD: 224}

AXES: Mapping[int, tuple[str, str]] = {
    13: ("raman_shift", "cm-1"),
    1: ("wavenumber", "cm-1"),
    2: ("wavelength", "um"),
    3: ("wavelength", "nm"),
}
"""Name and unit of the x axis by its type; others are arbitrary."""


@dataclass(frozen=True)
class Header:
    """What the main header says.

    `subfiles` is None where only the end of the file tells how many there are; `date` holds year, month, day, hour and
    minute as they stand there; `order` is the byte order of NumPy.
    """

    version: int
    flags: int
    exponent: int
    points: int
    first: float
    last: float
    subfiles: int | None
    x_type: int
    z_type: int
    date: tuple[int, int, int, int, int]
    comment: str
    log_offset: int = 0
    order: Literal["<", ">"] = "<"

    @property
    def own_x(self) -> bool:
        """Whether each subfile has its own x and its own number of points."""
        return self.version != OLD and bool(self.flags & OWN_X)

    @property
    def x_bytes(self) -> int:
        """Bytes of the x array behind the header."""
        return 4 * self.points if self.version != OLD and self.flags & X_ARRAY and not self.own_x else 0

    def subfile_dtype(self, points: int) -> np.dtype[np.void]:
        """Layout of a subfile: header, x where it has its own, y as they are stored."""
        short = bool(self.flags & SHORT)
        own = [("x", "f4", points)] if self.own_x else []
        layout = [*_SUBFILE_FIELDS, *own, ("y", "i2" if short else "i4", points)]
        return np.dtype(layout).newbyteorder(self.order)

    def x(self, stored: bytes) -> NDArray[np.float64]:
        """The x axis that all subfiles share, shape (points,): stored, or evenly spaced."""
        if stored:
            return finite(np.frombuffer(stored, dtype=f"{self.order}f4"))
        return np.linspace(self.first, self.last, self.points)


def read_header(block: Block) -> Header | None:
    """Read the main header; None where the bytes cannot be one, or are too few."""
    if len(block) < 2 or block[1] not in HEADER_BYTES or len(block) < HEADER_BYTES[block[1]]:
        return None
    header = _read_old(block) if block[1] == OLD else _read_new(block)
    return header if header is not None and _is_plausible(header) else None


def _read_new(block: Block) -> Header:
    order: Literal["<", ">"] = ">" if block[1] == BIG else "<"
    raw = np.frombuffer(block, dtype=np.dtype(_NEW_FIELDS).newbyteorder(order), count=1)[0]
    packed = int(raw["date"])
    date = (packed >> 20, packed >> 16 & 15, packed >> 11 & 31, packed >> 6 & 31, packed & 63)
    first, last = float(raw["first"]), float(raw["last"])
    subfiles = int(raw["subfiles"]) if raw["flags"] & MULTIFILE else 1
    kinds = int(raw["x_type"]), int(raw["z_type"])
    return Header(
        block[1], int(raw["flags"]), int(raw["exponent"]), int(raw["points"]), first, last, subfiles, *kinds, date,
        _text(raw["comment"]), int(raw["log_offset"]), order,
    )  # fmt: skip


def _read_old(block: Block) -> Header | None:
    raw = np.frombuffer(block, dtype=np.dtype(_OLD_FIELDS).newbyteorder("<"), count=1)[0]
    points = float(raw["points"])
    if not (math.isfinite(points) and points == int(points)):
        return None
    date = (int(raw["year"]) & 0xFFF, int(raw["month"]), int(raw["day"]), int(raw["hour"]), int(raw["minute"]))
    subfiles = None if raw["flags"] & MULTIFILE else 1
    return Header(
        OLD, int(raw["flags"]), int(raw["exponent"]), int(points), float(raw["first"]), float(raw["last"]), subfiles,
        int(raw["x_type"]), 0, date, _text(raw["comment"]),
    )  # fmt: skip


def _text(raw: bytes) -> str:
    return bytes(raw).split(b"\x00")[0].decode("latin-1").strip()


_MOST_POINTS, _LARGEST_X = 50_000_000, 1e9


def _is_plausible(header: Header) -> bool:
    """Whether numbers are such as a spectrum can have; a file has no magic beyond its second byte."""
    ends = (header.first, header.last)
    small = all(math.isfinite(one) and abs(one) < _LARGEST_X and (one == 0 or abs(one) > 1e-12) for one in ends)
    subfiles = header.subfiles is None or 1 <= header.subfiles < 1_000_000
    kind = header.x_type <= 30 or header.x_type == 255
    exponent = -128 <= header.exponent <= 127
    counted = header.own_x or 1 <= header.points <= _MOST_POINTS
    month, day, hour, minute = header.date[1:]
    dated = month <= 12 and day <= 31 and hour < 24 and minute < 60
    return small and subfiles and kind and exponent and counted and dated


def read_log(log: bytes, order: str) -> dict[str, str]:
    """Read `NAME=value` lines of the log block; it starts with its sizes, one of which says where its text begins."""
    if len(log) < 16:
        return {}
    start = int(np.frombuffer(log, dtype=f"{order}u4", count=3)[2])
    text = log[start:].split(b"\x00")[0].decode("latin-1") if 16 <= start < len(log) else ""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {pair[0].strip(): pair[1].strip() for pair in pairs if pair[0].strip()}


def unscale(y: NDArray[np.generic], exponent: NDArray[np.int64], header: Header) -> NDArray[np.float64]:
    """Stored y to values.

    Parameters
    ----------
    y : integers of 16 or 32 bits, shape (n, points)
        As they stand in the file, in the byte order of the machine.
    exponent : integers, shape (n,)
        Of each subfile: -128 says that y are IEEE floats, else they are fractions of 2^exponent.
    """
    bits = 16 if header.flags & SHORT else 32
    if header.version == OLD and bits == 32:
        # The two 16-bit halves of a number stand in the order of the PDP-11.
        halves = np.ascontiguousarray(y).view(np.uint16).reshape(*y.shape, 2)
        y = (halves[..., 0].astype(np.uint32) << 16 | halves[..., 1]).view(np.int32)
    power = exponent - bits
    exact = bool((np.abs(power) < _EXACT).all())
    if exact:
        values: NDArray[np.float64] = pages.empty(y.shape, np.float64)
        if values.size:
            # A type of its own for each byte order, which the kernel does not know.
            span, stride = bytes_of(y.astype(y.dtype.newbyteorder("<"), copy=False), y.shape[1] * y.dtype.itemsize)
            _times(span, stride, bits // 8, np.ldexp(1.0, power), values)
    else:
        with np.errstate(over="ignore"):
            values = np.ldexp(y.astype(np.float64), power[:, None])
    floating = exponent == FLOAT
    if floating.any() and bits == 32:
        values[floating] = finite(np.ascontiguousarray(y[floating]).view(np.float32))
    if floating.any() or not exact:
        values[~np.isfinite(values)] = np.nan
    return values


def finite(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Floats of the file, which may be any bits; NaN for those that are no finite number."""
    with np.errstate(invalid="ignore"):  # a cast of signalling NaN
        return np.where(np.isfinite(values), values, np.nan).astype(np.float64)


@compiled
def _times(span: Bytes, stride: int, width: int, factors: NDArray[np.float64], values: NDArray[np.float64]) -> None:
    """Fill `values`, shape (n, points), from integers of 2 or 4 bytes, times the factor of their row."""
    rows, points = values.shape
    for row in range(rows):
        held, factor = span[row * stride : row * stride + width * points], factors[row]
        if width == 2:
            for place in range(points):
                values[row, place] = np.int16(held[2 * place] | held[2 * place + 1] << 8) * factor
        else:
            for place in range(points):
                low = np.uint32(held[4 * place] | held[4 * place + 1] << 8)
                high = np.uint32(held[4 * place + 2] | held[4 * place + 3] << 8)
                values[row, place] = np.int32(low | high << np.uint32(16)) * factor


_EXACT = 900
"""Powers of two below which an integer of 32 bits times 2^power is exact: a product, faster than ldexp."""
