from tests.ingest.expected_names import EACH, Clock, Ours

READER = "sbe16plus_dcl"
FORMATS = ("sbe16plus_dcl",)
MAIN = "samples"
PARTICLES = {r"ctdbp": MAIN}
# Made from the logger's stamps where no driver made it.
CLOCK = {r"^none|cgsn": "logger_clock_offset"}
NAMES = {
    "internal_timestamp": Clock(EACH),
    "port_timestamp": Clock(EACH, "logger_clock_offset"),
    "temp": Ours(MAIN, "temperature"),
    "temperature": Ours(MAIN, "temperature"),
    "conductivity": Ours(MAIN, "conductivity"),
    "pressure": Ours(MAIN, "pressure"),
    "salinity": Ours(MAIN, "practical_salinity"),
    "oxygen": Ours(MAIN, "oxygen_concentration_uncompensated"),
    "sound_velocity": Ours(MAIN, "sound_speed"),
    "density_anomaly": Ours(MAIN, "sigma_t"),
    "field8 (power/voltage, not named in the file)": Ours(MAIN, "unmapped_columns", column=0),
    "field9 (not named in the file)": Ours(MAIN, "unmapped_columns", column=1),
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
