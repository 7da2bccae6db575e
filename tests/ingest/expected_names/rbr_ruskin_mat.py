from tests.ingest.expected_names import Ours

READER = "rbr_ruskin_mat"
FORMATS = ("rbr_ruskin_mat",)
MAIN = "samples"
NAMES = {"Temperature": Ours(MAIN, "temperature")}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
