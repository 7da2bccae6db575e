"""Teledyne RDI Workhorse 300 kHz, looking up: PD0 ensembles in earth coordinates."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..instrument import Columns, Encoded, Format, Instrument, Sensor, View
from ..site import PLATFORM_HEIGHT

Floats = NDArray[np.float64]

CELLS, CELL_METRES, FIRST_CELL_METRES = 40, 2.0, 4.2
SERIAL = 99_999
NO_VELOCITY = -32_768
DB_PER_COUNT = 0.45
_PINGS = 45
_NOISE_FLOOR = 42.0


def ensemble_dtype(cells: int) -> np.dtype[Any]:
    """Layout of one ensemble, checksum included, little-endian, without padding.

    References
    ----------
    Teledyne RDI, Workhorse Commands and Output Data Format, P/N 957-6156-00, chapter on PD0.
    """
    fixed = [
        ("id", "<u2"), ("firmware", "u1", 2), ("system", "<u2"), ("simulated", "u1"), ("lag", "u1"), ("beams", "u1"),
        ("cells", "u1"), ("pings", "<u2"), ("cell_cm", "<u2"), ("blank_cm", "<u2"), ("mode", "u1"),
        ("low_correlation", "u1"), ("repetitions", "u1"), ("good_minimum", "u1"), ("error_maximum", "<u2"),
        ("ping_time", "u1", 3), ("coordinates", "u1"), ("alignment", "<i2"), ("bias", "<i2"), ("source", "u1"),
        ("available", "u1"), ("first_cell_cm", "<u2"), ("pulse_cm", "<u2"), ("layer", "u1", 2), ("false_target", "u1"),
        ("spare", "u1"), ("transmit_lag", "<u2"), ("board", "u1", 8), ("bandwidth", "<u2"), ("power", "u1"),
        ("spare_2", "u1"), ("serial", "<u4"), ("angle", "u1"),
    ]  # fmt: skip
    variable = [
        ("id", "<u2"), ("number", "<u2"), ("clock", "u1", 7), ("number_high", "u1"), ("test", "<u2"), ("sound", "<u2"),
        ("depth_dm", "<u2"), ("heading", "<u2"), ("pitch", "<i2"), ("roll", "<i2"), ("salinity", "<u2"),
        ("temperature", "<i2"), ("ping_wait", "u1", 3), ("spread", "u1", 3), ("analog", "u1", 8), ("errors", "<u4"),
        ("spare", "u1", 2), ("pressure", "<u4"), ("pressure_variance", "<u4"), ("spare_2", "u1"),
        ("century_clock", "u1", 8),
    ]  # fmt: skip
    return np.dtype([
        ("magic", "u1", 2), ("bytes", "<u2"), ("spare", "u1"), ("types", "u1"), ("offsets", "<u2", 6),
        ("fixed", np.dtype(fixed)), ("variable", np.dtype(variable)),
        ("velocity_id", "<u2"), ("velocity", "<i2", (cells, 4)),
        ("correlation_id", "<u2"), ("correlation", "u1", (cells, 4)), ("echo_id", "<u2"),
        ("echo", "u1", (cells, 4)), ("good_id", "<u2"), ("good", "u1", (cells, 4)),
        ("reserved", "u1", 2), ("checksum", "<u2"),
    ])  # fmt: skip


def blank_ensembles(count: int, cells: int, interval: float) -> NDArray[Any]:
    """Ensembles with everything that stays the same filled in."""
    dtype = ensemble_dtype(cells)
    out = np.zeros(count, dtype=dtype)
    out["magic"], out["bytes"], out["types"] = 0x7F, dtype.itemsize - 2, 6
    parts = ("fixed", "variable", "velocity_id", "correlation_id", "echo_id", "good_id")
    places: Mapping[str, Any] = dtype.fields or {}
    out["offsets"] = [places[name][1] for name in parts]
    seconds, hundredths = divmod(round(100 * interval / _PINGS), 100)
    leader = {
        "firmware": (51, 41), "system": 0x41CA, "lag": 13, "beams": 4, "cells": cells, "pings": _PINGS,
        "cell_cm": round(100 * CELL_METRES), "blank_cm": 176, "mode": 1, "low_correlation": 64, "repetitions": 5,
        "error_maximum": 2000, "ping_time": (seconds // 60, seconds % 60, hundredths), "coordinates": 0x1F,
        "source": 0x7D, "available": 0x3D, "first_cell_cm": round(100 * FIRST_CELL_METRES), "pulse_cm": 220,
        "layer": (1, 5), "false_target": 50, "transmit_lag": 54, "board": (7, 0, 0, 6, 254, 232, 165, 9), "power": 255,
        "serial": SERIAL, "angle": 20, "bias": -340,
    }  # fmt: skip
    for name, value in leader.items():
        out["fixed"][name] = value
    out["variable"]["id"], out["velocity_id"], out["correlation_id"] = 0x0080, 0x0100, 0x0200
    out["echo_id"], out["good_id"] = 0x0300, 0x0400
    out["variable"]["salinity"] = 35
    return out


def seal(ensembles: NDArray[Any], numbers: NDArray[np.int64], stamps: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Enter ensemble numbers and clocks and close with the checksum.

    Parameters
    ----------
    ensembles : structured ndarray, shape (n,)
        Changed.
    numbers : ndarray of int64, shape (n,)
        From 1; the high byte takes what is above 65,535.
    stamps : ndarray of int64, shape (n,)
        Microseconds since 1970 of the instrument's clock, in whole hundredths.

    Returns
    -------
    ndarray of uint8, shape (n, bytes)
    """
    variable = ensembles["variable"]
    variable["number"], variable["number_high"] = numbers & 0xFFFF, (numbers >> 16) & 0xFF
    clock = _clock(stamps)
    variable["century_clock"] = clock
    variable["clock"] = clock[:, 1:]
    data = ensembles.view(np.uint8).reshape(len(ensembles), -1)
    # The sum runs from the first 0x7F to just before the checksum, modulo 65,536.
    ensembles["checksum"] = data[:, :-2].sum(axis=1, dtype=np.uint32) & 0xFFFF
    return data


