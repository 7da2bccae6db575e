"""Rows of whole numbers: those of a pattern, with the values of Python's own reading."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.text import split_lines
from ingest.textual.fields import read_whole_rows

_ROWS = st.lists(st.text("0123456789-\t", max_size=30), min_size=1, max_size=20)


def _hold(texts, count, digits):
    content = "".join(f"{text}\n" for text in texts).encode()
    buffer = np.frombuffer(content, np.uint8)
    lines, _ = split_lines(buffer, True)
    rows, values = read_whole_rows(buffer, lines.start, lines.stop, ord("\t"), (count, digits))
    number = rf"-?\d{{1,{digits}}}"
    pattern = re.compile(rf"{number}(?:\t{number}){{{count - 1}}}\t?")
    wanted = [row for row, text in enumerate(texts) if pattern.fullmatch(text)]
    assert rows.tolist() == wanted
    assert values.tolist() == [[int(cell) for cell in texts[row].split("\t")[:count]] for row in wanted]
    return len(wanted)


@settings(max_examples=300, deadline=None)
@given(_ROWS, st.integers(1, 4), st.integers(1, 4))
def test_rows_are_those_of_a_pattern(texts, count, digits):
    _hold(texts, count, digits)


@pytest.mark.parametrize(("text", "taken"), [
    ("1\t-20\t3", 1), ("1\t-20\t3\t", 1), ("1\t2", 0), ("1\t2\t", 0), ("1\t2\t3\t4", 0), ("1\t2\t3\t\t", 0),
    ("1\t2\t-", 0), ("1\t2\t--3", 0), ("1\t2\t+3", 0), ("1\t2\t3.", 0), ("1\t2\t3 ", 0), ("\t1\t2\t3", 0),
    ("1\t2\t0000000004", 1), ("1\t2\t00000000004", 0), ("-0\t0\t9999999999", 1),
])  # fmt: skip
def test_a_row_between_others(text, taken):
    assert _hold(["7\t8\t9", text, "", "1\t2\t3"], 3, 10) == 2 + taken
