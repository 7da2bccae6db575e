"""What became of every byte of a file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Span(NamedTuple):
    """A run of bytes of a file that gave no sample, and why."""

    offset: int
    length: int
    reason: str


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
    skipped: tuple[Span, ...] = ()
    rejected: tuple[Span, ...] = ()
    expected_records: int | None = None
    members: Mapping[str, "Ledger"] = field(default_factory=dict)

    @property
    def bytes_skipped(self) -> int:
        """Bytes of known noise."""
        return sum(span.length for span in self.skipped)

    @property
    def bytes_rejected(self) -> int:
        """Bytes of damage."""
        return sum(span.length for span in self.rejected)

    @property
    def adds_up(self) -> bool:
        """Whether every byte of the file, and of each member of an archive, is in the account exactly once."""
        counted = self.bytes_accepted + self.bytes_skipped + self.bytes_rejected
        return counted == self.bytes_total and all(member.adds_up for member in self.members.values())


@dataclass
class LedgerBuilder:
    """Collects spans block by block; neighbours with one reason become one span, for any block size."""

    bytes_accepted: int = 0
    skipped: list[Span] = field(default_factory=list)
    rejected: list[Span] = field(default_factory=list)

    def add(self, accepted: int, skipped: Iterable[Span], rejected: Iterable[Span]) -> None:
        """Enter one block's account."""
        self.bytes_accepted += accepted
        _append(self.skipped, skipped)
        _append(self.rejected, rejected)

    def build(self, bytes_total: int, expected_records: int | None) -> Ledger:
        """Close the account."""
        return Ledger(bytes_total, self.bytes_accepted, tuple(self.skipped), tuple(self.rejected), expected_records)


def _append(spans: list[Span], new: Iterable[Span]) -> None:
    for span in new:
        if spans and spans[-1].reason == span.reason and spans[-1].offset + spans[-1].length == span.offset:
            spans[-1] = spans[-1]._replace(length=spans[-1].length + span.length)
        elif span.length:
            spans.append(span)
