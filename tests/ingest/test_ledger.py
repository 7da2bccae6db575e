"""Spans of a ledger many at a time: the account of entering them one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.drive import Drive
from ingest.ledger import LedgerBuilder, Span, bounds, make_spans
from ingest.reader import Reader, Records

_STEPS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.sampled_from("ab")), min_size=70, max_size=80)


def _one_by_one(spans):
    whole = []
    for offset, length, reason in spans:
        if whole and whole[-1][2] == reason and whole[-1][0] + whole[-1][1] == offset:
            whole[-1] = (whole[-1][0], whole[-1][1] + length, reason)
        elif length:
            whole.append((offset, length, reason))
    return whole


@settings(max_examples=200, deadline=None)
@given(_STEPS, st.sampled_from(["any", "apart", "apart, none empty"]), st.sampled_from([1, 7, 33, 35]))
def test_neighbours_of_one_reason_are_one_span(steps, kind, block):
    spans, at = [], 0
    for number, (gap, length, reason) in enumerate(steps):
        # Where none of a block is to be joined they are entered at one go; the first still may join what was before.
        lies_apart = Span(at + (number % block > 0), length + (kind != "apart"), "a")
        spans.append(Span(at + gap, length, reason) if kind == "any" else lies_apart)
        at = spans[-1].offset + spans[-1].length
    account = LedgerBuilder()
    for start in range(0, len(spans), block):
        account.add(0, (), spans[start : start + block])
    assert account.rejected == _one_by_one(spans)
    assert all(type(span) is Span for span in account.rejected)


def test_many_are_as_one_by_one():
    made = make_spans([1, 5], [2, 3], ["a", "b"])
    assert made == (Span(1, 2, "a"), Span(5, 3, "b"))
    assert [type(span) for span in made] == [Span, Span]
    assert [column.tolist() for column in bounds(made)] == [[1, 5], [2, 3]]
    assert [column.size for column in bounds(())] == [0, 0]


@pytest.mark.parametrize(("spans", "accepted"), [
    ((Span(11, 2, "a"), Span(18, 4, "b")), 5), ((Span(12, -1, "a"),), 12), ((Span(9, 5, "a"),), 6), ((), 10),
])  # fmt: skip
def test_a_reader_that_miscounts_is_named(spans, accepted):
    """Of eleven bytes from the tenth on."""

    def parse(block, offset, state):
        found = Records(rejected=spans, accepted=accepted) if offset else Records(accepted=10)
        return found, len(block) if offset else 10, None

    reader = Reader("wrong", 1, lambda head, name: True, parse, parse, lambda *_: {})
    with pytest.raises(RuntimeError, match="'wrong' miscounts: at byte 10"):
        list(Drive(reader, "file", None).blocks(iter([bytes(10), bytes(10) + bytes(1)])))


def test_spans_hold_plain_numbers():
    account = LedgerBuilder()
    account.add(0, (), make_spans(np.arange(0, 80, 2).tolist(), [1] * 40, ["a"] * 40))
    assert {type(value) for span in account.rejected for value in span} == {int, str}
