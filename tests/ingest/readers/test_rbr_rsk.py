"""RBR databases: both schemas, channels by their order, damage, and nothing written beside."""

import json
import os
import sqlite3

import numpy as np
import pytest

import ingest
from ingest.errors import DecodeError
from ingest.readers import rbr_rsk
from tests.ingest.made.tables import RSK_START_MS, rsk_file


def test_made_2_x(decode_bytes):
    decoded = decode_bytes(rsk_file(parts=2), "made.rsk")
    samples = decoded.streams["samples"]
    index = np.arange(200)
    assert decoded.ledger.expected_records == 200
    assert not decoded.ledger.rejected
    assert (samples["time"].values.astype(np.int64) == (RSK_START_MS + 500 * index) * 1000).all()
    # Rows of the second half were written first.
    assert samples["source_offset"].values.tolist() == [*range(101, 201), *range(1, 101)]
    assert (samples["absolute_pressure"].values == 1100 + index / 100).all()
    assert (samples["temperature"].values == 3.5 - index / 1000).all(), "channel 3, not the hidden channel 2"
    unmapped = samples["unmapped_columns"].values
    assert np.allclose(unmapped[:, 0], 4.0 + index / 1000)
    assert (np.isnan(unmapped[:, 1]) == (index % 5 == 0)).all()
    attributes = samples.attrs
    assert attributes["unmapped_columns"] == "Temperature (hidden) [°C]; Phycoerythrin [cells/mL]"
    assert attributes["air_pressure_dbar"] == 10.1325
    assert attributes["logger_time_drift_ms"] == -1500
    assert attributes["instrument_model"] == "RBR RBRsolo³"
    assert attributes["serial_number"] == 207001
    assert attributes["rsk_version"] == "2.10.0 full"
    assert json.loads(attributes["events"])[0]["sampleIndex"] == 1


def test_a_unit_that_is_not_known_is_not_guessed(decode_bytes):
    samples = decode_bytes(rsk_file(20, temperature="furlong"), "made.rsk").streams["samples"]
    assert "temperature" not in samples
    assert "Temperature [furlong]" in samples.attrs["unmapped_columns"]


def test_real_file_in_full(corpus):
    decoded = ingest.decode(corpus / "rbr_rsk" / "060130_20150904_1159.rsk")
    samples = decoded.streams["samples"]
    assert decoded.ledger.expected_records == samples.sizes["time"] == 9121
    # 6 Hz in whole milliseconds alternates between 166 and 167.
    assert set(np.diff(samples["time"].values).astype(np.int64).tolist()) == {166_000, 167_000}
    assert samples.attrs["air_pressure_dbar"] == pytest.approx(10.1325, abs=1e-5)
    assert samples.attrs["serial_number"] == 60130
    assert len(json.loads(samples.attrs["events"])) == 157


def test_nothing_is_written_beside(tmp_path):
    path = tmp_path / "with ? and #%.rsk"
    path.write_bytes(rsk_file())
    before = path.stat()
    os.chmod(tmp_path, 0o555)
    try:
        assert ingest.decode(path).streams
    finally:
        os.chmod(tmp_path, 0o755)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_a_database_in_write_ahead_mode_is_read_without_its_log(decode_bytes, tmp_path):
    content = bytearray(rsk_file())
    content[18:20] = b"\2\2"
    assert decode_bytes(bytes(content), "made.rsk").streams["samples"].sizes["time"] == 200
    assert not list(tmp_path.glob("*-wal"))


def test_a_cut_database_gives_its_first_rows(decode_bytes):
    content = rsk_file(5000)
    whole = decode_bytes(content, "made.rsk").streams["samples"]
    decoded = decode_bytes(content[: len(content) // 2], "made.rsk")
    kept = decoded.streams["samples"].sizes["time"]
    assert 1000 < kept < 4000
    assert (decoded.streams["samples"]["temperature"].values == whole["temperature"].values[:kept]).all()
    assert any("cut off" in span.reason for span in decoded.ledger.rejected)
    assert decoded.ledger.expected_records == 5000


@pytest.mark.parametrize(
    ("drop", "words"),
    [("DROP TABLE data;", "no table of samples"), ("DELETE FROM dbInfo;", "no dbInfo"),
     ("DELETE FROM channels;", "no list of channels")],
)  # fmt: skip
def test_databases_without_what_is_needed(drop, words, decode_bytes):
    with pytest.raises(DecodeError, match=words):
        decode_bytes(rsk_file(drop=drop), "made.rsk")


def test_a_text_among_the_numbers_costs_its_row_and_is_told(decode_bytes):
    database = sqlite3.connect(":memory:")
    database.deserialize(rsk_file(1000))
    database.execute("UPDATE data SET channel03 = 'torn' WHERE rowid = 700")
    database.commit()
    decoded = decode_bytes(database.serialize(), "made.rsk")
    database.close()
    assert decoded.streams["samples"]["source_offset"].values.tolist() == [*range(1, 700), *range(701, 1001)]
    assert ["torn" in span.reason for span in decoded.ledger.rejected] == [True]


def test_a_database_of_which_much_is_missing_takes_no_more_memory_than_it_has(decode_bytes):
    content = bytearray(rsk_file())
    content[28:32] = (2**31).to_bytes(4, "big")  # pages of 4,096 bytes
    decoded = decode_bytes(bytes(content), "made.rsk")
    assert decoded.streams["samples"].sizes["time"] == 200
    assert [span.reason for span in decoded.ledger.rejected] == [f"database: cut off, {2**43} bytes by its header"]


def test_sqlite_out_of_memory_refuses_the_file(decode_bytes, monkeypatch):
    # As on some lists of tables whose rows say that they have gigabytes; found by fuzzing.
    def out_of_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(rbr_rsk, "version", out_of_memory)
    with pytest.raises(DecodeError, match="cannot be read: MemoryError"):
        decode_bytes(rsk_file(), "made.rsk")
