"""Text and XML of instruments, made from descriptions of their formats."""

from collections.abc import Iterator

import numpy as np

RUSKIN_HEADER = """\
Model=TDR-2050
Firmware=6.51
Serial=014786
HostVersion=(Ruskin version number - 1.13.13)

HostTime=02-Apr-2019 00:42:54.000
LoggerTime=02-Apr-2019 00:42:55.000
LoggingStartTime=16-Mar-2019 00:00:00.000
LoggingEndTime=06-Apr-2019 00:00:00.000
LoggingSamplingPeriod=00:00:02
NumberOfChannels=2
Channel[1].name=Temperature
Channel[1].calibration=0.0035 -2.51E-4 2.55E-6 -6.1E-8
Channel[1].units=°C (Degrees_C)
Channel[2].name=Pressure
Channel[2].calibration=11.0 3863.0 46.7 17.1
Channel[2].units=dBar (deciBars)

NumberOfSamples={count}

             Date & Time         Temp          Pres         Depth
"""


def ruskin_text(count: int = 150, date: str = "%d-%b-%Y %H:%M:%S.%f", encoding: str = "latin-1") -> bytes:
    """Engineering text of a TDR-2050."""
    rows = []
    for index, when in enumerate(np.datetime64("2019-03-16T23:59:00", "s") + 2 * np.arange(count)):
        stamp = when.item().strftime(date)
        stamp = stamp[:-3] if date.endswith("%f") else stamp
        rows.append(f" {stamp}    {18.05 - index / 997:.7f}    {10.38 + index / 991:.7f}     {0.24 + index / 993:.7f}")
    return (RUSKIN_HEADER.format(count=count) + "\r\n".join([*rows, ""])).replace("\n", "\r\n").replace(
        "\r\r", "\r").encode(encoding)  # fmt: skip


RUSKIN_METADATA = {
    "comment": "", "version": {"file": "1.0.0", "ruskin": "2.18.1"},
    "instrument": {"serial": 204347, "model": "RBRconcerto\u00b3", "fwtype": 104, "fwversion": 1.116},
    "dataheader": [
        {"index": 1, "name": "Time", "format": "yyyy-MM-dd HH:mm:ss.SSS"},
        {"index": 1, "name": "Conductivity", "units": "mS/cm"},
        {"index": 2, "name": "Temperature", "units": "Degrees_C"},
        {"index": 3, "name": "Pressure", "units": "dbar"}, {"index": 4, "name": "Sea pressure", "units": "dbar"},
    ],
}  # fmt: skip


def ruskin_table(count: int = 120) -> bytes:
    """Table of a concerto: names only, no units."""
    rows = ["Time,Conductivity,Temperature,Pressure,Sea pressure"]
    for index, when in enumerate(np.datetime64("2023-09-12T15:34:57.000", "ms") + 500 * np.arange(count)):
        stamp = str(when).replace("T", " ")
        rows.append(f"{stamp},{32.5 + index / 997:.4f},{4.25 - index / 991:.4f},{60.1 + index / 7:.4f},"
                    f"{49.9675 + index / 7:.4f}")  # fmt: skip
    return ("\n".join(rows) + "\n").encode()


SEAGUARD_COLUMNS = ("Record Number", "Time tag (Gmt)", "Battery Voltage(V)", "Abs Speed(cm/s)", "Direction(Deg.M)",
                    "North(cm/s)", "East(cm/s)", "Ping Count", "O2Concentration(uM)", "AirSaturation(%)",
                    "Temperature(DegC)", "Pressure(kPa)")  # fmt: skip


def seaguard_text(count: int = 120, date: str = "%d.%m.%y %H:%M:%S") -> bytes:
    """Export of a SeaGuard with current meter, optode and pressure."""
    generator = np.random.default_rng(71)
    lines = ["Instrument: SeaGuard RCM #184", "\t".join(SEAGUARD_COLUMNS)]
    for index in range(count):
        when = (np.datetime64("2021-08-09T13:30:00") + np.timedelta64(10 * index, "m")).item()
        north, east, oxygen, temperature, pressure = generator.normal((5, -7, 251, 3.9, 11_412), (4, 4, 3, 0.1, 5))
        values = [f"{12.4 - index / 1000:.3f}", f"{np.hypot(north, east):.3f}",
                  f"{np.degrees(np.arctan2(east, north)) % 360:.3f}", f"{north:.3f}", f"{east:.3f}", "150",
                  f"{oxygen:.3f}", f"{oxygen / 3.3:.3f}", f"{temperature:.3f}", f"{pressure:.3f}"]  # fmt: skip
        lines.append("\t".join([str(index + 1), when.strftime(date), *values]))
    return "\r\n".join([*lines, ""]).encode()


def _sensor(words: str, *points: tuple[str, str, str]) -> str:
    told = "".join(
        f'<Point ID="{place}" Descr="{name}" Type="VT_R4" Unit="{units}" RangeMin="0" RangeMax="500">\n'
        f"<Value>{value}</Value>\n</Point>\n"
        for place, (name, units, value) in enumerate(points)
    )
    return f"<SensorData {words}>\n<Parameters>\n{told}</Parameters>\n</SensorData>\n"


def seaguard_record(index: int, *, second_group: bool = False) -> str:
    """One document of the real-time output."""
    when = np.datetime64("2016-09-08T04:00:00.500", "ms") + np.timedelta64(30 * index, "s")
    optode = _sensor('ID="4330-71" ProdNo="4330" SerialNo="71" Descr="Oxygen Optode #71"',
                     ("O2Concentration", "uM", f"{251.5 - index / 7:.4E}"), ("AirSaturation", "%", f"{76.1:.3f}"),
                     ("Temperature", "Deg.C", f"{3.9 + index / 1000:.4f}"))  # fmt: skip
    conductivity = _sensor('ID="4319-22" SerialNo="22" Descr="Conductivity Sensor #22"',
                           ("Conductivity", "mS/cm", f"{33.1 + index / 100:.4f}"), ("Temperature", "Deg.C", "3.8710"),
                           ("Salinity", "PSU", "34.5"))  # fmt: skip
    pressure = _sensor('SerialNo="9" Descr="Pressure Sensor"', ("Pressure", "kPa", f"{11412.25 + index:.2f}"),
                       ("Status", "", "0"))  # fmt: skip
    sensors = optode if second_group else conductivity + optode + pressure
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<Device ID="5650-184" Descr="SeaGuard Platform" SerialNo="184" ProdName="SEAGUARD" SessionID="s1" '
        'ProtocolVer="5" xmlns="http://www.aadi.no/RTOutSchema">\n'
        f"<Time>{when}Z</Time>\n<SystemInformation>\n<SystemInfo ID=\"13\" Descr=\"Location\">Site F</SystemInfo>\n"
        f"</SystemInformation>\n<Data ID=\"{int(second_group)}\">\n<Time>{when}Z</Time>\n<RecordNumber>{index}"
        f"</RecordNumber>\n{sensors}</Data>\n</Device>\n"
    )


def seaguard_xml(count: int = 60) -> bytes:
    """Documents one after the other; every tenth is of a second group of sensors."""
    return "".join(seaguard_record(index, second_group=index % 10 == 9) for index in range(count)).encode()


def made_text() -> Iterator[tuple[str, bytes]]:
    """Name and content of each."""
    yield "014786_eng.txt", ruskin_text()
    yield "204347_20230912_1534_data.txt", ruskin_table()
    yield "seaguard_rcm.txt", seaguard_text()
    yield "seaguard.xml", seaguard_xml()
