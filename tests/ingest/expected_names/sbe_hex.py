from tests.ingest.expected_names import NotHeld, Ours

READER = "sbe_hex"
FORMATS = ("sbe_hex",)
MAIN = "samples"
NAMES = {
    "temperature": Ours(MAIN, "temperature"),
    "conductivity": Ours(MAIN, "conductivity"),
    "pressure": Ours(MAIN, "pressure"),
    "ph_temperature": Ours(MAIN, "ph_sensor_temperature"),
    "ph_internal": Ours(MAIN, "ph_internal"),
    "ph_external": NotHeld(
        "computed there for a salinity of 30, assumed; the header of the instrument says 20, which ours takes: "
        "test_sbe_hex_ph.py gives it 30 and meets the expectation"
    ),
    "oxygen": NotHeld("computed there for a salinity of 30, assumed"),
}
_ROUNDED = "computed with nine digits of the .xmlcon, the header has seven: test_sbe_hex_seacat.py gives nine"
DEVIATIONS: dict[tuple[str, str], str] = {
    ("19plus_V2.hex", "conductivity"): _ROUNDED,
    ("19plus_V2.hex", "pressure"): _ROUNDED,
}
NOT_YET: dict[str, str] = {}
