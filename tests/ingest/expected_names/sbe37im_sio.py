import numpy as np

from tests.ingest.expected_names import EACH, Calculated, Clock, Ours

READER = "sbe37im_sio"
FORMATS = ("sbe37im_sio",)
MAIN = ("clocks", "samples")


def _controller(decoded, n):
    samples = decoded.streams["samples"]
    return (samples["time"].values.astype(np.int64) + samples["logger_clock_offset"].values) / 1e6



PARTICLES = {r"offset": "clocks", r"mule_instrument": "samples"}
NAMES = {
    "internal_timestamp": Clock(EACH),
    "port_timestamp": Clock(EACH, "logger_clock_offset"),
    "sio_controller_timestamp": {
        None: Ours("clocks", "time"),
        "samples": Calculated(_controller),
    },
    "inductive_id": Ours(EACH, "inductive_id"),
    "ctd_time_offset": Ours(EACH, "instrument_clock_error"),
    "temperature": Ours(EACH, "temperature", 1e4, 1e5),
    "conductivity": Ours(EACH, "conductivity", 1e5, 5e4),
    "pressure": Ours(EACH, "pressure_counts"),
    "ctd_time": Ours(EACH, "time", 1.0, -946_684_800.0),
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
