"""What MHKiT's dolfyn calls the values of Vector files. It spreads the system records over the samples."""

import numpy as np

from tests.ingest.expected_names import Calculated

READER = "nortek_classic"
FORMATS = ("nortek_vec",)
MAIN = "velocity_samples"
CLOCK_TOLERANCE = np.timedelta64(1500, "ms")  # the reference fits a straight line through stamps of whole seconds


def RECORDS(decoded, expected):  # noqa: N802
    """Samples as counted in the file: the reference is told to stop before the end, where it would fail."""
    times = decoded.streams[MAIN]["time"].values
    return times.size, expected["structure_scan"]["records_by_id"]["0x10"], times[: expected["n_records"]]


def _places(decoded):
    """How many samples stand before each system record."""
    samples, system = (decoded.streams[name]["source_offset"].values for name in (MAIN, "system"))
    return np.searchsorted(samples, system)


def _spread(variable):
    """Values of system records at the sample after each, straight lines between, none behind the last."""

    def values(decoded, count):
        places = _places(decoded)
        known = decoded.streams["system"][variable].values[places < count]
        return np.interp(np.arange(count), places[places < count], known, right=np.nan)

    return Calculated(values, variable)


def _filled(variable):
    """Values of system records at the sample after each, zero elsewhere."""

    def values(decoded, count):
        places = _places(decoded)
        filled = np.zeros(count)
        filled[places[places < count]] = decoded.streams["system"][variable].values[places < count]
        return filled

    return Calculated(values)


NAMES = {
    "batt": _spread("battery_voltage"),
    "c_sound": _spread("sound_speed"),
    "heading": _spread("heading"),
    "pitch": _spread("pitch"),
    "roll": _spread("roll"),
    "temp": _spread("transducer_temperature"),
    "error": _filled("error_status_word"),
    "status": _filled("status_word"),
    "pressure": Calculated(lambda decoded, count: decoded.streams[MAIN]["pressure"].values[:count], "pressure"),
}
_WRONG_TIMES = "the reference spreads it over sample times that are less than a microsecond apart"
DEVIATIONS: dict[tuple[str, str], str] = {
    ("vector_burst_mode01.VEC", name): _WRONG_TIMES for name in ("heading", "pitch", "roll", "temp")
}
NOT_YET: dict[str, str] = {}
