"""Sea-Bird .cnv: names, time conventions, touching columns, binary rows, damage, and the maker's own spans."""

import numpy as np
import pytest

from ingest import vocabulary
from ingest.errors import UnknownFormatError
from ingest.sea_bird.cnv import parse_cnv_header, read_rows
from ingest.sea_bird.names import _BY_UNIT, _RULES, Column, meaning, variable_names
from ingest.text import split_lines
from tests.ingest.conftest import corpus_files
from tests.ingest.made.sea_bird import cnv_binary_file, cnv_header, cnv_row, cnv_text_file, cnv_values

REAL = [pytest.param(path, id=path.name) for path in corpus_files() if path.parent.name == "sbe_cnv"]
REAL = REAL or [pytest.param(None, id="absent", marks=pytest.mark.skip(reason="no corpus"))]


def _samples(decoded):
    return decoded.streams["samples"]


def _one_column(decode_bytes, column, value, start="Nov 30 2015 10:00:01"):
    columns = [column, "t090C: Temperature [ITS-90, deg C]"]
    content = cnv_header(columns, start=start) + f"{value:>11}     4.0000\n".encode()
    return _samples(decode_bytes(content))


@pytest.mark.parametrize("path", REAL)
def test_header_spans_of_real_files(path, decode_bytes):
    content = path.read_bytes()
    decoded = decode_bytes(content)
    samples = _samples(decoded)
    header = parse_cnv_header(content[: content.index(b"*END*")])
    if decoded.ledger.expected_records != samples["source_offset"].size:
        pytest.skip("cut: its spans are of more rows than are there")
    compared = 0
    for number, (name, known) in variable_names(header.columns).items():
        if name == "scan_flag":
            continue
        low, high = (value * known.factor + known.offset for value in header.spans[number])
        assert float(np.nanmin(samples[name])) == pytest.approx(low, rel=1e-4, abs=1e-9)
        assert float(np.nanmax(samples[name])) == pytest.approx(high, rel=1e-4, abs=1e-9)
        compared += 1
    assert compared >= 3


@pytest.mark.parametrize(
    ("column", "value", "start", "wanted"),
    [
        ("timeS: Time, Elapsed [seconds]", "13.914", "Feb 09 2015 08:26:04 [System UTC]", "2015-02-09T08:26:17.914"),
        ("timeM: Time, Elapsed [minutes]", "1.5", "Feb 09 2015 08:26:04", "2015-02-09T08:27:34"),
        ("timeH: Time, Elapsed [hours]", "2.25", "Feb 09 2015 08:26:04", "2015-02-09T10:41:04"),
        ("timeK: Time, Instrument [seconds]", "502192801", "Nov 30 2015 10:00:01", "2015-11-30T10:00:01"),
        ("timeY: Time, System [seconds]", "1448877601", "Nov 30 2015 10:00:01", "2015-11-30T10:00:01"),
        ("timeN: Time, NMEA [seconds]", "1448877601", "Nov 30 2015 10:00:01", "2015-11-30T10:00:01"),
        ("timeQ: Time, NMEA [seconds]", "502192801", "Nov 30 2015 10:00:01", "2015-11-30T10:00:01"),
        # The first of January is day 1, not 0: what this very day was checked to be.
        ("timeJ: Julian Days", "224.141597", "Aug 12 2011 03:23:54", "2011-08-12T03:23:53.980800"),
        ("timeJV2: Time, Instrument [julian days]", "366.5", "Nov 30 2015 10:00:01", "2016-01-01T12:00:00"),
        ("timeJ: Julian Days", "2.25", "Nov 30 2015 10:00:01", "2016-01-02T06:00:00"),
        ("timeS: Time, Elapsed [seconds]", "60", "May 10 107 16:11:52", "2007-05-10T16:12:52"),
        ("timeS: Time, Elapsed [seconds]", "1", "Oct 15 1903 11:38:38", "2003-10-15T11:38:39"),
    ],
)
def test_time_conventions(decode_bytes, column, value, start, wanted):
    samples = _one_column(decode_bytes, column, value, start)
    assert samples["time"].values[0] == np.datetime64(wanted, "us")
    assert column.split(":")[0] in samples.attrs["time_source"]


def test_start_time_names_its_source(decode_bytes):
    samples = _one_column(decode_bytes, "timeS: s", "0", "Nov 30 2015 10:00:01 [NMEA time, first data scan]")
    assert samples.attrs["start_time"] == "2015-11-30T10:00:01Z"
    assert samples.attrs["start_time_source"] == "NMEA time, first data scan"


