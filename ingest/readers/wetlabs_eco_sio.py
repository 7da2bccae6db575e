r"""WET Labs / Sea-Bird ECO fluorometers and turbidity meters in blocks of the SIO mooring controller.

The data of a block are the instrument's own line without its line end. The controller's time is the time; the
instrument's own clock is kept as its offset from it. The block's checksum covers the line, not the block's header.
A channel may say `--` in place of a count; it has -1 then.

References
----------
WET Labs, ECO user manual: data format, device file.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import xarray as xr

from ingest.chemistry import eco_layout
from ingest.dataset import assemble
from ingest.reader import HEAD_BYTES, Batch, Calibration, Parsed, Reader, Records
from ingest.text import Bytes, Places
from ingest.textual.forms import Matches, Where, digits, find, form, literal
from ingest.textual.sio import Gap, Rows, holds, parse_blocks
from ingest.timecode import from_seconds

STREAM = "samples"
_LETTERS = b"FL"
_LINE = re.compile(
    rb"(\d\d)/(\d\d)/(\d\d)\t(\d\d):(\d\d):(\d\d)((?:\t\d{3}\t\d{1,5})+)\t(\d{1,5})(?=[\r\n]|$)"
)
_COUNT = rb"(?:\d{1,5}|--)"
_SILENT_LINE = re.compile(
    rb"(\d\d)/(\d\d)/(\d\d)\t(\d\d):(\d\d):(\d\d)((?:\t\d{3}\t" + _COUNT + rb")+)\t(" + _COUNT + rb")(?=[\r\n]|$)"
)
"""As `_LINE`, with channels that say nothing."""
_CLOCK = [item for sign in b"//\t::\t" for item in (digits(2, 2), literal(bytes([sign])))][:-1]


@dataclass(frozen=True)
class State:
    """Wavelengths of the channels, those of most blocks of the head, and what stands between blocks.

    `clocked` tells whether the instrument's own clock is a time in all of the head. In a real file it said month 17 in
    every line; the block's checksum and the controller's time hold without it.
    """

    wavelengths: eco_layout.Wavelengths
    gap: Gap
    clocked: bool = True


@lru_cache(maxsize=1)  # asked for by `sniff`, then by `parse`
def _layouts(head: bytes) -> Counter[eco_layout.Wavelengths]:
    found = [match for data in holds(head, _LETTERS) for match in _LINE.finditer(data)]
    layouts = Counter(tuple(int(one) for one in match[7].split(b"\t")[1::2]) for match in found)
    return Counter({layout: count for layout, count in layouts.items() if eco_layout.is_layout(layout)})


def sniff(head: bytes, name: str) -> bool:
    """Claim a file with at least one whole block with a line of known wavelengths in its head."""
    return bool(_layouts(head))


def parse(block: bytes, offset: int, state: State | None) -> Parsed:
    """Blocks to records; see `Reader.parse`. Waits for the file's first 64 KiB to see which channels it has."""
    if state is None and len(block) < HEAD_BYTES:
        return Records(), 0, None
    return _parse(block, offset, state, final=False)


def finish(rest: bytes, offset: int, state: State | None) -> Parsed:
    """Last blocks; see `Reader.finish`."""
    return _parse(rest, offset, state, final=True)


def _parse(block: bytes, offset: int, state: State | None, final: bool) -> Parsed:
    if state is None:
        head = block[:HEAD_BYTES]
        seen = _layouts(head).most_common(1)
        state = State(seen[0][0] if seen else (), Gap(), _clocked(head))
    known = state
    records, consumed, gap = parse_blocks(
        block, offset, state.gap, _LETTERS, lambda *data: _rows(data, known), final=final
    )
    return records, consumed, replace(state, gap=gap)


def _clocked(head: bytes) -> bool:
    """Whether the instrument's own clock is a time in every line of the head: it may never have been set."""
    own = [match.groups()[:6] for data in holds(head, _LETTERS) for match in _LINE.finditer(data)]
    fields = np.array([[int(part) for part in parts] for parts in own], dtype=np.int64).reshape(-1, 6).T
    return bool(eco_layout.instrument_clock(fields)[1].all())


def _rows(data: tuple[Bytes, Places, Places], state: State) -> dict[str, Rows]:
    wavelengths = state.wavelengths
    pair = (literal(b"\t"), digits(3, 3), literal(b"\t"), digits(1, 5))
    line = form(*_CLOCK, *(pair * len(wavelengths)), literal(b"\t"), digits(1, 5))
    found = _with_silent(find(*data, line, Where.LINE_END), data, len(wavelengths))
    own, good = eco_layout.instrument_clock(found.value[:6].astype(np.int64))
    good |= not state.clocked
    for place, wavelength in enumerate(wavelengths):
        good &= found.value[6 + 2 * place] == wavelength
    found, own = found.where(good), own[good]
    counts = found.value[6:].astype(np.int64)
    columns = {"clock": own.astype(np.int64), "counts": counts[1:-1:2].T, "thermistor": counts[-1]}
    return {STREAM: Rows(found.row, found.start, found.stop, columns)}


def _with_silent(found: Matches, data: tuple[Bytes, Places, Places], channels: int) -> Matches:
    """Add the lines in which a channel says `--`, from the blocks that hold no other: seen in one real block of 18."""
    buffer, start, stop = data
    rest = np.ones(start.size, dtype=bool)
    rest[found.row] = False
    rows, values, bounds = [], [], []
    for row in np.flatnonzero(rest).tolist():
        match = _SILENT_LINE.search(buffer[start[row] : stop[row]].tobytes())
        fields = [*match[7].split(b"\t")[1:], match[8]] if match else []
        if match is None or len(fields) != 2 * channels + 1:
            continue
        rows.append(row)
        values.append([float(text.replace(b"--", b"-1")) for text in (*match.groups()[:6], *fields)])
        bounds.append([start[row] + match.start(), start[row] + match.end()])
    if not rows:
        return found
    together = np.concatenate([found.row, rows])
    order = np.argsort(together, kind="stable")
    edge = np.array(bounds, dtype=np.int64).T
    value = np.concatenate([found.value, np.array(values).T], axis=1)[:, order]
    first, last = (np.concatenate(pair)[order] for pair in ((found.start, edge[0]), (found.stop, edge[1])))
    return found._replace(row=together[order], start=first, stop=last, value=value)


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Raw counts, and engineering units where the device sheet is given; see `Reader.to_dataset`."""
    batch: Batch = records.batches[STREAM]
    columns = batch.columns
    time = from_seconds(columns["seconds"], "1970-01-01")
    held = eco_layout.variables(columns["counts"].T, columns["thermistor"], state.wavelengths, calibration)
    if state.clocked:
        held["instrument_clock_offset"] = columns["clock"] - time.astype(np.int64)
    return {STREAM: assemble(batch, held, time, eco_layout.attributes(state.wavelengths))}


READER = Reader(
    name="wetlabs_eco_sio",
    version=3,
    sniff=sniff,
    parse=parse,
    finish=finish,
    to_dataset=to_dataset,
    instruments=("WET Labs / Sea-Bird ECO fluorometers and turbidity meters: blocks of an SIO mooring controller",),
)
