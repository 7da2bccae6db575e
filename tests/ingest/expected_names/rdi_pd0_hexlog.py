from tests.ingest.expected_names import Clock, NotHeld, Ours

READER = "rdi_pd0_hexlog"
FORMATS = ("rdi_pd0_hexlog",)
MAIN = "profile"
PARTICLES = {
    # Settings of the fixed leader, the same in every ensemble, printed once: attributes of ours, as for `rdi_pd0`.
    "config": None,
    "velocity|engineering": MAIN,
}
_SETTING = NotHeld("a setting, the same in every ensemble: an attribute")
_BAD = -32768


def _per_beam(name: str, ours: str) -> dict[str, Ours]:
    return {f"{name}_beam{beam}": Ours(MAIN, ours, column=beam - 1) for beam in range(1, 5)}


NAMES = {
    "bin_1_distance": _SETTING,
    "cell_length": _SETTING,
    "num_cells": _SETTING,
    "transmit_pulse_length": _SETTING,
    **_per_beam("correlation_magnitude", "correlation_magnitude"),
    **_per_beam("echo_intensity", "echo_intensity"),
    "percent_good_3beam": Ours(MAIN, "percent_good", column=0),
    "percent_transforms_reject": Ours(MAIN, "percent_good", column=1),
    "percent_bad_beams": Ours(MAIN, "percent_good", column=2),
    "percent_good_4beam": Ours(MAIN, "percent_good", column=3),
    "water_velocity_east": Ours(MAIN, "eastward_velocity", 1e3, missing=_BAD),
    "water_velocity_north": Ours(MAIN, "northward_velocity", 1e3, missing=_BAD),
    "water_velocity_up": Ours(MAIN, "upward_velocity", 1e3, missing=_BAD),
    "error_velocity": Ours(MAIN, "error_velocity", 1e3, missing=_BAD),
    "ensemble_number": Ours(MAIN, "ensemble_number"),
    "internal_timestamp": Clock(MAIN),
    "port_timestamp": Clock(MAIN, "logger_clock_offset"),
    "heading": Ours(MAIN, "heading", 1e2),
    "pitch": Ours(MAIN, "pitch", 1e2),
    "roll": Ours(MAIN, "roll", 1e2),
    "pressure": Ours(MAIN, "pressure", 1e3),
    "salinity": Ours(MAIN, "salinity_setting"),
    "sysconfig_vertical_orientation": Ours(MAIN, "facing_up"),
    "temperature": Ours(MAIN, "transducer_temperature", 1e2),
    "transducer_depth": Ours(MAIN, "transducer_depth", 1e1),
    "speed_of_sound": Ours(MAIN, "sound_speed"),
    "bit_result": Ours(MAIN, "built_in_test_result"),
    "error_status_word": Ours(MAIN, "error_status_word"),
    "adc_transmit_current": Ours(MAIN, "adc_counts", column=0),
    "adc_transmit_voltage": Ours(MAIN, "adc_counts", column=1),
    "adc_ambient_temp": Ours(MAIN, "adc_counts", column=2),
    "adc_pressure_plus": Ours(MAIN, "adc_counts", column=3),
    "adc_pressure_minus": Ours(MAIN, "adc_counts", column=4),
    "adc_attitude_temp": Ours(MAIN, "adc_counts", column=5),
    "adc_attitude": Ours(MAIN, "adc_counts", column=6),
    "adc_contamination_sensor": Ours(MAIN, "adc_counts", column=7),
    "heading_stdev": Ours(MAIN, "heading_standard_deviation"),
    "pitch_stdev": Ours(MAIN, "pitch_standard_deviation", 1e1),
    "roll_stdev": Ours(MAIN, "roll_standard_deviation", 1e1),
    "pressure_variance": Ours(MAIN, "pressure_standard_deviation", 1e3),
    "mpt_minutes": NotHeld("part of `minimum_preping_wait`"),
    "mpt_seconds": NotHeld("part of `minimum_preping_wait`"),
    "mpt_hundredths": NotHeld("part of `minimum_preping_wait`"),
}
DEVIATIONS: dict[tuple[str, str], str] = {
    ("20140424.adcpt.log", "n_records"): "31 particles of the file's 15 ensembles: two of each, and one of settings",
}
NOT_YET: dict[str, str] = {}
