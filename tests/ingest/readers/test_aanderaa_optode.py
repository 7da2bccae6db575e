"""Optode lines of a logger: shapes, noise, cut lines, stamps, and numbers exact to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.readers import aanderaa_optode
from ingest.textual import fields
from tests.ingest.made.files import optode_file, optode_line, optode_values

VALUES = ["354.255", "94.962", "7.658", "32.971", "32.971", "41.373", "8.402", "738.5", "797.6", "448.6"]
GOOD = optode_line(VALUES, second=30.0) + b"\r\n"


def _stamped(payload: bytes, stamp: bytes = b"2016/12/31 00:00:40.000 ") -> bytes:
    return stamp + payload


def _samples(decoded):
    return decoded.streams["samples"]


def _lines(content):
    return [line.rstrip(b"\r\n") for line in content.split(b"\n")]


def test_every_value_equals_float_of_its_text(decode_bytes):
    content = optode_file(400)
    decoded = decode_bytes(content)
    samples = _samples(decoded)
    records = [line.split(b"\t") for line in _lines(content) if line.count(b"\t") == 11]
    assert samples.sizes["time"] == len(records) == 400
    for place, name in enumerate(aanderaa_optode.VARIABLES):
        texts = [record[place + 2] for record in records]
        assert samples[name].values.tobytes() == np.array([float(one) for one in texts]).tobytes(), name
    stamps = [record[0][:23].decode().replace("/", "-").replace(" ", "T") for record in records]
    np.testing.assert_array_equal(samples["time"].values, np.array(stamps, dtype="datetime64[us]"))
    for offset, length, record in zip(samples.source_offset.values, samples.source_length.values, records, strict=True):
        assert content[offset : offset + length] == b"\t".join(record)
    assert samples.attrs == {"instrument_model": "Aanderaa optode 4835", "serial_number": "71"}
    assert [span.reason for span in decoded.ledger.skipped] == ["logger message"]
    assert [span.reason for span in decoded.ledger.rejected] == ["line with 7 of 12 fields"]


@settings(max_examples=300, deadline=None)
@given(
    st.booleans(), st.integers(0, 999_999_999), st.integers(0, 6), st.integers(0, 999_999), st.integers(1, 9)
)
def test_decimal_numbers_are_exact(negative, whole, places, fraction, width):
    number = f"{'-' * negative}{whole:0{width}d}" + (f".{fraction:06d}"[: places + 1] if places else "")
    start = np.arange(3) * len(number)
    values = fields.numbers(np.frombuffer(number.encode() * 3, dtype=np.uint8), start, start + len(number)).value
    assert values.tobytes() == np.array([float(number)] * 3).tobytes()


def test_known_noise_is_skipped_and_damage_is_rejected(decode_bytes):
    content = b"".join([
        _stamped(b"[o2:DLOGP1]:Instrument Started [Power On]\n"),
        _stamped(b"[o2:DLOGP1]:UUU333\x00\xff\x9a\n"),
        b"\r\n",
        GOOD,
        _stamped(b"[o2:DLOGP1]:\xf9U3!4835\t71\t" + "\t".join(VALUES).encode() + b"\r\n"),
        _stamped(b"4835\t71\t354.255\t94.9\n"),
        _stamped("\t".join(["4835", "71", *VALUES[:-1], "44"]).encode() + b"\n"),
        _stamped("\t".join(["4835", "71", *VALUES[:-1], "nan"]).encode() + b"\r\n"),
        optode_line(VALUES, second=50.0, tag="[o2:DLOGP1]:") + b"\r\n",
        GOOD.replace(b"2016/12/31", b"2016/13/31"),
        GOOD.replace(b"\t71\t", b"\t72\t"),
        GOOD.replace(b"\t", b" "),
    ])  # fmt: skip
    decoded = decode_bytes(content)
    assert _samples(decoded)["time"].values.astype(str).tolist() == [
        "2016-12-31T00:00:30.000000",
        "2016-12-31T00:00:50.000000",
    ]
    assert [span.reason for span in decoded.ledger.skipped] == ["logger message", "power-on noise", "blank line"]
    assert [span.reason for span in decoded.ledger.rejected] == [
        "record with noise before it",
        "line with 4 of 12 fields",
        "line cut in its last value",
        "not a record of an optode",
        "stamp is not a time",
        "record of another optode than 4835 serial 71",
        "not a record of an optode",
    ]


def test_second_60_is_the_next_minute(decode_bytes):
    content = GOOD + GOOD.replace(b"00:00:30.000", b"23:59:60.125") + GOOD.replace(b"00:00:30.000", b"23:59:61.000")
    decoded = decode_bytes(content)
    assert _samples(decoded)["time"].values[1] == np.datetime64("2017-01-01T00:00:00.125", "us")
    assert [span.reason for span in decoded.ledger.rejected] == ["stamp is not a time"]


@pytest.mark.parametrize("end", ["", "\r", "\r\n", "\n"])
def test_last_line_that_is_whole(decode_bytes, end):
    last = optode_line(VALUES, second=32.0)
    decoded = decode_bytes(GOOD + last + end.encode())
    assert _samples(decoded)["source_length"].values.tolist() == [len(GOOD) - 2, len(last)]


def test_last_value_with_fewer_decimals_counts_if_the_optode_ended_the_line(decode_bytes):
    line = optode_line([*VALUES[:-1], "448"], second=32.0)
    assert _samples(decode_bytes(GOOD + line + b"\r\n"))["raw_temperature"].values.tolist() == [448.6, 448.0]
    assert _samples(decode_bytes(GOOD + line + b"\n")).sizes["time"] == 1


@pytest.mark.parametrize("cut", range(1, 20))
def test_last_line_that_is_cut(decode_bytes, cut):
    last = optode_line(VALUES, second=32.0)[:-cut]
    for end in (b"", b"\n"):  # the file ends, or the optode was switched off and the logger went on
        decoded = decode_bytes(GOOD + last + end)
        assert _samples(decoded).sizes["time"] == 1
        assert decoded.ledger.bytes_rejected == len(last + end)


def test_one_damaged_serial_number_does_not_decide_for_the_file(decode_bytes):
    content = GOOD.replace(b"\t71\t", b"\t79\t") + GOOD * 3
    decoded = decode_bytes(content)
    assert _samples(decoded).attrs["serial_number"] == "71"
    assert _samples(decoded).sizes["time"] == 3
    assert [span.reason for span in decoded.ledger.rejected] == ["record of another optode than 4835 serial 71"]


@pytest.mark.parametrize("model", [3830, 9999])
def test_other_models_are_not_claimed(model):
    assert not aanderaa_optode.sniff(optode_line(VALUES, model=model) + b"\r\n", "a.log")
    assert aanderaa_optode.sniff(GOOD, "anything")


def test_garbage_with_as_many_tabs_is_rejected(decode_bytes):
    generator = np.random.default_rng(8)
    alphabet = np.frombuffer(b"0123456789.-", dtype=np.uint8)
    lines = []
    for _ in range(300):
        fields = [generator.choice(alphabet, generator.integers(0, 14)).tobytes() for _ in range(11)]
        lines.append(_stamped(b"4835\t") + b"\t".join(fields) + b"\r\n")
    content = GOOD + b"".join(lines) + GOOD
    decoded = decode_bytes(content, block_bytes=5000)
    whole = [line for line in _lines(content) if aanderaa_optode._ANY_LINE.match(line) and b"\t71\t" in line]
    assert _samples(decoded).sizes["time"] == len(whole) == 2
    assert decoded.ledger.adds_up


def test_lines_wider_or_narrower_than_any_before(decode_bytes):
    generator = np.random.default_rng(9)
    values = optode_values(generator)
    wide = ["-123456789.123456", *values[1:]]
    too_wide = ["-1234567890.123456", *values[1:]]
    short = ["0", *values[1:]]
    content = b"".join(optode_line(one) + b"\r\n" for one in (values, wide, too_wide, short))
    decoded = decode_bytes(content)
    name = aanderaa_optode.VARIABLES[0]
    assert _samples(decoded)[name].values.tolist() == [float(values[0]), -123456789.123456, 0.0]
