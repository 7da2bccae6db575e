"""Records of Sunburst SAMI2 pH and pCO2: what the logger's hexadecimal and the recovered text have in common.

A telemetered record is `*` and hexadecimal: identity of the unit, number of bytes after it, type, seconds since 1904,
payload, checksum. The checksum is the low byte of the sum of all bytes between identity and checksum; seen to hold for
the records at hand. The recovered text has type, seconds and payload as decimal numbers, without identity and checksum.

References
----------
Sunburst Sensors, SAMI2 user manual: record formats (pH, CO2, control).
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ingest.calibration import sami
from ingest.dataset import Values, assemble
from ingest.reader import Batch, Calibration
from ingest.text import Bytes, Places, matrix
from ingest.textual.fields import sum_bytes
from ingest.timecode import Times

PH, CARBON_DIOXIDE, BLANK, POWER, CONTROL = "ph", "carbon_dioxide", "carbon_dioxide_blank", "power", "control"
_STREAMS = {0x04: CARBON_DIOXIDE, 0x05: BLANK, 0x0A: PH, 0x11: POWER}
LIGHTS = {CARBON_DIOXIDE: 14, BLANK: 14}
RATIO_434, RATIO_620 = 6, 7
"""Places of the two ratios among the light measurements of pCO2."""

MEASUREMENTS, BLANKS, SIGNALS = 23, 4, 4
"""A pH record has four blanks and 23 measurements of four signals: reference and light at 434 nm, then at 578 nm."""

_PH_VALUES = 1 + BLANKS * SIGNALS + MEASUREMENTS * SIGNALS + 3
_CONTROL_VALUES = (4, 5)
_EPOCH = np.datetime64("1904-01-01", "us")
# SAMI2 instruments are younger than 2000: a smaller count has rolled over, which happens on 2040-02-06.
_FIRST_SECONDS = 3_029_529_600


class Record(NamedTuple):
    """A record: its stream, its type, seconds of its clock, and its values by name."""

    stream: str
    seconds: int
    values: Mapping[str, object]


def times(seconds: NDArray[np.int64]) -> Times:
    """Seconds since 1904 as the instrument counts them, in 32 bits, to times."""
    unrolled = np.where(seconds < _FIRST_SECONDS, seconds + 2**32, seconds)
    result: Times = _EPOCH + (unrolled * 1_000_000).astype("timedelta64[us]")
    return result


def stream_of(kind: int) -> str | None:
    """Stream of a record type; None for a type that no record has."""
    return CONTROL if 0x80 <= kind <= 0xFF else _STREAMS.get(kind)


def from_values(kind: int, seconds: int, values: Sequence[int]) -> Record | str:
    """Build a record from its type, time and payload; a reason, where these are no record."""
    stream = stream_of(kind)
    if stream is None:
        return f"record of unknown type {kind}"
    if not 0 <= seconds < 2**32:
        return f"time {seconds} is no 32-bit count of seconds"
    named = _NAMERS[stream](values)
    if named is None:
        return f"record of type {kind} with {len(values)} values"
    return Record(stream, seconds, {"record_type": kind, **named})


def _ph(values: Sequence[int]) -> dict[str, object] | None:
    if len(values) != _PH_VALUES:
        return None
    first = 1 + BLANKS * SIGNALS
    return {
        "thermistor_start_counts": values[0],
        "ph_reference_light_counts": list(values[1:first]),
        "ph_light_counts": list(values[first:-3]),
        "battery_counts": float(values[-2]),
        "thermistor_end_counts": values[-1],
    }


def _carbon_dioxide(values: Sequence[int]) -> dict[str, object] | None:
    if len(values) != LIGHTS[CARBON_DIOXIDE] + 2:
        return None
    lights = list(values[:-2])
    return {"co2_light_counts": lights, "battery_counts": float(values[-2]), "thermistor_counts": values[-1]}


def _power(values: Sequence[int]) -> dict[str, object] | None:
    return None if values else {}


def _control(values: Sequence[int]) -> dict[str, object] | None:
    if len(values) not in _CONTROL_VALUES:
        return None
    names = ("control_flags", "data_records", "error_records", "bytes_stored")
    battery = float(values[4]) if len(values) > len(names) else np.nan
    return {**dict(zip(names, values, strict=False)), "battery_counts": battery}


_NAMERS = {PH: _ph, CARBON_DIOXIDE: _carbon_dioxide, BLANK: _carbon_dioxide, POWER: _power, CONTROL: _control}


def digits_of(start: str) -> int | None:
    """Hexadecimal digits of the whole record, from the first four of them; None if there are fewer."""
    return 2 * (int(start[2:4], 16) + 1) if len(start) >= 4 else None


def uncounted(length: int, kind: int) -> int:
    """Return the bytes of the battery that the length byte of a control record may leave out; the checksum covers them.

    Seen in real logs: `*B612C1` and `*B61285` with 20 bytes, of which their length says 18, and a checksum over all.
    """
    return 2 if length == 18 and kind >= 0x80 else 0


def from_hex(digits: str) -> Record | str:
    """Build a record from its hexadecimal digits, without the `*`; a reason, where they are no good record."""
    data = bytes.fromhex(digits)
    if len(data) < 8:
        return "record too short"
    computed = sum(data[1:-1]) & 0xFF
    if computed != data[-1]:
        return f"checksum is {computed:02X}, record says {data[-1]:02X}"
    kind, seconds, payload = data[2], int.from_bytes(data[3:7], "big"), data[7:-1]
    widths = (2, 3, 3, 3, 2) if stream_of(kind) == CONTROL else (2,) * (len(payload) // 2)
    values: list[int] = []
    at = 0
    for width in widths:
        if at + width <= len(payload):
            values.append(int.from_bytes(payload[at : at + width], "big", signed=stream_of(kind) != CONTROL))
            at += width
    if at != len(payload):
        return f"record of type {kind} with a payload of {len(payload)} bytes"
    record = from_values(kind, seconds, values)
    return record if isinstance(record, str) else record._replace(values={"unit_identity": data[0], **record.values})


KINDS = (
    (PH, (0x0A, 0x0A), 2 + _PH_VALUES),
    (CARBON_DIOXIDE, (0x04, 0x04), 2 + LIGHTS[CARBON_DIOXIDE] + 2),
    (BLANK, (0x05, 0x05), 2 + LIGHTS[BLANK] + 2),
    (POWER, (0x11, 0x11), 2),
    *((CONTROL, (0x80, 0xFF), 2 + count) for count in _CONTROL_VALUES),
)
"""Stream, first and last of its record types, and how many numbers a row of it has with type and time."""

_HEAD_BYTES = 7  # identity, length, type, seconds
_CONTROL_WIDTHS = (2, 3, 3, 3, 2)
_WORDS = {PH: _PH_VALUES, CARBON_DIOXIDE: LIGHTS[CARBON_DIOXIDE] + 2, BLANK: LIGHTS[BLANK] + 2, POWER: 0}


def from_bytes(data: Bytes, start: Places, stop: Places) -> dict[str, tuple[Places, dict[str, NDArray[Any]]]]:
    """`from_hex` for many: by stream, which stretches are good records of it, and their columns.

    Parameters
    ----------
    data : ndarray of uint8
        Bytes of records, their hexadecimal digits taken for what they mean.
    start, stop : ndarray of int64, shape (n,)
        Bounds of the records.
    """
    length = stop - start
    whole = np.flatnonzero(length > _HEAD_BYTES)
    summed = sum_bytes(data, start[whole] + 1, stop[whole] - 1) & 0xFF == data[stop[whole] - 1]
    whole = whole[summed]
    kind = data[start[whole] + 2]
    found: dict[str, tuple[Places, dict[str, NDArray[Any]]]] = {}
    for code, stream in _STREAMS.items():
        rows = whole[(kind == code) & (length[whole] == _HEAD_BYTES + 2 * _WORDS[stream] + 1)]
        head, payload = _split(data, start[rows], 2 * _WORDS[stream])
        found[stream] = rows, {**head, **name_values(stream, payload.view(">i2").astype(np.int64))}
    kept = [whole[(kind >= 0x80) & (length[whole] == _HEAD_BYTES + sum(_CONTROL_WIDTHS[:count]) + 1)]
            for count in _CONTROL_VALUES]  # fmt: skip
    found[CONTROL] = joined([(rows, _control_columns(data, start[rows], count))
                              for rows, count in zip(kept, _CONTROL_VALUES, strict=True)])  # fmt: skip
    return {stream: one for stream, one in found.items() if one[0].size}


def _split(data: Bytes, start: Places, payload: int) -> tuple[dict[str, NDArray[Any]], Bytes]:
    """What every record starts with, as columns, and the payloads, shape (n, bytes)."""
    rows = matrix(data, start, _HEAD_BYTES + payload)
    head = rows[:, :_HEAD_BYTES].astype(np.int64)
    seconds = _big_endian(head[:, 3:])
    columns = {"unit_identity": head[:, 0], "record_type": head[:, 2], "seconds": seconds}
    return columns, np.ascontiguousarray(rows[:, _HEAD_BYTES:])


def _big_endian(digits: NDArray[Any]) -> NDArray[np.int64]:
    total = np.zeros(digits.shape[0], dtype=np.int64)
    for column in digits.T:
        total = total * 256 + column
    return total


def _control_columns(data: Bytes, start: Places, count: int) -> dict[str, NDArray[Any]]:
    edges = np.cumsum([0, *_CONTROL_WIDTHS[:count]])
    head, payload = _split(data, start, int(edges[-1]))
    values = [_big_endian(payload[:, first:last]) for first, last in pairwise(edges.tolist())]
    return {**head, **name_values(CONTROL, np.stack(values, axis=1))}


def joined(parts: Sequence[tuple[Places, dict[str, NDArray[Any]]]]) -> tuple[Places, dict[str, NDArray[Any]]]:
    """Records of one stream from several places, in order."""
    parts = [part for part in parts if part[0].size] or parts[:1]
    if len(parts) == 1:
        return parts[0]
    rows = np.concatenate([rows for rows, _ in parts])
    order = np.argsort(rows, kind="stable")
    columns = {name: np.concatenate([columns[name] for _, columns in parts])[order] for name in parts[0][1]}
    return rows[order], columns


def name_values(stream: str, values: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Columns of the payloads of one stream, whose number of values is right, shape (n, values)."""
    if stream == PH:
        first = 1 + BLANKS * SIGNALS
        return {
            "thermistor_start_counts": values[:, 0],
            "ph_reference_light_counts": values[:, 1:first],
            "ph_light_counts": values[:, first:-3],
            "battery_counts": values[:, -2].astype(np.float64),
            "thermistor_end_counts": values[:, -1],
        }
    if stream in LIGHTS:
        battery = values[:, -2].astype(np.float64)
        return {"co2_light_counts": values[:, :-2], "battery_counts": battery, "thermistor_counts": values[:, -1]}
    if stream == POWER:
        return {}
    names = ("control_flags", "data_records", "error_records", "bytes_stored")
    battery = values[:, 4].astype(np.float64) if values.shape[1] > len(names) else np.full(len(values), np.nan)
    return {**dict(zip(names, values.T, strict=False)), "battery_counts": battery}


