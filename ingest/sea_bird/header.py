"""The header that Sea-Bird's upload software writes in front of samples: XML of newer, text of older firmware."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ingest.reader import Calibration

END = re.compile(rb"^\*END\*[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
"""The line after which samples follow."""


@dataclass(frozen=True)
class Header:
    """What a header says; None or empty where it says nothing.

    Attributes
    ----------
    device
        As the instrument calls itself, such as "SBE37SM-RS232".
    samples, sample_bytes
        How many samples the instrument held, and the bytes of each.
    pressure_installed
        Whether there is a pressure sensor.
    reference_pressure
        Decibars that the instrument assumes where it has none.
    coefficients
        By sensor in lower case, then by the maker's names; values are the header's text.
    dates
        Calibration dates by sensor, as written.
    channels
        Further channels that are switched on: "volt 0" to "volt 5", "sbe38", "wetlabs", "optode", "sbe63", "gtd".
    moored
        Whether samples carry a time; None where that is not said.
    quartz
        Whether the pressure sensor is a Digiquartz.
    reference_salinity
        Practical salinity that a pH sensor was told.
    position_appended
        Whether a deck unit added its position to every scan.
    """

    device: str | None = None
    serial_number: str | None = None
    firmware: str | None = None
    samples: int | None = None
    sample_bytes: int | None = None
    pressure_installed: bool | None = None
    reference_pressure: str | None = None
    coefficients: Calibration = field(default_factory=dict)
    dates: Mapping[str, str] = field(default_factory=dict)
    channels: frozenset[str] = frozenset()
    moored: bool | None = None
    quartz: bool = False
    reference_salinity: str | None = None
    position_appended: bool = False


_DEVICE_XML = re.compile(r"DeviceType\s*=\s*['\"]([^'\"<>]+)['\"]")
_SERIAL_XML = re.compile(r"<HardwareData\b[^>]*\bSerialNumber\s*=\s*['\"]([^'\"<>]+)['\"]")
_STATUS_TEXT = re.compile(r"^\s*(SBE\s?\d[\w-]*)\s+V\s*(\S+)\s+(?:SERIAL NO\.\s*)?(\d+)\b", re.MULTILINE)
_FIRST_LINE = re.compile(r"\A\s*Sea-Bird\s+((?:SBE\s?\d|SeaFET|SeapHOx|HydroCAT)[\w-]*)")
_SAMPLES_TEXT = re.compile(r"^\s*samples?(?:number)?\s*=\s*(\d+)", re.MULTILINE)
_REFERENCE_TEXT = re.compile(r"^\s*reference pressure\s*=\s*(\S+)\s*db", re.MULTILINE)
_CALIBRATION_XML = re.compile(r"<Calibration\b([^>]*)>(.*?)</Calibration>", re.DOTALL)
_SENSOR_XML = re.compile(r"\bid\s*=\s*['\"]([^'\"]+)['\"]")
_ELEMENT_XML = re.compile(r"<([A-Za-z]\w*)>([^<]*)</\1>")
_CAST = re.compile(r"^\s*(?:cast|hdr)\s+\d+\s.*\bsamples (\d+) to (\d+)", re.MULTILINE)
_CHANNEL = re.compile(
    r"(?:<(ExtVolt\d|SBE38|WETLABS|OPTODE|SBE63|GTD)>|\b(Ext Volt \d|SBE 38|WETLABS|OPTODE|SBE63|Gas Tension Device) =)"
    r"\s*yes\b",
    re.IGNORECASE,
)
_SECTION_TEXT = re.compile(r"^\s*(temperature|conductivity|pressure)\b(?: S/N[^:]*)?:\s*(\S+)\s*$")
_COEFFICIENT_TEXT = re.compile(r"^\s*([A-Z]+\d?)\s*=\s*(\S+)\s*$")
_NAMES = {"TA0": "A0", "TA1": "A1", "TA2": "A2", "TA3": "A3", "CPCOR": "PCOR", "CTCOR": "TCOR"}
_NAMES |= {f"PTHA{order}": f"PTEMPA{order}" for order in range(3)}
"""Names of some models for what others call otherwise."""


def parse_header(header: bytes) -> Header:
    """Read a header.

    Parameters
    ----------
    header
        The bytes before the samples; lines start with `*`. Damage costs what it hits and raises nothing.
    """
    text = re.sub(r"^\*+", "", header.decode("latin-1").replace("\r", ""), flags=re.MULTILINE)
    parsed = _parse_xml(text) if "<CalibrationCoefficients" in text or "<HardwareData" in text else _parse_text(text)
    mode = _found(re.compile(r"^\s*mode = (profile|moored)", re.MULTILINE), text)
    casts = [int(last) - int(first) + 1 for first, last in _CAST.findall(text)]
    return replace(
        parsed,
        # An upload can be of one cast of several that the memory held.
        samples=sum(casts) if casts and min(casts) > 0 else parsed.samples,
        channels=frozenset(_channel(*found) for found in _CHANNEL.findall(text)),
        moored=None if mode is None else mode == "moored",
        quartz=re.search(r"pressure sensor = quartz|<type>quartz", text, re.IGNORECASE) is not None,
        reference_salinity=_element(text, "ReferenceSalinity"),
        position_appended="Store Lat/Lon Data = Append to Every Scan" in text,
    )


def _channel(element: str, words: str) -> str:
    name = (element or words).lower().replace(" ", "")
    return {"gastensiondevice": "gtd"}.get(name, re.sub(r"extvolt", "volt ", name))


def _parse_xml(text: str) -> Header:
    coefficients: dict[str, dict[str, str]] = {}
    for attributes, body in _CALIBRATION_XML.findall(text):
        sensor = _SENSOR_XML.search(attributes)
        if sensor:
            name = sensor[1].lower().removeprefix("main ")
            coefficients[name] = {_NAMES.get(key, key): value for key, value in _ELEMENT_XML.findall(body)}
    installed = _element(text, "PressureInstalled")
    return Header(
        device=_found(_DEVICE_XML, text) or _found(_FIRST_LINE, text),
        serial_number=_found(_SERIAL_XML, text),
        firmware=_found(re.compile(r"<FirmwareVersion\b[^>]*>\s*([^<]+?)\s*</FirmwareVersion>"), text),
        samples=_whole(_element(text, "Samples")),
        sample_bytes=_whole(_element(text, "SampleLength")),
        pressure_installed={"yes": True, "true": True, "no": False, "false": False}.get((installed or "").lower()),
        reference_pressure=_element(text, "ReferencePressure"),
        coefficients=coefficients,
        dates={sensor: given["CalDate"] for sensor, given in coefficients.items() if given.get("CalDate")},
    )


def _parse_text(text: str) -> Header:
    coefficients: dict[str, dict[str, str]] = {}
    dates: dict[str, str] = {}
    sensor = None
    for line in text.split("\n"):
        section = _SECTION_TEXT.match(line)
        value = _COEFFICIENT_TEXT.match(line)
        if section:
            sensor = section[1].lower()
            coefficients[sensor] = {}
            dates[sensor] = section[2]
        elif value and sensor:
            coefficients[sensor][_NAMES.get(value[1], value[1])] = value[2]
        else:
            sensor = None
    status = _STATUS_TEXT.search(text)
    return Header(
        device=status[1] if status else _found(_FIRST_LINE, text),
        serial_number=status[3] if status else None,
        firmware=status[2] if status else None,
        samples=_whole(_found(_SAMPLES_TEXT, text)),
        reference_pressure=_found(_REFERENCE_TEXT, text),
        coefficients=coefficients,
        dates=dates,
    )


def _found(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None


def _element(text: str, name: str) -> str | None:
    return _found(re.compile(rf"<{name}>\s*([^<]*?)\s*</{name}>"), text)


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"[0-9]{1,12}", text) else None
