"""Teledyne RDI PD0: fields, frames and clocks of hand-made ensembles, and which files are claimed."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from ingest import vocabulary
from ingest.ledger import Span
from ingest.reader import claim
from ingest.readers import rdi_pd0
from tests.ingest.made.pd0_bytes import (
    BEAM,
    INSTRUMENT,
    START,
    Ensemble,
    data_types,
    framed,
    series,
    to_bytes,
    waves_packet,
    written,
)
from tests.ingest.readers.pd0_decoding import read


def test_every_field_of_an_ensemble():
    ensemble = Ensemble(number=3, bottom_track=True, pressure=-296)
    streams, _ = read(to_bytes(ensemble))
    profile = streams["profile"]
    wanted = {
        "ensemble_number": 3, "heading": 195.38, "pitch": -1.52, "roll": -1.28, "transducer_temperature": 7.29,
        "transducer_depth": 1.2, "salinity_setting": 35, "sound_speed": 1480, "pressure": -0.296,
        "pressure_standard_deviation": 0.088, "heading_standard_deviation": 3, "pitch_standard_deviation": 1.1,
        "roll_standard_deviation": 1.2, "minimum_preping_wait": 62.5, "built_in_test_result": 0,
        "error_status_word": 0x01000002, "facing_up": 1,
    }  # fmt: skip
    assert {name: profile[name].values.tolist() for name in wanted} == {name: [value] for name, value in wanted.items()}
    assert profile.time.values.tolist() == [START]
    assert profile.time.dtype == "datetime64[us]"
    assert profile.adc_counts.values.tolist() == [list(range(10, 18))]
    counts = np.arange(20).reshape(1, 5, 4)
    np.testing.assert_array_equal(profile.correlation_magnitude, counts + 60)
    np.testing.assert_array_equal(profile.echo_intensity, counts + 100)
    np.testing.assert_array_equal(profile.percent_good, counts)
    np.testing.assert_array_equal(profile.cell_distance, [2.09, 3.09, 4.09, 5.09, 6.09])
    np.testing.assert_array_equal(profile.bottom_track_velocity, np.float32([[0.123, -0.045, 0.007, np.nan]]))
    np.testing.assert_array_equal(profile.bottom_track_range, [[10.0, np.nan, 1310.71, 0.07]])
    assert profile.bottom_track_correlation.values.tolist() == [[200, 201, 202, 203]]
    assert profile.bottom_track_percent_good.values.tolist() == [[0, 1, 2, 3]]
    assert profile.source_offset.values.tolist() == [0]
    assert profile.source_length.values.tolist() == [len(to_bytes(ensemble))]


def test_everything_is_in_the_vocabulary_with_its_units():
    streams, _ = read(to_bytes(Ensemble(bottom_track=True)))
    for name, variable in streams["profile"].data_vars.items():
        assert variable.attrs["units"] == vocabulary.lookup(str(name)).units


@pytest.mark.parametrize(
    ("coordinates", "name", "dimensions"),
    [
        (BEAM, "beam_velocity", ("time", "cell", "beam")),
        (INSTRUMENT, "instrument_velocity", ("time", "cell", "axis")),
        (0x17, "ship_velocity", ("time", "cell", "axis")),
    ],
)
def test_frames_other_than_earth(coordinates: int, name: str, dimensions: tuple[str, ...]):
    ensemble = Ensemble(coordinates=coordinates, velocity=[[1, 2, 3, -32768], [-1000, 32767, -32767, 0]], cells=2)
    profile = read(to_bytes(ensemble))[0]["profile"]
    assert profile[name].dims == dimensions
    wanted = np.float32([[[0.001, 0.002, 0.003, np.nan], [-1, 32.767, -32.767, 0]]])
    np.testing.assert_array_equal(profile[name], wanted)
    assert "eastward_velocity" not in profile
    assert profile.attrs["coordinate_system"] == name.removesuffix("_velocity")


def test_earth_components():
    profile = read(to_bytes(Ensemble(cells=1, velocity=[[10, -20, 30, -32768]])))[0]["profile"]
    names = ("eastward_velocity", "northward_velocity", "upward_velocity", "error_velocity")
    got = [float(profile[name].values[0, 0]) for name in names]
    np.testing.assert_allclose(got, [0.01, -0.02, 0.03, np.nan], rtol=1e-7)


def test_every_velocity_is_the_float_nearest_to_its_millimetres():
    values = np.arange(-32768, 32768).reshape(-1, 64, 4)
    rows = [Ensemble(cells=64, coordinates=BEAM, velocity=row.tolist()) for row in values]
    got = read(written(rows))[0]["profile"].beam_velocity.values
    np.testing.assert_array_equal(np.rint(got.astype(np.float64) * 1000)[np.isfinite(got)], values.ravel()[1:])
    np.testing.assert_array_equal(got.ravel()[1:], (values.ravel()[1:] / 1000).astype(np.float32))
    assert np.isnan(got.ravel()[0])


def test_attributes():
    attributes = read(to_bytes(Ensemble(heading_bias=-352, facing_up=False)))[0]["profile"].attrs
    wanted = {
        "instrument_model": "Teledyne RDI Workhorse", "serial_number": "18655", "firmware": "51.41",
        "frequency_kHz": 600, "beam_angle_degree": 20, "orientation": "down", "coordinate_system": "earth",
        "pings_per_ensemble": 45, "cell_size_m": 1.0, "blank_distance_m": 0.88, "first_cell_m": 2.09,
        "heading_alignment_degree": 0.0, "heading_bias_degree": -3.52, "ensemble_time": "start",
        "sensors_used": "speed of sound, depth, heading, pitch, roll, temperature",
        "heading_bias_comment": "declination is already applied",
        # 45 pings, a second from one to the next.
        "seconds_between_pings": 1.0, "averaging_interval_seconds": 45.0,
    }  # fmt: skip
    assert {name: attributes[name] for name in wanted} == wanted


def test_ensemble_number_goes_on_after_65535():
    ensembles = [replace(Ensemble(), number=number) for number in (65534, 65535, 65536, 65537, 16_777_215)]
    profile = read(written(ensembles))[0]["profile"]
    assert profile.ensemble_number.values.tolist() == [65534, 65535, 65536, 65537, 16_777_215]


@pytest.mark.parametrize(
    ("century", "year", "wanted"), [(True, 1999, 1999), (True, 2079, 2079), (False, 1980, 1980), (False, 2017, 2017)]
)
def test_year(century: bool, year: int, wanted: int):
    profile = read(to_bytes(Ensemble(century=century, time=datetime(year, 12, 31, 23, 59, 59, 990_000))))[0]["profile"]
    assert profile.time.values.tolist() == [datetime(wanted, 12, 31, 23, 59, 59, 990_000)]


def test_impossible_clock_is_rejected_and_its_neighbours_are_not():
    good = series(3, century=False)
    parts = data_types(good[1])
    parts[1] = parts[1][:4] + bytes([17, 2, 30, 1, 2, 3, 4]) + parts[1][11:]
    raw = to_bytes(good[0]) + framed(parts) + to_bytes(good[2])
    streams, ledger = read(raw)
    assert streams["profile"].ensemble_number.values.tolist() == [1, 3]
    size = len(raw) // 3
    assert ledger.rejected == (Span(size, size, "impossible clock 17-02-30 01:02:03.04"),)


@pytest.mark.parametrize(
    ("head", "mine"),
    [
        (to_bytes(Ensemble()), True),
        (b"noise before" + to_bytes(Ensemble()), True),
        (to_bytes(Ensemble())[:60], True),
        (waves_packet(), True),
        (b"", False),
        (b"\x7f\x7f", False),
        (b"\x7fELF" + bytes(200), False),
        (b"\x7f\x7f" + bytes(300), False),
        (b"* Sea-Bird SBE37SM\r\n*END*\r\n", False),
    ],
)
def test_sniff(head: bytes, mine: bool):
    assert rdi_pd0.sniff(head, "any.000") is mine


def test_claims_its_files_alone():
    assert claim(to_bytes(Ensemble()), "deployment.000") is rdi_pd0.READER
