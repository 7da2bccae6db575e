"""SAMI2 records in files of an inductive modem: values as written, records over lines, damage, foreign files."""

import re

import numpy as np
import pytest

import ingest
from ingest.errors import UnknownFormatError
from ingest.reader import claim
from tests.ingest.conftest import streams_equal
from tests.ingest.made import sami as made_sami
from tests.ingest.made.sami import START, carbon_dioxide_file, modem_file, ph_file, ph_words, record


def test_ph_records_as_written(decode_bytes):
    decoded = decode_bytes(ph_file(12))
    assert decoded.reader == "sami2_imodem"
    assert not decoded.ledger.rejected
    ph, control = decoded.streams["ph"], decoded.streams["control"]
    hours = np.arange(12) * np.timedelta64(3600, "s")
    np.testing.assert_array_equal(ph["time"].values, np.datetime64("2014-08-31T14:59:59") + hours)
    words = np.array([ph_words(number) for number in range(12)])
    np.testing.assert_array_equal(ph["thermistor_start_counts"], words[:, 0])
    np.testing.assert_array_equal(ph["ph_reference_light_counts"], words[:, 1:17].reshape(12, 4, 4))
    np.testing.assert_array_equal(ph["ph_light_counts"], words[:, 17:109].reshape(12, 23, 4))
    np.testing.assert_array_equal(ph["battery_counts"], words[:, 110])
    np.testing.assert_array_equal(ph["thermistor_end_counts"], words[:, 111])
    assert set(ph["unit_identity"].values) == {0x57}
    assert control["record_type"].values.tolist() == [0xC1, 0x81, 0xC1, 0x81]
    assert set(control["bytes_stored"].values) == {530}
    np.testing.assert_array_equal(control["battery_counts"], [3150, np.nan, 3150, np.nan])
    assert "logger_clock_offset" not in ph


def test_carbon_dioxide_and_its_blank(decode_bytes):
    decoded = decode_bytes(carbon_dioxide_file(20))
    assert {name: one.sizes["time"] for name, one in decoded.streams.items()} == {
        "carbon_dioxide": 19, "carbon_dioxide_blank": 1, "power": 20,
    }  # fmt: skip
    assert decoded.streams["carbon_dioxide_blank"]["co2_light_counts"].values[0, 3] == 60 + 3 * 250 + 2
    assert str(decoded.streams["power"].time.values[0]) == "2014-08-31T14:55:09.000000"
    sheet = {"carbon_dioxide": {"calt": 4.6, "cala": 0.04, "calb": 0.6, "calc": -1.5}}
    calibrated = decode_bytes(carbon_dioxide_file(20), calibration=sheet).streams["carbon_dioxide"]
    value = calibrated["carbon_dioxide_partial_pressure"].values
    assert np.isnan(value[:2]).all(), "no blank before them"
    assert calibrated["sample_temperature"].notnull().all()


@pytest.mark.parametrize("digits", [16, 64, 462])
def test_records_may_go_on_in_further_lines(decode_bytes, digits):
    lines = []
    for line in ph_file(6).split(b"\n"):
        head, mark, tail = line.partition(b"*")
        pieces = [tail[at : at + digits] for at in range(0, len(tail), digits)] or [b""]
        lines.append(b"\n".join([head + mark + pieces[0], *pieces[1:]]))
    wrapped = b"\n".join(lines)
    assert wrapped.count(b"\n") > ph_file(6).count(b"\n")
    decoded, whole = decode_bytes(wrapped), decode_bytes(ph_file(6))
    assert not decoded.ledger.rejected
    for stream, dataset in whole.streams.items():
        other = decoded.streams[stream]
        assert dataset.drop_vars(["source_offset", "source_length"]).identical(
            other.drop_vars(["source_offset", "source_length"])
        )
    for block_bytes in (100, 1017):
        assert streams_equal(decode_bytes(wrapped, block_bytes=block_bytes), decoded)


def test_the_newer_mark(decode_bytes):
    newer, whole = decode_bytes(ph_file(6).replace(b"*", b":1")), decode_bytes(ph_file(6))
    assert newer.reader == "sami2_imodem"
    np.testing.assert_array_equal(newer.streams["ph"]["ph_light_counts"], whole.streams["ph"]["ph_light_counts"])
    assert newer.streams["control"].sizes == whole.streams["control"].sizes


def test_damage_is_in_the_account(decode_bytes):
    content = ph_file(6)
    second = content.index(b"Record[331]")
    for damaged, reason, lost in (
        (content[: second + 100] + content[second + 120 :], "record cut", 1),
        (content[: second + 100] + b"AB" + content[second + 100 :], "digits, its length says", 1),
        (content[: second + 100] + b"0000" + content[second + 104 :], "checksum is", 1),
        (content[: second + 100] + b"x" + content[second + 101 :], "not a line of a SAMI2 record", 1),
        (content[:second] + b"01AB\n" + content[second:], "hexadecimal line outside a record", 0),
    ):
        decoded = decode_bytes(damaged)
        assert decoded.ledger.adds_up
        assert decoded.streams["ph"].sizes["time"] == 6 - lost, reason
        assert any(reason in span.reason for span in decoded.ledger.rejected), (reason, decoded.ledger.rejected)


def test_the_last_record_cut_by_the_end(decode_bytes):
    content = ph_file(3)
    decoded = decode_bytes(content[: content.rindex(b"#End") - 11])
    assert [span.reason for span in decoded.ledger.rejected] == ["record cut by the end of the file"]
    assert decoded.streams["ph"].sizes["time"] == 2


def test_a_single_record_is_claimed_whichever_byte_is_damaged():
    content = modem_file([[b"*" + record(0x0A, START, ph_words(0))]])
    for place in range(0, len(content), 3):
        damaged = content[:place] + bytes([content[place] ^ 0x11]) + content[place + 1 :]
        assert claim(damaged, "data.bin").name == "sami2_imodem", content[place : place + 10]


def test_one_reader_claims_a_record_without_its_header():
    line = b"Record[330]:*" + record(0x04, START, made_sami.carbon_dioxide_words(1)) + b"\r\n"
    assert claim(line, "data.bin").name == "sami2_imodem"
    assert claim(b"2014/08/31 15:00:00.123 *" + record(0x11, START, []) + b"\r\n", "data.bin").name == "sami2"


@pytest.mark.parametrize("content", [
    modem_file([[b"7F7FE70A00050012004D008E0080010600"]]),
    modem_file([[b"7F7F2704000512AB4D008E008001060001"]]),
    re.sub(rb"(?m)^Record.*\n", b"", modem_file([[b"*00"]])),
    b"Record[1]:*0123456789ABCDEF0123\n",
    b"*" + record(0x0A, START, ph_words(0)) + b"\n",
])  # fmt: skip
def test_other_files_are_none_of_its(content):
    assert not ingest.discover()["sami2_imodem"].sniff(content, "phsen1_20140831_160549.DAT")
    with pytest.raises(UnknownFormatError):
        claim(content, "data.bin")
