"""Sums by key equal a plain dictionary's, in memory and on disk."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.datasets import keyed_counts
from audit.datasets.keyed_counts import KeyedCounts

ENTRY = st.tuples(st.sampled_from([None, "a", "b", "É", ""]), st.integers(0, 2), st.integers(1, 9))


def frame(entries):
    schema = {"host": pl.String, "kind": pl.Int64, "samples": pl.Int64}
    return pl.DataFrame(entries, schema=schema, orient="row")


@pytest.mark.parametrize("rows", [2, 1 << 20])
@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(ENTRY, max_size=6), max_size=8))
def test_sums_and_order_of_the_most_frequent(rows, batches):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyed_counts, "_WAITING_ROWS", rows)
        patch.setattr(keyed_counts, "_HELD_ROWS", rows)
        truth: Counter = Counter()
        totals: Counter = Counter()
        with KeyedCounts({"host": pl.String, "kind": pl.Int64}) as counts:
            for batch in batches:
                counts.add(frame(batch))
                for host, kind, samples in batch:
                    truth[host, kind] += samples
                    totals[host] += samples
            found, different = counts.top("host")
            top, _ = counts.top("host", 2)
            summed = pl.concat([frame([]), *counts.sums(3)])
    assert {(host, kind): n for host, kind, n, _ in found.iter_rows()} == dict(truth)
    assert sorted(summed.rows(), key=str) == sorted(
        ((host, kind, n) for (host, kind), n in truth.items()), key=str
    )
    assert different == len(totals)
    expected = sorted(totals, key=lambda host: (-totals[host], host is None, host or ""))
    assert list(dict.fromkeys(found["host"])) == expected
    assert list(dict.fromkeys(top["host"])) == expected[:2]
    assert all(total == totals[host] for host, _, _, total in found.iter_rows())
