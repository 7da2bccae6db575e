"""Ruskin's MATLAB export: which of day and month comes first, clocks of every kind, damage."""

import numpy as np
import pytest

from ingest.errors import DecodeError, IngestError
from tests.ingest.made_tables import mat_file

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
