from tests.ingest.expected_names import Calculated

READER = "nortek_classic"
FORMATS = ("nortek_prf", "nortek_wpr")
MAIN = "profile"
_IDS = {"profile": "0x20", "aquadopp_profile": "0x21", "high_resolution_profile": "0x2a"}


def _stream(decoded):
    return next(name for name in _IDS if name in decoded.streams)


def RECORDS(decoded, expected):  # noqa: N802
    """Profiles as counted in the file."""
    times = decoded.streams[_stream(decoded)]["time"].values
    wanted = expected["structure_scan"]["records_by_id"][_IDS[_stream(decoded)]]
    assert 0 <= wanted - expected["n_records"] <= 1
    return times.size, wanted, times[: expected["n_records"]]


def _plain(variable):
    return Calculated(lambda decoded, count: decoded.streams[_stream(decoded)][variable].values[:count], variable)


NAMES = {
    "error": _plain("error_status_word"),
    "batt": _plain("battery_voltage"),
    "c_sound": _plain("sound_speed"),
    "heading": _plain("heading"),
    "pitch": _plain("pitch"),
    "roll": _plain("roll"),
    "pressure": _plain("pressure"),
    "status": _plain("status_word"),
    "temp": _plain("transducer_temperature"),
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
