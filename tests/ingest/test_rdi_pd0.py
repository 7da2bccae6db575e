"""Teledyne RDI PD0: real files against independent decodings, damage and odd layouts on hand-made bytes."""

import json
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import ingest
from ingest import vocabulary
from ingest.ledger import Ledger, LedgerBuilder, Span
from ingest.reader import claim
from ingest.readers import rdi_pd0
from tests.ingest.conftest import CORPUS as ALL_CORPUS
from tests.ingest.conftest import NO_CORPUS
from tests.ingest.pd0_bytes import (
    BEAM,
    INSTRUMENT,
    START,
    Ensemble,
    data_types,
    framed,
    long_file,
    series,
    to_bytes,
    wanted_velocity,
    waves_packet,
)

CORPUS = ALL_CORPUS / "rdi_pd0"
FILES = ("RDI_7f79_2.000", "RDI_test01.000", "RDI_withBT.000", "oce_adp_rdi.000", "sentinelv_b5.pd0")

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=NO_CORPUS)


def read(raw: bytes) -> tuple[dict[str, xr.Dataset], Ledger]:
    records, consumed, state = rdi_pd0.finish(raw, 0, None)
    assert consumed == len(raw)
    account = LedgerBuilder()
    account.add(records.accepted, records.skipped, records.rejected)
    ledger = account.build(len(raw), None)
    assert ledger.adds_up
    return dict(rdi_pd0.to_dataset(records, state, None)), ledger


def written(ensembles: list[Ensemble]) -> bytes:
    return b"".join(map(to_bytes, ensembles))


# Values


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


# Clock


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


# Framing


def test_bad_checksum_is_rejected_with_offset_and_reason():
    raw = bytearray(written(series(5)))
    size = len(raw) // 5
    raw[2 * size + 200] ^= 4
    streams, ledger = read(bytes(raw))
    assert streams["profile"].ensemble_number.values.tolist() == [1, 2, 4, 5]
    assert [(span.offset, span.length) for span in ledger.rejected] == [(2 * size, size)]
    assert ledger.rejected[0].reason.startswith("checksum is 0x")


def test_good_ensembles_inside_a_claimed_extent_are_found():
    raw = b"\x7f\x7f\xff\x7f\x00\x06" + written(series(4)) + b"\0" * 40_000
    streams, ledger = read(raw)
    assert streams["profile"].ensemble_number.values.tolist() == [1, 2, 3, 4]
    assert [(span.offset, span.length) for span in ledger.rejected] == [(0, 6), (len(raw) - 40_000, 40_000)]


def test_waves_packets_are_skipped_with_a_reason():
    one, two = map(to_bytes, series(2))
    packet = waves_packet()
    streams, ledger = read(packet * 3 + one + packet + two + packet)
    assert streams["profile"].ensemble_number.values.tolist() == [1, 2]
    assert not ledger.rejected
    assert {span.reason for span in ledger.skipped} == {"waves packet (7F79)"}
    assert sum(span.length for span in ledger.skipped) == 5 * len(packet)


def test_damaged_waves_packet_is_rejected():
    packet = bytearray(waves_packet())
    packet[20] ^= 1
    _, ledger = read(to_bytes(Ensemble()) + bytes(packet))
    assert [span.length for span in ledger.rejected] == [len(packet)]


@pytest.mark.parametrize("kept", [0, 1, 2, 5, 100, -1])
def test_cut_at_or_after_an_ensemble(kept: int):
    whole = series(20)
    raw = written(whole)
    tail = to_bytes(whole[0])[:kept]
    streams, ledger = read(raw + tail)
    assert streams["profile"].sizes["time"] == 20
    assert [(span.offset, span.length) for span in ledger.rejected] == ([(len(raw), len(tail))] if tail else [])
    assert not tail[1:] or "cut off by the end of the file" in ledger.rejected[0].reason


def test_header_that_points_outside_is_rejected_though_its_checksum_holds():
    raw = bytearray(to_bytes(Ensemble()))
    raw[8:10] = b"\xff\x7f"
    raw[-2:] = (sum(raw[:-2]) & 0xFFFF).to_bytes(2, "little")
    streams, ledger = read(bytes(raw) + to_bytes(Ensemble()))
    assert streams["profile"].sizes["time"] == 1
    assert ledger.rejected[0].reason.startswith("header points to bytes")


