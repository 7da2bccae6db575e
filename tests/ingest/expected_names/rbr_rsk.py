from tests.ingest.expected_names import Ours

READER = "rbr_rsk"
FORMATS = ("rbr_rsk",)
MAIN = "samples"
NAMES = {
    "channel01": Ours(MAIN, "conductivity", 10.0),
    "channel02": Ours(MAIN, "temperature"),
    "channel03": Ours(MAIN, "absolute_pressure"),
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
