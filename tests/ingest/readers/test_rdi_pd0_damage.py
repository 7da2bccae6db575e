"""Teledyne RDI PD0: ensembles found between damage, cuts and packets of another kind."""

import pytest

from tests.ingest.made.pd0_bytes import Ensemble, data_types, framed, series, to_bytes, waves_packet, written
from tests.ingest.readers.pd0_decoding import read


def test_bad_checksum_is_rejected_with_offset_and_reason():
    raw = bytearray(written(series(5)))
    size = len(raw) // 5
    raw[2 * size + 200] ^= 4
    streams, ledger = read(bytes(raw))
    assert streams["profile"].ensemble_number.values.tolist() == [1, 2, 4, 5]
    assert [(span.offset, span.length) for span in ledger.rejected] == [(2 * size, size)]
    assert ledger.rejected[0].reason.startswith("checksum is 0x")


def test_good_ensembles_inside_a_claimed_extent_are_found():
    raw = b"\x7f\x7f\xff\x7f\x00\x06" + written(series(4)) + b"\0" * 40_000
    streams, ledger = read(raw)
    assert streams["profile"].ensemble_number.values.tolist() == [1, 2, 3, 4]
    assert [(span.offset, span.length) for span in ledger.rejected] == [(0, 6), (len(raw) - 40_000, 40_000)]


def test_waves_packets_are_skipped_with_a_reason():
    one, two = map(to_bytes, series(2))
    packet = waves_packet()
    streams, ledger = read(packet * 3 + one + packet + two + packet)
    assert streams["profile"].ensemble_number.values.tolist() == [1, 2]
    assert not ledger.rejected
    assert {span.reason for span in ledger.skipped} == {"waves packet (7F79)"}
    assert sum(span.length for span in ledger.skipped) == 5 * len(packet)


def test_damaged_waves_packet_is_rejected():
    packet = bytearray(waves_packet())
    packet[20] ^= 1
    _, ledger = read(to_bytes(Ensemble()) + bytes(packet))
    assert [span.length for span in ledger.rejected] == [len(packet)]


@pytest.mark.parametrize("kept", [0, 1, 2, 5, 100, -1])
def test_cut_at_or_after_an_ensemble(kept: int):
    whole = series(20)
    raw = written(whole)
    tail = to_bytes(whole[0])[:kept]
    streams, ledger = read(raw + tail)
    assert streams["profile"].sizes["time"] == 20
    assert [(span.offset, span.length) for span in ledger.rejected] == ([(len(raw), len(tail))] if tail else [])
    assert not tail[1:] or "cut off by the end of the file" in ledger.rejected[0].reason


def test_header_that_points_outside_is_rejected_though_its_checksum_holds():
    raw = bytearray(to_bytes(Ensemble()))
    raw[8:10] = b"\xff\x7f"
    raw[-2:] = (sum(raw[:-2]) & 0xFFFF).to_bytes(2, "little")
    streams, ledger = read(bytes(raw) + to_bytes(Ensemble()))
    assert streams["profile"].sizes["time"] == 1
    assert ledger.rejected[0].reason.startswith("header points to bytes")


@pytest.mark.parametrize(
    ("index", "part", "reason"),
    [
        (0, b"\0\0" + b"\1" * 20, "data type 0x0000 has 22 bytes, at least 42 are needed"),
        (1, b"\x80\0" + b"\1" * 8, "data type 0x0080 has 10 bytes, at least 34 are needed"),
        (2, b"\0\1" + b"\1" * 39, "velocity has 39 bytes, 40 are needed for 5 x 4 values"),
    ],
)
def test_data_types_too_short_are_rejected(index: int, part: bytes, reason: str):
    parts = data_types(Ensemble())
    parts[index] = part
    streams, ledger = read(framed(parts) + to_bytes(Ensemble()))
    assert streams["profile"].sizes["time"] == 1
    assert ledger.rejected[0].reason == reason