def _clock(stamps: NDArray[np.int64]) -> NDArray[np.uint8]:
    moment = stamps.astype("datetime64[us]")
    month = moment.astype("datetime64[M]").astype(np.int64)
    day = (moment.astype("datetime64[D]") - moment.astype("datetime64[M]")).astype(np.int64) + 1
    year = 1970 + month // 12
    hundredths = stamps // 10_000 % 8_640_000
    parts = (year // 100, year % 100, month % 12 + 1, day, hundredths // 360_000, hundredths // 6_000 % 60,
             hundredths // 100 % 60, hundredths % 100)  # fmt: skip
    return np.stack(parts, axis=1).astype(np.uint8)


def clean(view: View) -> dict[str, NDArray[Any]]:
    """Readings of a sound profiler: velocity (n, cells) in m/s, echo (n, cells) in dB, attitude in degrees."""
    height = PLATFORM_HEIGHT + FIRST_CELL_METRES + CELL_METRES * np.arange(CELLS)
    # The tide slackens towards the seafloor as in a turbulent boundary layer.
    shear = np.clip(np.log(height / 0.01) / np.log(60.0 / 0.01), 0.0, 1.1)
    sensors = INSTRUMENT.sensors
    noise = {name: sensors[name].noise * view.noise(name, CELLS) for name in sensors if name not in _SCALARS}
    distance = (FIRST_CELL_METRES + CELL_METRES * np.arange(CELLS)) / np.cos(np.deg2rad(20.0))
    # Spherical spreading and absorption of 0.069 dB/m at 300 kHz, both ways, above the noise floor.
    level = 70.0 - 20 * np.log10(distance / distance[0]) - 2 * 0.069 * (distance - distance[0])
    echo = np.where(view.in_air, 0.0, 1.0)[:, None] * (level + 0.8 * view.noise("scatterers")[:, None])
    event = view.field("echo")[:, None] * np.exp(-height / 60.0)
    return {
        **{name: view.field(name)[:, None] * shear + noise[name] for name in ("velocity_east", "velocity_north")},
        "velocity_up": view.field("velocity_up")[:, None] + noise["velocity_up"],
        "velocity_error": noise["velocity_error"],
        "echo": echo + event + noise["echo"] + DB_PER_COUNT * _NOISE_FLOOR,
        "heading": 217.0 + sensors["heading"].noise * view.noise("heading"),
        "pitch": 1.3 + sensors["pitch"].noise * view.noise("pitch"),
        "roll": -0.8 + sensors["roll"].noise * view.noise("roll"),
        "temperature": view.field("temperature") + sensors["temperature"].noise * view.noise("temperature"),
        "pressure": view.field("pressure") + sensors["pressure"].noise * view.noise("pressure"),
        "_in_air": view.in_air,
    }


def to_raw(columns: Columns, view: View) -> dict[str, NDArray[Any]]:
    """Counts of every field; velocity, correlation, echo and percent good of shape (n, cells, 4)."""
    air = columns["_in_air"][:, None]
    velocity = np.stack([columns[f"velocity_{axis}"] for axis in ("east", "north", "up", "error")], axis=-1)
    # The further a cell, the more pings are lost; where half of them are, the instrument gives no velocity.
    chance = view.noise("loss", CELLS)
    good = np.clip(np.rint(118.0 - 1.6 * np.arange(CELLS) + 4.0 * chance), 0, 100)
    good = np.where(air, 0, good).astype(np.int64)
    bad = (good < 60)[..., None]
    beams = view.noise("beams", CELLS * 4).reshape(-1, CELLS, 4)
    echo = columns["echo"][..., None] / DB_PER_COUNT + 1.2 * beams
    correlation = np.where(air[..., None], 20.0, 126.0 - 0.9 * np.arange(CELLS)[:, None]) + 2.0 * beams
    three = np.clip(100 - good, 0, 12)
    percent = np.stack([three, np.zeros_like(good), 100 - good - three, good], axis=-1)
    raw = {
        "velocity": np.where(bad, NO_VELOCITY, np.rint(np.clip(1000.0 * velocity, -32_767, 32_767))),
        "echo": np.clip(np.rint(echo), 0, 255),
        "correlation": np.clip(np.rint(correlation), 0, 255),
        "good": np.clip(percent, 0, 100),
        "heading": np.rint(100.0 * (columns["heading"] % 360.0)) % 36_000,
        **{name: np.rint(100.0 * columns[name]) for name in ("pitch", "roll", "temperature")},
        "pressure": np.clip(np.rint(1000.0 * columns["pressure"]), 0, None),
        "depth_dm": np.clip(np.rint(9.91 * columns["pressure"]), 0, 65_535),
        "sound": np.rint(1449.0 + 4.6 * columns["temperature"] + 0.0163 * columns["pressure"]),
    }
    return {name: value.astype(np.int64) for name, value in raw.items()}


def file_name(deployment: str, day: np.datetime64 | None) -> str:
    """One file for a deployment, or one a day."""
    return f"{deployment}.000" if day is None else f"{deployment}-{day}.000"


def stamp(clock: NDArray[np.int64], view: View) -> NDArray[np.int64]:
    """Whole hundredths of a second."""
    return clock // 10_000 * 10_000


def encode(raw: Columns, stamps: NDArray[np.int64], view: View) -> Encoded:
    """Ensembles of one chunk."""
    ensembles = blank_ensembles(len(stamps), CELLS, 600.0)
    for name in ("velocity", "correlation", "echo", "good"):
        ensembles[name] = raw[name]
    for name in ("heading", "pitch", "roll", "temperature", "pressure", "depth_dm", "sound"):
        ensembles["variable"][name] = raw[name]
    data = seal(ensembles, np.arange(view.first + 1, view.last + 1), stamps)
    return Encoded(data.reshape(-1), data.shape[1] * np.arange(1, len(stamps) + 1, dtype=np.int64))


def write(path: Path, *, ensembles: int, cells: int = CELLS, interval: float = 2.0, seed: int = 0,
          start: str = "2016-09-08T00:00:00") -> int:  # fmt: skip
    """Write a file quickly, for benchmarks: random velocities, time that only goes forward.

    Parameters
    ----------
    path
        The file to write.
    ensembles, cells
        22,000 ensembles of 40 cells make 20 MB.
    interval
        Seconds between ensembles, in whole hundredths.
    seed
        Of the random numbers.
    start
        Clock of the first.

    Returns
    -------
    int
        Bytes written.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    step, first = round(interval * 100) * 10_000, int(np.datetime64(start, "us").astype(np.int64))
    with path.open("wb") as file:
        for done in range(0, ensembles, 4096):
            numbers = np.arange(done, min(done + 4096, ensembles), dtype=np.int64)
            block = blank_ensembles(len(numbers), cells, interval)
            shape = (len(numbers), cells, 4)
            block["velocity"] = rng.integers(-400, 400, shape)
            block["correlation"], block["echo"] = rng.integers(90, 128, shape), rng.integers(60, 180, shape)
            block["good"][..., 3] = 100
            block["variable"]["heading"] = 21_700 + rng.integers(-20, 20, len(numbers))
            block["variable"]["temperature"] = 388 + rng.integers(-9, 9, len(numbers))
            block["variable"]["pressure"] = 1_130_000 + rng.integers(-500, 500, len(numbers))
            block["variable"]["sound"], block["variable"]["depth_dm"] = 1485, 11_190
            file.write(seal(block, numbers + 1, first + step * numbers).tobytes())
        return file.tell()


_SCALARS = ("heading", "pitch", "roll", "temperature", "pressure")

INSTRUMENT = Instrument(
    name="adcp",
    model="Workhorse Sentinel 300",
    serial=str(SERIAL),
    sensors={
        "velocity_east": Sensor(0.004, (), ("velocity",)),
        "velocity_north": Sensor(0.004, (), ("velocity",)),
        "velocity_up": Sensor(0.002, (), ("velocity",)),
        "velocity_error": Sensor(0.003, (), ("velocity",)),
        "echo": Sensor(0.5, ("echo",), ("echo",)),
        "heading": Sensor(0.15, (), ("heading",)),
        "pitch": Sensor(0.02, (), ("pitch",)),
        "roll": Sensor(0.02, (), ("roll",)),
        "temperature": Sensor(0.005, ("temperature",), ("temperature",)),
        "pressure": Sensor(0.05, (), ("pressure",)),
    },
    clean=clean,
    standard=True,
    drift=35.0,
    response={"temperature": 120.0},
    interval=lambda period: max(600.0, period),
    block=1024,
    format=Format(to_raw, stamp, encode, file_name),
    pattern="*.000",
    decoded={
        "velocity_east": "eastward_velocity",
        "velocity_north": "northward_velocity",
        "velocity_up": "upward_velocity",
        "velocity_error": "error_velocity",
        "temperature": "transducer_temperature",
        "echo": "echo_intensity",
    },
    also=("sound_speed", "ensemble_number", "error_status_word", "percent_good"),
    configuration={"pressure_reference": "gauge"},
)  # fmt: skip
