"""What the three configuration records of a classic Nortek file say.

References
----------
Nortek, System Integrator Manual, PSI00-0101: hardware, head and user configuration. Metres of cells and blanking are
not in it: those of profilers as in dolfyn (io/nortek.py), those with the HR firmware as the maker's own program reckons
them, quoted in oce (R/adp.nortek.R).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ingest.nortek.classic import HARDWARE, HEAD, USER

FRAMES = ("earth", "instrument", "beam")
_TENTHS, _FIXED_SOUND_SPEED = 1 << 4, 1
_NANOSECONDS_PER_COUNT = 1_953_125  # the clock of the samples runs at 512 Hz

# Our name, first byte: 16-bit words.
_HARDWARE_WORDS = {
    "board_configuration": 18, "board_frequency_kHz": 20, "pic_version": 22, "hardware_revision": 24,
    "hardware_status": 28,
}  # fmt: skip
_HEAD_WORDS = {"head_configuration": 4, "head_frequency_kHz": 6, "head_type": 8, "number_of_beams": 220}
_USER_WORDS = {
    "transmit_pulse_counts": 4, "blanking_counts": 6, "receive_counts": 8, "time_between_pings_counts": 10,
    "time_between_bursts_counts": 12, "beam_sequences": 14, "average_interval": 16, "beams": 18, "timing_control": 20,
    "power_control": 22, "compass_update_rate_s": 30, "coordinate_system_code": 32, "cells": 34,
    "cell_size_counts": 36, "measurement_interval_s": 38, "mode": 58, "sound_speed_adjustment": 60,
    "diagnostics_samples": 62, "diagnostics_beams": 64, "diagnostics_pings": 66, "samples_per_burst": 452,
    "correlation_threshold": 458,
}  # fmt: skip

_UPRIGHT = math.cos(math.radians(25))  # the beams of all these profilers stand 25 degrees from the vertical
# By frequency of the head, kHz: metres along the beam in a count of cell size (by 256) and in one of blanking.
_SCALES = {2000: (0.0239, 0.02228), 1000: (0.0478, 0.02266), 600: (0.0797, 0.02281), 400: (0.1195, 0.02289)}
_HR_SCALES = {2000: (0.00675, 0.00675), 1000: (0.0135, 0.0135)}

_MODEL_IDS = {"VEC": "Vector", "AQD": "Aquadopp", "AQP": "Aquadopp Profiler", "WPR": "AWAC", "WAV": "AWAC"}


@dataclass(frozen=True)
class Settings:
    """Configuration records in force, as they stand in the file; empty before they came."""

    user: bytes = b""
    head: bytes = b""
    hardware: bytes = b""

    def with_record(self, record: bytes) -> "Settings":
        """Take over one configuration record."""
        name = {USER: "user", HEAD: "head", HARDWARE: "hardware"}[record[1]]
        return replace(self, **{name: record})

    @property
    def frame(self) -> str:
        """Coordinate system of the velocities; empty where it is not told."""
        code = _word(self.user, 32) if self.user else len(FRAMES)
        return FRAMES[code] if code < len(FRAMES) else ""

    @property
    def beams(self) -> int:
        """Beams; three, as all but rare ones have, where it is not told."""
        told = _word(self.user, 18) if self.user else 0
        return told if 0 < told <= 4 else 3

    @property
    def tenths(self) -> bool:
        """Whether velocities count 0.1 mm/s instead of 1 mm/s."""
        return bool(self.user) and bool(_word(self.user, 58) & _TENTHS)

    @property
    def sample_period(self) -> int | None:
        """Between samples of a Vector, in nanoseconds; None where it is not told."""
        counts = _word(self.user, 16) if self.user else 0
        return counts * _NANOSECONDS_PER_COUNT if counts else None

    def cells(self, high_resolution: bool) -> tuple[float, float] | None:
        """Size of a cell and blanking before the first one, along the vertical, in metres; None where it is not told.

        Parameters
        ----------
        high_resolution
            Whether the instrument runs the HR firmware, which counts both otherwise.
        """
        if not (self.user and self.head):
            return None
        scales = (_HR_SCALES if high_resolution else _SCALES).get(_word(self.head, 6))
        if scales is None or not _word(self.user, 36):
            return None
        size = _UPRIGHT * scales[0] * _word(self.user, 36) / 256
        blanking = _UPRIGHT * scales[1] * _word(self.user, 6)
        if high_resolution:
            return size, blanking - _UPRIGHT * 12 * _word(self.user, 4) / _word(self.head, 6)
        return size, blanking - size

    @cached_property
    def attributes(self) -> Mapping[str, Any]:
        """What is told, by name."""
        found: dict[str, Any] = {}
        for record, words in ((self.hardware, _HARDWARE_WORDS), (self.head, _HEAD_WORDS), (self.user, _USER_WORDS)):
            if record:
                found |= {name: _word(record, first) for name, first in words.items()}
        if self.hardware:
            found |= _hardware(self.hardware)
        if self.head:
            found |= _head(self.head)
        if self.user:
            found |= _user(self.user, self.frame)
        return found


def _word(record: bytes, first: int) -> int:
    return int.from_bytes(record[first : first + 2], "little")


def _text(record: bytes, first: int, length: int) -> str:
    return record[first : first + length].split(b"\0")[0].decode("latin-1").strip()


def _hardware(record: bytes) -> dict[str, Any]:
    serial = _text(record, 4, 8)
    return {
        "instrument_model": "Nortek " + _MODEL_IDS.get(serial[:3], "classic"),
        "serial_number": serial,
        "firmware": _text(record, 42, 4),
        "recorder_size_bytes": _word(record, 26) * 65_536,
        "velocity_range": "high" if _word(record, 28) & 1 else "normal",
    }


def _head(record: bytes) -> dict[str, Any]:
    configuration = _word(record, 4)
    matrix = np.frombuffer(record, "<i2", 9, 30) / 4096
    return {
        "head_serial_number": _text(record, 10, 12),
        "sensors": ", ".join(
            name for place, name in enumerate(("pressure", "magnetometer", "tilt")) if configuration >> place & 1
        ),
        "beam_to_instrument_matrix": " ".join(f"{element:.10g}" for element in matrix),
    }


def _user(record: bytes, frame: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "deployment_name": _text(record, 40, 6),
        "deployment_comments": _text(record, 256, 180),
        "salinity_setting": _word(record, 74) / 10,
        "diagnostics_interval_s": int.from_bytes(record[54:58], "little"),
        "software_version": str(_word(record, 72)),
        "sound_speed_source": "fixed" if _word(record, 58) & _FIXED_SOUND_SPEED else "measured",
    }
    return found | ({"coordinate_system": frame} if frame else {})
