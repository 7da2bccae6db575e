from tests.ingest.expected_names import Calculated, Clock, NotHeld, Ours

READER = "rdi_pd8_text"
FORMATS = ("rdi_pd8_text",)
MAIN = "profile"
PARTICLES = {"": MAIN}


def _bit(mask: int) -> Calculated:
    return Calculated(lambda decoded, count: (decoded.streams[MAIN]["built_in_test_result"].values & mask > 0) * 1.0)


NAMES = {
    "internal_timestamp": Clock(MAIN),
    "port_timestamp": Clock(MAIN, "logger_clock_offset"),
    "bit_result_timing": _bit(0x02),
    "bit_result_demod_1": _bit(0x10),
    "bit_result_demod_0": _bit(0x08),
    **{f"echo_intensity_beam{beam}": Ours(MAIN, "echo_intensity", column=beam - 1) for beam in range(1, 5)},
    "ensemble_number": Ours(MAIN, "ensemble_number"),
    "error_velocity": Ours(MAIN, "error_velocity", 1e3),
    "heading": Ours(MAIN, "heading"),
    "num_cells": NotHeld("the length of the dimension `cell`"),
    "pitch": Ours(MAIN, "pitch"),
    "roll": Ours(MAIN, "roll"),
    "speed_of_sound": Ours(MAIN, "sound_speed"),
    "temperature": Ours(MAIN, "transducer_temperature"),
    "water_direction": Ours(MAIN, "current_direction"),
    "water_velocity": Ours(MAIN, "current_speed", 1e3),
    "water_velocity_east": Ours(MAIN, "eastward_velocity", 1e3),
    "water_velocity_north": Ours(MAIN, "northward_velocity", 1e3),
    "water_velocity_up": Ours(MAIN, "upward_velocity", 1e3),
}
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
