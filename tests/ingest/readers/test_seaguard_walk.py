"""SeaGuard XML in the fast way and record by record: one result, for any legal way to write a record."""

import re
from datetime import datetime
from xml.etree import ElementTree

import numpy as np
import pytest

from ingest.chemistry import seaguard_walk
from ingest.readers import seaguard_xml as reader
from tests.ingest.conftest import streams_equal
from tests.ingest.made.text import seaguard_record, seaguard_xml

WAYS = {
    "attributes in another order": lambda text: re.sub(r'(ID="\d+") (Descr="[^"]*")', r"\2 \1", text),
    "single quotes": lambda text: text.replace('"', "'"),
    "prefixes": lambda text: re.sub(r"<(/?)(Data|SensorData|Parameters|Point|Value)\b(?!>\s*\Z)", r"<\1a:\2", text)
    .replace("<a:Data", "<Data").replace("</a:Data", "</Data"),
    "a comment": lambda text: text.replace("<RecordNumber>", "<!-- > a > remark < --><RecordNumber>"),
    "an entity": lambda text: text.replace("<Value>33", "<Value>&#51;3"),
    "character data": lambda text: text.replace("<Value>3.8710</Value>", "<Value><![CDATA[3.8710]]></Value>"),
    "an empty value": lambda text: text.replace("<Value>3.8710</Value>", "<Value></Value>"),
    "a closed value": lambda text: text.replace("<Value>3.8710</Value>", "<Value/>"),
    "blanks around a value": lambda text: text.replace("<Value>3.8710", "<Value>\n 3.8710 "),
    "an exponent": lambda text: text.replace("<Value>3.8710", "<Value>-38.710e-1"),
    "more digits than a float64 has": lambda text: text.replace("<Value>3.8710", "<Value>3.871000000000000012345"),
    "not a number": lambda text: text.replace("<Value>3.8710", "<Value>NaN"),
    "text for a value": lambda text: text.replace("<Value>3.8710", "<Value>none"),
    "one parameter less": lambda text: re.sub(r'(?s)<Point ID="2" Descr="Salinity".*?</Point>\n', "", text),
    "a value in pieces": lambda text: text.replace("<Value>3.8710", "<Value>3<b/>4<b/>5"),
    "no number": lambda text: re.sub(r"<RecordNumber>.*?</RecordNumber>\n", "", text),
    "blanks around the number": lambda text: re.sub(r"(<RecordNumber>)(\d+)", r"\1 \2 ", text),
    "a number that is none": lambda text: text.replace("</RecordNumber>", "x</RecordNumber>"),
    "a number of ten digits": lambda text: text.replace("<RecordNumber>", "<RecordNumber>123456789"),
    "an end tag of the inside lost": lambda text: text.replace("</Parameters>", "", 1),
    "a second start": lambda text: text.replace("<RecordNumber>", "<Data><RecordNumber>"),
    "an angle in a text": lambda text: text.replace("<Value>3.8710", "<Value>3.8>710"),
}  # fmt: skip


@pytest.fixture
def both_ways(decode_bytes, monkeypatch):
    """Decode by the walk, and again without it; hold both to one result."""

    def decode(content, **options):
        walked = decode_bytes(content, "seaguard.xml", **options)
        with monkeypatch.context() as patch:
            patch.setattr(seaguard_walk, "_MOST_FORMS", 0)
            slow = decode_bytes(content, "seaguard.xml", **options)
        assert streams_equal(walked, slow)
        assert walked.ledger == slow.ledger
        return walked

    return decode


@pytest.mark.parametrize("way", WAYS)
def test_records_in_any_way_between_others(both_ways, way):
    changed = [WAYS[way](seaguard_record(index)) if index % 3 else seaguard_record(index) for index in range(24)]
    assert changed[1] != seaguard_record(1)
    decoded = both_ways("".join(changed).encode())
    for block_bytes in (1999, 9001):
        assert streams_equal(both_ways("".join(changed).encode(), block_bytes=block_bytes), decoded)


