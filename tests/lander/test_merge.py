from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lander import merge
from lander.merge import Part

FILL = np.iinfo(np.int32).min


def part(number, times, values, priority=0, **more):
    count = len(times)
    variables = {"temperature": np.array(values, dtype=np.int32), **more}
    time = np.array(times, dtype=np.int64)
    return Part(number, priority, time, np.arange(count) * 30, np.full(count, 30, dtype=np.int32), variables)


def rows(merged):
    return list(zip(merged.time.tolist(), merged.source_file.tolist(), merged.source_offset.tolist(),
                    merged.variables["temperature"].tolist(), strict=True))  # fmt: skip


def listed(conflicts):
    return list(zip(conflicts.time.tolist(), conflicts.kept_file.tolist(), conflicts.dropped_file.tolist(),
                    conflicts.kept_offset.tolist(), conflicts.dropped_offset.tolist(), strict=True))  # fmt: skip


def by_hand(parts):
    """The rule of `merge`, in plain Python, group by group."""
    everything = sorted(
        (int(p.time[k]), p.source_file, int(p.offset[k]), int(p.variables["temperature"][k]), p.priority)
        for p in parts for k in range(len(p.time))
    )  # fmt: skip
    kept, skipped, conflicts = [], Counter(), []
    for time in sorted({row[0] for row in everything}):
        files: dict = {}
        for row in everything:
            if row[0] == time:
                files.setdefault((row[4], row[1]), []).append(row)
        ranked = sorted(files)
        leader = files[ranked[0]]
        kept += leader
        best = Counter(row[3] for row in leader)
        for rank in ranked[1:]:
            mine, left, seen = files[rank], [], Counter()
            for row in mine:
                seen[row[3]] += 1
                if seen[row[3]] <= best[row[3]]:
                    skipped[row[1]] += 1
                else:
                    left.append(row)
            own, theirs = Counter(row[3] for row in mine), []
            seen = Counter()
            for row in leader:
                seen[row[3]] += 1
                if seen[row[3]] > own[row[3]]:
                    theirs.append(row)
            conflicts += [(time, b[1], a[1], b[2], a[2]) for a, b in zip(left, theirs, strict=False)]
            kept += left[len(theirs) :]
            best |= own
    return sorted(row[:4] for row in kept), dict(skipped), conflicts


def test_files_apart_are_joined_in_order_of_time():
    merged = merge.merge([part(1, [30, 40], [3, 4]), part(2, [10, 20], [1, 2])])
    assert rows(merged) == [(10, 2, 0, 1), (20, 2, 30, 2), (30, 1, 0, 3), (40, 1, 30, 4)]
    assert merged.skipped == {}
    assert len(merged.conflicts) == 0
    assert merged.source_file.dtype == np.int16


def test_a_second_longer_download_adds_only_what_is_new():
    merged = merge.merge([part(2, [1, 2, 3, 4], [10, 20, 30, 40]), part(1, [1, 2, 3], [10, 20, 30])])
    assert rows(merged) == [(1, 1, 0, 10), (2, 1, 30, 20), (3, 1, 60, 30), (4, 2, 90, 40)]
    assert merged.skipped == {2: 3}
    assert len(merged.conflicts) == 0


def test_recovered_wins_over_telemetered_and_the_conflict_is_listed():
    merged = merge.merge([part(1, [1, 2], [10, 21], priority=1), part(2, [1, 2], [10, 20])])
    assert rows(merged) == [(1, 2, 0, 10), (2, 2, 30, 20)]
    assert merged.skipped == {1: 1}
    assert listed(merged.conflicts) == [(2, 2, 1, 30, 30)]
    assert merged.conflicts.variables(0) == ("temperature",)


def test_repeated_times_within_one_file_stay_even_when_downloaded_twice():
    first, second = part(1, [5, 5, 5, 6], [1, 1, 2, 3]), part(2, [5, 5, 5, 6], [1, 1, 2, 3])
    alone = merge.merge([first])
    assert rows(alone) == [(5, 1, 0, 1), (5, 1, 30, 1), (5, 1, 60, 2), (6, 1, 90, 3)]
    both = merge.merge([second, first])
    assert rows(both) == rows(alone)
    assert both.skipped == {2: 4}


def test_a_download_that_starts_inside_a_run_of_equal_times_loses_nothing():
    merged = merge.merge([part(1, [4, 5], [0, 1]), part(2, [5, 5], [1, 2])])
    assert rows(merged) == [(4, 1, 0, 0), (5, 1, 30, 1), (5, 2, 30, 2)]
    assert merged.skipped == {2: 1}
    assert len(merged.conflicts) == 0


