"""AD2CP: kinds of record, scaling, clocks and damage that real files at hand do not show, and what real ones do."""

import numpy as np
import pytest

import ingest
from tests.ingest.made import ad2cp_bytes as made

MEASURED = made.VELOCITY | made.AMPLITUDE | made.CORRELATION
VELOCITY = np.array([[1, -2], [300, -32768], [5, 6], [7, 8]])
BEAMS, EARTH, AXES = (4 << 12 | frame << 10 | 2 for frame in (2, 0, 1))
SETTINGS = (
    'GETCLOCKSTR,TIME="2023-07-14 08:03:00"\r\nID,STR="Signature500",SN=102977\r\nGETHW,FW=2205,FPGA=163\r\n'
    'GETUSER,POFF=9.50,DECL=-3.20\r\nGETPLAN,SA=35.0,FN="a.ad2cp"\r\nBEAMCFGLIST,BEAM=1,THETA=25.00,PHI=0.00\r\n'
    "BEAMCFGLIST,BEAM=5,THETA=0.00,PHI=0.00\r\n"
)


def burst(number, beams=BEAMS, kind=0x15, velocity=VELOCITY, **options):
    return made.record(kind, made.version_3(MEASURED, beams, made.cells(velocity), number=number, **options))


def test_velocities_by_frame_are_streams_in_order_of_appearance(decode_bytes):
    content = made.text(SETTINGS) + burst(1) + burst(2, EARTH) + burst(3) + burst(4, AXES) + burst(5, EARTH)
    streams = decode_bytes(content, "a.ad2cp").streams
    assert {name: stream.sizes["time"] for name, stream in streams.items()} == {"burst": 2, "burst_2": 2, "burst_3": 1}
    wanted = np.where(VELOCITY == -32768, np.nan, VELOCITY / 1000).astype(np.float32)
    np.testing.assert_array_equal(streams["burst"]["outward_beam_velocity"].values[1], wanted.T)
    for beam, name in enumerate(("eastward", "northward", "upward", "second_upward")):
        np.testing.assert_array_equal(streams["burst_2"][f"{name}_velocity"].values[0], wanted[beam])
    np.testing.assert_array_equal(streams["burst_3"]["instrument_velocity"].values[0], wanted.T)
    frames = {name: stream.attrs["coordinate_system"] for name, stream in streams.items()}
    assert frames == {"burst": "beam", "burst_2": "earth", "burst_3": "instrument"}
    first = streams["burst"].isel(time=0)
    assert first["time"].values == np.datetime64("2023-07-14T08:03:01.501100", "us")
    for name, value in {
        "sound_speed": 1512.3, "transducer_temperature": -1.59, "pressure": 1120.45, "heading": 319.64, "pitch": -1.23,
        "roll": 4.56, "pressure_sensor_temperature": 26.0, "battery_voltage": 18.4, "clock_temperature": 18.25,
        "ambiguity_velocity": 4.859, "transmit_power": -6.0, "nominal_correlation": 67.0, "transmit_energy": 508,
    }.items():  # fmt: skip
        assert first[name].item() == pytest.approx(value, abs=1e-9), name
    np.testing.assert_allclose(first["magnetic_field"].values, (1, -2, 3), rtol=1e-6)
    np.testing.assert_allclose(first["acceleration"].values, (0, 0, 9.80665), rtol=1e-6)
    np.testing.assert_array_equal(first["echo_intensity"].values, 100 + np.arange(8).reshape(4, 2).T)
    np.testing.assert_array_equal(first["correlation_percent"].values, 50 + np.arange(8).reshape(4, 2).T)


def test_the_configuration_in_force_describes_a_stream(decode_bytes):
    later = SETTINGS.replace("DECL=-3.20", "DECL=0.00")
    content = made.text(SETTINGS) + burst(1) + made.text(later) + burst(2) + burst(3, EARTH)
    first, second = decode_bytes(content, "a.ad2cp").streams.values()
    assert (first.attrs["declination_degree"], second.attrs["declination_degree"]) == (-3.2, 0.0)
    assert first.attrs["declination_comment"] == "headings include it"
    assert second.attrs["declination_comment"] == "none was applied"
    assert first.attrs["instrument_model"] == "Nortek Signature500"
    assert (first.attrs["serial_number"], first.attrs["firmware"]) == ("102977", "2205")
    assert (first.attrs["salinity_setting"], first.attrs["beam_angle_degree"]) == (35.0, 25.0)


