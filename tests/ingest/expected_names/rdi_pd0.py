from tests.ingest.expected_names import Ours

READER = "rdi_pd0"
FORMATS = ("rdi_pd0",)
MAIN = "profile"
NAMES = {
    "number": Ours(MAIN, "ensemble_number"),
    "builtin_test_fail": Ours(MAIN, "built_in_test_result"),
    "c_sound": Ours(MAIN, "sound_speed"),
    "depth": Ours(MAIN, "transducer_depth"),
    "pitch": Ours(MAIN, "pitch"),
    "roll": Ours(MAIN, "roll"),
    "heading": Ours(MAIN, "heading"),
    "temp": Ours(MAIN, "transducer_temperature"),
    "salinity": Ours(MAIN, "salinity_setting"),
    "min_preping_wait": Ours(MAIN, "minimum_preping_wait"),
    "heading_std": Ours(MAIN, "heading_standard_deviation"),
    "pitch_std": Ours(MAIN, "pitch_standard_deviation"),
    "roll_std": Ours(MAIN, "roll_standard_deviation"),
    "pressure": Ours(MAIN, "pressure"),
    "pressure_std": Ours(MAIN, "pressure_standard_deviation"),
}
_UNSIGNED = "the peer reads pressure unsigned: a little below zero, in air, becomes 4294967 dbar"
DEVIATIONS: dict[tuple[str, str], str] = {
    ("oce_adp_rdi.000", "pressure"): _UNSIGNED,
    ("RDI_withBT.000", "pressure"): _UNSIGNED,
}
NOT_YET: dict[str, str] = {}
