"""The place and the stay: Site F on Formosa Ridge, from deck to deck."""

from dataclasses import dataclass
from functools import cached_property

import gsw
import numpy as np
from numpy.typing import NDArray

from .noise import red
from .tides import tide

Floats = NDArray[np.float64]

LATITUDE, LONGITUDE, WATER_DEPTH = 22.115, 119.286, 1120.0
PLATFORM_HEIGHT = 1.0
"""Metres from the seafloor to the sensors."""

KNOT_SECONDS = 60.0
"""Nature is computed at these steps and joined by straight lines: 1e-5 dbar off the tide, far below any resolution."""

_DBAR_PER_METRE = 1.0035
_AIR_TEMPERATURE = 28.0

# Shape of the water column: rounded values typical of the northern South China Sea in late summer, of no cast.
_DEPTH = (0.0, 40.0, 100.0, 200.0, 400.0, 600.0, 800.0, 1000.0, WATER_DEPTH)
_PROFILE = {
    "temperature": (28.6, 28.0, 21.5, 15.0, 9.4, 7.0, 5.4, 4.3, 3.88),
    "salinity": (33.80, 33.95, 34.55, 34.60, 34.42, 34.41, 34.45, 34.49, 34.505),
    "oxygen": (205.0, 203.0, 165.0, 130.0, 108.0, 94.0, 88.0, 91.0, 93.0),
    "methane": (3.0, 3.0, 3.0, 3.0, 3.5, 4.0, 6.0, 20.0, 60.0),
    "turbidity": (0.30, 0.25, 0.12, 0.08, 0.06, 0.06, 0.07, 0.10, 0.15),
    "chlorophyll": (0.12, 0.20, 0.35, 0.06, 0.03, 0.03, 0.03, 0.03, 0.04),
}
# Standard deviation of the red noise on the seafloor; sizes are invented, of the order that deep landers report.
_RED = {"temperature": 0.03, "salinity": 0.003, "pressure": 0.015, "oxygen": 1.0, "methane": 9.0, "turbidity": 0.02,
        "chlorophyll": 0.004,
        "velocity_east": 0.022, "velocity_north": 0.018, "velocity_up": 0.002}  # fmt: skip
_WARM_WATER = {"salinity": -0.04, "oxygen": -14.0}
"""What comes with a kelvin of internal tide: warmer water from above is fresher and lower in oxygen."""

FIELDS = ("temperature", "salinity", "pressure", "oxygen", "methane", "turbidity", "velocity_east", "velocity_north",
          "velocity_up", "echo", "chlorophyll")  # fmt: skip


@dataclass(frozen=True)
class Phases:
    """When each phase ends, in true seconds since the start."""

    deck: float
    descent: float
    seafloor: float
    ascent: float
    end: float


def phases(duration: float) -> Phases:
    """Divide a deployment: 1 h on deck at both ends, 1 m/s through the water, less where it is short."""
    deck = min(3600.0, 0.02 * duration)
    passage = min(WATER_DEPTH, 0.05 * duration)
    return Phases(deck, deck + passage, duration - deck - passage, duration - deck, duration)


@dataclass(frozen=True)
class Nature:
    """Everything the sensors stand in, at any time, the same for all of them.

    Attributes
    ----------
    seed
        Of the noise.
    start
        UTC.
    duration
        Seconds, deck to deck.
    tide_scale
        Factor on all that is tidal.
    """

    seed: int
    start: np.datetime64
    duration: float
    tide_scale: float = 1.0

    @cached_property
    def phases(self) -> Phases:
        """When each phase ends."""
        return phases(self.duration)

    def depth(self, seconds: Floats) -> Floats:
        """Metres of water above the sensors; 0 on deck."""
        stay = self.phases
        bottom = WATER_DEPTH - PLATFORM_HEIGHT
        knots = (stay.deck, stay.descent, stay.seafloor, stay.ascent)
        return np.interp(seconds, knots, (0.0, bottom, bottom, 0.0))

    def field(self, name: str, seconds: Floats) -> Floats:
        """One quantity without events.

        Parameters
        ----------
        name
            One of `FIELDS`.
        seconds : ndarray, shape (n,), ascending
            True time since the start.

        Returns
        -------
        ndarray, shape (n,)
            degC, PSS-78, dbar, umol/L, nmol/L, NTU, mg/m3, m/s, dB. On deck: pressure, salinity and currents 0.
        """
        if name == "echo":
            return np.zeros_like(seconds)
        depth = self.depth(seconds)
        # Near the surface nothing of the seafloor's weather is left.
        swing = self._swing(name, seconds) * (depth / WATER_DEPTH) ** 4
        if name == "pressure":
            return np.where(depth > 0, np.interp(depth, *_pressure_table()) + swing, 0.0)
        if name not in _PROFILE:
            return swing
        value = np.interp(depth, _DEPTH, _PROFILE[name]) + swing
        return self._on_deck(name, seconds, value, depth)

    def residual(self, name: str, seconds: Floats) -> Floats:
        """Red noise of one quantity on the seafloor: what is left of the clean field without its tides."""
        slope = _WARM_WATER.get(name)
        total = _RED.get(name, 0.0) * red(self.seed, f"nature/{name}", seconds)
        return total if slope is None else total + slope * self.residual("temperature", seconds)

    def _tidal(self, name: str, seconds: Floats) -> Floats:
        quantity = {"pressure": "elevation", "velocity_east": "east", "velocity_north": "north",
                    "temperature": "warming"}  # fmt: skip
        if name in _WARM_WATER:
            return _WARM_WATER[name] * self._tidal("temperature", seconds)
        if name not in quantity:
            return np.zeros_like(seconds)
        unit = _DBAR_PER_METRE if name == "pressure" else 1.0
        return unit * self.tide_scale * tide(seconds, self.start, quantity[name])

    def _swing(self, name: str, seconds: Floats) -> Floats:
        """Tide and red noise, computed at knots."""
        if not len(seconds):
            return np.zeros_like(seconds)
        first = int(seconds[0] // KNOT_SECONDS)
        knots: Floats = KNOT_SECONDS * np.arange(first, int(seconds[-1] // KNOT_SECONDS) + 2, dtype=np.float64)
        mean = {"velocity_east": -0.030, "velocity_north": 0.012}.get(name, 0.0)
        values = mean + self._tidal(name, knots) + self.residual(name, knots)
        place = seconds / KNOT_SECONDS - first
        cell = place.astype(np.int64)
        return np.asarray(values[cell] + (place - cell) * np.diff(values)[cell])

    def _on_deck(self, name: str, seconds: Floats, value: Floats, depth: Floats) -> Floats:
        deck = depth <= 0
        if not deck.any():
            return value
        day = (seconds + (self.start - self.start.astype("datetime64[D]")) / np.timedelta64(1, "s")) / 86_400.0
        # Warmest at 14 h local time, 6 h UTC.
        air = {"temperature": _AIR_TEMPERATURE + 1.5 * np.cos(2 * np.pi * (day - 0.25))}
        return np.where(deck, air.get(name, np.zeros_like(value)), value)


def _pressure_table() -> tuple[Floats, Floats]:
    depths = np.linspace(0.0, WATER_DEPTH, 113)
    return depths, np.asarray(gsw.p_from_z(-depths, LATITUDE), dtype=np.float64)