@pytest.mark.parametrize("start", ["Foo 30 2015 10:00:01", "Nov 31 2015 10:00:01", "yesterday"])
def test_no_time_is_made_up(decode_bytes, start):
    samples = _one_column(decode_bytes, "timeS: Time, Elapsed [seconds]", "13.914", start)
    assert samples["temperature"].dims == ("scan",)
    assert "start_time" not in samples.attrs
    # The column itself is not lost.
    assert samples["unmapped_columns"].values.tolist() == [[13.914]]
    assert samples.attrs["unmapped_columns"] == "timeS: Time, Elapsed [seconds]"


def test_best_clock_is_chosen(decode_bytes):
    columns = ["timeJ: Julian Days", "timeS: Time, Elapsed [seconds]"]
    content = cnv_header(columns, start="Feb 09 2015 08:26:04") + b"  40.351596     13.914\n"
    samples = _samples(decode_bytes(content))
    assert samples["time"].values[0] == np.datetime64("2015-02-09T08:26:17.914", "us")
    assert samples["unmapped_columns"].values.tolist() == [[40.351596]]


def test_made_file_to_the_last_digit(decode_bytes):
    decoded = decode_bytes(cnv_text_file())
    samples = _samples(decoded)
    wanted = cnv_values(200)
    assert decoded.ledger.bytes_rejected == decoded.ledger.bytes_skipped == 0
    assert decoded.ledger.expected_records == 250
    printed = [float(cnv_row(row)[11:22]) for row in wanted]
    assert samples["pressure"].values.tolist() == printed
    assert np.isnan(samples["temperature"].values[100])
    assert np.isnan(samples["conductivity"].values[100])
    assert np.isfinite(np.delete(samples["conductivity"].values, 100)).all()
    np.testing.assert_allclose(np.delete(samples["conductivity"].values * 1e4, 100), np.delete(wanted[:, 3], 100), 1e-8)
    assert samples["depth"].values.tolist() == samples["depth_2"].values.tolist()
    assert samples.attrs["unmapped_columns"] == "upwell: Something new [1/s]"
    assert samples.attrs["columns"].startswith("pressure = prdM: Pressure, Strain Gauge [db]; temperature = t090C:")


def test_columns_that_touch_are_split_by_width(decode_bytes):
    columns = ["prdM: Pressure", "c0uS/cm: Conductivity [uS/cm]", "t090C: Temperature", "sal00: Salinity"]
    rows = b"      1.50012345.67890 -9.990e-29-111.123456\n      2.500    142.984   -12.3456    35.0000\n"
    samples = _samples(decode_bytes(cnv_header(columns) + rows))
    assert samples["pressure"].values.tolist() == [1.5, 2.5]
    assert samples["conductivity"].values.tolist() == [12345.6789 * 1e-4, 142.984 * 1e-4]
    assert np.isnan(samples["temperature"].values[0])
    assert samples["practical_salinity"].values.tolist() == [-111.123456, 35.0]


def test_numbers_are_those_of_float():
    generator = np.random.default_rng(3)
    texts = [f"{value:11.{decimals}f}"[:11] for decimals in range(1, 8) for value in generator.normal(0, 60, 300)]
    wide = generator.normal(0, 1, 300) * 10.0 ** generator.integers(-30, 30, 300)
    texts += [f"{value:11.4e}"[-11:] for value in wide]
    texts += ["          0", "         -0", "         .5", "        -5.", " 9999999999", "99999.99999"]
    texts = [text.rjust(11) for text in texts if text[0] == " "]
    content = "\n".join(texts).encode()
    buffer = np.frombuffer(content, dtype=np.uint8)
    lines, _ = split_lines(buffer, final=True)
    rows = read_rows(buffer, lines, 1)
    assert rows.row.tolist() == list(range(len(texts)))
    assert rows.known.all()
    assert rows.value[0].tolist() == [float(text) for text in texts]


@pytest.mark.parametrize("cell", ["1.2.3", "12 4.5", "--12", "12-34", "abc", "1e", "+-1", "-", ".", "1,5", "0x10"])
def test_what_is_no_number_loses_the_row(decode_bytes, cell):
    content = cnv_header(["prdM: Pressure", "t090C: Temperature"]) + f"      1.000{cell:>11}\n".encode()
    decoded = decode_bytes(content + b"      2.000     4.0000\n")
    assert _samples(decoded)["pressure"].values.tolist() == [2.0]
    assert len(decoded.ledger.rejected) == 1
    assert decoded.ledger.adds_up


def test_words_for_no_number_are_nan(decode_bytes):
    rows = b"      1.000        nan\n      2.000    -1.#IND\n      3.000        inf\n"
    samples = _samples(decode_bytes(cnv_header(["prdM: Pressure", "t090C: Temperature"]) + rows))
    assert samples.sizes["scan"] == 3
    assert np.isnan(samples["temperature"]).all()