@pytest.mark.parametrize(
    ("index", "part", "reason"),
    [
        (0, b"\0\0" + b"\1" * 20, "data type 0x0000 has 22 bytes, at least 42 are needed"),
        (1, b"\x80\0" + b"\1" * 8, "data type 0x0080 has 10 bytes, at least 34 are needed"),
        (2, b"\0\1" + b"\1" * 39, "velocity has 39 bytes, 40 are needed for 5 x 4 values"),
    ],
)
def test_data_types_too_short_are_rejected(index: int, part: bytes, reason: str):
    parts = data_types(Ensemble())
    parts[index] = part
    streams, ledger = read(framed(parts) + to_bytes(Ensemble()))
    assert streams["profile"].sizes["time"] == 1
    assert ledger.rejected[0].reason == reason


# Layouts


def test_changing_layout_opens_streams_in_order_of_appearance():
    first, other, last = series(2), series(2, cells=9), series(2, coordinates=BEAM)
    streams, ledger = read(written([*first, *other, first[0], *last, other[0]]))
    assert {name: dataset.sizes["time"] for name, dataset in streams.items()} == {
        "profile": 3,
        "profile_2": 3,
        "profile_3": 2,
    }
    assert streams["profile_2"].sizes["cell"] == 9
    assert streams["profile_3"].attrs["coordinate_system"] == "beam"
    assert not ledger.rejected
    for dataset in streams.values():
        assert all(a < b for a, b in pairwise(dataset.source_offset.values.tolist()))


@pytest.mark.parametrize("change", [{"cell_size": 50}, {"percent_good": False}, {"heading_bias": 100}])
def test_what_changes_the_meaning_of_values_opens_a_stream(change: dict[str, Any]):
    streams, _ = read(to_bytes(Ensemble()) + to_bytes(Ensemble(**change)))
    assert set(streams) == {"profile", "profile_2"}


def test_ensembles_of_other_length_and_order_stay_in_their_stream():
    # As in corpus sentinelv_b5.pd0: a data type that only the first ensemble has.
    plain = series(6)
    long = [replace(plain[n], extra=b"\x03\x70" + bytes(30)) for n in (0, 3)]
    moved = framed([data_types(plain[5])[i] for i in (0, 1, 4, 3, 2, 5)])
    raw = written([long[0], plain[1], plain[2], long[1], plain[4]]) + moved
    streams, _ = read(raw)
    assert set(streams) == {"profile"}
    profile = streams["profile"]
    assert profile.ensemble_number.values.tolist() == [1, 2, 3, 4, 5, 6]
    wanted = np.stack([wanted_velocity(ensemble)[:, 0] for ensemble in plain])
    np.testing.assert_array_equal(profile.eastward_velocity, (wanted / 1000).astype(np.float32))
    np.testing.assert_array_equal(profile.echo_intensity.values[5].ravel(), np.arange(20) + 100)


def test_orientation_may_flicker_without_opening_a_stream():
    streams, _ = read(written([Ensemble(facing_up=up) for up in (True, False, True)]))
    assert streams["profile"].facing_up.values.tolist() == [1, 0, 1]
    assert streams["profile"].attrs["orientation"] == "up"


def test_the_first_cell_may_move_with_the_speed_of_sound_without_opening_a_stream():
    streams, _ = read(written([Ensemble(first_cell=at) for at in (211, 209, 210)]))
    profile = streams["profile"]
    assert set(streams) == {"profile"}
    assert profile.first_cell_distance.values.tolist() == [2.11, 2.09, 2.1]
    assert profile.cell_distance.values[:2].tolist() == [2.11, 3.11]
    assert profile.attrs["first_cell_m"] == 2.11


