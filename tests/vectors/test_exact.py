"""Exact means exact: the answer of float64 brute force, ties included."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from audit.errors import UsageError
from audit.vectors.codes import encode
from audit.vectors.exact import search


def count(parts, queries, cutoffs, **options):
    found = search(parts, queries, cutoffs, **options).query
    return np.bincount(found, minlength=len(queries))


def part_of(vectors):
    stored = np.asarray(vectors).astype(np.float16)
    return SimpleNamespace(vectors=stored, coded=encode(stored))


def unit(vectors):
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def clustered(rng, rows, dimension, clusters):
    centres = unit(rng.standard_normal((clusters, dimension)))
    noise = rng.uniform(0.05, 0.8, clusters)[rng.integers(clusters, size=rows)]
    members = centres[rng.integers(clusters, size=rows)]
    spread = unit(rng.standard_normal((rows, dimension)))
    return unit(members + noise[:, None] * spread)


def brute_force(stored, queries):
    return stored.astype(np.float64) @ queries.astype(np.float16).astype(np.float64).T


def test_counts_equal_brute_force_for_a_thousand_questions_ties_included():
    rng = np.random.default_rng(7)
    asked = ties = 0
    while asked < 1000:
        dimension = int(rng.choice([3, 64, 128, 512, 1280]))
        vectors = clustered(rng, int(rng.integers(1, 1500)), dimension, int(rng.integers(1, 30)))
        parts = [part_of(half) for half in np.array_split(vectors, rng.integers(1, 4))]
        stored = np.concatenate([part.vectors for part in parts])
        number = int(rng.choice([1, 2, 3, 4, 5, 17]))
        workers = int(rng.choice([1, 3]))
        near = stored[rng.integers(len(stored), size=number)].astype(np.float32)
        queries = unit(near + rng.choice([0, 0.02, 0.3]) * rng.standard_normal(near.shape))
        truth = brute_force(stored, queries)
        # A cut-off that is itself a score: at least one pair ties with it, to the last bit.
        cutoffs = truth[rng.integers(len(stored), size=number), np.arange(number)]
        ties += int((truth == cutoffs).sum())
        expected = (truth >= cutoffs).sum(axis=0)
        found = search(parts, queries, cutoffs, workers=workers)
        assert np.bincount(found.query, minlength=number).tolist() == expected.tolist()
        offsets = np.cumsum([0, *(len(part.vectors) for part in parts)])
        assert (found.score == truth[offsets[found.part] + found.row, found.query]).all()
        asked += number
    assert ties >= 1000


def test_matches_are_ordered_by_part_row_and_query():
    rng = np.random.default_rng(1)
    parts = [part_of(clustered(rng, 20_000, 16, 3)) for _ in range(2)]
    for queries in (2, 6):
        found = search(parts, parts[0].vectors[:queries], 0.5, workers=2)
        keys = list(zip(found.part, found.row, found.query, strict=True))
        assert len(keys) > 1000
        assert keys == sorted(keys)


@pytest.mark.parametrize("queries", [1, 5])
def test_every_vector_matches_a_cutoff_of_minus_one_and_none_two(queries):
    rng = np.random.default_rng(2)
    part = part_of(clustered(rng, 5000, 32, 4))
    assert count([part], part.vectors[:queries], -1.01).tolist() == [5000] * queries
    assert count([part], part.vectors[:queries], 2.0).tolist() == [0] * queries


@pytest.mark.parametrize("queries", [1, 5])
def test_vectors_and_queries_of_zeros_score_nothing(queries):
    part = part_of(np.zeros((10, 8)))
    ask = np.zeros((queries, 8))
    assert count([part], ask, 0.0).tolist() == [10] * queries
    assert count([part], ask, 1e-9).tolist() == [0] * queries


def test_nothing_stored_or_nothing_asked_counts_nothing():
    assert count([], np.ones((1, 4)) / 2, 0.5).tolist() == [0]
    assert count([part_of(np.empty((0, 4)))], np.ones((1, 4)) / 2, 0.5).tolist() == [0]
    assert len(search([part_of(np.ones((3, 4)) / 2)], np.empty((0, 4)), 0.5)) == 0


def test_queries_of_another_dimension_are_refused():
    with pytest.raises(UsageError, match="16 numbers, the stored vectors 8"):
        count([part_of(np.ones((2, 8)) / 3)], np.ones((1, 16)) / 4, 0.5)


@pytest.mark.parametrize("bad", [np.full(4, np.nan), np.full(4, 1e6), np.full(4, 3.0)])
def test_queries_that_are_no_embeddings_are_refused(bad):
    with pytest.raises(UsageError, match="not an embedding of unit length"):
        count([part_of(np.ones((2, 4)) / 2)], bad, 0.5)


def test_only_matches_and_what_is_in_doubt_are_read_again():
    rng = np.random.default_rng(3)
    part = part_of(unit(rng.standard_normal((60_000, 128))))

    class Reads(np.ndarray):
        rows = 0

        def __getitem__(self, key):
            if isinstance(key, np.ndarray):
                Reads.rows += len(key)
            return super().__getitem__(key)

    watched = SimpleNamespace(vectors=part.vectors.view(Reads), coded=part.coded)
    queries = part.vectors[:10].astype(np.float32)
    expected = (brute_force(part.vectors, queries) >= 0.3).sum(axis=0)
    assert count([watched], queries, 0.3).tolist() == expected.tolist()
    assert Reads.rows < expected.sum() + 0.001 * 10 * 60_000
