"""Files of the store that stay open between questions; the caller holds the lock of the NetCDF library."""

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import netCDF4

_KEPT_OPEN = 16
"""Files that stay open for the next question: opening one takes 8 ms, reading a day of it 1 ms."""

_Identity = tuple[int, int, int, int]
_open_files: OrderedDict[_Identity, Any] = OrderedDict()


def kept_open(path: Path) -> Any:
    """Give an open file, by what it is and not by its name: one that was renamed is not opened a second time."""
    key = _identity(path)
    while key not in _open_files:
        file = netCDF4.Dataset(path)
        now = _identity(path)
        if now == key:
            _open_files[key] = file
            if len(_open_files) > _KEPT_OPEN:
                _open_files.popitem(last=False)[1].close()
        else:
            # Replaced between the look and the opening: kept under the old identity, the new bytes would be given for
            # the old file, also by its second name. Seen as 3 of some 800 reads of tests/lander/test_concurrent.py.
            file.close()
            key = now
    _open_files.move_to_end(key)
    return _open_files[key]


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a file for one look; the one that is kept open, where it is.

    A file opened twice in one process shares its insides in the HDF5 library, and closing one of the two while texts of
    the other are read has ended in a segmentation fault (netCDF4 1.7).
    """
    kept = _open_files.get(_identity(path))
    if kept is not None:
        yield kept
        return
    with netCDF4.Dataset(path) as file:
        yield file


def _identity(path: Path) -> _Identity:
    status = os.stat(path)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
