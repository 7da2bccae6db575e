"""RBR loggers: MATLAB export of Ruskin, one struct `RBR` in a level-5 MAT file.

Times may be text in the way of the PC that exported them (`12/08/2018 12:00:00.000 PM`): whether day or month comes
first is taken from what proves it in the file (a number above 12, the start time that is also given in milliseconds,
the sampling period), and if nothing does, the file is refused. Numeric times are MATLAB's days or milliseconds. Rows
behind the last sample hold no values: they are kept, as NaN.

`source_offset` is the number of the sample, from 0. Packed parts of a MAT file have a checksum: damage refuses it.

References
----------
MathWorks, MAT-File Format, level 5. RBR Ltd, Ruskin user guide: export to MATLAB.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.containers import mat_file
from ingest.containers.mat_file import Matrix
from ingest.dataset import assemble
from ingest.errors import DecodeError
from ingest.ledger import Span
from ingest.reader import Batch, Calibration, Reader, Records, Source, Wholly, not_in_blocks
from ingest.text import Bytes, Places, shapes, whole_numbers
from ingest.textual.columns import Columns, arrange, rbr_column, to_variables
from ingest.timecode import Times, from_fields

STREAM = "samples"
MAGIC = b"MATLAB 5.0 MAT-file"
_FIRST_ELEMENT = 128
_PACKED = 15
_NAME = re.compile(rb"(?:[\x01\x10]\0\x03\0|\0\x03\0[\x01\x10]|[\x01\x10]\0{3}\x03\0{3}|\0{3}[\x01\x10]\0{3}\x03)RBR")
"""A variable's name: type 1 (8 bits) or 16 (UTF-8, as Ruskin writes), three bytes, in a short or a long element."""

_TEXT_TIME = re.compile(
    rb"(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})[ T](\d{1,2}):(\d\d):(\d\d)(?:[.,](\d{1,6}))?(?: ?([AaPp])\.?[Mm]\.?)?"
)
_WIDEST = 40
_DATENUM_1970 = 719_529
_MS_PER_DAY = 86_400_000.0


@dataclass(frozen=True)
class State:
    """Channels, and attributes."""

    columns: Columns
    attributes: Mapping[str, Any]


def sniff(head: bytes, name: str) -> bool:
    """Claim a level-5 MAT file whose first variable is called RBR."""
    if not head.startswith(MAGIC) or len(head) < _FIRST_ELEMENT + 8:
        return False
    little = head[126:128] == b"IM"
    kind = int.from_bytes(head[_FIRST_ELEMENT : _FIRST_ELEMENT + 4], "little" if little else "big")
    start = head[_FIRST_ELEMENT : _FIRST_ELEMENT + 200]
    if kind == _PACKED:
        try:
            start = zlib.decompressobj().decompress(head[_FIRST_ELEMENT + 8 : _FIRST_ELEMENT + 4096], 200)
        except zlib.error:
            return False
    return _NAME.search(start) is not None


def whole(source: Source) -> Iterator[Wholly]:
    """All samples at once; see `Reader.whole`."""
    held, behind = _load(source)
    columns = arrange([rbr_column(label, units) for label, units in _channels(held)])
    values = _values(held, len(columns.foreign))
    time, how = _times(held, len(values))
    batch = Batch(np.arange(len(values)), np.ones(len(values), np.int32), {"time": time, "value": values})
    yield Records({STREAM: batch}, skipped=behind), State(columns, {**_attributes(held), "time_source": how})


def _load(source: Source) -> tuple[Mapping[str, Matrix], tuple[Span, ...]]:
    """Fields of the struct, and what lies behind it in the file."""
    variable, stop = mat_file.first_variable(source.content())
    if variable.name != "RBR":
        raise DecodeError(f"the first variable is called {variable.name!r}, RBR was expected")
    behind = (Span(stop, source.size - stop, "further variables"),) if stop < source.size else ()
    return mat_file.fields(variable), behind


