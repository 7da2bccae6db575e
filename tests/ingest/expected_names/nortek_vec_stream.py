"""What OOI's driver and cgsn-parsers call the values of a Vector's logger stream."""

import numpy as np

from ingest.dataset import record_dimension
from tests.ingest.expected_names import EACH, Calculated, Clock, Ours

READER = "nortek_classic"
FORMATS = ("nortek_vec_stream",)
MAIN = "velocity_samples"
PARTICLES = {"data_header": "burst_header", "system_data": "system", "velocity_data": "velocity_samples"}
CLOCK_TOLERANCE = np.timedelta64(1000, "ms")


def RECORDS(decoded, expected):  # noqa: N802
    """cgsn-parsers counts bursts, OOI's driver all records but checks of the probe."""
    streams = decoded.streams
    if "cgsn-parsers" in expected["reference"]:
        times = streams["burst_header"]["time"].values
        return times.size, expected["n_records"], times
    own = [streams[name] for name in PARTICLES.values() if name in streams]
    times = np.sort(np.concatenate([dataset["time"].values for dataset in own]))
    return sum(dataset.sizes[record_dimension(dataset)] for dataset in own), expected["n_records"], times


def _velocity(component):
    """Raw counts of one component: 0.1 mm/s where the system records say so."""

    def values(decoded, count):
        status = decoded.streams["system"]["status_word"].values
        assert (status >> 1 & 1 == status[0] >> 1 & 1).all()
        steps = 10_000.0 if status[0] >> 1 & 1 else 1000.0
        return decoded.streams[MAIN]["unreferenced_velocity"].values[:, component] * steps

    return Calculated(values, "unreferenced_velocity")


_SYSTEM = {
    "battery_voltage": "battery_voltage",
    "speed_of_sound": "sound_speed",
    "heading": "heading",
    "pitch": "pitch",
    "roll": "roll",
    "temperature": "transducer_temperature",
    "error_code": "error_status_word",
    "status_code": "status_word",
}
NAMES = {
    "internal_timestamp": Clock(EACH),
    "date_time_string": Clock(EACH),
    "header.time": Ours("burst_header", "time"),
    "system.time": Ours("system", "time"),
    "velocity.time": Ours(MAIN, "time"),
    "header.records_to_follow": Ours("burst_header", "expected_records"),
    "number_velocity_records": Ours("burst_header", "expected_records"),
    "velocity.ensemble_counter": Ours(MAIN, "sample_counter"),
    "ensemble_counter": Ours(MAIN, "sample_counter"),
    "velocity.pressure": Ours(MAIN, "pressure"),
    "seawater_pressure_mbar": Ours(MAIN, "pressure", 1000.0),
    "battery_voltage_dV": Ours("system", "battery_voltage", 10.0),
    "sound_speed_dms": Ours("system", "sound_speed", 10.0),
    "heading_decidegree": Ours("system", "heading", 10.0),
    "pitch_decidegree": Ours("system", "pitch", 10.0),
    "roll_decidegree": Ours("system", "roll", 10.0),
    "temperature_centidegree": Ours("system", "transducer_temperature", 100.0),
    "error_code": Ours("system", "error_status_word"),
    "status_code": Ours("system", "status_word"),
    "analog_input": Ours("system", "analog_input_1"),
    "analog_input_1": Ours(MAIN, "analog_input_1"),
    "analog_input_2": Ours(MAIN, "analog_input_2"),
    "turbulent_velocity_east": _velocity(0),
    "turbulent_velocity_north": _velocity(1),
    "turbulent_velocity_vertical": _velocity(2),
    "velocity.velocity_east": _velocity(0),
    "velocity.velocity_north": _velocity(1),
    "velocity.velocity_vertical": _velocity(2),
}
NAMES |= {f"system.{name}": Ours("system", variable) for name, variable in _SYSTEM.items()}
for _beam in range(3):
    NAMES[f"noise_amp_beam{_beam + 1}"] = Ours("burst_header", "noise_amplitude", column=_beam)
    NAMES[f"noise_correlation_beam{_beam + 1}"] = Ours("burst_header", "noise_correlation", column=_beam)
    NAMES[f"amplitude_beam_{_beam + 1}"] = Ours(MAIN, "echo_intensity", column=_beam)
    NAMES[f"correlation_beam_{_beam + 1}"] = Ours(MAIN, "correlation_percent", column=_beam)
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
