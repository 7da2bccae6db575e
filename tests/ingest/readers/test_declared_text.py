"""Text read as a YAML beside it declares: values, times and zones, damage, and every mistake with its line."""

import gzip
import math
import re
from pathlib import Path

import numpy as np
import pytest

import ingest
from ingest.declared import declaration, declaration_files
from ingest.errors import CalibrationError, IngestError
from tests.ingest.made.declared import BLANKS, OWN, mets_voltages, own_logger
from tests.ingest.made.files import optode_file

SIMPLE = """\
delimiter: comma
zone: {zone}
columns:
  - time: "%Y-%m-%d %H:%M:%S"
  - {{name: temperature, units: {units}}}
"""


@pytest.fixture
def declared(tmp_path):
    """Decode content with a declaration beside it: `declared(content, yaml)`."""

    def decode(content, yaml, name="raw.txt", **options):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        beside = tmp_path / f"{name}.format.yaml"
        beside.write_bytes(yaml if isinstance(yaml, bytes) else yaml.encode())
        return ingest.decode(tmp_path / name, **options)

    return decode


def seconds(dataset):
    return np.datetime_as_string(dataset["time"].values, "s").tolist()


def test_everything_that_can_be_declared(declared):
    content = own_logger()
    decoded = declared(content, OWN)
    samples = decoded.streams["samples"]
    assert decoded.reader == "declared_text"
    assert samples.sizes["time"] == 149  # of 150, one with letters for a number
    first = content.split(b"\r\n")[2].decode().replace(",", ".").split(";")
    assert seconds(samples)[0] == "2016-09-08T04:00:00"  # 12:00 in Taipei
    assert samples["temperature"].values[0] == float(first[3])
    assert samples["conductivity"].values[0] == float(first[4]) / 10
    assert samples["chlorophyll_counts"].dtype == np.int32
    np.testing.assert_allclose(samples["absolute_pressure"].values[0], float(first[-1]) * 10, rtol=1e-15)
    np.testing.assert_array_equal(samples["unmapped_columns"].values[0], np.float32([12.5]))
    assert samples.attrs["unmapped_columns"] == "battery [V]"
    assert samples.attrs["instrument_model"] == "mooring logger 7"
    assert samples.attrs["time_zone"] == "Asia/Taipei in the file, UTC here"
    assert np.isnan(samples["temperature"].values).sum() == 3
    assert np.isnan(samples["conductivity"].values).sum() == 3
    assert [span.reason for span in decoded.ledger.rejected] == ["column 4 (temperature) holds no number"]
    assert [span.reason for span in decoded.ledger.skipped] == ["comment", "blank line"]


def test_the_declaration_of_a_folder_speaks_for_the_files_it_names(tmp_path):
    (tmp_path / "lander-format.yaml").write_text('files: ["a*.txt"]\n' + SIMPLE.format(zone="UTC", units="degC"))
    for name in ("a1.txt", "a2.txt", "b.txt"):
        (tmp_path / name).write_text("2016-09-08 04:00:00,3.25\n")
    assert ingest.read(tmp_path / "a2.txt")["temperature"].values.tolist() == [3.25]
    with pytest.raises(IngestError, match="text of no known format"):
        ingest.read(tmp_path / "b.txt")
    # The file's own declaration counts before the folder's.
    (tmp_path / "a1.txt.format.yaml").write_text(SIMPLE.format(zone="UTC", units="K"))
    assert ingest.read(tmp_path / "a1.txt")["temperature"].values[0] == pytest.approx(3.25 - 273.15)
    assert ingest.descriptions(tmp_path / "a1.txt") == (tmp_path / "a1.txt.format.yaml",)
    assert ingest.descriptions(tmp_path / "a2.txt") == (tmp_path / "lander-format.yaml",)
    assert ingest.descriptions(tmp_path / "b.txt") == ()


