"""Teledyne RDI PD0: real files against independent decodings."""

import json
from typing import Any

import numpy as np
import pytest
import xarray as xr

import ingest
from tests.ingest.conftest import CORPUS as ALL_CORPUS
from tests.ingest.conftest import NO_CORPUS

CORPUS = ALL_CORPUS / "rdi_pd0"
FILES = ("RDI_7f79_2.000", "RDI_test01.000", "RDI_withBT.000", "oce_adp_rdi.000", "sentinelv_b5.pd0")

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=NO_CORPUS)


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
