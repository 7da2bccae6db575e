"""Raw files made here, byte for byte, for layouts that neither a real file at hand nor the simulator has."""

from collections.abc import Iterator

import numpy as np

from tests.ingest.made.chemistry import made_chemistry
from tests.ingest.made.logs import made_logs
from tests.ingest.made.sami import made_sami
from tests.ingest.made.sea_bird import made_sea_bird_files
from tests.ingest.made.sontek_bytes import adp_file, adv_file
from tests.ingest.made.tables import made_tables
from tests.ingest.made.text import made_text

TEMPERATURE = {"A0": "-1.898409e-04", "A1": "3.136087e-04", "A2": "-4.461848e-06", "A3": "2.019781e-07"}
CONDUCTIVITY = {
    "G": "-1.001932e+00",
    "H": "1.284250e-01",
    "I": "-9.960452e-05",
    "J": "2.347041e-05",
    "PCOR": "-9.570000e-08",
    "TCOR": "3.250000e-06",
    "WBOTC": "-1.491050e-07",
}


def sbe37_header(*lines: str, device: str = "SBE37SM-RS232", calibration: bool = True, quote: str = "'") -> bytes:
    """Header of an SBE 37-SM upload without pressure sensor; `lines` go into its configuration."""
    blocks = [("Temperature", TEMPERATURE), ("Conductivity", CONDUCTIVITY)] if calibration else []
    text = [
        f"Sea-Bird {device}  Data File:",
        f"<HardwareData DeviceType='{device}' SerialNumber='03700001'>",
        "<FirmwareVersion>4.1</FirmwareVersion>",
        "</HardwareData>",
        f"<ConfigurationData DeviceType='{device}' SerialNumber='03700001'>",
        *lines,
        "</ConfigurationData>",
        f"<CalibrationCoefficients DeviceType='{device}' SerialNumber='03700001'>",
    ]
    for sensor, coefficients in blocks:
        text.append(f"   <Calibration format='X' id='{sensor}'>")
        text.append("      <CalDate>17-Aug-17</CalDate>")
        text += [f"      <{name}>{value}</{name}>" for name, value in coefficients.items()]
        text.append("   </Calibration>")
    text.append("</CalibrationCoefficients>")
    return ("".join(f"* {line}\n" for line in text) + "*END*\n").replace("'", quote).encode()


NO_PRESSURE = ("<PressureInstalled>no</PressureInstalled>", "<ReferencePressure>1.12e+03</ReferencePressure>")


def sbe37_line(temperature: int, frequency: int, seconds: int) -> bytes:
    """One sample without pressure."""
    return b"%06X%06X%08X" % (temperature, frequency, seconds)


def sbe37_file(count: int = 120, line_end: bytes = b"\r\n") -> bytes:
    """SBE 37-SM without pressure sensor, CRLF line ends, with the prompt that an upload leaves behind."""
    lines = [sbe37_line(637_000 + index, 1_376_000 + 7 * index, 563_565_861 + 10 * index) for index in range(count)]
    return sbe37_header(*NO_PRESSURE) + line_end.join([*lines, b"", b"S>", b""])


def optode_line(values: list[str], *, second: float = 0.0, tag: str = "", model: int = 4835, serial: int = 71) -> bytes:
    """One line of a logger, without line end."""
    hours, rest = divmod(second, 3600)
    minutes, seconds = divmod(rest, 60)
    stamp = f"2016/12/31 {int(hours):02d}:{int(minutes):02d}:{seconds:06.3f} "
    return (stamp + tag + "\t".join([str(model), str(serial), *values])).encode()


def optode_values(generator: np.random.Generator) -> list[str]:
    """Values whose digits change in number from line to line, with negative ones among them."""
    wide = [f"{value:.3f}" for value in generator.normal(100, 60, 2)]
    phases = [f"{value:.3f}" for value in generator.normal(10, 8, 5)]
    return [*wide, *phases, *(f"{value:.1f}" for value in generator.normal(100, 99, 3))]


def optode_file(count: int = 150) -> bytes:
    """Optode with lines of many shapes."""
    generator = np.random.default_rng(4835)
    lines = [optode_line(optode_values(generator), second=2.0 * index) + b"\r\n" for index in range(count)]
    lines.insert(3, b"2016/12/31 00:00:04.500 [o2:DLOGP1]:Instrument Started [Power On]\n")
    lines.insert(70, lines[70][:61] + b"\n")
    return b"".join(lines)


def made_files() -> Iterator[tuple[str, bytes]]:
    """Name and content of each."""
    yield "sbe37_without_pressure.hex", sbe37_file()
    yield "optode_of_many_shapes.log", optode_file()
    yield from made_sea_bird_files()
    yield from made_chemistry()
    yield from made_sami()
    yield from made_tables()
    yield from made_logs()
    yield from made_text()
    yield "recorded.adp", adp_file()
    yield "recorded.adr", adv_file()
