"""Different URLs: exact where small, within the interval where sketched."""

from __future__ import annotations

import numpy as np
import pytest

from audit.datasets import distinct
from audit.datasets.distinct import SKETCH_SIZE, DistinctSketch


def sketch_of(hashes, parts=1):
    sketches = []
    for piece in np.array_split(hashes, parts):
        sketch = DistinctSketch()
        for batch in np.array_split(piece, 5):
            sketch.add(batch)
        sketches.append(DistinctSketch.from_text(sketch.to_text()))
    whole = DistinctSketch()
    for sketch in sketches:
        whole.add(sketch.smallest)
    return whole


def test_few_values_are_counted_exactly():
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, 1000, dtype=np.uint64)
    assert sketch_of(np.repeat(hashes, 3)).estimate().to_dict() == {
        "value": 1000,
        "low": 1000,
        "high": 1000,
        "method": "exact",
    }


def test_sketches_of_parts_merge_into_the_sketch_of_the_whole():
    hashes = np.random.default_rng(1).integers(0, 2**64, 50_000, dtype=np.uint64)
    assert sketch_of(hashes, parts=7).estimate() == sketch_of(hashes).estimate()


@pytest.mark.parametrize("different", [SKETCH_SIZE, 20_000, 200_000])
def test_interval_holds_the_truth_about_95_times_in_100(different):
    held, trials = 0, 200
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        estimate = sketch_of(rng.integers(0, 2**64, different, dtype=np.uint64)).estimate()
        held += estimate.low <= different <= estimate.high
    assert held / trials >= 0.91  # P(lower | 95 %) < 0.01


def test_large_datasets_are_estimated_from_the_sketches_of_their_parts(
    home, write_shard, monkeypatch
):
    from audit.datasets.ingest import ingest

    urls = [f"http://a.org/{i % 9000}" for i in range(12_000)]
    shard = write_shard("a.parquet", ["x"] * len(urls), URL=urls)
    exact = ingest([str(shard)], "exact", home=home).distinct_urls
    assert exact == {"value": 9000, "low": 9000, "high": 9000, "method": "exact"}
    monkeypatch.setattr(distinct, "EXACT_ROWS", 10_000)
    sketched = ingest([str(shard)], "sketched", home=home).distinct_urls
    assert sketched["method"].startswith("k minimum values")
    assert sketched["low"] <= 9000 <= sketched["high"]
