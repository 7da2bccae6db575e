"""What the time between samples allows: whether it is noise that changes from one to the next, and cells to tell it."""

PLATFORM = frozenset({"pressure", "absolute_pressure", "pitch", "roll", "heading"})
"""Variables that tell of the lander and of the tide, not of what the water carries."""

_SLOWEST, _LONGEST = 600.0, 345_600.0
_SLOW = 300.0
SLOWEST_OF_ALL = 3600.0
"""Seconds between samples up to which cells tell how much changes from one to the next, be it noise or the sea."""


def cells_for(sampling_seconds: float, cells: int, slowest: float = _SLOWEST) -> tuple[float, int] | None:
    """Length of a cell, an hour or 20 samples, and how many count: at most `cells`, and four days; None below two.

    None also where samples are more than `slowest` apart, as a rule ten minutes: from one to the next the sea changes
    more than the sensor's noise (half-hourly temperatures of ../shared/gapfill), and noise is what cells are to tell.
    """
    if sampling_seconds > slowest:
        return None
    length = max(3600.0, 20 * sampling_seconds)
    count = min(cells, int(_LONGEST // length) - 1)
    return (length, count) if count >= 2 else None


def noise_rules(variable: str, sampling_seconds: float) -> bool:
    """Whether from one sample to the next it is the sensor's noise that changes, and not the sea.

    Of temperatures every ten minutes in a thermocline (../shared/corpus/imos_timeseries_nc, flag 1) what takes the sea
    for noise flags 7 %. Tides change slowly and a lander stands still: pressure and attitude tell noise for longer.
    """
    return sampling_seconds < _SLOW or (variable in PLATFORM and sampling_seconds <= _SLOWEST)
