"""Compiled passes over Nortek records: their clocks, and their fields brought together."""

import numpy as np
import pytest

from ingest.binary.gathered import gathered
from ingest.binary.matrices import Place, alike_at
from ingest.compiled import sealed
from ingest.nortek.classic import PLACES
from ingest.nortek.clock import counted_times, decimal_times
from ingest.nortek.fields import field_columns
from ingest.nortek.velocity import finite_of, scaled
from ingest.timecode import from_fields

LENGTH, FIRST = 21, 3


def clocks(generator, limits, encode):
    """Fields that are mostly a time, here and there none, as bytes of records; and the fields."""
    fields = np.array([generator.integers(low, high, 4000) for low, high in limits])
    rows = generator.integers(0, 256, (4000, LENGTH), dtype=np.uint8)
    rows[:, FIRST : FIRST + len(limits)] = encode(fields).T
    return sealed(rows.reshape(-1)), np.arange(4000) * LENGTH, fields


def test_decimal_clocks_are_times_of_the_calendar_or_none():
    limits = ((0, 62), (0, 62), (0, 33), (0, 26), (0, 100), (0, 14))
    buffer, start, fields = clocks(np.random.default_rng(1), limits, lambda values: values // 10 << 4 | values % 10)
    minute, second, day, hour, year, month = fields
    wanted, valid = from_fields((np.where(year >= 90, 1900, 2000) + year, month, day), (hour, minute, second))
    times, good = decimal_times(buffer, start, FIRST)
    assert 0.5 < good.mean() < 0.9
    np.testing.assert_array_equal(good, valid)
    np.testing.assert_array_equal(times, wanted)


@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize("byte", [0x0A, 0xA0, 0x1F, 0xFF])
def test_a_byte_that_is_no_decimal_makes_no_time(place, byte):
    clock = [0x30, 0x15, 0x07, 0x19, 0x14, 0x10]
    good = sealed(np.array(clock, np.uint8))
    assert decimal_times(good, np.zeros(1, np.int64), 0)[0] == np.datetime64("2014-10-07T19:30:15")
    clock[place] = byte
    assert not decimal_times(sealed(np.array(clock, np.uint8)), np.zeros(1, np.int64), 0)[1].any()


def test_counted_clocks_are_times_of_the_calendar_or_none():
    limits = ((0, 256), (0, 13), (0, 33), (0, 26), (0, 62), (0, 62), (0, 256), (0, 41))
    buffer, start, fields = clocks(np.random.default_rng(2), limits, lambda values: values)
    year, month, day, hour, minute, second, low, high = fields
    wanted, valid = from_fields((year + 1900, month + 1, day), (hour, minute, second), (low + 256 * high) * 100)
    times, good = counted_times(buffer, start, FIRST)
    assert 0.5 < good.mean() < 0.9
    np.testing.assert_array_equal(good, valid)
    np.testing.assert_array_equal(times.view("datetime64[us]"), wanted)


@pytest.mark.parametrize("count", [0, 1, 511, 512, 1500])
def test_fields_are_those_of_every_record(count):
    record = np.dtype({
        "names": ["byte", "word", "vector", "three", "number"],
        "formats": ["u1", "<i2", "(3,)<i2", "(3,)u1", "<f4"],
        "offsets": [1, 2, 5, 11, 14],
        "itemsize": LENGTH,
    })  # fmt: skip
    rows = np.random.default_rng(3).integers(0, 256, (count, LENGTH), dtype=np.uint8)
    buffer = sealed(np.concatenate([np.zeros(5, np.uint8), rows.reshape(-1)]))
    places = {name: Place(entry[1], entry[0].base, entry[0].shape) for name, entry in record.fields.items()}
    columns = gathered(buffer, 5 + np.arange(count) * LENGTH, places)
    for name, wanted in ((name, np.frombuffer(rows.tobytes(), record)[name]) for name in places):
        assert (columns[name].dtype, columns[name].shape) == (wanted.dtype, wanted.shape)
        assert columns[name].tobytes() == wanted.tobytes()


def test_fields_of_records_that_lie_far_apart_are_brought_together():
    buffer = sealed(np.random.default_rng(4).integers(0, 256, 1500 * 700, dtype=np.uint8))
    start = 700 * np.arange(1500)
    places = {"last": Place(698, np.dtype("<u2"), ()), "first": Place(3, np.dtype("u1"), ())}
    columns = gathered(buffer, start, places)
    assert columns["first"].tolist() == buffer[start + 3].tolist()
    assert columns["last"].tolist() == buffer.reshape(-1, 700)[:, 698:].copy().view("<u2").reshape(-1).tolist()


def test_rows_are_alike_by_the_bits_that_count():
    rows = np.zeros((3, 11), np.uint8)
    rows[:, [1, 2, 10]] = [[1, 0b0110, 9], [2, 0b0111, 9], [3, 0b0100, 9]]
    counted = np.zeros(11, np.uint8)
    counted[2], counted[10] = 0b0100, 0xFF
    assert [one.tolist() for one in alike_at(rows, counted)] == [[0, 1, 2]]
    counted[2] = 0b0001
    assert [one.tolist() for one in alike_at(rows, counted)] == [[0, 2], [1]]


def test_floats_of_any_bits_are_scaled_to_numbers_or_none():
    bits = np.array([0x7FA0_0001, 0x7F80_0000, 0xFF80_0000, 0x4048_F5C3], "<u4").view("<f4")
    held = scaled({"altimeter_distance": bits, "heading": np.array([1, 2, 3, 4], "<u2")},
                  (("distance", "altimeter_distance", 1.0), ("heading", "heading", 100.0)))  # fmt: skip
    np.testing.assert_array_equal(held["distance"], np.array([np.nan, np.nan, np.nan, 3.14], np.float32))
    assert held["distance"].dtype == np.float32
    np.testing.assert_array_equal(held["heading"], [0.01, 0.02, 0.03, 0.04])
    assert np.isnan(finite_of(bits[:1], 2.0)).all()


def raw_fields(count, generator):
    """Records of any bytes, the fields of a current meter in them, and the buffer with them behind five other bytes."""
    rows = generator.integers(0, 256, (count, 42), dtype=np.uint8)
    rows[: count // 5, 30:32] = (0, 0x80)  # the instrument says bad
    buffer = sealed(np.concatenate([np.zeros(5, np.uint8), rows.reshape(-1)]))
    places = PLACES[0x01]
    record = np.dtype({
        "names": list(places), "itemsize": 42, "offsets": [place.start for place in places.values()],
        "formats": [(place.dtype, place.shape) for place in places.values()],
    })  # fmt: skip
    return np.frombuffer(rows.tobytes(), record), buffer


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("count", [0, 1, 511, 512, 1500])
def test_fields_come_in_their_units_to_the_last_bit(count, apart):
    raw, buffer = raw_fields(count, np.random.default_rng(4))
    columns = field_columns(buffer, 5 + np.arange(count) * 42, PLACES[0x01], speed=True, apart=apart)
    assert set(columns) == set(PLACES[0x01]) - {"pressure_high", "pressure_low"} | {"pressure"}
    for name, divisor in (("battery", 10), ("heading", 10), ("roll", 10), ("temperature", 100)):
        np.testing.assert_array_equal(columns[name], raw[name] / divisor, strict=True)
    for name in ("error", "analog_1"):
        np.testing.assert_array_equal(columns[name], raw[name].astype(np.int32), strict=True)
    for name in ("status", "amplitude"):
        np.testing.assert_array_equal(columns[name], raw[name], strict=True)
    high = raw["pressure_high"].astype(np.int64)
    np.testing.assert_array_equal(columns["pressure"], (high * 65_536 + raw["pressure_low"]) / 1000, strict=True)
    steps = np.where(raw["status"] >> 1 & 1, 10_000, 1000).astype(np.float32)[:, np.newaxis]
    metres = np.where(raw["velocity"] == -32768, np.float32(np.nan), raw["velocity"].astype(np.float32) / steps)
    np.testing.assert_array_equal(columns["velocity"], metres, strict=True)
    assert columns["velocity"].T.flags.c_contiguous == (apart or count < 2)


def test_velocities_without_a_status_stay_counts():
    buffer = sealed(np.arange(48, dtype=np.uint8))
    columns = field_columns(buffer, np.array([0, 24]), PLACES[0x30], speed=False, apart=True)
    assert columns["velocity"].tolist() == [[0x0B0A, 0x0D0C, 0x0F0E], [0x2322, 0x2524, 0x2726]]
    assert columns["pressure"].tolist() == [0x0504 / 1000, 0x1D1C / 1000]
    assert columns["distance"].tolist() == [0x0706 / 1000, 0x1F1E / 1000]