def test_a_declared_file_is_of_no_other_reader(declared, tmp_path):
    content = optode_file()
    (tmp_path / "o2.log").write_bytes(content)
    assert ingest.decode(tmp_path / "o2.log").reader == "aanderaa_optode"
    columns = "".join(f"  - ignore: field {place}\n" for place in range(11))
    yaml = f'delimiter: tab\ncolumns:\n{columns}  - {{name: raw_temperature, units: mV}}\n'
    decoded = declared(content, yaml, name="o2.log")
    assert decoded.reader == "declared_text"
    assert decoded.streams["samples"].sizes["scan"] > 100  # no time column: samples without a clock


def test_inside_an_archive_the_declaration_lies_beside_the_archive(tmp_path):
    (tmp_path / "own.txt.gz").write_bytes(gzip.compress(own_logger()))
    (tmp_path / "own.txt.format.yaml").write_bytes(OWN)
    decoded = ingest.decode(tmp_path / "own.txt.gz")
    assert decoded.streams["samples"].sizes["time"] == 149
    assert ingest.descriptions(tmp_path / "own.txt.gz") == (tmp_path / "own.txt.format.yaml",)


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("+08:00", "2016-09-08 04:00:00", "2016-09-07T20:00:00"),
        ("-03:30", "2016-09-08 04:00:00", "2016-09-08T07:30:00"),
        ("Europe/Berlin", "2016-07-01 00:30:00", "2016-06-30T22:30:00"),
        ("Europe/Berlin", "2016-12-01 00:30:00", "2016-11-30T23:30:00"),
        ("Europe/Berlin", "2016-10-30 01:59:59", "2016-10-29T23:59:59"),
        ("Europe/Berlin", "2016-10-30 03:00:00", "2016-10-30T02:00:00"),
        ("Europe/Berlin", "2016-03-27 01:59:59", "2016-03-27T00:59:59"),
        ("Europe/Berlin", "2016-03-27 03:00:00", "2016-03-27T01:00:00"),
        ("Australia/Lord_Howe", "2016-04-03 02:30:00", "2016-04-02T16:00:00"),  # half an hour of daylight saving
    ],
)
def test_local_time_becomes_utc(declared, zone, local, utc):
    decoded = declared(f"{local},1.5\n", SIMPLE.format(zone=zone, units="degC"))
    assert seconds(decoded.streams["samples"]) == [utc]


@pytest.mark.parametrize(
    ("local", "reason"),
    [
        ("2016-10-30 02:00:00", "happened twice in Europe/Berlin"),
        ("2016-10-30 02:59:59", "happened twice in Europe/Berlin"),
        ("2016-03-27 02:30:00", "Europe/Berlin never had"),
        ("2016-02-30 02:30:00", "none of the calendar"),
        ("2016/02/20 02:30:00", "not in the declared format"),
        ("", "not in the declared format"),
    ],
)
def test_times_that_cannot_be_known_are_reported(declared, local, reason):
    decoded = declared(f"2016-09-08 04:00:00,3.2\n{local},3.1\n", SIMPLE.format(zone="Europe/Berlin", units="degC"))
    assert decoded.streams["samples"].sizes["time"] == 1
    (span,) = decoded.ledger.rejected
    assert reason in span.reason
    assert span.offset == 24


