"""What a raw file holds, in numbers that fit on a page: computed block by block, the same for any block size."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.dataset import record_dimension
from ingest.decode import BLOCK_BYTES, BlockDecoder
from ingest.ledger import Ledger
from ingest.reader import Calibration

Values = NDArray[Any]
Number = int | float | None


def inspect(
    file: str | Path, *, calibration: Calibration | None = None, block_bytes: int = BLOCK_BYTES
) -> dict[str, Any]:
    """Say what a raw file holds, and what became of every byte of it.

    Parameters
    ----------
    file
        Path of the raw file.
    calibration
        Coefficients by sensor and name; they replace those in the file.
    block_bytes
        Bytes read at a time; the result does not depend on it.

    Returns
    -------
    dict
        What `lander inspect --json` prints: plain numbers, text and None, ready for strict JSON. Times are ISO 8601
        UTC of the instrument's own clock. `first3` and `last3` run through arrays in C order; means are exact sums
        rounded once.

    Raises
    ------
    IngestError
        As for `ingest.decode`.
    """
    return look(file, calibration=calibration, block_bytes=block_bytes)[0]


def look(
    file: str | Path, *, calibration: Calibration | None = None, block_bytes: int = BLOCK_BYTES
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What `inspect` gives, and the attributes of each stream, such as the instrument's model."""
    streams: dict[str, _Stream] = {}
    with BlockDecoder(file, calibration=calibration, block_bytes=block_bytes) as decoder:
        for pieces in decoder:
            for name, piece in pieces.items():
                streams.setdefault(name, _Stream()).add(piece)
    report = {
        "file": str(file),
        "bytes": decoder.ledger.bytes_total,
        "sha256": decoder.sha256,
        "reader": decoder.reader.name,
        "streams": {name: streams[name].report() for name in sorted(streams)},
        "ledger": _report_ledger(decoder.ledger),
    }
    return report, {name: dict(one.attributes) for name, one in streams.items()}


def _report_ledger(ledger: Ledger) -> dict[str, Any]:
    members = {name: _report_ledger(member) for name, member in ledger.members.items()}
    report = {
        "bytes_accepted": ledger.bytes_accepted,
        "bytes_skipped": ledger.bytes_skipped,
        "bytes_rejected": ledger.bytes_rejected,
        "rejected": [
            {"offset": span.offset, "bytes": span.length, "reason": span.reason} for span in ledger.rejected
        ],
        "expected_records": ledger.expected_records,
    }
    return {**report, "members": members} if members else report


class ExactSum:
    """A sum of float64 values without any rounding, so that it does not depend on how they are grouped.

    A float64 is an integer of 53 bits times a power of two. The integers are summed as integers for each power, in two
    halves of which as many as a block can hold fit a float64 without rounding.
    """

    def __init__(self) -> None:
        self._by_exponent: dict[int, int] = {}

    def add(self, values: NDArray[np.float64]) -> None:
        """Add finite values, shape (n,), n below 2^26."""
        if not values.size:
            return
        mantissa, exponent = np.frexp(values)
        whole = (mantissa * 2.0**53).astype(np.int64)
        high = whole >> 27
        low = whole - (high << 27)
        lowest = int(exponent.min())
        place = exponent - lowest
        highs = np.bincount(place, weights=high)
        lows = np.bincount(place, weights=low)
        for step in np.flatnonzero(np.bincount(place)).tolist():
            amount = (int(highs[step]) << 27) + int(lows[step])
            self._by_exponent[lowest + step] = self._by_exponent.get(lowest + step, 0) + amount

    def mean(self, count: int) -> float:
        """The mean of `count` values, rounded once."""
        lowest = min(self._by_exponent)
        total = sum(amount << (exponent - lowest) for exponent, amount in self._by_exponent.items())
        return float(Fraction(total, count) * Fraction(2) ** (lowest - 53))


@dataclass
class _Variable:
    """Running summary of one variable."""

    units: str
    dtype: str
    further: tuple[int, ...]
    n_finite: int = 0
    low: Number = None
    high: Number = None
    total: ExactSum = field(default_factory=ExactSum)
    first: list[Number] = field(default_factory=list)
    last: list[Number] = field(default_factory=list)

    def add(self, values: Values) -> None:
        flat = values.reshape(-1)
        if len(self.first) < 3:
            self.first += _numbers(flat[: 3 - len(self.first)])
        self.last = (self.last + _numbers(flat[-3:]))[-3:]
        finite = flat[np.isfinite(flat)] if flat.dtype.kind == "f" else flat
        if not finite.size:
            return
        self.n_finite += finite.size
        low, high = finite.min().item(), finite.max().item()
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)
        self.total.add(finite.astype(np.float64))

    def report(self, records: int) -> dict[str, Any]:
        return {
            "units": self.units,
            "dtype": self.dtype,
            "shape": [records, *self.further],
            "n_finite": self.n_finite,
            "min": self.low,
            "max": self.high,
            "mean": self.total.mean(self.n_finite) if self.n_finite else None,
            "first3": self.first,
            "last3": self.last,
        }


@dataclass
class _Stream:
    """Running summary of one stream."""

    records: int = 0
    time_first: str | None = None
    time_last: str | None = None
    variables: dict[str, _Variable] = field(default_factory=dict)
    attributes: dict[Any, Any] = field(default_factory=dict)

    def add(self, piece: xr.Dataset) -> None:
        self.attributes |= piece.attrs
        count = piece.sizes[record_dimension(piece)]
        self.records += count
        if "time" in piece.coords and count:
            times = piece.coords["time"].values
            self.time_first = self.time_first or _iso(times[0])
            self.time_last = _iso(times[-1])
        for name, array in piece.data_vars.items():
            values = array.values
            fresh = _Variable(str(array.attrs.get("units", "1")), str(values.dtype), values.shape[1:])
            self.variables.setdefault(str(name), fresh).add(values)

    def report(self) -> dict[str, Any]:
        return {
            "records": self.records,
            "time_first": self.time_first,
            "time_last": self.time_last,
            "variables": {name: variable.report(self.records) for name, variable in self.variables.items()},
        }


def _numbers(values: Values) -> list[Number]:
    """Plain numbers; None where a value is not finite, which strict JSON cannot hold."""
    return [value if np.isfinite(value) else None for value in values.tolist()]


def _iso(time: np.datetime64) -> str:
    """ISO 8601 UTC: milliseconds, or microseconds where the time has them."""
    text = np.datetime_as_string(time, unit="us")
    return (text[:-3] if text.endswith("000") else text) + "Z"
