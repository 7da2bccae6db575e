"""Contros HydroC CH4: text of its memory card, with decimal commas, in the local time of whoever set its clock."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..instrument import Columns, Encoded, FileHead, Format, Instrument, Sensor, View
from ..seawater import methane_solubility
from ..text import digits, fixed, join, literal

Floats = NDArray[np.float64]

PROBE = "CH4T-9999-001"
LOCAL_SECONDS = 8 * 3600.0
"""The ship's clocks, and with them the probe's, run in the time of China."""

_FIELDS = (
    ("Zero", "zero", 0), ("Flush", "flush", 0), ("p_NDIR [mbar]", "cell_pressure", 1),
    ("p_in [mbar]", "inlet_pressure", 1), ("T_control [C]", "control", 2), ("T_gas [C]", "gas", 2),
    ("T_sensor [C]", "detector", 2), ("%rH_gas", "humidity", 1), ("Signal_raw", "signal", 0),
    ("Signal_ref", "reference", 0), ("pCH4_corr [uatm]", "partial_pressure", 2),
)  # fmt: skip
"""Name of a column, raw column, digits after the comma."""

_MOST = 99_999_999


def clean(view: View) -> dict[str, NDArray[Any]]:
    """Readings of a sound sensor in nmol/L; it cannot read less than nothing."""
    noise = INSTRUMENT.sensors["methane"].noise * view.noise("methane")
    methane = (view.field("methane") + noise).clip(0.0)
    solubility = methane_solubility(view.field("salinity"), view.field("temperature"), view.field("pressure"))
    return {"methane": methane, "methane_partial_pressure": methane / solubility, "_solubility": solubility}


def to_raw(columns: Columns, view: View) -> dict[str, NDArray[Any]]:
    """Fields in units of their last digit, int64."""
    pressure = columns["methane"] / columns["_solubility"]
    cell = 1012.0 + 0.6 * view.noise("cell_pressure")
    values = {
        "zero": np.zeros(len(pressure)),
        "flush": np.zeros(len(pressure)),
        "cell_pressure": cell,
        "inlet_pressure": cell - 96.0 + 0.8 * view.noise("inlet_pressure"),
        "control": 20.0 + 0.01 * view.noise("control"),
        "gas": 18.2 + 0.03 * view.noise("gas"),
        "detector": 20.4 + 0.01 * view.noise("detector"),
        "humidity": 31.0 + 0.2 * view.noise("humidity"),
        # The more methane, the less light arrives.
        "signal": 38_000.0 * np.exp(-np.clip(pressure, 0.0, None) / 40_000.0) + 4.0 * view.noise("signal"),
        "reference": 41_500.0 + 4.0 * view.noise("reference"),
        "partial_pressure": pressure,
    }
    scaled = {name: values[name] * 10**decimals for _, name, decimals in _FIELDS}
    return {name: np.rint(np.clip(value, -_MOST, _MOST)).astype(np.int64) for name, value in scaled.items()}


def file_name(deployment: str, day: np.datetime64 | None) -> str:
    """One file for a deployment, or one a day."""
    return f"{PROBE}_{deployment}.txt" if day is None else f"{PROBE}_{deployment}-{day}.txt"


def stamp(clock: NDArray[np.int64], view: View) -> NDArray[np.int64]:
    """Whole seconds."""
    return clock // 1_000_000 * 1_000_000


def header(head: FileHead) -> bytes:
    """Six lines: the probe on the second, the columns on the third, data from the seventh."""
    columns = "".join(f"{name};" for name in ("Date", "Time", *(name for name, _, _ in _FIELDS)))
    return "".join(f"{line}\r\n" for line in ("SD data file", PROBE, columns, ";", ";", ";")).encode("ascii")


def encode(raw: Columns, stamps: NDArray[np.int64], view: View | None = None) -> Encoded:
    """Lines `YYYY-MM-DD;HH:MM:SS;` and a number with a `;` after it for each column."""
    rows = len(stamps)
    day, second = np.divmod(stamps // 1_000_000, 86_400)
    days, which = np.unique(day, return_inverse=True)
    dates = days.astype("datetime64[D]").astype("S10").view(np.uint8).reshape(-1, 10)
    colon, semicolon = literal(":", rows), literal(";", rows)
    parts = [dates[which], semicolon, digits(second // 3600, 2), colon, digits(second // 60 % 60, 2), colon,
             digits(second % 60, 2), semicolon]  # fmt: skip
    for _, name, decimals in _FIELDS:
        parts += [fixed(raw[name], decimals, ","), semicolon]
    return Encoded(*join([*parts, literal("\r\n", rows)]))


INSTRUMENT = Instrument(
    name="methane",
    model="Contros HydroC CH4",
    serial=PROBE,
    sensors={"methane": Sensor(1.5, ("methane",), ("partial_pressure",))},
    clean=clean,
    drift=40.0,
    ahead=LOCAL_SECONDS,
    response={"methane": 600.0},
    first=1.0,
    format=Format(to_raw, stamp, encode, file_name, header),
    pattern="*.txt",
    decoded={"methane": "methane_partial_pressure"},
)  # fmt: skip
