"""Natural events: their shape in the water, and what a sensor with a response time makes of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .scenario import Event

Floats = NDArray[np.float64]

END_SHARE = 0.02
"""An event is over where its exponential has fallen to this share."""

_TAIL_DECAYS = 10.0
_GRID = 20_000


@dataclass(frozen=True)
class Pulse:
    """One event in one variable, as a sensor of a given response time sees it.

    Attributes
    ----------
    number
        Id of the event.
    onset
        True seconds since the start, lag included.
    amplitude
        In the variable's unit.
    rise, decay
        Seconds; with `decay` 0 the pulse is a plateau of length `plateau` with edges of `rise`.
    response
        Seconds to 63 % of a step; 0 for none.
    """

    number: int
    onset: float
    amplitude: float
    rise: float
    decay: float
    plateau: float = 0.0
    response: float = 0.0

    @property
    def length(self) -> float:
        """Seconds from onset to the end that the truth states."""
        if not self.decay:
            return self.plateau
        return self.rise + self.decay * float(np.log(1.0 / END_SHARE))

    def shape(self, seconds: Floats) -> Floats:
        """In the water, 0 to 1, at seconds since the onset."""
        ramp = 0.5 - 0.5 * np.cos(np.pi * np.clip(seconds / self.rise, 0.0, 1.0)) if self.rise else 1.0 * (seconds >= 0)
        if self.decay:
            return np.asarray(ramp * np.exp(-np.clip(seconds - self.rise, 0.0, None) / self.decay))
        left = (self.plateau - seconds) / self.rise
        return np.asarray(ramp * (0.5 - 0.5 * np.cos(np.pi * np.clip(left, 0.0, 1.0))))

    @cached_property
    def _table(self) -> tuple[Floats, Floats]:
        span = self.plateau if not self.decay else self.rise + _TAIL_DECAYS * self.decay
        span += _TAIL_DECAYS * self.response
        # The fast part needs fine steps, the long tail does not.
        early = np.linspace(0.0, min(span, 2 * self.rise + 5 * self.response + 1.0), _GRID // 2, endpoint=False)
        grid = np.unique(np.concatenate([early, np.linspace(early[-1], span, _GRID // 2)]))
        values = self.shape(grid)
        return grid, _first_order(grid, values, self.response) if self.response else values

    def contribution(self, seconds: Floats) -> Floats:
        """What the sensor reads more, at true seconds since the start."""
        grid, values = self._table
        return self.amplitude * np.interp(seconds - self.onset, grid, values, left=0.0, right=0.0)


def _first_order(grid: Floats, drive: Floats, response: float) -> Floats:
    """Answer of a first-order sensor to a drive that is linear between grid points: exact step by step."""
    steps = np.diff(grid)
    memory = np.exp(-steps / response)
    slope = np.diff(drive) / steps
    out = np.zeros_like(drive)
    for i in range(len(steps)):
        offset = drive[i] - slope[i] * response
        out[i + 1] = (out[i] - offset) * memory[i] + offset + slope[i] * steps[i]
    return out


def pulses(events: Iterable[Event], duration: float, variable: str, response: float) -> tuple[Pulse, ...]:
    """Return the pulses of all events in one variable.

    Parameters
    ----------
    events
        In the scenario's order, which numbers them from 1.
    duration
        Of the deployment, seconds.
    variable
        As the scenarios name it.
    response
        Of the sensor, seconds.
    """
    found = []
    for number, event in enumerate(events, start=1):
        amplitude = event.amplitudes.get(variable)
        if amplitude is None:
            continue
        onset = event.at * duration + event.lag.get(variable, 0.0)
        if event.duration is not None:
            found.append(Pulse(number, onset, amplitude, 0.1 * event.duration, 0.0, event.duration, response))
        else:
            found.append(Pulse(number, onset, amplitude, event.rise, event.decay, 0.0, response))
    return tuple(found)
