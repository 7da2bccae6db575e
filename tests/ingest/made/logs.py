"""Loggers' lines and blocks made here, so that the laws of every reader are also held where no corpus is at hand.

The values are made up; the layouts are those of `FORMATS` in each reader's own tests.
"""

from collections.abc import Iterator

from tests.ingest.made import nortek_bytes
from tests.ingest.made.pd0_bytes import Ensemble, to_bytes
from tests.ingest.made.sio import sio_block

PD8_COLUMNS = "Bin    Dir    Mag     E/W     N/S    Vert     Err   Echo1  Echo2  Echo3  Echo4"
FLUID_HEADER = (
    "Parameter,Sampler,Start Time,Stop Time,Port,Depth,Pressure at sampling,Pressure at opening,Volume,CH4,Sr,Sr",
    "Unit,NaN,yyyy/mm/dd hh:mm,yyyy/mm/dd hh:mm,NaN,m,MPa,bar,mL,mmol/kg,umol/kg,nmol/kg",
    "Method,NaN,NaN,NaN,NaN,NaN,NaN,NaN,NaN,GC,ICPAES,ICPMS",
    "Precision (±1s),NaN,NaN,NaN,NaN,NaN,NaN,NaN,NaN,2%,5%,5%",
    "Lab,NaN,NaN,NaN,NaN,NaN,NaN,NaN,NaN,Shore,Shore,Shore",
    "Detection limit,NaN,NaN,NaN,NaN,NaN,NaN,NaN,NaN,0.002,0.5,10",
)


def hexlog_file(count: int = 10, width: int = 512) -> bytes:
    """PD0 ensembles in hexadecimal, wrapped by a logger that stamps every line and tags the first."""
    lines = []
    for number in range(count):
        text = to_bytes(Ensemble(number=number + 1)).hex().upper()
        for start in range(0, len(text), width):
            tag = "[adcpt:DLOGP2]:" if start == 0 else ""
            lines.append(f"2017/05/24 11:{number:02}:00.250 {tag}{text[start : start + width]}\r\n")
    return "".join(lines).encode()


def pd8_file(count: int = 12, bins: int = 6) -> bytes:
    """PD8 tables in a logger's lines."""
    lines = []
    for hour in range(count):
        rows = [f"2013/12/01 {hour:02}:00:00.50 {hour + 1:05}", "Hdg: 350.2 Pitch: -1.5 Roll: 0.3",
                "Temp: 4.1 SoS: 1492 BIT: 0", PD8_COLUMNS]  # fmt: skip
        for place in range(1, bins + 1):
            echoes = "".join(f"{170 + beam - place:7}" for beam in range(4))
            rows.append(f"{place:3}{90.5:8.1f}{12.3:7.1f}{-10 * place - hour:8}{20 * place:8}{-3:8}{4:8}{echoes}")
        lines += [f"2013/12/01 {hour:02}:04:00.000 {row}\n" for row in [*rows, ""]]
    return "".join(lines).encode()


def fluid_sheet(count: int = 12) -> bytes:
    """Sheet of fluid samples after the template, one value below detection."""
    rows = [
        f"Sample,IGT-{row},2017/05/06 {row:02}:30,2017/05/06 {row:02}:32,{row},-1120,11.4,98.5,150.{row},3.2{row},"
        f"9{row}.5,904{row}"
        for row in range(1, count)
    ]
    rows.append("Sample,IGT-99,2017/05/06 23:30,NaN,9,-1120,11.4,bdl,149.9,bdl,<1.5,nd")
    return "\r\n".join([*FLUID_HEADER, *rows, ""]).encode()


def _stamp(second: int) -> str:
    return f"2014/02/17 00:{second // 60:02}:{second % 60:02}.840 "


def pro_oceanus_file(count: int = 60) -> bytes:
    """CO2-Pro in water, its own clock two minutes ahead."""
    rows = (
        f"{_stamp(n)}#2014/02/17 00:{2 + n // 60:02}:{n % 60:02}, M,44392,{41900 - n},{358.77 + n / 100:.2f},40.1,"
        "11.275,22.920,1008,39.8,40.4,W\r\n"
        for n in range(count)
    )
    return "".join(rows).encode()


def sbe16plus_file(count: int = 60) -> bytes:
    """Converted values of a 16plus with further fields behind its date."""
    rows = (
        f"{_stamp(n)}# 13.{7971 - n},  4.0{1241 - n},    6.{536 + n},  33.4881, 1501.145, 17 Feb 2014 00:{n // 60:02}:"
        f"{n % 60:02},  25.0608, 11.4,   2.3\r\n"
        for n in range(count)
    )
    return "".join(rows).encode()


def sbe52mp_file(count: int = 80) -> bytes:
    """A profile of a 52-MP."""
    rows = (f" {20.5914 + n:.4f},  4.{1870 + n},  161.{n:02},   {2693.0 + n:.1f}\n" for n in range(count))
    start = "* Sea-Bird SBE52 MP Data File *\n\n*** Starting profile number 3 ***\n07/26/2013 21:01:03\nGPS1:\nGPS2:\n"
    return (start + "".join(rows)).encode()


def optode_blocks(count: int = 20) -> bytes:
    """Optode in blocks of an SIO controller."""
    lines = (f"\xff\x11%\x114831\t128\t{302.5 + n:.3f}\t97.289\t15.584\t31.126\t31.126\t36.306\t5.180\t1336.5\t1171.2\t"
             f"324.{n % 10}\r\n" for n in range(count))  # fmt: skip
    return b"".join(
        sio_block("DO", line.encode("latin-1"), seconds=0x51EC7601 + 900 * n, number=n) for n, line in enumerate(lines)
    )


def eco_blocks(count: int = 20) -> bytes:
    """ECO FLORT in blocks of an SIO controller."""
    lines = (f"07/25/13\t06:{n:02}:06\t700\t{144 + n}\t695\t{105 + n}\t460\t56\t555" for n in range(count))
    return b"".join(
        sio_block("FL", line.encode(), seconds=0x51F0BEE2 + 60 * n, number=n) for n, line in enumerate(lines)
    )


def vector_file(seconds: int = 6) -> bytes:
    """Vector at 8 Hz: configuration, one burst."""
    parts = [nortek_bytes.hardware(), nortek_bytes.user(), nortek_bytes.burst_header(0, 8 * seconds)]
    for second in range(seconds):
        parts.append(nortek_bytes.system(second))
        parts += [nortek_bytes.sample(8 * second + place, (place, -second, 300)) for place in range(8)]
    return b"".join(parts)


def made_logs() -> Iterator[tuple[str, bytes]]:
    """Name and content of each."""
    yield "hex.adcpt.log", hexlog_file()
    yield "tables.adcpt.log", pd8_file()
    yield "sheet.csv", fluid_sheet()
    yield "made.pco2a.log", pro_oceanus_file()
    yield "made.ctdbp.log", sbe16plus_file()
    yield "made_52mp.txt", sbe52mp_file()
    yield "made_optode.DAT", optode_blocks()
    yield "made_eco.dat", eco_blocks()
    yield "made.VEC", vector_file()
