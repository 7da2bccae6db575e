"""Teledyne RDI PD0: ensembles of one stream that are of several lengths, or whose data types stand elsewhere."""

import numpy as np
import pytest

from tests.ingest.pd0_bytes import Ensemble, data_types, framed, series, to_bytes, wanted_velocity


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
