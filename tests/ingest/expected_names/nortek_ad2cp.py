"""What MHKiT's dolfyn calls the values of AD2CP files. It averages what burst and fifth beam measure a moment apart."""

import numpy as np

from tests.ingest.expected_names import Calculated, NotHeld

READER = "nortek_ad2cp"
FORMATS = ("nortek_ad2cp",)
MAIN = "burst"

_STREAMS = {
    "": "burst", "_avg": "average", "_bt": "bottom_track", "_b5": "interleaved_burst", "_altraw": "burst_altimeter",
    "_altraw_avg": "average_altimeter", "_echo": "echosounder",
}  # fmt: skip


def _held(decoded, stream, variable):
    """Values of all layouts of one kind of record, in the file's order."""
    parts = [
        (dataset["source_offset"].values, dataset[variable].values)
        for name, dataset in decoded.streams.items()
        if name == stream or name.removeprefix(f"{stream}_").isdigit()
    ]
    offsets = np.concatenate([offset for offset, _ in parts])
    return np.concatenate([values for _, values in parts])[np.argsort(offsets)]


def RECORDS(decoded, expected):  # noqa: N802
    """Bursts, or averages where there are none; dolfyn leaves out the last whole record before a cut."""
    scan = expected["structure_scan"]["records_by_id"]
    stream, key = ("burst", "0x15") if "0x15" in scan else ("average", "0x16")
    times = _held(decoded, stream, "time")
    wanted = scan[key] if expected["structure_scan"]["truncated_last_record"] else expected["n_records"]
    assert wanted - expected["n_records"] in (0, 1)
    return times.size, wanted, times[: expected["n_records"]]


def _plain(stream, variable, change=lambda values: values):
    return Calculated(lambda decoded, count: change(_held(decoded, stream, variable))[:count], variable)


def _pair(variable):
    """Mean of burst and fifth beam."""

    def mean(decoded, count):
        first = _held(decoded, "burst", variable)[:count]
        if "interleaved_burst" not in decoded.streams:
            return first
        return (first + _held(decoded, "interleaved_burst", variable)[:count]) / 2

    return Calculated(mean, variable)


def _angle(variable):
    """Mean direction of burst and fifth beam, within 180 degrees of zero; as it is without a fifth beam."""

    def mean(decoded, count):
        first = _held(decoded, "burst", variable)[:count]
        if "interleaved_burst" not in decoded.streams:
            return first
        second = _held(decoded, "interleaved_burst", variable)[:count]
        return np.rad2deg(np.angle(np.exp(1j * np.deg2rad(first)) + np.exp(1j * np.deg2rad(second))))

    return Calculated(mean, variable)


def _attribute(stream, name):
    return Calculated(lambda decoded, count: np.full(count, decoded.streams[stream].attrs[name]))


def _bit(place):
    """A bit of the status word of the first kind of record that is there."""

    def bits(decoded, count):
        stream = next(stream for stream in _STREAMS.values() if stream in decoded.streams)
        return (_held(decoded, stream, "status_word") >> place & 1)[:count]

    return Calculated(bits)


def _signed_tenths(values):
    """Millibars that were taken for signed tenths of a decibar: dolfyn gives -3240 dbar of standard deviation."""
    return np.round(values * 1000).astype(np.uint16).astype(np.int16) / 10


_VARIABLES = {
    "c_sound": "sound_speed",
    "temp": "transducer_temperature",
    "pressure": "pressure",
    "heading": "heading",
    "pitch": "pitch",
    "roll": "roll",
    "batt": "battery_voltage",
    "temp_clock": "clock_temperature",
    "temp_press": "pressure_sensor_temperature",
    "error": "error_status_word",
    "status": "status_word",
    "xmit_energy": "transmit_energy",
    "pitch_std": "pitch_standard_deviation",
    "roll_std": "roll_standard_deviation",
    "heading_std": "heading_standard_deviation",
}
_ALTIMETER = {
    "pressure_alt": "surface_tracking_pressure",
    "le_dist_alt": "altimeter_distance",
    "le_quality_alt": "altimeter_quality",
    "status_alt": "altimeter_status",
    "ast_dist_alt": "surface_tracking_distance",
    "ast_quality_alt": "surface_tracking_quality",
    "ast_offset_time_alt": "surface_tracking_time_offset",
}
_PLACE = NotHeld("dolfyn counts the ensembles of the file itself; the instrument's own counter is ensemble_number")

NAMES = {name + tag: _plain(stream, variable)
         for tag, stream in _STREAMS.items() for name, variable in _VARIABLES.items()}  # fmt: skip
NAMES |= {name + tag: _plain(_STREAMS[tag], variable)
          for tag in ("", "_avg") for name, variable in _ALTIMETER.items()}  # fmt: skip
NAMES |= {name + tag: _plain(_STREAMS["_alt" + tag], variable)
          for tag in ("raw", "raw_avg") for name, variable in _ALTIMETER.items()}  # fmt: skip
NAMES |= {f"press_std{tag}": _plain(stream, "pressure_standard_deviation", _signed_tenths)
          for tag, stream in _STREAMS.items()}  # fmt: skip
NAMES |= {f"ensemble{tag}": _PLACE for tag in _STREAMS}
NAMES |= {name: _pair(_VARIABLES[name]) for name in ("c_sound", "temp", "pressure", "temp_press", "temp_clock", "batt")}
NAMES |= {name: _angle(name) for name in ("heading", "pitch", "roll")}
NAMES |= {
    f"{ours}_altraw{tag}": _attribute(_STREAMS["_altraw" + tag], attribute)
    for tag in ("", "_avg")
    for ours, attribute in (("nsamp", "altimeter_sample_count"), ("dsamp", "altimeter_sample_spacing_m"))
}
NAMES |= {name: _bit(place) for name, place in (("low_volt_skip", 17), ("active_config", 16), ("telemetry_data", 11),
                                                ("boost_running", 10))}  # fmt: skip
DEVIATIONS: dict[tuple[str, str], str] = {}
NOT_YET: dict[str, str] = {}
