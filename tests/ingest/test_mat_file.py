"""Level-5 MAT files: what SciPy writes is read back, and bytes made here for what SciPy does not write."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from ingest.containers.mat_file import MOST_BYTES, Matrix, cells, column, fields, first_variable, numbers, rows
from ingest.errors import DecodeError

CELL, STRUCT, CHAR, DOUBLE, SINGLE, INT16 = 1, 2, 4, 6, 7, 10
LOGICAL, COMPLEX = 0x0200, 0x0800


def element(kind: int, data: bytes, order: str = "<", *, small: bool = False) -> bytes:
    if small:
        return struct.pack(order + "I", len(data) << 16 | kind) + data.ljust(4, b"\0")
    return struct.pack(order + "II", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(kind: int, shape: tuple[int, ...], *content: bytes, order: str = "<", name: bytes = b"") -> bytes:
    about = element(6, struct.pack(order + "II", kind, 0), order)
    lengths = element(5, struct.pack(f"{order}{len(shape)}i", *shape), order)
    return element(14, about + lengths + element(1, name, order) + b"".join(content), order)


def mat(body: bytes, order: str = "<", *, packed: bool = False) -> bytes:
    """A file of one variable."""
    if packed:
        body = zlib.compress(body)
        body = struct.pack(order + "II", 15, len(body)) + body
    end = b"\0\1IM" if order == "<" else b"\1\0MI"
    return b"MATLAB 5.0 MAT-file, made".ljust(124) + end + body


def first(body: bytes, order: str = "<", **how: bool) -> Matrix:
    return first_variable(mat(body, order, **how))[0]


def written(value: Any, *, packed: bool) -> Matrix:
    buffer = io.BytesIO()
    savemat(buffer, {"RBR": value}, do_compression=packed, long_field_names=True)
    content = buffer.getvalue()
    found, stop = first_variable(content)
    assert (found.name, stop) == ("RBR", len(content))
    return found


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
class TestWrittenBySciPy:
    @pytest.mark.parametrize("dtype", ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?"])
    @pytest.mark.parametrize("shape", [(3, 4), (1, 1), (5, 1), (2, 3, 4), (0, 3)])
    def test_numbers(self, dtype: str, shape: tuple[int, ...], packed: bool):
        given = (np.random.default_rng(5).normal(0, 3, shape) ** 2 * 9).astype(dtype)
        found = numbers(written(given, packed=packed))
        assert (found.dtype, found.shape) == (given.dtype, shape)
        np.testing.assert_array_equal(found, given)

    def test_text(self, packed: bool):
        assert rows(written("Grüße µ€", packed=packed)) == ["Grüße µ€"]
        assert rows(written(np.array(["one", "three"]), packed=packed)) == ["one  ", "three"]
        assert rows(written("", packed=packed)) == []

    def test_cells_and_structs(self, packed: bool):
        table = np.array([["TIM", 2.0], ["°C", np.array([1.0, 2.0])]], object)
        held = fields(written({"table": table, "inner": {"a_name_of_more_than_thirty_letters": 3.0}}, packed=packed))
        one, two, three, four = cells(held["table"])  # column by column
        assert held["table"].shape == (2, 2)
        assert (rows(one), rows(two), numbers(three).tolist()) == (["TIM"], ["°C"], [[2.0]])
        assert numbers(four).tolist() == [[1.0, 2.0]]
        assert numbers(fields(held["inner"])["a_name_of_more_than_thirty_letters"]).tolist() == [[3.0]]

    @pytest.mark.parametrize(
        "given", [["10:00", "9:00 "], ["10:00", "9:00 ", ""], ["10:00", "°C"]], ids=["ascii", "none", "other"]
    )
    def test_columns_of_texts(self, given: list[str], packed: bool):
        buffer, start, stop = column(written(np.array(given, object).reshape(-1, 1), packed=packed))
        found = [buffer[a:b].tobytes().decode() for a, b in zip(start, stop, strict=True)]
        assert found == [text.rstrip().replace("°", "?") for text in given]

    def test_rows_of_characters_are_a_column(self, packed: bool):
        buffer, start, stop = column(written(np.array(["10:00:00", "9:00:00"]), packed=packed))
        assert [buffer[a:b].tobytes() for a, b in zip(start, stop, strict=True)] == [b"10:00:00", b"9:00:00"]


@pytest.mark.parametrize("order", ["<", ">"])
class TestMadeHere:
    def test_numbers_are_stored_in_the_smallest_type(self, order: str):
        for stored, dtype in ((2, "u1"), (3, "i2"), (4, "u2"), (5, "i4"), (7, "f4")):
            data = element(stored, np.array([1, 2, 3, 200 if dtype == "u1" else 300], order + dtype).tobytes(), order)
            found = numbers(first(matrix(DOUBLE, (2, 2), data, order=order), order, packed=stored > 3))
            assert found.dtype == np.float64
            assert found.ravel(order="F").tolist()[:3] == [1.0, 2.0, 3.0]
            assert found.flags.f_contiguous

    def test_small_elements(self, order: str):
        data = element(4, np.array([7, 8], order + "u2").tobytes(), order, small=True)
        assert numbers(first(matrix(DOUBLE, (1, 2), data, order=order), order)).tolist() == [[7.0, 8.0]]

    @pytest.mark.parametrize(
        ("kind", "codec"), [(4, "utf-16"), (17, "utf-16"), (18, "utf-32"), (16, "utf-8"), (2, "latin-1")]
    )
    def test_texts_of_any_width(self, kind: int, codec: str, order: str):
        wide = f"{codec}-{'le' if order == '<' else 'be'}" if codec[-1] in "62" else codec
        data = element(kind, "é1ab°2".encode(wide), order)
        assert rows(first(matrix(CHAR, (2, 3), data, order=order), order)) == ["éa°", "1b2"]
        one = matrix(CHAR, (1, 6), data, order=order)
        buffer, start, stop = column(first(matrix(CELL, (2, 1), one, one, order=order), order, packed=True))
        assert [buffer[a:b].tobytes() for a, b in zip(start, stop, strict=True)] == [b"?1ab?2"] * 2

    def test_an_empty_array_may_be_nothing_but_a_tag(self, order: str):
        found = cells(first(matrix(CELL, (1, 2), element(14, b"", order), element(14, b"", order), order=order), order))
        assert [numbers(one).size for one in found] == [0, 0]


def _double(*values: float) -> bytes:
    return element(9, np.array(values, "<f8").tobytes())


REFUSED = [
    (b"", "needs 8 bytes, 0 are left"),
    (matrix(DOUBLE, (1, 2), _double(1, 2))[:-1], "an element of 64 bytes, 63 are left"),
    (matrix(DOUBLE, (1, 3), _double(1, 2)), "16 bytes for numbers of shape"),
    (matrix(DOUBLE, (1, 1), element(20, bytes(8))), "stored as type 20"),
    (matrix(INT16, (1, 1), _double(1)), "class int16 are stored as type 9"),
    (matrix(DOUBLE | LOGICAL, (1, 1), element(99, bytes(8))), "class bool are stored as type 99"),
    (matrix(DOUBLE | COMPLEX, (1, 1), _double(1), _double(1)), "complex"),
    (matrix(DOUBLE, (-1, 2), _double(1)), "an array of shape"),
    (matrix(DOUBLE, (0, 2**31 - 1, 2**31 - 1), _double()), "an array of shape"),
    (matrix(DOUBLE, (1,) * 33, _double(1)), "an array of shape"),
    (matrix(CHAR, (1, 3), element(1, b"abc")), "text was found, numbers expected"),
    (matrix(77, (1, 3)), "an array of class 77 was found"),
    (element(5, bytes(8)), "an element of type 5, an array was expected"),
    (element(14, element(6, bytes(4)) * 3), "without class and shape"),
    (struct.pack("<I", 5 << 16 | 14) + bytes(4), "a small element of 5 bytes"),
]


@pytest.mark.parametrize(("body", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_is_wrong_with_numbers_is_said(body: bytes, words: str):
    with pytest.raises(DecodeError, match=words) as caught:
        numbers(first(body))
    assert caught.value.offset is not None
    assert caught.value.offset >= 126


@pytest.mark.parametrize(("read", "body", "words"), [
    (cells, matrix(CELL, (1000, 1000)), "1000000 arrays in 0 bytes"),
    (cells, matrix(CELL, (1, 2), _double(1, 2)), "an array was expected"),
    (fields, matrix(STRUCT, (1, 2)), "an array of 2 structs"),
    (fields, matrix(STRUCT, (1, 1), element(5, bytes(4), small=True), element(1, b"name")), "names of 0 letters"),
    (fields, matrix(STRUCT, (1, 1), element(5, b"\5\0\0\0", small=True), element(1, b"name")), "names of 5 letters"),
    (fields, matrix(STRUCT, (1, 1), element(5, b"\1\0\0\0", small=True), element(1, bytes(8))), "8 arrays in 0 bytes"),
    (rows, matrix(CHAR, (2, 2), element(16, b"abc")), "3 characters for text of shape"),
    (rows, matrix(CHAR, (1, 2), element(16, b"abc")), "3 characters for text of shape"),
    (rows, matrix(CHAR, (1, 1, 1), element(16, b"a")), "is stored as type 16"),
    (rows, matrix(CHAR, (1, 1), element(9, bytes(8))), "is stored as type 9"),
    (column, matrix(CELL, (1, 1), matrix(DOUBLE, (1, 1), _double(1))), "numbers was found, text expected"),
    (column, matrix(CELL, (1, 1), matrix(CHAR, (1, 2), element(1, b"abc"))), "3 characters for text of shape"),
    (column, matrix(CELL, (9, 9)), "81 arrays in 0 bytes"),
    (column, matrix(DOUBLE, (1, 1), _double(1)), "numbers was found, text expected"),
])  # fmt: skip
def test_what_is_wrong_inside_is_said(read, body: bytes, words: str):
    for packed in (False, True):
        with pytest.raises(DecodeError, match=words):
            read(first(body, packed=packed))


@pytest.mark.parametrize(("kind", "stored"), [(DOUBLE, 7), (SINGLE, 7), (DOUBLE, 9)])
def test_signalling_nan_is_nan_without_a_warning(kind: int, stored: int):
    bits = np.array([0x7FA00000], "<u4") if stored == 7 else np.array([0x7FF4 << 48], "<u8")
    found = numbers(first(matrix(kind, (1, 1), element(stored, bits.tobytes()))))
    assert np.isnan(found.astype(np.float64) * 2).all()


def test_a_place_inside_a_packed_variable_is_told_by_both():
    with pytest.raises(DecodeError, match=r"byte 128: .* at byte 48 of what is packed here"):
        numbers(first(matrix(DOUBLE, (1, 3), _double(1, 2)), packed=True))


def test_a_bomb_is_not_unpacked():
    for size in (MOST_BYTES + 8, 300 * 1024**2):
        packed = zlib.compress(struct.pack("<II", 14, size) + bytes(1000))
        with pytest.raises(DecodeError, match=f"unpack to {size}"):
            first_variable(mat(struct.pack("<II", 15, len(packed)) + packed))


@pytest.mark.parametrize(("change", "words"), [
    (lambda packed: packed[:-1], "or is cut"),
    (lambda packed: packed[:-4] + b"\0\0\0\0", "incorrect data check"),
    (lambda packed: zlib.compress(zlib.decompress(packed) + b"\0"), "holds more than 72 bytes"),
    (lambda packed: zlib.compress(zlib.decompress(packed)[:-1]), "71 of 72 bytes, or is cut"),
    (lambda packed: zlib.compress(b"abc"), "holds no array"),
    (lambda packed: b"abcdefgh", "is damaged"),
])  # fmt: skip
def test_damage_of_what_is_packed_is_found(change, words: str):
    packed = change(zlib.compress(matrix(DOUBLE, (1, 2), _double(1, 2))))
    with pytest.raises(DecodeError, match=words) as caught:
        first_variable(mat(struct.pack("<II", 15, len(packed)) + packed))
    assert caught.value.offset == 128


def test_an_unknown_order_of_bytes_is_said():
    with pytest.raises(DecodeError, match="IM or MI"):
        first_variable(mat(b"").replace(b"IM", b"IN"))
