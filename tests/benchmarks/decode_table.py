"""Measures decoding: beside reading the bytes and summing them with NumPy, and beside released readers; one table.

Times are the wall clock's in processes of their own on one core. Set `LANDER_BENCH_CLOCK=process_time` on a machine
that has other work, for processor time.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import ingest
from tests.benchmarks import decode_peers, enlarged, peers
from tests.benchmarks.decode_peers import Comparison
from tests.benchmarks.enlarged import MEGABYTE, Original

CLOCK = os.environ.get("LANDER_BENCH_CLOCK", "perf_counter")
WANTED_SHARE = {False: 1 / 4, True: 1 / 20}
"""Of the speed of reading and summing the bytes: binary formats, text."""

SMALL = 300_000
"""Bytes of the file on which a peer warms up."""
SIZES = (1.0, 0.5, 0.25, 0.1, 0.05)
"""Shares of the large file that are tried, largest first, with a peer that fails."""

# Ours and the floor alternately, so that both meet the same machine; the best of each is what the work takes.
OURS = """
import json, sys
from time import {clock} as clock
import ingest
import numpy as np
path, most, budget = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
decoded = ingest.decode(path)
records = sum(one.sizes["time" if "time" in one.dims else "scan"] for one in decoded.streams.values())
del decoded
seconds, floor = [], []
while len(seconds) < 2 or (len(seconds) < most and sum(seconds) < budget):
    start = clock(); np.fromfile(path, np.uint8).sum(); floor.append(clock() - start)
    start = clock(); decoded = ingest.decode(path); seconds.append(clock() - start)
    del decoded
    start = clock(); np.fromfile(path, np.uint8).sum(); floor.append(clock() - start)
print(json.dumps({{"seconds": min(seconds), "floor": min(floor), "records": records}}))
"""


@dataclass(frozen=True)
class Ours:
    """Our time for one file, all of `ingest.decode`, and that of reading and summing its bytes; seconds."""

    seconds: float
    floor: float
    records: int


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    what
        The format.
    size
        Bytes of the file.
    ours
        Our time and the floor's.
    wanted_share
        Least wanted share of the floor's speed; None where none is asked for, which `remarks` explain.
    peer, peer_seconds
        Who else reads the file, and how long it takes; no name where no peer is there, no time where it cannot be had.
    wanted_times
        How many times as fast as the peer we are to be.
    remarks
        Printed below the table.
    """

    what: str
    size: int
    ours: Ours
    wanted_share: float | None
    peer: str = ""
    peer_seconds: float | None = None
    wanted_times: float | None = None
    remarks: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Our speed as a share of that of reading and summing the bytes."""
        return self.ours.floor / self.ours.seconds

    @property
    def times(self) -> float | None:
        """How many times as fast as the peer we are."""
        return None if self.peer_seconds is None else self.peer_seconds / self.ours.seconds

    @property
    def missed(self) -> tuple[str, ...]:
        """What was wanted and not reached; what could not be measured is not among it."""
        short = []
        if self.wanted_share is not None and self.share < self.wanted_share:
            short.append("share")
        if self.times is not None and self.wanted_times is not None and self.times < self.wanted_times:
            short.append("times")
        return tuple(short)

    @property
    def verdict(self) -> str:
        """In a word or two."""
        if self.missed:
            return "NO: " + ", ".join(self.missed)
        return "no peer" if self.peer and self.times is None else "yes"


def measure(file: Path, most: int = 9, budget: float = 4.0) -> Ours:
    """Decode a file in a process of its own on one core: at least twice, at most so often or so many seconds."""
    got = peers.run(sys.executable, OURS.format(clock=CLOCK), str(file), str(most), str(budget), cores=1)
    return Ours(got["seconds"], got["floor"], got["records"])


def rows_of(original: Original, folder: Path, least: int | None = None) -> Iterator[Row]:
    """Measure one format: a row for each of its peers, or one without.

    Parameters
    ----------
    original
        The format's small file.
    folder
        Where the large one may be written; it is removed again.
    least
        Wanted bytes, in place of the original's own.
    """
    file = folder / original.name
    size = enlarged.enlarge(original, file, least)
    remarks = (f"{original.what}: {original.remark}",) if original.remark else ()
    wanted = WANTED_SHARE[original.text]
    row = Row(original.what, size, measure(file), wanted, remarks=remarks)
    file.unlink()
    comparisons = [one for one in decode_peers.COMPARISONS if one.original is original]
    yield from (beside(row, one, folder) for one in comparisons) if comparisons else (row,)


def beside(row: Row, comparison: Comparison, folder: Path) -> Row:
    """The row with the peer's time: on the large file, else on the largest part of it that the peer can read."""
    name, remark = comparison.peer.requirement, (comparison.remark,) if comparison.remark else ()
    row = replace(row, peer=name, wanted_times=comparison.wanted, remarks=(*row.remarks, *remark))
    try:
        python = peers.interpreter(comparison.peer)
    except peers.PeerMissingError as missing:
        return replace(row, remarks=(*row.remarks, f"{row.what}: no peer, {missing}"))
    file = folder / comparison.original.name
    for part in SIZES:
        size = enlarged.enlarge(comparison.original, file, int(row.size * part))
        ours = row.ours if part == 1 else measure(file)
        try:
            seconds = run_peer(python, comparison, file)
        except RuntimeError as error:
            said = str(error).strip().splitlines()[-1]
            row = replace(row, remarks=(*row.remarks, f"{row.what}: {name} fails on {size / MEGABYTE:.1f} MB: {said}"))
            continue
        finally:
            file.unlink()
        return replace(row, size=size, ours=ours, peer_seconds=seconds)
    return row