def _words(value: Matrix | None) -> list[str]:
    """Texts or numbers of a field, as text; those of each of its cells together."""
    if value is not None and value.holds_cells:
        return [" ".join(_plain(one)) for one in mat_file.cells(value)]
    return [] if value is None else _plain(value)


def _plain(value: Matrix) -> list[str]:
    """Texts or numbers as text; nothing of what is neither."""
    if value.holds_text:
        return mat_file.rows(value)
    return [str(one) for one in mat_file.numbers(value).ravel(order="F").tolist()] if value.holds_numbers else []


def _said(value: Matrix | None) -> str:
    return " ".join(_words(value))


def _number(value: Matrix | None) -> float | None:
    """A single finite number; None where a field holds anything else."""
    if value is None or value.size != 1 or not value.holds_numbers:
        return None
    found = float(mat_file.numbers(value).ravel()[0])
    return found if np.isfinite(found) else None


def _channels(held: Mapping[str, Matrix]) -> list[tuple[str, str]]:
    names, units = _words(held.get("channelnames")), _words(held.get("channelunits"))
    if not names or len(units) not in (0, len(names)):
        raise DecodeError(f"struct RBR has {len(names)} channel names and {len(units)} units")
    return list(zip(names, units or [""] * len(names), strict=True))


def _values(held: Mapping[str, Matrix], channels: int) -> NDArray[np.float64]:
    if "data" not in held:
        raise DecodeError("struct RBR has no field `data`")
    values = mat_file.numbers(held["data"]).astype(np.float64, copy=False)
    if channels == 1:
        values = values.reshape(-1, 1)
    elif values.size == channels:
        values = values.reshape(1, -1)
    if values.ndim != 2 or values.shape[1] != channels:
        raise DecodeError(f"field `data` of struct RBR has shape {values.shape} for {channels} channels")
    return values


def _times(held: Mapping[str, Matrix], count: int) -> tuple[Times, str]:
    given = held.get("sampletimes")
    if given is not None and given.holds_numbers:
        return _numeric_times(_as_many(mat_file.numbers(given).ravel().astype(np.float64), count))
    none = np.zeros(0, np.int64)
    buffer, start, stop = mat_file.column(given) if given is not None else (np.zeros(0, np.uint8), none, none)
    parts, half = _text_fields(buffer, _as_many(start, count), stop)
    if (parts[0] > 31).any():
        return _to_times(parts[[0, 1, 2]], parts[3:], half), "text, year first"
    first, second, year = parts[0], parts[1], parts[2]
    day_first = _day_first(first, second, year, held)
    date = np.array([year, second, first] if day_first else [year, first, second])
    return _to_times(date, parts[3:], half), "text, day first" if day_first else "text, month first"


def _as_many(given: NDArray[Any], count: int) -> NDArray[Any]:
    if given.size != count:
        raise DecodeError(f"struct RBR has {given.size} times for {count} samples")
    return given


def _numeric_times(given: NDArray[np.float64]) -> tuple[Times, str]:
    if not np.isfinite(given).all() or given.min(initial=1e5) < 1e5 or given.max(initial=0) > 1e14:
        raise DecodeError("the times of struct RBR are neither days nor milliseconds")
    if given.size and given.min() > 1e9:
        return (np.rint(given).astype(np.int64) * 1000).astype("datetime64[us]"), "milliseconds since 1970"
    # Days of a float64 of this size are good to 10 us; loggers count whole milliseconds.
    milliseconds = np.rint((given - _DATENUM_1970) * _MS_PER_DAY).astype(np.int64)
    return (milliseconds * 1000).astype("datetime64[us]"), "MATLAB day numbers, to the millisecond"


