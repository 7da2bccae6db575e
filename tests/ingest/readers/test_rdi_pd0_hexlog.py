"""PD0 as hexadecimal text: the same ensembles as the binary file, whatever the logger wraps and writes between."""

import numpy as np

from tests.ingest.conftest import same_values
from tests.ingest.made.pd0_bytes import Ensemble, to_bytes

COUNT = 12
BINARY = [to_bytes(Ensemble(number=number + 1)) for number in range(COUNT)]


def _log(ensembles, width=512, tag="", end=b"\n", message=b""):
    lines = []
    for number, binary in enumerate(ensembles):
        text = binary.hex().upper()
        for start in range(0, len(text), width):
            stamp = f"2017/05/24 11:{50 + start // 4096:02}:{number:02}.250 {tag if start == 0 else ''}"
            lines.append(stamp.encode() + text[start : start + width].encode() + end)
        lines.append(message)
    return b"".join(lines)


def _check(decoded, whole):
    samples = decoded.streams["profile"]
    assert samples.sizes["time"] == COUNT
    binary = whole.streams["profile"]
    ours = samples.drop_vars(["logger_clock_offset"], errors="ignore")
    for name in ("source_offset", "source_length"):
        ours = ours.assign_coords({name: binary[name]})
    assert same_values(ours, binary)
    assert decoded.ledger.adds_up
    assert not decoded.ledger.rejected


def test_any_wrapping_gives_the_binary_file(decode_bytes):
    whole = decode_bytes(b"".join(BINARY), "raw.000")
    for width in (80, 512, 4000):
        decoded = decode_bytes(_log(BINARY, width, tag="[adcpt:DLOGP2]:", end=b"\r\n"), "adcpt.log")
        assert decoded.reader == "rdi_pd0_hexlog"
        _check(decoded, whole)
    message = b"2017/05/24 11:59:00.000 [adcpt:DLOGP2]:Instrument Stopped [Power Off]\n"
    decoded = decode_bytes(_log(BINARY, message=message), "adcpt.log")
    _check(decoded, whole)
    assert {span.reason for span in decoded.ledger.skipped} == {"logger message"}
    _check(decode_bytes(b"".join(binary.hex().encode() + b"\n" for binary in BINARY), "no_stamps.log"), whole)


def test_ensembles_that_share_a_line(decode_bytes):
    whole = decode_bytes(b"".join(BINARY), "raw.000")
    _check(decode_bytes(_log([b"".join(BINARY)]), "adcpt.log"), whole)


def test_a_message_inside_an_ensemble(decode_bytes):
    whole = decode_bytes(b"".join(BINARY), "raw.000")
    lines = _log(BINARY).splitlines(keepends=True)
    lines.insert(1, b"2017/05/24 11:50:00.300 [adcpt:DLOGP2]:Buffer is full\n")
    content = b"".join(lines)
    decoded = decode_bytes(content, "adcpt.log")
    _check(decoded, whole)
    assert decoded.ledger.bytes_skipped == len(lines[1])


def test_the_loggers_clock(decode_bytes):
    samples = decode_bytes(_log(BINARY), "adcpt.log").streams["profile"]
    stamps = np.datetime64("2017-05-24T11:50:00.250", "us") + np.arange(COUNT) * np.timedelta64(1, "s")
    assert (samples["time"].values + samples["logger_clock_offset"].values.astype("timedelta64[us]") == stamps).all()


def test_a_changed_digit_loses_its_ensemble_alone(decode_bytes):
    whole = decode_bytes(b"".join(BINARY), "raw.000").streams["profile"]
    content = bytearray(_log(BINARY))
    place = len(content) // 2 + 40
    content[place] = ord("A") if content[place] != ord("A") else ord("B")
    decoded = decode_bytes(bytes(content), "adcpt.log")
    kept = decoded.streams["profile"]["ensemble_number"].values
    assert len(kept) == COUNT - 1
    assert set(kept) < set(whole["ensemble_number"].values)
    assert len(decoded.ledger.rejected) == 1
    assert "checksum" in decoded.ledger.rejected[0].reason
    assert decoded.ledger.rejected[0].offset <= place < sum(decoded.ledger.rejected[0][:2])
