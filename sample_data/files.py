"""Raw files as they grow: new ones at midnight, cut ones, and what became of each record."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from io import BufferedWriter
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .instrument import Encoded, FileHead, Format

WHOLE, DAMAGED, LOST = 0, 1, 2
"""Status of a sample: whole in a file; there but cut in two or with noise glued to it; in no file."""

ONE_FILE, AGAIN = -1, -2
"""Numbers of files that are not of a day: the only one, and the one of records that were downloaded twice."""


@dataclass(frozen=True)
class FilePlan:
    """How an instrument's files are named and broken.

    Attributes
    ----------
    head
        For the headers; its count is replaced by that of each file.
    counts
        Records of each file, by day number since 1970, `ONE_FILE` or `AGAIN`.
    split
        Id of the fault that splits files at midnight, 0 for none.
    cut_sample, cut
        Sample in which a file ends too early, and that fault's id; -1 and 0 for none.
    """

    folder: Path
    deployment: str
    form: Format
    head: FileHead
    counts: Mapping[int, int]
    split: int = 0
    cut_sample: int = -1
    cut: int = 0

    @property
    def by_day(self) -> bool:
        """Whether there is a file for each day."""
        return self.form.daily or self.split > 0


class Fate(NamedTuple):
    """What became of n records.

    `status` (uint8): `WHOLE`, `DAMAGED` or `LOST`; `file` (int32): number of the file in which each begins, -1 for
    none; `faults` (int16): id of the fault that damaged or lost it.
    """

    status: NDArray[np.uint8]
    file: NDArray[np.int32]
    faults: NDArray[np.int16]


@dataclass
class RawFiles:
    """Writes encoded records; one file is open at a time."""

    plan: FilePlan
    written: list[str] = field(default_factory=list)
    _key: int | None = None
    _file: BufferedWriter | None = None
    _ended: set[int] = field(default_factory=set)
    _keys: list[int] = field(default_factory=list)

    def write(self, encoded: Encoded, stamps: NDArray[np.int64], numbers: NDArray[np.int64],
              copy: bool) -> "Fate":  # fmt: skip
        """Append records.

        Parameters
        ----------
        encoded
            Their bytes.
        stamps : ndarray of int64, shape (n,)
            Clock of each: its day names the file.
        numbers : ndarray of int64, shape (n,)
            Sample numbers.
        copy
            Whether they are duplicates, which no cut meets.
        """
        count = len(stamps)
        status, faults = np.zeros(count, np.uint8), np.zeros(count, np.int16)
        file = np.full(count, -1, np.int32)
        keys = file_keys(stamps, self.plan.by_day)
        if copy and self.plan.form.copies_apart:
            keys = np.full_like(keys, AGAIN)
        edges = [0, *(np.flatnonzero(np.diff(keys)) + 1).tolist(), count]
        cuts_records = self.plan.split > 0 and self.plan.form.cuts_at_midnight
        bounds = [self._bound(encoded, row, count, cuts_records) for row in edges]
        for i, (low, high) in enumerate(pairwise(edges)):
            if cuts_records and high < count:
                status[high - 1], faults[high - 1] = DAMAGED, self.plan.split
            key, stop = int(keys[low]), bounds[i + 1]
            hit = np.flatnonzero(numbers[low:high] == self.plan.cut_sample) + low
            if key in self._ended:
                status[low:high], faults[low:high] = LOST, self.plan.cut
                continue
            if len(hit) and not copy:
                row = int(hit[0])
                status[row], status[row + 1 : high], faults[row:high] = DAMAGED, LOST, self.plan.cut
                stop = (max(_start(encoded, row), bounds[i]) + int(encoded.ends[row])) // 2
                self._ended.add(key)
            self._open(key).write(encoded.data[bounds[i] : stop].tobytes())
            file[low:high] = self.written.index(self._name(key))
        return Fate(status, np.where(status == LOST, -1, file), faults)

    @staticmethod
    def _bound(encoded: Encoded, row: int, count: int, cuts_records: bool) -> int:
        if row == 0:
            return 0
        end = int(encoded.ends[row - 1])
        if not cuts_records or row == count:
            return end
        return end - (end - _start(encoded, row - 1)) // 2

    def _open(self, key: int) -> BufferedWriter:
        if self._file is None or self._key != key:
            self.close()
            name = self._name(key)
            self._file, self._key = (self.plan.folder / name).open("ab"), key
            if name not in self.written:
                self.written.append(name)
                self._file.write(self.plan.form.header(self._head(key)))
                self._keys.append(key)
        return self._file

    def _name(self, key: int) -> str:
        day = None if key < 0 else np.datetime64(key, "D")
        name = Path(self.plan.form.name(self.plan.deployment, day))
        return f"{name.stem}-again{name.suffix}" if key == AGAIN else str(name)

    def _head(self, key: int) -> FileHead:
        return replace(self.plan.head, count=self.plan.counts[key])

    def seal(self) -> None:
        """Close, and finish every file whose format asks for that."""
        self.close()
        if self.plan.form.seal is not None:
            for key, name in zip(self._keys, self.written, strict=True):
                self.plan.form.seal(self.plan.folder / name, self._head(key))

    def close(self) -> None:
        """Close the open file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _start(encoded: Encoded, row: int) -> int:
    return int(encoded.ends[row - 1]) if row else 0


def file_keys(stamps: NDArray[np.int64], by_day: bool) -> NDArray[np.int64]:
    """Return which file each record belongs to: day number since 1970, or `ONE_FILE`."""
    return stamps // 86_400_000_000 if by_day else np.full(len(stamps), ONE_FILE, np.int64)
