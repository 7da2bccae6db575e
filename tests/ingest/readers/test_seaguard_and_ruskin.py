"""Aanderaa's XML and text, and Ruskin's text: values as written, damage, files of other forms."""

import json

import numpy as np
import pytest

import ingest
from ingest.chemistry.seaguard_record import parse_tags, split
from ingest.errors import IngestError
from ingest.reader import claim
from ingest.readers import seaguard_xml as xml
from tests.ingest.made.text import (
    RUSKIN_METADATA,
    ruskin_table,
    ruskin_text,
    seaguard_record,
    seaguard_text,
    seaguard_xml,
)


def test_ruskin_channels_by_the_header(decode_bytes):
    decoded = decode_bytes(ruskin_text(), "eng.txt")
    samples = decoded.streams["samples"]
    assert decoded.reader == "rbr_ruskin_text"
    assert decoded.ledger.expected_records == samples.sizes["time"] == 150
    assert str(samples["time"].values[30]) == "2019-03-17T00:00:00.000000"
    np.testing.assert_array_equal(samples["temperature"].values[:2], [18.05, 18.0489970])
    np.testing.assert_array_equal(samples["absolute_pressure"].values[:2], [10.38, 10.3810091])
    depth = np.float32([round(0.24 + index / 993, 7) for index in range(150)])
    np.testing.assert_array_equal(samples["unmapped_columns"].values[:, 0], depth)
    assert samples.attrs["unmapped_columns"] == "Depth"
    assert samples.attrs["instrument_model"] == "RBR TDR-2050"
    assert samples.attrs["logger_time"] == "02-Apr-2019 00:42:55.000"


@pytest.mark.parametrize("date", ["%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S.%fZ", "%Y/%m/%d %H:%M:%S"])
def test_ruskin_dates(decode_bytes, date):
    samples = decode_bytes(ruskin_text(date=date, encoding="utf-8"), "eng.txt").streams["samples"]
    assert str(samples["time"].values[-1]) == "2019-03-17T00:03:58.000000"
    assert "temperature" in samples


def test_ruskin_table_with_its_metadata(tmp_path):
    table, metadata = tmp_path / "204347_20230912_1534_data.txt", tmp_path / "204347_20230912_1534_metadata.txt"
    table.write_bytes(ruskin_table(3))
    metadata.write_text(json.dumps(RUSKIN_METADATA), encoding="utf-8")
    decoded = ingest.decode(table)
    samples = decoded.streams["samples"]
    assert decoded.reader == "rbr_ruskin_text"
    np.testing.assert_allclose(samples["conductivity"], [3.25, 3.2501, 3.2502], atol=1e-9)
    np.testing.assert_array_equal(samples["temperature"].values[:2], [4.25, 4.249])
    assert samples["absolute_pressure"].values[0] == 60.1
    assert samples["pressure"].values[0] == 49.9675
    assert str(samples["time"].values[1]) == "2023-09-12T15:34:57.500000"
    attributes = samples.attrs
    assert (attributes["instrument_model"], attributes["serial_number"]) == ("RBR concerto3", "204347")
    assert ingest.descriptions(table) == (metadata,)
    assert ingest.is_description(metadata.name)


def test_ruskin_table_without_units_names_nothing(decode_bytes):
    samples = decode_bytes(ruskin_table(3), "x_data.txt").streams["samples"]
    assert set(samples.data_vars) == {"unmapped_columns"}
    assert samples.attrs["unmapped_columns"] == "Conductivity; Temperature; Pressure; Sea pressure"


@pytest.mark.parametrize(("text", "wanted"), [
    ("{", "no JSON"), ("{}", "no columns"), ("[1]", "no columns"),
    ('{"dataheader": [{"name": "a"}, {"name": "b"}]}', "no `Time`"),
])  # fmt: skip
def test_wrong_metadata_of_ruskin_is_named(tmp_path, text, wanted):
    (tmp_path / "a_data.txt").write_bytes(ruskin_table(3))
    (tmp_path / "a_metadata.txt").write_text(text)
    with pytest.raises(IngestError, match=wanted) as error:
        ingest.decode(tmp_path / "a_data.txt")
    assert "a_metadata.txt" in str(error.value)
    assert wanted in str(ingest.description_mistakes(tmp_path / "a_metadata.txt")[0])


