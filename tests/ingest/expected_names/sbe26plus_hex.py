from ingest.calibration.sea_bird import DECIBAR_PER_PSI
from tests.ingest.expected_names import EACH, Clock, NotHeld, Ours

READER = "sbe26plus_hex"
FORMATS = ("sbe26plus_hex",)
MAIN = ("tide", "wave_burst")
PARTICLES = {r"tide": "tide", r"wave_burst": "wave_burst"}
_M, _B = 12582.9, 838.8  # of both instruments
NAMES = {
    "internal_timestamp": Clock(EACH),
    "presf_time": Ours(EACH, "time", 1.0, -946_684_800.0),
    "presf_tide_pressure_number": Ours("tide", "absolute_pressure", _M / DECIBAR_PER_PSI, _B),
    "presf_tide_temperature_number": Ours("tide", "temperature", 1e3, 1e4),
    "presf_wave_press_temp_comp_number": Ours("wave_burst", "pressure_sensor_frequency", 256.0),
    "presf_wave_burst_pressure_number": NotHeld("became pressure; compared in test_sea_bird_lines.py"),
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
