"""Sea-Bird files made here, byte for byte, for variants that no real file at hand has."""

from collections.abc import Iterator, Sequence

import numpy as np

from tests.ingest.made.sio import microcat_file

CNV_COLUMNS = (
    "timeS: Time, Elapsed [seconds]",
    "prdM: Pressure, Strain Gauge [db]",
    "t090C: Temperature [ITS-90, deg C]",
    "c0uS/cm: Conductivity [uS/cm]",
    "depSM: Depth [salt water, m]",
    "depSM: Depth [salt water, m]",
    "upwell: Something new [1/s]",
    "flag:  0.000e+00",
)


def cnv_header(
    columns: Sequence[str] = CNV_COLUMNS,
    *,
    rows: int | None = None,
    start: str = "May 10 2007 16:11:52 [Instrument's time stamp, header]",
    first: str = "* Sea-Bird SBE19plus Data File:",
    file_type: str = "ascii",
) -> bytes:
    """Header of a .cnv file; `columns` are what stands after `# name n = `."""
    lines = [first, "* FileName = D:\\Comissões\\cast.hex", "* Temperature SN = 4711", f"# nquan = {len(columns)}"]
    lines += [] if rows is None else [f"# nvalues = {rows}                   "]
    lines += ["# units = specified", *(f"# name {number} = {column}" for number, column in enumerate(columns))]
    lines += ["# interval = seconds: 0.25", f"# start_time = {start}", "# bad_flag = -9.990e-29"]
    return "\n".join([*lines, f"# file_type = {file_type}", "*END*", ""]).encode("latin-1")


