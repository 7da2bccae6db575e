"""Teledyne RDI PD0: which ensembles share a stream, of several lengths or with data types elsewhere, in any blocks."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import ingest
from ingest.readers import rdi_pd0
from tests.ingest.made.pd0_bytes import (
    BEAM,
    Ensemble,
    data_types,
    framed,
    long_file,
    series,
    to_bytes,
    wanted_velocity,
    waves_packet,
    written,
)
from tests.ingest.readers.pd0_decoding import read


def checked(profile, ensembles: list[Ensemble], raw: list[bytes]) -> None:
    assert profile["ensemble_number"].values.tolist() == [one.number for one in ensembles]
    assert profile["time"].values.tolist() == [one.time for one in ensembles]
    assert profile["source_length"].values.tolist() == [len(one) for one in raw]
    assert profile["source_offset"].values.tolist() == [0, *np.cumsum([len(one) for one in raw])[:-1].tolist()]
    velocity = np.stack([wanted_velocity(one) for one in ensembles]).astype(np.float32) / np.float32(1000)
    for place, name in enumerate(("eastward_velocity", "northward_velocity", "upward_velocity", "error_velocity")):
        np.testing.assert_array_equal(profile[name].values, velocity[:, :, place])
    counts = np.arange(20).reshape(5, 4)
    np.testing.assert_array_equal(profile["correlation_magnitude"].values, [counts + 60] * len(ensembles))
    np.testing.assert_array_equal(profile["echo_intensity"].values, [counts + 100] * len(ensembles))
    np.testing.assert_array_equal(profile["percent_good"].values, [counts] * len(ensembles))


EXTRA = b"\x03\x70 told only now and then"


@pytest.mark.parametrize("place", [2, 3, 5, 6])
def test_lengths_of_one_stream_are_put_together(decode_bytes, place: int):
    """Whether what comes now and then stands before, behind or between the data of the cells."""
    ensembles = series(200)
    raw = []
    for one in ensembles:
        parts = data_types(one)
        if one.number % 7 == 1:
            parts.insert(place, EXTRA)
        raw.append(framed(parts))
    assert len(set(map(len, raw))) == 2
    for block_bytes in (10**6, 1999):
        decoded = decode_bytes(b"".join(raw), block_bytes=block_bytes)
        assert list(decoded.streams) == ["profile"]
        assert decoded.ledger.bytes_rejected == 0
        checked(decoded.streams["profile"], ensembles, raw)


def test_uneven_places_of_one_length(decode_bytes):
    ensembles = series(60)
    raw = [to_bytes(one) for one in ensembles]
    decoded = decode_bytes(b"".join(one if n % 5 else one + b"noise" for n, one in enumerate(raw)))
    profile = decoded.streams["profile"]
    assert [len(one) for one in raw] == profile["source_length"].values.tolist()
    moved = np.arange(60) * len(raw[0]) + 5 * -(-np.arange(60) // 5)
    assert profile["source_offset"].values.tolist() == moved.tolist()
    assert decoded.ledger.bytes_rejected == 12 * len(b"noise")
    profile["source_offset"].values[:] = np.arange(60) * len(raw[0])
    checked(profile, ensembles, raw)


def test_settings_that_change_make_another_stream(decode_bytes):
    ensembles = [*series(40), *series(40, cell_size=200)]
    streams = decode_bytes(b"".join(map(to_bytes, ensembles))).streams
    assert {name: one.sizes["time"] for name, one in streams.items()} == {"profile": 40, "profile_2": 40}
    assert streams["profile_2"].attrs["cell_size_m"] == 2.0


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
