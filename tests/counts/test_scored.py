"""Which scores are looked up below a cut-off: enough of them, and in large datasets not too many."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from audit.counts.scored import Asked, ScoredSamples
from audit.encoders.encoder import EncoderInfo
from audit.references.background import Background
from audit.references.cutoffs import CutOff, fixed
from audit.references.reference_set import ReferenceSet
from audit.references.sensitivity import FoundReferences
from audit.references.tail import Tail

DIMENSION = 64
INFO = EncoderInfo("test-encoder", "1", "", DIMENSION)
NO_BACKGROUND = Background(np.empty(0), 0, 1.0)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


class Stored:
    """An index of two parts."""

    def __init__(self, vectors):
        self._vectors = vectors.astype(np.float16)
        self.parts = [SimpleNamespace(vectors=some) for some in np.array_split(self._vectors, 2)]

    def __len__(self):
        return len(self._vectors)

    def best(self, references):
        return (self._vectors.astype(np.float64) @ references.queries("max").T).max(axis=1)


@pytest.fixture
def references():
    rng = np.random.default_rng(1)
    centre = unit(rng.standard_normal(DIMENSION))
    vectors = unit(centre + 0.4 * unit(rng.standard_normal((12, DIMENSION))))
    return ReferenceSet(vectors.astype(np.float16), tuple("abcdefghijkl"), INFO)


@pytest.fixture
def others():
    rng = np.random.default_rng(2)
    return lambda count: unit(rng.standard_normal((count, DIMENSION)))


def test_without_other_images_the_floor_is_found_among_the_stored_vectors(references, others):
    index = Stored(others(20_000))
    asked = Asked.of(references, fixed(references, 0.6, NO_BACKGROUND), index)
    assert asked.floor < 0.6
    assert (index.best(references) >= asked.floor).mean() == pytest.approx(0.1, abs=0.005)


def test_small_dataset_keeps_a_tenth_of_it(references, others):
    index = Stored(others(200))
    asked = Asked.of(references, fixed(references, 0.6, NO_BACKGROUND), index)
    assert 15 <= (index.best(references) >= asked.floor).sum() <= 25


def test_concept_that_is_most_of_a_dataset_leaves_room_below_the_cutoff(references, others):
    of_it = np.repeat(references.vectors.astype(np.float64), 5, axis=0)
    index = Stored(np.concatenate([of_it, others(140)]))
    asked = Asked.of(references, fixed(references, 0.6, NO_BACKGROUND), index)
    reached = (index.best(references) >= asked.floor).sum()
    assert 60 < reached < 140


def test_cutoff_that_half_of_all_reach_looks_up_nothing_below_it(references, others):
    index = Stored(others(1000))
    low = float(np.median(index.best(references))) - 0.1
    asked = Asked.of(references, fixed(references, low, NO_BACKGROUND), index)
    assert low - 1e-9 < asked.floor < low


class Counted:
    """An index of so many vectors that nobody reads."""

    def __init__(self, vectors):
        self._vectors = vectors

    def __len__(self):
        return self._vectors


@pytest.mark.parametrize(
    ("vectors", "expected"), [(10**6, 4000), (10**8, 5000), (5_800_000_000, 290_000)]
)
def test_with_a_background_a_few_times_the_target_reach_the_floor(references, vectors, expected):
    tail = Tail(0.3, 0.03, 0.03, 0.0)
    calibrated = CutOff(
        tail.score_exceeded_by(1e-5), None, "max", "calibrated", FoundReferences(12, 12), tail,
        1e-5, 20_000, 10.0,
    )  # fmt: skip
    asked = Asked.of(references, calibrated, Counted(vectors))
    assert tail.exceeded_by(asked.floor) * vectors == pytest.approx(expected)


def samples(score, cutoff):
    many = np.arange(len(score))
    return ScoredSamples(
        many, many % 2 == 0, np.asarray(score), many.astype(np.int32), many, cutoff, 0.0
    )


def test_evidence_is_all_above_the_cutoff_and_the_nearest_below():
    rng = np.random.default_rng(3)
    found = samples(rng.permutation(np.linspace(0, 1, 10_001)), 0.8)
    kept = found.near_cutoff()
    assert kept.above.sum() == found.above.sum() == 2001
    assert sorted(kept.score) == pytest.approx(np.linspace(0, 1, 10_001)[-4002:])
    assert kept.floor == kept.score.min()
    assert (kept.keys == found.keys[np.isin(found.keys, kept.keys)]).all()
    assert (found.score[kept.keys] == kept.score).all()


def test_few_are_all_evidence():
    found = samples(np.linspace(0, 1, 1000), 0.99)
    assert found.near_cutoff() is found
