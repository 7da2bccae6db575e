"""Sea-Bird .xmlcon files, and the copy of them in a .cnv header, as a source of calibration coefficients.

    calibration = xmlcon.parse_xmlcon(Path("19plus.xmlcon").read_bytes())
    ingest.decode("cast.hex", calibration=calibration)

A file lists its sensors in the order of the data: temperature, conductivity and pressure, then the external voltages.
Voltage 0 of the file is the first voltage in the data, whichever channel of the instrument that is.

References
----------
Sea-Bird Scientific, Seasave V7 and SBE Data Processing manuals: instrument configuration (.xmlcon) file; SBE 16plus V2
and 19plus V2 manuals, "setting up the configuration file": order of voltages.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from xml.etree import ElementTree

from ingest.errors import CalibrationError

_OWN = {
    # element of the file, our sensor; a second of its kind gets a number
    "TemperatureSensor": "temperature",
    "ConductivitySensor": "conductivity",
    "PressureSensor": "pressure",
    "OxygenSBE63Sensor": "oxygen",
}
_FIRST = ("TemperatureSensor", "ConductivitySensor", "PressureSensor")
_ON_A_VOLTAGE = {
    # element of the file, our name for the kind of sensor: see `ingest.calibration.sea_bird_voltages`
    "OxygenSensor": "oxygen",
    "pH_Sensor": "ph",
    "FluoroWetlabECO_AFL_FL_Sensor": "chlorophyll",
    "FluoroWetlabWetstarSensor": "chlorophyll",
    "FluoroWetlabCDOM_Sensor": "cdom",
    "TurbidityMeter": "turbidity",
    "WET_LabsCStar": "transmissometer",
    "AltimeterSensor": "altimeter",
    "PAR_BiosphericalLicorChelseaSensor": "par",
}
_NOTHING = ("NotInUse",)
_QUARTZ = re.compile(r"[CDT][1-5]")
# In a .cnv header a comment says which voltage a sensor is on; an element in its place survives the parser.
_VOLTAGE, _MARK = re.compile(r"<!-- *A/D voltage (\d)[^>]*-->"), "OnVoltage"
_LARGEST = 4 * 1024 * 1024
_SETS = ("UseG_J", "Use2007Equation")
"""Elements that say which of two sets of coefficients counts: the number that the set has as `equation`."""


def parse_xmlcon(content: bytes) -> Mapping[str, Mapping[str, str]]:
    """Read the coefficients of every sensor, by the maker's names, as `ingest.decode(calibration=...)` takes them.

    Parameters
    ----------
    content
        An .xmlcon file, or the header of a .cnv file whose `#` lines hold the same XML.

    Returns
    -------
    Mapping
        Sensor -> coefficient -> text. A second sensor of one kind is `temperature_2` and so on; what sits on a voltage
        is `voltage 0` and so on, with its kind as `SENSOR`. The calibration date is `CalDate`, the serial number
        `SerialNumber`. Of an .xmlcon `instrument` has its `MODEL`, and how many voltages are in the data.

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
        root = ElementTree.fromstring(_VOLTAGE.sub(rf'<{_MARK} number="\1"/>', block[0]))
    except ElementTree.ParseError as error:
        raise CalibrationError(f"the sensors of the .xmlcon file are no XML: {error}") from error
    stated = re.search(r"<ExternalVoltageChannels>\s*(\d)\s*</", text)
    sensors = _by_sensor(list(_entries(root, int(stated[1]) if stated else 0)))
    model = re.search(r"<Instrument\b[^>]*>\s*<Name>\s*([^<]*[^<\s])\s*</Name>", text)
    if model is None:
        return sensors
    voltages = {"EXTERNALVOLTAGECHANNELS": stated[1]} if stated else {}
    return {**sensors, "instrument": {"MODEL": model[1], **voltages}}


class _Entry(NamedTuple):
    """One place of the list: the sensor's element, if there is one, and the voltage that it sits on."""

    element: ElementTree.Element | None
    voltage: int | None


def _by_sensor(entries: list[_Entry]) -> Mapping[str, Mapping[str, str]]:
    found: dict[str, Mapping[str, str]] = {}
    for element, voltage in entries:
        if element is None or element.tag in _NOTHING:
            continue
        if voltage is not None:
            kind = _ON_A_VOLTAGE.get(element.tag, element.tag)
            found[f"voltage {voltage}"] = {"SENSOR": kind, **_coefficients(kind, element)}
        elif element.tag in _OWN:
            sensor = _OWN[element.tag]
            number = next(n for n in range(1, 100) if _numbered(sensor, n) not in found)
            found[_numbered(sensor, number)] = _coefficients(sensor, element)
    return found


def _numbered(sensor: str, number: int) -> str:
    return sensor if number == 1 else f"{sensor}_{number}"


def _entries(root: ElementTree.Element, voltages: int) -> Iterator[_Entry]:
    """Sensors with their voltages: as a comment in a .cnv header says, else by the order in an .xmlcon."""
    elements = [next((part for part in place if part.tag != _MARK), None) for place in root]
    own = [element is not None and element.tag in _FIRST for element in elements]
    first = own.index(False) if False in own else len(own)
    for number, (place, element) in enumerate(zip(root, elements, strict=True)):
        told = place.find(_MARK)
        counted = number - first if first <= number < first + voltages else None
        yield _Entry(element, counted if told is None else int(told.get("number", "")))


def _coefficients(sensor: str, element: ElementTree.Element) -> Mapping[str, str]:
    """Names as the header of an instrument has them; of two sets that which the file says is used."""
    values: dict[str, str] = {}
    chosen = next((part.text.strip() for part in element if part.tag in _SETS and part.text), None)
    for part in element:
        if len(part) and chosen is not None and part.get("equation") not in (None, chosen):
            continue
        for one in part.iter() if len(part) else (part,):
            if not len(one) and one.text and one.text.strip():
                values[_name(sensor, one.tag)] = one.text.strip()
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
