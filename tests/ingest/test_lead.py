"""What may stand before the first line of a text: blank lines, and the mark of its byte order."""

import gzip

import numpy as np
import pytest

import ingest
from ingest.errors import UnknownFormatError
from tests.ingest.conftest import same_values
from tests.ingest.made.chemistry import eco_file, suna_log
from tests.ingest.made.declared import BESIDE, made_declared
from tests.ingest.made.files import sbe37_file
from tests.ingest.made.logs import pro_oceanus_file
from tests.ingest.made.sea_bird import cnv_text_file

MARK = b"\xef\xbb\xbf"
TEXTS = {"hex": sbe37_file, "cnv": cnv_text_file, "eco": eco_file, "suna": suna_log, "co2": pro_oceanus_file}


@pytest.mark.parametrize("lead", [MARK, b"\r\n\r\n", b"\n", MARK + b" \t\r\n\n"], ids=repr)
@pytest.mark.parametrize("text", TEXTS)
def test_nothing_is_lost_behind_it(tmp_path, text, lead):
    content = TEXTS[text]()
    (tmp_path / "plain").write_bytes(content)
    (tmp_path / "led").write_bytes(lead + content)
    plain = ingest.decode(tmp_path / "plain")
    for size in (7, 1000, 1 << 20):
        led = ingest.decode(tmp_path / "led", block_bytes=size)
        assert led.reader == plain.reader
        assert led.ledger.adds_up
        assert led.ledger.skipped[0] == (0, len(lead), "before the first line")
        assert led.ledger.bytes_accepted == plain.ledger.bytes_accepted
        assert [span._replace(offset=span.offset + len(lead)) for span in plain.ledger.rejected] == list(
            led.ledger.rejected
        )
        for stream, dataset in plain.streams.items():
            places = led.streams[stream]["source_offset"].values
            np.testing.assert_array_equal(places, dataset["source_offset"].values + len(lead))
            moved = led.streams[stream].assign_coords(source_offset=dataset["source_offset"])
            assert same_values(dataset, moved)
            assert moved.attrs == dataset.attrs


def test_the_same_inside_an_archive(tmp_path):
    content = pro_oceanus_file(5)
    (tmp_path / "pco2a.log.gz").write_bytes(gzip.compress(MARK + content))
    decoded = ingest.decode(tmp_path / "pco2a.log.gz")
    assert decoded.streams["water"].sizes["time"] == 5
    assert decoded.streams["water"]["source_offset"].values[0] == len(MARK)


def test_declared_text_keeps_its_own_rule(tmp_path):
    content = dict(made_declared())["own_logger.txt"]
    (tmp_path / "own_logger.txt").write_bytes(MARK + content.removeprefix(MARK))
    (tmp_path / "own_logger.txt.format.yaml").write_bytes(BESIDE["own_logger.txt"])
    assert ingest.decode(tmp_path / "own_logger.txt").ledger.skipped[:1] != ((0, 3, "before the first line"),)


@pytest.mark.parametrize("content", [MARK, b"\n\n\n", MARK + b"\r\nno format\n", b"\n\x00\x01\x02"], ids=repr)
def test_nothing_else_is_claimed(tmp_path, content):
    (tmp_path / "raw").write_bytes(content)
    with pytest.raises(UnknownFormatError):
        ingest.decode(tmp_path / "raw")
