from tests.ingest.expected_names import Elsewhere, NotHeld, Ours

READER = "aanderaa_optode"
FORMATS = ("aanderaa_optode_dcl",)
MAIN = "samples"
NAMES = {
    "time": Ours(MAIN, "time"),
    "date_time_string": NotHeld("text of the same stamp as `time`"),
    "product_number": Elsewhere(MAIN, "instrument_model"),
    "serial_number": Elsewhere(MAIN, "serial_number"),
    "estimated_oxygen_concentration": Ours(MAIN, "oxygen_concentration_uncompensated"),
    "estimated_oxygen_saturation": Ours(MAIN, "oxygen_air_saturation"),
    "optode_temperature": Ours(MAIN, "optode_temperature"),
    "calibrated_phase": Ours(MAIN, "calibrated_phase"),
    "temp_compensated_phase": Ours(MAIN, "temperature_compensated_phase"),
    "blue_phase": Ours(MAIN, "blue_phase"),
    "red_phase": Ours(MAIN, "red_phase"),
    "blue_amplitude": Ours(MAIN, "blue_amplitude"),
    "red_amplitude": Ours(MAIN, "red_amplitude"),
    "raw_temperature": Ours(MAIN, "raw_temperature"),
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