Blank = tuple[float, float]
"""Ratios of light at 434 and at 620 nm in a blank record of pCO2; NaN where there was none yet."""

NO_BLANK: Blank = (np.nan, np.nan)


def add_blanks(streams: Mapping[str, tuple[Places, dict[str, NDArray[Any]]]], before: Blank) -> Blank:
    """Give every pCO2 record the ratios of the blank before it, and return those of the last blank.

    Parameters
    ----------
    streams
        Places of the records in the order of the file, and columns, which are added to.
    before
        Ratios of the last blank before all of them.
    """
    rows, columns = streams.get(BLANK, (np.empty(0, dtype=np.int64), {}))
    lights = columns.get("co2_light_counts", np.empty((0, LIGHTS[BLANK]), dtype=np.int64))
    ratios = np.concatenate(([before], lights[:, [RATIO_434, RATIO_620]].astype(np.float64)))
    if CARBON_DIOXIDE in streams:
        places, held = streams[CARBON_DIOXIDE]
        held["blank_ratios"] = ratios[np.searchsorted(rows, places)]
    return float(ratios[-1, 0]), float(ratios[-1, 1])


_DIMENSIONS = {
    "ph_reference_light_counts": (("blank", "signal"), (BLANKS, SIGNALS)),
    "ph_light_counts": (("measurement", "signal"), (MEASUREMENTS, SIGNALS)),
    "co2_light_counts": (("light",), (LIGHTS[CARBON_DIOXIDE],)),
}
_LONG = ("data_records", "error_records", "bytes_stored")


