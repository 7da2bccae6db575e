from ingest.calibration.sea_bird import DECIBAR_PER_PSI
from tests.ingest.expected_names import EACH, Clock, NotHeld, Ours

READER = "sbe26plus_dcl"
FORMATS = ("sbe26plus_dcl",)
MAIN = ("tide", "wave_burst")
PARTICLES = {r"tide": "tide", r"wave_burst": "wave_burst"}
NAMES = {
    "time": NotHeld("logger's stamp: `logger_clock_offset`; compared as dcl_date_time_string"),
    "dcl_date_time_string": Clock("tide", "logger_clock_offset"),
    "presf_date_time_string": NotHeld("text of the instrument's clock, which is `time`"),
    "internal_timestamp": Clock(EACH),
    "port_timestamp": Clock(EACH, "logger_clock_offset"),
    "absolute_pressure": Ours("tide", "absolute_pressure", 1 / DECIBAR_PER_PSI),
    "pressure_temp": Ours("tide", "pressure_sensor_temperature"),
    "seawater_temperature": Ours("tide", "temperature"),
    "absolute_pressure_burst": Ours("wave_sample", "absolute_pressure", 1 / DECIBAR_PER_PSI),
    "ptemp_frequency": Ours("wave_frequency", "pressure_sensor_frequency"),
}
_BOTH = "counts tides only, of a file that holds as many bursts; compared in test_sea_bird_lines.py"
DEVIATIONS: dict[tuple[str, str], str] = {
    ("20131013.presf.log", name): _BOTH for name in ("n_records", "time_first", "time_last")
}
NOT_YET: dict[str, str] = {}