@pytest.mark.parametrize(
    ("formats", "fields", "utc"),
    [
        (["%d-%b-%Y %H:%M:%S.%f"], ["02-Apr-2019 00:42:54.25"], "2019-04-02T00:42:54.250000"),
        (["%B %d %Y", "%I:%M:%S %p"], ["April 2 2019", "12:05:09 AM"], "2019-04-02T00:05:09.000000"),
        (["%y", "%j", "%H"], ["19", "92", "7"], "2019-04-02T07:00:00.000000"),
        (["%Y%m%d%H%M"], ["201904020042"], "2019-04-02T00:42:00.000000"),
        (["%m/%d/%y", "%H:%M"], ["4/2/99", "0:42"], "1999-04-02T00:42:00.000000"),
        # Where a number leaves a digit to what follows it.
        (["%Y-%m-%d %H:%M:%S%f"], ["2019-04-02 00:42:52"], "2019-04-02T00:42:05.200000"),
        (["%d0%m-%Y", "%H:%M"], ["214-2019", "0:42"], None),
        (["%d0%m-%Y", "%H:%M"], ["204-2019", "0:42"], "2019-04-02T00:42:00.000000"),
        (["days since 1899-12-30"], ["43557.25"], "2019-04-02T06:00:00.000000"),
        (["milliseconds since 1970-01-01"], ["1554165774250"], "2019-04-02T00:42:54.250000"),
    ],
)
def test_formats_of_time(declared, formats, fields, utc):
    columns = "".join(f'  - time: "{one}"\n' for one in formats)
    yaml = f"delimiter: semicolon\nzone: UTC\ncolumns:\n{columns}  - {{name: pressure, units: dbar}}\n"
    decoded = declared(";".join([*fields, "7.5"]) + "\n", yaml)
    assert [str(time) for one in decoded.streams.values() for time in one["time"].values] == ([utc] if utc else [])


def test_numbers_of_every_kind(declared):
    texts = ["1.5", "-1.5E-3", "+.5", "12345678901234567.5", "NaN", "", "1e999", "0x10", "1.2.3", " 7 "]
    content = "".join(f"{text};1\n" for text in texts)
    decoded = declared(content, 'delimiter: ";"\ncolumns:\n  - {name: pressure, units: dbar}\n  - ignore: one\n')
    values = decoded.streams["samples"]["pressure"].values
    np.testing.assert_array_equal(values, [1.5, -1.5e-3, 0.5, 12345678901234567.5, np.nan, np.nan, 7.0])
    assert sum(span.length for span in decoded.ledger.rejected) == len("1e999;1\n0x10;1\n1.2.3;1\n")


@pytest.mark.parametrize(
    ("last", "kept"),
    [(b"3.4250\n", 4), (b"3.4250", 4), (b"3.425", 3), (b"3.42501", 3), (b"3", 3), (b"", 3)],
)
def test_a_last_line_without_end_counts_if_it_is_seen_to_be_whole(declared, last, kept):
    content = b"".join(b"2016-09-08 04:00:0%d,3.100%d\r\n" % (one, one) for one in range(3))
    content += b"2016-09-08 04:00:03," + last if last else b""
    decoded = declared(content, SIMPLE.format(zone="UTC", units="degC"))
    assert decoded.streams["samples"].sizes["time"] == kept
    assert decoded.ledger.adds_up
    if kept == 3 and last:
        assert "may be cut" in decoded.ledger.rejected[-1].reason


def test_methane_from_voltages_by_hand(declared):
    sheet = {"c0": 1.2, "c1": 0.5, "c2": 2.0, "c3": 1.5, "c4": 3.0, "c5": 1.0, "c6": 0.9, "t0": -3.0, "t1": 12.5}
    samples = declared(mets_voltages(), BLANKS, name="mets.dat").streams["samples"]
    methane, temperature = 1.2, 0.6  # the first line: 1200.0 mV and 0.6000 V
    # By hand: 3 + exp(-2/3) = 3.513417; 0.5 + 2 exp(-0.4) = 1.840640; 1.840640 (1/1.2 - 1/3.513417) = 1.009978.
    without = sheet["c4"] + sheet["c5"] * math.exp(-temperature / sheet["c6"])
    factor = sheet["c1"] + sheet["c2"] * math.exp(-temperature / sheet["c3"])
    wanted = (factor * (1 / methane - 1 / without)) ** sheet["c0"]
    assert wanted == pytest.approx(1.009978**1.2, abs=2e-6)
    np.testing.assert_allclose(samples["methane_concentration"].values[0], wanted, rtol=1e-12)
    np.testing.assert_allclose(samples["methane_sensor_temperature"].values[0], 4.5, rtol=1e-12)
    assert samples["methane_sensor_voltage"].values[0] == 1.2  # what was measured is kept
    # The configuration's sheet counts before the declaration's; its unit is its own.
    other = {"methane": {**sheet, "units": "nmol/L"}}
    again = declared(mets_voltages(), BLANKS, name="mets.dat", calibration=other).streams["samples"]
    np.testing.assert_allclose(again["methane_concentration"].values[0], wanted / 1000, rtol=1e-12)
    with pytest.raises(CalibrationError, match="lacks c6"):
        declared(mets_voltages(), BLANKS, calibration={"methane": {name: 1.0 for name in sheet if name != "c6"}})
    with pytest.raises(CalibrationError, match="unit 'mol' is not known"):
        declared(mets_voltages(), BLANKS, calibration={"methane": {**sheet, "units": "mol"}})