def _mixed_file() -> bytes:
    plain, wide = series(8), series(3, cells=9)
    damaged = bytearray(to_bytes(plain[4]))
    damaged[30] ^= 1
    bad_clock = data_types(replace(plain[5], century=False))
    bad_clock[1] = bad_clock[1][:5] + b"\x0d" + bad_clock[1][6:]
    return b"".join([
        b"RDI power on\x7f", to_bytes(plain[0]), waves_packet(), to_bytes(wide[0]), to_bytes(plain[1]), bytes(damaged),
        b"\x7f\x7f\x7f\x79", to_bytes(wide[1]), framed(bad_clock), waves_packet(9) * 2, written(plain[2:]),
        to_bytes(wide[2])[:77],
    ])  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 7, 100, 331, 1024, 4096])
def test_any_block_size_gives_the_same(size: int, tmp_path: Path):
    file = tmp_path / "mixed.000"
    file.write_bytes(_mixed_file())
    whole, blocks = ingest.decode(file), ingest.decode(file, block_bytes=size)
    assert whole.ledger.adds_up
    assert len(whole.ledger.rejected) == 6
    assert len(whole.ledger.skipped) == 2
    assert {name: dataset.sizes["time"] for name, dataset in whole.streams.items()} == {"profile": 8, "profile_2": 2}
    assert blocks.ledger == whole.ledger
    assert blocks.streams.keys() == whole.streams.keys()
    for name, dataset in whole.streams.items():
        xr.testing.assert_identical(dataset, blocks.streams[name])


def test_state_does_not_grow_with_the_file():
    raw, _ = long_file(3_000_000, cells=20)
    _, _, state = rdi_pd0.parse(raw, 0, None)
    assert len(state.layouts) == 1


def test_large_file_decodes_to_what_was_written(tmp_path: Path):
    raw, velocity = long_file(2_000_000)
    file = tmp_path / "long.000"
    file.write_bytes(raw)
    profile = ingest.decode(file, block_bytes=300_000).streams["profile"]
    wanted = np.where(velocity == -32768, np.nan, velocity / 1000).astype(np.float32)
    for index, name in enumerate(("eastward_velocity", "northward_velocity", "upward_velocity", "error_velocity")):
        np.testing.assert_array_equal(profile[name], wanted[:, :, index])
    steps = np.diff(profile.time.values)
    assert (steps == np.timedelta64(60, "s")).all()
    np.testing.assert_array_equal(profile.ensemble_number, np.arange(1, len(velocity) + 1))


# Sniffing


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


# Real files


def _expectation(name: str) -> dict[str, Any]:
    expectation: dict[str, Any] = json.loads((CORPUS / f"{name}.expect.json").read_text())
    return expectation


@pytest.mark.parametrize("name", FILES)
@needs_corpus
def test_real_file_is_whole(name: str):
    expectation = _expectation(name)
    decoded = ingest.decode(CORPUS / name)
    profile = decoded.streams["profile"]
    scan = expectation["structure_scan"]
    assert set(decoded.streams) == {"profile"}
    assert profile.sizes["time"] == expectation["n_records"] == scan["valid_ensembles"]
    assert decoded.ledger.adds_up
    assert decoded.ledger.bytes_total == expectation["bytes"]
    assert sum(span.length for span in decoded.ledger.rejected) <= max(scan["trailing_bytes"], 12)
    edges = [np.datetime64(expectation[key].rstrip("Z"), "us") for key in ("time_first", "time_last")]
    np.testing.assert_array_equal(profile.time.values[[0, -1]], edges)


# Arrays: expected name, ours in order of the first dimension, what stands for "bad" in the expectation.
_EARTH = ("eastward_velocity", "northward_velocity", "upward_velocity", "error_velocity")
_ARRAYS = {
    "amp": "echo_intensity", "corr": "correlation_magnitude", "prcnt_gd": "percent_good",
    "dist_bt": "bottom_track_range", "vel_bt": "bottom_track_velocity", "corr_bt": "bottom_track_correlation",
    "amp_bt": "bottom_track_echo_intensity", "prcnt_gd_bt": "bottom_track_percent_good",
    "vel_b5": "vertical_beam_velocity", "amp_b5": "vertical_beam_echo_intensity",
    "corr_b5": "vertical_beam_correlation_magnitude",
}  # fmt: skip
# The expectation keeps the instrument's words for "bad": zero range; -32768 mm s-1, a misread.
_BAD_WORD = {"dist_bt": 0.0, "vel_bt": -32.768}


