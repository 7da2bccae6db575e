"""Files of a SAMI2 on an inductive modem, made here record by record."""

from collections.abc import Iterator, Sequence

START = 3_492_341_999
"""2014-08-31T14:59:59 as the instrument counts it."""


def record(kind: int, seconds: int, words: Sequence[int], *, identity: int = 0x57) -> bytes:
    """Digits of a record whose payload are words of 16 bits."""
    payload = b"".join(word.to_bytes(2, "big") for word in words)
    body = bytes([7 + len(payload), kind]) + seconds.to_bytes(4, "big") + payload
    return (bytes([identity]) + body + bytes([sum(body) & 0xFF])).hex().upper().encode()


def ph_words(number: int) -> list[int]:
    """Thermistor, 16 reference lights, 92 lights, nothing, battery, thermistor."""
    lights = [1500 + 7 * place + number for place in range(16 + 92)]
    return [1889 + number, *lights, 0, 3153 - number, 1890 + number]


def carbon_dioxide_words(number: int) -> list[int]:
    """14 lights, battery, thermistor."""
    return [*(60 + 250 * place + number for place in range(14)), 3163 - number, 2019 + number]


def control(seconds: int, *, battery: bool = False) -> bytes:
    """Digits of a control record: flags 0x43, 2 records, 0 errors, 530 bytes; the battery beyond its length."""
    body = bytes([18, 0xC1 if battery else 0x81]) + seconds.to_bytes(4, "big")
    body += bytes.fromhex("0043000002000000000212" + ("0C4E" if battery else ""))
    return (b"\x57" + body + bytes([sum(body) & 0xFF])).hex().upper().encode()


def modem_file(groups: Sequence[Sequence[bytes]], *, line_end: bytes = b"\n") -> bytes:
    """Status of the modem and one `Record` for each group, whose further records have lines of their own."""
    header = ["UIMM Status", "7370_DateTime: 20140831 160549", "ID=23", "SN=70001687", "Volts=8.90",
              f"Records={len(groups)}", "Length=972", "Events=541", "Begin UIMM Data"]  # fmt: skip
    lines = [f"#{line}".encode() for line in header]
    for number, group in enumerate(groups):
        lines += [b"Record[%d]:%s" % (330 + number, group[0]), *group[1:]]
        lines += [b""] if len(group) > 1 else []
    lines.append(b"#End UIMM Data, %d samples written" % len(groups))
    return line_end.join([*lines, b""])


def ph_file(count: int = 12) -> bytes:
    """PH every hour, controls before some of them."""
    groups = []
    for number in range(count):
        digits = b"*" + record(0x0A, START + 3600 * number, ph_words(number))
        before = b"*" + control(START + 3600 * number - 1, battery=number % 2 == 0)
        groups.append([before, digits] if number % 3 == 0 else [digits])
    return modem_file(groups)


def carbon_dioxide_file(count: int = 20) -> bytes:
    """PCO2 every hour, a record of the power before each, the third a blank."""
    groups = []
    for number in range(count):
        seconds = START + 3600 * number
        kind = 0x05 if number == 2 else 0x04
        power = record(0x11, seconds - 290, [], identity=0xC2)
        groups.append([b"*" + power, b"*" + record(kind, seconds, carbon_dioxide_words(number), identity=0xC2)])
    return modem_file(groups, line_end=b"\r\n")


def made_sami() -> Iterator[tuple[str, bytes]]:
    """Name and content of each."""
    yield "phsen1_20140831_160549.DAT", ph_file()
    yield "pco2w1_20140831_160549.DAT", carbon_dioxide_file()
