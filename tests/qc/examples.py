"""Parameters under which a check that is off by default says something of the troubled record."""

import numpy as np

from qc.checks.climatology import Season
from qc.checks.consistency import Term

EXAMPLES = {
    "rate_of_change": {
        "largest_gap": 50.0,
        "suspect": 0.002,
        "fail": 0.02,
        "deviations": 3.0,
        "window_seconds": 3000.0,
    },
    "climatology": {
        "seasons": (
            Season(3.8, 4.2, fail_min=3.0, fail_max=5.0, period="day_of_year", first=300, last=275),
            Season(3.9, 4.3, period="week_of_year", first=40, last=41, depth_min=9.5),
            Season(3.7, 4.1, period="time", start="2016-09-28T12:00:00", end="2016-09-29T00:00:00"),
        )
    },
    "spike_neighbours": {"largest_gap": 50.0, "suspect": 0.02, "fail": 0.1},
    "attenuated_signal": {"suspect": 0.3, "fail": 0.05, "window_seconds": 2500.0},
    "multi_variate": {"other": "other", "largest_gap": 50.0, "rate": 0.002, "other_rate": 0.05},
    "neighbour": {"other": "other", "suspect": 6.0, "fail": 7.0},
    "heading_jump": {"largest_gap": 50.0, "degrees": 0.05},
    "disturbance": {"intervals": (("2016-09-28T00:00:00", "2016-09-28T06:00:00"),), "after_seconds": 600.0},
    "biofouling": {"reference": "other", "percent": 1.0, "sigmas": 0.5, "baseline_days": 5},
    "warm_up": {"samples": 7, "burst_gap": 15.0},
    "battery": {"suspect_volts": 10.0, "fail_volts": 9.0},
    "clock_step": {"sampling_seconds": 10.0, "tolerance_seconds": 0.003},
    "consistency": {"terms": (Term("one", 0.5), Term("other", -0.1)), "suspect": 0.5, "fail": 1.0},
    "frame_tilt": {"largest_gap": 50.0, "degrees": 0.5},
    "time_gap": {"suspect_seconds": 15.0, "fail_seconds": 3600.0},
}


def further(name, time):
    """Another variable, a function of its name and times alone; some values are missing."""
    rng = np.random.default_rng(sum(map(ord, name)))
    value = rng.normal(10, 1, time.size)
    if name in ("pitch", "roll"):
        value = 10 + 0.1 * (value - 10) + 5 * (np.arange(time.size) // 700 % 2)
    value[rng.random(time.size) < 0.02] = np.nan
    return value