def _text_fields(buffer: Bytes, start: Places, stop: Places) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Date, clock and microsecond of text times, shape (7, n), and 12 for PM, 0 for AM, -1 without either."""
    count = start.size
    parts = np.zeros((7, count), dtype=np.int64)
    half = np.full(count, -1)
    read = 0
    for match, rows, columns in shapes(buffer, start, stop, _TEXT_TIME, _WIDEST):
        if match is None:
            raise DecodeError(f"{columns[:, 0].tobytes()!r} is no time")
        read += len(rows)
        for place in range(7 if match[7] else 6):
            parts[place, rows] = whole_numbers(columns[slice(*match.span(place + 1))])
        if match[7]:
            parts[6, rows] *= 10 ** (6 - len(match[7]))
        if match[8]:
            half[rows] = 12 if match[8] in b"Pp" else 0
    if read != count:
        raise DecodeError(f"{count - read} of {count} times are no times")
    return parts, half


def _to_times(date: NDArray[np.int64], clock: NDArray[np.int64], half: NDArray[np.int64]) -> Times:
    hour = np.where(half >= 0, clock[0] % 12 + half, clock[0])
    time, valid = from_fields((date[0], date[1], date[2]), (hour, clock[1], clock[2]), clock[3])
    if not valid.all():
        raise DecodeError(f"{int((~valid).sum())} of {valid.size} times are none of the calendar")
    return time


def _day_first(first: NDArray[Any], second: NDArray[Any], year: NDArray[Any], held: Mapping[str, Matrix]) -> bool:
    """Whether the day comes first: by a number that is no month, else by the start that is also given as a number."""
    if (first > 12).any() != (second > 12).any():
        return bool((first > 12).any())
    if (first == second).all():
        return True  # both readings are the same dates
    start = _number(held.get("serialstarttime"))
    text = re.match(r"(\d{1,2})\D(\d{1,2})\D(\d{4})", _said(held.get("starttime")))
    if text and start is not None:
        one, two, start_year = (int(group) for group in text.groups())
        fits = {
            day_first: abs(_days(start_year, month, day) - start / _MS_PER_DAY) < 2
            for day_first, month, day in ((True, two, one), (False, one, two))
        }
        if fits[True] != fits[False]:
            return fits[True]
    raise DecodeError("nothing in the file says whether its dates have day or month first: export it with ISO dates")


def _days(year: int, month: int, day: int) -> float:
    time, valid = from_fields(([year], [month], [day]), ([0], [0], [0]))
    return float(time.astype("datetime64[D]").astype(np.int64)[0]) if valid[0] else float("inf")


def _attributes(held: Mapping[str, Matrix]) -> dict[str, Any]:
    name = _said(held.get("name")).strip()
    model = re.fullmatch(r"(RBR\s*\S+)\s+(\S+)\s+(\d+)", name)
    known: dict[str, Any] = {
        "instrument_model": model[1] if model else name,
        "firmware": model[2] if model else "",
        "serial_number": model[3] if model else "",
        "logger_file": _said(held.get("datasetfilename")),
        "sampling_period_s": _number(held.get("sampleperiod")),
        "programmed_start": _said(held.get("starttime")),
        "programmed_end": _said(held.get("endtime")),  # not the last sample
        "coefficients": _said(held.get("coefficients")),
        "events": _events(held.get("events")),
    }
    return {key: value for key, value in known.items() if value not in ("", None)}


def _events(value: Matrix | None) -> str:
    """Rows of a table of cells: kind, time and sample of each event."""
    words, count = _words(value), value.shape[0] if value is not None else 0
    return "; ".join(" ".join(words[row::count]) for row in range(count)) if words else ""


def to_dataset(records: Records, state: State, calibration: Calibration | None) -> Mapping[str, xr.Dataset]:
    """Values as Ruskin computed them, in the vocabulary's units. See `Reader.to_dataset`."""
    batch = records.batches[STREAM]
    meaning = {"source_offset_meaning": "number of the sample, from 0"}
    attributes = {**state.attributes, **state.columns.attributes, **meaning}
    variables = to_variables(state.columns, batch.columns["value"])
    return {STREAM: assemble(batch, variables, batch.columns["time"], attributes)}


READER = Reader(
    name="rbr_ruskin_mat",
    version=2,
    sniff=sniff,
    parse=not_in_blocks,
    finish=not_in_blocks,
    to_dataset=to_dataset,
    instruments=("RBR loggers (TR-1050, XR-420, RBRconcerto, ...): MATLAB export of Ruskin",),
    whole=whole,
)
