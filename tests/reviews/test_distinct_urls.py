"""Different URLs of any groups together: against sets."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from audit.datasets.distinct import EXACT_ROWS
from audit.reviews.distinct_urls import UrlsByGroup

PAIRS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)), max_size=60)


def hashes(numbers):
    # Spread over 64 bits, as hashes of URLs are.
    return np.array(numbers, np.uint64) * np.uint64(0x9E3779B97F4A7C15)


@given(PAIRS, PAIRS, st.sets(st.integers(0, 5)))
def test_unions_of_groups(first, second, wanted):
    urls = UrlsByGroup(100)
    for pairs in (first, second):
        urls.add(hashes([url for url, _ in pairs]), np.array([g for _, g in pairs], np.int64))
    expected = {url for url, group in (*first, *second) if group in wanted}
    assert urls.count(wanted).value == len(expected)


@given(PAIRS, PAIRS)
def test_of_two_tallies_whose_groups_are_numbered_differently(first, second):
    one, other = UrlsByGroup(100), UrlsByGroup(100)
    one.add(hashes([u for u, _ in first]), np.array([g for _, g in first], np.int64))
    other.add(hashes([u for u, _ in second]), np.array([g for _, g in second], np.int64))
    number = np.array([5, 4, 3, 2, 1, 0])
    one.absorb(other, number)
    for group in range(6):
        mine = {u for u, g in first if g == group} | {u for u, g in second if number[g] == group}
        assert one.count([group]).value == len(mine)


def test_above_the_limit_estimated_with_an_interval_that_holds_the_truth():
    rng = np.random.default_rng(3)
    urls = UrlsByGroup(EXACT_ROWS + 1)
    drawn = rng.integers(0, 2**64, 200_000, dtype=np.uint64)
    urls.add(drawn[:120_000], np.zeros(120_000, np.int64))
    urls.add(drawn[80_000:], np.ones(120_000, np.int64))
    for groups, truth in (([0], 120_000), ([1], 120_000), ([0, 1], 200_000)):
        found = urls.count(groups)
        assert found.method.startswith("k minimum values")
        assert found.low <= truth <= found.high
    assert urls.count([2]).value == 0
