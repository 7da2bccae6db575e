"""Spans in arrays are those that came one by one, whoever asks."""

import pickle

import numpy as np
import pytest

from ingest.drive import Drive
from ingest.ledger import NO_SPANS, Ledger, LedgerBuilder, Span, Spans
from ingest.reader import Reader, Records


def _spans(count, seed=1):
    """Spans in file order, some neighbours of the one before, some of them of its reason, some of no bytes."""
    generator = np.random.default_rng(seed)
    length = generator.integers(0, 3, count)
    gap = generator.integers(0, 2, count)
    offset = np.cumsum(gap + length) - length
    reasons = [("noise", "cut", "blank line")[number] for number in generator.integers(0, 3, count)]
    return tuple(map(Span, offset.tolist(), length.tolist(), reasons))


def _merged(spans):
    """What a ledger keeps of them, reckoned one by one."""
    kept = []
    for span in spans:
        if kept and kept[-1].reason == span.reason and sum(kept[-1][:2]) == span.offset:
            kept[-1] = kept[-1]._replace(length=kept[-1].length + span.length)
        elif span.length:
            kept.append(span)
    return tuple(kept)


def test_arrays_read_as_the_spans_they_hold():
    spans = _spans(50)
    held = Spans.of(spans)
    assert (held == spans, spans == held, held != spans[:-1], held == "text") == (True, True, True, False)
    assert (len(held), held[3], held[-1], held[4:9], tuple(held)) == (50, spans[3], spans[-1], spans[4:9], spans)
    assert (hash(held), repr(held)) == (hash(spans), repr(spans))
    assert pickle.loads(pickle.dumps(held)) == held
    assert held.total == sum(span.length for span in spans)
    assert type(held[3].offset) is int, "what is written as JSON"
    assert Spans.of(()) == () == NO_SPANS
    with pytest.raises(IndexError):
        held[50]


def test_parts_with_reasons_of_their_own_are_joined_and_ordered():
    spans = _spans(80)
    other = [span._replace(offset=span.offset + 1000, reason=span.reason[::-1]) for span in spans]
    joined = Spans.joined((Spans.of(other), NO_SPANS, Spans.of(spans)))
    assert joined == (*other, *spans)
    # Those of no bytes may start where the next one does.
    assert [span.offset for span in joined.in_order()] == sorted(span.offset for span in joined)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [1, 7, 1500, 5000])
def test_neighbours_become_one_for_any_block_size(size, seed):
    spans = _spans(5000, seed)
    account = LedgerBuilder()
    for start in range(0, len(spans), size):
        part = spans[start : start + size]
        account.add(1, part if start % 2 else Spans.of(part), part)
    ledger = account.build(10**6, None)
    assert tuple(ledger.skipped) == tuple(ledger.rejected) == _merged(spans)
    assert ledger.bytes_skipped == sum(span.length for span in spans)


def test_a_ledger_of_tuples_is_that_of_arrays():
    spans = _spans(9)
    size = 2 * sum(span.length for span in spans) + 5
    assert Ledger(size, 5, spans, spans) == Ledger(size, 5, Spans.of(spans), Spans.of(spans))
    assert Ledger(size, 5, spans, Spans.of(spans)).adds_up
    assert not Ledger(size, 6, spans, spans).adds_up


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