@pytest.mark.parametrize("first", ["* Viking Buoy CTD file", "* Sea-Bird SBE 9 Data File:\r"])
def test_foreign_first_line(decode_bytes, first):
    samples = _samples(decode_bytes(cnv_header(first=first) + cnv_row(cnv_values(3)[1]).encode()))
    assert samples.sizes["time"] == 1
    assert samples.attrs["serial_number"] == "4711"


def test_titles_typed_above_the_rows_are_no_damage(decode_bytes):
    columns = ["ox: Oxygen, JFE Rinko [micromol/l]", "flTC7: Fluorescence, Turner Cyclop-7F [micro-g/l]"]
    rows = b"     Oxygen     Fluore      Flag\n    310.123     0.8123\n     3x0.12     0.8123\n"
    decoded = decode_bytes(cnv_header(columns) + rows)
    assert [span.reason for span in decoded.ledger.skipped] == ["titles of columns"]
    assert len(decoded.ledger.rejected) == 1
    assert _samples(decoded)["oxygen_concentration"].values.tolist() == [310.123]
    assert _samples(decoded)["chlorophyll_concentration"].values.tolist() == [0.8123]


def test_row_cut_by_the_end_of_the_file(decode_bytes):
    content = cnv_text_file()
    whole = decode_bytes(content[:-2])
    assert _samples(whole).sizes["time"] == 200
    for lost in (3, 4, 9, 30):
        decoded = decode_bytes(content[:-lost])
        assert _samples(decoded).sizes["time"] == 199
        assert len(decoded.ledger.rejected) == 1


def test_binary_rows(decode_bytes):
    decoded = decode_bytes(cnv_binary_file())
    samples = _samples(decoded)
    wanted = cnv_values(300).astype("<f4").astype(float)
    assert samples["pressure"].values.tolist() == wanted[:, 1].tolist()
    assert np.isnan(samples["temperature"].values).nonzero()[0].tolist() == [150]
    assert samples["time"].values[4] == np.datetime64("2007-05-10T16:11:53", "us")
    assert decoded.ledger.bytes_accepted == decoded.bytes
    longer = decode_bytes(cnv_binary_file() + b"\x1a")
    assert [span.length for span in longer.ledger.rejected] == [1]
    shorter = decode_bytes(cnv_binary_file()[:-1])
    assert _samples(shorter).sizes["time"] == 299
    assert [span.length for span in shorter.ledger.rejected] == [31]


def test_bad_scans_are_flagged(decode_bytes):
    columns = ["prdM: Pressure", "flag:  0.000e+00"]
    content = cnv_header(columns) + b"      1.000  0.000e+00\n      2.000 -9.990e-29\n"
    assert _samples(decode_bytes(content))["scan_flag"].values.tolist() == [0, 1]


def test_units_and_scales():
    fahrenheit = meaning(Column("tv290F", "Temperature [ITS-90, deg F]"))
    assert 212.0 * fahrenheit.factor + fahrenheit.offset == pytest.approx(100.0)
    older = meaning(Column("t068C", "Temperature [IPTS-68, deg C]"))
    assert 10.0 * older.factor == pytest.approx(10.0 / 1.00024)
    assert meaning(Column("prdE", "Pressure, Strain Gauge [psi]")).factor == 0.689476
    # A name that says psi with a unit that says decibars: the unit is what the values were written in.
    assert meaning(Column("prDE", "Pressure, Strain Gauge [db]")).factor == 1
    assert meaning(Column("sbeox0ML/L", "Oxygen, SBE 43 [ml/l]")).factor == 44.66
    # A name whose unit is the user's choice is read only in a unit that is known.
    assert meaning(Column("flSP", "Fluorescence, Seapoint [ug/l]")).variable == "chlorophyll_concentration"
    assert meaning(Column("flSP", "Fluorescence, Seapoint [V]")) is None


def test_every_name_is_in_the_vocabulary():
    for _, known in [*_RULES, *((pattern, known) for pattern, _, known in _BY_UNIT)]:
        name = known.variable.format(1)
        assert vocabulary.lookup(name if known.sensor == 1 else f"{name}_{known.sensor}")


def test_headers_without_columns_are_not_claimed(decode_bytes):
    for content in (cnv_header([]), cnv_header().replace(b"# name", b"name"), b"x" + cnv_header()):
        with pytest.raises(UnknownFormatError):
            decode_bytes(content + cnv_row(cnv_values(3)[1]).encode())