def test_each_record_has_its_own_scale(decode_bytes):
    content = burst(1) + burst(2, exponent=-4) + burst(3)
    velocity = decode_bytes(content, "a.ad2cp").streams["burst"]["outward_beam_velocity"].values
    np.testing.assert_array_equal(velocity[:, 0, 0], np.array([1e-3, 1e-4, 1e-3], np.float32))


@pytest.mark.parametrize(("status", "blanking", "first"), [(0, 500, 1.5), (made.CENTIMETRES, 50, 1.5), (0, 50, 1.05)])
def test_blanking_is_in_the_unit_that_the_status_says(decode_bytes, status, blanking, first):
    stream = decode_bytes(burst(1, status=status, blanking=blanking), "a.ad2cp").streams["burst"]
    np.testing.assert_allclose(stream["cell_distance"].values, (first, first + 1))


def test_version_2_has_its_fields_elsewhere(decode_bytes):
    content = b"".join(made.record(0x15, made.version_2(made.cells(VELOCITY), number=number)) for number in (1, 2))
    stream = decode_bytes(content, "a.ad2cp").streams["burst"]
    assert stream.attrs["data_version"] == 2
    assert stream.attrs["serial_number"] == "102977"
    np.testing.assert_allclose(stream["cell_distance"].values, (1.5, 2.5))
    assert (stream["error_status_word"].values[0], stream["status_word"].values[0]) == (3, 7)
    wanted = np.where(VELOCITY == -32768, np.nan, VELOCITY / 10_000).astype(np.float32)
    np.testing.assert_array_equal(stream["outward_beam_velocity"].values[1], wanted.T)
    assert stream["time"].values[1] - stream["time"].values[0] == np.timedelta64(1, "s")
    assert stream["battery_voltage"].values[0] == pytest.approx(18.4)


def test_echosounder_and_its_raw_records_with_wide_headers(decode_bytes):
    generator = np.random.default_rng(7)
    samples = generator.integers(-(2**31), 2**31, (9000, 2))
    echo = generator.integers(-3000, 9000, 700)
    pings = [
        made.record(0x23, made.raw_echosounder(samples), wide=True),
        made.record(0x1C, made.version_3(made.ECHO, 700, echo.astype("<i2").tobytes(), frequency=500)),
        made.record(0x24, made.raw_echosounder(samples[:50]), wide=True),
        burst(1),
        made.record(0x23, made.raw_echosounder(samples[::-1], number=2), wide=True),
        made.record(0x1C, made.version_3(made.ECHO, 700, echo.astype("<i2").tobytes(), frequency=200)),
    ]
    decoded = decode_bytes(b"".join(pings), "a.ad2cp", block_bytes=5000)
    streams = decoded.streams
    assert {name: stream.sizes["time"] for name, stream in streams.items()} == {
        "raw_echosounder": 2, "echosounder": 1, "raw_echosounder_transmit": 1, "burst": 1, "echosounder_2": 1,
    }  # fmt: skip
    raw = streams["raw_echosounder"]
    np.testing.assert_array_equal(raw["raw_echo_sample"].values[0], (samples / 2.0**31).astype(np.float32))
    assert (raw.attrs["sampling_frequency_Hz"], raw.attrs["first_sample"]) == (12500.0, 4)
    assert (np.diff(raw["time"].values) == np.timedelta64(1, "s")).all()
    np.testing.assert_allclose(streams["echosounder"]["echosounder_backscatter"].values[0], echo / 100, rtol=1e-6)
    assert [streams[name].attrs["frequency_kHz"] for name in ("echosounder", "echosounder_2")] == [500, 200]
    assert decoded.ledger.bytes_accepted == sum(map(len, pings))


def test_percent_good_and_deviations_follow_the_cells(decode_bytes):
    payload = made.cells(VELOCITY) + bytes([99, 12]) + np.array([145, 132, 502, 33129], "<u2").tobytes() + bytes(24)
    configuration = MEASURED | made.PERCENT_GOOD | made.DEVIATIONS
    content = made.record(0x16, made.version_3(configuration, EARTH, payload))
    stream = decode_bytes(content, "a.ad2cp").streams["average"]
    np.testing.assert_array_equal(stream["percent_good"].values[0], (99, 12))
    for name, value in (("pitch", 1.45), ("roll", 1.32), ("heading", 5.02), ("pressure", 33.129)):
        assert stream[f"{name}_standard_deviation"].values[0] == pytest.approx(value)
    assert stream.attrs["ensemble_time"] == "end"


