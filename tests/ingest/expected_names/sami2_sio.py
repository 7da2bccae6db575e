from tests.ingest.expected_names import EACH, Clock
from tests.ingest.expected_names.sami2 import ALL, PARTICLES, PH, RECORD  # noqa: F401

READER = "sami2_sio"
FORMATS = ("sami2_ph_sio",)
MAIN = ALL
CLOCK = {"": "logger_clock_offset"}
_STAMP = Clock(EACH, "logger_clock_offset")
NAMES = {**RECORD, **PH, "internal_timestamp": _STAMP, "sio_controller_timestamp": _STAMP}
DEVIATIONS: dict[tuple[str, str], str] = {
    ("node59p1_1.phsen.dat", "*"): (
        "the reference keeps the first record, whose checksum fails as one of its characters is 0x9E, and has no time "
        "for it; here it is rejected, and test_chemistry_readers.py compares the other one"
    ),
}
NOT_YET: dict[str, str] = {}
