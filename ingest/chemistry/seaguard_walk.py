"""Records of Aanderaa's XML whose tags were seen before: found and read by a compiled walk, many at a time.

Records of one instrument have the same tags, byte for byte, and differ in their texts only. Where one was read by an
XML parser (`ingest.chemistry.seaguard_record`), others are compared with its tags as they stand in the block, and
their texts read as columns. Whatever is another way, in tags or in a text, is left to the parser, record by record.
Both give the same: texts hold no `<`, so that all that matters between two tags of a known form lies in the tags.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.chemistry.seaguard_record import Form
from ingest.text import Bytes, Places

_MOST_FORMS = 16
"""Kept at a time: each is compared with every record that is of none of them."""


class Walk(NamedTuple):
    """Records of known forms that follow one another, each with what lies before it.

    Attributes
    ----------
    before, start, stop : shape (n,)
        First byte of what lies before the record, its own, and the byte after its last.
    form : shape (n,)
        Number among the forms; -1 where a text needs the slow way.
    time, number : shape (n,)
        Microseconds since 1970, UTC, and number of the record.
    first : shape (n,)
        Its first value.
    value
        Values of all records.
    at
        Where something else comes.
    """

    before: Places
    start: Places
    stop: Places
    form: Places
    time: Places
    number: Places
    first: Places
    value: NDArray[np.float64]
    at: int

    @classmethod
    def nothing(cls, at: int) -> "Walk":
        """Give one that did not get on."""
        none = np.empty(0, dtype=np.int64)
        return cls(none, none, none, none, none, none, none, np.empty(0), at)

    def values(self, rows: Places, count: int) -> NDArray[np.float64]:
        """Values of some records of one form, shape (len(rows), count)."""
        found: NDArray[np.float64] = self.value[self.first[rows, None] + np.arange(count)]
        return found


@dataclass(frozen=True)
class Known:
    """Forms by their tags, joined as `seaguard_record.split` does."""

    forms: Mapping[bytes, Form] = field(default_factory=dict)

    def with_form(self, tags: bytes, form: Form) -> "Known":
        """Add one; all as they were where there are enough."""
        return self if len(self.forms) >= _MOST_FORMS else Known({**self.forms, tags: form})

    def walk(self, buffer: Bytes, at: int, longest: int) -> Walk:
        """Go along records of these forms as far as nothing else comes."""
        from ingest.compiled import sealed
        from ingest.textual.xml_kernels import walk_records

        if not self.forms:
            return Walk.nothing(at)
        marks, value, upto = walk_records(sealed(buffer), at, longest, self.laid_out)
        before, start, stop, form, time, number, first = marks
        return Walk(before, start, stop, form, time, number, first, value, int(upto))

    @cached_property
    def laid_out(self) -> tuple[Bytes, Places, Places, Places, Places]:
        """The forms as `xml_kernels.walk_records` takes them."""
        from ingest.compiled import sealed
        from ingest.textual.xml_kernels import NUMBER, TIME, VALUES

        pieces: list[bytes] = []
        roles: list[int] = []
        first = [0]
        for tags, form in self.forms.items():
            own = tags.split(b">\x00<")
            told = dict.fromkeys(range(len(own)), -1)
            told |= {point.place: VALUES + number for number, point in enumerate(form.points)}
            told |= {form.time: TIME} | ({form.number: NUMBER} if form.number >= 0 else {})
            pieces += own
            roles += told.values()
            first.append(len(pieces))
        counts = [len(form.points) * (1 if form.number >= 0 else -1) for form in self.forms.values()]
        text = sealed(np.frombuffer(b"".join(pieces), dtype=np.uint8))
        return text, np.cumsum([0, *map(len, pieces)]), np.array(roles), np.array(first), np.array(counts)


def join(walks: Sequence[Walk]) -> Walk:
    """One walk in place of several, in order."""
    behind = np.cumsum([0, *(walk.value.size for walk in walks[:-1])])
    shifted = [walk._replace(first=walk.first + shift) for walk, shift in zip(walks, behind, strict=True)]
    before, start, stop, form, time, number, first, value = (
        np.concatenate([walk[place] for walk in shifted]) for place in range(8)
    )
    return Walk(before, start, stop, form, time, number, first, value, walks[-1].at)
