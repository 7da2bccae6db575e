"""Sheets of fluid samples: our own template, values below detection, blanks, rows that do not fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.textual.sheet_rows import bound_rows

HEADER = (
    "Parameter,Sampler,Start Time,Stop Time,Port,Depth,Pressure at sampling,Pressure at opening,Volume,CH4,Sr,Sr",
    "Unit,NaN,yyyy/mm/dd hh:mm,yyyy/mm/dd hh:mm,NaN,m,MPa,bar,mL,mmol/kg,umol/kg,nmol/kg",
    "Method,NaN,NaN,NaN,NaN,NaN,NaN,NaN,NaN,GC,ICPAES,ICPMS",
    "Precision (±1s),NaN,NaN,NaN,NaN,NaN,NaN,NaN,NaN,2%,5%,5%",
    "Lab,NaN,NaN,NaN,NaN,NaN,NaN,NaN,NaN,Shore,Shore,Shore",
    "Detection limit,NaN,NaN,NaN,NaN,NaN,NaN,NaN,NaN,0.002,0.5,10",
)
ROWS = (
    "Sample,IGT-1,2017/05/06 01:30,2017/05/06 01:32,1,-1120,11.4,98.5,150.2,3.25,90.5,90400",
    "Sample,IGT-2,2017/05/06 02:30,NaN,2,-1120,11.4,bdl,149.9,bdl,<1.5,nd",
    "Blank,IGT-3,2017/05/06 03:30,2017/05/06 03:33,3,-1120,NaN,NaN,150,<0.004,,12",
)


def _sheet(*rows, encoding="utf-8", end="\r\n", delimiter=","):
    return end.join([*HEADER, *rows, ""]).replace(",", delimiter).encode(encoding)


def _samples(decode_bytes, content):
    decoded = decode_bytes(content, "samples.csv")
    assert decoded.reader == "fluid_sample_chem_csv"
    return decoded.streams["fluid_samples"], decoded.ledger


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-8-sig"])
def test_template(encoding, decode_bytes):
    samples, ledger = _samples(decode_bytes, _sheet(*ROWS, encoding=encoding))
    assert not ledger.rejected
    assert samples["time"].values[0] == np.datetime64("2017-05-06T01:30")
    assert np.array_equal(samples["sampling_duration"], [120.0, np.nan, 180.0], equal_nan=True)
    assert samples["sample_kind"].values.tolist() == [0, 0, 1]
    assert samples["sampler_port"].values.tolist() == [1, 2, 3]
    assert samples["depth"].values.tolist() == [1120.0] * 3
    assert np.allclose(samples["sampling_pressure"], [1140.0, 1140.0, np.nan], equal_nan=True)
    assert np.allclose(samples["opening_pressure"], [985.0, np.nan, np.nan], equal_nan=True)
    assert np.allclose(samples["methane_content"], [3250.0, np.nan, np.nan], equal_nan=True)
    # No number in the cell: the sheet's own limit; a number in it: that one.
    assert np.allclose(samples["methane_content_below_detection"], [np.nan, 2.0, 4.0], equal_nan=True)
    assert np.allclose(samples["strontium_content"], [90.5, np.nan, np.nan], equal_nan=True)
    assert np.allclose(samples["strontium_content_below_detection"], [np.nan, 1.5, np.nan], equal_nan=True)
    assert np.allclose(samples["strontium_content_2"], [90.4, np.nan, 0.012], equal_nan=True)
    assert np.allclose(samples["strontium_content_2_below_detection"], [np.nan, 0.01, np.nan], equal_nan=True)
    assert samples.attrs["method"].startswith("methane_content: GC")


def test_semicolons(decode_bytes):
    samples, _ = _samples(decode_bytes, _sheet(*ROWS, delimiter=";"))
    assert samples.sizes["time"] == 3


def test_rows_that_do_not_fit_are_named(decode_bytes):
    broken = (
        ROWS[0],
        ROWS[0].replace("2017/05/06 01:30", "2017/13/06 01:30"),
        ROWS[0].replace("3.25", "about 3"),
        ROWS[0].replace("Sample", "Comment", 1),
        ROWS[0] + ",7",
    )
    samples, ledger = _samples(decode_bytes, _sheet(*broken))
    assert samples.sizes["time"] == 1
    reasons = [span.reason for span in ledger.rejected]
    assert reasons == [
        "row with a cell that is no number, or a start that is no time",
        "row tagged 'comment': Sample, Blank or Standard was expected",
        "row of 13 cells, 12 were expected",
    ]
    # Neighbours with one reason are one span.
    assert ledger.rejected[0].length == len(broken[1]) + len(broken[2]) + 4


def test_a_last_number_without_line_end_may_be_cut(decode_bytes):
    samples, ledger = _samples(decode_bytes, _sheet(*ROWS)[:-2])
    assert samples.sizes["time"] == 2
    assert ledger.rejected[0].reason == "row cut, or the last without a line end: end it with one"


FLOW = (
    "Core Data Product-Parameter,UPPID,UPPTIME,UPPBORO,UPPCALC,ZTIME,ZRATE",
    "Descriptive Name,FLOBN-C Upper Coil Sample Tracking ID,FLOBN-C Upper Coil  Sample Timestamp,"
    "FLOBN-C Upper Coil Boron Concentration,FLOBN-C Upper Coil Calcium Concentration,"
    "FLOBN-M Z-Direction Flow Timestamp,FLOBN-M Z-Direction Flow Rate ",
    "Units,na,yyyy/mm/dd hh,µM,mM,yyyy/mm/dd hh:mm,cm/yr",
    "Format,Character String,GMT Date and Time,Floating Point,Floating Point,GMT Date and Time,Floating Point",
    "Significant Digits,na,At best - Resolution of hours,3,4,na,3",
)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_places_with_times_of_their_own(encoding, decode_bytes):
    rows = (
        "***SKIP FIRST LINE OF FILE***,a,b,c,d,e,f",
        ",H-2,2013/06/12 08,397.35,10.48,2013/06/12 09:30,131.09",
        ",H-1,2013/06/13 23,392.24,NaN,,",
        ",,,,,2013/06/13 10:30,-2.5",
        ",H-0,2013/13/13 23,392.24,1,,",
        ",H-0,2013/06/14 23,392.24,1,2",
        ",H-0,2013/06/14 23,392.24,1,,2.5",
        ",H-0,2013/06/15 23,392.24,1,2013/06/15 23:15,2.",
    )
    decoded = decode_bytes("\r\n".join([*FLOW, *rows]).encode(encoding), "flow.csv")
    assert decoded.reader == "fluid_sample_chem_csv"
    coil, flow = decoded.streams["upper_coil"], decoded.streams["z_direction_flow"]
    assert coil["time"].values.tolist() == np.array(["2013-06-12T08", "2013-06-13T23"], "datetime64[us]").tolist()
    assert coil["boron_concentration"].values.tolist() == [397.35, 392.24]
    assert np.allclose(coil["calcium_concentration"], [10_480.0, np.nan], equal_nan=True)
    assert flow["time"].values[1] == np.datetime64("2013-06-13T10:30")
    assert flow["benthic_flow_rate"].values.tolist() == [131.09, -2.5]
    assert coil["source_offset"].values[0] == flow["source_offset"].values[0], "one row holds a sample of each place"
    assert [span.reason for span in decoded.ledger.rejected] == [
        "row with a time that is none", "row of 6 cells, 7 were expected", "row with values without a time",
        "row cut, or without a line end",
    ]  # fmt: skip


def test_a_sheet_of_places_without_a_unit_of_time_is_rejected(decode_bytes):
    content = "\r\n".join([*FLOW[:2], FLOW[2].replace("yyyy", "yy"), ",H,1,2,3,4,5", ""])
    decoded = decode_bytes(content.encode(), "a.csv")
    cut = decode_bytes(FLOW[0][:40].encode(), "b.csv")
    assert not decoded.streams
    assert decoded.ledger.bytes_rejected == len(",H,1,2,3,4,5\r\n")
    assert not cut.streams


CELLS = (
    "5.", ".5", "-0", "+.5", "1e3", "1E-05", "12345678901234567", "NAN", "nan", "n/a", "None", "", "  ", " 7\t",
    "\u00a07", "\u0665", "<.5", "< 0.5", "<5.", "BDL", "b.d.l.", "n.d.", "7\x0b", "1_0", "inf", "--5", " " * 14 + "7",
    "<1e3", "\ufffd",
)  # fmt: skip
TIMES = (
    "2017/5/6 1:3", "17/05/06 01:30", "79/12/31 01:30", "69/05/06 01:30", "80/05/06 01:30", "7/05/06 01:30",
    "00/02/29 0:00", "2017/02/29 01:30", "2017/05/06 24:00", "2017-05-06 01:30:10", "2017/05/06 1", "017/05/06 01:30",
    "2017/05/06 1:00030", "10000/01/01 00:00", " 2017/05/06 01:30 ", "2017/05/06", "NaN", "",
)  # fmt: skip
TAGS = ("SAMPLE", " Samples ", "Sample (7)", "Blanks", "standard (x", "Samplex", "")


def _read(decode_bytes, row, quoted):
    """Values of one row between two good ones, the first cell of which is quoted or not, and the account."""
    row = f'"{row.split(",")[0]}",{row.split(",", 1)[1]}' if quoted else row
    samples, ledger = _samples(decode_bytes, _sheet(ROWS[0], row, ROWS[1]))
    values = {name: one.values.tolist() for name, one in samples.variables.items() if not name.startswith("source_")}
    return repr(values), [span.reason for span in ledger.rejected], [span.reason for span in ledger.skipped]


@pytest.mark.parametrize("row", [
    *(ROWS[0].replace("3.25", cell) for cell in CELLS),
    *(ROWS[0].replace("2017/05/06 01:30", cell) for cell in TIMES),
    *(ROWS[0].replace("2017/05/06 01:32", cell) for cell in TIMES),
    *(ROWS[0].replace("Sample", tag) for tag in TAGS),
])  # fmt: skip
def test_rows_read_in_one_pass_are_those_read_singly(row, decode_bytes):
    """A quote, which changes nothing, takes a row out of the compiled pass."""
    assert _read(decode_bytes, row, quoted=False) == _read(decode_bytes, row, quoted=True)


@pytest.mark.parametrize(
    "unit", ["dd.mm.yyyy hh:mm", "yyyymmdd hh:mm", "yyyy/mm/dd", "yyyy1mm1dd hh", "yy-mm-dd hh:mm:ss"]
)
@pytest.mark.parametrize("cell", ["06.05.2017 01:30", "20170506 01:30", "2017/05/06 01:30", "17-05-06 1:30:10"])
def test_units_of_time_are_read_alike(unit, cell, decode_bytes):
    found = []
    for quote in ("", '"'):
        row = ROWS[0].replace("2017/05/06 01:30", cell).replace("Sample", f"{quote}Sample{quote}")
        content = _sheet(row).replace(b"yyyy/mm/dd hh:mm", unit.encode(), 1)
        decoded = decode_bytes(content, "samples.csv")
        times = decoded.streams["fluid_samples"]["time"].values.tolist() if decoded.streams else None
        found.append((times, [span.reason for span in decoded.ledger.rejected]))
    assert found[0] == found[1]


PLACES = (
    ",H,2013/06/12 08,397.35,10.48,2013/06/12 09:30,131.09", ",H,2013/06/13 23,392.24,NaN,,", ",,,,,2013/6/3 1:30,-2.5",
    ",H,0000/06/12 08,1,2,,", ",H,2013/06/12 8:5,1,2,,", ",H,2013/06/12 08,.5,2,,", ",H,2013/06/12 08,+5,-0,,",
    ",H,2013/06/12 08,5.,2,,", ",H,2013/06/12 08,1e3,2,,", ",H,2013/06/12 08,12345678901234567.5,nAn,,",
    ",H,,,,nan,NaN", ",,,,,,", ",H,,1,,,", ",H,2013/06/12 08,1,2,NaN,3",
    "x,H,2013/06/12 08,1,2,,", " ,H,2013/06/12 08,1,2,,",
)  # fmt: skip


@pytest.mark.parametrize("row", PLACES)
def test_rows_of_places_read_in_one_pass_are_those_read_singly(row, decode_bytes):
    found = []
    for one in (row, row.replace(",H,", ',"H",').replace(",,,,,", ',"",,,,', 1)):
        decoded = decode_bytes("\r\n".join([*FLOW, PLACES[0], one, PLACES[1], ""]).encode(), "flow.csv")
        values = {
            (stream, name): repr(variable.values.tolist())
            for stream, samples in decoded.streams.items()
            for name, variable in samples.variables.items()
            if not name.startswith("source_")
        }
        spans = [*decoded.ledger.skipped, *decoded.ledger.rejected]
        found.append((values, [span.reason for span in spans]))
    assert found[0] == found[1]


@settings(max_examples=200, deadline=None)
@given(st.text("\r\nab", max_size=12))
def test_rows_end_as_those_of_python(text):
    content = text.encode()
    lines, wanted = bound_rows(content), content.splitlines(keepends=True)
    starts, stops, following = (bounds.tolist() for bounds in lines)
    assert [content[start:stop] for start, stop in zip(starts, following, strict=True)] == wanted
    held = [content[start:stop] for start, stop in zip(starts, stops, strict=True)]
    assert held == [line.rstrip(b"\r\n") for line in wanted]
