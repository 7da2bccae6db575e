"""Instrument clocks: how they run away from UTC, and what an operator notes of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SECONDS_PER_YEAR = 365.25 * 86_400.0


@dataclass(frozen=True)
class Clock:
    """A clock that was set at the start of a deployment of `duration` seconds.

    Attributes
    ----------
    seconds_per_year
        Linear drift; positive runs fast.
    quadratic
        Seconds by which the drift leaves the straight line in the middle; none at both ends, so that two checks
        cannot show it.
    step, step_at
        Seconds the clock jumps, and when (true seconds since the start).
    ahead
        Seconds by which it was set ahead of UTC: of a clock in local time, the zone's.
    """

    duration: float
    seconds_per_year: float = 0.0
    quadratic: float = 0.0
    step: float = 0.0
    step_at: float = 0.0
    ahead: float = 0.0

    def drift(self, seconds: Floats) -> Floats:
        """Clock minus UTC without the step and the zone, at true seconds since the start."""
        x = seconds / self.duration
        return self.seconds_per_year / SECONDS_PER_YEAR * seconds + self.quadratic * 4.0 * x * (1.0 - x)

    def jump(self, seconds: Floats) -> Floats:
        """Part of the step in the clock, at true seconds since the start."""
        return np.where(seconds >= self.step_at, self.step, 0.0)

    def offset(self, seconds: Floats) -> Floats:
        """Clock minus UTC, at true seconds since the start."""
        return self.drift(seconds) + self.jump(seconds) + self.ahead

    def true_seconds(self, ticks: Floats) -> Floats:
        """True seconds since the start at which the oscillator has counted `ticks` seconds (inverse of the drift)."""
        seconds = ticks
        # Drifts are below 1e-4, so each pass gains four digits: well below a microsecond over ten years.
        for _ in range(4):
            seconds = ticks - self.drift(seconds)
        return seconds

    def ticks(self, seconds: float) -> float:
        """Seconds that the oscillator has counted at a true time: what sampling follows; a step does not touch it."""
        return seconds + float(self.drift(np.array([seconds]))[0])


def clock_checks(clock: Clock, start: np.datetime64) -> list[dict[str, str]]:
    """Return what an operator notes: clock and UTC on deck at both ends, and under way where the drift bends.

    UTC is a whole second, the clock is read to 0.1 s.
    """
    times = [min(300.0, 0.01 * clock.duration), clock.duration - min(300.0, 0.01 * clock.duration)]
    if clock.quadratic:
        times.insert(1, clock.duration / 2)
    hours = f"; the clock shows local time, UTC{clock.ahead / 3600:+g} h" if clock.ahead else ""
    notes = []
    for seconds in np.floor(times):
        reading = np.round(seconds + clock.offset(np.array([seconds]))[0], 1)
        instrument, utc = stamp(start, reading, "ms"), stamp(start, seconds, "s")
        notes.append({"instrument": instrument, "utc": utc, "source": f"simulated{hours}"})
    return notes


def stamp(start: np.datetime64, seconds: float, unit: str = "us") -> str:
    """ISO 8601 text in UTC of `seconds` after `start`."""
    moment = start.astype("datetime64[us]") + np.timedelta64(round(float(seconds) * 1e6), "us")
    return str(np.datetime_as_string(moment, unit=unit)) + "Z"  # type: ignore[call-overload]
