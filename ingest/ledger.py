"""What became of every byte of a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray


class Span(NamedTuple):
    """A run of bytes of a file that gave no sample, and why."""

    offset: int
    length: int
    reason: str


@dataclass(frozen=True, eq=False, repr=False)
class Spans(Sequence[Span]):
    """Many spans, held as arrays, for those who take them one by one a tuple of `Span`.

    A modem's dialogue between the lines of a SeapHOx is a span for each record: 170,000 of them in 20 MB, which as
    tuples took 250 of 500 ms.

    Attributes
    ----------
    offset, length : ndarray of int64, shape (n,)
        First byte and bytes of each.
    code : ndarray of int64, shape (n,)
        Number of its reason.
    reasons
        All that occur, each once, and maybe more.
    """

    offset: NDArray[np.int64]
    length: NDArray[np.int64]
    code: NDArray[np.int64]
    reasons: tuple[str, ...]

    @classmethod
    def of(cls, spans: Sequence[Span]) -> "Spans":
        """Spans as they come, in arrays."""
        if isinstance(spans, Spans):
            return spans
        if not spans:
            return NO_SPANS
        numbers: dict[str, int] = {}
        rows = [(start, size, numbers.setdefault(reason, len(numbers))) for start, size, reason in spans]
        offset, length, code = np.array(rows, dtype=np.int64).T
        return cls(offset, length, code, tuple(numbers))

    @classmethod
    def joined(cls, parts: Sequence["Spans"]) -> "Spans":
        """All spans of the parts, one part after the other."""
        parts = [part for part in parts if len(part)]
        if len(parts) < 2:
            return parts[0] if parts else NO_SPANS
        numbers: dict[str, int] = {}
        code = []
        for part in parts:
            new = np.array([numbers.setdefault(reason, len(numbers)) for reason in part.reasons], dtype=np.int64)
            code.append(new[part.code])
        offset, length = [part.offset for part in parts], [part.length for part in parts]
        return cls(np.concatenate(offset), np.concatenate(length), np.concatenate(code), tuple(numbers))

    @property
    def total(self) -> int:
        """Bytes of all."""
        return int(self.length.sum())

    def in_order(self) -> "Spans":
        """The same by their first byte."""
        order = np.argsort(self.offset, kind="stable")
        return Spans(self.offset[order], self.length[order], self.code[order], self.reasons)

    def merged(self) -> "Spans":
        """The same with neighbours of one reason as one span, and without those of no bytes."""
        some = np.flatnonzero(self.length)
        offset, length, code = self.offset[some], self.length[some], self.code[some]
        apart = (code[1:] != code[:-1]) | (offset[1:] != offset[:-1] + length[:-1])
        first = np.flatnonzero(np.append(True, apart)[: some.size])
        if first.size:
            length = np.add.reduceat(length, first)
        return Spans(offset[first], length, code[first], self.reasons)

    def __len__(self) -> int:
        return self.offset.size

    @overload
    def __getitem__(self, index: int) -> Span: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Span, ...]: ...
    def __getitem__(self, index: int | slice) -> Span | tuple[Span, ...]:
        if isinstance(index, slice):
            parts = (part[index].tolist() for part in (self.offset, self.length, self.code))
            return tuple(Span(start, size, self.reasons[number]) for start, size, number in zip(*parts, strict=True))
        return Span(int(self.offset[index]), int(self.length[index]), self.reasons[int(self.code[index])])

    def __iter__(self) -> Iterator[Span]:
        return iter(self[:])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and self[:] == tuple(other)

    def __hash__(self) -> int:
        return hash(self[:])

    def __repr__(self) -> str:
        return repr(self[:])


_NONE = np.empty(0, dtype=np.int64)
NO_SPANS = Spans(_NONE, _NONE, _NONE, ())


@dataclass(frozen=True)
class Ledger:
    """The account of a file: accepted + skipped + rejected = total.

    Attributes
    ----------
    bytes_total
        Size of the file.
    bytes_accepted
        Bytes of records that became samples, and of the header that describes them.
    skipped
        Known noise (logger messages, power-on noise, packets of another kind), as spans in file order.
    rejected
        Damage: what looked like data and was not, as spans in file order.
    expected_records
        What the file's own header says it holds, where it says so.
    members
        Of an archive: the account of each unpacked member of a known format, with offsets in that member.
    """

    bytes_total: int
    bytes_accepted: int
    skipped: Sequence[Span] = ()
    rejected: Sequence[Span] = ()
    expected_records: int | None = None
    members: Mapping[str, "Ledger"] = field(default_factory=dict)

    @property
    def bytes_skipped(self) -> int:
        """Bytes of known noise."""
        return Spans.of(self.skipped).total

    @property
    def bytes_rejected(self) -> int:
        """Bytes of damage."""
        return Spans.of(self.rejected).total

    @property
    def adds_up(self) -> bool:
        """Whether every byte of the file, and of each member of an archive, is in the account exactly once."""
        counted = self.bytes_accepted + self.bytes_skipped + self.bytes_rejected
        return counted == self.bytes_total and all(member.adds_up for member in self.members.values())


class LedgerBuilder:
    """Collects spans block by block; neighbours with one reason become one span, for any block size."""

    def __init__(self) -> None:
        self.bytes_accepted = 0
        self._skipped = _Collected()
        self._rejected = _Collected()

    def add(self, accepted: int, skipped: Sequence[Span], rejected: Sequence[Span]) -> None:
        """Enter one block's account."""
        self.bytes_accepted += accepted
        self._skipped.add(skipped)
        self._rejected.add(rejected)

    def build(self, bytes_total: int, expected_records: int | None) -> Ledger:
        """Close the account."""
        return Ledger(bytes_total, self.bytes_accepted, self._skipped.all(), self._rejected.all(), expected_records)


_MANY = 1000


class _Collected:
    """Spans in file order: many of a block as they come, few behind those of the block before."""

    def __init__(self) -> None:
        self._parts: list[Spans] = []
        self._last: list[Span] = []

    def add(self, new: Sequence[Span]) -> None:
        if len(new) >= _MANY:
            self._parts += [Spans.of(self._last), Spans.of(new)]
            self._last = []
            return
        for span in new:
            last = self._last[-1] if self._last else None
            if last and last.reason == span.reason and last.offset + last.length == span.offset:
                self._last[-1] = last._replace(length=last.length + span.length)
            elif span.length:
                self._last.append(span)

    def all(self) -> Spans:
        return Spans.joined([*self._parts, Spans.of(self._last)]).merged()
