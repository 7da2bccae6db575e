"""The driver: any file, any block size, every byte accounted for, plain errors."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import ingest
import ingest.reader
from ingest.dataset import assemble, concatenate
from ingest.errors import AmbiguousFormatError, IngestError, UnknownFormatError
from ingest.ledger import Span
from ingest.reader import Batch
from tests.ingest.made.files import optode_file, sbe37_file

SIZE = 4  # bytes of a record of the format below


def _parse(block, offset, state):
    count = len(block) // SIZE
    values = np.frombuffer(block, dtype="<u4", count=count)
    batch = ingest.Batch(offset + SIZE * np.arange(count), np.full(count, SIZE, np.int32), {"value": values})
    return ingest.Records({"a": batch, "b": batch}, accepted=count * SIZE), count * SIZE, (state or 0) + count


def _finish(rest, offset, state):
    records, consumed, state = _parse(rest, offset, state)
    left = len(rest) - consumed
    return replace(records, rejected=(Span(offset + consumed, left, "cut"),) if left else ()), len(rest), state


def _to_dataset(records, state, calibration):
    return {
        stream: assemble(batch, {"temperature": batch.columns["value"] / 7}, None)
        for stream, batch in records.batches.items()
    }


PLAIN = ingest.Reader("plain", 3, lambda head, name: head[:1] == b"P", _parse, _finish, _to_dataset, lambda state: 99)


@pytest.fixture
def plain(monkeypatch, tmp_path):
    """A file of the plain format; `plain(reader)` makes the readers known."""

    def install(*readers):
        monkeypatch.setattr(ingest.reader, "discover", lambda: {reader.name: reader for reader in readers})
        path = tmp_path / "file.raw"
        path.write_bytes(b"P" + bytes(range(1, 200)))
        return path

    return install


def test_streams_ledger_and_digest(plain):
    path = plain(PLAIN)
    decoded = ingest.decode(path, block_bytes=7)
    assert (decoded.reader, decoded.reader_version, decoded.bytes) == ("plain", 3, 200)
    assert decoded.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(decoded.streams) == ["a", "b"]
    assert decoded.streams["a"].sizes == {"scan": 50}
    assert decoded.ledger == ingest.Ledger(200, 200, expected_records=99)
    expected = np.frombuffer(path.read_bytes(), "<u4") / 7
    np.testing.assert_array_equal(decoded.streams["b"]["temperature"], expected)


def test_digest_of_blocks_hashed_beside_the_reader(plain):
    path = plain(PLAIN)
    content = b"P" + np.random.default_rng(0).bytes(1_000_002)
    path.write_bytes(content)
    decoded = ingest.decode(path, block_bytes=70_000)
    assert decoded.sha256 == hashlib.sha256(content).hexdigest()
    assert decoded.ledger.rejected == (Span(1_000_000, 3, "cut"),)


def test_pieces_stay_as_small_as_a_block(plain):
    with ingest.BlockDecoder(plain(PLAIN), block_bytes=40) as pieces:
        sizes = [piece["a"].sizes["scan"] for piece in pieces]
        assert pieces.ledger.adds_up
    assert sum(sizes) == 50
    assert max(sizes) <= 10


def test_ledger_is_not_told_before_the_end(plain):
    with ingest.BlockDecoder(plain(PLAIN), block_bytes=40) as pieces:
        next(pieces)
        for name in ("ledger", "sha256"):
            with pytest.raises(ValueError, match="last piece"):
                getattr(pieces, name)
    with pytest.raises(ValueError, match="with BlockDecoder"):
        next(ingest.BlockDecoder("anything"))
    with pytest.raises(ValueError, match="block_bytes is 0"):
        ingest.BlockDecoder("anything", block_bytes=0)


def _lying(accepted=0, consumed=0, spans=()):
    def parse(block, offset, state):
        records, taken, state = _parse(block, offset, state)
        return replace(records, accepted=records.accepted + accepted, skipped=spans), taken + consumed, state

    return parse


@pytest.mark.parametrize(
    "parse",
    [
        _lying(accepted=1),
        _lying(consumed=-1),
        _lying(accepted=10**6, consumed=10**6),
        _lying(accepted=-5, spans=(Span(10**6, 5, "elsewhere"),)),
    ],
)
def test_reader_that_miscounts_is_a_defect(plain, parse):
    path = plain(replace(PLAIN, parse=parse))
    with pytest.raises(RuntimeError, match="reader 'plain' miscounts: at byte 0"):
        ingest.decode(path)


def test_reader_that_leaves_the_end_is_a_defect(plain):
    path = plain(replace(PLAIN, finish=_parse))
    path.write_bytes(b"P" + bytes(9))
    with pytest.raises(RuntimeError, match="left 2 of the last"):
        ingest.decode(path)


def test_read_wants_one_stream(plain):
    path = plain(PLAIN)
    with pytest.raises(IngestError, match="a, b"):
        ingest.read(path)
    with pytest.raises(IngestError, match="no stream 'c': it holds a, b"):
        ingest.read(path, "c")
    assert ingest.read(path, "b").sizes == {"scan": 50}


def test_read_gives_a_dataset_that_slices_by_time(tmp_path):
    path = tmp_path / "a.hex"
    path.write_bytes(sbe37_file(100))
    dataset = ingest.read(path)
    part = dataset.sel(time=slice(dataset.time[10], dataset.time[19]))
    assert part.sizes == {"time": 10}


def test_file_of_which_nothing_decodes_is_no_error(plain):
    path = plain(PLAIN)
    path.write_bytes(b"PQ")
    decoded = ingest.decode(path)
    assert decoded.streams == {}
    assert decoded.ledger.rejected == (Span(0, 2, "cut"),)
    with pytest.raises(IngestError, match="nothing in it could be decoded"):
        ingest.read(path)


def test_errors_name_the_file(plain, tmp_path):
    path = plain(PLAIN, replace(PLAIN, name="other"))
    with pytest.raises(AmbiguousFormatError, match=r"file\.raw: claimed by plain and other"):
        ingest.decode(path)
    path.write_bytes(b"what is this")
    with pytest.raises(UnknownFormatError, match=r"file\.raw: text of no known format"):
        ingest.decode(path)
    with pytest.raises(IngestError, match="nowhere: cannot be opened"):
        ingest.decode(tmp_path / "nowhere")
    with pytest.raises(IngestError, match="cannot be opened"):
        ingest.decode(tmp_path)


def test_decoding_changes_nothing_on_disk(tmp_path):
    path = tmp_path / "optode.log"
    path.write_bytes(optode_file())
    path.chmod(0o444)
    before = path.stat()
    ingest.decode(path)
    after = path.stat()
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
    assert [one.name for one in tmp_path.iterdir()] == ["optode.log"]


def test_pieces_that_disagree_are_a_defect():
    batch = ingest.Batch(np.arange(2), np.ones(2, np.int32), {})
    first = assemble(batch, {"temperature": np.zeros(2)}, None, {"serial_number": "1"})
    assert concatenate([first]) is first
    with pytest.raises(RuntimeError, match="attribute 'serial_number'"):
        concatenate([first, first.assign_attrs(serial_number="2")])
    with pytest.raises(RuntimeError, match="variables: \\['temperature'\\]"):
        concatenate([first, first.drop_vars("temperature")])
    near, far = (first.assign_coords(distance=xr.Variable("cell", [value])) for value in (1.0, 2.0))
    with pytest.raises(RuntimeError, match="'distance'"):
        concatenate([near, far])
    assert concatenate([near, near]).sizes == {"scan": 4, "cell": 1}


def test_a_reader_of_views_gets_an_array_that_is_not_written(plain):
    given = []

    def parse(block, offset, state):
        given.append((len(block), isinstance(block, memoryview) and block.readonly))
        return _parse(block, offset, state)

    wanted = ingest.decode(plain(PLAIN), block_bytes=50)
    decoded = ingest.decode(plain(replace(PLAIN, parse=parse, views=True)), block_bytes=50)
    xr.testing.assert_identical(decoded.streams["a"], wanted.streams["a"])
    assert (decoded.ledger, decoded.sha256) == (wanted.ledger, wanted.sha256)
    # What is left of a block comes again, joined with the next one: in bytes.
    assert given == [(50, True), (52, False), (50, True), (52, False)]


def test_a_dataset_is_what_the_public_constructor_makes(monkeypatch):
    time = np.arange(3).astype("datetime64[s]").astype("datetime64[us]")
    batch = Batch(np.arange(3) * 10, np.full(3, 10), {})
    profile = {"temperature": np.arange(3.0), "eastward_velocity": (("cell",), np.zeros((3, 2), np.float32))}
    cells = {"cell_distance": xr.Variable("cell", [1.0, 2.0], {"units": "m"})}
    made = assemble(batch, profile, time, {"serial_number": "1"}, cells)
    monkeypatch.setattr("ingest.dataset._direct", None)
    public = assemble(batch, profile, time, {"serial_number": "1"}, cells)
    xr.testing.assert_identical(made, public)
    assert (made.sizes, list(made.coords), list(made.xindexes)) == (public.sizes, list(public.coords), [])
    with pytest.raises(ValueError, match="'source_offset' has 3 values along 'time', others 2"):
        assemble(batch, {"temperature": np.zeros(2)}, time)
