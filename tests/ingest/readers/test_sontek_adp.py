"""SonTek ADP and PC-ADP: made profiles against the values that they were made of, and the real file."""

import numpy as np
import pytest

import ingest
from tests.ingest.made.sontek_bytes import adp_file, configuration, profile, velocities


def test_profile_over_earth(decode_bytes):
    raw = velocities(0)
    samples = decode_bytes(configuration() + profile(70_001, raw)).streams["profile"]
    for beam, name in enumerate(("eastward_velocity", "northward_velocity", "upward_velocity")):
        np.testing.assert_array_equal(samples[name].values[0], (raw[beam] / 1000).astype(np.float32))
    assert "compass" in samples["eastward_velocity"].attrs["comment"]
    wanted = np.arange(15).reshape(3, 5).T
    np.testing.assert_array_equal(samples["velocity_standard_deviation"].values[0], wanted)
    assert samples["velocity_standard_deviation"].attrs["units"] == "mm s-1"
    np.testing.assert_array_equal(samples["echo_intensity"].values[0], 200 - wanted)
    assert samples["time"].values[0] == np.datetime64("2019-03-04T05:00:06.070000", "us")
    single = {"ensemble_number": 70_001, "heading": 123.4, "pitch": -1.5, "roll": 2.2, "transducer_temperature": 3.56,
              "heading_standard_deviation": 0.3, "roll_standard_deviation": 0.1, "sound_speed": 1487.3,
              "transducer_temperature_standard_deviation": 0.04, "pings_averaged": 58}  # fmt: skip
    for name, value in single.items():
        assert samples[name].item() == pytest.approx(value), name
    # 2e7 nanobar a count, less 1e6 microbar: 200 - 10 dbar.
    assert samples["pressure"].item() == pytest.approx(1000 * 0.2 - 10)
    assert samples["pressure_standard_deviation"].item() == pytest.approx(7 * 0.2)
    np.testing.assert_allclose(samples["cell_distance"], 0.4 + np.arange(1, 6))
    attributes = samples.attrs
    assert (attributes["serial_number"], attributes["frequency_kHz"]) == ("C123", 750)
    assert attributes["beam_angle_degree"] == 25.0
    assert (attributes["orientation"], attributes["ensemble_time"]) == ("up", "start")
    assert attributes["transformation_matrix"].startswith("1.5771 -0.7891")


@pytest.mark.parametrize(
    ("coordinates", "name"), [(0, "outward_beam_velocity"), (1, "instrument_velocity"), (7, "unreferenced_velocity")]
)
def test_other_frames(decode_bytes, coordinates, name):
    samples = decode_bytes(profile(1, velocities(3), coordinates=coordinates)).streams["profile"]
    np.testing.assert_array_equal(samples[name].values[0], (velocities(3).T / 1000).astype(np.float32))
    assert "pressure" not in samples, "the file does not say what a count is"
    assert samples["pressure_counts"].item() == 1000
    assert "0 where the sensor is not installed" in samples["heading"].attrs["comment"]


def test_pulse_coherent_profile(decode_bytes):
    raw = velocities(0)
    raw[1, 2] = 9999  # its quality is 7: a true velocity
    samples = decode_bytes(configuration() + profile(1, raw, coherent=True, coordinates=0)).streams["profile"]
    np.testing.assert_array_equal(samples["outward_beam_velocity"].values[0], (raw.T / 10_000).astype(np.float32))
    np.testing.assert_allclose(samples["boundary_range"].values[0], [1.23, 1.24, 1.25])
    np.testing.assert_allclose(samples["resolving_velocity"].values[0], [0.011, -0.012, 0.013])
    assert samples["resolving_correlation"].values[0].tolist() == [91, 92, 93]
    assert "pressure" not in samples
    assert samples.attrs["instrument_model"] == "SonTek PC-ADP"


def test_sensors_that_are_not_installed_have_no_variable(decode_bytes):
    samples = decode_bytes(configuration(compass=False, pressure=False) + profile(1, velocities(0))).streams["profile"]
    assert not {"heading", "pitch", "roll", "pressure"} & set(samples)
    assert "transducer_temperature" in samples


def test_layouts_are_streams(decode_bytes):
    content = profile(1, velocities(0)) + profile(2, velocities(1, cells=9)) + profile(3, velocities(2))
    decoded = decode_bytes(content)
    assert {name: one.sizes["time"] for name, one in decoded.streams.items()} == {"profile": 2, "profile_2": 1}
    assert decoded.streams["profile_2"].sizes["cell"] == 9


def test_damage_is_told(decode_bytes):
    content = bytearray(adp_file(4))
    length = len(profile(1, velocities(0)))
    content[416 + length + 100] ^= 4
    content[416 + 2 * length + 21] = 13  # month of the third, with its checksum made right again
    change = 13 - 3
    at = 416 + 3 * length - 2
    content[at : at + 2] = ((int.from_bytes(content[at : at + 2], "little") + change) & 0xFFFF).to_bytes(2, "little")
    decoded = decode_bytes(bytes(content) + profile(9, velocities(0))[:-1])
    assert decoded.streams["profile"]["ensemble_number"].values.tolist() == [1, 4]
    reasons = [span.reason for span in decoded.ledger.rejected]
    assert reasons[0] == "no profile of 5 cells and 3 beams: neither the checksum of an ADP nor of a PC-ADP holds"
    assert reasons[1] == "impossible clock"
    assert reasons[2] == "cut off by the end of the file: 141 of 178 bytes"


def test_real_file(corpus):
    decoded = ingest.decode(corpus / "sontek_adp" / "oce_adp_sontek.adp")
    samples = decoded.streams["profile"]
    assert samples.sizes == {"time": 78, "cell": 32, "beam": 3}
    assert samples["outward_beam_velocity"].isnull().all(), "it was in air: no pulses correlate"
    assert samples["transducer_temperature"].values[:3].tolist() == [26.09, 26.12, 26.15]
    # Blanking 5 cm and cells of 4 cm, as the reference says (0.05 to 1.29 for the near edges of the cells).
    np.testing.assert_allclose(samples["cell_distance"] - 0.04, 0.05 + 0.04 * np.arange(32))
    assert samples.attrs["beam_angle_degree"] == 15.0
    assert "heading" not in samples, "it has no compass"
