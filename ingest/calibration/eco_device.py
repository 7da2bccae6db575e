"""WET Labs / Sea-Bird ECO sensors: the device sheet, and the equation from counts to what was measured.

References
----------
WET Labs, ECO user manual (revision of 2013), section "Characterization": value = scale factor x (counts - dark counts);
counts end at about 4130.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ingest.errors import CalibrationError

SATURATION_COUNTS = 4130
"""Counts at which the sensor ends: the true value is this or more."""

Sheet = dict[str, dict[str, float | str]]

_SENSORS = {
    "CHL": "chlorophyll",
    "CDOM": "cdom",
    "FDOM": "cdom",
    "PHYCOERYTHRIN": "phycoerythrin",
    "PE": "phycoerythrin",
    "NTU": "turbidity",
}
_COLUMN = re.compile(r"(?P<sensor>[A-Za-z/]+)\s*=\s*\d+\s+(?P<scale>\S+)\s+(?P<dark>\S+)(?:\s+(?P<wavelength>\d+))?.*")


@dataclass(frozen=True)
class Channel:
    """Scale factor and dark counts of one channel."""

    scale: float
    dark: float

    @classmethod
    def from_mapping(cls, given: Mapping[str, float | str], sensor: str) -> "Channel":
        """Take `scale` and `dark`, in any case; further entries (dates) are left.

        Raises
        ------
        CalibrationError
            One is missing or is no finite number.
        """
        by_name = {name.lower(): value for name, value in given.items()}
        missing = [name for name in ("scale", "dark") if name not in by_name]
        if missing:
            raise CalibrationError(
                f"{sensor} calibration lacks {' and '.join(missing)}: take both from the device sheet (.dev)"
            )
        return cls(_number(by_name["scale"], "scale", sensor), _number(by_name["dark"], "dark", sensor))


def _number(value: float | str, name: str, sensor: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not np.isfinite(number):
        raise CalibrationError(f"{sensor} calibration: {name} is {value!r}, a finite number was expected")
    return number


def read_device_sheet(text: str) -> Sheet:
    """Read the text of a device sheet (.dev): scale and dark of each calibrated column.

    Parameters
    ----------
    text
        Lines such as `CHL=6<TAB>0.0121<TAB>49` or `LAMBDA=4<TAB>3.5E-06<TAB>47<TAB>700`; `N/U` columns have no numbers.

    Returns
    -------
    dict
        By sensor (`chlorophyll`, `cdom`, `turbidity`, `backscatter_700nm` ...): `scale` and `dark`.

    Raises
    ------
    CalibrationError
        No column is calibrated, or one has numbers that are none.
    """
    sheet: Sheet = {}
    for line in text.splitlines():
        match = _COLUMN.fullmatch(line.strip())
        name = _sensor(match) if match else None
        if match and name:
            channel = Channel.from_mapping({"scale": match["scale"], "dark": match["dark"]}, name)
            sheet[name] = {"scale": channel.scale, "dark": channel.dark}
    if not sheet:
        raise CalibrationError("no column of the device sheet has scale and dark counts: is this a .dev file?")
    return sheet


def _sensor(match: re.Match[str]) -> str | None:
    label = match["sensor"].upper()
    if label == "LAMBDA":
        if match["wavelength"] is None:
            raise CalibrationError("a LAMBDA column of the device sheet has no wavelength after scale and dark counts")
        return f"backscatter_{int(match['wavelength'])}nm"
    return _SENSORS.get(label)


def from_counts(counts: ArrayLike, channel: Channel) -> NDArray[np.float64]:
    """Value in the unit of the scale factor, shape (n,), from counts.

    Counts at `SATURATION_COUNTS` give the least that the value can be, not the value. Counts below zero are none.
    """
    given = np.asarray(counts, dtype=np.float64)
    return np.where(given < 0, np.nan, channel.scale * (given - channel.dark))
