"""Time of a reader of text is proportional to the bytes, whatever they are: nothing is gone through again and again."""

import gc
import time

import numpy as np
import pytest

import ingest
from ingest.reader import HEAD_BYTES
from tests.ingest.conftest import samples

SMALL, LARGE = 200_000, 10_000_000  # bytes: in `make test`, in `make soak`
EIGHTH = 8
MOST = 3  # times the share that would be exact: what is quadratic takes eight times as long
NOTHING = 0.02  # seconds: below, a measured time says nothing
KEPT = 20_000  # bytes of the real file before the noise: its header and first records


def _random(size):
    return np.random.default_rng(7).integers(0, 256, size, dtype=np.uint8).tobytes()


def _separators(size):
    return np.frombuffer(b",\t; ", dtype=np.uint8)[np.random.default_rng(8).integers(0, 4, size)].tobytes()


def _digits(size):
    return np.random.default_rng(9).integers(ord("0"), ord("9") + 1, size, dtype=np.uint8).tobytes()


NOISE = {
    "random bytes": _random,
    "one endless line": lambda size: b"A" * size,
    "line feeds": lambda size: b"\n" * size,
    "separators": _separators,
    "digits": _digits,
    "short lines": lambda size: (b"12.5, \n" * (size // 7 + 1))[:size],
    "stamps": lambda size: (b"2016/12/31 00:00:01.500 [x:y]:#\n" * (size // 32 + 1))[:size],
}


def _is_text(content):
    head = np.frombuffer(content[:4096], dtype=np.uint8)
    return bool(np.isin(head, np.frombuffer(bytes(range(32, 127)) + b"\t\r\n", dtype=np.uint8)).mean() > 0.95)


def _texts():
    """One sample of each reader that goes through text block by block."""
    readers = ingest.discover()
    blocks = {name for name, reader in readers.items() if reader.whole is None and reader.beside is None}
    found = {one.reader: one for one in reversed(samples()) if one.reader in blocks}
    return [pytest.param(one, id=name) for name, one in sorted(found.items()) if _is_text(one.content)]


def _seconds(reader, block):
    """CPU time of parsing a block and what is left of it, as at the end of a file; the best of two."""
    best = float("inf")
    gc.disable()  # what it costs hangs on all that other tests have left
    try:
        for _ in range(2):
            begin = time.process_time()
            _, consumed, state = reader.parse(block, 0, None)
            reader.finish(block[consumed:], consumed, state)
            best = min(best, time.process_time() - begin)
    finally:
        gc.enable()
    return best


@pytest.mark.parametrize("size", [SMALL, pytest.param(LARGE, marks=pytest.mark.soak)])
@pytest.mark.parametrize("sample", _texts())
def test_time_grows_as_the_bytes_do(sample, size):
    reader = ingest.discover()[sample.reader]
    start = sample.content[:KEPT]
    _seconds(reader, start.ljust(HEAD_BYTES))  # compiles
    for name, noise in NOISE.items():
        whole = noise(size)
        few = _seconds(reader, start + whole[: size // EIGHTH])
        many = _seconds(reader, start + whole)
        assert many < MOST * EIGHTH * max(few, NOTHING), f"{name}: {few:.3f} s, eight times as much {many:.3f} s"


def _recognising(head, name):
    """CPU time that all readers take to look at the head of a file; the best of two."""
    best = float("inf")
    for _ in range(2):
        begin = time.process_time()
        for reader in ingest.discover().values():
            reader.sniff(head, name)
        best = min(best, time.process_time() - begin)
    return best


@pytest.mark.parametrize("noise", [*NOISE, "blanks"])
def test_time_to_recognise_a_file_grows_as_its_head_does(noise):
    fill = NOISE.get(noise, lambda size: b" " * size)(HEAD_BYTES)
    for sample in (one.values[0] for one in _texts()):
        start = sample.content[:4000]  # cut within a line: what stands there begins like a record
        _recognising(start, sample.name)
        few = _recognising((start + fill)[: HEAD_BYTES // EIGHTH], sample.name)
        many = _recognising((start + fill)[:HEAD_BYTES], sample.name)
        took = f"{sample.reader}: {few:.3f} s, eight times as much {many:.3f} s"
        assert many < MOST * EIGHTH * max(few, NOTHING), took
