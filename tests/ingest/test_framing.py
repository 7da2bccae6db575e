"""The search for frames: good ones by form, damage, cuts, any block size. The frames here are PD0's smallest."""

import random
import re

import numpy as np
import pytest

from ingest.binary.checksums import byte_sum, eights, word_sum
from ingest.binary.matrices import alike, rows
from ingest.framing import NO_SYNC, Frames, Framing, Search, find_frames
from ingest.ledger import LedgerBuilder, Span
from ingest.rdi.pd0_framing import RULE

SYNC = b"\x7f\x7f"


def frame(payload: bytes, *, waves: bool = False) -> bytes:
    """12 bytes and the payload: sync word, size, number of data types, and the sum of all."""
    body = (b"\x7f\x79" if waves else SYNC) + (10 + len(payload)).to_bytes(2, "little") + b"\0\1head" + payload
    return body + (sum(body) & 0xFFFF).to_bytes(2, "little")


def promise(size: int) -> bytes:
    """Give the header of a frame of so many bytes."""
    return SYNC + (size - 2).to_bytes(2, "little") + b"\0\1"


def in_blocks(raw: bytes, size: int) -> tuple[list[tuple[int, int]], tuple[Span, ...], tuple[Span, ...]]:
    """Offsets and lengths of all frames, and the ledger's rejected spans, read `size` bytes at a time."""
    account, frames, search, offset, rest = LedgerBuilder(), [], Search(), 0, b""
    for start in range(0, len(raw), size):
        block = rest + raw[start : start + size]
        found = find_frames(block, offset, search, RULE, last=False)
        assert found.wanted == 0 or found.wanted > len(block) - found.consumed
        frames += _enter(found, offset, account)
        search, rest, offset = found.search, block[found.consumed :], offset + found.consumed
    found = find_frames(rest, offset, search, RULE, last=True)
    frames += _enter(found, offset, account)
    assert found.consumed == len(rest)
    ledger = account.build(len(raw), None)
    assert ledger.adds_up
    return sorted(frames), ledger.rejected, ledger.skipped


def _enter(found: Framing, offset: int, account: LedgerBuilder) -> list[tuple[int, int]]:
    account.add(sum(one.start.size * one.length for one in found.frames), (), found.rejected)
    return [(offset + at, one.length) for one in found.frames for at in one.start.tolist()]


def test_frames_of_one_form_are_together_in_file_order():
    raw = (frame(b"payload") * 3 + frame(b"wave", waves=True) + frame(b"longer payload")) * 2000
    found = find_frames(raw, 0, Search(), RULE, last=False)
    assert [(one.kind, one.length, one.start.size) for one in found.frames] == [
        (0x7F, 19, 6000), (0x79, 16, 2000), (0x7F, 26, 2000),
    ]  # fmt: skip
    assert found.frames[0].start[:4].tolist() == [0, 19, 38, 99]
    assert (np.diff(found.frames[1].start) == 99).all()
    assert found.consumed == len(raw)
    assert not found.rejected


def test_more_forms_than_the_first_table_holds():
    raw = b"".join(frame(b"x" * count) * 2 for count in range(50)) + frame(b"x" * 7)
    found = find_frames(raw, 0, Search(), RULE, last=False)
    assert [one.length for one in found.frames] == list(range(12, 62))
    assert [one.start.size for one in found.frames] == [3 if count == 7 else 2 for count in range(50)]
    assert [raw[at : at + 2] for one in found.frames for at in one.start.tolist()] == [SYNC] * 101


@pytest.mark.parametrize("at", [0, 1, 7, 8, 23, 24, 25, 499])
def test_one_bad_checksum_costs_one_frame(at: int):
    raw = bytearray(frame(b"payload") * 500)
    raw[19 * at + 12] ^= 0x10
    frames, rejected, _ = in_blocks(bytes(raw), len(raw))
    assert [offset for offset, _ in frames] == [19 * i for i in range(500) if i != at]
    assert [(span.offset, span.length) for span in rejected] == [(19 * at, 19)]
    assert re.fullmatch(r"checksum is 0x[0-9a-f]{4}, record says 0x[0-9a-f]{4}", rejected[0].reason)


def test_more_damage_than_is_noted_at_once():
    raw = bytearray(frame(b"payload") * 10_000)
    raw[12::19] = b"?" * 10_000
    raw[12 + 19 * 9000] = frame(b"payload")[12]
    frames, rejected, _ = in_blocks(bytes(raw), len(raw))
    assert frames == [(19 * 9000, 19)]
    assert sum(span.length for span in rejected) == 19 * 9999


def test_good_frame_inside_a_claimed_extent_is_found():
    one, two = frame(b"one"), frame(b"two")
    raw = promise(300) + one + two + b"x" * 290
    frames, rejected, _ = in_blocks(raw, len(raw))
    assert [offset for offset, _ in frames] == [6, 6 + len(one)]
    assert rejected[0].offset == 0
    assert "checksum" in rejected[0].reason
    assert rejected[1] == Span(6 + len(one) + len(two), 290, NO_SYNC)


