"""How long a classic NetCDF file has to be: the library reads zeros behind the end of a file that was cut.

References
----------
Unidata, NetCDF Users Guide: the NetCDF classic format specification (CDF-1, CDF-2, CDF-5).
"""

import struct

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
        if found < -1:
            raise struct.error("negative count")
        return found

    def count(self) -> int:
        return self.number(wide=self._long_counts)

    def listed(self) -> int:
        """Length of a list, after its tag."""
        self.number(wide=False)
        found = self.count()
        if found > len(self._content):
            raise struct.error("list longer than the file")
        return found

    def text(self) -> None:
        self.skip(self.count())

    def skip(self, length: int) -> None:
        self._at += (length + 3) // 4 * 4

    def attributes(self) -> None:
        for _ in range(self.listed()):
            self.text()
            size = _TYPE_BYTES[self.number(wide=False)]
            self.skip(size * self.count())

    def lengths(self) -> list[int]:
        """Sizes of the dimensions; 0 for the one that grows."""
        found = []
        for _ in range(self.listed()):
            self.text()
            found.append(self.count())
        return found

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
        records = max(0, header.count())
        lengths = header.lengths()
        header.attributes()
        variables = [header.variable(lengths) for _ in range(header.listed())]
    except (struct.error, KeyError, IndexError):
        return None
    growing = [size for _, size, grows in variables if grows]
    # One variable alone is not padded to four bytes between its records.
    step = growing[0] if len(growing) == 1 else sum((size + 3) // 4 * 4 for size in growing)
    ends = [begin + size + (max(0, records - 1) * step if grows else 0) for begin, size, grows in variables]
    return max(ends, default=0) if records or not growing else max([0, *(b for b, _, _ in variables)])