def test_one_file_out_of_order_is_sorted_by_time_then_offset():
    merged = merge.merge([part(1, [30, 10, 20, 10], [1, 2, 3, 4])])
    assert rows(merged) == [(10, 1, 30, 2), (10, 1, 90, 4), (20, 1, 60, 3), (30, 1, 0, 1)]


def test_fill_nan_and_signed_zero_are_equal_to_themselves():
    floats = np.array([np.nan, 0.0, 1.0], dtype=np.float32)
    again = np.array([-np.nan, -0.0, 1.5], dtype=np.float32)
    first = part(1, [1, 2, 3], [FILL, FILL, FILL], light=floats)
    merged = merge.merge([first, part(2, [1, 2, 3], [FILL, FILL, FILL], light=again)])
    assert merged.skipped == {2: 2}
    assert merged.conflicts.variables(0) == ("light",)


def test_every_column_of_a_profile_is_compared():
    profile = np.arange(24, dtype=np.int16).reshape(2, 4, 3)
    other = profile.copy()
    other[1, 3, 2] += 1
    merged = merge.merge([part(1, [1, 2], [0, 0], velocity=profile), part(2, [1, 2], [0, 0], velocity=other)])
    assert merged.skipped == {2: 1}
    assert merged.conflicts.variables(0) == ("velocity",)
    np.testing.assert_array_equal(merged.variables["velocity"], profile)


def test_a_telemetered_file_without_a_variable_does_not_contradict():
    salinity = np.array([7, 8], dtype=np.int32)
    full = part(1, [1, 2], [10, 20], salinity=salinity)
    merged = merge.merge([full, part(2, [1, 2, 3], [10, 21, 30], priority=1)])
    assert merged.variables["salinity"].tolist() == [7, 8, FILL]
    assert merged.skipped == {2: 1}
    assert [merged.conflicts.variables(row) for row in range(len(merged.conflicts))] == [("temperature",)]


def test_arguments_stay_as_they_were():
    parts = [part(1, [3, 1], [1, 2]), part(2, [3, 1], [1, 5])]
    before = [p.time.copy() for p in parts]
    merge.merge(parts)
    for p, times in zip(parts, before, strict=True):
        np.testing.assert_array_equal(p.time, times)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([], "no part"),
        ([part(1, [1], [1]), part(1, [2], [2])], "file number 1"),
        ([part(1, [1], [1]), replace(part(2, [2], [2]), variables={"temperature": np.zeros(1)})], "float64"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(parts, words):
    with pytest.raises(merge.MergeError, match=words):
        merge.merge(parts)


def test_an_empty_file_changes_nothing():
    merged = merge.merge([part(1, [], []), part(2, [1], [1])])
    assert rows(merged) == [(1, 2, 0, 1)]
    assert rows(merge.merge([part(1, [], [])])) == []


FILES = st.lists(
    st.tuples(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=8), st.integers(0, 1)),
    min_size=1, max_size=2,
)  # fmt: skip
MORE = st.lists(
    st.tuples(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=8), st.integers(0, 1)),
    min_size=1, max_size=5,
)  # fmt: skip


def build(files):
    return [
        part(number + 1, [t for t, _ in samples], [v for _, v in samples], priority)
        for number, (samples, priority) in enumerate(files)
    ]


@settings(max_examples=200, deadline=None)
@given(FILES)
def test_two_files_follow_the_rule(files):
    parts = build(files)
    merged = merge.merge(parts)
    kept, skipped, conflicts = by_hand(parts)
    assert rows(merged) == kept
    assert merged.skipped == skipped
    assert sorted(listed(merged.conflicts)) == sorted(conflicts)


@settings(max_examples=200, deadline=None)
@given(MORE, st.randoms(use_true_random=False))
def test_any_number_of_files_in_any_order_give_one_result_and_account_for_every_sample(files, random):
    parts = build(files)
    merged = merge.merge(parts)
    shuffled = list(parts)
    random.shuffle(shuffled)
    again = merge.merge(shuffled)
    assert rows(again) == rows(merged)
    assert again.skipped == merged.skipped
    assert listed(again.conflicts) == listed(merged.conflicts)
    total = sum(len(p.time) for p in parts)
    assert len(merged.time) + sum(merged.skipped.values()) + len(merged.conflicts) == total
    order = list(zip(merged.time.tolist(), merged.source_file.tolist(), merged.source_offset.tolist(), strict=True))
    assert order == sorted(order)
    kept, skipped, _ = by_hand(parts)
    assert rows(merged) == kept
    assert merged.skipped == skipped
