"""Ruskin's MATLAB export: which of day and month comes first, clocks of every kind, damage."""

import io

import numpy as np
import pytest
from scipy.io import savemat

from ingest.errors import DecodeError, IngestError, UnknownFormatError
from ingest.ledger import Span
from tests.ingest.conftest import streams_equal
from tests.ingest.made.tables import EVENTS, TIMES, mat_file, stored

START = np.datetime64("2018-03-04T11:59:58", "us")


def _time(decode_bytes, **fields):
    samples = decode_bytes(mat_file(**fields), "made.mat").streams["samples"]
    return samples["time"].values, samples.attrs["time_source"]


def test_channels_and_units(decode_bytes):
    samples = decode_bytes(mat_file(), "made.mat").streams["samples"]
    assert samples["conductivity"].values.tolist() == [value / 10 for value in (35.0, 35.1, 35.2, 35.3)]
    assert samples["absolute_pressure"].values.tolist() == [11.0, 12.0, 13.0, 14.0]
    assert samples.attrs["unmapped_columns"] == "Phycocyanin [cells/mL]"
    assert np.isnan(samples["unmapped_columns"].values[3, 0])
    assert samples.attrs["serial_number"] == "060130"


@pytest.mark.parametrize(
    ("texts", "source"),
    [
        (["2018-03-04 11:59:58.000", "2018-03-04 11:59:59.000", "2018-03-04 12:00:00.000", "2018-03-04 12:00:01.000"],
         "text, year first"),
        (["04/03/2018 11:59:58.000 AM", "04/03/2018 11:59:59.000 AM", "04/03/2018 12:00:00.000 PM",
          "04/03/2018 12:00:01.000 PM"], "text, day first"),
        (["03/04/2018 11:59:58 AM", "03/04/2018 11:59:59 AM", "03/04/2018 12:00:00 PM", "03/04/2018 12:00:01 PM"],
         "text, month first"),
    ],
)  # fmt: skip
def test_text_times(texts, source, decode_bytes):
    # 4 March either way: only the start, which is also given in milliseconds, tells day from month.
    start = texts[0].rstrip(" AMP")
    given = {"sampletimes": np.array(texts, object), "starttime": start, "serialstarttime": 1_520_164_798_000.0}
    time, said = _time(decode_bytes, **given)
    assert said == source
    assert (time == START + np.arange(4) * np.timedelta64(1, "s")).all()


def test_a_day_above_twelve_is_proof_enough(decode_bytes):
    texts = [f"{day:02}/06/2018 1:00:00.250 PM" for day in (11, 12, 13, 14)]
    time, said = _time(decode_bytes, sampletimes=np.array(texts, object))
    assert said == "text, day first"
    assert time[2] == np.datetime64("2018-06-13T13:00:00.250")


def test_dates_that_nothing_proves_are_refused(decode_bytes):
    texts = [f"04/03/2018 11:00:0{second}" for second in range(4)]
    with pytest.raises(DecodeError, match="day or month first"):
        decode_bytes(mat_file(sampletimes=np.array(texts, object)), "made.mat")


def test_numeric_times(decode_bytes):
    days = 737_123 + np.arange(4) / 86_400 + (11 * 3600 + 59 * 60 + 58) / 86_400
    assert (_time(decode_bytes, sampletimes=days)[0] == START + np.arange(4) * np.timedelta64(1, "s")).all()
    milliseconds = 1_520_164_798_000.0 + 1000 * np.arange(4)
    assert (_time(decode_bytes, sampletimes=milliseconds)[0] == START + np.arange(4) * np.timedelta64(1, "s")).all()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sampletimes": np.array(["soon"] * 4, object)}, "is no time"),
        ({"sampletimes": np.array(["2018-02-30 00:00:00"] * 4, object)}, "none of the calendar"),
        ({"sampletimes": np.arange(3.0)}, "3 times for 4 samples"),
        ({"data": np.zeros((4, 2))}, "shape"),
        ({"channelunits": np.array(["dbar"], object)}, "3 channel names and 1 units"),
    ],
)
def test_what_does_not_fit_is_said(fields, words, decode_bytes):
    with pytest.raises(IngestError, match=words):
        decode_bytes(mat_file(**fields), "made.mat")


def test_packed_and_plain_files_are_the_same(decode_bytes):
    given = {"sampletimes": np.array(TIMES, object), "events": EVENTS}
    packed = decode_bytes(mat_file(**given), "made.mat")
    assert packed.streams["samples"].attrs["events"] == f"TIM {TIMES[0]} 2.0; WRM {TIMES[1]} 3.0"
    for other in (mat_file(packed=False, **given), stored(mat_file(**given))):
        assert streams_equal(decode_bytes(other, "made.mat"), packed)


def test_texts_in_rows_of_characters_are_times_as_well(decode_bytes):
    texts = ["2018-03-04 11:59:58", "2018-03-04 11:59:58.5", "2018-03-04 11:59:59", "2018-03-04 12:00:00"]
    time, _ = _time(decode_bytes, sampletimes=np.array(texts))
    assert (time == np.array(texts, "datetime64[us]")).all()


def test_one_channel_may_lie_in_a_row(decode_bytes):
    given = {"channelnames": "Temperature", "channelunits": "°C", "data": np.arange(4.0)}
    samples = decode_bytes(mat_file(**given), "made.mat").streams["samples"]
    assert samples["temperature"].values.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_what_lies_behind_the_struct_is_skipped(decode_bytes):
    content = mat_file()
    decoded = decode_bytes(content + content[128:], "made.mat")
    assert decoded.ledger.skipped == (Span(len(content), len(content) - 128, "further variables"),)
    assert streams_equal(decoded, decode_bytes(content, "made.mat"))


def test_cells_in_cells_are_no_texts(decode_bytes):
    nested: object = "TIM"
    for _ in range(200):
        inner = np.empty((1, 1), object)
        inner[0, 0] = nested
        nested = inner
    samples = decode_bytes(mat_file(events=nested, packed=False), "made.mat").streams["samples"]
    assert samples.sizes == {"time": 4, "unmapped_column": 1}


def test_other_files_of_matlab_are_named(decode_bytes):
    with pytest.raises(UnknownFormatError, match=r"version 7\.3 \(HDF5\): save it with `save -v7`"):
        decode_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + b"\x89HDF\r\n\x1a\n", "made.mat")
    with pytest.raises(UnknownFormatError, match="first variable is not Ruskin's RBR"):
        decode_bytes(mat_file(packed=False).replace(b"RBR\0", b"ADV\0", 1), "made.mat")


def test_a_variable_of_another_name_is_refused(decode_bytes):
    buffer = io.BytesIO()
    savemat(buffer, {"ADV": "RBR"})
    with pytest.raises(DecodeError, match="called 'ADV', RBR was expected"):
        decode_bytes(buffer.getvalue(), "made.mat")
