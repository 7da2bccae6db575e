from tests.ingest.expected_names import EACH, Bit, Clock, Merged, NotHeld, Ours

READER = "sami2"
FORMATS = ("sami2_pco2_dcl", "sami2_ph_dcl")
ALL = ("ph", "carbon_dioxide", "carbon_dioxide_blank", "power", "control")
# cgsn-parsers makes one record of the power record and the measurement after it, with the stamp of the former.
MAIN = {r"cgsn-parsers.*pco2w": ("power",), r"cgsn-parsers": ("ph",), "": ("ph", *ALL[1:])}
PARTICLES = {
    r"power": "power",
    r"pco2w.*blank": "carbon_dioxide_blank",
    r"pco2w.*instrument": "carbon_dioxide",
    r"phsen.*instrument": "ph",
    r"metadata|control": "control",
}
CLOCK = {r"sami2_pco2_dcl": "logger_clock_offset"}
SECONDS_1904_TO_1970 = 2_082_844_800.0
FLAGS = (
    "clock_active",
    "recording_active",
    "record_end_on_time",
    "record_memory_full",
    "record_end_on_error",
    "data_download_ok",
    "flash_memory_open",
    "battery_low_prestart",
    "battery_low_measurement",
    "battery_low_blank",
    "battery_low_external",
    "external_device1_fault",
    "external_device2_fault",
    "external_device3_fault",
    "flash_erased",
    "power_on_invalid",
)
RECORD = {
    "record_type": Ours(EACH, "record_type"),
    "record_time": Ours(EACH, "time", 1.0, SECONDS_1904_TO_1970),
    "unique_id": Ours(EACH, "unit_identity"),
    "passed_checksum": NotHeld("only records whose checksum holds are kept"),
    "voltage_battery": {
        "control": NotHeld("taken from types 192 and 193 alone; `battery_counts` has it for each record with one"),
        None: Ours(EACH, "battery_counts"),
    },
    "num_data_records": Ours(EACH, "data_records"),
    "num_error_records": Ours(EACH, "error_records"),
    "num_bytes_stored": Ours(EACH, "bytes_stored"),
    **{name: Bit(EACH, "control_flags", place) for place, name in enumerate(FLAGS)},
}
_STAMP = Clock(EACH, "logger_clock_offset")
CARBON_DIOXIDE = {
    "thermistor_raw": Ours(EACH, "thermistor_counts"),
    "light_measurements": {"ph": Ours("ph", "ph_light_counts"), None: Ours(EACH, "co2_light_counts")},
    "blank_light_measurements": Ours(EACH, "co2_light_counts"),
}
PH = {
    "thermistor_start": Ours(EACH, "thermistor_start_counts"),
    "thermistor_end": Ours(EACH, "thermistor_end_counts"),
    "reference_light_measurements": Ours("ph", "ph_reference_light_counts"),
}
_BOTH = ("carbon_dioxide", "carbon_dioxide_blank")
NAMES = {
    **RECORD,
    **CARBON_DIOXIDE,
    **PH,
    "dcl_controller_timestamp": _STAMP,
    "port_timestamp": NotHeld("stamp of a pH record's last line; ours is that of its first"),
    "internal_timestamp": {"ph": Clock(EACH), None: _STAMP},
    "time": Ours("power", "time"),
    "collect_date_time": NotHeld("text of the logger's stamp of the power record: its `logger_clock_offset`"),
    "process_date_time": NotHeld("text of the logger's stamp of the measurement: its `logger_clock_offset`"),
}
NAMES_BY_REFERENCE = {
    r"cgsn-parsers.*pco2w": {
        "time": NotHeld("logger's stamp of the power record, which time_first and time_last compare"),
        "record_length": NotHeld("the same for every record of a type"),
        "record_type": Merged(_BOTH, "record_type", 0.0),
        "record_time": Merged(_BOTH, "time", SECONDS_1904_TO_1970),
        "unique_id": Merged(_BOTH, "unit_identity", 0.0),
        "voltage_battery": Merged(_BOTH, "battery_counts", 0.0),
        "thermistor_raw": Merged(_BOTH, "thermistor_counts", 0.0),
    },
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
