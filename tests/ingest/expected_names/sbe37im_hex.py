from tests.ingest.expected_names import EACH, Clock, NotHeld, Ours

READER = "sbe_hex"
FORMATS = ("sbe37im_hex",)
MAIN = "samples"
PARTICLES = {r"ctdmo": MAIN}
NAMES = {
    "internal_timestamp": Clock(EACH),
    "inductive_id": NotHeld("not in the file: the driver that made the expectation takes it from elsewhere"),
    "serial_number": NotHeld("text: attribute serial_number"),
    "temperature": Ours(EACH, "temperature_counts"),
    "conductivity": Ours(EACH, "conductivity_frequency", 256.0),
    "pressure": Ours(EACH, "pressure_counts"),
    "pressure_temp": Ours(EACH, "pressure_temperature_counts"),
    "ctd_time": Ours(EACH, "time", 1.0, -946_684_800.0),
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