@pytest.mark.parametrize("time", [
    "2016-02-29T23:59:59Z", "2016-09-08T04:00:00.5", "2016-09-08T04:00:00.1234567Z", "2016-09-08T04:00:00.000001+05:30",
    "2016-09-08T04:00:00-12:00", " 2016-09-08T04:00:00Z ", "2015-02-29T00:00:00Z", "2016-09-08T04:00:60Z",
    "2016-09-08T04:00:00.Z", "2016-09-08T04:00:00ZZ", "2016-09-08T04:00:00+5:30", "2016-09-08 04:00:00Z", "",
])  # fmt: skip
def test_times_in_any_way(both_ways, time):
    content = "".join(seaguard_record(index).replace(">2016-09-08T04:0", ">@", 1) for index in range(4))
    content = re.sub(r"(<Data ID=\"0\">\n<Time>)[^<]*", rf"\g<1>{time}", content.replace("@", "2016-09-08T04:0"))
    decoded = both_ways(content.encode())
    if re.fullmatch(r"\s*2016-0[29]-\d\dT\d\d:\d\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:\d\d)?\s*", time):
        whole = re.sub(r"(\.\d{6})\d+", r"\1", time.strip().replace("Z", "+00:00"))
        moment = datetime.fromisoformat(whole if "+" in whole or whole[-6] == "-" else whole + "+00:00")
        expected = round(moment.timestamp() * 1_000_000)
        assert decoded.streams["samples"]["time"].values.astype(np.int64).tolist() == [expected] * 4
    else:
        assert not decoded.streams


def test_damage_anywhere(both_ways):
    content = seaguard_xml(12)
    generator = np.random.default_rng(5)
    for trial in range(60):
        damaged = bytearray(content)
        for place in generator.integers(0, len(content), 1 + trial % 4).tolist():
            damaged[place] = int(generator.choice(np.frombuffer(b'<>/" &;0x\0\n', np.uint8)))
        both_ways(bytes(damaged), block_bytes=int(generator.integers(500, 20_000)))


def test_values_are_those_of_a_parser_of_xml(both_ways):
    content = seaguard_xml(40)
    decoded = both_ways(content)
    parts = content.split(b'<?xml version="1.0" encoding="utf-8"?>\n')[1:]
    documents = [ElementTree.fromstring(part) for part in parts]
    name = "{http://www.aadi.no/RTOutSchema}"
    values = [
        [float(value.text) for value in document.find(f"{name}Data").iter(f"{name}Value")] for document in documents
    ]
    oxygen = [row[3] for row in values if len(row) > 3]
    samples = decoded.streams["samples"]
    np.testing.assert_array_equal(samples["oxygen_concentration_uncompensated"].values, oxygen)
    np.testing.assert_array_equal(samples["temperature"].values, [row[1] for row in values if len(row) > 3])


def test_the_walk_takes_all_but_the_first_of_each_form(monkeypatch):
    content, read = seaguard_xml(60), []
    slowly = reader._read
    monkeypatch.setattr(reader, "_read", lambda block, start, stop: read.append(start) or slowly(block, start, stop))
    state = reader._survey(content[:65_536])
    read.clear()
    records, consumed, _ = reader.finish(content, 0, state)
    assert consumed == len(content)
    assert sum(batch.offset.size for batch in records.batches.values()) == 60
    assert len(read) == 2


def test_forms_beyond_the_most_are_read_all_the_same(both_ways, monkeypatch):
    monkeypatch.setattr(seaguard_walk, "_MOST_FORMS", 2)
    content = "".join(seaguard_record(n).replace('Descr="Salinity"', f'Descr="S{n % 5}"') for n in range(30))
    assert sum(one.sizes["time"] for one in both_ways(content.encode()).streams.values()) == 30


def test_a_record_longer_than_the_longest_is_cut_in_both_ways(both_ways, monkeypatch):
    record = seaguard_record(1)
    monkeypatch.setattr(reader, "LONGEST", record.index("</Data>") + 12 - record.index("<Data"))
    long = "<Value>" + "0" * 40 + "</Value>"
    records = [seaguard_record(n) for n in range(8)]
    records[1::2] = [one.replace("<Value>0</Value>", long) for one in records[1::2]]
    content = "".join(records)
    decoded = both_ways(content.encode())
    assert {span.reason for span in decoded.ledger.rejected} >= {"record without its end"}
    assert decoded.streams["samples"]["sample_number"].values.tolist() == [0, 2, 4, 6]
