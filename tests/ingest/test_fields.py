"""Numbers, fields and logger stamps: the same as Python's own reading of each text, and nothing where it is none."""

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sea_bird.cnv import read_rows
from ingest.text import group_alike, hex_fields, split_lines
from ingest.textual import dcl, fields

NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)")


def _bounds(texts):
    buffer = np.frombuffer(";".join(texts).encode() + b";", dtype=np.uint8)
    stop = np.flatnonzero(buffer == ord(";"))
    return buffer, np.concatenate(([0], stop[:-1] + 1)), stop


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text("0123456789.-+ e", max_size=18), min_size=1, max_size=20))
def test_numbers_are_those_of_python(texts):
    read = fields.numbers(*_bounds(texts))
    for text, value, valid, decimals in zip(texts, read.value, read.valid, read.decimals, strict=True):
        wanted = NUMBER.fullmatch(text) is not None and sum(map(str.isdigit, text)) <= fields.MOST_DIGITS
        assert valid == wanted, text
        if wanted:
            assert value.tobytes() == np.float64(text).tobytes(), text
            assert decimals == len(text.partition(".")[2])
        else:
            assert value == 0


def test_decimal_comma():
    read = fields.numbers(*_bounds(["1,5", "-0,25", "1.5"]), point=ord(","))
    assert read.value.tolist() == [1.5, -0.25, 0.0]
    assert read.valid.tolist() == [True, True, False]


def test_stretches_with_other_numbers_of_fields_are_left():
    buffer = np.frombuffer(b"1,2,3\n4,5\n6, 7 ,8\n", dtype=np.uint8)
    lines, _ = split_lines(buffer, True)
    found = fields.read_table(buffer, (lines.start, lines.stop), ord(","), 3, blanks=True)
    assert found.row.tolist() == [0, 2]
    assert found.value.T.tolist() == [[1, 2, 3], [6, 7, 8]]
    assert fields.read_table(buffer, (lines.start, lines.stop), ord(","), 2).row.tolist() == [1]


def test_stamps_and_tags():
    lines = [
        b"2016/12/31 23:59:60.125 data",
        b"2016/12/31 00:00:01.5 [o2:DLOGP1]:data",
        b"2016/13/31 00:00:01.500 data",
        b"2016/12/31 00:00:01.500data",
        b"2016/12/31 00:00:01. data",
        b"",
        b"2016/12/31 00:00:02.5",
    ]
    buffer = np.frombuffer(b"\n".join(lines) + b"\n", dtype=np.uint8)
    found, _ = split_lines(buffer, True)
    stamped = dcl.read_stamps(buffer, found)
    assert stamped.stamped.tolist() == [True, True, True, False, False, False, True]
    assert stamped.valid.tolist() == [True, True, False, False, False, False, True]
    assert stamped.tagged.tolist() == [False, True, False, False, False, False, False]
    assert stamped.time[:2].astype(str).tolist() == ["2017-01-01T00:00:00.125000", "2016-12-31T00:00:01.500000"]
    assert [buffer[at : at + 4].tobytes() for at in stamped.payload[:3]] == [b"data"] * 3
    assert stamped.payload[6] == found.stop[6], "nothing behind it"


def test_what_a_logger_writes_itself():
    stamp = b"2016/12/31 00:00:01.500 "
    assert dcl.known_noise(b" \t") == "blank line"
    assert dcl.known_noise(stamp + b"[o2:DLOGP1]:Instrument Started [Power On]") == "logger message"
    assert dcl.known_noise(stamp + b"[o2:DLOGP1]:\xff\x00U33") == "power-on noise"
    assert dcl.known_noise(stamp) == "stamp without data"
    assert dcl.known_noise(stamp.rstrip()) == "stamp without data"
    assert dcl.known_noise(stamp + b"4831\t12") is None


LINES = st.lists(st.text("0123456789.-+ \t,a", max_size=30), min_size=1, max_size=15)


def _stripped(text, most):
    """A field, and how many blanks and tabs stand before it that do not belong to it."""
    before = min(most, len(text) - len(text.lstrip(" \t")))
    text = text[before:]
    return before, text[: len(text) - min(most, len(text) - len(text.rstrip(" \t")))]


def _read(text):
    """A number and its digits behind the point, as Python reads it; 0 and -1 where it is none."""
    if NUMBER.fullmatch(text) is None or sum(map(str.isdigit, text)) > fields.MOST_DIGITS:
        return 0.0, -1
    return float(text), len(text.partition(".")[2])


@settings(max_examples=200, deadline=None)
@given(LINES, st.integers(1, 4), st.booleans())
def test_tables_are_fields_and_numbers_at_one_go(texts, count, blanks):
    buffer, start, stop = _bounds(texts)
    table = fields.read_table(buffer, (start, stop), ord(","), count, texts=(0,), blanks=blanks)
    rows = [row for row, text in enumerate(texts) if text.count(",") == count - 1]
    assert table.row.tolist() == rows
    for place, row in enumerate(rows):
        (before, name), *others = [_stripped(text, 12 if blanks else 0) for text in texts[row].split(",")]
        assert table.width[:, place].tolist() == [len(name), *(len(text) for _, text in others)]
        first = int(start[row]) + before
        assert (table.start[0, place], table.stop[0, place]) == (first, first + len(name))
        read = [_read(text) for _, text in others]
        assert table.value[1:, place].tobytes() == np.array([value for value, _ in read]).tobytes(), texts[row]
        assert table.decimals[1:, place].tolist() == [decimals for _, decimals in read]
        assert table.numeric[place] == all(decimals >= 0 for _, decimals in read)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text("019ab ", max_size=3), max_size=40))
def test_texts_that_differ_in_digits_only_stand_together(texts):
    buffer, start, stop = _bounds([*texts, ""])
    groups = group_alike(buffer, start[: len(texts)], stop[: len(texts)])
    shaped = [re.sub(r"\d", "0", text) for text in texts]
    wanted = {shape: [row for row, one in enumerate(shaped) if one == shape] for shape in shaped}
    assert [group.tolist() for group in groups] == list(wanted.values())


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**15 - 1), st.integers(0, 6), st.sampled_from(["", "e+00", "e-05", "E7", "e-29", "e300"]))
def test_cells_with_exponents_are_those_of_python(whole, after, exponent):
    digits = str(whole).zfill(after + 1)
    text = "-" + digits[: len(digits) - after] + "." + digits[len(digits) - after :] + exponent
    buffer = np.frombuffer(f" {text} 1\n".encode(), dtype=np.uint8)
    lines, _ = split_lines(buffer, True)
    rows = read_rows(buffer, lines, 2)
    assert rows.known.all()
    assert rows.value.tobytes() == np.array([[float(text)], [1.0]]).tobytes()


def test_hexadecimal_fields():
    buffer = np.frombuffer(b"00ff1A 00fg1A", dtype=np.uint8)
    values, valid = hex_fields(buffer, np.array([0, 7]), (4, 2))
    assert values[:, 0].tolist() == [0xFF, 0x1A]
    assert valid.tolist() == [True, False]