def cnv_values(count: int) -> np.ndarray:
    """Rows for `CNV_COLUMNS`, shape (count, 8), with bad values and numbers that fill their column."""
    generator = np.random.default_rng(11)
    values = np.zeros((count, 8))
    values[:, 0] = np.arange(count) * 0.25
    values[:, 1] = generator.normal(500, 300, count)
    values[:, 2] = generator.normal(10, 5, count)
    values[:, 3] = generator.normal(30000, 9000, count)
    values[:, 4:6] = values[:, 1:2] * 0.99
    values[:, 6] = generator.normal(0, 1e6, count)
    values[count // 2, 2:4] = -9.99e-29
    return values


def cnv_row(values: np.ndarray) -> str:
    """One row of `CNV_COLUMNS` as the maker prints it: the fourth column always touches the third."""
    cells = [f"{values[0]:11.3f}", f"{values[1]:11.3f}", *(_cell(value, 4) for value in values[2:3])]
    cells += [f"{values[3]:11.5f}" if abs(values[3]) > 1 else " -9.990e-29", _cell(values[4], 3), _cell(values[5], 3)]
    return "".join([*cells, f"{values[6]:11.3e}", "  0.000e+00"])


def _cell(value: float, decimals: int) -> str:
    return " -9.990e-29" if value == -9.99e-29 else f"{value:11.{decimals}f}"


def cnv_text_file(count: int = 200) -> bytes:
    """Text whose fourth column often touches the third, CRLF line ends, fewer rows than promised."""
    rows = [cnv_row(row) for row in cnv_values(count)]
    return cnv_header(rows=count + 50) + "".join(f"{row}\r\n" for row in rows).encode()


def cnv_binary_file(count: int = 300, *, timed: bool = True) -> bytes:
    """Rows of float32; without a column that tells the time, foreign bytes inside cannot be told from rows at all."""
    columns = CNV_COLUMNS if timed else ("upwell: Something new [1/s]", *CNV_COLUMNS[1:])
    return cnv_header(columns, rows=count, file_type="binary") + cnv_values(count).astype("<f4").tobytes()


def imodem_file(count: int = 40) -> bytes:
    """Status of a 37-IM without pressure sensor."""
    head = "#MCAT Status\r\n#SBE37-IM v3.1  SERIAL NO. 11477  12 Jul 2014 12:07:19\r\n#Begin Data\r\n"
    lines = [f"{353_184 + n:05X}{50_001 + n:05X}" + (458_478_376 + 60 * n).to_bytes(4, "little").hex().upper()
             for n in range(count)]  # fmt: skip
    return (head + "\r\n".join([*lines, "#End Data", ""])).encode()


SEAPHOX = "DSPHOX02054,2024-05-08T14:00:01,825,0000,22.2267,7.9556,-0.999736,0.602,30.6078,4.45320,4.898,6.8,22.2"


def seaphox_file(count: int = 30) -> bytes:
    """Several records with dialogue between them."""
    records = [SEAPHOX.replace("14:00:01,825", f"14:{n:02d}:01,{825 + n}") for n in range(count)]
    return ("#Begin Data\r\n" + "".join(f"SL\r\n{one}\r\nS>\r\n" for one in records) + "#End Data\r\n").encode()


def ctd_modem_file(count: int = 20, voltages: int = 4) -> bytes:
    """Status of a 16plus-IM and hourly samples, one status after the other."""
    head = "#CTDBP Status\n#\n#SBE 16plus-IM V 2.5.2  SERIAL NO. 50059    04 Aug 2015 06:17:34\n#status = logging\n"
    lines = []
    for n in range(count):
        values = [f"{23.8673 + n / 100:.4f}", f"{-0.00001 + n / 1000:.5f}", f"{n / 10 - 0.003:.3f}"]
        values += [f"{1.6306 + place + n / 1000:.4f}" for place in range(voltages)]
        lines.append(",".join(["50059", *values, f"{4 + n // 24:02d}Aug2015{n % 24:02d}:00:03"]))
    return (head + f"##SamplesRecorded = {count}\n#Begin Data\n\n" + "\n".join([*lines, "#End Data", ""])).encode()


def bare_lines(count: int, between: str = "", *, step: int = 600) -> list[str]:
    """Samples of a moored CTD without a header: temperature, conductivity, what stands between, seconds since 2000."""
    return [f"{0x061AE3 + 3 * n:06X}{0x0A7E35 - 2 * n:06X}{between}{563_565_861 + step * n:08X}" for n in range(count)]


STRAIN, OPTICAL = "0874183C63", "1022011804DE"
"""Pressure with its temperature, and three channels of an optical sensor: 42 digits with the rest."""


def bare_file(count: int = 60) -> bytes:
    """An upload of a 16plus whose header was cut off in the middle of a sample."""
    return "\n".join(["6DC", *bare_lines(count, STRAIN + OPTICAL), ""]).encode()


def bare_log(count: int = 60) -> bytes:
    """Samples of 30 digits in a logger's lines, with what the logger says itself."""
    stamps = (f"2017/11/{10 + n // 24:02d} {n % 24:02d}:40:00.125 " for n in range(count))
    lines = [f"{stamp}{sample}\r" for stamp, sample in zip(stamps, bare_lines(count, STRAIN, step=3600), strict=True)]
    return "\n".join(["2017/11/10 00:00:00.000 [ctdbp1:DLOGP4]:Instrument Started [Power On]", *lines, ""]).encode()


# Blanks before values as the firmware prints them; the second, of a shallow one, has the internal reference as well.
DEEP_RECORD = (
    "DSPHOX02071,2024-09-03T{:02}:33:50,{:>7}, 0000,{:>8.4f},7.8097,-0.993480,    7.100,  33.1319,  3.57378,{}"
)
DEEP_END = "  4.215,  0.0, 9.7"
SHALLOW_RECORD = (
    "SSPHOX01071,2024-09-03T{:02}:33:50,{:>6}, 0000,{:>8.4f},7.9640,7.9808,-0.979159,-1.029476, 26.9785,   24.609,"
    "   34.9964,   5.51207,{}"
)
SHALLOW_END = "   4.392, 45.0,27.1"


def seaphox_log(count: int = 12, *, shallow: bool = False, tag: str = "") -> bytes:
    """A day of a logger that powers a SeapHOx every two hours."""
    record, end = (SHALLOW_RECORD, SHALLOW_END) if shallow else (DEEP_RECORD, DEEP_END)
    lines = []
    for hour in range(count):
        lines += [
            f"2024/09/03 {hour:02}:28:03.614 [cphox1:DLOGP6]:Logger started: Idle state, without initialize",
            f"2024/09/03 {hour:02}:30:02.924 [cphox1:DLOGP6]:Instrument Started Successfully [Power On]",
            f"2024/09/03 {hour:02}:30:03.744 <Executed/>",
            f"2024/09/03 {hour:02}:33:58.804 {tag}" + record.format(hour, 11_937 + 8 * hour, 9.4181 + hour / 7, end),
            f"2024/09/03 {hour:02}:35:00.833 [cphox1:DLOGP6]:Instrument Stopped [Power Off]",
        ]
    return "".join(f"{line}\n" for line in lines).encode()


def made_sea_bird_files() -> Iterator[tuple[str, bytes]]:
    """Name and content of each."""
    yield "touching.cnv", cnv_text_file()
    yield "without_pressure.DAT", imodem_file()
    yield "seaphox.DAT", seaphox_file()
    yield "ctd_modem.DAT", ctd_modem_file()
    yield "20240903.cphox1.log", seaphox_log()
    yield "20240903.shallow.log", seaphox_log(shallow=True, tag="[cphox1:DLOGP6]:")
    yield "binary.cnv", cnv_binary_file(timed=False)
    yield "microcats.DAT", microcat_file()
    yield "upload.hex.txt", bare_file()
    yield "20171110.ctdbp.log", bare_log()
