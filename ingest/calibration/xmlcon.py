"""Sea-Bird .xmlcon files, and the copy of them in a .cnv header, as a source of calibration coefficients.

    calibration = xmlcon.parse_xmlcon(Path("19plus.xmlcon").read_bytes())
    ingest.decode("cast.hex", calibration=calibration)

References
----------
Sea-Bird Scientific, Seasave V7 and SBE Data Processing manuals: instrument configuration (.xmlcon) file.
"""

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

from ingest.errors import CalibrationError

_SENSORS = {
    # element of the file, our sensor; a second of its kind gets a number
    "TemperatureSensor": "temperature",
    "ConductivitySensor": "conductivity",
    "PressureSensor": "pressure",
    "OxygenSensor": "oxygen",
    "OxygenSBE63Sensor": "oxygen",
    "pH_Sensor": "ph",
}
_QUARTZ = re.compile(r"[CDT][1-5]")
_LARGEST = 4 * 1024 * 1024


def parse_xmlcon(content: bytes) -> Mapping[str, Mapping[str, str]]:
    """Read the coefficients of every sensor, by the maker's names, as `ingest.decode(calibration=...)` takes them.

    Parameters
    ----------
    content
        An .xmlcon file, or the header of a .cnv file whose `#` lines hold the same XML.

    Returns
    -------
    Mapping
        Sensor -> coefficient -> text. A second sensor of one kind is `temperature_2` and so on. The calibration date is
        `CalDate`, the serial number `SerialNumber`.

    Raises
    ------
    CalibrationError
        It is no such file, or one that declares entities, which no .xmlcon does.
    """
    if len(content) > _LARGEST:
        raise CalibrationError(f"{len(content)} bytes are no .xmlcon file: at most {_LARGEST} are read")
    text = re.sub(r"^# ?", "", content.decode("latin-1"), flags=re.MULTILINE)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise CalibrationError("the .xmlcon file declares entities; save it again from the maker's software")
    block = re.search(r"<(Sensors|SensorArray)\b.*?</\1>", text, re.DOTALL)
    if block is None:
        raise CalibrationError("no <Sensors> or <SensorArray> block: an .xmlcon file or a .cnv header was expected")
    try:
        root = ElementTree.fromstring(block[0])
    except ElementTree.ParseError as error:
        raise CalibrationError(f"the sensors of the .xmlcon file are no XML: {error}") from error
    found: dict[str, Mapping[str, str]] = {}
    for sensor, element in _sensors(root):
        number = next(n for n in range(1, 100) if _numbered(sensor, n) not in found)
        found[_numbered(sensor, number)] = _coefficients(sensor, element)
    return found


def _numbered(sensor: str, number: int) -> str:
    return sensor if number == 1 else f"{sensor}_{number}"


def _sensors(root: ElementTree.Element) -> Iterator[tuple[str, ElementTree.Element]]:
    for element in root.iter():
        if element.tag in _SENSORS:
            yield _SENSORS[element.tag], element


def _coefficients(sensor: str, element: ElementTree.Element) -> Mapping[str, str]:
    """Names as the header of an instrument has them; of two sets of a conductivity cell that with G, H, I, J."""
    values: dict[str, str] = {}
    for part in element.iter():
        if len(part) or part.text is None or not part.text.strip():
            continue
        values[_name(sensor, part.tag)] = part.text.strip()
    return values


def _name(sensor: str, tag: str) -> str:
    if tag == "CalibrationDate":
        return "CalDate"
    if tag == "SerialNumber":
        return tag
    name = tag.upper()
    if sensor == "pressure":
        return f"P{name}" if _QUARTZ.fullmatch(name) or name in ("SLOPE", "OFFSET") else name
    if sensor == "conductivity":
        return {"CPCOR": "PCOR", "CTCOR": "TCOR", "SLOPE": "CSLOPE", "OFFSET": "COFFSET"}.get(name, name)
    if sensor == "temperature":
        return {"OFFSET": "TOFFSET"}.get(name, name)
    return name
