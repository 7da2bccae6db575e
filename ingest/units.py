"""Spellings of units, and how a value in one becomes a value in another."""

import re
from collections.abc import Mapping
from functools import cache

OXYGEN_UMOL_PER_ML = 44.6596
"""umol of oxygen in a millilitre of the gas at 0 degC and 1 atm: SCOR WG 142 (2018), real gas."""

OXYGEN_UMOL_PER_MG = 1000 / 31.9988

_SCALES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    # Base unit of the vocabulary -> spelling -> factor and offset to it.
    "degree_Celsius": {
        **dict.fromkeys(("degree_celsius", "degrees_celsius", "degc", "deg c", "c", "celsius", "deg celsius", "°c",
                         "degree c", "degrees c", "degrees_c", "degree_c", "its-90 deg c", "its-90",
                         "centigrade"), (1.0, 0.0)),
        "k": (1.0, -273.15), "kelvin": (1.0, -273.15),
    },
    "S m-1": {"s m-1": (1, 0), "ms cm-1": (0.1, 0), "us cm-1": (1e-4, 0), "mmho cm-1": (0.1, 0), "ms m-1": (1e-3, 0)},
    "dbar": {"dbar": (1, 0), "decibar": (1, 0), "decibars": (1, 0), "bar": (10, 0), "mbar": (0.01, 0),
             "hpa": (0.01, 0), "kpa": (0.1, 0), "pa": (1e-4, 0), "mpa": (100, 0), "psi": (0.6894757293168, 0),
             "psia": (0.6894757293168, 0), "atm": (10.1325, 0)},
    "1": {**dict.fromkeys(("1", "", "psu", "pss", "pss-78", "pss78", "psal", "count", "counts", "ntu", "ftu", "fnu",
                           "ph", "none", "-", "practical salinity units"), (1.0, 0.0)),
          "1e-3": (1, 0), "1e-03": (1, 0)},
    "umol L-1": {"umol l-1": (1, 0), "um": (1, 0), "mmol m-3": (1, 0), "umol dm-3": (1, 0), "mol m-3": (1000, 0),
                 "ml l-1": (OXYGEN_UMOL_PER_ML, 0), "mg l-1": (OXYGEN_UMOL_PER_MG, 0), "nmol l-1": (1e-3, 0),
                 "nm": (1e-3, 0), "mmol l-1": (1000, 0), "mm": (1000, 0)},
    "umol kg-1": {"umol kg-1": (1, 0), "nmol kg-1": (1e-3, 0), "mmol kg-1": (1000, 0), "mol kg-1": (1e6, 0),
                  "pmol kg-1": (1e-6, 0), "ueq kg-1": (1, 0), "meq kg-1": (1000, 0)},
    "percent": {"percent": (1, 0), "%": (1, 0)},
    "mg m-3": {"mg m-3": (1, 0), "ug l-1": (1, 0)},
    "m": {**dict.fromkeys(("m", "metre", "metres", "meter", "meters"), (1.0, 0.0)), "cm": (0.01, 0), "mm": (1e-3, 0)},
    "m s-1": {"m s-1": (1, 0), "cm s-1": (0.01, 0), "mm s-1": (1e-3, 0)},
    "degree": {**dict.fromkeys(("degree", "degrees", "deg", "°"), (1.0, 0.0)), "rad": (57.29577951308232, 0)},
    "degree_north": dict.fromkeys(("degree_north", "degrees_north", "degree", "deg", "dec.deg"), (1.0, 0.0)),
    "degree_east": dict.fromkeys(("degree_east", "degrees_east", "degree", "deg", "dec.deg"), (1.0, 0.0)),
    "V": {"v": (1, 0), "volt": (1, 0), "volts": (1, 0), "mv": (1e-3, 0)},
    "mV": {"mv": (1, 0), "v": (1000, 0), "volt": (1000, 0), "volts": (1000, 0)},
    "umol m-2 s-1": {"umol m-2 s-1": (1, 0), "umol s-1 m-2": (1, 0), "ue m-2 s-1": (1, 0), "umol m-2s-1": (1, 0)},
    "kg m-3": {"kg m-3": (1, 0), "g cm-3": (1000, 0), "g l-1": (1, 0)},
    "cm year-1": {"cm year-1": (1, 0), "cm yr-1": (1, 0)},
    "mL": {"ml": (1, 0), "l": (1000, 0), "cm3": (1, 0), "ul": (1e-3, 0)},
    "uatm": {"uatm": (1, 0), "ppm": (1, 0), "ubar": (1 / 1.01325, 0), "pa": (1 / 0.101325, 0)},
    "s": {"s": (1, 0), "sec": (1, 0), "seconds": (1, 0), "second": (1, 0), "ms": (1e-3, 0), "min": (60, 0)},
    "Hz": {"hz": (1, 0), "khz": (1000, 0)},
}  # fmt: skip


@cache
def plain(spelling: str) -> str:
    """Bring a unit to one spelling: lower case, `a b-1` for `a/b` and `a b^-1`, u for the micro sign."""
    text = spelling.strip().strip("[]()").lower().replace("μ", "u").replace("µ", "u")
    for sign, digit in zip("²³⁻¹", "23-1", strict=True):
        text = text.replace(sign, digit)
    text = text.replace("^", "").replace("**", "").replace("·", " ").replace("*", " ").replace("\ufffd", "°")
    first, *divisors = text.split("/")
    for divisor in divisors:
        parts = re.fullmatch(r"\s*([a-z]+)\s*(\d?)\s*", divisor)
        first = f"{first} {parts[1]}-{parts[2] or 1}" if parts else f"{first}/{divisor}"
    return " ".join(first.split())


def conversion(spelling: str, units: str) -> tuple[float, float] | None:
    """How a value becomes one in a unit of the vocabulary: value * factor + offset.

    Parameters
    ----------
    spelling
        Unit of the value, as a file writes it.
    units
        Unit wanted, as the vocabulary writes it.

    Returns
    -------
    tuple or None
        Factor and offset; None where the spelling is not known, or of another kind of quantity.
    """
    if plain(spelling) == plain(units):
        return 1.0, 0.0
    return _SCALES.get(units, {}).get(plain(spelling))


def spellings(units: str) -> tuple[str, ...]:
    """Spellings of the units that become this one, the vocabulary's own first."""
    return tuple(dict.fromkeys((units, *(word for word in _SCALES.get(units, {}) if word))))
