"""Compiled loops over the lines of an SBE 26plus upload: see `ingest.readers.sbe26plus_hex` for what they are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.compiled import compiled
from ingest.textual.block_kernels import hex_number
from ingest.textual.text_kernels import byte_at

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Values = NDArray[np.float64]

WIDE, PAIR, CLOCK, TEN_ZEROS, START, END, LOGGING, TIDES, EMPTY = (1 << bit for bit in range(9))
"""What a line can be, several at once: 18 or 12 digits; other than zeros in the last 8 of 18, or zeros in the last 10;
a mark; nothing."""

BURST, OPENING, TIDE, BLANK, OTHER, NO_HEAD, TOO_MANY, NO_END, BAD_OPENING, CUT = range(10)
"""What lines are together: records and what describes them, the known and the unknown, and bursts that are lost."""

_WIDE_DIGITS, _PAIR_DIGITS, _SAMPLE_DIGITS, _HALF = 18, 12, 6, 10
_ZERO, _NINE, _LARGE_A, _LARGE_F = 48, 57, 65, 70
_MARK_PLACE, _B, _C = 9, 66, 67


@compiled
def is_digit(character: Any) -> bool:
    """Whether a character is a hexadecimal digit as the recorder writes it: large."""
    return bool(_ZERO <= character <= _NINE or _LARGE_A <= character <= _LARGE_F)


@compiled
def all_are(buffer: Bytes, start: int, stop: int, wanted: int) -> bool:
    """Whether every byte is the wanted one."""
    different = False
    for place in range(start, stop):
        different |= byte_at(buffer, place) != wanted
    return not different


@compiled
def mark_of(buffer: Bytes, start: int) -> int:
    """Which mark 18 digits are; 0 for none."""
    stop = start + _WIDE_DIGITS
    if all_are(buffer, start, stop, _ZERO):
        return START
    inside = start + _MARK_PLACE
    if not (all_are(buffer, start, inside, _LARGE_F) and all_are(buffer, inside + 1, stop, _LARGE_F)):
        return 0
    if byte_at(buffer, inside) == _B:
        return LOGGING
    if byte_at(buffer, inside) == _C:
        return TIDES
    return END if byte_at(buffer, inside) == _LARGE_F else 0


@compiled
def sort_lines(buffer: Bytes, start: Places, stop: Places) -> Places:
    """What each line can be, as bits."""
    kinds = np.zeros(start.size, np.int64)
    for row in range(start.size):
        first, last = start[row], stop[row]
        width = last - first
        if width == 0:
            kinds[row] = EMPTY
        if width not in (_WIDE_DIGITS, _PAIR_DIGITS):
            continue
        pure = True
        for place in range(first, last):
            pure &= is_digit(byte_at(buffer, place))
        if not pure:
            continue
        if width == _PAIR_DIGITS:
            kinds[row] = PAIR
            continue
        kind = WIDE | mark_of(buffer, first)
        kind |= 0 if all_are(buffer, first + _HALF, last, _ZERO) else CLOCK
        kind |= TEN_ZEROS if all_are(buffer, first + 8, last, _ZERO) else 0
        kinds[row] = kind
    return kinds


@compiled
def burst_at(kinds: Places, at: int, most: int) -> tuple[int, int]:
    """What starts with the mark of a burst, and the line behind it; `CUT` where it goes on beyond the lines."""
    for place in (1, 2):
        if at + place >= kinds.size:
            return CUT, kinds.size
        head = kinds[at + place]
        if not (head & TEN_ZEROS if place == 1 else head & WIDE and not head & CLOCK):
            return NO_HEAD, at + place
    end = at + 3
    while end < kinds.size and kinds[end] & PAIR:
        end += 1
        if 2 * (end - at - 3) > most:
            return TOO_MANY, end
    if end == kinds.size:
        return CUT, end
    return (BURST, end + 1) if kinds[end] & END else (NO_END, end)


@compiled
def opening_at(kinds: Places, at: int) -> tuple[int, int]:
    """The same for the mark of the logging's start."""
    if at + 3 >= kinds.size:
        return CUT, kinds.size
    if kinds[at + 1] & TEN_ZEROS and kinds[at + 2] & WIDE and kinds[at + 3] & TIDES:
        return OPENING, at + 4
    return BAD_OPENING, at + 1


@compiled
def join_records(kinds: Places, at: int, most: int, final: bool) -> tuple[Places, int]:
    """What lines are together: kind, first line and the line behind, shape (3, n); the first that waits for more."""
    found = np.empty((3, kinds.size), np.int64)
    count = 0
    while at < kinds.size:
        kind, following = OTHER, at + 1
        if kinds[at] & START:
            kind, following = burst_at(kinds, at, most)
        elif kinds[at] & LOGGING:
            kind, following = opening_at(kinds, at)
        elif kinds[at] & EMPTY:
            kind = BLANK
            while following < kinds.size and kinds[following] & EMPTY:
                following += 1
        elif kinds[at] & CLOCK and not kinds[at] & END:
            kind = TIDE
        if kind == CUT and not final:
            break
        found[0, count], found[1, count], found[2, count] = kind, at, following
        count += 1
        at = following
    return found[:, :count], at


@compiled
def read_samples(buffer: Bytes, start: Places, pairs: Places, most: int) -> NDArray[np.int32]:
    """Samples of bursts, shape (n, most), -1 behind the last: two to a line of 12 digits, in so many lines of each.

    `start` is where those lines start, of one burst behind the other.
    """
    samples = np.empty((pairs.size, most), np.int32)
    line = 0
    for row in range(pairs.size):
        for place in range(2 * pairs[row]):
            at = start[line] + _SAMPLE_DIGITS * (place % 2)
            samples[row, place] = hex_number(buffer, at, _SAMPLE_DIGITS)
            line += place % 2
        samples[row, 2 * pairs[row] :] = -1
    return samples


@compiled
def burst_pressures(
    samples: NDArray[np.int32], counts: Places, terms: Values, offset: float, factor: float, out: Values
) -> None:
    """Pressures of bursts into `out`, shape (n, k), NaN behind the last and where there is none.

    `terms` are what the temperature makes of the coefficients, shape (3, n): period, scale and bend; `offset` is added,
    and the sum multiplied by `factor`.
    """
    for row in range(counts.size):
        period, scale, bend = terms[0, row], terms[1, row], terms[2, row]
        for place in range(counts[row]):
            ratio = period * (samples[row, place] / 256.0) / 1e6
            w = 1.0 - ratio * ratio
            value = scale * w * (1.0 - bend * w) + offset
            out[row, place] = value * factor if np.isfinite(value) else np.nan
        out[row, counts[row] :] = np.nan
