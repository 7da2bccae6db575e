"""What OOI's driver calls the values of Aquadopp records, from files and from loggers' streams."""

import numpy as np

from ingest.dataset import record_dimension
from tests.ingest.expected_names import EACH, Calculated, Clock, Elsewhere, NotHeld, Ours

READER = "nortek_classic"
FORMATS = ("nortek_aqd", "nortek_aqd_stream")
MAIN = "velocity"
PARTICLES = {
    "diagnostics_metadata": "diagnostics_header",
    "diagnostics": "diagnostics",
    "instrument_metadata": "configuration",
    "instrument": "velocity",
}


def RECORDS(decoded, expected):  # noqa: N802
    """Records of all kinds; the three of the configuration count as one."""
    streams = decoded.streams.values()
    told = any("pic_version" in dataset.attrs for dataset in streams)
    times = np.sort(np.concatenate([dataset["time"].values for dataset in streams if "time" in dataset]))
    return sum(dataset.sizes[record_dimension(dataset)] for dataset in streams) + told, expected["n_records"], times


_COMPONENTS = ("eastward_velocity", "northward_velocity", "upward_velocity")
_ONE_FRAME = ("unreferenced_velocity", "instrument_velocity", "outward_beam_velocity")


def _velocity(stream, component):
    """Raw counts of one component, in whatever frame the file says."""

    def values(decoded, count):
        dataset = decoded.streams[stream]
        held = [dataset[name].values[:, component] for name in _ONE_FRAME if name in dataset]
        metres = held[0] if held else dataset[_COMPONENTS[component]].values
        return metres * np.where(dataset["status_word"].values >> 1 & 1, 10_000.0, 1000.0)

    return Calculated(values, "eastward_velocity")


_NO_TIME = NotHeld("the record has no time of its own; the driver gives it that of the one after it")
_TIME = {"configuration": _NO_TIME, "diagnostics_header": _NO_TIME, None: Clock(EACH)}
NAMES = {
    "internal_timestamp": _TIME,
    "date_time_string": _TIME,
    "error_code": Ours(EACH, "error_status_word"),
    "analog1": Ours(EACH, "analog_input_1"),
    "battery_voltage_dV": Ours(EACH, "battery_voltage", 10.0),
    "sound_speed_dms": Ours(EACH, "sound_speed", 10.0),
    "heading_decidegree": Ours(EACH, "heading", 10.0),
    "pitch_decidegree": Ours(EACH, "pitch", 10.0),
    "roll_decidegree": Ours(EACH, "roll", 10.0),
    "pressure_mbar": Ours(EACH, "pressure", 1000.0),
    "status": Ours(EACH, "status_word"),
    "temperature_centidegree": Ours(EACH, "transducer_temperature", 100.0),
    "records_to_follow": Ours(EACH, "expected_records"),
    "cell_number_diagnostics": Ours(EACH, "cell_number"),
}
for _beam in range(3):
    NAMES[f"velocity_beam{_beam + 1}"] = {
        None: _velocity("velocity", _beam),
        "diagnostics": _velocity("diagnostics", _beam),
    }
    NAMES[f"amplitude_beam{_beam + 1}"] = Ours(EACH, "echo_intensity", column=_beam)
for _beam in range(4):
    NAMES[f"noise_amplitude_beam{_beam + 1}"] = Ours(EACH, "noise_amplitude", column=_beam)
    NAMES[f"processing_magnitude_beam{_beam + 1}"] = Ours(EACH, "processing_magnitude", column=_beam)
    NAMES[f"distance_beam{_beam + 1}"] = Ours(EACH, "processing_distance", column=_beam)

_SETTINGS = {
    "pic_version": "pic_version",
    "hardware_revision": "hardware_revision",
    "recorder_size": "recorder_size_bytes",
    "firmware_version": None,
    "head_frequency": "head_frequency_kHz",
    "head_type": "head_type",
    "number_beams": "number_of_beams",
    "transmit_pulse_length": "transmit_pulse_counts",
    "blanking_distance": "blanking_counts",
    "receive_length": "receive_counts",
    "time_between_pings": "time_between_pings_counts",
    "time_between_bursts": "time_between_bursts_counts",
    "number_of_beam_sequences": "beam_sequences",
    "average_interval": "average_interval",
    "compass_update_rate": "compass_update_rate_s",
    "coordinate_system": "coordinate_system_code",
    "number_cells": "cells",
    "measurement_interval": "measurement_interval_s",
    "diagnostics_interval": "diagnostics_interval_s",
    "sound_speed_adjust_factor": "sound_speed_adjustment",
    "number_diagnostics_samples": "diagnostics_samples",
    "number_of_beams_in_diagnostics_mode": "diagnostics_beams",
    "number_pings_diagnostic": "diagnostics_pings",
    "correlation_threshold": "correlation_threshold",
}
_TEXT = NotHeld("text or a single bit of the configuration: an attribute, or part of one")
NAMES |= {name: Elsewhere(MAIN, attribute) if attribute else _TEXT for name, attribute in _SETTINGS.items()}
NAMES |= dict.fromkeys(
    (
        "instrmt_type_serial_number", "velocity_range", "pressure_sensor", "magnetometer_sensor", "tilt_sensor",
        "tilt_sensor_mounting", "head_serial_number", "deployment_name", "use_specified_sound_speed",
        "diagnostics_mode_enable", "analog_output_enable", "output_format_nortek", "scaling", "serial_output_enable",
        "reserved_bit_easyq", "stage_enable", "analog_power_output", "software_version",
    ),
    _TEXT,
)  # fmt: skip
DEVIATIONS: dict[tuple[str, str], str] = {
    ("20150428.velpt2.log", "temperature_centidegree"): "one of the 24 values in the expectation is 2 smaller than the "
    "record's bytes, whose checksum holds: their mean is 1211.2083 (int16 at byte 28 of each 42)",
}
NOT_YET: dict[str, str] = {}
