from tests.ingest.expected_names import EACH, Clock
from tests.ingest.expected_names.sami2 import ALL, CARBON_DIOXIDE, PARTICLES, PH, RECORD  # noqa: F401

READER = "sami2_recovered"
FORMATS = ("sami2_pco2_recovered", "sami2_ph_recovered")
MAIN = ALL
NAMES = {**RECORD, **CARBON_DIOXIDE, **PH, "internal_timestamp": Clock(EACH)}
DEVIATIONS: dict[tuple[str, str], str] = {
    ("SAMI_P0080_180713_integration_control_ph.txt", "n_records"): (
        "the reference counts the file's 10 pH records twice, once in each of its two lists of results"
    ),
}
NOT_YET: dict[str, str] = {}