def dataset(
    stream: str, batch: Batch, attributes: Mapping[str, str], calibration: Calibration | None = None
) -> xr.Dataset:
    """Raw counts of one stream on the instrument's clock, with the logger's stamp as an offset where there is one.

    With a calibration, what follows from the counts: pCO2 (`carbon_dioxide`: the coefficients of the sheet), pH as it
    would be at practical salinity 35 (`ph`), and the temperature of the sample.
    """
    time = times(batch.columns["seconds"])
    held: dict[str, Values | tuple[tuple[str, ...], Values]] = {}
    for name, values in batch.columns.items():
        if name in _DIMENSIONS:
            dimensions, shape = _DIMENSIONS[name]
            held[name] = (dimensions, values.astype(np.int32).reshape(values.shape[0], *shape))
        elif name == "stamp":
            held["logger_clock_offset"] = values - time.astype(np.int64)
        elif name not in ("seconds", "blank_ratios"):
            kept = values.dtype.kind == "f" or name in _LONG
            held[name] = values if kept else values.astype(np.int32)
    return assemble(batch, {**held, **_calibrated(stream, batch, calibration or {})}, time, attributes)


def _calibrated(stream: str, batch: Batch, calibration: Calibration) -> dict[str, Values]:
    sheet = calibration.get(stream)
    if sheet is None or stream not in (PH, CARBON_DIOXIDE):
        return {}
    bits = 14 if float(sheet.get("bits", 12)) == 14 else 12
    thermistor = batch.columns["thermistor_end_counts" if stream == PH else "thermistor_counts"]
    temperature = sami.thermistor_temperature(thermistor, bits)
    if stream == PH:
        indicator = sami.IndicatorCoefficients.from_mapping(sheet)
        blanks, lights = (batch.columns[name].reshape(thermistor.size, *_DIMENSIONS[name][1])
                          for name in ("ph_reference_light_counts", "ph_light_counts"))  # fmt: skip
        value = sami.ph_total(blanks, lights, temperature, 35.0, indicator)
        return {"sample_temperature": temperature, "ph_at_salinity_35": value}
    blank = np.full((thermistor.size, LIGHTS[BLANK]), np.nan)
    given = [float(sheet.get(name, np.nan)) for name in ("blank434", "blank620")]
    ratios = batch.columns.get("blank_ratios", np.full((thermistor.size, 2), np.nan))
    blank[:, [RATIO_434, RATIO_620]] = np.where(np.isnan(ratios), given, ratios)
    coefficients = sami.CarbonDioxideCoefficients.from_mapping(sheet)
    pressure = sami.partial_pressure(batch.columns["co2_light_counts"], blank, temperature, coefficients)
    return {"sample_temperature": temperature, "carbon_dioxide_partial_pressure": pressure}
