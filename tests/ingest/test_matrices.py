"""Records as rows, their fields, and the memory they are copied into."""

import platform
import subprocess
import sys

import numpy as np
import pytest

from ingest import pages
from ingest.binary.checksums import eights
from ingest.binary.matrices import Place, agree, packed, rows, small_fields

LENGTH = 21


@pytest.fixture
def block():
    """Forty records of 21 bytes, all the same, with other bytes before, between some, and behind."""
    record = bytes(range(50, 50 + LENGTH))
    return bytearray(b"\1\2\3" + record * 30 + b"\4" + record * 10 + b"\5")


START = np.concatenate([3 + LENGTH * np.arange(30), 4 + LENGTH * np.arange(30, 40)])


def test_records_agree_in_the_bits_that_count(block):
    everything = np.full(LENGTH, 0xFF, np.uint8)
    assert agree(eights(bytes(block)), START, everything)
    for row in (0, 1, 29, 30, 39):
        for place in (0, 7, 8, 12, 13, LENGTH - 1):
            other = bytearray(block)
            other[START[row] + place] ^= 0x10
            assert not agree(eights(bytes(other)), START, everything)
            blind = everything.copy()
            blind[place] = 0xEF
            assert agree(eights(bytes(other)), START, blind)
    assert agree(eights(bytes(block)), START[:1], everything)
    assert agree(eights(bytes(range(256))), np.array([0, 100]), np.zeros(LENGTH, np.uint8))


def test_fields_are_the_same_wherever_records_stand(block):
    buffer = np.frombuffer(bytes(block), np.uint8)
    places = {
        "word": Place(1, np.dtype("<u2"), ()),
        "pair": Place(5, np.dtype("<i2"), (2,)),
        "last": Place(20, np.dtype("u1"), ()),
    }
    wanted = {"word": [0x3433], "pair": [[0x3837, 0x3A39]], "last": [70]}
    for start in (START, START[:30], START[::2], START[5:6]):
        found = small_fields(buffer, start, places)
        assert {name: values.tolist() for name, values in found.items()} == {
            name: value * start.size for name, value in wanted.items()
        }
        assert not any(np.shares_memory(values, buffer) for values in found.values())
    assert small_fields(buffer, START, {}) == {}


def test_far_fields_are_not_copied_with_what_lies_between():
    buffer = np.arange(3000, dtype=np.uint16).view(np.uint8)
    places = {name: Place(at, np.dtype("<u2"), ()) for name, at in (("near", 2), ("next", 40), ("far", 900))}
    start = np.array([0, 1000, 3000])
    found = small_fields(buffer, start, places)
    assert {name: values.tolist() for name, values in found.items()} == {
        "near": [1, 501, 1501], "next": [20, 520, 1520], "far": [450, 950, 1950],
    }  # fmt: skip
    assert found["near"].base is not None
    assert np.shares_memory(found["near"].base, found["next"].base)
    assert sum(values.nbytes for values in {id(one.base): one.base for one in found.values()}.values()) < 3 * 50


def test_rows_one_behind_the_other():
    buffer = np.arange(100, dtype=np.uint8)
    view = rows(buffer, np.array([1, 11, 21]), 3)
    assert packed(view).tolist() == [[1, 2, 3], [11, 12, 13], [21, 22, 23]]
    assert packed(view).flags.c_contiguous
    assert packed(view).flags.writeable
    assert rows(buffer, np.array([97, 5, 40]), 3).tolist() == [[97, 98, 99], [5, 6, 7], [40, 41, 42]]


@pytest.mark.parametrize("shape", [0, 7, (3, 0), (5, 7), pages.PAGE_BYTES // 8, (2, pages.PAGE_BYTES), (3, 100_003)])
def test_large_arrays_begin_with_a_page(shape):
    array = pages.empty(shape, "<f8")
    assert array.shape == (shape if isinstance(shape, tuple) else (shape,))
    assert array.dtype == np.float64
    assert array.flags.c_contiguous
    assert array.flags.writeable
    if array.nbytes >= pages.PAGE_BYTES:
        assert array.ctypes.data % pages.PAGE_BYTES == 0
    array[...] = 1.5
    assert (array == 1.5).all()
    assert pages.empty(3, "datetime64[us]").dtype == "datetime64[us]"


_ROUNDS = """
import resource
import numpy as np
from ingest import pages
if {reused}:
    pages.reuse()
for _ in range(4):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    held = [np.ones(size, np.uint8) for size in (25_000_000, 16_000_000, *[2_000_000] * 7)]
    del held
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's way of giving memory back is known")
def test_memory_of_one_file_serves_the_next():
    """What a file of 21 MB takes is not taken from the system anew for each file."""
    anew, again = (
        int(subprocess.check_output([sys.executable, "-c", _ROUNDS.format(reused=reused)])) for reused in (False, True)
    )
    assert again < 100 < anew


@pytest.mark.parametrize("count", [0, 1, 7, pages.PAGE_BYTES // 8])
def test_arrays_in_one_piece_do_not_touch_each_other(count):
    arrays = pages.together((count, "<f8"), ((count, 3), "<f4"), (6 * count + 2, "u1"), (count, "<i4"))
    assert [(array.shape, array.dtype.str) for array in arrays] == [
        ((count,), "<f8"), ((count, 3), "<f4"), ((6 * count + 2,), "|u1"), ((count,), "<i4"),
    ]  # fmt: skip
    assert all(array.ctypes.data % 8 == 0 and array.flags.writeable for array in arrays if array.size)
    for number, array in enumerate(arrays):
        array[...] = number
    assert all((array == number).all() for number, array in enumerate(arrays))
