"""SonTek ADV: made bursts against the values that they were made of."""

import numpy as np
import pytest

from tests.ingest.made.sontek_bytes import adv_burst, adv_configuration, adv_velocity


def test_burst_in_the_instruments_axes(decode_bytes):
    raw = adv_velocity(0, 5)
    decoded = decode_bytes(adv_configuration() + adv_burst(70_001, raw))
    assert decoded.reader == "sontek_adv"
    samples = decoded.streams["samples"]
    np.testing.assert_allclose(samples["instrument_velocity"].values, raw * 1e-4, rtol=1e-6)
    steps = samples["time"].values - np.datetime64("2008-06-25T10:00:06.500000", "us")
    assert steps.astype(int).tolist() == [0, 125_000, 250_000, 375_000, 500_000]
    assert samples["echo_intensity"].values[3].tolist() == [101, 102, 103]
    assert samples["correlation_percent"].values[4].tolist() == [91, 92, 93]
    np.testing.assert_allclose(samples["transducer_temperature"], 3.56 + 0.01 * np.arange(5))
    single = {"heading": 123.4, "pitch": -1.5, "roll": 2.2, "burst_number": 70_001, "sound_speed": 1487.3,
              "probe_boundary_distance": 0.15, "pressure_counts": 1000}  # fmt: skip
    for name, value in single.items():
        np.testing.assert_allclose(samples[name].values, value, err_msg=name)
    # 2e7 nanobar and 300 picobar a count, less 1e6 microbar: 200 + 0.003 - 10 dbar.
    np.testing.assert_allclose(samples["pressure"], 190.003)
    assert samples["volume_boundary_distance"].isnull().all(), "-1: none was found"
    assert samples["source_offset"].values[:2].tolist() == [441, 441 + 60 + 22]
    assert samples["source_length"].values.tolist() == [82, 22, 22, 22, 24]
    attributes = samples.attrs
    assert (attributes["serial_number"], attributes["orientation"]) == ("B373H", "up")
    assert (attributes["compass_offset_degree"], attributes["sampling_rate_hertz"]) == (-12, 8.0)
    assert attributes["transformation_matrix"].startswith("2.7100 -1.4090")


def test_means_and_external_sensors_without_a_configuration(decode_bytes):
    raw = adv_velocity(3, 4)
    samples = decode_bytes(adv_burst(1, raw, recorded=0b0110_0100, coordinates=2)).streams["samples"]
    np.testing.assert_allclose(samples["northward_velocity"], raw[:, 1] * 1e-4, rtol=1e-6)
    assert samples["mean_echo_intensity"].values.tolist() == [111] * 4
    assert samples["mean_correlation"].values.tolist() == [95] * 4
    assert samples["analog_input_2"].values.tolist() == [60_000] * 4
    assert samples["external_pressure_counts"].values.tolist() == [0x030201] * 4
    assert not {"pressure", "heading", "echo_intensity"} & set(samples)


@pytest.mark.parametrize("answer", [b"", b"abcd", bytes(range(16)), b"x" * 80])
def test_statistics_and_answers_of_other_instruments(decode_bytes, answer):
    bursts = b"".join(adv_burst(number, adv_velocity(number, 6), recorded=0b1001_0001, answer=answer)
                      for number in range(3))  # fmt: skip
    decoded = decode_bytes(adv_configuration() + bursts)
    assert decoded.streams["samples"]["burst_number"].values.tolist() == [0] * 6 + [1] * 6 + [2] * 6
    assert not decoded.ledger.rejected


def test_the_widest_range_has_steps_twice_as_wide(decode_bytes):
    raw = adv_velocity(0, 5)
    samples = decode_bytes(adv_burst(1, raw, velocity_range=4, coordinates=0)).streams["samples"]
    np.testing.assert_allclose(samples["unreferenced_velocity"].values, raw * 2e-4, rtol=1e-6)


def test_kinds_of_bursts_are_streams(decode_bytes):
    content = adv_burst(1, adv_velocity(0, 5)) + adv_burst(2, adv_velocity(0, 9), recorded=1)
    content += adv_burst(3, adv_velocity(0, 7))
    streams = decode_bytes(content).streams
    assert {name: one.sizes["time"] for name, one in streams.items()} == {"samples": 12, "samples_2": 9}


def test_damage_is_told(decode_bytes):
    bursts = [bytearray(adv_burst(number, adv_velocity(number, 5))) for number in range(4)]
    bursts[1][100] ^= 4
    bursts[2] = bytearray(adv_burst(2, adv_velocity(2, 5), clock=(2008, 13, 25, 10, 0, 6, 50)))
    decoded = decode_bytes(adv_configuration() + b"".join(bursts) + bytes(bursts[0][:-1]))
    assert np.unique(decoded.streams["samples"]["burst_number"]).tolist() == [0, 3]
    reasons = [span.reason for span in decoded.ledger.rejected]
    assert reasons[0] == "no burst of 5 samples with what code 7 records: its checksum holds nowhere"
    assert reasons[1] == "impossible clock"
    assert reasons[2] == "cut off by the end of the file: 171 of 172 bytes"
