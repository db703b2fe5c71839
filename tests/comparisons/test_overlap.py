"""Which URLs two datasets share, against sets."""

from __future__ import annotations

from collections import Counter

import pytest

from audit.comparisons.overlap import Overlap, compare_urls, why_no_overlap
from audit.datasets.home import Home
from audit.errors import ConditionError


@pytest.fixture
def ingest(audit, write_shard):
    def make(name, urls, **columns):
        captions = columns.pop("captions", [f"picture {n}" for n in range(len(urls))])
        half = len(urls) // 2
        shards = [
            write_shard(
                f"{name}{number}.parquet",
                captions[rows],
                URL=None if columns.get("URL", "") is None else urls[rows],
                **{key: values[rows] for key, values in columns.items() if values is not None},
            )
            for number, rows in enumerate((slice(None, half), slice(half, None)))
        ]
        assert audit("ingest", *shards, "--name", name).code == 0
        return Home().open(name)

    return make


def by_hand(a, b):
    of_a, of_b = Counter(filter(None, a)), Counter(filter(None, b))
    both = of_a.keys() & of_b.keys()
    return Overlap(
        urls_in_both=len(both),
        urls_only_in_a=len(of_a.keys() - both),
        urls_only_in_b=len(of_b.keys() - both),
        samples_in_both_of_a=sum(of_a[url] for url in both),
        samples_in_both_of_b=sum(of_b[url] for url in both),
        samples_only_in_a=sum(of_a[url] for url in of_a.keys() - both),
        samples_only_in_b=sum(of_b[url] for url in of_b.keys() - both),
        without_url_a=sum(not url for url in a),
        without_url_b=sum(not url for url in b),
    )


A = [f"https://a.org/{n // 2}" for n in range(100)] + [None] * 3
B = [f"https://a.org/{n}" for n in range(30, 90)] + ["https://b.org/1"] * 4 + [None]


def test_urls_are_counted_exactly_whatever_repeats_or_is_missing(ingest):
    a, b = ingest("a", A), ingest("b", B)
    found = compare_urls(a, b)
    assert found == by_hand(A, B)
    assert found.urls_in_both == 20  # 30 to 49
    assert compare_urls(b, a) == by_hand(B, A)


def test_removed_samples_are_in_no_number(ingest, audit):
    ingest("a", A)
    b = ingest("b", B)
    taken = ("remove-samples", "-d", "a", "--caption", "picture 99", "--reason", "asked", "--yes")
    assert audit(*taken).code == 0
    left = [url for n, url in enumerate(A) if n != 99]
    assert compare_urls(Home().open("a"), b) == by_hand(left, B)


def test_a_condition_holds_for_both(ingest):
    a = ingest("a", A, width=list(range(len(A))))
    b = ingest("b", B, width=list(range(len(B))))
    found = compare_urls(a, b, "width < 40")
    assert found == by_hand(A[:40], B[:40])
    with pytest.raises(ConditionError):
        compare_urls(a, b, "widht < 40")


def test_a_dataset_without_urls_is_told(ingest, audit, write_shard):
    a = ingest("a", A)
    shard = write_shard("paths.parquet", ["x"], URL=None, image_path=["a.jpg"])
    done = audit("ingest", shard, "--name", "paths")
    assert done.code == 0, done.err
    assert why_no_overlap(a, Home().open("paths")) == "paths: without URLs"
    assert why_no_overlap(a, a) is None
