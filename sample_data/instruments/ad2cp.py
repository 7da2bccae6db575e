"""Nortek Signature 500, looking up: AD2CP binary, a record for each average, in earth coordinates."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..instrument import Columns, Encoded, FileHead, Format, Instrument, Sensor, View
from ..site import PLATFORM_HEIGHT

Floats = NDArray[np.float64]

CELLS, CELL_METRES, BLANK_METRES = 30, 1.0, 0.5
SERIAL = 999_999
NO_VELOCITY = -32_768
DB_PER_COUNT = 0.5
FIRST_SUM = 0xB58C
AVERAGE, STRING = 0x16, 0xA0
_HEADER_BYTES, _DATA_BEGINS = 10, 76
_VALID_SENSORS, _VELOCITY, _AMPLITUDE, _CORRELATION, _PERCENT_GOOD = 0x0F, 1 << 5, 1 << 6, 1 << 7, 1 << 13
_NOISE_FLOOR = 24.0


def record_dtype(cells: int) -> np.dtype[Any]:
    """Layout of one average of four beams, version 3 of the data, little-endian, without padding.

    References
    ----------
    Nortek, Integrators Guide AD2CP, N3015-007: header; burst and average data, version 3.
    """
    return np.dtype([
        ("sync", "u1"), ("header_bytes", "u1"), ("id", "u1"), ("family", "u1"), ("data_bytes", "<u2"),
        ("data_sum", "<u2"), ("header_sum", "<u2"),
        ("version", "u1"), ("begins", "u1"), ("configuration", "<u2"), ("serial", "<u4"), ("clock", "u1", 6),
        ("fraction", "<u2"), ("sound", "<u2"), ("temperature", "<i2"), ("pressure", "<u4"), ("heading", "<u2"),
        ("pitch", "<i2"), ("roll", "<i2"), ("beams", "<u2"), ("cell_mm", "<u2"), ("blank", "<u2"),
        ("nominal_correlation", "u1"), ("inner_temperature", "u1"), ("battery", "<u2"), ("magnetometer", "<i2", 3),
        ("accelerometer", "<i2", 3), ("ambiguity", "<u2"), ("description", "<u2"), ("energy", "<u2"),
        ("exponent", "i1"), ("power", "i1"), ("magnetometer_temperature", "<i2"), ("clock_temperature", "<i2"),
        ("error", "<u2"), ("extended_status", "<u2"), ("status", "<u4"), ("number", "<u4"),
        ("velocity", "<i2", (4, cells)), ("amplitude", "u1", (4, cells)), ("correlation", "u1", (4, cells)),
        ("good", "u1", cells),
    ])  # fmt: skip


def blank_records(count: int, cells: int = CELLS) -> NDArray[Any]:
    """Records with everything that stays the same filled in."""
    dtype = record_dtype(cells)
    out = np.zeros(count, dtype=dtype)
    wanted = _VALID_SENSORS | _VELOCITY | _AMPLITUDE | _CORRELATION | _PERCENT_GOOD
    constant = {
        "sync": 0xA5, "header_bytes": _HEADER_BYTES, "id": AVERAGE, "family": 0x10,
        "data_bytes": dtype.itemsize - _HEADER_BYTES, "version": 3, "begins": _DATA_BEGINS, "configuration": wanted,
        # Four beams, earth coordinates.
        "serial": SERIAL, "beams": 4 << 12 | 0 << 10 | cells, "cell_mm": round(1000 * CELL_METRES),
        # The status says that the blanking stands in centimetres.
        "blank": round(100 * BLANK_METRES), "status": 1 << 1, "nominal_correlation": 81, "battery": 148,
        "accelerometer": (-270, 180, 16_380), "ambiguity": 5000, "energy": 120, "exponent": -3, "power": -2,
    }  # fmt: skip
    for name, value in constant.items():
        out[name] = value
    return out


def word_sums(data: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Checksums of the rows of an even number of bytes: little-endian words added to 0xB58C, modulo 65,536."""
    words: NDArray[np.uint16] = np.ascontiguousarray(data).view("<u2")
    total = words.sum(axis=1, dtype=np.int64) + FIRST_SUM
    return np.asarray(total & 0xFFFF, dtype=np.uint16)


