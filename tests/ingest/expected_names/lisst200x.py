from tests.ingest.expected_names import EACH, Clock, NotHeld, Ours

READER = "lisst200x"
FORMATS = ("lisst200x_dcl",)
MAIN = "samples"
PARTICLES = {"": MAIN}
NAMES = {
    "internal_timestamp": Clock(EACH),
    "port_timestamp": Clock(EACH, "logger_clock_offset"),
    "dcl_controller_timestamp": NotHeld("text of the logger's stamp: `logger_clock_offset`"),
    "volume_concentration": Ours(MAIN, "volume_concentration"),
    "laser_transmission_sensor": Ours(MAIN, "laser_transmission"),
    "supply_voltage": Ours(MAIN, "supply_voltage"),
    "laser_reference_sensor": Ours(MAIN, "laser_reference"),
    "depth": Ours(MAIN, "depth"),
    "temperature": Ours(MAIN, "auxiliary_temperature"),
    "mean_particle_diameter": Ours(MAIN, "mean_particle_diameter"),
    "total_volume_concentration": Ours(MAIN, "total_volume_concentration"),
    "relative_humidity": Ours(MAIN, "internal_relative_humidity"),
    "ambient_light": Ours(MAIN, "ambient_light_counts"),
    "computed_optical_transmission": Ours(MAIN, "optical_transmission"),
    "beam_attenuation": Ours(MAIN, "beam_attenuation"),
    "num_bins": NotHeld("the length of the dimension size_class"),
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
