"""MicroCATs in blocks of the SIO mooring controller."""

import numpy as np
import pytest

from ingest.errors import CalibrationError
from tests.ingest.made.sio import clock_note, microcat_file, packed_sample, sio_block

# Counts and values of the interface's own first sample (Ocean Observatories Initiative, node59p1_1.ctdmo): T 123064,
# C 363095, P 26865, clock 428040001 = 2013-07-25T04:00:01.
SAMPLE = packed_sample(64, (123_064, 363_095, 26_865), 428_040_001)


def test_telemetered_samples(decode_bytes):
    assert SAMPLE.hex() == "401e0b858a57f168415f8319" + "0d"
    samples = decode_bytes(sio_block("CT", SAMPLE * 2, seconds=0x51F0C096)).streams["samples"]
    assert samples["time"].values[0] == np.datetime64("2013-07-25T04:00:01", "us")
    assert samples["inductive_id"].values.tolist() == [64, 64]
    assert samples["temperature"].values[0] == pytest.approx(2.3064)
    assert samples["conductivity"].values[0] == pytest.approx(3.13095)
    assert samples["pressure_counts"].values[0] == 26_865
    assert "pressure" not in samples, "the range is not in the file"
    assert samples["logger_clock_offset"].values[0] == (0x51F0C096 - 1_374_724_801) * 1_000_000


def test_pressure_with_the_range_of_each_number(decode_bytes):
    block = sio_block("CT", SAMPLE + packed_sample(16, (163_296, 375_538, 5_780), 428_040_001))
    ranges = {"pressure 64": {"PRANGE": 1450.0}, "pressure 17": {"PRANGE": 500.0}}
    pressure = decode_bytes(block, calibration=ranges).streams["samples"]["pressure"].values
    span = (1450.0 - 14.7) * 0.689476
    assert pressure[0] == pytest.approx(26_865 * span / (0.85 * 65_536) - 0.05 * span)
    assert np.isnan(pressure[1])
    both = decode_bytes(block, calibration={"pressure": {"PRANGE": "500"}}).streams["samples"]["pressure"].values
    assert np.isfinite(both).all()
    with pytest.raises(CalibrationError, match="PRANGE"):
        decode_bytes(block, calibration={"pressure": {"PRANGE": "deep"}})


def test_recovered_samples_take_their_number_from_the_controller(decode_bytes):
    digits = SAMPLE[1:-1].hex().upper().encode()
    samples = decode_bytes(sio_block("CT", digits + b"\r\n" + digits + b"\r\n")).streams["samples"]
    assert samples["inductive_id"].values.tolist() == [16, 16], "controller 1236916"
    assert samples["temperature"].values.tolist() == pytest.approx([2.3064] * 2)
    assert samples["time"].values[1] == np.datetime64("2013-07-25T04:00:01", "us")


def test_clock_errors_with_either_end(decode_bytes):
    notes = clock_note(55, -150) + clock_note(55, 348, b"\r") + clock_note(0x13, 0x13131313)
    clocks = decode_bytes(sio_block("CO", notes)).streams["clocks"]
    assert clocks["instrument_clock_error"].values.tolist() == [-150, 348, 0x13131313]
    assert clocks["inductive_id"].values.tolist() == [55, 55, 0x13]
    assert (clocks["time"].values == np.datetime64("2013-03-27T16:40:32", "us")).all()


def test_records_of_a_block_hold_all_its_bytes(decode_bytes):
    content = sio_block("CT", SAMPLE * 3) + b"\r\n" + sio_block("CO", clock_note(55, -150) * 2)
    streams = decode_bytes(content).streams
    places = {name: (one["source_offset"].values.tolist(), one["source_length"].values.tolist())
              for name, one in streams.items()}  # fmt: skip
    assert places["samples"] == ([0, 33 + 13, 33 + 26], [33 + 13, 13, 13 + 1])
    second = 33 + 39 + 1 + 2
    assert places["clocks"] == ([second, second + 33 + 6], [33 + 6, 6 + 1])


def test_a_block_with_a_bad_checksum_is_lost_as_a_whole(decode_bytes):
    content = bytearray(microcat_file(3))
    content[40] ^= 1
    decoded = decode_bytes(bytes(content))
    assert [decoded.streams[name].sizes["time"] for name in ("samples", "clocks")] == [6, 9]
    (span,) = decoded.ledger.rejected
    assert (span.offset, span.length) == (0, 33 + 39 + 1 + 2)
    assert "checksum of the block" in span.reason
