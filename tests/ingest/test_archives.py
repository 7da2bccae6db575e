"""Files inside gzip and zip archives: the same records as outside, every byte accounted for, and no bomb."""

import gzip
import hashlib
import io
import zipfile

import numpy as np
import pytest

import ingest
from ingest import archives
from ingest.errors import DecodeError, IngestError, UnknownFormatError
from tests.ingest.conftest import same_values
from tests.ingest.made.files import optode_file, sbe37_file

HEX, OPTODE = sbe37_file(), optode_file()


def _zip(*entries, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


def _check(decoded, content):
    assert decoded.ledger.adds_up
    assert decoded.ledger.bytes_total == decoded.bytes == len(content)
    assert decoded.ledger.bytes_accepted >= 0
    assert decoded.sha256 == hashlib.sha256(content).hexdigest()
    for span in (*decoded.ledger.skipped, *decoded.ledger.rejected):
        assert 0 <= span.offset < span.offset + span.length <= len(content)
        assert span.reason


@pytest.mark.parametrize("block_bytes", [100, 4096, 10**7])
@pytest.mark.parametrize("inner", [HEX, OPTODE], ids=["hex", "optode"])
def test_gzip_gives_what_the_file_gives(inner, block_bytes, decode_bytes):
    whole = decode_bytes(inner, "raw")
    packed = gzip.compress(inner)
    decoded = decode_bytes(packed, "raw.gz", block_bytes=block_bytes)
    _check(decoded, packed)
    assert (decoded.reader, decoded.reader_version) == (whole.reader, whole.reader_version)
    assert decoded.ledger.members == {"raw": whole.ledger}
    assert decoded.ledger.expected_records == whole.ledger.expected_records
    assert not decoded.ledger.rejected
    assert same_values(decoded.streams["samples"], whole.streams["samples"])
    assert decoded.streams["samples"].attrs == {**whole.streams["samples"].attrs, "source_member": "raw"}


def test_gzip_of_several_streams_and_bytes_behind(decode_bytes):
    half = len(HEX) // 2
    packed = gzip.compress(HEX[:half]) + gzip.compress(HEX[half:])
    whole = decode_bytes(HEX, "raw")
    assert same_values(decode_bytes(packed, "raw.gz").streams["samples"], whole.streams["samples"])
    decoded = decode_bytes(packed + b"behind", "raw.gz")
    _check(decoded, packed + b"behind")
    assert decoded.ledger.rejected == ((len(packed), 6, "raw: bytes after the end of the packed file"),)
    assert same_values(decoded.streams["samples"], whole.streams["samples"])


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zip_of_one_and_of_several(method, decode_bytes):
    one = _zip(("../../etc/x/C:\\up.hex", HEX), ("readme.txt", b"see the report\n"), method=method)
    whole = decode_bytes(HEX, "raw")
    decoded = decode_bytes(one, "one.zip")
    _check(decoded, one)
    assert same_values(decoded.streams["samples"], whole.streams["samples"])
    assert [span.reason.partition(",")[0] for span in decoded.ledger.skipped] == ["readme.txt: text of no known format"]
    several = _zip(("day 1.log", OPTODE), ("a/up.hex", HEX), ("b/up.hex", HEX), method=method)
    decoded = decode_bytes(several, "several.zip")
    _check(decoded, several)
    assert decoded.reader == "aanderaa_optode+sbe_hex"
    assert list(decoded.streams) == ["aanderaa_optode_samples", "sbe_hex_samples"]
    count = whole.streams["samples"].sizes["time"]
    joined = decoded.streams["sbe_hex_samples"]
    assert same_values(whole.streams["samples"], joined, slice(count)), "a/up.hex comes first"
    second = joined["source_offset"].values[count:] - len(HEX)
    assert (second == whole.streams["samples"]["source_offset"].values).all()
    assert joined.attrs["source_offset_meaning"].endswith(": a/up.hex, b/up.hex")
    assert "source_member" not in joined.attrs
    assert decoded.streams["aanderaa_optode_samples"].attrs["source_member"] == "day 1.log"
    assert set(decoded.ledger.members) == {"day 1.log", "a/up.hex", "b/up.hex"}


def _parts(content, pieces):
    """The header, each time with another part of the samples."""
    end = content.index(b"*END*\n") + len(b"*END*\n")
    lines = content[end:].splitlines(keepends=True)
    step = -(-len(lines) // pieces)
    return [content[:end] + b"".join(lines[at : at + step]) for at in range(0, len(lines), step)]


@pytest.mark.parametrize("block_bytes", [500, 10**7])
def test_logs_of_one_instrument_are_one_stream_in_the_order_of_their_names(decode_bytes, block_bytes):
    first, second, third = _parts(HEX, 3)
    packed = _zip(("log_3.hex", third), ("log_1.hex", first), ("readme", b"x"), ("log_2.hex", second))
    decoded = decode_bytes(packed, "logs.zip", block_bytes=block_bytes)
    _check(decoded, packed)
    assert list(decoded.streams) == ["samples"]
    samples, whole = decoded.streams["samples"], decode_bytes(HEX, "raw").streams["samples"]
    for name in ("time", "temperature", "conductivity"):
        assert samples[name].values.tobytes() == whole[name].values.tobytes()
    offset = samples["source_offset"].values
    assert (np.diff(offset) > 0).all(), "every record has a place of its own"
    content = first + second + third
    at, length = int(offset[70]), int(samples["source_length"].values[70])
    assert content[at : at + length] in HEX.splitlines()


def test_logs_of_another_instrument_are_a_stream_of_their_own(decode_bytes):
    other = HEX.replace(b"SerialNumber='03700001'", b"SerialNumber='03700002'")
    decoded = decode_bytes(_zip(("a.hex", HEX), ("b.hex", other), ("c.hex", HEX)), "two.zip")
    assert {name: one.attrs["serial_number"] for name, one in decoded.streams.items()} == {
        "b_hex_samples": "03700002", "samples": "03700001",
    }  # fmt: skip
    assert decoded.streams["samples"].sizes["time"] == 2 * decoded.streams["b_hex_samples"].sizes["time"]


def test_nothing_is_written(tmp_path):
    path = tmp_path / "one.zip"
    path.write_bytes(_zip(("../escaped.hex", HEX)))
    path.chmod(0o444)
    ingest.decode(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["one.zip"]
    assert not (tmp_path.parent / "escaped.hex").exists()


@pytest.mark.parametrize("name", ["raw.gz", "raw.zip"])
def test_cut_and_changed_archives(name, decode_bytes):
    packed = gzip.compress(HEX) if name == "raw.gz" else _zip(("raw", HEX))
    whole = decode_bytes(HEX, "raw").streams["samples"]
    generator = np.random.default_rng(8)
    told = 0
    for cut in generator.integers(0, len(packed), 40).tolist():
        try:
            decoded = decode_bytes(packed[:cut], name)
        except IngestError:
            continue
        _check(decoded, packed[:cut])
        assert decoded.ledger.rejected, "a cut archive has to say so"
        kept = decoded.streams.get("samples")
        assert kept is None or same_values(kept, whole, slice(kept.sizes["time"]))
        told += kept is not None
    assert told > 10 or name == "raw.zip"  # without its end, a zip archive has no list of members
    for place in generator.integers(0, len(packed), 60).tolist():
        damaged = bytearray(packed)
        damaged[place] ^= 0x5A
        try:
            decoded = decode_bytes(bytes(damaged), name)
        except IngestError:
            continue
        _check(decoded, bytes(damaged))
        kept = decoded.streams.get("samples")
        assert decoded.ledger.rejected or (kept is not None and same_values(kept, whole)), f"byte {place}"


def test_bombs_are_refused(decode_bytes, monkeypatch):
    monkeypatch.setattr(archives, "_SMALL", 2**20)
    content = HEX + b"\n" * 3_000_000
    for name, packed in (("raw.gz", gzip.compress(content)), ("raw.zip", _zip(("raw", content)))):
        with pytest.raises(IngestError, match="bomb"):
            decode_bytes(packed, name)


def test_archives_that_hold_nothing_known(decode_bytes):
    with pytest.raises(UnknownFormatError, match=r"no file of a known format .letter: text of no known format"):
        decode_bytes(_zip(("letter", b"Dear reader,\n")), "raw.zip")
    with pytest.raises(UnknownFormatError, match="inside an archive"):
        decode_bytes(_zip(("inner.zip", _zip(("raw", HEX)))), "raw.zip")
    with pytest.raises(UnknownFormatError, match="it is empty"):
        decode_bytes(_zip(), "raw.zip")
    with pytest.raises(DecodeError, match="cut or damaged"):
        decode_bytes(_zip(("raw", HEX))[:-200], "raw.zip")


def test_members_over_each_other_are_refused(decode_bytes):
    packed = bytearray(_zip(("one", HEX), ("two", HEX)))
    second = packed.rindex(b"PK\x01\x02")
    packed[second + 42 : second + 46] = (0).to_bytes(4, "little")  # its local header, at the first member's place
    with pytest.raises(DecodeError, match="over each other"):
        decode_bytes(bytes(packed), "raw.zip")


def test_inspect_tells_members(tmp_path):
    path = tmp_path / "raw.gz"
    path.write_bytes(gzip.compress(HEX))
    report = ingest.inspect(path)["ledger"]
    assert report["members"]["raw"]["bytes_accepted"] > 0
    assert report["bytes_accepted"] + report["bytes_skipped"] + report["bytes_rejected"] == path.stat().st_size
