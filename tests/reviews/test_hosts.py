"""Rows by host and kind equal a plain dictionary's; names are found again."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.datasets.ingest import ingest
from audit.reviews import hosts as hosts_module
from audit.reviews.hosts import HostCounts, hashed, host_kind, host_names, is_kind
from tests.reviews.test_conclusions import conclude

ROWS = st.lists(
    st.tuples(st.sampled_from([None, "a.org", "b.org", "c.org", ""]), st.integers(0, 19)),
    max_size=30,
)


@pytest.mark.parametrize("waiting", [3, 1 << 20])
@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS, max_size=5), st.booleans())
def test_rows_by_host_and_kind(waiting, batches, in_two):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hosts_module, "_WAITING", waiting)
        counts = [HostCounts(), HostCounts()]
        truth: Counter = Counter()
        for number, batch in enumerate(batches):
            names = pa.array([host for host, _ in batch], pa.string())
            kinds = np.array([kind for _, kind in batch], np.int64)
            counts[number % 2 if in_two else 0].add(names, kinds)
            truth.update(batch)
        counts[0].absorb(counts[1])
        found, different = counts[0].top(None)
        first, _ = counts[0].top(1)
    totals: Counter = Counter()
    for (host, _), rows in truth.items():
        totals[host] += rows
    hash_of = {host: int(hashed(pa.array([host], pa.string()))[0]) for host in totals}
    expected = {
        hash_of[host]: {kind: rows for (h, kind), rows in truth.items() if h == host}
        for host in totals
    }
    assert dict(found) == expected
    assert different == len(totals)
    assert [sum(kinds.values()) for _, kinds in found] == sorted(totals.values(), reverse=True)
    assert first == found[:1]


def test_names_are_found_again_where_there_are(home, write_shard):
    shard = write_shard("a.parquet", ["x"] * 3, URL=["https://a.org/1", None, "https://b.org/1"])
    ingest([str(shard)], "d", home=home, workers=1)
    wanted = hashed(pa.array(["b.org", None, "nowhere.org"], pa.string())).tolist()
    assert host_names(home.open("d"), wanted) == {wanted[0]: "b.org", wanted[1]: None}


@pytest.mark.parametrize(
    ("conclusion", "names"),
    [
        (conclude("CC BY 4.0"), {"open"}),
        (conclude("CC BY 3.0", "CC BY 4.0"), {"unknown", "conflicting"}),
        (conclude("?"), {"unknown", "missing"}),
        (conclude("?", holder=True), {"in-copyright", "missing"}),
    ],
)
def test_what_is_told_of_a_host(conclusion, names):
    kind = host_kind(conclusion)
    told = ("open", "public-domain", "restricted", "in-copyright", "unknown", "missing",
            "conflicting")  # fmt: skip
    assert {name for name in told if is_kind(kind, name)} == names