def test_an_impossible_clock_is_reckoned_and_marked(decode_bytes):
    bad = made.clock(0, (123, 77, 14, 8, 3, 1, 0))
    content = burst(1) + burst(2) + burst(3, stamp=bad) + burst(6, stamp=bad) + burst(7)
    for block_bytes in (1_000_000, 100):
        decoded = decode_bytes(content, "a.ad2cp", block_bytes=block_bytes)
        stream = decoded.streams["burst"]
        seconds = (stream["time"].values - stream["time"].values[0]) / np.timedelta64(1, "s")
        np.testing.assert_array_equal(seconds, (0, 1, 2, 5, 6))
        np.testing.assert_array_equal(stream["clock_reckoned"].values, (0, 0, 1, 1, 0))
        assert not decoded.ledger.rejected


def test_an_impossible_clock_with_nothing_before_it_is_rejected(decode_bytes):
    bad = made.clock(0, (123, 77, 14, 8, 3, 1, 0))
    first = burst(1, stamp=bad)
    decoded = decode_bytes(first + burst(2) + burst(3), "a.ad2cp")
    assert decoded.streams["burst"].sizes["time"] == 2
    (span,) = decoded.ledger.rejected
    assert (span.offset, span.length) == (0, len(first))
    assert "impossible clock" in span.reason


def test_records_that_cannot_be_used_are_told_with_their_reason(decode_bytes):
    unknown = made.record(0x77, bytes(100))
    version = made.record(0x15, bytes([9]) + made.version_3(MEASURED, BEAMS, made.cells(VELOCITY))[1:])
    short = made.record(0x15, made.version_3(MEASURED, BEAMS, made.cells(VELOCITY)[:-3], number=2))
    content = burst(1) + unknown + version + short + burst(2)
    ledger = decode_bytes(content, "a.ad2cp").ledger
    assert [(span.length, span.reason) for span in ledger.skipped] == [
        (len(unknown), "record of a kind that is not known, 0x77")
    ]
    reasons = [span.reason for span in ledger.rejected]
    assert "version 9 of its data is not known" in reasons[0]
    assert "asks for 108 bytes of data, 105 are there" in reasons[1]


def test_a_damaged_header_is_named_and_the_next_record_found(decode_bytes):
    content = bytearray(burst(1) + burst(2) + burst(3))
    size = len(content) // 3
    content[size + 4] ^= 1
    decoded = decode_bytes(bytes(content), "a.ad2cp")
    assert decoded.streams["burst"]["ensemble_number"].values.tolist() == [1, 3]
    (span,) = decoded.ledger.rejected
    assert span == (size, size, "checksum of the header does not hold")


def test_dialogue_between_records_is_noise(corpus):
    decoded = ingest.decode(corpus / "nortek_ad2cp" / "Sig1000_online.ad2cp")
    assert decoded.ledger.skipped == ((4707, 64111, "text between records"),)
    assert decoded.ledger.rejected == ((102166, 234, "cut off by the end of the file: 234 of 486 bytes"),)
    assert decoded.streams["burst"].sizes["time"] == 59


def test_velocities_are_the_files_own(corpus):
    path = corpus / "nortek_ad2cp" / "Sig500_last_ensemble_is_whole.ad2cp"
    stream = ingest.decode(path).streams["burst"]
    content = path.read_bytes()
    offset = int(stream["source_offset"].values[-1])
    raw = np.frombuffer(content, "<i2", 4 * 70, offset + 10 + 76).reshape(4, 70)
    np.testing.assert_array_equal(stream["outward_beam_velocity"].values[-1], (raw.T / 1000).astype(np.float32))
    assert offset + 1206 == len(content), "the last record of the file is there"


@pytest.mark.parametrize(("name", "looks"), [
    ("Sig100_avg", "up"), ("Sig500_last_ensemble_is_whole", "down"), ("Sig1000_online", None),
])  # fmt: skip
def test_real_files_say_where_the_instrument_looks(corpus, name, looks):
    """By the status word, unless an AHRS says it at each moment."""
    streams = ingest.decode(corpus / "nortek_ad2cp" / f"{name}.ad2cp").streams
    assert {one.attrs.get("orientation") for one in streams.values() if "status_word" in one} == {looks}
