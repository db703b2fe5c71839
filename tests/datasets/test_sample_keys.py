"""Samples as keys, and sets of samples as bits: as a Python set would have it."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.datasets.sample_keys import SampleSet, holds, sample_keys, shard_and_row

ROWS = {0: 10, 3: 1, 7: 33}
KEYS = [(shard, row) for shard, rows in ROWS.items() for row in range(rows)]


def keys_of(pairs):
    pairs = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return sample_keys(pairs[:, 0], pairs[:, 1])


@given(st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 2**40 - 1))))
def test_keys_tell_shard_and_row_and_are_ordered_as_these(pairs):
    keys = keys_of(pairs)
    shards, rows = shard_and_row(keys)
    assert list(zip(shards.tolist(), rows.tolist(), strict=True)) == pairs
    assert np.argsort(keys, kind="stable").tolist() == sorted(
        range(len(pairs)), key=pairs.__getitem__
    )


@given(st.lists(st.lists(st.sampled_from(KEYS)), max_size=4), st.lists(st.sampled_from(KEYS)))
def test_set_holds_what_was_added(additions, asked):
    there = SampleSet(ROWS)
    for pairs in additions:
        there.add(keys_of(pairs))
    expected = {pair for pairs in additions for pair in pairs}
    assert len(there) == len(expected)
    assert there.holds(keys_of(asked)).tolist() == [pair in expected for pair in asked]


def test_samples_of_unknown_shards_and_beyond_the_end_are_in_no_set():
    there = SampleSet(ROWS)
    there.add(keys_of([(0, 9), (0, 10), (5, 0), (3, 1)]))
    assert len(there) == 1
    assert there.holds(keys_of([(0, 9), (0, 10), (5, 0), (3, 1)])).tolist() == [
        True,
        False,
        False,
        False,
    ]


def test_draw_is_uniform_and_without_replacement():
    there = SampleSet(ROWS)
    members = [pair for pair in KEYS if pair[1] % 2 == 0]
    there.add(keys_of(members))
    times = dict.fromkeys(members, 0)
    for seed in range(2000):
        drawn = there.draw(5, np.random.default_rng(seed))
        assert len(set(drawn.tolist())) == 5
        for pair in zip(*(part.tolist() for part in shard_and_row(drawn)), strict=True):
            times[pair] += 1
    expected = 2000 * 5 / len(members)
    assert all(abs(count - expected) < 5 * np.sqrt(expected) for count in times.values())


@pytest.mark.parametrize("wanted", [0, 23, 1000])
def test_draw_of_more_than_there_are_is_all_of_them(wanted):
    there = SampleSet(ROWS)
    there.add(keys_of(KEYS))
    drawn = there.draw(wanted, np.random.default_rng(0))
    assert len(drawn) == min(wanted, len(KEYS))
    assert (np.diff(drawn) > 0).all()


@given(st.sets(st.integers(0, 50)), st.lists(st.integers(0, 50)))
def test_sorted_keys_hold_what_they_hold(keys, wanted):
    found = holds(np.array(sorted(keys), dtype=np.int64), np.array(wanted, dtype=np.int64))
    assert found.tolist() == [one in keys for one in wanted]


def test_few_samples_of_a_large_shard_cost_little():
    """A byte is set for each, not a shard's worth of them."""
    there = SampleSet(dict.fromkeys(range(300), 1_000_000))
    keys = keys_of([(shard, 999_999) for shard in range(300)])
    there.add(keys)
    tracemalloc.start()
    there.add(keys + 0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000
    assert len(there) == 300