def test_seaguard_columns_by_their_names(decode_bytes):
    decoded = decode_bytes(seaguard_text(), "seaguard.txt")
    samples = decoded.streams["samples"]
    line = seaguard_text().decode().splitlines()[2].split("\t")
    assert decoded.reader == "seaguard_text"
    assert str(samples["time"].values[0]) == "2021-08-09T13:30:00.000000"
    assert samples["eastward_velocity"].values[0] == float(line[6]) / 100
    assert samples["current_speed"].values[0] == float(line[3]) / 100
    assert samples["current_direction"].values[0] == float(line[4])
    assert samples["absolute_pressure"].values[0] == float(line[11]) / 10
    assert samples["oxygen_concentration_uncompensated"].values[0] == float(line[8])
    assert samples["temperature"].values[0] == float(line[10])
    assert samples.attrs["unmapped_columns"] == "Ping Count"
    assert samples.attrs["export_header"] == "Instrument: SeaGuard RCM #184"
    again = decode_bytes(seaguard_text(date="%d.%m.%Y %H:%M:%S"), "seaguard.txt").streams["samples"]
    assert (again["time"].values == samples["time"].values).all()


def test_seaguard_records_by_sensor(decode_bytes):
    decoded = decode_bytes(seaguard_xml(), "seaguard.xml")
    assert decoded.reader == "seaguard_xml"
    assert not decoded.ledger.rejected
    samples = decoded.streams["samples"]
    assert samples.sizes["time"] == 54
    assert str(samples["time"].values[0]) == "2016-09-08T04:00:00.500000"
    assert samples["sample_number"].values[:10].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 10]
    assert samples["conductivity"].values[0] == 3.31
    assert samples["temperature"].values[0] == 3.871
    assert samples["optode_temperature"].values[8] == 3.908
    assert samples["oxygen_concentration_uncompensated"].values[0] == 251.5
    np.testing.assert_allclose(samples["absolute_pressure"].values[0], 1141.225, rtol=1e-15)
    assert samples.attrs["serial_number"] == "184"
    assert samples.attrs["sensors"] == "Conductivity Sensor #22 (22); Oxygen Optode #71 (71); Pressure Sensor (9)"
    assert samples.attrs["unmapped_columns"] == "Pressure Sensor: Status"
    (second,) = set(decoded.streams) - {"samples"}
    assert decoded.streams[second].sizes["time"] == 6
    assert "conductivity" not in decoded.streams[second]


def test_seaguard_damage_costs_one_record(decode_bytes):
    content = seaguard_xml(30)
    for damage, reason in (
        (content.replace(b"</Data>", b"</Dota>", 1), "record without its end"),
        (content.replace(b"<Data ", b"<Dota ", 1), "bytes between records"),
        (content.replace(b"</Point>", b"</Poin>", 1), "no XML: mismatched tag"),
        (content.replace(b"<Value>76.100", b"<Value>76.1x0", 1), "value that is no number"),
        (content.replace(b"-08T04:00:00.500Z</Time>\n<Rec", b"-38T04:00:00.500Z</Time>\n<Rec", 1), "time or a value"),
        (content[:-60], "record without its end"),
    ):  # fmt: skip
        decoded = decode_bytes(damage, "seaguard.xml")
        assert decoded.ledger.adds_up
        assert sum(one.sizes["time"] for one in decoded.streams.values()) == 29, reason
        assert any(reason in span.reason for span in decoded.ledger.rejected), decoded.ledger.rejected


def test_nothing_is_expanded_or_fetched():
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    record = seaguard_record(1).partition("<Data")[2].partition("</Data>")[0].encode()
    tags, _ = split(b"<Data" + record + b"</Data>")
    assert not parse_tags(tags).fault
    for inside in (bomb, b'<Time x="&b;">', b"<x/>&b;"):
        broken = (b"<Data" + record + b"</Data>").replace(b"<RecordNumber>", inside + b"<RecordNumber>", 1)
        tags, texts = split(broken)
        form = parse_tags(tags)
        assert form.fault.startswith("record that is no XML") or texts[form.number] == b"1"


def test_offsets_of_seaguard_times_and_missing_values(decode_bytes):
    content = seaguard_record(0).replace(".500Z", ".500+08:00").replace("<Value>3.8710</Value>", "<Value></Value>")
    samples = decode_bytes(content.encode(), "one.xml").streams["samples"]
    assert str(samples["time"].values[0]) == "2016-09-07T20:00:00.500000"
    assert np.isnan(samples["temperature"].values[0])


def test_long_stretches_without_records_are_looked_at_in_pieces(decode_bytes, monkeypatch):
    monkeypatch.setattr(xml, "LONGEST", 4000)
    content = seaguard_xml(8)
    filled = content[:9000] + b"<x>" * 9000 + content[9000:]
    whole = decode_bytes(filled, "seaguard.xml")
    assert whole.ledger.adds_up
    for block_bytes in (997, 5003, 40_000):
        assert decode_bytes(filled, "seaguard.xml", block_bytes=block_bytes).ledger == whole.ledger


def test_other_xml_is_not_claimed():
    assert claim(seaguard_xml(2), "x").name == "seaguard_xml"
    assert not xml.sniff(b"<?xml version='1.0'?><Device><Data/></Device>", "seaguard.xml")
