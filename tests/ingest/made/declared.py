"""Text that no reader knows, with the declarations that stand beside it."""

from collections.abc import Iterator

import numpy as np

OWN = b"""\
# A logger of the institute's own: decimal comma, local time in two columns, quotes, a battery that has no name
delimiter: ";"
decimal: ","
quote: '"'
comment: "%"
header_lines: 2
bad_values: [-9999, n/a]
zone: Asia/Taipei
columns:
  - ignore: number
  - time: "%d.%m.%Y"
  - time: "%H:%M:%S"
  - {name: temperature, units: degC}
  - {name: conductivity, units: mS/cm}
  - {name: chlorophyll_counts, units: counts}
  - {other: battery, units: V}
  - ignore: remark
  - {name: absolute_pressure, units: bar}
attributes:
  instrument_model: mooring logger 7
"""

BLANKS = b"""\
delimiter: blanks
zone: UTC
columns:
  - time: seconds since 1970-01-01
  - {name: methane_sensor_voltage, units: mV}
  - {name: methane_sensor_temperature_voltage, units: V}
calibration:
  methane: {c0: 1.2, c1: 0.5, c2: 2.0, c3: 1.5, c4: 3.0, c5: 1.0, c6: 0.9, t0: -3.0, t1: 12.5}
"""

BESIDE = {"own_logger.txt": OWN, "mets_voltages.dat": BLANKS}
"""Declarations by the file that each is beside."""


def own_logger(count: int = 150, line_end: bytes = b"\r\n") -> bytes:
    """Lines with everything that `OWN` declares, and noise among them."""
    generator = np.random.default_rng(7)
    head = [b"\xef\xbb\xbfSerial 0371", b"No;Datum;Zeit;T;C;Chl;U;Bemerkung;p"]
    lines = [_own_line(number, generator.normal(3.4, 0.5, 3)) for number in range(count)]
    damaged = lines[20].split(b";")
    lines[20] = b";".join([*damaged[:3], b"abc", *damaged[4:]])
    lines.insert(40, b"% the boat came by; all; is; well; 1; 2; 3; 4; 5")
    lines.insert(50, b"")
    return line_end.join([*head, *lines, b""])


def _own_line(number: int, values: np.ndarray) -> bytes:
    minutes, seconds = divmod(10 * number, 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"08.09.2016;{12 + hours:02d}:{minutes:02d}:{seconds:02d}"
    temperature = "n/a" if number % 50 == 7 else f"{values[0]:.4f}"
    conductivity = "-9999" if number % 50 == 9 else f"{33.1 + values[1]:.4f}"
    battery = f"{12.5 - number / 1000:.2f}"
    counts, pressure = 50 + number % 7, f"{113.2 + values[2]:.3f}"
    text = f'{number};{clock};{temperature};{conductivity};{counts};{battery};"all; well";{pressure}'
    return text.replace(".", ",").replace("08,09,", "08.09.").encode()


def mets_voltages(count: int = 120) -> bytes:
    """Seconds and two voltages, between blanks and tabs."""
    voltages = [(1200.0 + 3 * number % 500, 0.6 + number % 40 / 100) for number in range(count)]
    return b"".join(
        f" {1_473_309_000 + 10 * number}\t{methane:8.1f}   {temperature:.4f}\n".encode()
        for number, (methane, temperature) in enumerate(voltages)
    )


def made_declared() -> Iterator[tuple[str, bytes]]:
    """Name and content of each; its declaration is in `BESIDE`."""
    yield "own_logger.txt", own_logger()
    yield "mets_voltages.dat", mets_voltages()