def test_bad_sync_inside_damage_belongs_to_it_and_outside_stands_alone():
    inside = promise(12) + b"#" * 6
    damaged = promise(40) + b"a" + inside + b"b" * 21
    raw = frame(b"good") + damaged + promise(13) + b"#" * 7 + frame(b"good")
    frames, rejected, _ = in_blocks(raw, len(raw))
    assert len(frames) == 2
    assert [(span.offset, span.length) for span in rejected] == [(16, 40), (56, 13)]


def test_impossible_header_and_foreign_bytes():
    raw = b"noise" + frame(b"a") + SYNC + b"\x09\0\0\1" + frame(b"b") + b"tail"
    frames, rejected, _ = in_blocks(raw, len(raw))
    assert [offset for offset, _ in frames] == [5, 24]
    assert rejected == (
        Span(0, 5, NO_SYNC), Span(18, 6, "impossible header: 9 bytes for 1 data types"), Span(37, 4, NO_SYNC),
    )  # fmt: skip


@pytest.mark.parametrize("kept", range(1, 17))
def test_cut_last_frame_is_named_and_the_one_before_is_kept(kept: int):
    raw = frame(b"whole") + frame(b"whole")[:kept]
    frames, rejected, _ = in_blocks(raw, len(raw))
    assert frames == [(0, 17)]
    assert [(span.offset, span.length) for span in rejected] == [(17, kept)]
    reason = NO_SYNC if kept == 1 else f"{kept} bytes of a header" if kept < 6 else f"{kept} of 17 bytes"
    assert rejected[0].reason == (reason if kept == 1 else f"cut off by the end of the file: {reason}")


def test_file_that_ends_with_a_frame_has_no_rest():
    frames, rejected, _ = in_blocks(frame(b"whole") * 3, 1000)
    assert len(frames) == 3
    assert not rejected


def test_frame_promised_beyond_the_end_hides_no_frame():
    raw = promise(254) + frame(b"one") * 4
    frames, rejected, _ = in_blocks(raw, len(raw))
    assert len(frames) == 4
    assert [(span.offset, span.length) for span in rejected] == [(0, 6)]


@pytest.mark.parametrize("seed", range(6))
def test_any_block_size_finds_the_same(seed: int):
    chance = random.Random(seed)
    letters = b"\x7f\x7f\x00\x05\x01xyz"
    parts = [frame(bytes(chance.choices(letters, k=chance.choice([1, 6, 6, 40])))) for _ in range(60)]
    for _ in range(12):
        noise = bytes(chance.choices(b"\x7f\x7f\x79\x00\x0e\x01q", k=chance.randrange(9)))
        parts.insert(chance.randrange(len(parts)), noise)
    raw = bytearray(b"".join(parts))
    for _ in range(4):
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    whole = in_blocks(bytes(raw), len(raw))
    assert len(whole[0]) > 30
    assert whole[1]
    for size in (1, 2, 3, 5, 8, 13, 64, 333):
        assert in_blocks(bytes(raw), size) == whole


def test_waits_with_no_more_than_the_promised_frame():
    raw = b"noise" * 100 + promise(255) + b"x" * 100
    found = find_frames(raw, 0, Search(), RULE, last=False)
    assert found.consumed == 500
    assert found.wanted == 255


@pytest.mark.parametrize("size", [8, 9, 15, 16, 22, 23, 1023, 1024, 1030, 5000, 140_000, 140_001])
def test_sums_are_those_of_numpy_and_wrap_at_16_bits(size: int):
    block = np.random.default_rng(size).integers(200, 256, size + 3, dtype=np.uint8).tobytes()
    for first in (0, 1, 3):
        part = np.frombuffer(block, np.uint8, size, first)
        assert byte_sum(eights(block), first, first + size) == part.sum(dtype=np.int64) % 65536
        even = part[: size // 2 * 2]
        assert word_sum(eights(block), first, first + even.size) == even.view("<u2").sum(dtype=np.int64) % 65536


def test_rows_are_views_where_evenly_spaced_and_copies_elsewhere():
    buffer = np.arange(100, dtype=np.uint8)
    even, odd = rows(buffer, np.array([3, 13, 23]), 4), rows(buffer, np.array([3, 13, 24]), 4)
    assert even.tolist() == [[3, 4, 5, 6], [13, 14, 15, 16], [23, 24, 25, 26]]
    assert odd[2].tolist() == [24, 25, 26, 27]
    assert np.shares_memory(even, buffer)
    assert not np.shares_memory(odd, buffer)
    assert [places.tolist() for places in alike(odd[:, :1] // 20)] == [[0, 1], [2]]
    assert [places.tolist() for places in alike(odd[:, :1] // 200)] == [[0, 1, 2]]


def test_frames_name_their_kind():
    (only,) = find_frames(frame(b"one"), 0, Search(), RULE, last=True).frames
    assert isinstance(only, Frames)
    assert (only.kind, only.length, only.start.tolist()) == (0x7F, 15, [0])
