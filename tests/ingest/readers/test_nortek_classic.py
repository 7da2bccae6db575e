"""Nortek classic: kinds of record, clocks and damage that real files at hand do not show, and what real ones do."""

import json

import numpy as np
import pytest

import ingest
from ingest.binary.runs import Runs
from ingest.framing import Search, find_frames
from ingest.nortek.classic import RULE
from ingest.nortek.classic_settings import Settings
from ingest.nortek.kinds import Kind, stamps_of
from ingest.nortek.vector_clock import SECOND, Clock, Stamps, counted_period, sample_times
from tests.ingest.conftest import streams_equal
from tests.ingest.made import nortek_bytes as made

START = np.datetime64("2014-10-07T19:30:00", "us")
TENTHS = 0b10


def seconds(dataset):
    return (dataset["time"].values - START) / np.timedelta64(1, "s")


def vector(*, rate=8, first=1, count=4, lost=(), drop_system=(), configured=True):
    """A burst: samples at a rate, a system record each second."""
    parts = [made.hardware(), made.user(period=512 // rate)] if configured else []
    parts.append(made.burst_header(0, rate * count))
    for second in range(count):
        if second not in drop_system:
            parts.append(made.system(first + second))
        numbers = range(second * rate, (second + 1) * rate)
        parts += [made.sample(number) for number in numbers if number not in lost]
    return b"".join(parts)


@pytest.mark.parametrize("configured", [True, False])
@pytest.mark.parametrize("block_bytes", [1_000_000, 64])
def test_samples_are_placed_after_the_stamp_of_their_second(decode_bytes, configured, block_bytes):
    stream = decode_bytes(vector(configured=configured), "a.vec", block_bytes=block_bytes).streams["velocity_samples"]
    np.testing.assert_array_equal(seconds(stream), 1 + np.arange(32) / 8)


def test_a_lost_sample_leaves_its_place_empty(decode_bytes):
    stream = decode_bytes(vector(lost=(3, 9, 10)), "a.vec").streams["velocity_samples"]
    np.testing.assert_array_equal(seconds(stream), 1 + np.delete(np.arange(32), (3, 9, 10)) / 8)


def test_a_lost_stamp_changes_nothing_where_the_rate_is_true(decode_bytes):
    stream = decode_bytes(vector(drop_system=(2,)), "a.vec").streams["velocity_samples"]
    np.testing.assert_array_equal(seconds(stream), 1 + np.arange(32) / 8)


def test_bursts_start_at_their_own_stamp(decode_bytes):
    content = made.user(period=16) + b"".join(
        made.burst_header(start, 3) + made.system(start + 1) + b"".join(made.sample(number) for number in range(3))
        for start in (0, 10, 20)
    )
    stream = decode_bytes(content, "a.vec").streams["velocity_samples"]
    np.testing.assert_allclose(seconds(stream), np.add.outer((1, 11, 21), np.arange(3) / 32).ravel())


def test_time_follows_the_stamps_where_the_true_rate_is_another():
    # 33 samples come in each second of the clock, 32 are nominal: each stamp may correct by no more than is open.
    counts, rate = 33, 32
    runs = Runs(24, np.arange(60) * 24 * counts + 1, np.full(60, counts))
    counters = (np.arange(60 * counts) % 256).astype(np.uint8)
    stamps = Stamps(np.arange(60) * 24 * counts, np.arange(60) * SECOND, np.zeros(60, bool))
    times, after = sample_times(Clock(SECOND // rate), runs, counters, stamps)
    assert (np.diff(times) >= 0).all()
    error = times - np.arange(60 * counts) * 1_000_000 / counts
    assert np.abs(error).max() <= 1.1 * 1_000_000
    assert (after.counter, after.stamp, after.fresh) == (60 * counts % 256 - 1, 59 * SECOND, False)


@pytest.mark.parametrize("length", [1, 7, 8, 9, 40, 300])
def test_times_of_runs_are_those_of_single_samples(length: int):
    # Counters are told eight at a time: here some are lost and one comes twice, at several places of eight.
    steps = np.ones(1200, int)
    steps[[3, 8, 21, 256, 511, 600, 607, 777]] = 2, 9, 255, 3, 200, 2, 0, 17
    counters = (np.cumsum(steps) - 1).astype(np.uint8)
    count = np.full(1200 // length, length)
    stamps = Stamps(np.zeros(1, np.int64), np.full(1, SECOND), np.zeros(1, bool))
    times, after = sample_times(
        Clock(SECOND // 8), Runs(24, np.arange(count.size) * 9000 + 28, count), counters, stamps
    )
    passed = np.cumsum(np.maximum(steps, 1))[: count.sum()]
    np.testing.assert_array_equal(times, 1_000_000 + (passed - 1) * 125_000)
    assert (after.steps, after.counter) == (passed[-1], counters[passed.size - 1])


def test_stamps_stand_in_file_order_without_impossible_ones():
    bad = made.record(0x11, b"\x7a" * 6 + made.system(9)[10:-2])
    records = [made.system(1), made.burst_header(2, 4), bad, made.system(3), made.system(4), made.burst_header(5, 4)]
    content = b"".join(records)
    kinds = [Kind(*frames, content) for frames in find_frames(content, 0, Search(), RULE, last=True).frames]
    stamps = stamps_of(kinds)
    places = np.cumsum([0, *map(len, records)])[:-1]
    np.testing.assert_array_equal(stamps.place, np.delete(places, 2))
    np.testing.assert_array_equal(stamps.time - stamps.time[0], np.arange(5) * SECOND)
    assert stamps.restart.tolist() == [False, True, False, False, True]
    assert stamps_of(kinds[:0]).place.size == 0


@pytest.mark.parametrize("wrong", [0, 1, 2, 3, 9, 22, 24, 27])
def test_a_damaged_system_record_is_rejected_alone(wrong: int):
    records = [made.sample(1), made.system(1), made.system(2), made.sample(2), made.system(3)]
    for which in (1, 2, 4):
        damaged = bytearray(b"".join(records))
        first = sum(map(len, records[:which]))
        damaged[first + wrong] ^= 0x40
        framing = find_frames(bytes(damaged), 0, Search(), RULE, last=True)
        found = np.sort(np.concatenate([frames.start for frames in framing.frames])).tolist()
        assert found == [sum(map(len, records[:place])) for place in range(5) if place != which]
        assert (framing.rejected[0].offset, sum(span.length for span in framing.rejected)) == (first, 28)


def test_the_rate_is_counted_where_two_seconds_agree():
    stamps = Stamps(np.array([0, 10, 50, 90, 130]), np.arange(5) * SECOND, np.zeros(5, bool))
    place = np.concatenate([np.arange(9, 10), np.arange(11, 27), np.arange(51, 67), np.arange(91, 95)])
    assert counted_period(place, stamps, last=False) == SECOND // 16
    early = Stamps(*(column[:3] for column in stamps))
    assert counted_period(place[:17], early, last=False) is None
    assert counted_period(place[:17], early, last=True) == SECOND // 16
    apart = stamps._replace(time=np.arange(5) * 2 * SECOND)
    assert counted_period(place, apart, last=True) == 0


def test_samples_before_any_stamp_are_rejected(decode_bytes):
    content = made.sample(1) + made.sample(2) + vector(configured=False)
    decoded = decode_bytes(content, "a.vec")
    assert decoded.streams["velocity_samples"].sizes["time"] == 32
    assert [(span.offset, span.length) for span in decoded.ledger.rejected] == [(0, 48)]
    assert "no record with a time" in decoded.ledger.rejected[0].reason


def test_an_impossible_clock_is_rejected_and_leads_nobody(decode_bytes):
    bad = bytearray(made.clock(2))
    bad[1] = 0x7A
    system = made.record(0x11, bytes(bad) + made.system(2)[10:-2])
    content = vector(count=1) + system + made.sample(8)
    decoded = decode_bytes(content, "a.vec")
    assert decoded.ledger.rejected == ((len(vector(count=1)), 28, "impossible clock"),)
    np.testing.assert_array_equal(seconds(decoded.streams["velocity_samples"]), 1 + np.arange(9) / 8)
    assert decoded.streams["system"].sizes["time"] == 1


def test_velocities_count_what_the_last_system_record_says(decode_bytes):
    content = made.user() + made.system(1) + made.sample(0) + made.system(2, TENTHS) + made.sample(1)
    stream = decode_bytes(content, "a.vec").streams["velocity_samples"]
    np.testing.assert_array_equal(stream["northward_velocity"].values, np.array([-2e-3, -2e-4], np.float32))
    assert stream["pressure"].values.tolist() == [70.0, 70.0]
    assert stream["analog_input_2"].values.tolist() == [513, 513]


@pytest.mark.parametrize(
    ("frame", "name"), [(1, "instrument_velocity"), (2, "outward_beam_velocity"), (9, "unreferenced_velocity")]
)
def test_the_configuration_names_the_frame(decode_bytes, frame, name):
    content = made.user(frame=frame) + made.system(1) + made.sample(0)
    stream = decode_bytes(content, "a.vec").streams["velocity_samples"]
    np.testing.assert_array_equal(stream[name].values, np.array([[1e-3, -2e-3, 0.3]], np.float32))


def test_a_second_configuration_starts_a_second_stream(decode_bytes):
    one = made.user(frame=0) + made.current(1)
    two = made.user(frame=2) + made.current(2) + made.current(3)
    for block_bytes in (1_000_000, 100):
        streams = decode_bytes(one + two, "a.aqd", block_bytes=block_bytes).streams
        assert {name: stream.sizes["time"] for name, stream in streams.items()} == {"velocity": 1, "velocity_2": 2}
        assert "outward_beam_velocity" in streams["velocity_2"]


@pytest.mark.parametrize("first", [made.user(frame=0), made.user(frame=0, period=0)])
def test_configurations_hold_that_have_no_record_before_the_next_block(decode_bytes, first):
    content = made.current(1) + first + made.hardware() + made.user(frame=2, period=0) + made.hardware("AQD 1")
    content += made.current(2, kind=0x80) + made.system(3) + made.sample(0) + made.sample(1)
    whole = decode_bytes(content, "spliced.aqd")
    assert whole.streams["diagnostics"].attrs["instrument_model"] == "Nortek Aquadopp"
    for block_bytes in (1, 50, 600, len(content) - 100):
        other = decode_bytes(content, "spliced.aqd", block_bytes=block_bytes)
        assert streams_equal(other, whole), block_bytes
        assert other.ledger == whole.ledger


def test_attitude_of_each_kind(decode_bytes):
    generator = np.random.default_rng(71)
    full, short = generator.normal(0, 1, 18), generator.normal(0, 1, 15)
    content = made.user() + made.system(1)
    content += made.sample(0) + made.attitude(0xCC, full) + made.sample(1) + made.attitude(0xC3, short)
    content += made.attitude(0x99, full)
    decoded = decode_bytes(content, "a.vec")
    first, second = decoded.streams["attitude"], decoded.streams["attitude_2"]
    np.testing.assert_allclose(first["acceleration"].values[0], full[:3] * 9.80665, rtol=1e-6)
    np.testing.assert_allclose(first["angular_rate"].values[0], np.rad2deg(full[3:6]), rtol=1e-6)
    np.testing.assert_allclose(first["magnetic_field"].values[0], full[6:9] * 100, rtol=1e-6)
    np.testing.assert_allclose(first["rotation_matrix"].values[0].ravel(), full[9:], rtol=1e-6)
    np.testing.assert_allclose(second["angular_increment"].values[0], np.rad2deg(short[:3]), rtol=1e-6)
    assert (seconds(first)[0], seconds(second)[0]) == (1.0, 1.125)
    assert "attitude of kind 0x99 is not known" in decoded.ledger.rejected[0].reason


def test_floats_of_any_bits_are_numbers_or_none(decode_bytes):
    """A sound checksum does not make them numbers: signalling NaN, infinity, and what a unit makes too large."""
    floats = np.zeros(18, "<f4")
    odd = np.array([0x7FA0_0001, 0x7F80_0000, 0x7F7F_FFFF], "<u4").view("<f4")
    floats[:3] = odd
    head = made.hardware() + made.user() + made.system(0)
    decoded = decode_bytes(head + made.sample(0) + made.attitude(0xCC, floats), name="a.vec")
    held = decoded.streams["attitude"]
    values = np.concatenate([held[name].values.ravel() for name in held.data_vars if held[name].dtype.kind == "f"])
    assert not np.isinf(values).any()
    assert np.isnan(values).sum() >= 2


@pytest.mark.parametrize(("kind", "stream"), [(0x20, "profile"), (0x21, "aquadopp_profile")])
@pytest.mark.parametrize("cells", [4, 5])
def test_profiles_tell_their_cells_by_their_size(decode_bytes, kind, stream, cells):
    velocity = np.arange(3 * cells).reshape(3, cells) - 5
    content = b"".join(made.profile(kind, second, velocity + second) for second in range(3))
    profile = decode_bytes(content, "a.wpr").streams[stream]
    wanted = ((velocity + 2).T / 1000).astype(np.float32)
    np.testing.assert_array_equal(profile["unreferenced_velocity"].values[2], wanted)
    np.testing.assert_array_equal(profile["echo_intensity"].values[1], np.arange(3 * cells).reshape(3, cells).T)
    np.testing.assert_allclose(profile["pressure"].values, 65.736)
    np.testing.assert_allclose(profile["roll"].values, -28.8)


def test_waves_have_no_time_and_their_header_has(decode_bytes):
    content = made.wave_header(0, 2) + made.wave() + made.wave() + made.wave(0x36)
    streams = decode_bytes(content, "a.wpr").streams
    header, waves, earth = streams["wave_header"], streams["wave_samples"], streams["wave_samples_earth"]
    assert (waves.sizes["scan"], earth.sizes["scan"], header["expected_records"].values.tolist()) == (2, 1, [2])
    assert (header["lowest_pressure"].item(), header["highest_pressure"].item()) == (9.0, 9.5)
    np.testing.assert_allclose(waves["surface_distance"].values, 8.123)
    np.testing.assert_allclose(waves["second_surface_distance"].values, 8.125)
    np.testing.assert_array_equal(earth["eastward_velocity"].values, np.array([0.01], np.float32))
    assert waves["surface_quality"].values.tolist() == [99, 99]


def test_records_that_are_not_decoded_are_told(decode_bytes):
    content = made.current(1) + made.record(0x60, bytes(74)) + made.current(2)
    decoded = decode_bytes(content, "a.wpr")
    assert decoded.ledger.skipped == ((42, 80, "record of a kind that is not decoded, 0x60"),)
    assert decoded.streams["velocity"].sizes["time"] == 2


def test_stamps_between_records_are_noise_and_printable_damage_is_not(decode_bytes):
    stamp = b"2014/10/07 19:30:00.123 "
    damaged = bytearray(made.current(2))
    damaged[1] = 0x99
    damaged[10:40] = b"0123456789abcdefghijklmnopqrst"
    content = stamp + made.current(1) + b"\r\n" + stamp + bytes(damaged) + b"\n" + stamp + made.current(3) + b"\r\n"
    for block_bytes in (1_000_000, 7):
        ledger = decode_bytes(content, "a.log", block_bytes=block_bytes).ledger
        assert [span.length for span in ledger.skipped] == [24, 26, 25, 2]
        assert ledger.rejected == ((92, 42, "no frame starts here"),)


def test_damaged_files_tell_what_was_saved(corpus):
    decoded = ingest.decode(corpus / "nortek_aqd" / "bad_velocity_checksum_VELPT_SN_11402_2014-07-02.aqd")
    assert {name: stream["source_offset"].size for name, stream in decoded.streams.items()} == {
        "velocity": 49, "diagnostics": 20, "diagnostics_header": 1,
    }  # fmt: skip
    assert decoded.ledger.rejected == ((3718, 42, "checksum is 0xfd80, record says 0xfe80"),)
    burst = ingest.decode(corpus / "nortek_vec" / "vector_burst_mode01.VEC")
    assert [(span.offset, span.length) for span in burst.ledger.rejected] == [(826, 726), (19812, 188)]
    samples = burst.streams["velocity_samples"]["time"].values.reshape(9, 10)
    assert (np.diff(samples, axis=1) == np.timedelta64(31250, "us")).all()
    assert (np.diff(samples[:, 0]) == np.timedelta64(10, "s")).all()


@pytest.mark.parametrize(("folder", "name", "stream", "looks"), [
    ("nortek_wpr", "AWAC_test01.wpr", "profile", "up"),
    ("nortek_prf", "AQD_HR.prf", "high_resolution_profile", "down"),
])  # fmt: skip
def test_real_cells_lie_where_the_reference_has_them(corpus, folder, name, stream, looks):
    """The reference rounds size and blanking to centimetres; an HR cell of 14 mm becomes 10 mm there."""
    profile = ingest.decode(corpus / folder / name).streams[stream]
    said = json.loads((corpus / folder / f"{name}.expect.json").read_text())
    distance, first = profile["cell_distance"].values, said["coordinates"]["range"]["first3"]
    assert len(distance) == said["coordinates"]["range"]["n"]
    size = float(np.diff(distance).mean())
    assert abs(size - (first[1] - first[0])) <= 0.005
    assert abs(distance[0] - size - (2 * first[0] - first[1])) <= 0.005
    assert profile.attrs["cell_size_m"] == pytest.approx(size)
    assert profile.attrs["orientation"] == looks


def test_cells_of_unknown_frequencies_are_not_guessed():
    head, user = bytearray(224), bytearray(512)
    head[6:8], user[36:38], user[6:8] = (700).to_bytes(2, "little"), b"\x00\x10", b"\x40\x00"
    assert Settings(user=bytes(user), head=bytes(head)).cells(high_resolution=False) is None
    head[6:8] = (600).to_bytes(2, "little")
    size, blanking = Settings(user=bytes(user), head=bytes(head)).cells(high_resolution=False)
    assert size == pytest.approx(16 * 0.0797 * np.cos(np.deg2rad(25)))
    assert blanking == pytest.approx(64 * 0.02281 * np.cos(np.deg2rad(25)) - size)
    assert Settings(user=bytes(user), head=bytes(head)).cells(high_resolution=True) is None
    assert Settings().cells(high_resolution=False) is None


def test_cells_and_frames_of_real_profiles(corpus):
    content = (corpus / "nortek_wpr" / "AWAC_test01.wpr").read_bytes()
    profile = ingest.decode(corpus / "nortek_wpr" / "AWAC_test01.wpr").streams["profile"]
    offset = int(profile["source_offset"].values[-1])
    raw = np.frombuffer(content, "<i2", 60, offset + 118).reshape(3, 20)
    for place, name in enumerate(("eastward", "northward", "upward")):
        wanted = (raw[place] / 1000).astype(np.float32)
        np.testing.assert_array_equal(profile[f"{name}_velocity"].values[-1], wanted)
    assert profile.attrs["instrument_model"] == "Nortek AWAC"
    assert profile.attrs["deployment_comments"].startswith("AWAC on APL-UW Tidal Turbulence Mooring")


@pytest.mark.parametrize("place", [0, 40, 200])
def test_samples_are_timed_by_counting_where_the_users_configuration_is_lost(decode_bytes, place):
    configuration = bytearray(made.user())
    configuration[100] ^= 1
    records = [made.system(second) + b"".join(made.sample(8 * second + k) for k in range(8))
               for second in range(30)]  # fmt: skip
    content = made.hardware() + bytes(configuration) + made.burst_header(0, 240) + b"".join(records)
    whole = decode_bytes(content, "lost.VEC")
    time = whole.streams["velocity_samples"]["time"].values
    assert time.size == 240
    assert (np.diff(time) == np.timedelta64(125, "ms")).all()
    for block_bytes in (100 + place, 600 + place, 1000 + place, 3000 + place):
        other = decode_bytes(content, "lost.VEC", block_bytes=block_bytes)
        assert streams_equal(other, whole)
        assert other.ledger == whole.ledger


@pytest.mark.parametrize("before", [20, 1500])
def test_samples_before_any_stamp_do_not_count_for_the_rate(decode_bytes, before):
    seconds = (made.system(second) + b"".join(made.sample(8 * second + k) for k in range(8)) for second in range(30))
    content = made.hardware() + b"".join(made.sample(k) for k in range(before)) + b"".join(seconds)
    whole = decode_bytes(content, "late.VEC")
    time = whole.streams["velocity_samples"]["time"].values
    assert time.size == 240
    assert (np.diff(time) == np.timedelta64(125, "ms")).all()
    for block_bytes in (100, 5000, 20_000, len(content) - 100):
        other = decode_bytes(content, "late.VEC", block_bytes=block_bytes)
        assert streams_equal(other, whole)
        assert other.ledger == whole.ledger
