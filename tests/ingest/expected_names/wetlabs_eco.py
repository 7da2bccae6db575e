from tests.ingest.expected_names import EACH, Clock, NotHeld, Ours

READER = "wetlabs_eco"
FORMATS = ("wetlabs_eco_flort_dcl",)
MAIN = "samples"
PARTICLES = {"": MAIN}
_STAMP = NotHeld("text of the same stamp as `time`")
_WAVELENGTH = NotHeld("the same in every record: an attribute")
NAMES = {
    "time": Ours(MAIN, "time"),
    "dcl_date_time_string": _STAMP,
    "dcl_controller_timestamp": _STAMP,
    "port_timestamp": Clock(EACH),
    "internal_timestamp": Clock(EACH, "instrument_clock_offset"),
    "flort_date_time_string": NotHeld("text of the instrument's clock: `instrument_clock_offset`"),
    "date_string": NotHeld("text of the instrument's clock: `instrument_clock_offset`"),
    "time_string": NotHeld("text of the instrument's clock: `instrument_clock_offset`"),
    "measurement_wavelength_beta": _WAVELENGTH,
    "measurement_wavelength_chl": _WAVELENGTH,
    "measurement_wavelength_cdom": _WAVELENGTH,
    "raw_signal_beta": Ours(MAIN, "backscatter_700nm_counts"),
    "raw_signal_chl": Ours(MAIN, "chlorophyll_counts"),
    "raw_signal_cdom": Ours(MAIN, "cdom_counts"),
    "raw_internal_temp": Ours(MAIN, "thermistor_counts"),
}
# Names are one column off after the first: 695 is called a raw signal, and the counts after it a wavelength.
_SHIFTED = "cgsn-parsers calls the wavelength after the first counts a signal, and so on to the end of the line"
NAMES_BY_REFERENCE = {
    r"cgsn-parsers": {
        "measurement_wavelength_chl": Ours(MAIN, "backscatter_700nm_counts"),
        "raw_signal_chl": NotHeld(_SHIFTED),
        "measurement_wavelength_cdom": Ours(MAIN, "chlorophyll_counts"),
        "raw_signal_cdom": NotHeld(_SHIFTED),
        "raw_internal_temp": Ours(MAIN, "cdom_counts"),
    }
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