def run_peer(python: Path, comparison: Comparison, file: Path, *, once: bool = False) -> float:
    """Seconds that a peer takes for a file, after its values were found to be ours; `once` without warming up."""
    small, result = file.with_name(f"small_{file.name}"), file.with_name("peer.npz")
    enlarged.enlarge(comparison.original, small, SMALL)
    told = {str(path): _records(path, comparison.told) for path in (file, small)} if comparison.told else {}
    options = json.dumps({**comparison.options, "counted": comparison.counted, "records": told, "once": once})
    script = decode_peers.HARNESS.format(clock=CLOCK, script=comparison.script)
    try:
        got = peers.run(python, script, str(file), str(small), str(result), options, cores=1)
        decode_peers.check_same(comparison, file, result)
    finally:
        small.unlink()
        result.unlink(missing_ok=True)
    seconds: float = got["seconds"]
    return seconds


def _records(file: Path, stream: str) -> int:
    return int(ingest.decode(file).streams[stream].sizes["time"])


HEADS = (
    "format", "MB", "records", "ours s", "sum s", "share", "wanted", "peer", "its s", "times", "wanted", "met",
)  # fmt: skip
_LEFT = (0, 7, 11)  # columns of words


def lines(rows: Sequence[Row]) -> list[str]:
    """The table, aligned, with what is to be said of it below."""
    cells = [HEADS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADS))]
    table = [
        "  ".join(
            cell.ljust(width) if column in _LEFT else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]
    clock = "wall clock" if CLOCK == "perf_counter" else CLOCK
    title = f"Decoding, one core, {clock}: ours is all of ingest.decode, sum is reading the bytes and summing them"
    remarks = dict.fromkeys(remark for row in rows for remark in row.remarks)
    return [title, table[0], "-" * len(table[0]), *table[1:], *(f"  {remark}" for remark in remarks)]


def _cells(row: Row) -> tuple[str, ...]:
    share = "" if row.wanted_share is None else f"{row.wanted_share:.2f}"
    return (
        row.what, f"{row.size / MEGABYTE:.1f}", f"{row.ours.records:,}", f"{row.ours.seconds:.3f}",
        f"{row.ours.floor:.4f}", f"{row.share:.3f}", share, row.peer or "-", _number(row.peer_seconds, "{:.2f}"),
        _number(row.times, "{:.1f} x"), _number(row.wanted_times, "{:.0f} x"), row.verdict,
    )  # fmt: skip


def _number(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)
