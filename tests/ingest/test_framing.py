"""The search for frames: good runs, damage, cuts, any block size."""

import random
import re

import numpy as np
import pytest

from ingest.framing import NO_SYNC, FrameRule, Framing, Run, Search, byte_sums, find_frames
from ingest.ledger import LedgerBuilder, Span


def _length(header: bytes) -> int | str:
    return header[2] + 5 if header[2] else "no bytes promised"


def _sums(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return byte_sums(matrix[:, :-2]), np.ascontiguousarray(matrix[:, -2:]).view("<u2")[:, 0]


# Sync "AB", one byte of payload length, payload, 16-bit sum of everything before.
RULE = FrameRule(re.compile(b"AB"), 2, 3, _length, _sums)


def frame(payload: bytes) -> bytes:
    body = b"AB" + bytes([len(payload)]) + payload
    return body + sum(body).to_bytes(2, "little")


def in_blocks(raw: bytes, size: int) -> tuple[list[tuple[int, int]], tuple[Span, ...], tuple[Span, ...]]:
    """Offsets and lengths of all frames, and the ledger's rejected spans, read `size` bytes at a time."""
    account, frames, search, offset, rest = LedgerBuilder(), [], Search(), 0, b""
    for start in range(0, len(raw), size):
        block = rest + raw[start : start + size]
        found = find_frames(block, offset, search, RULE, last=False)
        frames += _enter(found, offset, account)
        search, rest, offset = found.search, block[found.consumed :], offset + found.consumed
    found = find_frames(rest, offset, search, RULE, last=True)
    frames += _enter(found, offset, account)
    assert found.consumed == len(rest)
    ledger = account.build(len(raw), None)
    assert ledger.adds_up
    return frames, ledger.rejected, ledger.skipped


def _enter(found: Framing, offset: int, account: LedgerBuilder) -> list[tuple[int, int]]:
    account.add(sum(run.frames * run.length for run in found.runs), (), found.rejected)
    return [(offset + run.start + i * run.length, run.length) for run in found.runs for i in range(run.frames)]


def test_long_run_is_one_run():
    raw = frame(b"payload") * 5000
    found = find_frames(raw, 0, Search(), RULE, last=False)
    assert found.runs == (Run(0, 5000, 12),)
    assert found.consumed == len(raw)
    assert not found.rejected


@pytest.mark.parametrize("at", [0, 1, 7, 8, 23, 24, 25, 499])
def test_one_bad_checksum_costs_one_frame(at: int):
    raw = bytearray(frame(b"payload") * 500)
    raw[12 * at + 5] ^= 0x10
    frames, rejected, _ = in_blocks(bytes(raw), len(raw))
    assert [offset for offset, _ in frames] == [12 * i for i in range(500) if i != at]
    assert [(span.offset, span.length) for span in rejected] == [(12 * at, 12)]
    assert re.fullmatch(r"checksum is 0x[0-9a-f]{4}, record says 0x[0-9a-f]{4}", rejected[0].reason)


def test_good_frame_inside_a_claimed_extent_is_found():
    raw = b"AB\xff" + frame(b"one") + frame(b"two") + b"x" * 260
    frames, rejected, _ = in_blocks(raw, len(raw))
    assert [offset for offset, _ in frames] == [3, 11]
    assert rejected[0].offset == 0
    assert "checksum" in rejected[0].reason
    assert rejected[1] == Span(19, 260, NO_SYNC)


def test_bad_sync_inside_damage_belongs_to_it_and_outside_stands_alone():
    damaged = b"AB\x0aABxABx1234zz"  # 15 bytes claimed
    raw = frame(b"good") + damaged + b"AB\x02##zz" + frame(b"good")
    frames, rejected, _ = in_blocks(raw, len(raw))
    assert len(frames) == 2
    assert [(span.offset, span.length) for span in rejected] == [(9, 15), (24, 7)]


def test_impossible_header_and_foreign_bytes():
    raw = b"noise" + frame(b"a") + b"AB\x00" + frame(b"b") + b"tail"
    frames, rejected, _ = in_blocks(raw, len(raw))
    assert [offset for offset, _ in frames] == [5, 14]
    assert rejected == (Span(0, 5, NO_SYNC), Span(11, 3, "no bytes promised"), Span(20, 4, NO_SYNC))


@pytest.mark.parametrize("kept", range(1, 10))
def test_cut_last_frame_is_named_and_the_one_before_is_kept(kept: int):
    raw = frame(b"whole") + frame(b"whole")[:kept]
    frames, rejected, _ = in_blocks(raw, len(raw))
    assert frames == [(0, 10)]
    assert [(span.offset, span.length) for span in rejected] == [(10, kept)]
    assert rejected[0].reason.startswith("cut off by the end of the file") or kept == 1


def test_file_that_ends_with_a_frame_has_no_rest():
    frames, rejected, _ = in_blocks(frame(b"whole") * 3, 1000)
    assert len(frames) == 3
    assert not rejected


def test_frame_promised_beyond_the_end_hides_no_frame():
    raw = b"AB\xfe" + frame(b"one") * 4
    frames, rejected, _ = in_blocks(raw, len(raw))
    assert len(frames) == 4
    assert [(span.offset, span.length) for span in rejected] == [(0, 3)]


@pytest.mark.parametrize("seed", range(6))
def test_any_block_size_finds_the_same(seed: int):
    chance = random.Random(seed)
    parts = [frame(bytes(chance.choices(b"AB\x00\x05xyz", k=chance.choice([1, 6, 6, 40])))) for _ in range(60)]
    for _ in range(12):
        parts.insert(chance.randrange(len(parts)), bytes(chance.choices(b"AB\x00\x07\xffq", k=chance.randrange(9))))
    raw = bytearray(b"".join(parts))
    for _ in range(4):
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    whole = in_blocks(bytes(raw), len(raw))
    assert len(whole[0]) > 30
    assert whole[1]
    for size in (1, 2, 3, 5, 8, 13, 64, 333):
        assert in_blocks(bytes(raw), size) == whole


def test_waits_with_no_more_than_the_promised_frame():
    raw = b"noise" * 100 + b"AB\xff" + b"x" * 100
    found = find_frames(raw, 0, Search(), RULE, last=False)
    assert found.consumed == 500


def test_byte_sums_wrap_at_16_bits():
    matrix = np.full((2, 300), 255, np.uint8)
    assert byte_sums(matrix).tolist() == [(300 * 255) % 65536] * 2
