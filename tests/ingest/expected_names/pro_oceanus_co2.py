from tests.ingest.expected_names import EACH, Clock, NotHeld, Ours

READER = "pro_oceanus_co2"
FORMATS = ("pro_oceanus_co2_dcl",)
MAIN = ("water", "air")
PARTICLES = {r"_water": "water", r"_air": "air"}
NAMES = {
    "time": NotHeld("water and air in one series"),
    "internal_timestamp": Clock(EACH),
    "port_timestamp": Clock(EACH, "logger_clock_offset"),
    "dcl_controller_timestamp": Clock(EACH, "logger_clock_offset"),
    "zero_a2d": Ours(EACH, "zero_counts"),
    "current_a2d": Ours(EACH, "current_counts"),
    "measured_water_co2": Ours(EACH, "carbon_dioxide_mole_fraction"),
    "measured_air_co2": Ours(EACH, "carbon_dioxide_mole_fraction"),
    "avg_irga_temperature": Ours(EACH, "detector_block_temperature"),
    "humidity": Ours(EACH, "cell_water_vapour_pressure"),
    "humidity_temperature": Ours(EACH, "humidity_sensor_temperature"),
    "gas_stream_pressure": Ours(EACH, "gas_stream_pressure"),
    "irga_detector_temperature": Ours(EACH, "detector_temperature"),
    "irga_source_temperature": Ours(EACH, "source_temperature"),
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