def _array(profile: xr.Dataset, name: str) -> np.ndarray:
    """Our values as the expectation orders them: component or beam, then cell, then time."""
    if name == "vel" and _EARTH[0] in profile:
        return np.stack([profile[ours].values.T for ours in _EARTH])
    values = profile["beam_velocity" if name == "vel" else _ARRAYS[name]].values.T
    return np.where(np.isnan(values), _BAD_WORD[name], values) if name in _BAD_WORD else values


@pytest.mark.parametrize("name", FILES)
@needs_corpus
def test_real_arrays(name: str):
    profile = ingest.decode(CORPUS / name).streams["profile"]
    compared = 0
    for key, expected in _expectation(name)["variables"].items():
        if key != "vel" and key not in _ARRAYS:
            continue
        values = _array(profile, key)
        assert list(values.shape) == expected["shape"], key
        flat = values.astype(np.float64).ravel()
        finite = flat[np.isfinite(flat)]
        assert finite.size == expected["n_finite"], key
        got = [finite.min(), finite.max(), finite.mean(), *flat[:3], *flat[-3:]]
        wanted = [expected[part] for part in ("min", "max", "mean")] + expected["first3"] + expected["last3"]
        np.testing.assert_allclose(got, np.array(wanted, dtype=np.float64), rtol=1e-6, atol=1e-7, err_msg=key)
        compared += 1
    assert compared >= 3


@needs_corpus
def test_real_cell_distances():
    for name in FILES:
        profile, coordinates = ingest.decode(CORPUS / name).streams["profile"], _expectation(name)["coordinates"]
        pairs = {"range": "cell_distance", "range_b5": "vertical_cell_distance"}
        for key in pairs.keys() & coordinates.keys():
            values = profile[pairs[key]].values
            assert [len(values)] == coordinates[key]["shape"]
            got = [*values[:3], *values[-3:]]
            np.testing.assert_allclose(got, coordinates[key]["first3"] + coordinates[key]["last3"], rtol=1e-6)


@needs_corpus
def test_real_attributes():
    for name in FILES:
        attributes = ingest.decode(CORPUS / name).streams["profile"].attrs
        said = _expectation(name)["decoder_attrs"]
        assert attributes["orientation"] == said["orientation"]
        assert attributes["coordinate_system"] == said["coord_sys"]
        assert attributes["beam_angle_degree"] == said["beam_angle"]
        assert attributes["pings_per_ensemble"] == said["pings_per_ensemble"]
        assert attributes["cell_size_m"] == said["cell_size"]
        assert attributes["blank_distance_m"] == said["blank_dist"]
        assert attributes.get("serial_number", "0") == str(said["serialnum"])
        assert attributes["frequency_kHz"] == round(said["carrier_freq"], -2)


@needs_corpus
def test_pressure_equals_the_expectation_once_its_sign_is_put_right():
    for name in ("oce_adp_rdi.000", "RDI_withBT.000"):
        pressure = ingest.decode(CORPUS / name).streams["profile"].pressure.values
        expected = _expectation(name)["variables"]["pressure"]
        unsigned = np.where(pressure < 0, pressure + 2**32 / 1000, pressure)
        got = [unsigned.min(), unsigned.max(), unsigned.mean(), *unsigned[:3], *unsigned[-3:]]
        wanted = [expected[part] for part in ("min", "max", "mean")] + expected["first3"] + expected["last3"]
        # The expectation's float32 has steps of 0.5 dbar up there.
        np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-6 if name.startswith("RDI") else 0.3)


@needs_corpus
def test_pressure_in_air_is_negative():
    # The peer reads these bytes unsigned: 4294967.0 dbar.
    pressure = ingest.decode(CORPUS / "oce_adp_rdi.000").streams["profile"].pressure.values
    np.testing.assert_allclose(pressure, 4294967.0 - 2**32 / 1000, atol=0.3)
    assert (pressure < 0).all()
