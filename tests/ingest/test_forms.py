"""Text of a form: what is found is what a regular expression finds, number for number."""

import re

import numpy as np
import pytest

from ingest.compiled import sealed
from ingest.textual import sio
from ingest.textual.block_kernels import bound_pairs, crc
from ingest.textual.forms import SPACES, Where, characters, digits, find, fixed, form, hex_pairs, literal, number

LINE = form(digits(4, 4), literal(b"\t"), digits(1, 6), literal(b"\t"), number(9, 6), literal(b"\t"), number(3))
PATTERN = re.compile(rb"(\d{4})\t(\d{1,6})\t(-?\d{1,9}(?:\.\d{1,6})?)\t(-?\d{1,3})(?=[\r\n]|$)")
HEX = re.compile(rb"\*((?:[0-9A-Fa-f]{2})+)")


def _texts(seed):
    """Lines of the form, whole and damaged, and what is none."""
    generator = np.random.default_rng(seed)
    texts = []
    for _ in range(300):
        line = b"x4330\t12\t%.3f\t-7\r\n*AB%d\n4831\t9\t-0.0\t12"
        text = bytearray(line % (generator.normal() * 99, generator.integers(99)))
        for place in generator.integers(0, len(text), generator.integers(0, 3)):
            text[place] = generator.choice(list(b"0179.-+\t\n\r*Fg "))
        texts.append(bytes(text))
    return texts


@pytest.mark.parametrize("seed", range(3))
def test_search_finds_what_the_pattern_does(seed):
    texts = _texts(seed)
    stop = np.cumsum([len(text) for text in texts])
    start = stop - [len(text) for text in texts]
    buffer = np.frombuffer(b"".join(texts), dtype=np.uint8)
    found = find(buffer, start, stop, LINE, Where.LINE_END)
    wanted = [(row, match) for row, text in enumerate(texts) for match in PATTERN.finditer(text)]
    assert len(wanted) > 100
    assert found.row.tolist() == [row for row, _ in wanted]
    assert (found.start - start[found.row]).tolist() == [match.start() for _, match in wanted]
    values = [[float(match[group]) for _, match in wanted] for group in range(1, 5)]
    assert found.value.tobytes() == np.array(values).tobytes()
    found = find(buffer, start, stop, form(literal(b"*"), hex_pairs()), Where.ANYWHERE)
    wanted = [(row, match) for row, text in enumerate(texts) for match in HEX.finditer(text)]
    assert found.row.tolist() == [row for row, _ in wanted]
    assert (found.text_stop[0] - start[found.row]).tolist() == [match.end(1) for _, match in wanted]


def test_whole_stretches_and_chains():
    buffer = np.frombuffer(b"12 34 5x67 ", dtype=np.uint8)
    part = form(digits(1, 2), characters(SPACES))
    chain = find(buffer, np.array([0]), np.array([11]), part, Where.CHAIN)
    assert chain.value.tolist() == [[12.0, 34.0, 5.0]]
    whole = find(buffer, np.array([0, 0, 8]), np.array([3, 6, 11]), part, Where.WHOLE)
    assert (whole.row.tolist(), whole.value.tolist()) == ([0, 2], [[12.0, 67.0]])


def test_more_matches_than_stretches():
    text = b"12,345,6," * 1000
    part = form(digits(1, 3), literal(b","))
    for where in (Where.ANYWHERE, Where.CHAIN):
        found = find(
            np.frombuffer(text + text, dtype=np.uint8), np.array([0, 9000]), np.array([9000, 18000]), part, where
        )
        assert found.value.tolist() == [[12.0, 345.0, 6.0] * 2000]
        assert found.row.tolist() == [0] * 3000 + [1] * 3000
        assert (found.start[1:] == found.stop[:-1]).all()
    nowhere = find(np.frombuffer(text, dtype=np.uint8), np.empty(0, np.int64), np.empty(0, np.int64), part, Where.WHOLE)
    assert nowhere.row.size == nowhere.value.size == 0


@pytest.mark.parametrize(
    ("text", "value"),
    [(b"-1.25", -1.25), (b"-0.00", -0.0), (b"12.34", 12.34), (b"123.45", None), (b"1.2", None), (b"1.234", None),
     (b"1.", None), (b"1", None), (b".25", None), (b"-.25", None), (b"1,25", None), (b"--1.25", None),
     (b"  -1.25", -1.25), (b"- 1.25", None), (b"   ", None), (b"  12", None)],
)  # fmt: skip
def test_numbers_of_so_many_decimals(text, value):
    found = find(
        np.frombuffer(text, dtype=np.uint8), np.array([0]), np.array([len(text)]), form(fixed(2, 2)), Where.WHOLE
    )
    wanted = np.array([[] if value is None else [value]])
    assert found.value.tobytes() == wanted.tobytes()


def test_checksum_of_blocks_by_eight_bytes_at_a_time():
    data = np.random.default_rng(4).integers(0, 256, 100, dtype=np.uint8)
    for stop in range(100):
        assert crc(sealed(data), 3, max(stop, 3)) == sio.checksum(data[3:stop].tobytes())


@pytest.mark.parametrize("seed", range(3))
def test_pairs_of_digits_that_fill_a_stretch(seed):
    generator = np.random.default_rng(seed)
    texts = [bytes(generator.choice(list(b"09aFAG \t\r"), size).tolist()) for size in generator.integers(0, 6, 500)]
    texts += [b"C22704CF8F37A3\r", b"C22704CF8F37A3 \x00", b"\x0c", b"AB\x0b\x0c", b"AB\x1c"]
    stop = np.cumsum([len(text) for text in texts])
    start = stop - [len(text) for text in texts]
    bounds = bound_pairs(sealed(np.frombuffer(b"".join(texts), np.uint8)), start, stop)
    pattern = re.compile(rb"((?:[0-9A-Fa-f]{2})+)\s*")
    matches = [pattern.fullmatch(text) for text in texts]
    wanted = [(at, at + match.end(1)) if match else (0, 0) for at, match in zip(start.tolist(), matches, strict=True)]
    assert bounds.T.tolist() == [list(pair) for pair in wanted]
    assert 20 < sum(match is not None for match in matches) < 480
