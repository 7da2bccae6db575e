"""Sea-Bird SBE 37-SM: upload of the memory as .hex, with the coefficients as XML in the header."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..instrument import Columns, Encoded, FileHead, Format, Instrument, Sensor, View
from ..seawater import conductivity

Floats = NDArray[np.float64]

SERIAL = "03709999"
EPOCH = np.datetime64("2000-01-01T00:00:00", "us").astype(np.int64)
RECORD_CHARACTERS = 30

# Invented, of the size that these sensors have; not those of any instrument.
TEMPERATURE = {"A0": -1.475214e-04, "A1": 3.032156e-04, "A2": -4.155127e-06, "A3": 1.984411e-07}
CONDUCTIVITY = {"G": -1.003217e00, "H": 1.427145e-01, "I": -2.471128e-04, "J": 3.719822e-05,
                "PCOR": -9.570000e-08, "TCOR": 3.250000e-06, "WBOTC": 1.104520e-06}  # fmt: skip
PRESSURE = {"PA0": 2.413087e-01, "PA1": 1.608125e-03, "PA2": 6.413200e-12,
            "PTCA0": 5.241107e05, "PTCA1": 3.218550e00, "PTCA2": -8.142700e-02,
            "PTCB0": 2.513362e01, "PTCB1": -8.500000e-04, "PTCB2": 0.000000e00,
            "PTEMPA0": -6.187034e01, "PTEMPA1": 5.244918e-02, "PTEMPA2": -3.071520e-07,
            "POFFSET": 0.000000e00, "PRANGE": 2.900000e03}  # fmt: skip

_PSI_PER_DBAR = 1.0 / 0.689475729
_AIR_PSI = 14.7
_PAIRS = np.frombuffer("".join(f"{i:02X}" for i in range(256)).encode(), dtype=np.uint16)


def temperature_counts(temperature: Floats) -> Floats:
    """Counts at which the published equation gives `temperature` (degC, ITS-90), not rounded.

    1 / (t + 273.15) = A0 + A1 L + A2 L^2 + A3 L^3 with L = ln(counts), solved for L by Newton's method.

    References
    ----------
    Sea-Bird, SBE 37-SM user manual, calibration sheet for temperature.
    """
    a0, a1, a2, a3 = TEMPERATURE.values()
    inverse = 1.0 / (temperature + 273.15)
    logarithm = np.full_like(inverse, 13.0)
    for _ in range(5):
        value = ((a3 * logarithm + a2) * logarithm + a1) * logarithm + a0 - inverse
        logarithm = logarithm - value / ((3 * a3 * logarithm + 2 * a2) * logarithm + a1)
    return np.exp(logarithm)


def conductivity_counts(siemens: Floats, temperature: Floats, pressure: Floats) -> Floats:
    """Counts (1/256 Hz) at which the published equation gives `siemens` per metre, not rounded.

    C = (G + H f^2 + I f^3 + J f^4) / (1 + TCOR t + PCOR p) with f = counts/256000 sqrt(1 + WBOTC t) in kHz.

    Parameters
    ----------
    siemens, temperature, pressure : ndarray, shape (n,)
        S/m; degC and dbar as the instrument's own counts give them.

    References
    ----------
    Sea-Bird, SBE 37-SM user manual, calibration sheet for conductivity.
    """
    g, h, i, j, pcor, tcor, wbotc = CONDUCTIVITY.values()
    wanted = siemens * (1.0 + tcor * temperature + pcor * pressure) - g
    frequency = np.sqrt(wanted / h)
    for _ in range(4):
        value = ((j * frequency + i) * frequency + h) * frequency**2 - wanted
        frequency = frequency - value / (((4 * j * frequency + 3 * i) * frequency + 2 * h) * frequency)
    return frequency / np.sqrt(1.0 + wbotc * temperature) * 256_000.0


def pressure_counts(pressure: Floats, sensor_counts: Floats) -> Floats:
    """Counts at which the published equations give `pressure` (dbar without air), not rounded.

    Parameters
    ----------
    pressure, sensor_counts : ndarray, shape (n,)
        dbar; counts of the temperature inside the pressure sensor.

    References
    ----------
    Sea-Bird, SBE 37-SM user manual, calibration sheet for strain-gauge pressure.
    """
    c = PRESSURE
    t = (c["PTEMPA2"] * sensor_counts + c["PTEMPA1"]) * sensor_counts + c["PTEMPA0"]
    psi = pressure * _PSI_PER_DBAR + _AIR_PSI - c["PA0"]
    # The small root of PA2 n^2 + PA1 n - psi = 0, in the form that does not cancel.
    n = 2 * psi / (c["PA1"] + np.sqrt(c["PA1"] ** 2 + 4 * c["PA2"] * psi))
    x = n * (c["PTCB0"] + (c["PTCB2"] * t + c["PTCB1"]) * t) / c["PTCB0"]
    return np.asarray(x + c["PTCA0"] + (c["PTCA2"] * t + c["PTCA1"]) * t)


def sensor_temperature_counts(temperature: Floats) -> Floats:
    """Counts of the thermistor inside the pressure sensor at `temperature` (degC), not rounded."""
    c = PRESSURE
    shifted = c["PTEMPA0"] - temperature
    return np.asarray(-2 * shifted / (c["PTEMPA1"] + np.sqrt(c["PTEMPA1"] ** 2 - 4 * c["PTEMPA2"] * shifted)))


def clean(view: View) -> dict[str, NDArray[Any]]:
    """Readings of a sound CTD; conductivity follows from salinity, temperature and pressure, and is 0 in air."""
    temperature, pressure = view.field("temperature"), view.field("pressure")
    siemens = np.where(view.in_air, 0.0, conductivity(view.field("salinity"), temperature, pressure))
    noise = {name: sensor.noise * view.noise(name) for name, sensor in INSTRUMENT.sensors.items()}
    return {
        "temperature": temperature + noise["temperature"],
        "conductivity": siemens + np.where(view.in_air, 0.0, noise["conductivity"]),
        "pressure": pressure + noise["pressure"],
        "_inside": temperature + 0.06,
    }


def to_raw(columns: Columns, view: View) -> dict[str, NDArray[Any]]:
    """Counts of the four fields, int64."""
    inside = np.rint(np.clip(sensor_temperature_counts(columns["_inside"]), 0, 0xFFFF))
    values = {
        "temperature": temperature_counts(columns["temperature"]),
        "conductivity": conductivity_counts(columns["conductivity"], columns["temperature"], columns["pressure"]),
        "pressure": pressure_counts(columns["pressure"], inside),
    }
    raw = {name: np.rint(np.clip(value, 0, 0xFFFFFF)).astype(np.int64) for name, value in values.items()}
    return {**raw, "inside": inside.astype(np.int64)}


def file_name(deployment: str, day: np.datetime64 | None) -> str:
    """One upload for a deployment, or one a day."""
    return f"{deployment}.hex" if day is None else f"{deployment}-{day}.hex"


def stamp(clock: NDArray[np.int64], view: View) -> NDArray[np.int64]:
    """Whole seconds, as the memory holds them."""
    return clock // 1_000_000 * 1_000_000


def encode(raw: Columns, stamps: NDArray[np.int64], view: View | None = None) -> Encoded:
    """Lines of 30 hexadecimal digits: T 6, C 6, P 6, temperature of the pressure sensor 4, seconds since 2000 8."""
    seconds = (stamps - EPOCH) // 1_000_000
    fields = [(raw["temperature"], 3), (raw["conductivity"], 3), (raw["pressure"], 3), (raw["inside"], 2), (seconds, 4)]
    parts = [np.asarray(v).astype(">u4").view(np.uint8).reshape(-1, 4)[:, 4 - width :] for v, width in fields]
    digits = _PAIRS[np.concatenate(parts, axis=1)].view(np.uint8)
    lines = np.empty((len(stamps), RECORD_CHARACTERS + 2), dtype=np.uint8)
    lines[:, :RECORD_CHARACTERS] = digits
    lines[:, RECORD_CHARACTERS:] = (13, 10)
    return Encoded(lines.reshape(-1), lines.shape[1] * np.arange(1, len(stamps) + 1, dtype=np.int64))


def header(head: FileHead) -> bytes:
    """Return the header as Seaterm V2 writes it, with invented coefficients."""
    upload = (head.end + np.timedelta64(2, "h")).astype("datetime64[s]").item()
    device = f"DeviceType='SBE37SM-RS232' SerialNumber='{SERIAL}'"
    lines = [
        "Sea-Bird SBE37SM-RS232  Data File:", "FileName = simulated.hex", "Software version SeatermV2 2.6.3.104",
        f"Temperature SN = {SERIAL[-5:]}", f"Conductivity SN = {SERIAL[-5:]}",
        f"System UpLoad Time = {upload:%b %d %Y %H:%M:%S}", f"sample interval = {head.interval:.0f} seconds",
        "<InstrumentState>", f"<HardwareData {device}>",
        "   <Manufacturer>Sea-Bird Electronics, Inc.</Manufacturer>", "   <FirmwareVersion>4.1</FirmwareVersion>",
        "</HardwareData>", f"<StatusData {device}>", f"   <DateTime>{upload:%Y-%m-%dT%H:%M:%S}</DateTime>",
        "   <MemorySummary>", f"      <Bytes>{15 * head.count}</Bytes>", f"      <Samples>{head.count}</Samples>",
        "      <SampleLength>15</SampleLength>", "   </MemorySummary>", "</StatusData>",
        f"<ConfigurationData {device}>", "   <PressureInstalled>yes</PressureInstalled>",
        f"   <SampleInterval>{head.interval:.0f}</SampleInterval>", "</ConfigurationData>",
        f"<CalibrationCoefficients {device}>", *_calibration(), "</CalibrationCoefficients>", "</InstrumentState>",
    ]  # fmt: skip
    return "".join(f"* {line}\r\n" for line in lines).encode("ascii") + b"*END*\r\n"


def _calibration() -> list[str]:
    sensors = (("TEMP1", "Temperature", TEMPERATURE), ("WBCOND0", "Conductivity", CONDUCTIVITY),
               ("STRAIN0", "Pressure", PRESSURE))  # fmt: skip
    lines = []
    for form, name, coefficients in sensors:
        lines += [f"   <Calibration format='{form}' id='{name}'>", f"      <SerialNum>{SERIAL}</SerialNum>",
                  "      <CalDate>01-Jun-16</CalDate>"]  # fmt: skip
        lines += [f"      <{key}>{value:.6e}</{key}>" for key, value in coefficients.items()]
        lines.append("   </Calibration>")
    return lines


def write(path: Path, *, count: int, interval: int = 10, start: str = "2016-09-08T00:00:00", seed: int = 0) -> int:
    """Write a file of `count` samples quickly, for benchmarks: one block of seafloor readings, over and over.

    Parameters
    ----------
    path
        The file to write.
    count
        Samples; 32 bytes each, so 33.5 million make 1 GiB.
    interval
        Seconds between them; time never stands still or runs back.
    start
        UTC of the first.
    seed
        Of the noise.

    Returns
    -------
    int
        Bytes written.
    """
    rows = 65_536
    rng = np.random.Generator(np.random.Philox(seed))
    temperature = 3.9 + 0.05 * np.sin(np.arange(rows) / 700.0) + 5e-4 * rng.standard_normal(rows)
    pressure = 1130.0 + 0.5 * np.sin(np.arange(rows) / 900.0) + 4e-3 * rng.standard_normal(rows)
    siemens = conductivity(np.full(rows, 34.5), temperature, pressure)
    columns = {"temperature": temperature, "conductivity": siemens, "pressure": pressure, "_inside": temperature}
    raw = to_raw(columns, None)  # type: ignore[arg-type]
    first = np.datetime64(start, "us")
    head = FileHead(first, first + np.timedelta64(count * interval, "s"), interval, count)
    with path.open("wb") as file:
        file.write(header(head))
        for done in range(0, count, rows):
            part = min(rows, count - done)
            stamps = first.astype(np.int64) + 1_000_000 * interval * np.arange(done, done + part, dtype=np.int64)
            file.write(encode({name: value[:part] for name, value in raw.items()}, stamps).data.tobytes())
        return file.tell()


INSTRUMENT = Instrument(
    name="ctd",
    model="SBE 37-SM",
    serial=SERIAL,
    sensors={
        "temperature": Sensor(5e-4, ("temperature",), ("temperature",)),
        "conductivity": Sensor(6e-5, ("temperature", "salinity"), ("conductivity",)),
        "pressure": Sensor(4e-3, (), ("pressure", "inside")),
    },
    clean=clean,
    standard=True,
    drift=60.0,
    response={"temperature": 3.0, "salinity": 3.0},
    format=Format(to_raw, stamp, encode, file_name, header, cuts_at_midnight=False),
    pattern="*.hex",
    also=("pressure_sensor_temperature", "practical_salinity"),
    configuration={"pressure_reference": "gauge", "calibration": {"source": "header"}},
)  # fmt: skip
