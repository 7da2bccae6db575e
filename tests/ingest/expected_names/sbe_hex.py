from tests.ingest.expected_names import Ours

READER = "sbe_hex"
FORMATS = ("sbe_hex",)
MAIN = "samples"
NAMES = {
    "temperature": Ours(MAIN, "temperature"),
    "conductivity": Ours(MAIN, "conductivity"),
    "pressure": Ours(MAIN, "pressure"),
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET = {r"SBE 19plus|SBE 39plus|SeaFET": "the layout table holds the SBE 37-SM family; other models come later"}
