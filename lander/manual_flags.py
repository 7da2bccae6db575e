"""Manual flags on arrays: which entries of the log reach a month of a stream, and what they make of its flags."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lander import store
from lander.flag_lines import LOG_NAME, FlagLog, ManualFlag, iso
from lander.inventory import Stream
from qc.flags import MISSING, Flags, meaning

Row = Mapping[str, Any]
"""What a task needs of an entry: {"id", "variable", "flag"} with "span" [start, end) or "times", us since 1970 UTC."""

ID_SUFFIX, AUTOMATIC_SUFFIX = "_qc_manual", "_qc_automatic"


class Settled(NamedTuple):
    """Flags after people had their say: each of shape (n, ...), ids of shape (n,), 0 where nobody said anything."""

    flags: Flags
    ids: NDArray[np.int32]


def means(flag: ManualFlag, stream: Stream) -> bool:
    """Whether an entry is about values of a stream."""
    instrument = stream.instrument.name
    return (
        flag.deployment == stream.deployment.id
        and flag.instrument in (instrument, stream.label)
        and stream.holds(flag.variable)
    )


def rows_of(flags: Iterable[ManualFlag], stream: Stream) -> list[dict[str, Any]]:
    """What all months of a stream must know of its entries, in the order of the log."""
    rows = []
    for flag in flags:
        if means(flag, stream):
            when = {"times": [_us(one) for one in sorted(flag.times)]} if flag.times else {"span": _span(flag)}
            rows.append({"id": flag.id, "variable": flag.variable, "flag": flag.flag, **when})
    return rows


def _span(flag: ManualFlag) -> list[int]:
    return [_us(flag.first), _us(flag.last)]


def _us(moment: np.datetime64) -> int:
    return int(moment.astype("datetime64[us]").astype(np.int64))


def of_month(rows: Sequence[Row], month: str, halo_us: int) -> list[dict[str, Any]]:
    """The part of the entries that reaches a month or what is looked at around it.

    So an entry makes anew the months that it touches, and no others.
    """
    start, end = store.month_bounds(month)
    low, high = start - halo_us, end + halo_us
    return [near for row in rows if (near := _clipped(row, low, high)) is not None]


def _clipped(row: Row, low: int, high: int) -> dict[str, Any] | None:
    if "times" in row:
        times = [one for one in row["times"] if low <= one < high]
        return {**row, "times": times} if times else None
    start, end = max(row["span"][0], low), min(row["span"][1], high)
    return {**row, "span": [start, end]} if start < end else None


def settle(time: NDArray[np.int64], automatic: Flags, rows: Iterable[Row]) -> Settled:
    """Let people have the last word: where several entries speak, the last of the log; no value stays no value.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Microseconds since 1970-01-01 UTC, in order.
    automatic : ndarray of int8, shape (n, ...)
        What tests and events made of it; 9 where there is no value. Of a profile, an entry is about all cells.
    rows
        Entries about this variable, in the order of the log.

    Returns
    -------
    Settled
        New arrays. An id tells which entry set the flag of at least one value of the record.
    """
    flags, ids = automatic.copy(), np.zeros(time.shape, np.int32)
    there = automatic != MISSING
    some = there.reshape(len(time), -1).any(axis=1) if len(time) else np.zeros(0, np.bool_)
    for row in rows:
        for part in _parts(time, row):
            flags[part] = np.where(there[part], np.int8(row["flag"]), flags[part])
            ids[part] = np.where(some[part], np.int32(row["id"]), ids[part])
    return Settled(flags, ids)


def _parts(time: NDArray[np.int64], row: Row) -> list[slice]:
    """Rows that an entry is about: samples at one time twice are both meant."""
    if "span" in row:
        low, high = np.searchsorted(time, np.array(row["span"], np.int64)).tolist()
        return [slice(low, high)]
    wanted = np.array(row["times"], np.int64)
    firsts, ends = (np.searchsorted(time, wanted, side).tolist() for side in ("left", "right"))
    return [slice(first, end) for first, end in zip(firsts, ends, strict=True) if first < end]


def id_attributes(of: str) -> dict[str, Any]:
    """Attributes of the ids, `of` being the variable's name for people."""
    return {
        "long_name": f"Id of the manual flag of: {of}, 0 for none",
        "comment": "flags.jsonl of the archive says who gave it, when and why",
    }


def step(log: FlagLog, number: int, automatic: int, flag: int) -> dict[str, Any]:
    """What `lander explain` tells of a flag by hand: what the flag was without it, and who gave it, when and why."""
    parameters: dict[str, Any] = {"id": number, "meaning": meaning(flag)}
    entry = next((one for one in log.flags if one.id == number), None)
    if entry is None:
        parameters["why"] = f"no longer in {LOG_NAME}"
    else:
        parameters |= {"who": entry.who, "when": iso(entry.when), "why": entry.why}
        parameters |= {"start": iso(entry.first), "end": iso(entry.last)}
    if number in log.undone:
        gone = log.undone[number]
        parameters["undone"] = f"{iso(gone.when)} by {gone.who}: {gone.why}; the next `lander run` goes by it"
    return {"stage": "manual flag", "before": automatic, "after": flag, "parameters": parameters}
