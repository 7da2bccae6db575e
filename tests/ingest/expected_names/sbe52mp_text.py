from tests.ingest.expected_names import Ours

READER = "sbe52mp_text"
FORMATS = ("sbe52mp_text",)
MAIN = "samples"
NAMES = {
    "conductivity": Ours(MAIN, "conductivity", 10.0),
    "temperature": Ours(MAIN, "temperature"),
    "pressure": Ours(MAIN, "pressure"),
    "oxygen_frequency": Ours(MAIN, "oxygen_frequency"),
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
