"""Raw records decoded a second time, from the makers' manuals with nothing but the standard library.

References
----------
Sea-Bird SBE 37-SM manual, "Data Formats" and calibration sheets; UNESCO technical papers in marine science 44 (1983),
algorithm 1 (PSS-78); Teledyne RDI P/N 957-6156-00, variable leader; Aanderaa TD 269.
"""

import math
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

Coefficients = dict[str, dict[str, str]]


def ctd(line: bytes, header: Coefficients) -> dict[str, Any]:
    """An SBE 37 sample of 30 hexadecimal digits."""
    t, c, p, pt, seconds = (int(line[a:b], 16) for a, b in ((0, 6), (6, 12), (12, 18), (18, 22), (22, 30)))
    k = {sensor: {name: float(v) for name, v in entry.items() if name not in ("SerialNum", "CalDate", "format")}
         for sensor, entry in header.items()}  # fmt: skip
    a = k["Temperature"]
    ln = math.log(t)
    temperature = 1 / (a["A0"] + a["A1"] * ln + a["A2"] * ln**2 + a["A3"] * ln**3) - 273.15
    s = k["Pressure"]
    inside = s["PTEMPA0"] + s["PTEMPA1"] * pt + s["PTEMPA2"] * pt**2
    x = p - s["PTCA0"] - s["PTCA1"] * inside - s["PTCA2"] * inside**2
    n = x * s["PTCB0"] / (s["PTCB0"] + s["PTCB1"] * inside + s["PTCB2"] * inside**2)
    pressure = (s["PA0"] + s["PA1"] * n + s["PA2"] * n**2 - 14.7) * 0.689476 + s["POFFSET"]
    g = k["Conductivity"]
    f = c / 256 / 1000 * math.sqrt(1 + g["WBOTC"] * temperature)
    conductivity = (g["G"] + g["H"] * f**2 + g["I"] * f**3 + g["J"] * f**4) / (
        1 + g["TCOR"] * temperature + g["PCOR"] * pressure
    )
    return {
        "time": datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds),
        "temperature": temperature,
        "conductivity": conductivity,
        "pressure": pressure,
        "pressure_sensor_temperature": inside,
    }


OPTODE = (
    "oxygen_concentration_uncompensated", "oxygen_air_saturation", "optode_temperature", "calibrated_phase",
    "temperature_compensated_phase", "blue_phase", "red_phase", "blue_amplitude", "red_amplitude", "raw_temperature",
)  # fmt: skip


def optode(record: bytes) -> dict[str, Any]:
    """A line of a logger: its stamp, then model, serial number and ten numbers between tabs."""
    text = record.decode("ascii").strip()
    stamp, words = text[:23], text[23:].split()
    assert words[:2] == ["4831", "379"]
    values = dict(zip(OPTODE, map(float, words[2:]), strict=True))
    time = datetime.strptime(stamp, "%Y/%m/%d %H:%M:%S.%f").replace(tzinfo=UTC)
    return {"time": time, **values}


def profiler(record: bytes) -> dict[str, Any]:
    """The variable leader of a PD0 ensemble."""
    assert record[:2] == b"\x7f\x7f"
    size, types = struct.unpack_from("<HxB", record, 2)
    assert size + 2 == len(record)
    places = struct.unpack_from(f"<{types}H", record, 6)
    (at,) = (place for place in places if struct.unpack_from("<H", record, place) == (0x0080,))
    number, year, month, day, hour, minute, second, hundredths, high = struct.unpack_from("<H8B", record, at + 2)
    bit, sound, depth, heading, pitch, roll, salinity, temperature = struct.unpack_from("<4H2hHh", record, at + 12)
    wait_minutes, wait_seconds, wait_hundredths, h, p, r = struct.unpack_from("<6B", record, at + 28)
    (pressure,) = struct.unpack_from("<i", record, at + 48)
    return {
        "time": datetime(2000 + year, month, day, hour, minute, second, hundredths * 10_000, UTC),
        "ensemble_number": number + 65536 * high,
        "built_in_test_result": bit,
        "sound_speed": sound,
        "transducer_depth": depth / 10,
        "heading": heading / 100,
        "pitch": pitch / 100,
        "roll": roll / 100,
        "salinity_setting": salinity,
        "transducer_temperature": temperature / 100,
        "minimum_preping_wait": wait_minutes * 60 + wait_seconds + wait_hundredths / 100,
        "heading_standard_deviation": h,
        "pitch_standard_deviation": p / 10,
        "roll_standard_deviation": r / 10,
        "pressure": pressure / 1000,
    }


def practical_salinity(conductivity: float, temperature: float, pressure: float) -> float:
    """PSS-78; S m-1, ITS-90, dbar."""
    t = temperature * 1.00024
    r = conductivity / 4.2914
    rp = 1 + pressure * (2.070e-5 - 6.370e-10 * pressure + 3.989e-15 * pressure**2) / (
        1 + 3.426e-2 * t + 4.464e-4 * t**2 + (4.215e-1 - 3.107e-3 * t) * r
    )
    rt = 0.6766097 + 2.00564e-2 * t + 1.104259e-4 * t**2 - 6.9698e-7 * t**3 + 1.0031e-9 * t**4
    root = math.sqrt(r / (rp * rt))
    a = (0.0080, -0.1692, 25.3851, 14.0941, -7.0261, 2.7081)
    b = (0.0005, -0.0056, -0.0066, -0.0375, 0.0636, -0.0144)
    of_a = sum(coefficient * root**power for power, coefficient in enumerate(a))
    of_b = sum(coefficient * root**power for power, coefficient in enumerate(b))
    return of_a + (t - 15) / (1 + 0.0162 * (t - 15)) * of_b


def oxygen(reported: float, temperature: float, salinity: float, pressure: float) -> float:
    """Salinity compensation of TD 269 with the optode set to salinity 0, and 3.2 % per 1000 dbar."""
    scaled = math.log((298.15 - temperature) / (273.15 + temperature))
    b0, b1, b2, b3, c0 = -6.24097e-3, -6.93498e-3, -6.90358e-3, -4.29155e-3, -3.11680e-7
    by_salinity = math.exp(salinity * (b0 + b1 * scaled + b2 * scaled**2 + b3 * scaled**3) + c0 * salinity**2)
    return reported * by_salinity * (1 + 0.032 * pressure / 1000)
