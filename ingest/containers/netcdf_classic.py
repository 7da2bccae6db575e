"""How long a classic NetCDF file has to be, and whether its header can be walked.

The library reads zeros behind the end of a file that was cut, and believes every count of a damaged header: 4.9 takes
all memory there is for 1,692 bytes with a text of length -1.

References
----------
Unidata, NetCDF Users Guide: the NetCDF classic format specification (CDF-1, CDF-2, CDF-5).
"""

import struct

_ABSENT, _DIMENSIONS, _VARIABLES, _ATTRIBUTES = 0, 10, 11, 12
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}


class _Header:
    """On the way through a header; raises `struct.error` or `KeyError` where it is damaged."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 4
        self._long_counts, self._long_offsets = content[3] == 5, content[3] in (2, 5)

    def number(self, *, wide: bool) -> int:
        found: int = struct.unpack_from(">q" if wide else ">i", self._content, self._at)[0]
        self._at += 8 if wide else 4
        return found

    def records(self) -> int:
        """Length of the dimension that grows; 0 for -1, which a file has that is written as a stream."""
        return max(0, self.number(wide=self._long_counts))

    def count(self) -> int:
        found = self.number(wide=self._long_counts)
        if found < 0:
            raise struct.error("negative count")
        return found

    def listed(self, tag: int) -> int:
        """Length of a list, after its tag."""
        stated = self.number(wide=False)
        found = self.count()
        if found > len(self._content) or stated not in ((tag,) if found else (tag, _ABSENT)):
            raise struct.error("no such list, or longer than the file")
        return found

    def text(self) -> None:
        self.skip(self.count())

    def skip(self, length: int) -> None:
        self._at += (length + 3) // 4 * 4
        if self._at > len(self._content):
            raise struct.error("text or attribute longer than the file")

    def attributes(self) -> None:
        for _ in range(self.listed(_ATTRIBUTES)):
            self.text()
            size = _TYPE_BYTES[self.number(wide=False)]
            self.skip(size * self.count())

    def lengths(self) -> list[int]:
        """Sizes of the dimensions; 0 for the one that grows."""
        found = []
        for _ in range(self.listed(_DIMENSIONS)):
            self.text()
            found.append(self.count())
        if found.count(0) > 1:
            raise struct.error("two dimensions that grow")
        return found

    def variables(self, lengths: list[int]) -> list[tuple[int, int, bool]]:
        """Of each: first byte, bytes (of one record), and whether it grows."""
        return [self.variable(lengths) for _ in range(self.listed(_VARIABLES))]

    def variable(self, lengths: list[int]) -> tuple[int, int, bool]:
        """First byte, bytes (of one record), and whether it grows."""
        self.text()
        dimensions = [lengths[self.count()] for _ in range(self.count())]
        self.attributes()
        size = _TYPE_BYTES[self.number(wide=False)]
        self.count()  # the size as stated, which overflows for large variables
        begin = self.number(wide=self._long_offsets)
        for length in dimensions[1:] if dimensions[:1] == [0] else dimensions:
            size *= length
        return begin, size, dimensions[:1] == [0]


def bytes_needed(content: bytes) -> int | None:
    """Bytes that the header of a classic NetCDF file promises; None where the header is damaged.

    Parameters
    ----------
    content
        Start of the file, all of its header.
    """
    try:
        header = _Header(content)
        records = header.records()
        lengths = header.lengths()
        header.attributes()
        variables = header.variables(lengths)
    except (struct.error, KeyError, IndexError):
        return None
    growing = [size for _, size, grows in variables if grows]
    # One variable alone is not padded to four bytes between its records.
    step = growing[0] if len(growing) == 1 else sum((size + 3) // 4 * 4 for size in growing)
    ends = [begin + size + (max(0, records - 1) * step if grows else 0) for begin, size, grows in variables]
    return max(ends, default=0) if records or not growing else max([0, *(b for b, _, _ in variables)])
