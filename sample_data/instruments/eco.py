"""WET Labs ECO for scattering, chlorophyll and dissolved organic matter, on a logger: one text file a day.

The lines hold raw counts; scale and dark counts stand on the device sheet, which is the configuration's to give.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import logger
from ..instrument import Columns, Encoded, Format, Instrument, Sensor, View
from ..text import digits, fixed, join, literal

Floats = NDArray[np.float64]

TAG = "[flort:DLOGP6]:"
SATURATION_COUNTS = 4130
CLOCK_BEHIND_US = 26_000_000
"""By how much the instrument's own clock, which nobody sets at sea, stands behind the logger's."""

# Invented, of the size that these sensors have: 0 to 25 NTU, 0 to 50 mg/m3, 0 to 375 ppb.
CALIBRATION = {
    "turbidity": {"scale": 0.00613, "dark": 50.0},
    "chlorophyll": {"scale": 0.0121, "dark": 49.0},
    "cdom": {"scale": 0.0918, "dark": 48.0},
}
# Wavelength in nm that stands before the counts of each channel, in the order of the line.
_CHANNELS = ((700, "turbidity"), (695, "chlorophyll"), (460, "cdom"))


def clean(view: View) -> dict[str, NDArray[Any]]:
    """Readings of a sound sensor; it cannot read less than nothing."""
    sensors = INSTRUMENT.sensors
    noise = {name: sensors[name].noise * view.noise(name) for name in sensors}
    return {
        "turbidity": (view.field("turbidity") + noise["turbidity"]).clip(0.0),
        "chlorophyll": (view.field("chlorophyll") + noise["chlorophyll"]).clip(0.0),
        "_cdom": 1.1 + 0.09 * view.noise("cdom"),
        "_temperature": view.field("temperature"),
    }


def counts(values: Floats, channel: str) -> NDArray[np.int64]:
    """Whole counts of a channel: value = scale x (counts - dark), which end at `SATURATION_COUNTS`."""
    sheet = CALIBRATION[channel]
    return np.clip(np.rint(values / sheet["scale"] + sheet["dark"]), 0, SATURATION_COUNTS).astype(np.int64)


def to_raw(columns: Columns, view: View) -> dict[str, NDArray[Any]]:
    """Counts of the three channels and of the thermistor, int64."""
    values = {"turbidity": columns["turbidity"], "chlorophyll": columns["chlorophyll"], "cdom": columns["_cdom"]}
    raw = {name: counts(value, name) for name, value in values.items()}
    return {**raw, "thermistor": np.rint(590.0 - 9.0 * columns["_temperature"]).astype(np.int64)}


def encode(raw: Columns, stamps: NDArray[np.int64], view: View | None = None) -> Encoded:
    """Lines: stamp, blank, the instrument's date and time, wavelength and counts of each channel, thermistor."""
    rows = len(stamps)
    parts = [logger.stamp_text(stamps), literal(" ", rows), own_clock(stamps - CLOCK_BEHIND_US)]
    for wavelength, name in _CHANNELS:
        parts += [literal(f"\t{wavelength}\t", rows), fixed(raw[name], 0)]
    parts += [literal("\t", rows), fixed(raw["thermistor"], 0), literal("\r\n", rows)]
    return Encoded(*join(parts))


def own_clock(moments: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Characters of `MM/DD/YY<TAB>HH:MM:SS`, shape (n, 17), from microseconds since 1970."""
    moment = moments.astype("datetime64[us]")
    month = moment.astype("datetime64[M]").astype(np.int64)
    day = (moment.astype("datetime64[D]") - moment.astype("datetime64[M]")).astype(np.int64) + 1
    second = moments // 1_000_000 % 86_400
    rows = len(moments)
    slash, colon = literal("/", rows), literal(":", rows)
    parts = [digits(month % 12 + 1, 2), slash, digits(day, 2), slash, digits((1970 + month // 12) % 100, 2),
             literal("\t", rows), digits(second // 3600, 2), colon, digits(second // 60 % 60, 2), colon,
             digits(second % 60, 2)]  # fmt: skip
    return np.concatenate(parts, axis=1)


def power_on(encoded: Encoded, moment: int, view: View) -> Encoded:
    """Put the logger's message before the first line, and its tag and noise between the line's stamp and its data."""
    return logger.power_on(encoded, moment, view, TAG)


def power_off(encoded: Encoded, moment: int, view: View) -> Encoded:
    """Put the logger's message after the last line."""
    return logger.power_off(encoded, moment, TAG)


def file_name(deployment: str, day: np.datetime64 | None) -> str:
    """One file a day, whatever the deployment."""
    return f"{str(day).replace('-', '')}.flort.log"


INSTRUMENT = Instrument(
    name="eco",
    model="WET Labs ECO FLORT",
    serial="9999",
    sensors={
        "turbidity": Sensor(0.01, ("turbidity",), ("turbidity",)),
        "chlorophyll": Sensor(0.012, ("chlorophyll",), ("chlorophyll",)),
    },
    clean=clean,
    drift=40.0,
    # It was simulated as truth alone under this name; its noise has not changed since.
    noise_name="turbidity",
    response={"turbidity": 1.0, "chlorophyll": 1.0},
    first=1.0,
    format=Format(
        to_raw, logger.stamp, encode, file_name, daily=True, power_on=power_on, power_off=power_off,
    ),
    pattern="*.flort.log",
    decoded={"chlorophyll": "chlorophyll_concentration"},
    also=("cdom_concentration",),
    configuration={"calibration": {"source": "configuration", "coefficients": CALIBRATION}},
)  # fmt: skip
