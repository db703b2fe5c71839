"""Images of the concept in the background are told from others, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from audit.references.contamination import without_concept


@pytest.mark.parametrize("share", [0.0005, 0.006, 0.02, 0.05])
def test_a_cluster_beyond_a_gap_is_left_out(share):
    rng = np.random.default_rng(0)
    others = rng.normal(0.2, 0.08, 20_000)
    concept = rng.normal(0.8, 0.03, round(share * len(others)))
    kept = without_concept(np.concatenate([others, concept]))
    assert kept.max() < 0.7
    assert len(others) - len(kept) <= 0.003 * len(others)


@pytest.mark.parametrize("shape", ["normal", "exponential", "heavy"])
def test_scores_that_fall_off_are_left_alone(shape):
    dropped = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        scores = {
            "normal": rng.normal(0.2, 0.1, 5000),
            "exponential": rng.exponential(0.1, 5000),
            "heavy": rng.pareto(5, 5000) * 0.1,
        }[shape]
        dropped += 5000 - len(without_concept(scores))
    assert dropped <= 2 * 50


def test_where_the_concept_is_not_told_from_others_nothing_is_left_out():
    rng = np.random.default_rng(1)
    scores = np.concatenate([rng.normal(0.2, 0.1, 5000), rng.normal(0.35, 0.1, 50)])
    assert len(without_concept(scores)) == len(scores)


def test_scores_that_are_all_alike_are_left_alone():
    assert len(without_concept(np.full(1000, 0.5))) == 1000


def concept_without_a_gap(rng, total=2000, share=0.06, named=0.6):
    """Others, and images of a concept whose scores run down to theirs."""
    others = rng.normal(0.3, 0.1, total)
    concept = np.clip(rng.normal(0.8, 0.12, round(share * total)), None, 1)
    is_named = rng.random(len(concept)) < named
    return others, concept[~is_named], concept[is_named]


def test_captions_vouch_for_a_frequent_concept_without_a_gap():
    others, unnamed, named = concept_without_a_gap(np.random.default_rng(0))
    scores = np.concatenate([others, unnamed])
    assert len(without_concept(scores)) > len(others), "the gap alone does not tell all of them"
    kept = without_concept(scores, named)
    assert len(others) - 0.01 * len(others) <= len(kept) <= len(others) + 0.1 * len(unnamed)


def test_look_alikes_that_nobody_names_so_are_kept():
    rng = np.random.default_rng(1)
    others, unnamed, named = concept_without_a_gap(rng, share=0.01)
    look_alikes = rng.normal(0.75, 0.15, 200)
    scores = np.concatenate([others, unnamed, look_alikes])
    assert len(without_concept(scores, named)) > 0.99 * len(scores)


def test_names_that_say_nothing_of_the_image_vouch_for_nothing():
    rng = np.random.default_rng(2)
    scores = rng.normal(0.3, 0.1, 2000)
    named = rng.normal(0.3, 0.1, 60)
    assert len(without_concept(scores, named)) == len(without_concept(scores))


@pytest.mark.parametrize("named", [[], [0.9] * 9])
def test_few_names_vouch_for_nothing(named):
    scores = np.random.default_rng(3).normal(0.3, 0.1, 2000)
    kept = without_concept(scores, np.array(named))
    assert len(kept) == len(without_concept(scores))