MISTAKES = {
    "unknown key": (b'delimiter: ";"', b'delimitr: ";"', 2, "delimitr: unknown key; did you mean 'delimiter'?"),
    "twice": (b"quote:", b"zone: UTC\nquote:", 9, "zone: key given twice, first in line 4"),
    "delimiter": (b'delimiter: ";"', b"delimiter: tabs", 2, "did you mean 'tab'?"),
    "unquoted sign": (b'comment: "%"', b"comment: # a hash", 5, "comment: nothing; expected the sign"),
    "decimal": (b'decimal: ","', b"decimal: comma", 3, "did you mean ','?"),
    "header": (b"header_lines: 2", b"header_lines: two", 6, "'two'; expected a whole number"),
    "zone": (b"Asia/Taipei", b"Asia/Taipeh", 8, "unknown time zone 'Asia/Taipeh'"),
    "zone's suggestion": (b"Asia/Taipei", b"Asia/Taipeh", 8, "did you mean 'Asia/Taipei'?"),
    "no zone": (b"zone: Asia/Taipei\n", b"", 1, "zone: missing key"),
    "variable": (b"name: temperature", b"name: temprature", 13, "did you mean 'temperature'?"),
    "units": (b"units: mS/cm", b"units: mmS/cm", 14, "unit 'mmS/cm' is not known for conductivity; expected one of"),
    "no units": (b"chlorophyll_counts, units: counts", b"chlorophyll_counts", 15, "'chlorophyll_counts' without units"),
    "other quantity": (b"units: bar}", b"units: degC}", 18, "unit 'degC' is not known for absolute_pressure"),
    "name twice": (b"name: absolute_pressure, units: bar", b"name: temperature, units: degC", 18, "first in line 13"),
    "kind": (b"- ignore: number", b"- ignored: number", 10, "did you mean 'ignore'?"),
    "two kinds": (b"- ignore: number", b"- {ignore: number, time: '%Y'}", 10, "`time:` and `ignore:`"),
    "time code": (b'"%H:%M:%S"', b'"%H:%N:%S"', 12, "code %N in '%H:%N:%S'"),
    "no date": (b'- time: "%d.%m.%Y"', b"- ignore: day", 9, "the time columns do not make a time; expected the year"),
    "yaml": (b'quote: \'"\'', b'quote: "', 5, "not readable as YAML"),
    "files": (b'delimiter: ";"', b'delimiter: ";"\nfiles: ["*.txt"]', 3, "which speaks for one file"),
    "list": (b"bad_values: [-9999, n/a]", b"bad_values: {a: 1}", 7, "a section; expected a list"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_mistakes_are_named_with_their_line(declared, what):
    right, wrong, line, words = MISTAKES[what]
    assert OWN.count(right) == 1
    with pytest.raises(IngestError) as error:
        declared(own_logger(), OWN.replace(right, wrong))
    assert error.value.file.name == "raw.txt.format.yaml"
    found = re.findall(r"line (\d+): (.*?)(?=; line \d+:|$)", error.value.message)
    assert any(words in text for number, text in found if int(number) == line), error.value.message


def test_all_mistakes_are_named_at_once(declared):
    with pytest.raises(IngestError) as error:
        declared(b"", OWN.replace(b"degC", b"degF").replace(b"quote", b"quotes").replace(b"%M", b"%Q"))
    assert [int(number) for number in re.findall(r"line (\d+):", error.value.message)] == [4, 12, 13]


@pytest.mark.parametrize("yaml", [b"", b"- a\n", b"\xff\xfe", b"a: \x00", b"a: &x [*x]\n", b"[" * 5000, b"x" * 200_000,
                                  b"columns: 3\n", b"a: {b: {c: [1, {d: 2}]}}\n", b"? [a]\n: b\n"])  # fmt: skip
def test_whatever_stands_in_a_declaration_is_a_mistake_at_most(yaml):
    declared, mistakes = declaration.examine(yaml, "x.format.yaml")
    assert declared is None
    assert mistakes
    assert all(mistake.line >= 1 and mistake.found for mistake in mistakes)


def test_a_wrong_declaration_of_a_folder_stops_the_files_it_may_speak_for(tmp_path):
    (tmp_path / "lander-format.yaml").write_text('files: ["*.txt"]\ndelimiter: xx\n')
    (tmp_path / "o2.log").write_bytes(optode_file())
    (tmp_path / "a.txt").write_text("1\n")
    assert ingest.decode(tmp_path / "o2.log").reader == "aanderaa_optode"
    with pytest.raises(IngestError, match="line 2: delimiter"):
        ingest.decode(tmp_path / "a.txt")
    (tmp_path / "lander-format.yaml").write_text("file: *.txt\n")
    with pytest.raises(IngestError, match="line 1: not readable as YAML"):
        ingest.decode(tmp_path / "o2.log")
    assert ingest.descriptions(tmp_path / "o2.log") == (tmp_path / "lander-format.yaml",)


def test_a_declaration_that_speaks_for_no_file_is_a_mistake(tmp_path):
    (tmp_path / "run1.txt").write_text("")
    own, common = tmp_path / "run.txt.format.yaml", tmp_path / "lander-format.yaml"
    own.write_text(SIMPLE.format(zone="UTC", units="degC"))
    common.write_text('files: ["*.csv"]\n' + SIMPLE.format(zone="UTC", units="degC"))
    (mistake,) = declaration_files.mistakes_of(own)
    assert str(mistake) == (
        "line 1: no file 'run.txt' beside it; expected the file that it is named after; did you mean 'run1.txt'?"
    )
    (mistake,) = declaration_files.mistakes_of(common)
    assert "'*.csv' names no file" in mistake.found
    own.rename(tmp_path / "run1.txt.format.yaml")
    assert declaration_files.mistakes_of(tmp_path / "run1.txt.format.yaml") == ()


def test_the_example_of_the_readme(declared):
    text = (Path(__file__).parents[3] / "README.md").read_text()
    section = text[text.index("**Text of a format of your own**") :]
    content, yaml = (re.search(rf"```{kind}\n(.*?)```", section, re.DOTALL)[1] for kind in ("text", "yaml"))
    decoded = declared(content, yaml, name="mets.txt")
    samples = decoded.streams["samples"]
    assert seconds(samples) == ["2016-10-29T23:59:50", "2016-10-30T02:00:00"]
    np.testing.assert_allclose(samples["absolute_pressure"].values, [1132.5, 1132.4], rtol=1e-15)
    assert samples["methane_concentration"].values[0] == pytest.approx(1.009978**1.2, abs=2e-6)
    assert np.isnan(samples["methane_concentration"].values[1])
    assert [span.reason for span in decoded.ledger.rejected] == [
        "local time that happened twice in Europe/Berlin: its clock was set back"
    ]
    assert samples.attrs["serial_number"] == "71"
