from tests.ingest.expected_names import EACH, Clock, Elsewhere, NotHeld, Ours

READER = "wetlabs_eco_sio"
FORMATS = ("wetlabs_eco_sio",)
MAIN = "samples"
PARTICLES = {"": MAIN}
NAMES = {
    "port_timestamp": Clock(EACH),
    "internal_timestamp": Clock(EACH, "instrument_clock_offset"),
    "sio_controller_timestamp": Ours(MAIN, "time"),
    "date_string": NotHeld("text of the instrument's clock: `instrument_clock_offset`"),
    "time_string": NotHeld("text of the instrument's clock: `instrument_clock_offset`"),
    "measurement_wavelength_beta": Elsewhere(MAIN, "backscatter_700nm_wavelength_nm"),
    "measurement_wavelength_chl": Elsewhere(MAIN, "chlorophyll_wavelength_nm"),
    "measurement_wavelength_cdom": Elsewhere(MAIN, "cdom_wavelength_nm"),
    "raw_signal_beta": Ours(MAIN, "backscatter_700nm_counts"),
    "raw_signal_chl": Ours(MAIN, "chlorophyll_counts"),
    "raw_signal_cdom": Ours(MAIN, "cdom_counts"),
    "raw_internal_temp": Ours(MAIN, "thermistor_counts"),
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
