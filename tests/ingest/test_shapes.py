"""Texts that differ in digits only stand together, however long they are and wherever they start."""

import re

import numpy as np
import pytest

from ingest import text
from ingest.text import group_alike


def _groups(texts, before=b""):
    buffer = np.frombuffer(before + b"".join(texts), dtype=np.uint8)
    stop = len(before) + np.cumsum([len(one) for one in texts])
    return [group.tolist() for group in group_alike(buffer, stop - [len(one) for one in texts], stop)]


def _by_shape(texts):
    shaped = [re.sub(rb"[0-9]", b"0", one) for one in texts]
    return [[row for row, one in enumerate(shaped) if one == shape] for shape in dict.fromkeys(shaped)]


@pytest.mark.parametrize("size", [*range(1, 26), 64, 65])
def test_every_byte_counts_and_every_digit_is_as_good(size):
    base = bytes(range(32, 32 + size)) if size < 26 else b"2014/05/07 00:57:09.288 [pco2w1:DLOGP5]:Idle" * 2
    base = base[:size]
    texts = [base]
    for place in range(size):
        texts += [base[:place] + bytes([other]) + base[place + 1 :] for other in b"0189/:\x00\x80\xb0\xb9 A"]
    for before in (b"", b"x", b"abcdefg"):
        assert _groups(texts, before) == _by_shape(texts)


def test_every_pair_of_bytes_is_alike_only_as_digits():
    for size in (1, 9):
        texts = [b"-" * (size - 1) + bytes([byte]) for byte in range(256)]
        assert _groups(texts) == _by_shape(texts)
        assert len(_groups(texts)) == 256 - 9


def test_more_groups_than_are_remembered(monkeypatch):
    monkeypatch.setattr(text, "_SHORT", 300)
    texts = [b"%s%d" % (bytes([97 + n // 676 % 26, 97 + n // 26 % 26, 97 + n % 26]), n % 7) for n in range(5000)]
    assert _groups(texts) == _by_shape(texts)
    assert _groups(texts[:200] * 2) == _by_shape(texts[:200] * 2)


def test_none_and_little():
    assert _groups([]) == []
    assert _groups([b"1"]) == [[0]]
    assert _groups([b"", b""]) == [[0, 1]]