def seal(records: NDArray[Any], numbers: NDArray[np.int64], stamps: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Enter numbers and clocks and close with the checksums.

    Parameters
    ----------
    records : structured ndarray, shape (n,)
        Changed.
    numbers : ndarray of int64, shape (n,)
        From 1.
    stamps : ndarray of int64, shape (n,)
        Microseconds since 1970 of the instrument's clock, in whole 100 microseconds.

    Returns
    -------
    ndarray of uint8, shape (n, bytes)
    """
    moment = stamps.astype("datetime64[us]")
    month = moment.astype("datetime64[M]").astype(np.int64)
    day = (moment.astype("datetime64[D]") - moment.astype("datetime64[M]")).astype(np.int64) + 1
    second = stamps // 1_000_000 % 86_400
    # Years count from 1900, months from 0.
    parts = (70 + month // 12, month % 12, day, second // 3600, second // 60 % 60, second % 60)
    records["clock"], records["fraction"] = np.stack(parts, axis=1), stamps % 1_000_000 // 100
    records["number"] = numbers & 0xFFFFFFFF
    data = records.view(np.uint8).reshape(len(records), -1)
    records["data_sum"] = word_sums(data[:, _HEADER_BYTES:])
    records["header_sum"] = word_sums(data[:, : _HEADER_BYTES - 2])
    return data


def string_record(text: str) -> bytes:
    """Return a record of text: its kind, the text, a zero byte to end it and, where need be, one to make it even."""
    data = b"\x10" + text.encode("ascii") + b"\0"
    data += b"\0" * (len(data) % 2)
    head = bytes((0xA5, _HEADER_BYTES, STRING, 0x10)) + len(data).to_bytes(2, "little") + _sum(data)
    return head + _sum(head) + data


def _sum(data: bytes) -> bytes:
    return int(word_sums(np.frombuffer(data, np.uint8)[None])[0]).to_bytes(2, "little")


def header(head: FileHead) -> bytes:
    """Return the configuration in the words of the instrument, as it stands before the first record."""
    interval = f"{head.interval:.0f}"
    start = head.start.astype("datetime64[s]").item()
    lines = [
        f'GETCLOCKSTR,TIME="{start:%Y-%m-%d %H:%M:%S}"', f'ID,STR="Signature500",SN={SERIAL}',
        'GETHW,FW=2214,FPGA=186,DIGITAL="H-0",INTERFACE="I-0",ANALOG="F-0",SENSOR="H-0",BOOT=23,FWMINOR=12',
        "BOARDSENSGET,AV=23,NB=5,HF=500",
        f'GETPLAN,MIAVG={interval},AVG=1,DIAVG=0,VD=0,MV=10,SA=34.5,BURST=0,SO=0,FN="simulated.ad2cp"',
        f'GETAVG,NC={CELLS},CS={CELL_METRES:.2f},BD={BLANK_METRES:.2f},CY="ENU",PL=-2.0,AI=60,VP=0.000,VR=2.50,DF=3,'
        'NPING=60,NB=4,CH=1234,MUX=1,BW="BROAD",ALTI=0,BT=0',
        "GETXFAVG,ROWS=4,COLS=4,M11=1.1831,M12=0.0000,M13=-1.1831,M14=0.0000,M21=0.0000,M22=-1.1831,M23=0.0000,"
        "M24=1.1831,M31=0.5517,M32=0.0000,M33=0.5517,M34=0.0000,M41=0.0000,M42=0.5517,M43=0.0000,M44=0.5517",
        "GETUSER,POFF=10.13,DECL=-3.40,HX=0,HY=0,HZ=0",
        *(f"BEAMCFGLIST,BEAM={beam},THETA=25.00,PHI={phi:.2f},FREQ=500,BW=25,BRD=1,HWBEAM={beam},ZNOM=60.00"
          for beam, phi in ((1, 0.0), (2, -90.0), (3, 180.0), (4, 90.0))),
    ]  # fmt: skip
    return string_record("".join(f"{line}\r\n" for line in lines))


def clean(view: View) -> dict[str, NDArray[Any]]:
    """Readings of a sound profiler: velocity (n, cells) in m/s, echo (n, cells) in dB, attitude in degrees."""
    distance = BLANK_METRES + CELL_METRES * np.arange(1, CELLS + 1)
    height = PLATFORM_HEIGHT + distance
    # The tide slackens towards the seafloor as in a turbulent boundary layer.
    shear = np.clip(np.log(height / 0.01) / np.log(60.0 / 0.01), 0.0, 1.1)
    sensors = INSTRUMENT.sensors
    noise = {name: sensors[name].noise * view.noise(name, CELLS) for name in sensors if name not in _SCALARS}
    along = distance / np.cos(np.deg2rad(25.0))
    # Spherical spreading and absorption of 0.14 dB/m at 500 kHz, both ways.
    level = 62.0 - 20 * np.log10(along / along[0]) - 2 * 0.14 * (along - along[0])
    echo = np.where(view.in_air, 0.0, 1.0)[:, None] * (level + 0.8 * view.noise("scatterers")[:, None])
    event = view.field("echo")[:, None] * np.exp(-height / 60.0)
    return {
        **{name: view.field(name)[:, None] * shear + noise[name] for name in ("velocity_east", "velocity_north")},
        **{name: view.field("velocity_up")[:, None] + noise[name] for name in ("velocity_up", "velocity_up_2")},
        "echo": np.maximum(echo, 0.0) + event + noise["echo"] + _NOISE_FLOOR,
        "heading": 218.5 + sensors["heading"].noise * view.noise("heading"),
        "pitch": 0.9 + sensors["pitch"].noise * view.noise("pitch"),
        "roll": -0.6 + sensors["roll"].noise * view.noise("roll"),
        "temperature": view.field("temperature") + sensors["temperature"].noise * view.noise("temperature"),
        "pressure": view.field("pressure") + sensors["pressure"].noise * view.noise("pressure"),
        "_in_air": view.in_air,
    }


def to_raw(columns: Columns, view: View) -> dict[str, NDArray[Any]]:
    """Counts of every field; velocity, amplitude and correlation of shape (n, 4, cells), percent good (n, cells)."""
    air = columns["_in_air"][:, None]
    axes = ("east", "north", "up", "up_2")
    velocity = np.stack([columns[f"velocity_{axis}"] for axis in axes], axis=1)
    beams = view.noise("beams", CELLS * 4).reshape(-1, 4, CELLS)
    number = np.arange(CELLS)
    good = np.clip(np.rint(112.0 - 0.9 * number + 4.0 * view.noise("loss", CELLS)), 0, 100)
    raw = {
        "velocity": np.where(air[:, None], NO_VELOCITY, np.rint(np.clip(1000.0 * velocity, -32_767, 32_767))),
        "amplitude": np.clip(np.rint(columns["echo"][:, None] / DB_PER_COUNT + 1.2 * beams), 0, 255),
        "correlation": np.clip(np.rint(np.where(air[:, None], 12.0, 97.0 - 0.8 * number) + 2.0 * beams), 0, 100),
        "good": np.where(air, 0, good),
        "heading": np.rint(100.0 * (columns["heading"] % 360.0)) % 36_000,
        **{name: np.rint(100.0 * columns[name]) for name in ("pitch", "roll", "temperature")},
        "pressure": np.clip(np.rint(1000.0 * columns["pressure"]), 0, None),
        "sound": np.rint(10.0 * (1449.0 + 4.6 * columns["temperature"] + 0.0163 * columns["pressure"])),
    }
    return {name: value.astype(np.int64) for name, value in raw.items()}


def file_name(deployment: str, day: np.datetime64 | None) -> str:
    """One file for a deployment, or one a day."""
    return f"{deployment}.ad2cp" if day is None else f"{deployment}-{day}.ad2cp"


def stamp(clock: NDArray[np.int64], view: View) -> NDArray[np.int64]:
    """Whole 100 microseconds."""
    return clock // 100 * 100


def encode(raw: Columns, stamps: NDArray[np.int64], view: View) -> Encoded:
    """Records of one chunk."""
    records = blank_records(len(stamps))
    for name in raw:
        records[name] = raw[name]
    # Counts of 0.2 degrees from -4, of 0.01 degrees.
    records["inner_temperature"] = np.clip(np.rint((raw["temperature"] / 100.0 + 4.5) * 5.0), 0, 255)
    records["clock_temperature"] = records["magnetometer_temperature"] = raw["temperature"] + 80
    angle = np.deg2rad(raw["heading"] / 100.0)
    field = np.stack([370.0 * np.cos(angle), -370.0 * np.sin(angle), np.full(len(stamps), 140.0)], axis=1)
    records["magnetometer"] = np.rint(field)
    data = seal(records, np.arange(view.first + 1, view.last + 1), stamps)
    return Encoded(data.reshape(-1), data.shape[1] * np.arange(1, len(stamps) + 1, dtype=np.int64))


def write(path: Path, *, records: int, interval: float = 2.0, seed: int = 0, start: str = "2016-09-08T00:00:00") -> int:
    """Write a file quickly, for benchmarks: random velocities, time that only goes forward.

    Parameters
    ----------
    path
        The file to write.
    records
        36,000 make 21 MB.
    interval
        Seconds between them, in whole 100 microseconds.
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
    step, first = round(interval * 10_000) * 100, int(np.datetime64(start, "us").astype(np.int64))
    with path.open("wb") as file:
        file.write(header(FileHead(np.datetime64(start, "us"), np.datetime64(start, "us"), interval, records)))
        for done in range(0, records, 4096):
            numbers = np.arange(done, min(done + 4096, records), dtype=np.int64)
            block, shape = blank_records(len(numbers)), (len(numbers), 4, CELLS)
            block["velocity"] = rng.integers(-400, 400, shape)
            block["correlation"], block["amplitude"] = rng.integers(60, 100, shape), rng.integers(60, 180, shape)
            block["good"], block["sound"] = 100, 14_850
            block["heading"] = 21_850 + rng.integers(-20, 20, len(numbers))
            block["temperature"] = 388 + rng.integers(-9, 9, len(numbers))
            block["pressure"] = 1_130_000 + rng.integers(-500, 500, len(numbers))
            file.write(seal(block, numbers + 1, first + step * numbers).tobytes())
        return file.tell()


_SCALARS = ("heading", "pitch", "roll", "temperature", "pressure")

INSTRUMENT = Instrument(
    name="signature",
    model="Nortek Signature500",
    serial=str(SERIAL),
    sensors={
        "velocity_east": Sensor(0.005, (), ("velocity",)),
        "velocity_north": Sensor(0.005, (), ("velocity",)),
        "velocity_up": Sensor(0.002, (), ("velocity",)),
        "velocity_up_2": Sensor(0.002, (), ("velocity",)),
        "echo": Sensor(0.4, ("echo",), ("amplitude",)),
        "heading": Sensor(0.12, (), ("heading",)),
        "pitch": Sensor(0.02, (), ("pitch",)),
        "roll": Sensor(0.02, (), ("roll",)),
        "temperature": Sensor(0.005, ("temperature",), ("temperature",)),
        "pressure": Sensor(0.03, (), ("pressure",)),
    },
    clean=clean,
    drift=25.0,
    response={"temperature": 240.0},
    interval=lambda period: max(600.0, period),
    block=1024,
    format=Format(to_raw, stamp, encode, file_name, header),
    pattern="*.ad2cp",
    decoded={
        "velocity_east": "eastward_velocity",
        "velocity_north": "northward_velocity",
        "velocity_up": "upward_velocity",
        "velocity_up_2": "second_upward_velocity",
        "temperature": "transducer_temperature",
        "echo": "echo_intensity",
    },
    also=("sound_speed", "ensemble_number", "error_status_word", "percent_good", "pressure_sensor_temperature"),
    configuration={"pressure_reference": "gauge"},
)  # fmt: skip
