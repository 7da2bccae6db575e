"""One reader claims a file of a known format, none anything else."""

import io
import zipfile

import numpy as np
import pytest

import ingest
from ingest.errors import UnknownFormatError
from ingest.reader import HEAD_BYTES, claim, text_lines
from tests.ingest.conftest import NO_CORPUS, corpus_files
from tests.ingest.expected_names import tables
from tests.ingest.made.files import optode_file, sbe37_file

FILES = [pytest.param(path, id=f"{path.parent.name}/{path.name}") for path in corpus_files()]
FILES = FILES or [pytest.param(None, id="absent", marks=pytest.mark.skip(reason=NO_CORPUS))]


@pytest.mark.parametrize("path", FILES)
def test_corpus_files_are_claimed_once_or_not_at_all(path):
    with path.open("rb") as handle:
        head = handle.read(HEAD_BYTES)
    claims = [reader.name for reader in ingest.discover().values() if reader.sniff(head, path.name)]
    # A name must not change what content says.
    assert claims == [reader.name for reader in ingest.discover().values() if reader.sniff(head, "data.bin")]
    assert claims == [reader.name for reader in ingest.discover().values() if _claims(reader, head)]
    table = tables().get(path.parent.name)
    if table is None:
        # A reader may come before its table: then at most one may claim its files.
        assert len(claims) <= 1
    elif not table.NOT_YET:
        assert claims == [table.READER]
    else:
        assert claims in ([], [table.READER])


def _claims(reader, head):
    """Ask as `claim` does: formats of lines of text see nothing else."""
    return reader.sniff(text_lines(head) if reader.lines else head, "data.bin")


def test_lines_of_text_are_kept_among_binary():
    head = b"\xa5\x10\0\n2014/08/13 12:00\n\xff\xfe\n#\r\nshort\x01\n\n# Begin data\0"
    assert text_lines(head) == b"2014/08/13 12:00\n#\r\n\n# Begin data\0"
    assert text_lines(head.replace(b"\0", b"")) == head.replace(b"\0", b"")


def _truncated_zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("raw.hex", sbe37_file(500))
    return buffer.getvalue()[:-200]


FOREIGN = {
    "empty": (b"", "the file is empty"),
    "png": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a PNG image"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 175027\n", "git lfs pull"),
    "zip": (_truncated_zip(), "a zip archive: unpack it first"),
    "zeros": (bytes(5000), "zero bytes only"),
    "text": (b"Dear reader,\nthis is a letter.\n", "first line"),
    "html": (b"<!DOCTYPE html><html><body>404</body></html>", "first line"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_foreign_files_are_named_for_what_they_are(kind):
    head, words = FOREIGN[kind]
    for name in ("raw.hex", "20150330.dosta1.log", "adcp.000"):
        with pytest.raises(UnknownFormatError, match=words):
            claim(head, name)


def test_nobody_claims_random_bytes():
    generator = np.random.default_rng(5)
    for size in (1, 2, 40, 1000, HEAD_BYTES):
        for _ in range(40):
            with pytest.raises(UnknownFormatError):
                claim(generator.bytes(size), "raw.hex")


@pytest.mark.parametrize("content", [sbe37_file(), optode_file()], ids=["sbe_hex", "aanderaa_optode"])
def test_a_file_inside_other_bytes_is_not_claimed_by_two(content):
    generator = np.random.default_rng(6)
    for _ in range(40):
        damaged = bytearray(content)
        for place in generator.integers(0, len(content), 30):
            damaged[place] = int(generator.integers(256))
        assert sum(reader.sniff(bytes(damaged), "raw") for reader in ingest.discover().values()) <= 1


SILENT = (
    b"2014/12/04 06:17:37.787 [%b2:DLOGP2]:Logger started: Idle state, without initialize\r\n"
    b"2014/12/04 06:17:38.245 [%b2:DLOGP2]:\xe8\x9fUUUU3333\x80\r\n"
    b"2014/12/04 06:21:00.000 [%b2:DLOGP2]:Command [1024] returned first response (Accepted)\r\n"
)


@pytest.mark.parametrize(("tag", "reader"), [
    (b"flort", "wetlabs_eco"), (b"ctdbp", "sbe16plus_dcl"), (b"presf", "sbe26plus_dcl"), (b"dosta", "aanderaa_optode"),
    (b"pco2a", "pro_oceanus_co2"), (b"pco2w", "sami2"), (b"phsen", "sami2"), (b"adcpt", "rdi_pd0_hexlog"),
    (b"adcp", "rdi_pd8_text"), (b"prtsz", "lisst200x"), (b"nutnr", "suna"),
])  # fmt: skip
def test_a_day_without_a_record_is_a_file_of_the_instrument_that_its_tags_name(decode_bytes, tag, reader):
    content = SILENT % (tag, tag, tag)
    decoded = decode_bytes(content)
    assert (decoded.reader, decoded.streams) == (reader, {})
    assert decoded.ledger.bytes_skipped == len(content)


@pytest.mark.parametrize("line", [b"2014/12/04 06:20:00.000 17 31\r\n", b""])
def test_data_of_another_kind_are_no_silence(decode_bytes, line):
    tag = b"flort" if line else b"metbk"
    with pytest.raises(UnknownFormatError):
        decode_bytes(SILENT % (tag, tag, tag) + line)
