"""Compiled loop over the rows of a sheet, for `ingest.textual.sheet_rows`; what it takes: `text_kernels`."""

import numpy as np
from numpy.typing import NDArray

from ingest.compiled import compiled
from ingest.textual.table_kernels import is_missing, longer
from ingest.textual.text_kernels import byte_at, find_ends, read_number, strip

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

_MOST_BLANKS = 12
_FEW = 64
_SPACE, _PLUS, _MINUS, _POINT = 32, 43, 45, 46


@compiled
def is_pointed(buffer: Bytes, low: int, high: int) -> bool:
    """Whether a number starts or ends with its point: layouts differ in whether `5.` and `.5` are numbers."""
    first = low + (byte_at(buffer, low) in (_PLUS, _MINUS))
    return bool(byte_at(buffer, first) == _POINT or byte_at(buffer, high - 1) == _POINT)


@compiled
def cell_bounds(buffer: Bytes, low: int, high: int) -> tuple[int, int]:
    """Bounds of a cell without blanks around it; most have none, which one look at either end tells."""
    if low < high and (byte_at(buffer, low) <= _SPACE or byte_at(buffer, high - 1) <= _SPACE):
        return strip(buffer, low, high, _MOST_BLANKS)
    return low, high


@compiled
def read_sheet(
    buffer: Bytes, bounds: tuple[Places, Places], form: tuple[int, int], numbers: Places, texts: Places, words: Places
) -> tuple[Places, NDArray[np.float64], Places, Places]:
    """Rows with the wanted number of cells: see `ingest.textual.sheet_rows.read_cells`.

    `form` is separator and number of cells; `numbers` and `texts` are columns. `words` are those for a missing value:
    how many, where each ends, and their bytes, joined.
    """
    start, stop = bounds
    separator, count = form
    ends, text = words[1 : words[0] + 1], words[words[0] + 1 :].astype(np.uint8)
    room = min(start.size, int((stop - start).sum()) // (count - 1)) if count > 1 else start.size
    rows, value = np.empty(room, np.int64), np.empty((numbers.size, room), np.float64)
    held, odd = np.empty((2, texts.size, room), np.int64), np.empty((4, numbers.size + _FEW), np.int64)
    edges = np.empty(count + 2, np.int64)
    taken = strange = 0
    for row in range(start.size):
        edges[0] = start[row] - 1
        if not find_ends(buffer, start[row], stop[row], separator, edges[1:]):
            continue
        odd = longer(odd) if odd.shape[1] - strange < numbers.size else odd
        for number in range(numbers.size):
            low, high = cell_bounds(buffer, edges[numbers[number]] + 1, edges[numbers[number] + 1])
            read, after = read_number(buffer, low, high, _POINT)
            if after < 0 or is_pointed(buffer, low, high):
                read = np.nan
                if low < high and not is_missing(buffer, low, high, text, ends):
                    odd[0, strange], odd[1, strange], odd[2, strange], odd[3, strange] = taken, number, low, high
                    strange += 1
            value[number, taken] = read
        for place in range(texts.size):
            low, high = cell_bounds(buffer, edges[texts[place]] + 1, edges[texts[place] + 1])
            held[0, place, taken], held[1, place, taken] = low, high
        rows[taken] = row
        taken += 1
    return rows[:taken], value[:, :taken], held[:, :, :taken], odd[:, :strange]
