"""Raw files of chemical and optical sensors made here, byte for byte, for layouts that no real file at hand has."""

import struct
from collections.abc import Iterator

import numpy as np

HYDROC_COLUMNS = "Date;Time;Zero;Flush;p_NDIR [mbar];T_gas [C];pCO2_corr [uatm]"


def hydroc_file(count: int = 60, columns: str = HYDROC_COLUMNS) -> bytes:
    """HydroC: six lines of header, decimal commas, a `;` at the end of each line."""
    lines = ["SD data file", "CO2T-0721-001", columns, ";;", "", ""]
    for row in range(count):
        clock = f"{row // 60:02d}:{row % 60:02d}:07"
        values = f"0;0;{1010 + row / 8:.1f};{12.5 - row / 100:.2f};{400 + row * 3.7:.2f};".replace(".", ",")
        lines.append(f"2021-12-01;{clock};{values}")
    return "\r\n".join([*lines, ""]).encode("latin-1")


def spc_header(points: int, subfiles: int, *, flags: int, exponent: int, order: str = "<", date: int = 0) -> bytes:
    """Main header of a new SPC file with an even Raman shift axis from 100 to 100 + points - 1."""
    version = 0x4C if order == ">" else 0x4B
    start = struct.pack(
        order + "BBBbIddIBBBBI", flags, version, 0, exponent, points, 100.0, 99.0 + points, subfiles, 13, 4, 4, 0, date
    )
    return start.ljust(512, b"\x00")


def spc_subfile(y: np.ndarray, exponent: int, z: float = 0.0, order: str = "<", x: np.ndarray | None = None) -> bytes:
    """A subfile: its header, x where it has its own, y as they are."""
    head = struct.pack(order + "BbHfffIIf4x", 0, exponent, 0, z, 0.0, 0.0, y.shape[0], 1, 0.0)
    return head + (b"" if x is None else x.astype(order + "f4").tobytes()) + y.tobytes()


def spc_multifile(points: int = 40, subfiles: int = 12) -> bytes:
    """New SPC file of many subfiles of 16 bits, ten seconds apart, dated 2018-07-03 04:05."""
    date = 2018 << 20 | 7 << 16 | 3 << 11 | 4 << 6 | 5
    generator = np.random.default_rng(0x4B)
    parts = [spc_header(points, subfiles, flags=0x01 | 0x04, exponent=0, date=date)]
    for number in range(subfiles):
        y = generator.integers(-9000, 9000, points).astype("<i2")
        parts.append(spc_subfile(y, 10 + number % 3, 10.0 * number))
    return b"".join(parts)


def spc_old(points: int = 50, subfiles: int = 6) -> bytes:
    """Old SPC file of several subfiles: numbers with their 16-bit halves swapped."""
    head = struct.pack("<BBhfffBBHBBBB", 0x04, 0x4D, 20, float(points), 50.0, 99.0, 13, 4, 1996, 5, 17, 13, 45)
    parts = [head.ljust(224, b"\x00")]
    for number in range(subfiles):
        y = (np.arange(points, dtype=np.int64) * 70_001 * (-1) ** number).astype("<i4")
        swapped = y.view("<u2").reshape(-1, 2)[:, ::-1].copy()
        parts.append(spc_subfile(swapped.view("<u4").ravel(), 20))
    return b"".join(parts)


def eco_file(count: int = 80) -> bytes:
    """ECO FLNTU of two channels in lines of a logger, its own clock an hour behind."""
    lines = []
    for row in range(count):
        stamp = f"2019/03/04 06:{row // 60:02d}:{row % 60:02d}.250 "
        own = f"03/04/19\t05:{row // 60:02d}:{row % 60:02d}"
        lines.append(f"{stamp}{own}\t695\t{50 + row}\t700\t{4100 + row}\t{530 + row % 3}\r\n")
    return "".join(lines).encode()


def sami_record(kind: int, seconds: int, payload: bytes, identity: int = 0x57) -> str:
    """Telemetered record of a SAMI2, as it writes one."""
    counted = struct.pack(">BBI", len(payload) + 7, kind, seconds) + payload
    return f"*{identity:02X}{counted.hex().upper()}{sum(counted) & 0xFF:02X}"


def sami_modem_file(count: int = 6) -> bytes:
    """pCO2, its blanks, power and control records behind the status of an inductive modem."""
    lines = ["#UIMM Status", "#7370_DateTime: 20140804 010552", "#ID=23", "#SN=70001687", "#Begin UIMM Data"]
    for n in range(count):
        start = 0xCF8F3670 + 3600 * n
        lights = struct.pack(">16h", *range(64 + n, 78 + n), 3163 + n, 2019 - n)
        lines += [f"Record[{300 + 3 * n}]:{sami_record(0x11, start, b'')}",
                  f"Record[{301 + 3 * n}]:{sami_record(0x81, start + 1, bytes.fromhex('00430000020000000002120502'))}",
                  sami_record(0x05 if n % 3 == 0 else 0x04, start + 300, lights)]  # fmt: skip
        lines += [""] if n % 3 == 2 else []
    return "\n".join([*lines, f"#End UIMM Data, {count} samples written"]).encode()


def suna_frame(kind: str, hours: float, serial: int = 1056) -> bytes:
    """Frame of a SUNA (`L` light, `D` dark) of 2017-10-13, with its checksum; no CTD is connected."""
    fitted = ["12.09", "0.1694", "0.0100", "0.0091", "0.00"] if kind == "L" else ["0.00"] * 5
    spectrum = [str(700 + place) for place in range(256)]
    housekeeping = ["11.6", "11.4", "11.5", "160281", "0.7", "11.7", "12.1", "5.0", "664"]
    rest = ["2.21", "41.60", "4.0381", "-1.310743", "0.000094", "", "", "", "", ""]
    values = [f"SATS{kind}F{serial}", "2017286", f"{hours:.6f}", *fitted, "21088", "738", "1", *spectrum]
    line = ",".join([*values, *housekeeping, *rest]).encode()
    return line + str(-sum(line) % 256).encode()


def suna_log(count: int = 40) -> bytes:
    """Frames of a SUNA in a logger's lines, with what it says of itself between them."""
    lines = [b"2017/10/13 00:30:04.244 [nutnr:DLOGP7]:Instrument Started [Power On]"]
    for n in range(count):
        stamp = b"2017/10/13 %02d:%02d:" % (n // 60, n % 60)
        lines += [stamp + b"02.940 [2017/10/13 00:30:10] vMainNitrateTask()::INFO-Start SUNA SN:1056 V2, FW 2.5.1",
                  stamp + b"04.500 " + suna_frame("D" if n % 10 == 0 else "L", n / 60)]  # fmt: skip
    return b"\n".join([*lines, b""])


def made_chemistry() -> Iterator[tuple[str, bytes]]:
    """Name and content of each."""
    yield "SD_datafile_20211201.txt", hydroc_file()
    yield "multi.spc", spc_multifile()
    yield "flntu.log", eco_file()
    yield "suna.nutnr.log", suna_log()
    yield "sami_modem.DAT", sami_modem_file()
